/* SPDX-License-Identifier: MIT */
/*
 * Waits for the answers of overstay-names, each time with a bound. When one does not come, nothing
 * is asked for a while: a name service that hangs delays one alert now and then, not every one.
 *
 * What it never does: start overstay-names a second time. By hand that would take privileges that
 * are gone.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "wire/names-link.h"
#include "wire/names-round.h"

struct names_link {
	struct names_options options;
	struct names_client *client; /* NULL = not connected */
	uint64_t pause_until_usec;   /* CLOCK_MONOTONIC */
};

struct names_link *
names_link_new(const struct names_options *options)
{
	struct names_link *link = calloc(1, sizeof(*link));
	int r;

	if (link == NULL)
		return NULL;
	link->options = *options;
	r = names_client_open(options, &link->client);
	if (r < 0)
		log_debug("names", "no overstay-names: %s", strerror(-r));
	return r == -ENOMEM ? names_link_free(link) : link;
}

struct names_link *
names_link_free(struct names_link *link)
{
	if (link != NULL)
		(void)names_client_close(link->client);
	free(link);
	return NULL;
}

struct names_client *
names_link_to_client(struct names_link *link)
{
	struct names_client *client = link == NULL ? NULL : take_ptr(link->client);

	(void)names_link_free(link);
	return client;
}

/* Connects anew, if that is possible. */
static int
connect_link(struct names_link *link)
{
	if (clock_monotonic_usec() < link->pause_until_usec)
		return -EAGAIN;
	if (link->client != NULL)
		return 0;
	if (link->options.socket == NULL)
		return -EPIPE;
	return names_client_open(&link->options, &link->client);
}

/* Nobody answers: asks nothing for a while. A connection that only hangs is kept. */
static int
fail(struct names_link *link, int r)
{
	link->pause_until_usec = clock_monotonic_usec() + NAMES_LINK_PAUSE_USEC;
	if (r == -ETIMEDOUT)
		names_client_give_up(link->client);
	else
		link->client = names_client_close(link->client);
	return r;
}

/* Waits until something can be read. Returns 0, -ETIMEDOUT. */
static int
wait_readable(const struct names_link *link, uint64_t until_usec)
{
	struct pollfd poll_fd = { .fd = names_client_fd(link->client), .events = POLLIN };
	uint64_t now_usec = clock_monotonic_usec();

	if (now_usec >= until_usec)
		return -ETIMEDOUT;
	(void)poll(&poll_fd, 1, (int)((until_usec - now_usec) / USEC_PER_MSEC + 1));
	return 0;
}

/* Puts one question and waits for its answer. Returns 0; -ENOENT = there is no such; -errno. */
static int
ask(struct names_link *link, const struct names_question *question, uint64_t until_usec,
    char ret[NAMED_MAX + 1])
{
	struct names_answer answer;
	uint32_t number, answered = 0;
	int r = link == NULL ? -EPIPE : connect_link(link);

	if (r < 0)
		return r;
	r = names_client_ask(link->client, question, &number);
	/* What a list has left open is answered here, too: then it is passed over. */
	while (r == 0 && answered != number) {
		r = names_client_step(link->client, &answered, &answer);
		if (r == -EAGAIN)
			r = wait_readable(link, until_usec);
	}
	if (r < 0)
		return fail(link, r);
	if (answer.status != NAMES_FOUND)
		return answer.status == NAMES_ABSENT ? -ENOENT : -EIO;
	memcpy(ret, answer.name, sizeof(answer.name));
	return 0;
}

int
names_link_user(uint32_t uid, char ret[NAMED_MAX + 1], void *argument)
{
	const struct names_question question = { .key = NAMES_BY_ID, .id = uid };

	return ask(argument, &question, clock_monotonic_usec() + NAMES_LINK_WAIT_USEC, ret);
}

void
names_link_registered(struct names_link *link, struct unheld_socket *sockets, size_t count)
{
	uint64_t until_usec = clock_monotonic_usec() + NAMES_LINK_WAIT_USEC;
	char name[NAMED_MAX + 1];

	for (size_t i = 0; i < count; i++) {
		const struct names_question question = {
			.key = NAMES_BY_PORT,
			.id = names_port(&sockets[i].endpoint),
		};

		/* May some kernel thread have it? Only lookup/ sees threads. */
		if (sockets[i].claim == KERNEL_CLAIM_UNPROVED && sockets[i].uid == 0 &&
		    ask(link, &question, until_usec, name) == 0)
			sockets[i].claim = KERNEL_CLAIM_PROVED;
	}
}

int
names_link_resolve(struct names_link *link, struct named_list *list, uint64_t wait_usec)
{
	uint64_t until_usec = clock_monotonic_usec() + wait_usec;
	struct names_round round;
	int r = connect_link(link);

	if (r < 0)
		return r;
	names_round_begin(&round, list);
	r = names_round_step(&round, link->client);
	while (r > 0) {
		r = wait_readable(link, until_usec);
		if (r == 0)
			r = names_round_step(&round, link->client);
	}
	names_round_end(&round, link->client);
	return r < 0 ? fail(link, r) : 0;
}
