/* SPDX-License-Identifier: MIT */
/*
 * Packets: what is written is read back the same, and what makes no sense is refused.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/encode.h"
#include "wire/client.h"

static void
set(char **string, const char *text)
{
	assert_int_equal(owner_text_set(string, text), 0);
}

/* A place that has everything; n tells two of them apart. */
static void
make_place(struct place *place, uint32_t n)
{
	set(&place->unit, n == 0 ? "prog.service" : "user@1000.service");
	set(&place->user_unit, n == 0 ? "" : "app.scope");
	set(&place->slice, n == 0 ? "system.slice" : "user-1000.slice");
	set(&place->session, n == 0 ? "" : "3");
	set(&place->container, n == 0 ? "" : "4711abcdef");
	place->container_kind = n == 0 ? CONTAINER_NONE : CONTAINER_PODMAN;
}

static void
make_process(struct process *process, uint32_t n)
{
	static const char cmdline[] = "prog\0-x\0\xff\n\033[2J";

	process->pid = 100 - (int32_t)n;
	process->parent_pid = 1;
	process->start_usec = n == 0 ? 5 * USEC_PER_SEC : USEC_NEVER;
	process->uid = 33;
	process->gid = 34;
	process->group_count = n * OWNER_GROUPS_MAX;
	for (uint32_t at = 0; at < process->group_count; at++)
		process->groups[at] = at + 1;
	process->login_uid = n == 0 ? UINT32_MAX : 1000;
	process->login_known = n == 1;
	process->session_type = n == 0 ? SESSION_UNKNOWN : SESSION_WAYLAND;
	process->parent_trust = n == 0 ? EXE_UNVERIFIED : EXE_SAME;
	process->exe_trust = n == 0 ? EXE_SAME : EXE_REPLACED;
	process->exe_deleted = n == 1;
	process->cmdline_cut = n == 1;
	process->has_checksum = n == 1;
	if (n == 1)
		memset(process->checksum, 0x5a, sizeof(process->checksum));
	process->outlived = n == 0 ? OUTLIVED_SESSION | OUTLIVED_DIRECTORY : OUTLIVED_ALL;
	process->evidence = n == 0 ? EVIDENCE_EXE_KNOWN | EVIDENCE_TERMINAL : EVIDENCE_ALL;
	process->script_evidence = n == 0 ? SCRIPT_PLACED : SCRIPT_ALL;
	process->exe_uid = 12;
	process->exe_mode = 0100755;
	process->exe_device = 8ULL << 32 | 1;
	process->exe_inode = 1ULL << 40;
	process->main_pid = n == 0 ? 0 : 98;
	set(&process->comm, "a)\n(b");
	set(&process->exe, "/usr/bin/prog");
	process->cmdline = malloc(sizeof(cmdline));
	assert_non_null(process->cmdline);
	memcpy(process->cmdline, cmdline, sizeof(cmdline));
	process->cmdline_length = sizeof(cmdline);
	set(&process->cwd, n == 0 ? "/" : "/srv/\xff\n");
	set(&process->known_as, n == 0 ? "" : "nc.openbsd");
	set(&process->parent_comm, "systemd");
	set(&process->parent_exe, n == 0 ? "" : "/usr/lib/systemd/systemd");
	set(&process->main_exe, n == 0 ? "" : "/usr/sbin/main");
	set(&process->forwards_to, n == 0 ? "" : "0123456789ab");
	process->forwards_kind = n == 0 ? CONTAINER_NONE : CONTAINER_DOCKER;
	make_place(&process->place, n);
}

static struct owner *
make_owner(void)
{
	struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 2);

	assert_non_null(owner);
	owner->holders = 7;
	owner->unjudged = true;
	owner->thorough = true;
	make_place(&owner->place, 1);
	for (uint32_t i = 0; i < 2; i++)
		make_process(owner->processes[i], i);
	return owner;
}

static const uint32_t inodes[] = { 4711, 4712, UINT32_MAX };

/* A good packet of 2 processes and 3 inodes. Returns its length. */
static size_t
make_packet(char packet[LOOKUP_PACKET_MAX])
{
	struct owner *owner = make_owner();
	size_t length = encode_owner(packet, 9, owner, inodes, ARRAY_SIZE(inodes));

	owner_unref(owner);
	return length;
}

static void
assert_place_equal(const struct place *a, const struct place *b)
{
	assert_string_equal(a->unit, b->unit);
	assert_string_equal(a->user_unit, b->user_unit);
	assert_string_equal(a->slice, b->slice);
	assert_string_equal(a->session, b->session);
	assert_string_equal(a->container, b->container);
	assert_int_equal(a->container_kind, b->container_kind);
}

static void
assert_process_equal(const struct process *a, const struct process *b)
{
	assert_int_equal(a->pid, b->pid);
	assert_int_equal(a->parent_pid, b->parent_pid);
	assert_true(a->start_usec == b->start_usec);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->gid, b->gid);
	assert_int_equal(a->group_count, b->group_count);
	assert_memory_equal(a->groups, b->groups, sizeof(a->groups));
	assert_int_equal(a->exe_trust, b->exe_trust);
	assert_int_equal(a->exe_deleted, b->exe_deleted);
	assert_int_equal(a->cmdline_cut, b->cmdline_cut);
	assert_string_equal(a->comm, b->comm);
	assert_string_equal(a->exe, b->exe);
	assert_int_equal(a->cmdline_length, b->cmdline_length);
	assert_memory_equal(a->cmdline, b->cmdline, a->cmdline_length);
	assert_int_equal(a->login_uid, b->login_uid);
	assert_int_equal(a->login_known, b->login_known);
	assert_int_equal(a->session_type, b->session_type);
	assert_int_equal(a->parent_trust, b->parent_trust);
	assert_string_equal(a->parent_exe, b->parent_exe);
	assert_int_equal(a->has_checksum, b->has_checksum);
	assert_memory_equal(a->checksum, b->checksum, sizeof(a->checksum));
	assert_int_equal(a->evidence, b->evidence);
	assert_int_equal(a->outlived, b->outlived);
	assert_int_equal(a->script_evidence, b->script_evidence);
	assert_string_equal(a->known_as, b->known_as);
	assert_int_equal(a->exe_uid, b->exe_uid);
	assert_int_equal(a->exe_mode, b->exe_mode);
	assert_true(a->exe_device == b->exe_device);
	assert_true(a->exe_inode == b->exe_inode);
	assert_int_equal(a->main_pid, b->main_pid);
	assert_string_equal(a->cwd, b->cwd);
	assert_string_equal(a->script, "");
	assert_string_equal(a->parent_comm, b->parent_comm);
	assert_string_equal(a->main_exe, b->main_exe);
	assert_string_equal(a->forwards_to, b->forwards_to);
	assert_int_equal(a->forwards_kind, b->forwards_kind);
	assert_place_equal(&a->place, &b->place);
}

static void
test_round_trip(void **state)
{
	struct owner *owner = make_owner();
	char packet[LOOKUP_PACKET_MAX];
	struct lookup_client_packet answer;

	(void)state;
	assert_int_equal(lookup_client_parse(packet, make_packet(packet), &answer), 0);
	assert_int_equal(answer.id, 9);
	assert_false(answer.done);
	assert_int_equal(answer.inode_count, ARRAY_SIZE(inodes));
	assert_memory_equal(answer.inodes, inodes, sizeof(inodes));
	assert_int_equal(answer.owner->kind, OWNER_PROCESS);
	assert_int_equal(answer.owner->holders, 7);
	assert_true(answer.owner->unjudged);
	assert_true(answer.owner->thorough);
	assert_place_equal(&answer.owner->place, &owner->place);
	assert_int_equal(answer.owner->process_count, 2);
	for (uint32_t i = 0; i < 2; i++)
		assert_process_equal(answer.owner->processes[i], owner->processes[i]);
	owner_unref(answer.owner);
	owner_unref(owner);
}

static void
test_done(void **state)
{
	char packet[LOOKUP_PACKET_MAX];
	struct lookup_client_packet answer;
	size_t length = encode_done(packet, 3, LOOKUP_SAW_ALL, 0);

	(void)state;
	assert_int_equal(lookup_client_parse(packet, length, &answer), 0);
	assert_true(answer.done);
	assert_true(answer.saw_all);
	assert_int_equal(answer.id, 3);
	assert_int_equal(answer.inode_count, 0);
	assert_null(answer.owner);
	assert_int_equal(answer.cpu_usec, 0);
	length = encode_done(packet, 3, 0, 1234567);
	assert_int_equal(lookup_client_parse(packet, length, &answer), 0);
	assert_false(answer.saw_all);
	assert_int_equal(answer.cpu_usec, 1234500);
	length = encode_done(packet, 3, LOOKUP_SAW_ALL, UINT64_MAX);
	assert_int_equal(lookup_client_parse(packet, length, &answer), 0);
	assert_true(answer.saw_all);
	assert_int_equal(answer.cpu_usec, (uint64_t)LOOKUP_CPU_MAX * LOOKUP_CPU_UNIT_USEC);
	assert_false(answer.denied);
	length = encode_done(packet, 3, LOOKUP_DENIED, 0);
	assert_int_equal(lookup_client_parse(packet, length, &answer), 0);
	assert_true(answer.denied && !answer.saw_all);
	length = encode_done(packet, 3, 4, 0);
	assert_int_equal(lookup_client_parse(packet, length, &answer), -EPROTO);
}

/* Writes a number over the packet, parses a copy of exactly its size, and puts it back. */
static int
parse_changed(char *packet, size_t length, size_t at, uint32_t value)
{
	struct lookup_client_packet answer = { 0 };
	uint32_t before;
	char *copy = malloc(length);
	int r;

	assert_non_null(copy);
	memcpy(&before, packet + at, sizeof(before));
	memcpy(packet + at, &value, sizeof(value));
	memcpy(copy, packet, length);
	memcpy(packet + at, &before, sizeof(before));
	r = lookup_client_parse(copy, length, &answer);
	free(copy);
	if (r == 0)
		owner_unref(answer.owner);
	else
		assert_int_equal(r, -EPROTO);
	return r;
}

#define OWNER_AT(field) (sizeof(struct wire_header) + offsetof(struct wire_owner, field))
/* make_place()'s strings stand between the inodes and the first process. */
#define PLACE_BYTES                 \
	(strlen("user@1000.service" \
		"app.scope"         \
		"user-1000.slice"   \
		"3"                 \
		"4711abcdef"))
#define PROCESS_AT(field)                                                                        \
	(sizeof(struct wire_header) + sizeof(struct wire_owner) + sizeof(inodes) + PLACE_BYTES + \
	    offsetof(struct wire_process, field))

static void
test_refused(void **state)
{
	const struct {
		size_t at;
		uint32_t value;
	} changes[] = {
		{ offsetof(struct wire_header, version), LOOKUP_VERSION + 1 },
		{ offsetof(struct wire_header, type), 0 },
		{ offsetof(struct wire_header, type), LOOKUP_REQUEST },
		{ offsetof(struct wire_header, type), LOOKUP_DONE },
		{ offsetof(struct wire_header, length), 0 },
		{ offsetof(struct wire_header, length), UINT32_MAX },
		{ OWNER_AT(kind), OWNER_UNKNOWN },
		{ OWNER_AT(kind), OWNER_KERNEL },
		{ OWNER_AT(kind), 3 },
		{ OWNER_AT(reason), OWNER_REASON_NO_PROCESS },
		{ OWNER_AT(holders), 1 },
		{ OWNER_AT(holders), 2 }, /* all are described, and yet one is not */
		{ OWNER_AT(holders), LOOKUP_PID_MAX + 1 },
		{ OWNER_AT(flags), LOOKUP_OWNER_FLAGS }, /* of all, and of not all */
		{ OWNER_AT(flags), LOOKUP_OWNER_FLAGS + 1 },
		{ OWNER_AT(unsearched_uid), 1 }, /* and yet all were searched */
		{ OWNER_AT(place.container_kind), CONTAINER_NONE },
		{ OWNER_AT(place.container_kind), CONTAINER_KIND_COUNT },
		{ OWNER_AT(place.container_length), 0 },
		{ OWNER_AT(place.container_length), OWNER_CONTAINER_MAX },
		{ OWNER_AT(place.unit_length), OWNER_UNIT_MAX },
		{ OWNER_AT(place.slice_length), UINT32_MAX },
		{ OWNER_AT(inode_count), 0 },
		{ OWNER_AT(inode_count), 2 },
		{ OWNER_AT(inode_count), 4 },
		{ OWNER_AT(inode_count), LOOKUP_INODES_MAX + 1 },
		{ OWNER_AT(inode_count), UINT32_MAX },
		{ OWNER_AT(process_count), 0 },
		{ OWNER_AT(process_count), 1 },
		{ OWNER_AT(process_count), 3 },
		{ OWNER_AT(process_count), OWNER_PROCESSES_MAX + 1 },
		{ OWNER_AT(process_count), UINT32_MAX },
		{ PROCESS_AT(pid), 0 },
		{ PROCESS_AT(pid), 99 }, /* the other process */
		{ PROCESS_AT(pid), (uint32_t)-1 },
		{ PROCESS_AT(pid), LOOKUP_PID_MAX + 1 },
		{ PROCESS_AT(parent_pid), (uint32_t)-1 },
		{ PROCESS_AT(exe_trust), EXE_REPLACED }, /* and yet not deleted */
		{ PROCESS_AT(exe_trust), 3 },
		{ PROCESS_AT(flags), LOOKUP_EXE_DELETED }, /* and yet the same */
		{ PROCESS_AT(flags), LOOKUP_PROCESS_FLAGS + 1 },
		{ PROCESS_AT(flags), (OUTLIVED_ALL + 1U) << LOOKUP_OUTLIVED_SHIFT },
		{ PROCESS_AT(evidence), EVIDENCE_ALL + 1U },
		{ PROCESS_AT(evidence), 0 }, /* and yet the file's owner is told */
		{ PROCESS_AT(evidence), EVIDENCE_EXE_KNOWN | EVIDENCE_EXE_UPDATED },
		{ PROCESS_AT(evidence),
		    EVIDENCE_EXE_KNOWN | EVIDENCE_EXE_APPENDED }, /* of nothing */
		{ PROCESS_AT(script_evidence), SCRIPT_ALL + 1 },
		{ PROCESS_AT(known_as_length), OWNER_KNOWN_MAX },
		{ PROCESS_AT(known_as_length), UINT32_MAX },
		{ PROCESS_AT(checksum), 1 }, /* and yet there is none */
		{ PROCESS_AT(main_pid), (uint32_t)-1 },
		{ PROCESS_AT(main_pid), LOOKUP_PID_MAX + 1 },
		{ PROCESS_AT(main_exe_length), 1 },	   /* of no process */
		{ PROCESS_AT(login_uid), 1000 },	   /* and yet not known */
		{ PROCESS_AT(session_type), SESSION_TTY }, /* of no session */
		{ PROCESS_AT(session_type), SESSION_TYPE_COUNT },
		{ PROCESS_AT(parent_trust), EXE_SAME }, /* of no program */
		{ PROCESS_AT(parent_trust), EXE_REPLACED + 1 },
		{ PROCESS_AT(parent_exe_length), OWNER_PARENT_MAX },
		{ PROCESS_AT(parent_exe_length), UINT32_MAX },
		{ PROCESS_AT(forwards_kind), CONTAINER_DOCKER },
		{ PROCESS_AT(forwards_kind), CONTAINER_KIND_COUNT },
		{ PROCESS_AT(forwards_to_length), OWNER_CONTAINER_MAX },
		{ PROCESS_AT(cwd_length), OWNER_PATH_MAX },
		{ PROCESS_AT(parent_comm_length), OWNER_COMM_MAX },
		{ PROCESS_AT(group_count), OWNER_GROUPS_MAX + 1 },
		{ PROCESS_AT(comm_length), OWNER_COMM_MAX },
		{ PROCESS_AT(comm_length), 6 },
		{ PROCESS_AT(exe_length), OWNER_PATH_MAX },
		{ PROCESS_AT(exe_length), 0 },
		{ PROCESS_AT(cmdline_length), OWNER_CMDLINE_MAX + 1 },
		{ PROCESS_AT(cmdline_length), UINT32_MAX },
		{ PROCESS_AT(place.unit_length), OWNER_UNIT_MAX },
		{ PROCESS_AT(place.user_unit_length), OWNER_UNIT_MAX },
	};
	char packet[LOOKUP_PACKET_MAX];
	size_t length = make_packet(packet);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		if (parse_changed(packet, length, changes[i].at, changes[i].value) != -EPROTO)
			fail_msg("change %zu was let through", i);
	/* The packet itself is good still, and a harmless change too. */
	assert_int_equal(parse_changed(packet, length, OWNER_AT(holders), 3), 0);
	assert_int_equal(parse_changed(packet, length, PROCESS_AT(uid), 5), 0);
}

/* Only what the table of programs has can be what a file is a copy of. */
static void
test_known(void **state)
{
	static const char *const names[] = { "nc.openbsd", "python3.11", "nginx", "a\nb",
		"/bin/sh" };
	char packet[LOOKUP_PACKET_MAX];
	struct lookup_client_packet answer;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct owner *owner = make_owner();
		size_t length;
		int r;

		free(owner->processes[1]->known_as);
		owner->processes[1]->known_as = strdup(names[i]);
		length = encode_owner(packet, 9, owner, inodes, ARRAY_SIZE(inodes));
		owner_unref(owner);
		r = lookup_client_parse(packet, length, &answer);
		assert_int_equal(r, i < 2 ? 0 : -EPROTO);
		if (r == 0)
			owner_unref(answer.owner);
	}
}

static void
test_truncated(void **state)
{
	char packet[LOOKUP_PACKET_MAX];
	struct lookup_client_packet answer;
	size_t whole = make_packet(packet);

	(void)state;
	for (size_t length = 0; length < whole; length++) {
		char *copy = malloc(length + 1);
		uint32_t told = (uint32_t)length;

		assert_non_null(copy);
		memcpy(copy, packet, length);
		if (length >= sizeof(struct wire_header))
			memcpy(copy + offsetof(struct wire_header, length), &told, sizeof(told));
		assert_int_equal(lookup_client_parse(copy, length, &answer), -EPROTO);
		free(copy);
	}
}

/* Strings with a NUL inside, and a command line without one at its end. */
static void
test_strings(void **state)
{
	static const char *const needles[] = { "a)\n(b", "/usr/bin/prog", "prog.service",
		"system.slice", "/srv/", "/usr/sbin/main", "0123456789ab", "4711abcdef" };
	char packet[LOOKUP_PACKET_MAX];
	size_t length = make_packet(packet);
	struct lookup_client_packet answer;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(needles); i++) {
		char *found = memmem(packet, length, needles[i], strlen(needles[i]));
		char before;

		assert_non_null(found);
		before = found[1];
		found[1] = '\0';
		assert_int_equal(lookup_client_parse(packet, length, &answer), -EPROTO);
		found[1] = before;
	}
	((char *)memmem(packet, length, "[2J", 4))[3] = 'x';
	assert_int_equal(lookup_client_parse(packet, length, &answer), -EPROTO);
}

/* What overstay-lookup may say of a socket that no process holds. */
static void
test_nobody(void **state)
{
	static const struct {
		enum owner_kind kind;
		enum owner_reason reason;
		bool thorough;
		int wanted;
	} cases[] = {
		{ OWNER_KERNEL, OWNER_REASON_NONE, true, 0 },
		{ OWNER_KERNEL, OWNER_REASON_NONE, false, -EPROTO },
		{ OWNER_KERNEL, OWNER_REASON_NO_PROCESS, true, -EPROTO },
		{ OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS, true, 0 },
		{ OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS, false, -EPROTO },
		{ OWNER_UNKNOWN, OWNER_REASON_NO_PERMISSION, false, 0 },
		{ OWNER_UNKNOWN, OWNER_REASON_NO_PERMISSION, true, -EPROTO },
		{ OWNER_UNKNOWN, OWNER_REASON_NOT_FINISHED, false, 0 },
		{ OWNER_UNKNOWN, OWNER_REASON_NOT_FINISHED, true, -EPROTO },
		{ OWNER_UNKNOWN, OWNER_REASON_OTHER_PIDS, true, 0 },
		{ OWNER_UNKNOWN, OWNER_REASON_OTHER_PIDS, false, 0 },
		{ OWNER_UNKNOWN, OWNER_REASON_NOT_SEARCHED, false, 0 },
		{ OWNER_UNKNOWN, OWNER_REASON_NOT_SEARCHED, true, -EPROTO },
		{ OWNER_UNKNOWN, OWNER_REASON_TIMEOUT, true, -EPROTO },
		{ OWNER_UNKNOWN, OWNER_REASON_NONE, true, -EPROTO },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct owner *owner = owner_new(cases[i].kind, cases[i].reason, 0);
		char packet[LOOKUP_PACKET_MAX];
		struct lookup_client_packet answer = { 0 };
		size_t length;

		assert_non_null(owner);
		owner->thorough = cases[i].thorough;
		owner->unsearched = cases[i].reason == OWNER_REASON_NOT_SEARCHED;
		owner->unsearched_uid = owner->unsearched ? 65534 : 0;
		make_place(&owner->place, i % 2);
		length = encode_owner(packet, 9, owner, inodes, 1);
		assert_int_equal(lookup_client_parse(packet, length, &answer), cases[i].wanted);
		if (answer.owner != NULL) {
			assert_int_equal(answer.owner->thorough, cases[i].thorough);
			assert_int_equal(answer.owner->unsearched, owner->unsearched);
			assert_int_equal(answer.owner->unsearched_uid, owner->unsearched_uid);
			assert_place_equal(&answer.owner->place, &owner->place);
		}
		owner_unref(answer.owner);
		owner_unref(owner);
	}
}

/* The script of an interpreter, out of its arguments and its directory. */
static void
test_script(void **state)
{
	static const struct {
		const char *exe, *cwd, *script;
		const char *cmdline;
		size_t length;
	} cases[] = {
#define CMDLINE(text) text, sizeof(text)
		{ "/usr/bin/python3.11", "/srv", "/srv/app.py", CMDLINE("python3\0-u\0app.py") },
		{ "/usr/bin/python3.11", "/srv", "/opt/x.py", CMDLINE("python3\0/opt/x.py\0a") },
		{ "/usr/bin/python3.11", "", "", CMDLINE("python3\0app.py") },
		{ "/usr/bin/python3.11", "/srv", "", CMDLINE("python3\0-m\0http.server") },
		{ "/usr/bin/python3.11", "/srv", "", CMDLINE("python3\0-c\0print()") },
		{ "/usr/bin/bash", "/srv/d", "/srv/run", CMDLINE("bash\0../run") },
		{ "/usr/sbin/nginx", "/srv", "", CMDLINE("nginx\0conf") },
		{ "", "/srv", "", CMDLINE("python3\0app.py") },
#undef CMDLINE
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 1);
		struct process *process = owner->processes[0];
		char packet[LOOKUP_PACKET_MAX];
		struct lookup_client_packet answer = { 0 };
		size_t length;

		assert_non_null(owner);
		owner->holders = 1;
		process->pid = 4711;
		set(&process->exe, cases[i].exe);
		set(&process->cwd, cases[i].cwd);
		process->cmdline = malloc(cases[i].length);
		assert_non_null(process->cmdline);
		memcpy(process->cmdline, cases[i].cmdline, cases[i].length);
		process->cmdline_length = (uint32_t)cases[i].length;
		length = encode_owner(packet, 9, owner, inodes, 1);
		assert_int_equal(lookup_client_parse(packet, length, &answer), 0);
		assert_string_equal(answer.owner->processes[0]->script, cases[i].script);
		owner_unref(answer.owner);
		owner_unref(owner);
	}
}

/* The longest strings there are, of as many processes: three are whole, nothing overflows. */
static void
test_largest(void **state)
{
	struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, OWNER_PROCESSES_MAX);
	static char text[OWNER_PATH_MAX];
	static uint32_t many[LOOKUP_INODES_MAX];
	char packet[LOOKUP_PACKET_MAX];
	struct lookup_client_packet answer;
	size_t length;

	(void)state;
	assert_non_null(owner);
	memset(text, 'x', sizeof(text) - 1);
	owner->holders = OWNER_PROCESSES_MAX;
	set(&owner->place.unit, text + OWNER_PATH_MAX - OWNER_UNIT_MAX);
	set(&owner->place.user_unit, owner->place.unit);
	set(&owner->place.slice, owner->place.unit);
	for (uint32_t i = 0; i < OWNER_PROCESSES_MAX; i++) {
		struct process *process = owner->processes[i];
		process->pid = (int32_t)i + 1;
		process->main_pid = 1;
		process->group_count = OWNER_GROUPS_MAX;
		set(&process->comm, text + OWNER_PATH_MAX - OWNER_COMM_MAX);
		set(&process->parent_comm, process->comm);
		set(&process->exe, text);
		set(&process->cwd, text);
		set(&process->main_exe, text);
		set(&process->parent_exe, text + OWNER_PATH_MAX - OWNER_PARENT_MAX);
		process->parent_pid = 1;
		process->cmdline = calloc(1, OWNER_CMDLINE_MAX);
		assert_non_null(process->cmdline);
		process->cmdline_length = OWNER_CMDLINE_MAX;
		assert_int_equal(place_copy(&process->place, &owner->place), 0);
	}
	length = encode_owner(packet, 9, owner, many, LOOKUP_INODES_MAX);
	assert_int_equal(lookup_client_parse(packet, length, &answer), 0);
	assert_true(answer.owner->process_count >= 3);
	assert_true(answer.owner->process_count < OWNER_PROCESSES_MAX);
	assert_int_equal(answer.owner->holders, OWNER_PROCESSES_MAX);
	/* Somebody may have made them so long for that. */
	assert_true(answer.owner->unjudged);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(answer.owner->processes[i]->cmdline_length, OWNER_CMDLINE_MAX);
		assert_string_equal(answer.owner->processes[i]->main_exe, text);
	}
	owner_unref(answer.owner);
	owner_unref(owner);
}

/* The second process may not be older than the first. */
static void
test_order(void **state)
{
	struct owner *owner = make_owner();
	char packet[LOOKUP_PACKET_MAX];
	struct lookup_client_packet answer;
	size_t length;

	(void)state;
	owner->processes[1]->start_usec = owner->processes[0]->start_usec;
	length = encode_owner(packet, 9, owner, inodes, 1);
	assert_int_equal(lookup_client_parse(packet, length, &answer), 0);
	owner_unref(answer.owner);
	owner->processes[1]->start_usec--;
	length = encode_owner(packet, 9, owner, inodes, 1);
	assert_int_equal(lookup_client_parse(packet, length, &answer), -EPROTO);
	owner_unref(owner);
}

/* The fuzzer's inputs are packets of this version: what is good there passes, what is bad is
 * refused for what its name says. */
static void
test_inputs_of_the_fuzzer(void **state)
{
	static char packet[LOOKUP_PACKET_MAX + 1];
	static struct lookup_client_packet answer;
	const char *source = getenv("abs_top_srcdir");
	char directory_name[512], name[1024];
	unsigned good = 0, bad = 0;
	struct dirent *entry;
	DIR *directory;

	(void)state;
	(void)snprintf(directory_name, sizeof(directory_name), "%s/tests/fuzz/corpus/lookup",
	    source != NULL ? source : "../..");
	directory = opendir(directory_name);
	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		bool is_bad = strncmp(entry->d_name, "bad-", 4) == 0;
		FILE *file;
		size_t length;
		int r;

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", directory_name, entry->d_name);
		file = fopen(name, "r");
		assert_non_null(file);
		length = fread(packet, 1, sizeof(packet), file);
		(void)fclose(file);
		r = lookup_client_parse(packet, length, &answer);
		if (r != (is_bad ? -EPROTO : 0))
			fail_msg("%s: %d", entry->d_name, r);
		if (r == 0)
			(void)owner_unref(answer.owner);
		good += !is_bad;
		bad += is_bad;
	}
	(void)closedir(directory);
	assert_true(good > 0 && bad > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_done),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_inputs_of_the_fuzzer),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
