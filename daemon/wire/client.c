/* SPDX-License-Identifier: MIT */
/*
 * Asks overstay-lookup who holds sockets. The packets are those of wire/protocol.h.
 *
 * Invariants: every inode asked for is handed to the caller exactly once, whatever comes back
 * or does not; an owner that is handed over is whole and within the bounds of model/owner.h.
 *
 * Memory: 64 KiB for a packet and 12 KiB for the questions and one answer, as long as the
 * connection is open; pages that were never written are not there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/search.h"
#include "model/listener.h"
#include "wire/client.h"
#include "wire/connect.h"

struct open_question {
	uint32_t inode;
	bool answered;
};

struct lookup_client {
	int fd;
	pid_t pid;
	uint32_t id;					   /* of the last request */
	bool under_way;					   /* a request is */
	size_t count;					   /* questions of the request under way */
	size_t open;					   /* of those not answered */
	struct open_question questions[LOOKUP_INODES_MAX]; /* sorted by inode */
	struct lookup_client_packet answer;
	struct link_table paths;	    /* what the requests ask for, and what was answered */
	bool denied;			    /* for the last request permission lacked */
	bool links_open;		    /* of the request under way they are not answered */
	char packet[LOOKUP_PACKET_MAX + 1]; /* one more: a longer packet shows */
};

/*
 * Wraps a connected socket. Returns 0 or -ENOMEM; the descriptor is the caller's until
 * then.
 */
static int
new_owners(int fd, pid_t pid, struct lookup_client **ret)
{
	struct lookup_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return -ENOMEM;
	client->fd = fd;
	client->pid = pid;
	*ret = client;
	return 0;
}

int
lookup_client_open_path(const char *socket_path, struct lookup_client **ret)
{
	_close_ int fd = connect_path(socket_path);
	int r = fd < 0 ? fd : new_owners(fd, 0, ret);

	if (r == 0)
		(void)take_fd(&fd);
	return r;
}

int
lookup_client_spawn(const char *lookup_binary, struct lookup_client **ret)
{
	pid_t pid = 0;
	_close_ int fd = connect_spawn(lookup_binary, &pid);
	int r = fd < 0 ? fd : new_owners(fd, pid, ret);

	if (r == 0)
		(void)take_fd(&fd);
	return r;
}

struct lookup_client *
lookup_client_close(struct lookup_client *client)
{
	if (client != NULL) {
		(void)close(client->fd);
		link_table_clear(&client->paths);
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
 * Writes the questions sorted, each once, into sorted; of one that is put twice, all that is
 * wanted counts. Returns how many; 0: one has no inode.
 */
static size_t
sort_questions(const struct lookup_question *questions, size_t count, struct wire_question *sorted)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		sorted[i] = make_question(&questions[i]);
	qsort(sorted, count, sizeof(sorted[0]), compare_questions);
	if (sorted[0].inode == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (kept > 0 && sorted[i].inode == sorted[kept - 1].inode)
			sorted[kept - 1].flags |= sorted[i].flags;
		else
			sorted[kept++] = sorted[i];
	return kept;
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

int
lookup_client_ask(struct lookup_client *client, const struct lookup_question *questions,
    size_t count)
{
	struct wire_question sorted[LOOKUP_INODES_MAX];
	struct wire_header header = {
		.version = LOOKUP_VERSION,
		.type = LOOKUP_REQUEST,
		.id = client->id + 1,
	};
	struct wire_request request;
	size_t length = sizeof(header) + sizeof(request);
	ssize_t sent;

	if (client->under_way)
		return -EBUSY;
	if ((count == 0 && client->paths.count == 0) || count > LOOKUP_INODES_MAX)
		return -EINVAL;
	if (count > 0) {
		count = sort_questions(questions, count, sorted);
		if (count == 0)
			return -EINVAL;
	}
	request.count = (uint32_t)count;
	request.path_count = (uint32_t)client->paths.count;
	memcpy(client->packet + sizeof(header), &request, sizeof(request));
	memcpy(client->packet + length, sorted, count * sizeof(sorted[0]));
	length = put_paths(client, length + count * sizeof(sorted[0]));
	header.length = (uint32_t)length;
	memcpy(client->packet, &header, sizeof(header));
	sent = send(client->fd, client->packet, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0)
		return -errno;
	for (size_t i = 0; i < count; i++)
		client->questions[i] = (struct open_question){ .inode = sorted[i].inode };
	client->count = client->open = count;
	client->links_open = client->paths.count > 0;
	client->id++;
	client->under_way = true;
	return 0;
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
		if (!client->questions[i].answered && owner != NULL)
			function(client->questions[i].inode, owner, argument);
	owner_unref(owner);
	client->count = client->open = 0;
	client->under_way = false;
}

static int
compare_inode(const void *key, const void *element)
{
	uint32_t inode = *(const uint32_t *)key;
	uint32_t other = ((const struct open_question *)element)->inode;

	return inode < other ? -1 : inode > other;
}

static struct open_question *
find_question(struct lookup_client *client, uint32_t inode)
{
	return search_find(&inode, client->questions, client->count, sizeof(client->questions[0]),
	    compare_inode);
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
		struct open_question *question = find_question(client, answer->inodes[marked]);
		if (question == NULL || question->answered)
			break;
		question->answered = true;
	}
	if (marked == answer->inode_count) {
		client->open -= marked;
		return 0;
	}
	while (marked-- > 0)
		find_question(client, answer->inodes[marked])->answered = false;
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
	if (answer->id != client->id || !client->under_way)
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
