/* SPDX-License-Identifier: MIT */
/*
 * Asks overstay-lookup who holds the sockets that are new or about to be told of. One request is
 * under way at a time and names as many sockets as there are: they share one walk of /proc there.
 *
 * What it never does: wait. A look-up that does not answer in time, or dies, leaves owners unknown
 * for that reason; the daemon is `degraded`, tries again ever more seldom, and asks anew for what
 * it missed when the look-up is back.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/daemon.h"

/* A walk over 200,000 descriptors takes a second. */
#define ANSWER_TIMEOUT_USEC (10 * USEC_PER_SEC)

#define RETRY_FIRST_USEC USEC_PER_SEC
#define RETRY_LAST_USEC	 (5 * USEC_PER_MIN)

static void on_readable(evutil_socket_t fd, short what, void *argument);

static void
drop_answers(struct attribution *attribution)
{
	for (size_t i = 0; i < attribution->answer_count; i++)
		(void)owner_unref(attribution->answers[i].owner);
	attribution->answer_count = 0;
}

static void
disconnect(struct attribution *attribution)
{
	if (attribution->readable != NULL)
		event_free(attribution->readable);
	attribution->readable = NULL;
	attribution->owners = owners_close(attribution->owners);
	attribution->asked = 0;
}

/* Where the cause is found: the unit, or by hand the program. */
static void
describe_place(const struct daemon_options *options, bool connected, char *buffer, size_t size)
{
	if (options->lookup_socket == NULL)
		(void)snprintf(buffer, size, "its program: %s", options->lookup_program);
	else
		(void)snprintf(buffer, size, "see: systemctl status overstay-lookup.%s",
		    connected ? "service" : "socket");
}

/*
 * The look-up is away: says so and where the cause is found, and plans the next try. Under systemd
 * each try starts overstay-lookup.service, which is not restarted in between: this is what paces
 * the starts of one that cannot run.
 */
static void
fail(struct daemon *daemon, enum owner_reason reason, int r)
{
	struct attribution *attribution = &daemon->attribution;
	uint64_t now_usec = clock_boottime_usec();
	uint64_t pause_usec = RETRY_FIRST_USEC;
	char place[PATH_MAX + sizeof("its program: ")];

	describe_place(daemon->options, attribution->owners != NULL, place, sizeof(place));
	for (unsigned i = 0; i < attribution->failures && pause_usec < RETRY_LAST_USEC; i++)
		pause_usec *= 2;
	if (pause_usec > RETRY_LAST_USEC)
		pause_usec = RETRY_LAST_USEC;
	attribution->failures++;
	drop_answers(attribution);
	disconnect(attribution);
	engine_owner_failed(daemon->engine, reason, now_usec);
	condition_set(daemon, CONDITION_LOOKUP, true,
	    "%s (%s): owners are unknown and rules that name them do not match; %s",
	    owner_reason_text(reason), strerror(-r), place);
	daemon_arm(attribution->timeout, pause_usec);
}

static int
connect_lookup(struct daemon *daemon)
{
	const struct daemon_options *options = daemon->options;
	struct attribution *attribution = &daemon->attribution;
	int r = 0;

	/* By hand the first one was started while this process still had its privileges. */
	if (attribution->owners == NULL && options->lookup_socket != NULL)
		r = owners_open_path(options->lookup_socket, &attribution->owners);
	else if (attribution->owners == NULL)
		r = owners_spawn(options->lookup_program, &attribution->owners);
	if (r < 0)
		return r;
	attribution->readable = event_new(daemon->base, owners_fd(attribution->owners),
	    EV_READ | EV_PERSIST, on_readable, daemon);
	if (attribution->readable == NULL || event_add(attribution->readable, NULL) < 0)
		return -ENOMEM;
	return 0;
}

static void
on_owner(uint32_t inode, struct owner *owner, void *argument)
{
	struct attribution *attribution = argument;

	if (attribution->answer_count == OWNERS_ASK_MAX)
		return;
	attribution->answers[attribution->answer_count++] =
	    (struct owner_answer){ inode, owner_ref(owner) };
}

static int
compare_answers(const void *a, const void *b)
{
	const struct owner_answer *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

/* All answers of a request are in. */
static void
take_in(struct daemon *daemon)
{
	struct attribution *attribution = &daemon->attribution;

	log_debug("lookup", "%zu questions answered in %llu us", attribution->asked,
	    (unsigned long long)(clock_boottime_usec() - attribution->asked_usec));
	qsort(attribution->answers, attribution->answer_count, sizeof(*attribution->answers),
	    compare_answers);
	engine_owner_answers(daemon->engine, attribution->answers, attribution->answer_count,
	    clock_boottime_usec());
	drop_answers(attribution);
	attribution->asked = 0;
	(void)event_del(attribution->timeout);
}

static void
on_readable(evutil_socket_t fd, short what, void *argument)
{
	struct daemon *daemon = argument;
	struct attribution *attribution = &daemon->attribution;
	uint64_t begun_usec = clock_monotonic_usec();
	int r;

	(void)fd;
	(void)what;
	r = owners_step(attribution->owners, clock_boottime_usec(), on_owner, attribution);
	if (r == 0 && attribution->asked > 0) {
		take_in(daemon);
		if (daemon->conditions[CONDITION_LOOKUP]) {
			condition_set(daemon, CONDITION_LOOKUP, false,
			    "overstay-lookup is answering again");
			engine_owner_retry(daemon->engine);
		}
		attribution->failures = 0;
		daemon_advance(daemon);
	} else if (r < 0 && r != -EAGAIN) {
		fail(daemon, r == -EPROTO ? OWNER_REASON_BAD_ANSWER : OWNER_REASON_NO_LOOKUP, r);
		daemon_advance(daemon);
	}
	daemon_note_hold(daemon, begun_usec);
}

/* No answer in time; or, without a connection, time to try one. */
static void
on_timeout(evutil_socket_t fd, short what, void *argument)
{
	struct daemon *daemon = argument;
	int r;

	(void)fd;
	(void)what;
	if (daemon->attribution.owners != NULL) {
		fail(daemon, OWNER_REASON_TIMEOUT, -ETIMEDOUT);
		daemon_advance(daemon);
		return;
	}
	r = connect_lookup(daemon);
	if (r < 0) {
		fail(daemon, OWNER_REASON_NO_LOOKUP, r);
		return;
	}
	/* Whether it is really back is told by its first answer. */
	engine_owner_retry(daemon->engine);
	daemon_advance(daemon);
}

void
attribution_ask(struct daemon *daemon)
{
	struct attribution *attribution = &daemon->attribution;
	struct owner_question questions[OWNERS_ASK_MAX];
	uint64_t now_usec = clock_boottime_usec();
	size_t count;
	int r;

	if (attribution->asked > 0)
		return;
	if (attribution->owners == NULL) {
		engine_owner_failed(daemon->engine, OWNER_REASON_NO_LOOKUP, now_usec);
		return;
	}
	count = engine_owner_questions(daemon->engine, questions, OWNERS_ASK_MAX, now_usec);
	if (count == 0)
		return;
	attribution->asked = count;
	attribution->asked_usec = now_usec;
	r = owners_ask(attribution->owners, questions, count, now_usec);
	if (r < 0)
		fail(daemon, OWNER_REASON_NO_LOOKUP, r);
	else
		daemon_arm(attribution->timeout, ANSWER_TIMEOUT_USEC);
}

void
attribution_reap(struct daemon *daemon)
{
	pid_t pid;

	/* A look-up that died closed its end, which on_readable() sees. */
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		log_debug("lookup", "process %d ended", pid);
	(void)daemon;
}

int
attribution_start(struct daemon *daemon)
{
	struct attribution *attribution = &daemon->attribution;
	int r;

	attribution->timeout = event_new(daemon->base, -1, 0, on_timeout, daemon);
	attribution->answers = calloc(OWNERS_ASK_MAX, sizeof(*attribution->answers));
	if (attribution->timeout == NULL || attribution->answers == NULL)
		return -ENOMEM;
	r = connect_lookup(daemon);
	if (r < 0)
		fail(daemon, OWNER_REASON_NO_LOOKUP, r);
	return 0;
}

void
attribution_stop(struct daemon *daemon)
{
	struct attribution *attribution = &daemon->attribution;

	drop_answers(attribution);
	disconnect(attribution);
	free(attribution->answers);
	attribution->answers = NULL;
	if (attribution->timeout != NULL)
		event_free(attribution->timeout);
	attribution->timeout = NULL;
}
