/* SPDX-License-Identifier: MIT */
/*
 * Owners made of the rows of a table, and what is found of them compared with what is expected.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "help.h"
#include "engine-situation.h"

/* What the lookup says of files where distributions put them. */
static uint32_t
roots_evidence(const struct situation *situation)
{
	static const char *const places[] = { "/usr/", "/opt/", "/srv/", "/app/" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (strncmp(situation->exe, places[i], strlen(places[i])) == 0 &&
		    situation->exe_uid == 0 && (situation->exe_mode & 022) == 0)
			return EVIDENCE_EXE_ROOTS;
	return 0;
}

static struct owner *
make_owner(const struct situation *situation)
{
	struct owner *owner = help_owner(situation->exe, situation->uid);
	struct process *process = owner->processes[0];
	const struct {
		char **string;
		const char *text;
	} strings[] = {
		{ &process->script, situation->script },
		{ &process->main_exe, situation->main_exe },
		{ &process->place.unit, situation->unit },
		{ &process->place.user_unit, situation->user_unit },
		{ &process->place.session, situation->session },
		{ &process->place.container, situation->container },
		{ &process->parent_exe, situation->parent_exe },
	};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		assert_int_equal(owner_text_set(strings[i].string, strings[i].text), 0);
	if (situation->comm != NULL)
		assert_int_equal(owner_text_set(&process->comm, situation->comm), 0);
	if (situation->cmdline != NULL) {
		assert_int_equal(owner_text_set(&process->cmdline, situation->cmdline), 0);
		process->cmdline_length = (uint32_t)strlen(situation->cmdline) + 1;
		for (uint32_t i = 0; i < process->cmdline_length; i++)
			if (process->cmdline[i] == '|')
				process->cmdline[i] = '\0';
	}
	process->main_pid = situation->main_unknown ? 0 :
	    situation->main_exe != NULL		    ? 50 :
						      process->pid;
	process->evidence = situation->evidence | roots_evidence(situation);
	process->origin = situation->origin;
	process->parent_pid = situation->parent_pid;
	process->parent_trust = situation->parent_trust;
	process->exe_uid = situation->exe_uid;
	process->exe_mode = situation->exe_mode;
	process->exe_deleted = situation->deleted;
	return owner;
}

void
situations_check(const struct situation *situations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct situation *situation = &situations[i];
		struct listener listener = help_listener(situation->protocol,
		    situation->address == NULL ? "127.0.0.1" : situation->address, 50000, 1);
		struct owner *owner = make_owner(situation);
		struct circumstances circumstances = {
			.listener = &listener,
			.owner = owner,
			.program_changed = situation->changed,
		};
		struct classification found;

		listener.uid = situation->uid;
		listener.choice =
		    situation->choice == CHOICE_UNKNOWN ? CHOICE_ASKED : (uint8_t)situation->choice;
		classify(&circumstances, &found);
		if (found.class != situation->class || found.reasons != situation->reasons)
			fail_msg("%s: %s, reasons %#x, expected %s, %#x", situation->name,
			    class_name(found.class), found.reasons, class_name(situation->class),
			    situation->reasons);
		(void)owner_unref(owner);
	}
}
