/* SPDX-License-Identifier: MIT */
/*
 * Takes an answer of overstay-lookup apart, front to back; no length is believed before it
 * is compared with what is left. Beyond the form it checks what can be checked: processes
 * in order of their start, none twice, no names with a NUL inside, a verified exe that is a
 * path. No descriptor and no state, so that a fuzzer can call it.
 *
 * Cost: below 1 us a process: one allocation for the owner and five a process.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/owners.h"

struct reader {
	const char *at;
	size_t left;
};

static int
take(struct reader *reader, void *ret, size_t length)
{
	if (length > reader->left)
		return -EPROTO;
	memcpy(ret, reader->at, length);
	reader->at += length;
	reader->left -= length;
	return 0;
}

/*
 * Takes length bytes as a string of at most max bytes; NULs are let through only if
 * may_nul.
 */
static int
take_string(struct reader *reader, uint32_t length, uint32_t max, bool may_nul, char **ret)
{
	_free_ char *string = NULL;

	if (length > max || length > reader->left ||
	    (!may_nul && memchr(reader->at, '\0', length) != NULL))
		return -EPROTO;
	string = malloc((size_t)length + 1);
	if (string == NULL)
		return -ENOMEM;
	string[length] = '\0';
	*ret = string;
	return take(reader, take_ptr(string), length);
}

static bool
process_is_sane(const struct lookup_process *fixed)
{
	bool deleted = (fixed->flags & LOOKUP_EXE_DELETED) != 0;

	return fixed->pid > 0 && fixed->pid <= LOOKUP_PID_MAX && fixed->parent_pid >= 0 &&
	    fixed->parent_pid <= LOOKUP_PID_MAX && fixed->group_count <= OWNER_GROUPS_MAX &&
	    (fixed->flags & ~(uint32_t)LOOKUP_PROCESS_FLAGS) == 0 &&
	    fixed->exe_trust <= EXE_REPLACED &&
	    /* A file under its path is not deleted; what was replaced is. */
	    !(fixed->exe_trust == EXE_SAME && deleted) &&
	    !(fixed->exe_trust == EXE_REPLACED && !deleted);
}

/* The strings, in the order of the packet. */
static int
take_strings(struct reader *reader, const struct lookup_process *fixed,
    struct process *process)
{
	const struct {
		char **string;
		uint32_t length, max;
		bool may_nul;
	} strings[] = {
		{ &process->comm, fixed->comm_length, OWNER_COMM_MAX - 1, false },
		{ &process->exe, fixed->exe_length, OWNER_PATH_MAX - 1, false },
		{ &process->cmdline, fixed->cmdline_length, OWNER_CMDLINE_MAX, true },
		{ &process->place.unit, fixed->unit_length, OWNER_UNIT_MAX - 1, false },
		{ &process->place.user_unit, fixed->user_unit_length, OWNER_UNIT_MAX - 1, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		int r = take_string(reader, strings[i].length, strings[i].max,
		    strings[i].may_nul, strings[i].string);
		if (r < 0)
			return r;
	}
	if (process->cmdline_length > 0 &&
	    process->cmdline[process->cmdline_length - 1] != '\0')
		return -EPROTO;
	return process->exe_trust == EXE_UNVERIFIED || process->exe[0] == '/' ? 0 : -EPROTO;
}

/* Parses one process into *process, which is all zero; what was allocated stays there. */
static int
take_process(struct reader *reader, struct process *process)
{
	struct lookup_process fixed;
	int r = take(reader, &fixed, sizeof(fixed));

	if (r < 0)
		return r;
	if (!process_is_sane(&fixed))
		return -EPROTO;
	process->start_usec = fixed.start_usec;
	process->pid = fixed.pid;
	process->parent_pid = fixed.parent_pid;
	process->uid = fixed.uid;
	process->gid = fixed.gid;
	process->exe_trust = (enum exe_trust)fixed.exe_trust;
	process->exe_deleted = (fixed.flags & LOOKUP_EXE_DELETED) != 0;
	process->cmdline_cut = (fixed.flags & LOOKUP_CMDLINE_CUT) != 0;
	process->group_count = fixed.group_count;
	process->cmdline_length = fixed.cmdline_length;
	r = take(reader, process->groups, fixed.group_count * sizeof(process->groups[0]));
	return r < 0 ? r : take_strings(reader, &fixed, process);
}

static bool
owner_is_sane(const struct lookup_owner *fixed)
{
	if (fixed->inode_count == 0 || fixed->inode_count > LOOKUP_INODES_MAX ||
	    fixed->process_count > OWNER_PROCESSES_MAX || fixed->holders > LOOKUP_PID_MAX)
		return false;
	switch (fixed->kind) {
	case OWNER_PROCESS:
		return fixed->reason == OWNER_REASON_NONE && fixed->process_count > 0 &&
		    fixed->holders >= fixed->process_count;
	case OWNER_KERNEL:
		return fixed->reason == OWNER_REASON_NONE && fixed->process_count == 0 &&
		    fixed->holders == 0;
	case OWNER_UNKNOWN:
		return (fixed->reason == OWNER_REASON_NO_PERMISSION ||
		    fixed->reason == OWNER_REASON_NO_PROCESS) &&
		    fixed->process_count == 0 && fixed->holders == 0;
	default:
		return false;
	}
}

/* Is the process at index `at` new, and not older than the one before it? */
static bool
process_is_next(const struct owner *owner, uint32_t at)
{
	if (at > 0 && owner->processes[at].start_usec < owner->processes[at - 1].start_usec)
		return false;
	for (uint32_t i = 0; i < at; i++)
		if (owner->processes[i].pid == owner->processes[at].pid)
			return false;
	return true;
}

static int
take_owner(struct reader *reader, struct owners_answer *ret)
{
	struct lookup_owner fixed;
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
	for (uint32_t i = 0; i < fixed.process_count && r == 0; i++) {
		r = take_process(reader, &owner->processes[i]);
		if (r == 0 && !process_is_next(owner, i))
			r = -EPROTO;
	}
	if (r < 0) {
		owner_unref(owner);
		return r;
	}
	ret->owner = owner;
	ret->inode_count = fixed.inode_count;
	return 0;
}

static int
take_done(struct reader *reader, struct owners_answer *ret)
{
	struct lookup_done fixed;
	int r = take(reader, &fixed, sizeof(fixed));

	if (r < 0)
		return r;
	if ((fixed.flags & ~(uint32_t)LOOKUP_DONE_FLAGS) != 0)
		return -EPROTO;
	ret->done = true;
	ret->saw_all = (fixed.flags & LOOKUP_SAW_ALL) != 0;
	return 0;
}

int
owners_parse(const char *packet, size_t length, struct owners_answer *ret)
{
	struct reader reader = { .at = packet, .left = length };
	struct lookup_header header;
	int r = take(&reader, &header, sizeof(header));

	if (r < 0)
		return r;
	if (length > LOOKUP_PACKET_MAX || header.version != LOOKUP_VERSION ||
	    header.length != length)
		return -EPROTO;
	ret->id = header.id;
	ret->done = ret->saw_all = false;
	ret->owner = NULL;
	ret->inode_count = 0;
	if (header.type == LOOKUP_OWNER)
		r = take_owner(&reader, ret);
	else if (header.type == LOOKUP_DONE)
		r = take_done(&reader, ret);
	else
		r = -EPROTO;
	if (r == 0 && reader.left > 0) {
		ret->owner = owner_unref(ret->owner);
		r = -EPROTO;
	}
	return r;
}
