/* SPDX-License-Identifier: MIT */
/*
 * The keys of groups: SHA-256 over names, so that nobody finds a name that passes for another's.
 * Of an owner go in
 *
 *	program    the path of what it runs, that of its script, and whether the path is verified;
 *		   the same of whatever else holds the socket, in order
 *	place      unit and user unit, without instances and numbers; container by its name, not by
 *	           an id that is another after each redeployment; for a proxy (docker-proxy), of
 *	           which the id is all that is known, the container it forwards to
 *	user
 *	creator    of the socket, if it is nobody's who is known to hold it
 *
 * A group has those of one class alone, the same reasons about the program, and of an interpreter
 * without a script the same arguments; one that reads its code from standard input is alone.
 *
 * What is reported is to be the same on every host: no further holders, no id of a container that
 * is forwarded to, and of users only the numbers that are the same everywhere; a system user is
 * what its unit makes of it.
 *
 * What it never does: take a process by what it calls itself. Pure; a few microseconds a key.
 */
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "engine/group-key.h"
#include "model/creator.h"
#include "model/identity.h"

/* Room for the name of any unit. */
#define GROUP_UNIT_MAX (OWNER_UNIT_MAX + 16)

/* login.defs(5) and systemd's DynamicUser= number system users as they come. */
#define SYSTEM_UID_MAX	999
#define DYNAMIC_UID_MIN 61184
#define DYNAMIC_UID_MAX 65519

/* An id that a container's engine made, and its short form. */
#define CONTAINER_DIGITS       64
#define CONTAINER_SHORT_DIGITS 12

/* Digits and such letters are a number if there are so many of them. */
#define HEX_NUMBER_MIN 8

/* Of a 128-bit id, without and with dashes. */
#define RUN_ID_DIGITS	 32
#define UUID_TEXT_LENGTH 36

static void
add_text(struct sha256 *sum, const char *text)
{
	sha256_add(sum, text, strlen(text) + 1);
}

static void
add_number(struct sha256 *sum, uint64_t number)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	add_text(sum, text);
}

static struct group_key
end(struct sha256 *sum)
{
	uint8_t bytes[SHA256_BYTES];
	struct group_key key;

	sha256_end(sum, bytes);
	memcpy(key.bytes, bytes, sizeof(key.bytes));
	return key;
}

static size_t
count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

static size_t
count_hex(const char *text)
{
	return strspn(text, "0123456789abcdefABCDEF");
}

/* "5f2b0a3c-7f1e-4c0e-9d1c-0a1b2c3d4e5f" */
static bool
is_uuid(const char *text)
{
	static const uint8_t lengths[] = { 8, 4, 4, 4, 12 };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		if (count_hex(text) != lengths[i])
			return false;
		text += lengths[i];
		if (i + 1 < ARRAY_SIZE(lengths) && *text++ != '-')
			return false;
	}
	return true;
}

/* What systemd-run and its like make of a number or an id: "12", "u12", "p812", "i77", and "r" with
 * 32 digits. Returns its length, 0 = this is none. */
static size_t
run_number_length(const char *word)
{
	size_t digits = count_digits(word);

	if (digits > 0)
		return digits;
	if (*word == 'r')
		return count_hex(word + 1) == RUN_ID_DIGITS ? RUN_ID_DIGITS + 1 : 0;
	if (*word == '\0' || strchr("upi", *word) == NULL)
		return 0;
	digits = count_digits(word + 1);
	return digits > 0 ? digits + 1 : 0;
}

/* True for "run-u12.service", "run-p812-i77.scope", and not for "run-race.service": who writes a
 * unit may name it as he likes. */
static bool
is_run_name(const char *unit)
{
	size_t length;

	if (strncmp(unit, "run-", 4) != 0)
		return false;
	for (unit += 3; *unit == '-'; unit += length) {
		unit++;
		length = run_number_length(unit);
		if (length == 0)
			return false;
	}
	return strcmp(unit, ".service") == 0 || strcmp(unit, ".scope") == 0;
}

/* How much of a scope's name from here is a number, 0 = nothing. "1234", "7f3a9c04", a UUID; "c3"
 * of a session. Letters alone are a word, however many there are. */
static size_t
number_length(const char *word, size_t length, bool of_session)
{
	size_t digits = count_digits(word), hex = count_hex(word);

	if (is_uuid(word))
		return UUID_TEXT_LENGTH;
	if (digits >= length)
		return length;
	if (hex >= length && length >= HEX_NUMBER_MIN && strcspn(word, "0123456789") < length)
		return length;
	return of_session && word[0] == 'c' && length > 1 && count_digits(word + 1) >= length - 1 ?
	    length :
	    0;
}

/* How long an escape of systemd's is, which stands for one byte: "\x2d". 0 = this is none. */
static size_t
escape_length(const char *text)
{
	return text[0] == '\\' && text[1] == 'x' && count_hex(text + 2) >= 2 ? 4 : 0;
}

/* "session-3.scope" -> "session-N.scope" */
static const char *
without_numbers(const char *unit, char buffer[GROUP_UNIT_MAX])
{
	bool of_session = strncmp(unit, "session-", 8) == 0, of_run = is_run_name(unit);
	size_t used = 0;

	while (*unit != '\0' && used + 1 < GROUP_UNIT_MAX) {
		size_t length = strcspn(unit, "-._:@\\"), number;

		number = length == 0 ? 0 :
		    of_run	     ? run_number_length(unit) :
				       number_length(unit, length, of_session);
		if (number > 0) {
			buffer[used++] = 'N';
			unit += number;
			continue;
		}
		/* The word, or what stands between two. */
		if (length == 0)
			length = escape_length(unit) > 0 ? escape_length(unit) : 1;
		if (length > GROUP_UNIT_MAX - 1 - used)
			length = GROUP_UNIT_MAX - 1 - used;
		memcpy(buffer + used, unit, length);
		used += length;
		unit += length;
	}
	buffer[used] = '\0';
	return buffer;
}

/* The unit's name without what differs from one start of it to the next. */
static const char *
stable_unit(const char *unit, char buffer[GROUP_UNIT_MAX])
{
	const char *dot = strrchr(unit, '.'), *instance = strchr(unit, '@');

	if (dot != NULL && (strcmp(dot, ".scope") == 0 || is_run_name(unit)))
		return without_numbers(unit, buffer);
	if (dot == NULL || instance == NULL || instance > dot)
		return unit;
	(void)snprintf(buffer, GROUP_UNIT_MAX, "%.*s%s", (int)(instance - unit + 1), unit, dot);
	return buffer;
}

static const struct owner *
owner_of(const struct stay *stay)
{
	return stay->is.members[stay->judged.worst].owner;
}

/* True for an id that was made, not for a name that somebody gave: LXC and nspawn have names. */
static bool
is_id(const char *container, enum container_kind kind)
{
	size_t length = strlen(container);

	return kind != CONTAINER_LXC && kind != CONTAINER_NSPAWN &&
	    (length == CONTAINER_DIGITS || length == CONTAINER_SHORT_DIGITS) &&
	    strspn(container, "0123456789abcdef") == length;
}

/* Unit and container, of the program or of what it forwards to. */
static void
add_place(struct sha256 *sum, const struct place *place, const struct process *process,
    bool reported)
{
	bool forwards = process != NULL && process->forwards_to[0] != '\0';
	const char *container = forwards ? process->forwards_to : place->container;
	enum container_kind kind = forwards ? process->forwards_kind : place->container_kind;
	char unit[GROUP_UNIT_MAX];

	add_text(sum, stable_unit(place->unit, unit));
	add_text(sum, stable_unit(place->user_unit, unit));
	add_text(sum, container_kind_name(kind));
	add_text(sum, (reported || !forwards) && is_id(container, kind) ? "" : container);
}

static void
add_user(struct sha256 *sum, uint32_t uid, bool reported)
{
	bool system = (uid > 0 && uid <= SYSTEM_UID_MAX) ||
	    (uid >= DYNAMIC_UID_MIN && uid <= DYNAMIC_UID_MAX);

	if (reported && system)
		add_text(sum, "system");
	else
		add_number(sum, uid);
}

static int
compare_program(const struct process *a, const struct process *b)
{
	int order = strcmp(a->exe, b->exe);

	return order != 0 ? order : strcmp(a->script, b->script);
}

/* A worker whose title hides its script is no other program than the one of its file. */
static bool
is_other(const struct process *process, const struct process *first)
{
	return !process_is_init(process) &&
	    (strcmp(process->exe, first->exe) != 0 ||
		(process->script[0] != '\0' && first->script[0] != '\0' &&
		    strcmp(process->script, first->script) != 0));
}

/* What else holds the socket: a stranger beside the owner is not hidden by it. Each program once:
 * how many workers one has does not matter. */
static void
add_others(struct sha256 *sum, const struct owner *owner, const struct process *first)
{
	const struct process *last = NULL, *next;

	for (;;) {
		next = NULL;
		for (uint32_t i = 0; i < owner->process_count; i++) {
			const struct process *process = owner->processes[i];

			if (is_other(process, first) &&
			    (last == NULL || compare_program(process, last) > 0) &&
			    (next == NULL || compare_program(process, next) < 0))
				next = process;
		}
		if (next == NULL)
			return;
		add_text(sum, next->exe);
		add_text(sum, next->script);
		last = next;
	}
}

static void
add_holder(struct sha256 *sum, const struct owner *owner, uint32_t uid, bool reported)
{
	const struct process *process = owner == NULL ? NULL : owner_first(owner);

	add_text(sum, owner_kind_name(owner == NULL ? OWNER_UNKNOWN : owner->kind));
	if (process != NULL) {
		add_text(sum, process->exe);
		add_text(sum, process->script);
		add_number(sum, process->exe_trust != EXE_UNVERIFIED);
		if (!reported)
			add_others(sum, owner, process);
	}
	if (owner != NULL)
		add_place(sum, owner_place(owner), process, reported);
	add_user(sum, process != NULL ? process->uid : uid, reported);
	if (owner != NULL && creator_is_absent(owner, uid)) {
		add_text(sum, "creator");
		add_user(sum, uid, reported);
	}
}

static void
add_owner(struct sha256 *sum, const struct stay *stay, bool reported)
{
	add_holder(sum, owner_of(stay), stay->is.members[stay->judged.worst].uid, reported);
}

bool
group_key_knows_owner(const struct owner *owner)
{
	const struct process *process = owner == NULL ? NULL : owner_first(owner);

	return owner != NULL &&
	    (owner->kind == OWNER_KERNEL || (process != NULL && process->exe[0] != '\0'));
}

bool
group_key_knows(const struct stay *stay)
{
	return group_key_knows_owner(owner_of(stay));
}

struct group_key
group_key_of_holder(const struct owner *owner, uint32_t uid)
{
	struct sha256 sum;

	sha256_begin(&sum);
	add_text(&sum, "owner");
	add_holder(&sum, owner, uid, false);
	return end(&sum);
}

struct group_key
group_key_of_owner(const struct stay *stay)
{
	return group_key_of_holder(owner_of(stay), stay->is.members[stay->judged.worst].uid);
}

/* Of a program that hides its script since then only the keys differ, of an instance or a session
 * of the same unit all but the keys. */
bool
group_key_is_of(const struct group_key *key, const struct owner *owner, const struct member *member)
{
	struct group_key other;

	if (!group_key_knows_owner(member->owner) || !group_key_knows_owner(owner))
		return false;
	/* What somebody else made is not reported with what is the holder's own. */
	if (!creator_is_absent(member->owner, member->uid) &&
	    (owner == member->owner || owner_same(owner, member->owner)))
		return true;
	other = group_key_of_holder(member->owner, member->uid);
	return memcmp(&other, key, sizeof(other)) == 0;
}

/*
 * Of an interpreter whose script has no path the arguments are the program: code, the name of a
 * module, or nobody knows. Other ones are another program. Numbers in them differ from one helper
 * process of a runtime to the next. Who imitates the arguments is no nearer by it: only
 * what has the same program, place and user is compared. Code from standard input leaves no trace:
 * each process is a program of its own.
 */
static void
add_input(struct sha256 *sum, const struct process *process)
{
	char code[OWNER_CMDLINE_MAX];
	const char *script;
	enum program_input input = identity_input(process, &script);

	add_number(sum, input);
	if (input == INPUT_STDIN) {
		add_number(sum, (uint64_t)process->pid);
		add_number(sum, process->start_usec);
	} else if (input != INPUT_NONE && process->script[0] == '\0')
		sha256_add(sum, code, identity_code(process, code));
}

struct group_key
group_key_of_program_holder(const struct owner *owner, uint32_t uid)
{
	const struct process *process = owner == NULL ? NULL : owner_first(owner);
	struct sha256 sum;

	sha256_begin(&sum);
	add_text(&sum, "program");
	add_holder(&sum, owner, uid, false);
	if (process != NULL)
		add_input(&sum, process);
	return end(&sum);
}

struct group_key
group_key_of_program(const struct stay *stay)
{
	return group_key_of_program_holder(owner_of(stay),
	    stay->is.members[stay->judged.worst].uid);
}

/* What is reported of an owner excuses nothing about a program that looks the same: others may
 * change that one, or it was deleted. What is about the listener differs from one to the next. */
struct group_key
group_key_of_judged(const struct stay *stay)
{
	const uint32_t of_listener =
	    1U << REASON_CHANGED | 1U << REASON_EXPOSED | 1U << REASON_KERNEL_UNPROVED;
	const struct process *process = stay_process(stay);
	struct sha256 sum;

	sha256_begin(&sum);
	add_text(&sum, "judged");
	add_owner(&sum, stay, false);
	if (process != NULL)
		add_input(&sum, process);
	add_number(&sum, stay->judged.classification.class);
	add_number(&sum, stay->judged.classification.reasons & ~of_listener);
	return end(&sum);
}

struct group_key
group_key_of_suspect(const struct stay *stay)
{
	const struct process *process = owner_first(owner_of(stay));
	struct sha256 sum;

	sha256_begin(&sum);
	add_text(&sum, "suspect");
	add_owner(&sum, stay, false);
	if (process != NULL) {
		add_number(&sum, (uint64_t)process->pid);
		add_number(&sum, process->start_usec);
	}
	add_number(&sum, stay->judged.classification.reasons);
	return end(&sum);
}

struct group_key
group_key_reported(const struct stay *stay)
{
	struct sha256 sum;

	sha256_begin(&sum);
	add_text(&sum, "overstay group 1");
	add_owner(&sum, stay, true);
	add_text(&sum, exposure_name(endpoint_exposure(&stay->is.endpoint)));
	add_text(&sum, severity_name(stay->judged.verdict.severity));
	return end(&sum);
}
