/* SPDX-License-Identifier: MIT */
/*
 * Words about owners: which program, with which arguments, in which process, of which user, where
 * it runs. All of it was written by processes, so each piece is escaped and has a bound of its own,
 * and its end can be seen (text_quote()): no name or argument goes on with the rest of a sentence.
 *
 * What it never does: claim more than was seen. Holders are counted only if every process was
 * searched, a place without a process is said to be where the socket was made.
 *
 * Cost: one pass over the command line.
 */
#include <ctype.h>
#include <string.h>

#include "alert/describe.h"
#include "alert/mask.h"
#include "model/claim.h"
#include "model/creator.h"
#include "model/program.h"

/* Bounds of the pieces, see describe.c. */
#define USER_TEXT_MAX	   64
#define UNIT_TEXT_MAX	   128
#define PROGRAM_TEXT_MAX   128
#define ARGUMENTS_TEXT_MAX 200
#define TITLE_TEXT_MAX	   100
#define CONTAINER_TEXT_MAX 64
#define COMM_TEXT_MAX	   64
#define CLAIM_TEXT_MAX	   64
#define LISTED_TEXT_MAX	   48

/* Container ids, and how much of one its engine prints. */
#define CONTAINER_ID_DIGITS    64
#define CONTAINER_SHORT_DIGITS 12

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

/* How arguments are written: text_escape() or text_quote(). */
typedef void (*writer)(struct text *text, const char *bytes, size_t length, size_t max);

/* At most OWNER_CMDLINE_MAX bytes of arguments, as the policy wants them shown; cut: there are
 * more. */
static void
write_arguments(struct text *text, const char *bytes, size_t length, bool cut, unsigned from,
    const struct message_context *context, size_t max, writer write)
{
	char masked[MASK_ROOM(OWNER_CMDLINE_MAX)], joined[sizeof(masked) + 3];
	size_t used;

	if (context->cmdline == CMDLINE_OFF)
		return;
	if (context->cmdline == CMDLINE_MASKED) {
		length = mask_secrets(bytes, length, masked, sizeof(masked));
		bytes = masked;
	}
	used = join_arguments(bytes, length, from, joined);
	if (cut && used > 0) {
		memcpy(joined + used, "...", 3);
		used += 3;
	}
	if (used > 0)
		write(text, joined, used, max);
}

static void
write_cmdline(struct text *text, const struct process *process, unsigned from,
    const struct message_context *context, size_t max, writer write)
{
	size_t length = process->cmdline_length;
	bool cut = process->cmdline_cut || length > OWNER_CMDLINE_MAX;

	write_arguments(text, process->cmdline,
	    length > OWNER_CMDLINE_MAX ? OWNER_CMDLINE_MAX : length, cut, from, context, max,
	    write);
}

void
describe_arguments(struct text *text, const struct process *process, unsigned from,
    const struct message_context *context, size_t max)
{
	write_cmdline(text, process, from, context, max, text_escape);
}

/* A text that holds words as arguments are: secrets are found in those, so each word is made
 * one. */
static void
describe_words(struct text *text, const char *string, size_t length,
    const struct message_context *context, size_t max)
{
	char words[OWNER_CMDLINE_MAX];

	length = strnlen(string, length < sizeof(words) ? length : sizeof(words) - 1);
	memcpy(words, string, length);
	words[length] = '\0';
	for (size_t i = 0; i < length; i++)
		if (words[i] == ' ')
			words[i] = '\0';
	write_arguments(text, words, length + 1, false, 0, context, max, text_escape);
}

void
describe_title(struct text *text, const struct process *process,
    const struct message_context *context, size_t max)
{
	const char *title = process_title(process);

	if (title != NULL)
		describe_words(text, title, strlen(title), context, max);
}

void
describe_claim(struct text *text, const struct owner *owner, const struct message_context *context,
    size_t max)
{
	const struct process *process;
	struct claim claim;

	if (!claim_find_of_owner(owner, &claim, &process))
		return;
	if (context->cmdline == CMDLINE_OFF)
		text_escape(text, claim.text, strcspn(claim.text, " "), max);
	else
		describe_words(text, claim.text, claim.length, context, max);
}

/* The text in quotes, in which no quote is the last one's like. */
static void
add_quoted(struct text *text, const char *string)
{
	text_add(text, "\"");
	for (; *string != '\0'; string++)
		text_printf(text, "%s%c", *string == '"' ? "\\" : "", *string);
	text_add(text, "\"");
}

/* Is the title the name that the process goes by and has no right to? */
static bool
is_false_title(const struct process *process)
{
	struct claim claim;

	return claim_find_false(process, &claim) && claim.text == process->cmdline;
}

/* titled "TITLE" */
static void
add_title(struct text *text, const struct process *process, const struct message_context *context)
{
	char title[TITLE_TEXT_MAX + 1];
	struct text list;

	text_init(&list, title, sizeof(title));
	describe_title(&list, process, context, TITLE_TEXT_MAX);
	if (list.used == 0)
		return;
	text_add(text, " titled ");
	add_quoted(text, title);
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
	size_t length = strlen(unit);

	/* As systemctl(1) prints it, also where it is cut: its backslashes are letters. */
	if (!is_unit_name(unit))
		text_escape(text, unit, length, max);
	else if (length <= max)
		text_add(text, unit);
	else
		text_printf(text, "%.*s...", (int)max - 3, unit);
}

/* The same in a sentence. */
static void
add_unit(struct text *text, const char *unit, size_t max)
{
	if (is_unit_name(unit))
		describe_unit(text, unit, max);
	else
		text_quote_string(text, unit, max);
}

static bool
is_container_id(const char *container)
{
	return strlen(container) == CONTAINER_ID_DIGITS &&
	    strspn(container, "0123456789abcdef") == CONTAINER_ID_DIGITS;
}

/* "docker container 0123456789ab": ids as their engines print them, names whole. */
static void
describe_container(struct text *text, enum container_kind kind, const char *container)
{
	text_printf(text, "%s%scontainer ", container_kind_name(kind),
	    kind == CONTAINER_NONE ? "" : " ");
	if (is_container_id(container))
		text_printf(text, "%.*s", CONTAINER_SHORT_DIGITS, container);
	else
		text_quote_string(text, container, CONTAINER_TEXT_MAX);
}

/* " in user unit app-x.scope", " in a.service, lxc container web"; nothing = not known. */
static void
describe_place(struct text *text, const struct place *place)
{
	bool of_user = place->user_unit[0] != '\0', contained = place->container[0] != '\0';
	const char *unit = of_user ? place->user_unit : place->unit;

	/* libpod-ID.scope and its like only say the id once more. */
	if (is_container_id(place->container) && strstr(unit, place->container) != NULL)
		unit = "";
	if (unit[0] != '\0') {
		text_printf(text, " in %s", of_user ? "user unit " : "");
		add_unit(text, unit, UNIT_TEXT_MAX);
	}
	if (contained) {
		text_add(text, unit[0] != '\0' ? ", " : " in ");
		describe_container(text, place->container_kind, place->container);
	}
}

/* ", started by cron", where the place does not say it. */
static void
describe_origin(struct text *text, enum origin origin)
{
	static const char *const texts[ORIGIN_COUNT] = {
		[ORIGIN_SSH] = ", started by ssh",
		[ORIGIN_CONSOLE] = ", started from a console",
		[ORIGIN_CRON] = ", started by cron",
		[ORIGIN_AT] = ", started by at",
		[ORIGIN_SLURM] = ", started by Slurm",
		[ORIGIN_CI] = ", started by a job runner",
		[ORIGIN_SU] = ", started by su",
		[ORIGIN_TIMER] = ", started by a timer",
	};

	if (texts[origin] != NULL)
		text_add(text, texts[origin]);
}

/* Where the host keeps its own programs: a python in /tmp is shown with its path. */
static bool
is_of_host(const struct process *process)
{
	return process->exe_trust != EXE_UNVERIFIED &&
	    (strncmp(process->exe, "/usr/", 5) == 0 || strncmp(process->exe, "/bin/", 5) == 0);
}

/* What the process calls itself; no process is called "a process" without quotes. */
static void
add_comm(struct text *text, const struct process *process, size_t max)
{
	if (process->comm[0] == '\0')
		text_add(text, "a process");
	else
		text_quote_string(text, process->comm, max);
}

/* The program: its path; the base name of an interpreter that is the host's own, if what it runs
 * follows. */
static void
describe_program(struct text *text, const struct process *process, bool arguments_follow)
{
	const char *name = process->exe;

	if (process->exe[0] == '\0') {
		add_comm(text, process, PROGRAM_TEXT_MAX);
		return;
	}
	if (arguments_follow && is_of_host(process) && program_is_interpreter(program_name(name)))
		name = program_name(name);
	text_quote_string(text, name, PROGRAM_TEXT_MAX);
	if (process->exe_deleted)
		text_add(text, " (deleted)");
	if (process->known_as[0] != '\0') {
		text_add(text,
		    (process->evidence & EVIDENCE_EXE_APPENDED) != 0 ? " (a program in " :
								       " (a copy of ");
		text_quote_string(text, process->known_as, COMM_TEXT_MAX);
		text_add(text, ")");
	}
}

/* " [4242 and 3 more]" */
static void
describe_pid(struct text *text, const struct owner *owner, const struct process *process)
{
	text_printf(text, " [%d", process->pid);
	if (owner->holders > 1)
		text_printf(text, " and %s%u more", owner->thorough ? "" : "at least ",
		    owner->holders - 1);
	text_add(text, "]");
}

/* "not searched: alice has too many file descriptors open" */
static void
describe_unsearched(struct text *text, const char *before, const struct owner *owner,
    const struct message_context *context)
{
	text_add(text, before);
	describe_user(text, owner->unsearched_uid, context, USER_TEXT_MAX);
	text_add(text, " has too many file descriptors open");
}

/* ", socket created by alice": where no holder is hers */
static void
describe_creator(struct text *text, const struct owner *owner, uint32_t uid,
    const struct message_context *context)
{
	if (!creator_is_absent(owner, uid))
		return;
	text_add(text, ", socket created by ");
	describe_user(text, uid, context, USER_TEXT_MAX);
}

static void
describe_process(struct text *text, const struct report_stay *stay, const struct process *process,
    const struct message_context *context)
{
	const struct owner *owner = stay->owner;
	char arguments[ARGUMENTS_TEXT_MAX + 1];
	struct text list;

	text_init(&list, arguments, sizeof(arguments));
	write_cmdline(&list, process, 1, context, ARGUMENTS_TEXT_MAX, text_quote);
	if (list.used == 0 && process->script[0] != '\0')
		text_quote_string(&list, process->script, ARGUMENTS_TEXT_MAX);
	describe_program(text, process, list.used > 0);
	text_printf(text, "%s%s", list.used > 0 ? " " : "", arguments);
	/* A false one is said behind. */
	if (!is_false_title(process))
		add_title(text, process, context);
	describe_pid(text, owner, process);
	text_add(text, " of ");
	describe_user(text, process->uid, context, USER_TEXT_MAX);
	describe_place(text, owner_place(owner));
	describe_origin(text, process->origin);
	if (process->forwards_to[0] != '\0') {
		text_add(text, " for ");
		describe_container(text, process->forwards_kind, process->forwards_to);
	}
	describe_creator(text, owner, stay->uid, context);
	if (owner->unsearched)
		describe_unsearched(text, ", other holders unknown: ", owner, context);
	else if (owner->unjudged)
		text_add(text, ", other holders unknown: too many to describe");
	text_init(&list, arguments, sizeof(arguments));
	describe_claim(&list, owner, context, CLAIM_TEXT_MAX);
	if (list.used == 0)
		return;
	text_add(text, ", calls itself ");
	add_quoted(text, arguments);
}

/* The .socket unit that only its service manager holds a socket for, NULL = it is not so. */
static const char *
socket_unit(const struct owner *owner)
{
	static const char ending[] = ".socket";
	const struct place *place = owner_place(owner);
	const char *unit = place->user_unit[0] != '\0' ? place->user_unit : place->unit;
	size_t length = strlen(unit), tail = sizeof(ending) - 1;

	if (owner_first(owner) == NULL || place != &owner->place)
		return NULL;
	return length > tail && strcmp(unit + length - tail, ending) == 0 ? unit : NULL;
}

/* "foo.socket, held by systemd [1]", "user unit foo.socket of alice, held by systemd [812]" */
static void
describe_activation(struct text *text, const struct report_stay *stay, const char *unit,
    const struct message_context *context)
{
	const struct owner *owner = stay->owner;
	const struct process *manager = owner_first(owner);
	bool of_user = unit == owner->place.user_unit;

	text_add(text, of_user ? "user unit " : "");
	add_unit(text, unit, UNIT_TEXT_MAX);
	if (of_user) {
		text_add(text, " of ");
		describe_user(text, manager->uid, context, USER_TEXT_MAX);
	}
	text_add(text, ", held by ");
	add_comm(text, manager, COMM_TEXT_MAX);
	describe_pid(text, owner, manager);
	describe_creator(text, owner, stay->uid, context);
}

/* "owner unknown (no process holds the socket), created in apache2.service by www-data" */
static void
describe_nobody(struct text *text, const struct report_stay *stay,
    const struct message_context *context)
{
	char where[UNIT_TEXT_MAX + CONTAINER_TEXT_MAX + 64];
	struct text place;

	text_init(&place, where, sizeof(where));
	describe_place(&place, &stay->owner->place);
	text_add(text, "owner unknown (");
	if (stay->owner->unsearched)
		describe_unsearched(text, "not searched: ", stay->owner, context);
	else
		text_add(text, owner_reason_text(stay->owner->reason));
	text_printf(text, "), %screated%s by ", place.used > 0 ? "" : "socket ", where);
	describe_user(text, stay->uid, context, USER_TEXT_MAX);
}

void
describe_owner(struct text *text, const struct report_stay *stay,
    const struct message_context *context)
{
	const struct process *process = owner_first(stay->owner);
	const char *unit = socket_unit(stay->owner);

	if (unit != NULL)
		describe_activation(text, stay, unit, context);
	else if (process != NULL)
		describe_process(text, stay, process, context);
	else if (stay->owner->kind == OWNER_KERNEL)
		text_add(text, "the kernel, no process");
	else
		describe_nobody(text, stay, context);
}

void
describe_owner_briefly(struct text *text, const struct owner *owner)
{
	const struct process *process = owner_first(owner);
	const char *unit = socket_unit(owner);

	if (unit != NULL) {
		add_unit(text, unit, UNIT_TEXT_MAX);
		return;
	}
	if (process == NULL) {
		text_add(text, owner->kind == OWNER_KERNEL ? "the kernel" : "its owner");
		return;
	}
	describe_program(text, process, process->script[0] != '\0');
	if (process->script[0] != '\0') {
		text_add(text, " ");
		text_quote_string(text, process->script, PROGRAM_TEXT_MAX);
	}
	describe_place(text, owner_place(owner));
}

void
describe_parent(struct text *text, const struct process *process)
{
	if (process->parent_comm[0] != '\0')
		text_quote_string(text, process->parent_comm, COMM_TEXT_MAX);
	text_printf(text, "%s[%d]", process->parent_comm[0] == '\0' ? "" : " ",
	    process->parent_pid);
}

/* What a person would call the program in a list: "nginx", "python3.11 srv.py", "/tmp/x"; its path
 * is cut in front. */
static void
describe_name(struct text *text, const struct process *process)
{
	const char *name = process->exe;

	if (is_of_host(process))
		name = program_name(name);
	else if (strlen(name) > LISTED_TEXT_MAX) {
		text_add(text, ".../");
		name = program_name(name);
	}
	if (name[0] == '\0')
		add_comm(text, process, LISTED_TEXT_MAX);
	else
		text_quote_string(text, name, LISTED_TEXT_MAX);
	if (process->script[0] == '\0')
		return;
	text_add(text, " ");
	text_quote_string(text, program_name(process->script), LISTED_TEXT_MAX);
}

/* A unit that systemd runs for the host says more than the user. */
static bool
is_services(const struct place *place)
{
	const char *dot = strrchr(place->unit, '.');

	return place->container[0] != '\0' ||
	    (place->user_unit[0] == '\0' && dot != NULL && strcmp(dot, ".scope") != 0);
}

void
describe_beside(struct text *text, const struct owner *owner, const struct message_context *context)
{
	const struct process *process = owner_first(owner);
	const struct place *place = owner_place(owner);

	if (socket_unit(owner) != NULL) {
		add_unit(text, socket_unit(owner), LISTED_TEXT_MAX);
		return;
	}
	describe_name(text, process);
	describe_pid(text, owner, process);
	text_add(text, " of ");
	describe_user(text, process->uid, context, USER_TEXT_MAX);
	if (!is_services(place))
		return;
	text_add(text, " in ");
	if (place->container[0] != '\0')
		describe_container(text, place->container_kind, place->container);
	else
		add_unit(text, place->unit, LISTED_TEXT_MAX);
}

static void
describe_listed_owner(struct text *text, const struct fact_owner *item,
    const struct message_context *context)
{
	const struct process *process = item->owner == NULL ? NULL : owner_first(item->owner);
	const char *unit = item->owner == NULL ? NULL : socket_unit(item->owner);

	if (unit != NULL)
		add_unit(text, unit, LISTED_TEXT_MAX);
	else if (process != NULL)
		describe_name(text, process);
	else
		text_add(text,
		    item->owner != NULL && item->owner->kind == OWNER_KERNEL ? "the kernel" :
									       "unknown owner");
	if (unit == NULL && process != NULL && process->forwards_to[0] != '\0') {
		text_add(text, " for ");
		describe_container(text, process->forwards_kind, process->forwards_to);
	} else if (unit == NULL && process != NULL &&
	    (item->by_user || !is_services(owner_place(item->owner)))) {
		text_add(text, " of ");
		describe_user(text, process->uid, context, USER_TEXT_MAX);
	}
	if (item->owner != NULL && creator_is_absent(item->owner, item->uid)) {
		text_add(text, " by ");
		describe_user(text, item->uid, context, USER_TEXT_MAX);
	}
}

void
describe_listed(struct text *text, const struct fact_owner *item, const char *many,
    const struct message_context *context)
{
	const struct place *place = item->owner == NULL ? NULL : owner_place(item->owner);

	describe_listed_owner(text, item, context);
	if (many == NULL && item->listeners == 1)
		text_printf(text, " %u", item->port);
	else
		text_printf(text, " %u %s", item->listeners, many == NULL ? "ports" : many);
	if (place == NULL || !is_services(place) || socket_unit(item->owner) != NULL)
		return;
	text_add(text, " (");
	if (place->container[0] != '\0')
		describe_container(text, place->container_kind, place->container);
	else
		add_unit(text, place->unit, LISTED_TEXT_MAX);
	text_add(text, ")");
}
