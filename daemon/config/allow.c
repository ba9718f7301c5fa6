/* SPDX-License-Identifier: MIT */
/*
 * What an `action: allow` rests on: warnings, never errors. An allow that any process can bring
 * about by itself is a hiding place, and whoever wrote it should hear so once, when it is checked.
 *
 * Keys are of three kinds. Where it listens (port, address, interface ...) and what the kernel says
 * of it say nothing of who it is; claims (comm, cmdline, script) are written by the process itself;
 * identities (exe, user, unit, user_unit, container) are the host's word for it. One table of
 * weaknesses, of which the first that applies is reported: the worst one, once for each allow.
 *
 * An exe alone says which program it is and not who runs it: where any user may run the file, any
 * user brings the allowed listener about. --check looks (programs.c).
 */
#include <string.h>

#include "config/rules.h"
#include "model/glob.h"
#include "model/owner.h"
#include "model/program.h"
#include "model/reason.h"

#define KEY(name) (1U << MATCH_##name)

#define CLAIMED_KEYS  (KEY(COMM) | KEY(CMDLINE) | KEY(SCRIPT))
#define IDENTITY_KEYS (KEY(EXE) | KEY(USER) | KEY(UNIT) | KEY(USER_UNIT) | KEY(CONTAINER))
#define JUDGED_KEYS                                                                       \
	(KEY(CLASS) | KEY(REASON) | KEY(ORIGIN) | KEY(HINT) | KEY(SLICE) | KEY(SESSION) | \
	    KEY(LOGINUID) | KEY(PARENT))

static bool
has_strong_reason(uint32_t reasons)
{
	for (unsigned i = 0; i < REASON_COUNT; i++)
		if ((reasons >> i & 1) != 0 && reason_strength((enum reason)i) == STRENGTH_STRONG)
			return true;
	return false;
}

/* Keys that say nothing of which suspect: of all on the host. */
#define SUSPECT_KEYS (KEY(CLASS) | KEY(REASON) | KEY(NETNS) | KEY(HOSTNAME))

/* It allows whatever is suspicious, whoever it is: which of them, by what else is named. */
static const char *
allows_suspects(const struct match *match)
{
	uint32_t others = match->keys & ~SUSPECT_KEYS;
	bool every = (match->classes >> CLASS_SUSPECT & 1) != 0;

	if ((match->keys & IDENTITY_KEYS) != 0 || (!every && !has_strong_reason(match->reasons)))
		return NULL;
	if (others == 0 && match->not == NULL)
		return (match->keys & KEY(REASON)) == 0 ? "every suspect" :
							  "every suspect with that reason";
	if ((others & ~(KEY(PORT) | KEY(PROTOCOL))) == 0 && (others & KEY(PORT)) != 0)
		return "any suspect on that port";
	return "any suspect that the other keys match";
}

/* Those that no process holds: of the keys of an identity only user holds for them. */
static const char *
allows_unheld_suspects(const struct match *match)
{
	const uint32_t unheld = 1U << REASON_NO_OWNER | 1U << REASON_KERNEL_UNPROVED;

	return match->reasons != 0 && (match->reasons & ~unheld) == 0 ? allows_suspects(match) :
									NULL;
}

static const char *
rests_on_claims(const struct match *match)
{
	return (match->keys & IDENTITY_KEYS) == 0 && (match->keys & CLAIMED_KEYS) != 0 ? "" : NULL;
}

/* What the kernel holds no process can bring about. */
static bool
is_kernels(const struct match *match)
{
	return match->owners == 1U << OWNER_KERNEL || match->classes == 1U << CLASS_KERNEL;
}

static const char *
rests_on_judgement(const struct match *match)
{
	return (match->keys & IDENTITY_KEYS) == 0 && (match->keys & JUDGED_KEYS) != 0 &&
		!is_kernels(match) ?
	    "" :
	    NULL;
}

/* True where the glob, whatever it begins with, takes in a program that runs what it is given. */
static bool
takes_interpreter(const char *glob)
{
	static const char *const samples[] = { "/usr/bin/python3.11", "/usr/bin/perl",
		"/usr/bin/bash", "/bin/sh" };

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		if (glob_match(glob, samples[i], GLOB_PATH))
			return true;
	return false;
}

/* True where the last part of the path is an interpreter's name, up to a wildcard in it. */
static bool
names_interpreter(const char *glob)
{
	/* One file that is all of them: what it was called as is a claim. */
	static const char *const multi_call[] = { "busybox", "toybox" };
	const char *last = program_name(glob);
	size_t length = strcspn(last, "*?\\");
	char name[64];

	/* "python*": what stands before the wildcard is a name too, since a version may follow. */
	if (length == 0 || length >= sizeof(name))
		return false;
	memcpy(name, last, length);
	name[length] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(multi_call); i++)
		if (strcmp(name, multi_call[i]) == 0)
			return true;
	return program_is_interpreter(name) || program_is_relay(name);
}

/* The first glob of the exe for which the test holds, unless more of who it is stands beside it. */
static const char *
find_exe(const struct match *match, bool (*test)(const char *glob))
{
	if ((match->keys & IDENTITY_KEYS) != KEY(EXE))
		return NULL;
	for (size_t i = 0; i < match->exe.count; i++)
		if (test(match->exe.globs[i]))
			return match->exe.globs[i];
	return NULL;
}

static const char *
rests_on_interpreter(const struct match *match)
{
	return find_exe(match, names_interpreter);
}

static const char *
includes_interpreters(const struct match *match)
{
	return find_exe(match, takes_interpreter);
}

/* True where the list takes in every name: `*`, `?*`, `*.service`. */
static bool
takes_any(const struct glob_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *rest = list->globs[i] + strspn(list->globs[i], "*?");

		if (rest > list->globs[i] && (rest[0] == '\0' || strcmp(rest, ".service") == 0))
			return true;
	}
	return false;
}

/* That it is in any container or unit at all says nothing of a program. */
static const char *
rests_on_any_place(const struct match *match)
{
	uint32_t keys = match->keys & IDENTITY_KEYS;

	if (keys == KEY(CONTAINER) && takes_any(&match->container))
		return "container";
	if (keys == KEY(UNIT) && takes_any(&match->unit))
		return "unit";
	if (keys == KEY(USER_UNIT) && takes_any(&match->user_unit))
		return "user unit";
	return NULL;
}

/* It speaks of no owner: whoever listens there is allowed. */
static bool
speaks_of_nobody(const struct match *match)
{
	return (match->keys & (IDENTITY_KEYS | CLAIMED_KEYS | JUDGED_KEYS)) == 0 &&
	    !is_kernels(match);
}

static const char *
rests_on_port(const struct match *match)
{
	return speaks_of_nobody(match) && (match->keys & KEY(PORT)) != 0 ? "" : NULL;
}

static const char *
allows_all(const struct match *match)
{
	static const char *const protocols[] = { "everything", "all of TCP", "all of UDP",
		"everything" };

	if (!speaks_of_nobody(match) ||
	    (match->keys & ~(KEY(PROTOCOL) | KEY(NETNS) | KEY(HOSTNAME))) != 0)
		return NULL;
	return (match->keys & KEY(PROTOCOL)) == 0 ? protocols[0] : protocols[match->protocols & 3];
}

static const char *
rests_on_place(const struct match *match)
{
	return speaks_of_nobody(match) ? "" : NULL;
}

/*
 * A test gives NULL where the match is not so, else a value for its text, "" for none; it is quoted
 * where it is a glob.
 */
static const struct weakness {
	const char *(*test)(const struct match *match);
	const char *before, *behind; /* the text, and what follows the quoted value */
} weaknesses[] = {
	{ allows_unheld_suspects, "rule allows ",
	    ", expected user too: any program can leave a socket without an owner" },
	{ allows_suspects, "rule allows ", ", expected exe, user, unit or container too" },
	{ rests_on_claims,
	    "rule allows by comm, cmdline or script, expected exe, user or "
	    "unit too: any process can set these",
	    "" },
	{ rests_on_judgement,
	    "rule allows by class, reason, origin, hint, slice, session, loginuid or parent, "
	    "expected exe, user or unit too: any program can match",
	    "" },
	{ rests_on_interpreter, "rule allows by interpreter ",
	    ", expected user or unit too: an interpreter runs any program" },
	{ includes_interpreters, "rule allows by exe ",
	    ", which includes interpreters, expected user or unit too: an interpreter runs any "
	    "program" },
	{ allows_all, "rule allows ", ", expected exe, user, unit or container too" },
	{ rests_on_port,
	    "rule allows by port, expected exe, user, unit or container too: any program "
	    "can listen there",
	    "" },
	{ rests_on_place,
	    "rule allows by address, interface, exposure, choice or owner, expected exe, "
	    "user, unit or container too: any program can match",
	    "" },
	{ rests_on_any_place, "rule allows every ", ", expected which one, or exe or user too" },
};

static bool
warn_of_weakness(struct config_context *context, const struct parsed_rule *parsed,
    const struct match *match)
{
	for (size_t i = 0; i < ARRAY_SIZE(weaknesses); i++) {
		const char *value = weaknesses[i].test(match);

		if (value == NULL)
			continue;
		context_warn(context, parsed, "%s%s%s", weaknesses[i].before,
		    strchr(value, '/') != NULL || strchr(value, '*') != NULL ? QUOTE(value) : value,
		    weaknesses[i].behind);
		return true;
	}
	return false;
}

/* What holds where one match of an `any` does, as far as it is asked about here; it borrows. Of a
 * key that both have, the narrower one counts, which is most often that inside. */
static struct match
join(const struct match *around, const struct match *inside)
{
	struct match joined = *inside;
	uint32_t added = around->keys & ~inside->keys;

	joined.keys |= around->keys;
	if (joined.not == NULL)
		joined.not = around->not ;
	if ((added & KEY(PROTOCOL)) != 0)
		joined.protocols = around->protocols;
	if ((added & KEY(CLASS)) != 0)
		joined.classes = around->classes;
	if ((added & KEY(REASON)) != 0)
		joined.reasons = around->reasons;
	if ((added & KEY(OWNER)) != 0)
		joined.owners = around->owners;
	if ((added & KEY(EXE)) != 0)
		joined.exe = around->exe;
	if ((added & KEY(CONTAINER)) != 0)
		joined.container = around->container;
	if ((added & KEY(UNIT)) != 0)
		joined.unit = around->unit;
	if ((added & KEY(USER_UNIT)) != 0)
		joined.user_unit = around->user_unit;
	return joined;
}

/* The exe is all that it rests on, and anybody may run that. */
static void
check_public_program(struct config_context *context, const struct parsed_rule *parsed,
    const struct match *match)
{
	const char *path;

	/* A service and the kernel are what no user's program is. */
	if ((match->keys & IDENTITY_KEYS) != KEY(EXE) ||
	    ((match->keys & KEY(CLASS)) != 0 && (match->classes >> CLASS_USER & 1) == 0))
		return;
	path = programs_find_public(context, &match->exe);
	if (path != NULL)
		context_warn(context, parsed,
		    "rule allows by exe %s, expected user or unit too: any user may run it",
		    QUOTE_PATH(path));
}

void
rule_check_allow(struct config_context *context, const struct parsed_rule *parsed)
{
	const struct rule *rule = &parsed->rule;

	if (rule->action != ACTION_ALLOW || !rule->enabled)
		return;
	if (rule->values != 0)
		context_warn(context, parsed,
		    "threshold, severity and remind have no effect with action: allow");
	if (rule->match.any_count == 0 && !warn_of_weakness(context, parsed, &rule->match))
		check_public_program(context, parsed, &rule->match);
	for (size_t i = 0; i < rule->match.any_count; i++) {
		struct match joined = join(&rule->match, &rule->match.any[i]);

		if (warn_of_weakness(context, parsed, &joined))
			return;
	}
}
