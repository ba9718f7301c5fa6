/* SPDX-License-Identifier: MIT */
/*
 * Asks overstay-lookup who holds sockets. The packets are those of wire/protocol.h.
 *
 * Invariants: every inode asked for is handed to the caller exactly once, whatever comes back
 * or does not; an owner that is handed over is whole and within the bounds of model/owner.h.
 *
 * Memory: 64 KiB for a packet and 4 KiB for one answer, as long as the connection is open, and 25
 * bytes for each question of the largest request; pages that were never written are not there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/array.h"
#include "base/search.h"
#include "model/listener.h"
#include "wire/client.h"
#include "wire/connect.h"

struct lookup_client {
	int fd;
	pid_t pid;
	uint32_t id;			 /* of the last request */
	bool under_way;			 /* a request is */
	size_t count;			 /* questions of the request under way */
	size_t sent;			 /* of those the other end was given */
	size_t open;			 /* of those not answered */
	struct wire_question *questions; /* sorted by inode */
	bool *answered;			 /* of each question */
	size_t question_room, answered_room;
	struct lookup_client_packet answer;
	struct link_table paths;	    /* what the requests ask for, and what was answered */
	bool denied;			    /* for the last request permission lacked */
	bool links_open;		    /* of the request under way they are not answered */
	char packet[LOOKUP_PACKET_MAX + 1]; /* one more: a longer packet shows */
};

/* Takes over a connected socket. Returns 0 or the -errno that there is in its place. */
static int
take_connection(struct lookup_client *client, int fd, struct lookup_client **ret)
{
	if (fd < 0) {
		free(client);
		return fd;
	}
	client->fd = fd;
	*ret = client;
	return 0;
}

int
lookup_client_open_path(const char *socket_path, struct lookup_client **ret)
{
	struct lookup_client *client = calloc(1, sizeof(*client));

	return client == NULL ? -ENOMEM : take_connection(client, connect_path(socket_path), ret);
}

/* What there is no memory for is not started: nobody would wait for it to end. */
int
lookup_client_spawn(const char *lookup_binary, struct lookup_client **ret)
{
	struct lookup_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return -ENOMEM;
	return take_connection(client, connect_spawn(lookup_binary, &client->pid), ret);
}

struct lookup_client *
lookup_client_close(struct lookup_client *client)
{
	if (client != NULL) {
		(void)close(client->fd);
		link_table_clear(&client->paths);
		free(client->questions);
		free(client->answered);
		free(client);
	}
	return NULL;
}

int
lookup_client_fd(const struct lookup_client *client)
{
	return client->fd;
}

pid_t
lookup_client_pid(const struct lookup_client *client)
{
	return client->pid;
}

static int
compare_questions(const void *a, const void *b)
{
	const struct wire_question *left = a, *right = b;

	return left->inode < right->inode ? -1 : left->inode > right->inode;
}

/* A question as it is sent. Another protocol than these two has no listeners. */
static struct wire_question
make_question(const struct lookup_question *question)
{
	return (struct wire_question){
		.cgroup = question->cgroup,
		.inode = question->inode,
		.uid = question->uid,
		.protocol = question->endpoint.protocol == PROTOCOL_UDP ? LOOKUP_UDP : LOOKUP_TCP,
		.port = question->endpoint.port,
		.flags = (question->thorough ? LOOKUP_THOROUGH : 0) |
		    (question->checksum ? LOOKUP_CHECKSUM : 0),
	};
}

/*
 * Notes the questions sorted, each once; of one that is put twice, all that is wanted counts.
 * Returns 0; -EINVAL: one has no inode; -ENOMEM.
 */
static int
note_questions(struct lookup_client *client, const struct lookup_question *questions, size_t count)
{
	struct wire_question *sorted;
	size_t kept = 0;
	int r =
	    array_reserve(&client->questions, &client->question_room, count, LOOKUP_QUESTIONS_MAX);

	if (r == 0)
		r = array_reserve(&client->answered, &client->answered_room, count,
		    LOOKUP_QUESTIONS_MAX);
	if (r < 0)
		return r;
	sorted = client->questions;
	for (size_t i = 0; i < count; i++)
		sorted[i] = make_question(&questions[i]);
	if (count > 1)
		qsort(sorted, count, sizeof(sorted[0]), compare_questions);
	if (count > 0 && sorted[0].inode == 0)
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		if (kept > 0 && sorted[i].inode == sorted[kept - 1].inode)
			sorted[kept - 1].flags |= sorted[i].flags;
		else
			sorted[kept++] = sorted[i];
	for (size_t i = 0; i < kept; i++)
		client->answered[i] = false;
	client->count = client->open = kept;
	return 0;
}

int
lookup_client_set_paths(struct lookup_client *client, const struct link_table *paths)
{
	int r = 0;

	link_table_clear(&client->paths);
	for (size_t i = 0; paths != NULL && i < paths->count && r == 0; i++)
		r = link_table_add(&client->paths, paths->links[i].path,
		    strlen(paths->links[i].path));
	return r;
}

uint64_t
lookup_client_cpu_usec(const struct lookup_client *client)
{
	return client->answer.cpu_usec;
}

const struct link_table *
lookup_client_links(const struct lookup_client *client)
{
	return &client->paths;
}

bool
lookup_client_was_denied(const struct lookup_client *client)
{
	return client->denied;
}

/* Puts the paths behind the questions of a request. Returns how long it is then. */
static size_t
put_paths(struct lookup_client *client, size_t at)
{
	for (size_t i = 0; i < client->paths.count; i++) {
		const char *path = client->paths.links[i].path;
		uint32_t length = (uint32_t)strlen(path);

		memcpy(client->packet + at, &length, sizeof(length));
		memcpy(client->packet + at + sizeof(length), path, length);
		at += sizeof(length) + length;
	}
	return at;
}

/* Writes the next packet of the request. Returns how many questions it has. */
static size_t
put_packet(struct lookup_client *client, size_t *ret_length)
{
	size_t left = client->count - client->sent;
	size_t count = left < LOOKUP_INODES_MAX ? left : LOOKUP_INODES_MAX;
	bool last = count == left;
	struct wire_header header = {
		.version = LOOKUP_VERSION,
		.type = LOOKUP_REQUEST,
		.id = client->id,
	};
	struct wire_request request = {
		.count = (uint32_t)count,
		.left = (uint32_t)(left - count),
		.path_count = last ? (uint32_t)client->paths.count : 0,
	};
	size_t length = sizeof(header) + sizeof(request);

	memcpy(client->packet + sizeof(header), &request, sizeof(request));
	if (count > 0)
		memcpy(client->packet + length, client->questions + client->sent,
		    count * sizeof(client->questions[0]));
	length += count * sizeof(client->questions[0]);
	if (last)
		length = put_paths(client, length);
	header.length = (uint32_t)length;
	memcpy(client->packet, &header, sizeof(header));
	*ret_length = length;
	return count;
}

int
lookup_client_ask_on(struct lookup_client *client)
{
	do {
		size_t length, count = put_packet(client, &length);

		if (send(client->fd, client->packet, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return errno == EAGAIN && client->sent > 0 ? 1 : -errno;
		client->sent += count;
	} while (client->sent < client->count);
	return 0;
}

int
lookup_client_ask(struct lookup_client *client, const struct lookup_question *questions,
    size_t count)
{
	int r;

	if (client->under_way)
		return -EBUSY;
	if ((count == 0 && client->paths.count == 0) || count > LOOKUP_QUESTIONS_MAX)
		return -EINVAL;
	r = note_questions(client, questions, count);
	client->id++;
	client->sent = 0;
	if (r == 0)
		r = lookup_client_ask_on(client);
	if (r < 0) {
		client->count = client->open = 0;
		return r;
	}
	client->links_open = client->paths.count > 0;
	client->under_way = true;
	return r;
}

enum owner_reason
lookup_client_reason(int r)
{
	return r == -ETIMEDOUT ? OWNER_REASON_TIMEOUT :
	    r == -EPROTO       ? OWNER_REASON_BAD_ANSWER :
				 OWNER_REASON_NO_LOOKUP;
}

void
lookup_client_give_up(struct lookup_client *client, enum owner_reason reason, uint64_t now_usec,
    lookup_client_function *function, void *argument)
{
	struct owner *owner = owner_new(OWNER_UNKNOWN, reason, 0);

	/*
	 * Without memory there is none to hand over; the caller takes that for "not asked".
	 */
	if (owner != NULL)
		owner->observed_usec = now_usec;
	for (size_t i = 0; i < client->count; i++)
		if (!client->answered[i] && owner != NULL)
			function(client->questions[i].inode, owner, argument);
	owner_unref(owner);
	client->count = client->open = 0;
	client->under_way = false;
}

static int
compare_inode(const void *key, const void *element)
{
	uint32_t inode = *(const uint32_t *)key;
	uint32_t other = ((const struct wire_question *)element)->inode;

	return inode < other ? -1 : inode > other;
}

/* Whether the question about the inode was answered; NULL = there is none. */
static bool *
find_answered(struct lookup_client *client, uint32_t inode)
{
	const struct wire_question *found = search_find(&inode, client->questions, client->count,
	    sizeof(client->questions[0]), compare_inode);

	return found == NULL ? NULL : &client->answered[found - client->questions];
}

/*
 * Marks what the packet answers. Nothing is handed over before all of it is known to be
 * asked for. On -EPROTO the marks are as they were.
 */
static int
mark_answered(struct lookup_client *client, const struct lookup_client_packet *answer)
{
	uint32_t marked = 0;

	for (; marked < answer->inode_count; marked++) {
		bool *answered = find_answered(client, answer->inodes[marked]);
		if (answered == NULL || *answered)
			break;
		*answered = true;
	}
	if (marked == answer->inode_count) {
		client->open -= marked;
		return 0;
	}
	while (marked-- > 0)
		*find_answered(client, answer->inodes[marked]) = false;
	return -EPROTO;
}

/* Notes where the paths lead: each that was asked for, once, and no other. Returns 0 or -errno. */
static int
take_links(struct lookup_client *client, const struct lookup_client_packet *answer)
{
	if (!client->links_open || answer->link_count != client->paths.count)
		return -EPROTO;
	for (uint32_t i = 0; i < answer->link_count; i++) {
		const struct lookup_client_link *found = &answer->links[i];
		struct link *link =
		    link_table_find(&client->paths, found->path, found->path_length);
		int r;

		/* They are sorted and stand in the order in which they were asked for. */
		if (link != &client->paths.links[i])
			return -EPROTO;
		r = link_set_target(link, found->target, found->target_length);
		if (r < 0)
			return r;
	}
	client->links_open = false;
	return 0;
}

/* Takes one packet. Returns 1, 0 where it was the last one, or -errno. */
static int
take_packet(struct lookup_client *client, size_t length, uint64_t now_usec,
    lookup_client_function *function, void *argument)
{
	struct lookup_client_packet *answer = &client->answer;
	int r = lookup_client_parse(client->packet, length, answer);

	if (r < 0)
		return r;
	/* Nothing is answered before all is asked. */
	if (answer->id != client->id || !client->under_way || client->sent < client->count)
		r = -EPROTO;
	else if (answer->done) {
		client->denied = answer->denied;
		r = client->open == 0 && !client->links_open ? 0 : -EPROTO;
	} else if (answer->link_count > 0) {
		r = take_links(client, answer);
		return r < 0 ? r : 1;
	} else
		r = mark_answered(client, answer) < 0 ? -EPROTO : 1;
	if (r > 0) {
		answer->owner->observed_usec = now_usec;
		for (uint32_t i = 0; i < answer->inode_count; i++)
			function(answer->inodes[i], answer->owner, argument);
	}
	answer->owner = owner_unref(answer->owner);
	return r;
}

int
lookup_client_step(struct lookup_client *client, uint64_t now_usec,
    lookup_client_function *function, void *argument)
{
	ssize_t length = recv(client->fd, client->packet, sizeof(client->packet), MSG_DONTWAIT);
	int r;

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (length <= 0)
		r = length < 0 ? -errno : -EPIPE;
	else
		r = take_packet(client, (size_t)length, now_usec, function, argument);
	if (r < 0)
		lookup_client_give_up(client, lookup_client_reason(r), now_usec, function,
		    argument);
	else if (r == 0) {
		client->count = 0;
		client->under_way = false;
	}
	return r;
}
