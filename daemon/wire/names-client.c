/* SPDX-License-Identifier: MIT */
/*
 * Asks overstay-names for users and groups. The other end runs modules of the name services, so its
 * answers are taken as hostile: what makes no sense, or answers what was not asked, ends the
 * connection.
 *
 * A question may stay without an answer for ever. names_client_give_up() takes its place back; an
 * answer that comes after that is passed over, once.
 *
 * Invariant: a question is answered at most once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wire/connect.h"
#include "wire/names-client.h"

/* Questions that were given up and may be answered yet; an older one's answer is none. */
#define STALE_MAX 64

struct open_name {
	uint32_t number; /* 0 = an empty place */
	enum names_key key;
};

struct names_client {
	int fd;
	uint32_t number;
	struct open_name open[NAMES_OPEN_MAX];
	struct open_name stale[STALE_MAX]; /* a ring */
	size_t next_stale;
};

int
names_client_open(const struct names_options *options, struct names_client **ret)
{
	_free_ struct names_client *client = calloc(1, sizeof(*client));
	pid_t pid;

	if (client == NULL)
		return -ENOMEM;
	client->fd = options->socket != NULL ? connect_path(options->socket) :
					       connect_spawn(options->program, &pid);
	if (client->fd < 0)
		return client->fd;
	*ret = take_ptr(client);
	return 0;
}

struct names_client *
names_client_close(struct names_client *client)
{
	if (client == NULL)
		return NULL;
	(void)close(client->fd);
	free(client);
	return NULL;
}

int
names_client_fd(const struct names_client *client)
{
	return client->fd;
}

static struct open_name *
find_open(struct open_name *places, size_t count, uint32_t number)
{
	for (size_t i = 0; i < count; i++)
		if (places[i].number == number)
			return &places[i];
	return NULL;
}

int
names_client_ask(struct names_client *client, const struct names_question *question,
    uint32_t *ret_number)
{
	struct open_name *place = find_open(client->open, ARRAY_SIZE(client->open), 0);
	uint32_t number = client->number + 1 == 0 ? 1 : client->number + 1;
	char packet[NAMES_PACKET_MAX];

	if (place == NULL)
		return -EAGAIN;
	if (send(client->fd, packet, names_encode_question(packet, number, question),
		MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	client->number = number;
	*place = (struct open_name){ .number = number, .key = question->key };
	*ret_number = number;
	return 0;
}

/* Whether a question of that kind can have that answer. */
static bool
fits(enum names_key key, const struct names_answer *answer)
{
	if (answer->status != NAMES_FOUND)
		return true;
	return (key != NAMES_BY_NAME) == (answer->name[0] != '\0');
}

int
names_client_step(struct names_client *client, uint32_t *ret_number, struct names_answer *ret)
{
	char packet[NAMES_PACKET_MAX + 1]; /* one more: a longer packet shows */
	ssize_t length = recv(client->fd, packet, sizeof(packet), MSG_DONTWAIT);
	struct open_name *place, *stale;
	uint32_t number;
	int r;

	if (length < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (length == 0)
		return -EPIPE;
	r = names_decode_answer(packet, (size_t)length, &number, ret);
	if (r < 0)
		return r;
	if (number == 0)
		return -EPROTO;
	place = find_open(client->open, ARRAY_SIZE(client->open), number);
	stale = find_open(client->stale, ARRAY_SIZE(client->stale), number);
	if (place == NULL && stale == NULL)
		return -EPROTO;
	if (!fits(place != NULL ? place->key : stale->key, ret))
		return -EPROTO;
	*(place != NULL ? place : stale) = (struct open_name){ 0 };
	*ret_number = number;
	return place != NULL ? 0 : -EAGAIN;
}

void
names_client_give_up(struct names_client *client)
{
	for (size_t i = 0; i < ARRAY_SIZE(client->open); i++) {
		if (client->open[i].number == 0)
			continue;
		client->stale[client->next_stale] = client->open[i];
		client->next_stale = (client->next_stale + 1) % STALE_MAX;
		client->open[i] = (struct open_name){ 0 };
	}
}
