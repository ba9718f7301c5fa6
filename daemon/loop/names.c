/* SPDX-License-Identifier: MIT */
/*
 * Asks overstay-names for the users and groups that the rules name: at a reload, every hour, and
 * sooner while some are not known, since a directory service may come after the daemon. When an
 * answer is another than before, everything is judged anew.
 *
 * What it never does: wait; forget what was known because nobody answers; start overstay-names by
 * itself, which is systemd's (by hand it is started before the privileges are gone).
 *
 * Cost: a wake-up an hour, none without names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "loop/names.h"
#include "wire/names-round.h"

/* A round takes no longer; what has not come then is asked for later. */
#define ROUND_TIMEOUT_USEC (5 * USEC_PER_SEC)

#define AGAIN_USEC USEC_PER_HOUR

/* Pauses before that, while some names are not known. */
static const uint64_t first_pauses_usec[] = {
	10 * USEC_PER_SEC,
	30 * USEC_PER_SEC,
	USEC_PER_MIN,
	5 * USEC_PER_MIN,
};

struct names {
	const struct ground *ground;
	struct names_options options;
	struct names_client *client; /* NULL = not connected */
	struct event *readable;
	struct event *timer;	  /* the round has taken too long; or time for the next one */
	struct names_round round; /* its list is NULL while none is under way */
	loop_function *function;  /* who waits for it, NULL = nobody: it is of what is in force */
	void *argument;
	size_t pauses; /* of the first ones, that were made */
};

static void on_readable(evutil_socket_t fd, short what, void *argument);

static void
disconnect(struct names *names)
{
	loop_drop(&names->readable);
	names->client = names_client_close(names->client);
}

static int
connect_names(struct names *names)
{
	int r = 0;

	if (names->client == NULL && names->options.socket == NULL)
		return -EPIPE;
	if (names->client == NULL)
		r = names_client_open(&names->options, &names->client);
	if (r == 0 && names->readable == NULL)
		r = loop_add_descriptor(names->ground->loop, names_client_fd(names->client),
		    on_readable, names, &names->readable);
	if (r < 0)
		disconnect(names);
	return r;
}

/* When the names of what is in force are asked for again. */
static void
plan(struct names *names)
{
	const struct named_list *list = settings_names(names->ground->settings);
	uint64_t pause_usec = AGAIN_USEC;

	if (named_list_count(list, NAMED_KNOWN) < list->count &&
	    names->pauses < ARRAY_SIZE(first_pauses_usec))
		pause_usec = first_pauses_usec[names->pauses++];
	loop_arm(names->timer, list->count == 0 ? USEC_NEVER : pause_usec);
}

static void
report(const struct names *names, enum severity severity, const char *text)
{
	outlet_put(names->ground->outlet,
	    report_new(NOTICE_DIAGNOSTIC, severity, FACTS(fact_text(FACT_DIAGNOSTIC, text))));
}

void
names_report(const struct names *names)
{
	const struct named_list *list = settings_names(names->ground->settings);
	char text[CONFIG_NAMES_TEXT_MAX];

	if (config_names_text(list, NAMED_ABSENT, text, sizeof(text)))
		report(names, SEVERITY_INFO, text);
	if (config_names_text(list, NAMED_UNASKED, text, sizeof(text)))
		report(names, SEVERITY_WARNING, text);
}

/* Answers are others than before. */
static void
take_in(struct names *names)
{
	const struct named_list *list = settings_names(names->ground->settings);
	char text[CONFIG_NAMES_TEXT_MAX];

	if (named_list_count(list, NAMED_KNOWN) < list->count)
		names_report(names);
	else if (config_names_text(list, NAMED_KNOWN, text, sizeof(text)))
		report(names, SEVERITY_INFO, text);
	settings_names_changed(names->ground->settings);
}

/* The round is over: all answers are in, it took too long, or the connection ended. */
static void
end_round(struct names *names, int r)
{
	loop_function *function = names->function;
	size_t changed = names->round.changed;

	if (r < 0) {
		log_debug("names", "not all names are answered: %s", strerror(-r));
		if (r != -ETIMEDOUT)
			disconnect(names);
	}
	names_round_end(&names->round, names->client);
	names->function = NULL;
	if (function != NULL)
		function(names->argument);
	else if (changed > 0)
		take_in(names);
	plan(names);
}

static void
proceed(struct names *names)
{
	int r = names_round_step(&names->round, names->client);

	if (r <= 0)
		end_round(names, r);
}

static void
begin_round(struct names *names, struct named_list *list)
{
	int r;

	names_round_begin(&names->round, list);
	loop_arm(names->timer, ROUND_TIMEOUT_USEC);
	r = connect_names(names);
	if (r < 0)
		end_round(names, r);
	else
		proceed(names);
}

static void
on_readable(evutil_socket_t fd, short what, void *argument)
{
	struct names *names = argument;
	uint64_t begun_usec = clock_monotonic_usec();
	struct names_answer answer;
	uint32_t number;

	(void)fd;
	(void)what;
	if (names->round.list != NULL)
		proceed(names);
	else {
		/* Only what comes too late, or the end. */
		int r = names_client_step(names->client, &number, &answer);

		if (r < 0 && r != -EAGAIN)
			disconnect(names);
	}
	loop_note_hold(names->ground->loop, begun_usec);
}

static void
on_timer(evutil_socket_t fd, short what, void *argument)
{
	struct names *names = argument;

	(void)fd;
	(void)what;
	if (names->round.list != NULL)
		end_round(names, -ETIMEDOUT);
	else
		begin_round(names, settings_names(names->ground->settings));
}

void
names_ask(struct names *names, struct named_list *list, loop_function *function, void *argument)
{
	if (names->round.list != NULL)
		end_round(names, -ETIMEDOUT);
	names->pauses = 0;
	if (list->count == 0) {
		function(argument);
		plan(names);
		return;
	}
	names->function = function;
	names->argument = argument;
	begin_round(names, list);
}

static void
on_ready(void *argument)
{
	struct names *names = argument;

	names_report(names);
	plan(names);
}

static int
start(struct names *names)
{
	const struct ground *ground = names->ground;
	int r = loop_add_timer(ground->loop, on_timer, names, &names->timer);

	if (r == 0)
		r = loop_subscribe(ground->loop, LOOP_READY, on_ready, names);
	if (r == 0 && names->client != NULL)
		r = connect_names(names);
	return r;
}

int
names_new(const struct ground *ground, const struct names_options *options,
    struct names_client *client, struct names **ret)
{
	struct names *names = calloc(1, sizeof(*names));
	int r;

	if (names == NULL) {
		(void)names_client_close(client);
		return -ENOMEM;
	}
	*names = (struct names){ .ground = ground, .options = *options, .client = client };
	r = start(names);
	if (r < 0)
		(void)names_free(names);
	else
		*ret = names;
	return r;
}

struct names *
names_free(struct names *names)
{
	if (names == NULL)
		return NULL;
	disconnect(names);
	loop_drop(&names->timer);
	free(names);
	return NULL;
}
