/* SPDX-License-Identifier: MIT */
/*
 * Words about listeners and owners. Whatever a process, an administrator or another host chose
 * (names, paths, arguments) passes text_escape() here, each piece with a bound of its own, so that
 * none can push the others out of the line.
 *
 * Asks the host nothing but through the context. Cost: one pass over the command line.
 */
#include <ctype.h>
#include <string.h>
#include <sys/socket.h>

#include "alert/describe.h"
#include "alert/mask.h"

/* Bounds of the pieces of a line; together with all words around them less than
 * MESSAGE_TEXT_MAX, whatever is in them. */
#define INTERFACE_TEXT_MAX 32
#define USER_TEXT_MAX	   64
#define UNIT_TEXT_MAX	   128
#define PROGRAM_TEXT_MAX   128
#define ARGUMENTS_TEXT_MAX 200

static void
add_escaped(struct text *text, const char *string, size_t max)
{
	text_escape(text, string, strlen(string), max);
}

void
describe_user(struct text *text, uint32_t uid, const struct message_context *context,
    size_t max)
{
	const char *name = context->user_name == NULL ? NULL :
	    context->user_name(uid, context->argument);

	if (name == NULL || name[0] == '\0')
		text_printf(text, "uid %u", uid);
	else
		add_escaped(text, name, max);
}

void
describe_interface(struct text *text, uint32_t index, const struct message_context *context)
{
	const char *name = context->interface_name == NULL ? NULL :
	    context->interface_name(index, context->argument);

	if (name == NULL || name[0] == '\0')
		text_printf(text, "index %u", index);
	else
		add_escaped(text, name, INTERFACE_TEXT_MAX);
}

void
describe_endpoint(struct text *text, const struct endpoint *endpoint,
    const struct message_context *context)
{
	char address[ENDPOINT_TEXT_MAX];
	bool brackets = endpoint->family == AF_INET6;

	text_printf(text, "%s%s", brackets ? "[" : "",
	    endpoint_format_address(endpoint, address));
	if (endpoint->interface != 0) {
		text_add(text, "%");
		describe_interface(text, endpoint->interface, context);
	}
	text_printf(text, "%s:%u", brackets ? "]" : "", endpoint->port);
}

/* Which addresses answer; "" for one specific address, which speaks for itself. */
static const char *
exposure_words(const struct report_stay *stay)
{
	static const char *const of_any6[] = {
		[V6ONLY_UNKNOWN] = "all IPv6 addresses, perhaps IPv4 too",
		[V6ONLY_NO] = "all addresses, IPv4 too",
		[V6ONLY_YES] = "all IPv6 addresses",
	};
	static const uint8_t zero[16];

	switch (endpoint_exposure(&stay->endpoint)) {
	case EXPOSURE_LOOPBACK:
		return "loopback only";
	case EXPOSURE_LOCAL:
		return "";
	case EXPOSURE_ANY:
		break;
	}
	if (stay->endpoint.family != AF_INET6)
		return "all addresses";
	/* ::ffff:0.0.0.0 is an IPv6 socket that takes IPv4 alone. */
	if (memcmp(stay->endpoint.address, zero, sizeof(zero)) != 0)
		return "all IPv4 addresses";
	return of_any6[stay->v6only];
}

void
describe_binding(struct text *text, const struct report_stay *stay,
    const struct message_context *context)
{
	const char *exposure = exposure_words(stay), *comma = exposure[0] == '\0' ? "" : ", ";

	if (exposure[0] == '\0' && stay->sockets <= 1)
		return;
	text_printf(text, " (%s", exposure);
	if (stay->endpoint.interface != 0 && endpoint_exposure(&stay->endpoint) == EXPOSURE_ANY) {
		text_add(text, " of ");
		describe_interface(text, stay->endpoint.interface, context);
	}
	if (stay->sockets > 1)
		text_printf(text, "%s%u sockets", comma, stay->sockets);
	if (stay->users > 1)
		text_printf(text, " of %u users", stay->users);
	text_add(text, ")");
}

/* Joins arguments by one space each. Returns the length; joined has room for all of them. */
static size_t
join_arguments(const char *bytes, size_t length, unsigned from, char *joined)
{
	size_t used = 0;
	unsigned number = 0;

	for (size_t at = 0, end; at < length; at = end + 1, number++) {
		end = at + strnlen(bytes + at, length - at);
		if (number < from)
			continue;
		if (number > from)
			joined[used++] = ' ';
		memcpy(joined + used, bytes + at, end - at);
		used += end - at;
	}
	/* A title set in place of the arguments leaves empty ones behind it. */
	while (used > 0 && joined[used - 1] == ' ')
		used--;
	return used;
}

void
describe_arguments(struct text *text, const struct process *process, unsigned from,
    const struct message_context *context, size_t max)
{
	char masked[MASK_ROOM(OWNER_CMDLINE_MAX)], joined[sizeof(masked)];
	const char *bytes = process->cmdline;
	size_t length = process->cmdline_length, used;
	bool cut = process->cmdline_cut || length > OWNER_CMDLINE_MAX;

	if (context->cmdline == CMDLINE_OFF)
		return;
	if (length > OWNER_CMDLINE_MAX)
		length = OWNER_CMDLINE_MAX;
	if (context->cmdline == CMDLINE_MASKED) {
		length = mask_secrets(bytes, length, masked, sizeof(masked));
		bytes = masked;
	}
	used = join_arguments(bytes, length, from, joined);
	text_escape(text, joined, used, cut ? max - 3 : max);
	if (cut && used > 0 && !text->cut)
		text_add(text, "...");
}

bool
is_unit_name(const char *unit)
{
	size_t length = strlen(unit);

	/* systemd.unit(5): at most 255 of these characters. */
	if (length == 0 || length > 255)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)unit[i]) && strchr(":-_.\\@", unit[i]) == NULL)
			return false;
	return true;
}

void
describe_unit(struct text *text, const char *unit, size_t max)
{
	if (is_unit_name(unit) && strlen(unit) <= max)
		text_add(text, unit);
	else
		add_escaped(text, unit, max);
}

/*
 * Whether a file is known to run what its first arguments name: then those say more than its path.
 * Versions may follow: python3.11, perl5.36.
 */
static bool
is_interpreter(const char *name)
{
	static const char *const names[] = {
		"python", "pypy", "perl", "ruby", "node", "nodejs", "deno", "bun", "php", "lua",
		"luajit", "java", "tclsh", "guile", "Rscript", "sh", "bash", "dash", "zsh", "ksh",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t length = strlen(names[i]);
		if (strncmp(name, names[i], length) == 0 &&
		    name[length + strspn(name + length, "0123456789.-")] == '\0')
			return true;
	}
	return false;
}

/* Where the host keeps its own programs: a python in /tmp is shown with its path. */
static bool
is_of_host(const struct process *process)
{
	return process->exe_trust != EXE_UNVERIFIED &&
	    (strncmp(process->exe, "/usr/", 5) == 0 || strncmp(process->exe, "/bin/", 5) == 0);
}

/* The program: its path; the base name of an interpreter that is the host's own. */
static void
describe_program(struct text *text, const struct process *process, bool arguments_follow)
{
	const char *slash = strrchr(process->exe, '/'), *name;

	if (process->exe[0] == '\0') {
		name = process->comm[0] == '\0' ? "a process" : process->comm;
		add_escaped(text, name, PROGRAM_TEXT_MAX);
		return;
	}
	name = process->exe;
	if (arguments_follow && is_of_host(process) && is_interpreter(slash + 1))
		name = slash + 1;
	add_escaped(text, name, PROGRAM_TEXT_MAX);
	if (process->exe_deleted)
		text_add(text, " (deleted)");
}

static void
describe_process(struct text *text, const struct process *process, uint32_t holders,
    const struct message_context *context)
{
	char arguments[ARGUMENTS_TEXT_MAX + 1];
	struct text list;

	text_init(&list, arguments, sizeof(arguments));
	describe_arguments(&list, process, 1, context, ARGUMENTS_TEXT_MAX);
	describe_program(text, process, list.used > 0);
	text_printf(text, "%s%s [%d", list.used > 0 ? " " : "", arguments, process->pid);
	if (holders > 1)
		text_printf(text, " and %u more", holders - 1);
	text_add(text, "] of ");
	describe_user(text, process->uid, context, USER_TEXT_MAX);
	if (process->place.user_unit[0] != '\0') {
		text_add(text, " in user unit ");
		describe_unit(text, process->place.user_unit, UNIT_TEXT_MAX);
	} else if (process->place.unit[0] != '\0') {
		text_add(text, " in ");
		describe_unit(text, process->place.unit, UNIT_TEXT_MAX);
	}
}

void
describe_owner(struct text *text, const struct report_stay *stay,
    const struct message_context *context)
{
	const struct process *process = owner_first(stay->owner);

	if (process != NULL) {
		describe_process(text, process, stay->owner->holders, context);
		return;
	}
	if (stay->owner->kind == OWNER_KERNEL) {
		text_add(text, "the kernel itself, no process");
		return;
	}
	text_printf(text, "owner unknown (%s), socket made by ",
	    owner_reason_text(stay->owner->reason));
	describe_user(text, stay->uid, context, USER_TEXT_MAX);
}
