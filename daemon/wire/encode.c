/* SPDX-License-Identifier: MIT */
/*
 * Packets as bytes. All is copied with memcpy(), so nothing depends on alignment.
 *
 * Invariant: what is written never passes LOOKUP_PACKET_MAX. A packet has room for 59 KiB
 * of processes behind the most inodes and the longest place, and one process takes 19 KiB
 * at most (four paths or command lines of 4 KiB, one of 1 KiB, 1 KiB of place, 0.7 KiB of the
 * rest), so
 * three fit however long their names are; sixteen fit where they are not made long on
 * purpose.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/link.h"
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
		    (process->login_known ? LOOKUP_LOGIN_KNOWN : 0) |
		    (uint32_t)process->outlived << LOOKUP_OUTLIVED_SHIFT,
		.evidence = process->evidence,
		.script_evidence = process->script_evidence,
		.exe_uid = process->exe_uid,
		.exe_mode = process->exe_mode,
		.forwards_kind = process->forwards_kind,
		.origin = process->origin,
		.session_type = process->session_type,
		.parent_trust = process->parent_trust,
		.group_count = process->group_count,
		.comm_length = (uint32_t)strlen(process->comm),
		.exe_length = (uint32_t)strlen(process->exe),
		.cmdline_length = process->cmdline_length,
		.cwd_length = (uint32_t)strlen(process->cwd),
		.known_as_length = (uint32_t)strlen(process->known_as),
		.parent_comm_length = (uint32_t)strlen(process->parent_comm),
		.parent_exe_length = (uint32_t)strlen(process->parent_exe),
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
	    fixed.parent_exe_length + fixed.main_exe_length + fixed.forwards_to_length +
	    place_size(&fixed.place);

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
	put_text(packet, at, process->parent_exe);
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
		.flags = (owner->thorough ? LOOKUP_SAW_EVERY : 0) |
		    (owner->unsearched ? LOOKUP_UNSEARCHED : 0) |
		    (owner->unjudged ? LOOKUP_UNJUDGED : 0),
		.holders = owner->holders,
		.inode_count = inode_count,
		.unsearched_uid = owner->unsearched_uid,
		.place = place_lengths(&owner->place),
	};
	size_t at = sizeof(struct wire_header) + sizeof(fixed);

	put(packet, &at, inodes, inode_count * sizeof(inodes[0]));
	put_place(packet, &at, &owner->place);
	while (fixed.process_count < owner->process_count &&
	    put_process(packet, &at, owner->processes[fixed.process_count]))
		fixed.process_count++;
	if (fixed.process_count < owner->process_count)
		fixed.flags |= LOOKUP_UNJUDGED;
	memcpy(packet + sizeof(struct wire_header), &fixed, sizeof(fixed));
	put_header(packet, LOOKUP_OWNER, id, at);
	return at;
}

size_t
encode_done(char *packet, uint32_t id, uint32_t flags, uint64_t cpu_usec)
{
	uint64_t units = cpu_usec / LOOKUP_CPU_UNIT_USEC;
	uint32_t cpu = units < LOOKUP_CPU_MAX ? (uint32_t)units : LOOKUP_CPU_MAX;
	struct wire_done done = { .flags = flags | cpu << LOOKUP_CPU_SHIFT };
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

/* The sequence of paths in a request's tail: lengths that fit, absolute, no NUL inside. */
static bool
paths_are_sane(const char *at, size_t left, uint32_t count)
{
	size_t sum = 0;

	if (count > LINKS_MAX)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t length;

		if (left < sizeof(length))
			return false;
		memcpy(&length, at, sizeof(length));
		at += sizeof(length);
		left -= sizeof(length);
		if (length == 0 || length > left || length >= LINK_PATH_MAX || at[0] != '/' ||
		    memchr(at, '\0', length) != NULL)
			return false;
		at += length;
		left -= length;
		sum += length;
	}
	return left == 0 && sum <= LINKS_BYTES_MAX;
}

const char *
paths_next(struct wire_paths *paths, size_t *ret_length)
{
	const char *path = paths->at + sizeof(uint32_t);
	uint32_t length;

	if (paths->count == 0)
		return NULL;
	memcpy(&length, paths->at, sizeof(length));
	paths->count--;
	paths->at = path + length;
	*ret_length = length;
	return path;
}

void
encode_links_begin(struct links_packet *links, char *packet, struct wire_paths paths)
{
	size_t length;

	*links = (struct links_packet){
		.packet = packet,
		.used = sizeof(struct wire_header) + sizeof(struct wire_links),
	};
	while (paths_next(&paths, &length) != NULL)
		links->left += sizeof(struct wire_link) + length;
}

void
encode_link(struct links_packet *links, const char *path, size_t length, const char *target)
{
	size_t target_length = target == NULL ? 0 : strlen(target);
	bool fits = links->used + links->left + target_length <= LOOKUP_PACKET_MAX;
	struct wire_link fixed = {
		.path_length = (uint32_t)length,
		.target_length =
		    fits && target != NULL ? (uint32_t)target_length : LOOKUP_TARGET_UNKNOWN,
	};

	put(links->packet, &links->used, &fixed, sizeof(fixed));
	put(links->packet, &links->used, path, length);
	put(links->packet, &links->used, target, fits ? target_length : 0);
	links->left -= sizeof(fixed) + length;
	links->count++;
}

size_t
encode_links_end(struct links_packet *links, uint32_t id)
{
	struct wire_links fixed = { .count = links->count };

	memcpy(links->packet + sizeof(struct wire_header), &fixed, sizeof(fixed));
	put_header(links->packet, LOOKUP_LINKS, id, links->used);
	return links->used;
}

/* Sorts the questions by inode. Returns false where one cannot be. */
static bool
questions_are_sane(struct wire_question *questions, size_t count)
{
	if (count > 1)
		qsort(questions, count, sizeof(questions[0]), compare_questions);
	for (size_t i = 0; i < count; i++)
		if (questions[i].inode == 0 || questions[i].protocol >= LOOKUP_PROTOCOL_COUNT ||
		    (questions[i].flags & ~(uint32_t)LOOKUP_QUESTION_FLAGS) != 0)
			return false;
	/* Sorted: equal ones are neighbours. */
	for (size_t i = 1; i < count; i++)
		if (questions[i].inode == questions[i - 1].inode)
			return false;
	return true;
}

/* Is this the first packet of a request, or the next one of what has begun? */
static bool
packet_is_next(const struct request *request, const struct wire_header *header,
    const struct wire_request *fixed)
{
	/* Each is as full as can be, so there are not many. */
	if (fixed->count > LOOKUP_INODES_MAX ||
	    (fixed->left > 0 && (fixed->count < LOOKUP_INODES_MAX || fixed->path_count > 0)))
		return false;
	if (request->count == 0)
		return fixed->left <= LOOKUP_QUESTIONS_MAX - fixed->count &&
		    (fixed->count > 0 || fixed->path_count > 0);
	return header->id == request->id && fixed->count <= request->left &&
	    fixed->left == request->left - fixed->count;
}

int
request_take(struct request *request, const char *packet, size_t length)
{
	struct wire_header header;
	struct wire_request fixed;
	const size_t head = sizeof(header) + sizeof(fixed);
	size_t bytes;
	int r;

	if (length < head)
		return -EPROTO;
	memcpy(&header, packet, sizeof(header));
	memcpy(&fixed, packet + sizeof(header), sizeof(fixed));
	if (header.version != LOOKUP_VERSION || header.type != LOOKUP_REQUEST ||
	    header.length != length || !packet_is_next(request, &header, &fixed))
		return -EPROTO;
	bytes = fixed.count * sizeof(request->questions[0]);
	if (length - head < bytes ||
	    !paths_are_sane(packet + head + bytes, length - head - bytes, fixed.path_count))
		return -EPROTO;
	r = array_reserve(&request->questions, &request->room, request->count + fixed.count,
	    LOOKUP_QUESTIONS_MAX);
	if (r < 0)
		return r;
	if (bytes > 0)
		memcpy(request->questions + request->count, packet + head, bytes);
	request->count += fixed.count;
	request->id = header.id;
	request->left = fixed.left;
	request->paths = (struct wire_paths){
		.at = packet + head + bytes,
		.count = fixed.path_count,
	};
	if (fixed.left > 0)
		return 1;
	return questions_are_sane(request->questions, request->count) ? 0 : -EPROTO;
}

void
request_clear(struct request *request)
{
	free(request->questions);
	*request = (struct request){ 0 };
}
