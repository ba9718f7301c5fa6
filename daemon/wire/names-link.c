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
#include <string.h>

#include "base/clock.h"
#include "wire/names-link.h"
#include "wire/names-round.h"

int
names_link_open(struct names_link *link, const struct names_options *options)
{
	*link = (struct names_link){ .options = *options };
	return names_client_open(options, &link->client);
}

void
names_link_close(struct names_link *link)
{
	link->client = names_client_close(link->client);
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

int
names_link_user(struct names_link *link, uint32_t uid, char ret[NAMED_MAX + 1])
{
	const struct names_question question = { .key = NAMES_BY_ID, .id = uid };
	uint64_t until_usec = clock_monotonic_usec() + NAMES_LINK_WAIT_USEC;
	struct names_answer answer;
	uint32_t number, answered = 0;
	int r = connect_link(link);

	if (r < 0)
		return r;
	r = names_client_ask(link->client, &question, &number);
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
