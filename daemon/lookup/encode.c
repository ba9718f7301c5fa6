/* SPDX-License-Identifier: MIT */
/*
 * Packets as bytes. All is copied with memcpy(), so nothing depends on alignment.
 *
 * Invariant: what is written never passes LOOKUP_PACKET_MAX. A packet has room for 60 KiB
 * of processes behind the most inodes, and one process takes 9 KiB at most, so six fit
 * however long their names are; sixteen fit where they are not made long on purpose.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/encode.h"

static void
put(char *packet, size_t *at, const void *data, size_t length)
{
	if (length > 0)
		memcpy(packet + *at, data, length);
	*at += length;
}

static void
put_header(char *packet, enum lookup_type type, uint32_t id, size_t length)
{
	struct lookup_header header = {
		.version = LOOKUP_VERSION, .type = type, .id = id,
		.length = (uint32_t)length,
	};

	memcpy(packet, &header, sizeof(header));
}

/*
 * Appends one process, without its command line where it does not fit else. False: no room.
 */
static bool
put_process(char *packet, size_t *at, const struct process *process)
{
	struct lookup_process fixed = {
		.start_usec = process->start_usec,
		.pid = process->pid,
		.parent_pid = process->parent_pid,
		.uid = process->uid,
		.gid = process->gid,
		.exe_trust = process->exe_trust,
		.flags = (process->exe_deleted ? LOOKUP_EXE_DELETED : 0) |
		    (process->cmdline_cut ? LOOKUP_CMDLINE_CUT : 0),
		.group_count = process->group_count,
		.comm_length = (uint32_t)strlen(process->comm),
		.exe_length = (uint32_t)strlen(process->exe),
		.cmdline_length = process->cmdline_length,
		.unit_length = (uint32_t)strlen(process->place.unit),
		.user_unit_length = (uint32_t)strlen(process->place.user_unit),
	};
	size_t groups = fixed.group_count * sizeof(process->groups[0]);
	size_t least = sizeof(fixed) + groups + fixed.comm_length + fixed.exe_length +
	    fixed.unit_length + fixed.user_unit_length;

	if (*at + least > LOOKUP_PACKET_MAX)
		return false;
	if (*at + least + fixed.cmdline_length > LOOKUP_PACKET_MAX) {
		fixed.cmdline_length = 0;
		fixed.flags |= LOOKUP_CMDLINE_CUT;
	}
	put(packet, at, &fixed, sizeof(fixed));
	put(packet, at, process->groups, groups);
	put(packet, at, process->comm, fixed.comm_length);
	put(packet, at, process->exe, fixed.exe_length);
	put(packet, at, process->cmdline, fixed.cmdline_length);
	put(packet, at, process->place.unit, fixed.unit_length);
	put(packet, at, process->place.user_unit, fixed.user_unit_length);
	return true;
}

size_t
encode_owner(char *packet, uint32_t id, const struct owner *owner, const uint32_t *inodes,
    uint32_t inode_count)
{
	struct lookup_owner fixed = {
		.kind = owner->kind,
		.reason = owner->reason,
		.holders = owner->holders,
		.inode_count = inode_count,
	};
	size_t at = sizeof(struct lookup_header) + sizeof(fixed);

	put(packet, &at, inodes, inode_count * sizeof(inodes[0]));
	while (fixed.process_count < owner->process_count &&
	    put_process(packet, &at, &owner->processes[fixed.process_count]))
		fixed.process_count++;
	memcpy(packet + sizeof(struct lookup_header), &fixed, sizeof(fixed));
	put_header(packet, LOOKUP_OWNER, id, at);
	return at;
}

size_t
encode_done(char *packet, uint32_t id, uint32_t flags)
{
	struct lookup_done done = { .flags = flags };
	size_t at = sizeof(struct lookup_header);

	put(packet, &at, &done, sizeof(done));
	put_header(packet, LOOKUP_DONE, id, at);
	return at;
}

static int
compare_questions(const void *a, const void *b)
{
	const struct lookup_question *left = a, *right = b;

	return left->inode < right->inode ? -1 : left->inode > right->inode;
}

int
decode_request(const char *packet, size_t length, uint32_t *ret_id,
    struct lookup_question *questions)
{
	struct lookup_header header;
	struct lookup_request request;
	const size_t fixed = sizeof(header) + sizeof(request);

	if (length < fixed)
		return -EPROTO;
	memcpy(&header, packet, sizeof(header));
	memcpy(&request, packet + sizeof(header), sizeof(request));
	if (header.version != LOOKUP_VERSION || header.type != LOOKUP_REQUEST ||
	    header.length != length || request.count == 0 ||
	    request.count > LOOKUP_INODES_MAX ||
	    length != fixed + request.count * sizeof(questions[0]))
		return -EPROTO;
	memcpy(questions, packet + fixed, request.count * sizeof(questions[0]));
	qsort(questions, request.count, sizeof(questions[0]), compare_questions);
	/* Sorted: a zero is the first, and equal ones are neighbours. */
	if (questions[0].inode == 0)
		return -EPROTO;
	for (uint32_t i = 1; i < request.count; i++)
		if (questions[i].inode == questions[i - 1].inode)
			return -EPROTO;
	*ret_id = header.id;
	return (int)request.count;
}
