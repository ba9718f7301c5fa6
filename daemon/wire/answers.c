/* SPDX-License-Identifier: MIT */
/*
 * Takes an answer of overstay-lookup apart, front to back; no length is believed before it
 * is compared with what is left. Beyond the form it checks what can be checked: processes
 * in order of their start, none twice, no names with a NUL inside, a verified exe that is a
 * path, facts that exclude each other. No descriptor and no state, so that a fuzzer can
 * call it.
 *
 * The script of an interpreter is no part of the answer: it follows from the arguments, and
 * what is known of interpreters is model/program.h's.
 *
 * Cost: below 2 us a process: one allocation for the owner and one for each string that is
 * not empty.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/identity.h"
#include "wire/client.h"

struct packet_reader {
	const char *at;
	size_t left;
};

static int
take(struct packet_reader *reader, void *ret, size_t length)
{
	if (length > reader->left)
		return -EPROTO;
	memcpy(ret, reader->at, length);
	reader->at += length;
	reader->left -= length;
	return 0;
}

/* One string of the packet: where it goes, its length and the most it may have. */
struct string {
	char **string;
	uint32_t length, max;
	bool may_nul;
};

/* Takes the strings one after another; an empty one stays the shared "". */
static int
take_strings(struct packet_reader *reader, const struct string *strings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct string *string = &strings[i];
		char *copy;

		if (string->length > string->max || string->length > reader->left ||
		    (!string->may_nul && memchr(reader->at, '\0', string->length) != NULL))
			return -EPROTO;
		if (string->length == 0)
			continue;
		copy = malloc((size_t)string->length + 1);
		if (copy == NULL)
			return -ENOMEM;
		copy[string->length] = '\0';
		*string->string = copy;
		if (take(reader, copy, string->length) < 0)
			return -EPROTO;
	}
	return 0;
}

static int
take_place(struct packet_reader *reader, const struct wire_place *fixed, struct place *place)
{
	const struct string strings[] = {
		{ &place->unit, fixed->unit_length, OWNER_UNIT_MAX - 1, false },
		{ &place->user_unit, fixed->user_unit_length, OWNER_UNIT_MAX - 1, false },
		{ &place->slice, fixed->slice_length, OWNER_UNIT_MAX - 1, false },
		{ &place->session, fixed->session_length, OWNER_SESSION_MAX - 1, false },
		{ &place->container, fixed->container_length, OWNER_CONTAINER_MAX - 1, false },
	};

	if (fixed->container_kind >= CONTAINER_KIND_COUNT ||
	    (fixed->container_kind == CONTAINER_NONE) != (fixed->container_length == 0))
		return -EPROTO;
	place->container_kind = (enum container_kind)fixed->container_kind;
	return take_strings(reader, strings, ARRAY_SIZE(strings));
}

/* What is said of the program file fits together. */
static bool
exe_is_sane(const struct wire_process *fixed)
{
	bool deleted = (fixed->flags & LOOKUP_EXE_DELETED) != 0;
	bool known = (fixed->evidence & EVIDENCE_EXE_KNOWN) != 0;

	if (fixed->exe_trust > EXE_REPLACED)
		return false;
	/* A file under its path is not deleted; what was replaced is. */
	if ((fixed->exe_trust == EXE_SAME && deleted) ||
	    (fixed->exe_trust == EXE_REPLACED && !deleted))
		return false;
	if ((fixed->evidence & EVIDENCE_EXE_UPDATED) != 0 && !deleted)
		return false;
	if ((fixed->evidence & EVIDENCE_EXE_APPENDED) != 0 && fixed->known_as_length == 0)
		return false;
	return known ||
	    (fixed->exe_uid == 0 && fixed->exe_mode == 0 && fixed->exe_device == 0 &&
		fixed->exe_inode == 0);
}

static bool
checksum_is_sane(const struct wire_process *fixed)
{
	static const uint8_t none[OWNER_CHECKSUM_BYTES];

	return (fixed->flags & LOOKUP_HAS_CHECKSUM) != 0 ||
	    memcmp(fixed->checksum, none, sizeof(none)) == 0;
}

/* A type is that of a session; who logged in is known, or nobody did. */
static bool
session_is_sane(const struct wire_process *fixed)
{
	return fixed->session_type < SESSION_TYPE_COUNT &&
	    (fixed->session_type == SESSION_UNKNOWN || fixed->place.session_length > 0) &&
	    ((fixed->flags & LOOKUP_LOGIN_KNOWN) != 0 || fixed->login_uid == UINT32_MAX);
}

static bool
parent_is_sane(const struct wire_process *fixed)
{
	return fixed->parent_trust <= EXE_REPLACED &&
	    (fixed->parent_pid > 0 || fixed->parent_exe_length == 0);
}

/* What the flags may say beside enum wire_process_flags. */
#define ALL_OUTLIVED ((uint32_t)OUTLIVED_ALL << LOOKUP_OUTLIVED_SHIFT)

static bool
process_is_sane(const struct wire_process *fixed)
{
	return fixed->pid > 0 && fixed->pid <= LOOKUP_PID_MAX && fixed->parent_pid >= 0 &&
	    fixed->parent_pid <= LOOKUP_PID_MAX && fixed->main_pid >= 0 &&
	    fixed->main_pid <= LOOKUP_PID_MAX && fixed->group_count <= OWNER_GROUPS_MAX &&
	    (fixed->flags & ~(LOOKUP_PROCESS_FLAGS | ALL_OUTLIVED)) == 0 &&
	    (fixed->evidence & ~(uint32_t)EVIDENCE_ALL) == 0 &&
	    (fixed->script_evidence & ~(uint32_t)SCRIPT_ALL) == 0 &&
	    (fixed->main_pid > 0 || fixed->main_exe_length == 0) &&
	    fixed->forwards_kind < CONTAINER_KIND_COUNT && fixed->origin < ORIGIN_COUNT &&
	    session_is_sane(fixed) && parent_is_sane(fixed) &&
	    (fixed->forwards_kind == CONTAINER_NONE) == (fixed->forwards_to_length == 0) &&
	    exe_is_sane(fixed) && checksum_is_sane(fixed);
}

/* The strings, in the order of the packet. */
static int
take_process_strings(struct packet_reader *reader, const struct wire_process *fixed,
    struct process *process)
{
	const struct string strings[] = {
		{ &process->comm, fixed->comm_length, OWNER_COMM_MAX - 1, false },
		{ &process->exe, fixed->exe_length, OWNER_PATH_MAX - 1, false },
		{ &process->cmdline, fixed->cmdline_length, OWNER_CMDLINE_MAX, true },
		{ &process->cwd, fixed->cwd_length, OWNER_PATH_MAX - 1, false },
		{ &process->known_as, fixed->known_as_length, OWNER_KNOWN_MAX - 1, false },
		{ &process->parent_comm, fixed->parent_comm_length, OWNER_COMM_MAX - 1, false },
		{ &process->parent_exe, fixed->parent_exe_length, OWNER_PARENT_MAX - 1, false },
		{ &process->main_exe, fixed->main_exe_length, OWNER_PATH_MAX - 1, false },
		{ &process->forwards_to, fixed->forwards_to_length, OWNER_CONTAINER_MAX - 1,
		    false },
	};
	int r = take_strings(reader, strings, ARRAY_SIZE(strings));

	if (r < 0)
		return r;
	if (fixed->cmdline_length > 0 && process->cmdline[fixed->cmdline_length - 1] != '\0')
		return -EPROTO;
	process->cmdline_length = fixed->cmdline_length;
	/* Only what the table of programs has can be known. */
	if (process->known_as[0] != '\0' && program_find(process->known_as) == NULL)
		return -EPROTO;
	if ((process->exe_trust != EXE_UNVERIFIED && process->exe[0] != '/') ||
	    (process->parent_trust != EXE_UNVERIFIED && process->parent_exe[0] != '/'))
		return -EPROTO;
	return take_place(reader, &fixed->place, &process->place);
}

static void
set_numbers(const struct wire_process *fixed, struct process *process)
{
	process->start_usec = fixed->start_usec;
	process->exe_device = fixed->exe_device;
	process->exe_inode = fixed->exe_inode;
	process->pid = fixed->pid;
	process->parent_pid = fixed->parent_pid;
	process->main_pid = fixed->main_pid;
	process->uid = fixed->uid;
	process->gid = fixed->gid;
	process->login_uid = fixed->login_uid;
	process->login_known = (fixed->flags & LOOKUP_LOGIN_KNOWN) != 0;
	process->session_type = (enum session_type)fixed->session_type;
	process->parent_trust = (enum exe_trust)fixed->parent_trust;
	process->exe_trust = (enum exe_trust)fixed->exe_trust;
	process->exe_deleted = (fixed->flags & LOOKUP_EXE_DELETED) != 0;
	process->cmdline_cut = (fixed->flags & LOOKUP_CMDLINE_CUT) != 0;
	process->has_checksum = (fixed->flags & LOOKUP_HAS_CHECKSUM) != 0;
	process->outlived = (uint8_t)(fixed->flags >> LOOKUP_OUTLIVED_SHIFT);
	process->evidence = fixed->evidence;
	process->script_evidence = fixed->script_evidence;
	process->exe_uid = fixed->exe_uid;
	process->exe_mode = fixed->exe_mode;
	process->forwards_kind = (enum container_kind)fixed->forwards_kind;
	process->origin = (enum origin)fixed->origin;
	process->group_count = fixed->group_count;
	memcpy(process->checksum, fixed->checksum, sizeof(process->checksum));
}

/* Fills in what an interpreter or a wrapper runs, where that is a file. Returns 0 or -ENOMEM. */
static int
set_script(struct process *process)
{
	char path[OWNER_PATH_MAX];

	if (!identity_script_path(process, path, sizeof(path)))
		return 0;
	return owner_text_set(&process->script, path);
}

/* Parses one process into *process, which is initialised; what was allocated stays there. */
static int
take_process(struct packet_reader *reader, struct process *process)
{
	struct wire_process fixed;
	int r = take(reader, &fixed, sizeof(fixed));

	if (r < 0)
		return r;
	if (!process_is_sane(&fixed))
		return -EPROTO;
	set_numbers(&fixed, process);
	r = take(reader, process->groups, fixed.group_count * sizeof(process->groups[0]));
	if (r == 0)
		r = take_process_strings(reader, &fixed, process);
	return r < 0 ? r : set_script(process);
}

/* May an owner be unknown for this reason, by what overstay-lookup saw? */
static bool
reason_is_sane(uint32_t reason, bool thorough, bool unsearched)
{
	if (unsearched != (reason == OWNER_REASON_NOT_SEARCHED))
		return false;
	switch (reason) {
	case OWNER_REASON_NO_PROCESS:
	case OWNER_REASON_KERNEL_UNPROVED:
	case OWNER_REASON_IO_URING:
		return thorough;
	case OWNER_REASON_NO_PERMISSION:
	case OWNER_REASON_NOT_FINISHED:
	case OWNER_REASON_NOT_SEARCHED:
		return !thorough;
	case OWNER_REASON_OTHER_PIDS:
		return true;
	default:
		return false;
	}
}

static bool
owner_is_sane(const struct wire_owner *fixed)
{
	bool thorough = (fixed->flags & LOOKUP_SAW_EVERY) != 0;
	bool unsearched = (fixed->flags & LOOKUP_UNSEARCHED) != 0;
	bool unjudged = (fixed->flags & LOOKUP_UNJUDGED) != 0;
	bool none = fixed->process_count == 0 && fixed->holders == 0;

	if (fixed->inode_count == 0 || fixed->inode_count > LOOKUP_INODES_MAX ||
	    fixed->process_count > OWNER_PROCESSES_MAX || fixed->holders > LOOKUP_PID_MAX ||
	    (fixed->flags & ~(uint32_t)LOOKUP_OWNER_FLAGS) != 0 || (unsearched && thorough) ||
	    (!unsearched && fixed->unsearched_uid != 0) ||
	    (unjudged && fixed->holders <= fixed->process_count))
		return false;
	switch (fixed->kind) {
	case OWNER_PROCESS:
		return fixed->reason == OWNER_REASON_NONE && fixed->process_count > 0 &&
		    fixed->holders >= fixed->process_count;
	case OWNER_KERNEL:
		return fixed->reason == OWNER_REASON_NONE && none && thorough;
	case OWNER_UNKNOWN:
		return reason_is_sane(fixed->reason, thorough, unsearched) && none;
	default:
		return false;
	}
}

/* Is the process at index `at` new, and not older than the one before it? */
static bool
process_is_next(const struct owner *owner, uint32_t at)
{
	if (at > 0 && owner->processes[at]->start_usec < owner->processes[at - 1]->start_usec)
		return false;
	for (uint32_t i = 0; i < at; i++)
		if (owner->processes[i]->pid == owner->processes[at]->pid)
			return false;
	return true;
}

/* Parses the processes of the owner. Returns 0 or -errno. */
static int
take_processes(struct packet_reader *reader, struct owner *owner)
{
	for (uint32_t i = 0; i < owner->process_count; i++) {
		int r = take_process(reader, owner->processes[i]);

		if (r < 0)
			return r;
		if (!process_is_next(owner, i))
			return -EPROTO;
	}
	return 0;
}

static int
take_owner(struct packet_reader *reader, struct lookup_client_packet *ret)
{
	struct wire_owner fixed;
	struct owner *owner;
	int r = take(reader, &fixed, sizeof(fixed));

	if (r < 0)
		return r;
	if (!owner_is_sane(&fixed))
		return -EPROTO;
	r = take(reader, ret->inodes, fixed.inode_count * sizeof(ret->inodes[0]));
	if (r < 0)
		return r;
	owner = owner_new((enum owner_kind)fixed.kind, (enum owner_reason)fixed.reason,
	    fixed.process_count);
	if (owner == NULL)
		return -ENOMEM;
	owner->holders = fixed.holders;
	owner->thorough = (fixed.flags & LOOKUP_SAW_EVERY) != 0;
	owner->unsearched = (fixed.flags & LOOKUP_UNSEARCHED) != 0;
	owner->unsearched_uid = fixed.unsearched_uid;
	owner->unjudged = (fixed.flags & LOOKUP_UNJUDGED) != 0;
	r = take_place(reader, &fixed.place, &owner->place);
	if (r == 0)
		r = take_processes(reader, owner);
	if (r < 0) {
		owner_unref(owner);
		return r;
	}
	ret->owner = owner;
	ret->inode_count = fixed.inode_count;
	return 0;
}

/* One path that was asked for, and where it leads: absolute, without a NUL inside. */
static bool
take_link(struct packet_reader *reader, struct lookup_client_link *ret)
{
	struct wire_link fixed;
	bool unknown;

	if (take(reader, &fixed, sizeof(fixed)) < 0)
		return false;
	unknown = fixed.target_length == LOOKUP_TARGET_UNKNOWN;
	if (unknown)
		fixed.target_length = 0;
	if (fixed.path_length == 0 || fixed.path_length >= LINK_PATH_MAX ||
	    fixed.target_length >= LINK_PATH_MAX ||
	    fixed.path_length + fixed.target_length > reader->left)
		return false;
	*ret = (struct lookup_client_link){
		.path = reader->at,
		.target = unknown ? NULL : reader->at + fixed.path_length,
		.path_length = fixed.path_length,
		.target_length = fixed.target_length,
	};
	reader->at += fixed.path_length + fixed.target_length;
	reader->left -= fixed.path_length + fixed.target_length;
	return ret->path[0] == '/' && memchr(ret->path, '\0', fixed.path_length) == NULL &&
	    (fixed.target_length == 0 ||
		(ret->target[0] == '/' && memchr(ret->target, '\0', fixed.target_length) == NULL));
}

static int
take_links(struct packet_reader *reader, struct lookup_client_packet *ret)
{
	struct wire_links fixed;
	int r = take(reader, &fixed, sizeof(fixed));

	if (r < 0)
		return r;
	if (fixed.count == 0 || fixed.count > LINKS_MAX)
		return -EPROTO;
	for (uint32_t i = 0; i < fixed.count; i++)
		if (!take_link(reader, &ret->links[i]))
			return -EPROTO;
	ret->link_count = fixed.count;
	return 0;
}

static int
take_done(struct packet_reader *reader, struct lookup_client_packet *ret)
{
	struct wire_done fixed;
	int r = take(reader, &fixed, sizeof(fixed));

	if (r < 0)
		return r;
	if ((fixed.flags & ~(uint32_t)LOOKUP_DONE_FLAGS & ~(LOOKUP_CPU_MAX << LOOKUP_CPU_SHIFT)) !=
	    0)
		return -EPROTO;
	ret->done = true;
	ret->cpu_usec = (uint64_t)(fixed.flags >> LOOKUP_CPU_SHIFT) * LOOKUP_CPU_UNIT_USEC;
	ret->saw_all = (fixed.flags & LOOKUP_SAW_ALL) != 0;
	ret->denied = (fixed.flags & LOOKUP_DENIED) != 0;
	return 0;
}

int
lookup_client_parse(const char *packet, size_t length, struct lookup_client_packet *ret)
{
	struct packet_reader reader = { .at = packet, .left = length };
	struct wire_header header;
	int r = take(&reader, &header, sizeof(header));

	if (r < 0)
		return r;
	if (length > LOOKUP_PACKET_MAX || header.version != LOOKUP_VERSION ||
	    header.length != length)
		return -EPROTO;
	ret->id = header.id;
	ret->done = ret->saw_all = ret->denied = false;
	ret->cpu_usec = 0;
	ret->owner = NULL;
	ret->inode_count = ret->link_count = 0;
	if (header.type == LOOKUP_OWNER)
		r = take_owner(&reader, ret);
	else if (header.type == LOOKUP_DONE)
		r = take_done(&reader, ret);
	else if (header.type == LOOKUP_LINKS)
		r = take_links(&reader, ret);
	else
		r = -EPROTO;
	if (r == 0 && reader.left > 0) {
		ret->owner = owner_unref(ret->owner);
		r = -EPROTO;
	}
	return r;
}
