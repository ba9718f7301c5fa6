/* SPDX-License-Identifier: MIT */
/*
 * The hints as values: what they are called, and for which classes they are reported. A service of
 * the system has no terminal to lose, and PID 1 is the parent of each; of what a person started,
 * and of what nobody knows, they say why it may have been forgotten.
 *
 * What they never do: count. Neither class nor threshold nor severity follows from a hint; a rule
 * may match them, which is its author's decision.
 */
#include "model/hint.h"

#define FORGETFUL (1U << CLASS_USER | 1U << CLASS_UNKNOWN)
#define ANY	  ((1U << CLASS_COUNT) - 1)

static const struct {
	const char *name;
	uint32_t classes; /* bits 1 << enum listener_class */
	const char *text;
} rows[HINT_COUNT] = {
	[HINT_TERMINAL] = { "terminal-ended", FORGETFUL, "its terminal has ended" },
	[HINT_SESSION] = { "session-ended", FORGETFUL, "its login session has ended" },
	[HINT_PARENT] = { "parent-ended", FORGETFUL, "its parent process has ended" },
	[HINT_DIRECTORY] = { "directory-deleted", FORGETFUL, "its working directory was deleted" },
	[HINT_NEWER] = { "newer-process", FORGETFUL,
	    "a newer process of the same program and arguments listens elsewhere" },
	[HINT_UNUSED] = { "unused", FORGETFUL, "no connection seen" },
	/* A server runs commands, or gives people terminals: most often that is what it is for. */
	[HINT_SHELL] = { "runs-shell", ANY,
	    "it runs a shell behind a pipe, a terminal or a local socket" },
};

const char *
hint_name(enum hint hint)
{
	return rows[hint].name;
}

const char *
hint_text(enum hint hint)
{
	return rows[hint].text;
}

uint32_t
hints_of_class(enum listener_class otherwise)
{
	uint32_t hints = 0;

	for (unsigned i = 0; i < HINT_COUNT; i++)
		if ((rows[i].classes >> otherwise & 1) != 0)
			hints |= 1U << i;
	return hints;
}
