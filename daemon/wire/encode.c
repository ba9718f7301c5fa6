/* SPDX-License-Identifier: MIT */
/*
 * Packets as bytes. All is copied with memcpy(), so nothing depends on alignment.
 *
 * Invariant: what is written never passes LOOKUP_PACKET_MAX. A packet has room for 59 KiB
 * of processes behind the most inodes and the longest place, and one process takes 18 KiB
 * at most (four paths or command lines of 4 KiB, 1 KiB of place, 0.5 KiB of the rest), so
 * three fit however long their names are; sixteen fit where they are not made long on
 * purpose.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/encode.h"

static void
put(char *packet, size_t *at, const void *data, size_t length)
{
	if (length > 0)
		memcpy(packet + *at, data, length);
	*at += length;
}

static void
put_header(char *packet, enum wire_type type, uint32_t id, size_t length)
{
	struct wire_header header = {
		.version = LOOKUP_VERSION,
		.type = type,
		.id = id,
		.length = (uint32_t)length,
	};

	memcpy(packet, &header, sizeof(header));
}

static void
put_text(char *packet, size_t *at, const char *text)
{
	put(packet, at, text, strlen(text));
}

static struct wire_place
place_lengths(const struct place *place)
{
	return (struct wire_place){
		.container_kind = place->container_kind,
		.unit_length = (uint32_t)strlen(place->unit),
		.user_unit_length = (uint32_t)strlen(place->user_unit),
		.slice_length = (uint32_t)strlen(place->slice),
		.session_length = (uint32_t)strlen(place->session),
		.container_length = (uint32_t)strlen(place->container),
	};
}

/* How many bytes put_place() is going to write. */
static size_t
place_size(const struct wire_place *lengths)
{
	return (size_t)lengths->unit_length + lengths->user_unit_length + lengths->slice_length +
	    lengths->session_length + lengths->container_length;
}

static void
put_place(char *packet, size_t *at, const struct place *place)
{
	put_text(packet, at, place->unit);
	put_text(packet, at, place->user_unit);
	put_text(packet, at, place->slice);
	put_text(packet, at, place->session);
	put_text(packet, at, place->container);
}

/* The fixed part of a process: its numbers, and how long its strings are. */
static struct wire_process
process_numbers(const struct process *process)
{
	struct wire_process fixed = {
		.start_usec = process->start_usec,
		.exe_device = process->exe_device,
		.exe_inode = process->exe_inode,
		.pid = process->pid,
		.parent_pid = process->parent_pid,
		.main_pid = process->main_pid,
		.uid = process->uid,
		.gid = process->gid,
		.login_uid = process->login_uid,
		.exe_trust = process->exe_trust,
		.flags = (process->exe_deleted ? LOOKUP_EXE_DELETED : 0) |
		    (process->cmdline_cut ? LOOKUP_CMDLINE_CUT : 0) |
		    (process->has_checksum ? LOOKUP_HAS_CHECKSUM : 0) |
		    (uint32_t)process->outlived << LOOKUP_OUTLIVED_SHIFT,
		.evidence = process->evidence,
		.script_evidence = process->script_evidence,
		.exe_uid = process->exe_uid,
		.exe_mode = process->exe_mode,
		.forwards_kind = process->forwards_kind,
		.origin = process->origin,
		.group_count = process->group_count,
		.comm_length = (uint32_t)strlen(process->comm),
		.exe_length = (uint32_t)strlen(process->exe),
		.cmdline_length = process->cmdline_length,
		.cwd_length = (uint32_t)strlen(process->cwd),
		.known_as_length = (uint32_t)strlen(process->known_as),
		.parent_comm_length = (uint32_t)strlen(process->parent_comm),
		.main_exe_length = (uint32_t)strlen(process->main_exe),
		.forwards_to_length = (uint32_t)strlen(process->forwards_to),
		.place = place_lengths(&process->place),
	};

	_Static_assert(sizeof(fixed.checksum) == sizeof(process->checksum), "one kind of checksum");
	if (process->has_checksum)
		memcpy(fixed.checksum, process->checksum, sizeof(fixed.checksum));
	return fixed;
}

/*
 * Appends one process, without its command line where it does not fit else. False: no room.
 */
static bool
put_process(char *packet, size_t *at, const struct process *process)
{
	struct wire_process fixed = process_numbers(process);
	size_t groups = fixed.group_count * sizeof(process->groups[0]);
	size_t least = sizeof(fixed) + groups + fixed.comm_length + fixed.exe_length +
	    fixed.cwd_length + fixed.known_as_length + fixed.parent_comm_length +
	    fixed.main_exe_length + fixed.forwards_to_length + place_size(&fixed.place);

	if (*at + least > LOOKUP_PACKET_MAX)
		return false;
	if (*at + least + fixed.cmdline_length > LOOKUP_PACKET_MAX) {
		fixed.cmdline_length = 0;
		fixed.flags |= LOOKUP_CMDLINE_CUT;
	}
	put(packet, at, &fixed, sizeof(fixed));
	put(packet, at, process->groups, groups);
	put_text(packet, at, process->comm);
	put_text(packet, at, process->exe);
	put(packet, at, process->cmdline, fixed.cmdline_length);
	put_text(packet, at, process->cwd);
	put_text(packet, at, process->known_as);
	put_text(packet, at, process->parent_comm);
	put_text(packet, at, process->main_exe);
	put_text(packet, at, process->forwards_to);
	put_place(packet, at, &process->place);
	return true;
}

size_t
encode_owner(char *packet, uint32_t id, const struct owner *owner, const uint32_t *inodes,
    uint32_t inode_count)
{
	struct wire_owner fixed = {
		.kind = owner->kind,
		.reason = owner->reason,
		.flags = owner->thorough ? LOOKUP_SAW_EVERY : 0,
		.holders = owner->holders,
		.inode_count = inode_count,
		.place = place_lengths(&owner->place),
	};
	size_t at = sizeof(struct wire_header) + sizeof(fixed);

	put(packet, &at, inodes, inode_count * sizeof(inodes[0]));
	put_place(packet, &at, &owner->place);
	while (fixed.process_count < owner->process_count &&
	    put_process(packet, &at, &owner->processes[fixed.process_count]))
		fixed.process_count++;
	memcpy(packet + sizeof(struct wire_header), &fixed, sizeof(fixed));
	put_header(packet, LOOKUP_OWNER, id, at);
	return at;
}

size_t
encode_done(char *packet, uint32_t id, uint32_t flags)
{
	struct wire_done done = { .flags = flags };
	size_t at = sizeof(struct wire_header);

	put(packet, &at, &done, sizeof(done));
	put_header(packet, LOOKUP_DONE, id, at);
	return at;
}

static int
compare_questions(const void *a, const void *b)
{
	const struct wire_question *left = a, *right = b;

	return left->inode < right->inode ? -1 : left->inode > right->inode;
}

int
decode_request(const char *packet, size_t length, uint32_t *ret_id, struct wire_question *questions)
{
	struct wire_header header;
	struct wire_request request;
	const size_t fixed = sizeof(header) + sizeof(request);

	if (length < fixed)
		return -EPROTO;
	memcpy(&header, packet, sizeof(header));
	memcpy(&request, packet + sizeof(header), sizeof(request));
	if (header.version != LOOKUP_VERSION || header.type != LOOKUP_REQUEST ||
	    header.length != length || request.count == 0 || request.count > LOOKUP_INODES_MAX ||
	    length != fixed + request.count * sizeof(questions[0]))
		return -EPROTO;
	memcpy(questions, packet + fixed, request.count * sizeof(questions[0]));
	qsort(questions, request.count, sizeof(questions[0]), compare_questions);
	for (uint32_t i = 0; i < request.count; i++)
		if (questions[i].inode == 0 || questions[i].protocol >= LOOKUP_PROTOCOL_COUNT ||
		    (questions[i].flags & ~(uint32_t)LOOKUP_QUESTION_FLAGS) != 0)
			return -EPROTO;
	/* Sorted: equal ones are neighbours. */
	for (uint32_t i = 1; i < request.count; i++)
		if (questions[i].inode == questions[i - 1].inode)
			return -EPROTO;
	*ret_id = header.id;
	return (int)request.count;
}
