/* SPDX-License-Identifier: MIT */
/*
 * Asks overstay-lookup who holds the sockets that are new or about to be told of. One request is
 * under way at a time and names as many sockets as there are: they share one walk of /proc there.
 *
 * What it never does: wait, or reap a process that it has not started. A look-up that does not
 * answer in time, or dies, leaves owners unknown for that reason; the daemon is `degraded`, tries
 * again ever more seldom, and asks anew for what it missed when the look-up is back.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/attribution.h"

/* A walk over 200,000 descriptors takes a second. */
#define ANSWER_TIMEOUT_USEC (10 * USEC_PER_SEC)

#define RETRY_FIRST_USEC USEC_PER_SEC
#define RETRY_LAST_USEC	 (5 * USEC_PER_MIN)

/* A look-up that was started by hand, until it was reaped. */
struct child {
	struct child *next;
	pid_t pid;
};

struct attribution {
	const struct ground *ground;
	struct attribution_options options;
	struct owners *owners; /* NULL = not connected */
	struct child *children;
	struct event *child_ended;
	struct event *readable;
	struct event *timeout; /* no answer; or time to try again */
	struct owner_answer *answers;
	size_t answer_count;
	size_t asked;	     /* questions under way, */
	uint64_t asked_usec; /* since then (CLOCK_BOOTTIME) */
	unsigned failures;   /* tries in a row that failed */
};

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
	loop_drop(&attribution->readable);
	attribution->owners = owners_close(attribution->owners);
	attribution->asked = 0;
}

/* Where the cause is found: the unit, or by hand the program. */
static void
describe_place(const struct attribution *attribution, char *buffer, size_t size)
{
	if (attribution->options.socket == NULL)
		(void)snprintf(buffer, size, "its program: %s", attribution->options.program);
	else
		(void)snprintf(buffer, size, "see: systemctl status overstay-lookup.%s",
		    attribution->owners != NULL ? "service" : "socket");
}

/*
 * The look-up is away: says so and where the cause is found, and plans the next try. Under systemd
 * each try starts overstay-lookup.service, which is not restarted in between: this is what paces
 * the starts of one that cannot run.
 */
static void
fail(struct attribution *attribution, enum owner_reason reason, int r)
{
	uint64_t now_usec = clock_boottime_usec();
	uint64_t pause_usec = RETRY_FIRST_USEC;
	char place[PATH_MAX + sizeof("its program: ")];

	describe_place(attribution, place, sizeof(place));
	for (unsigned i = 0; i < attribution->failures && pause_usec < RETRY_LAST_USEC; i++)
		pause_usec *= 2;
	if (pause_usec > RETRY_LAST_USEC)
		pause_usec = RETRY_LAST_USEC;
	attribution->failures++;
	drop_answers(attribution);
	disconnect(attribution);
	engine_owner_failed(attribution->ground->engine, reason, now_usec);
	conditions_set(attribution->ground->conditions, CONDITION_LOOKUP, true,
	    "%s (%s): owners are unknown and rules that name them do not match; %s",
	    owner_reason_text(reason), strerror(-r), place);
	loop_arm(attribution->timeout, pause_usec);
}

/* Remembers the process that was started with a connection, if one was. */
static int
remember_child(struct attribution *attribution)
{
	struct child *child;

	if (owners_pid(attribution->owners) == 0)
		return 0;
	child = calloc(1, sizeof(*child));
	if (child == NULL)
		return -ENOMEM;
	child->pid = owners_pid(attribution->owners);
	child->next = attribution->children;
	attribution->children = child;
	return 0;
}

static int
connect_lookup(struct attribution *attribution)
{
	const struct attribution_options *options = &attribution->options;
	int r = 0;

	/* By hand the first one was started while this process still had its privileges. */
	if (attribution->owners == NULL && options->socket != NULL)
		r = owners_open_path(options->socket, &attribution->owners);
	else if (attribution->owners == NULL)
		r = owners_spawn(options->program, &attribution->owners);
	if (r == 0)
		r = remember_child(attribution);
	if (r < 0)
		return r;
	return loop_add_descriptor(attribution->ground->loop, owners_fd(attribution->owners),
	    on_readable, attribution, &attribution->readable);
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
take_in(struct attribution *attribution)
{
	log_debug("lookup", "%zu questions answered in %llu us", attribution->asked,
	    (unsigned long long)(clock_boottime_usec() - attribution->asked_usec));
	qsort(attribution->answers, attribution->answer_count, sizeof(*attribution->answers),
	    compare_answers);
	engine_owner_answers(attribution->ground->engine, attribution->answers,
	    attribution->answer_count, clock_boottime_usec());
	drop_answers(attribution);
	attribution->asked = 0;
	(void)event_del(attribution->timeout);
}

static void
on_readable(evutil_socket_t fd, short what, void *argument)
{
	struct attribution *attribution = argument;
	const struct ground *ground = attribution->ground;
	uint64_t begun_usec = clock_monotonic_usec();
	int r;

	(void)fd;
	(void)what;
	r = owners_step(attribution->owners, clock_boottime_usec(), on_owner, attribution);
	if (r == 0 && attribution->asked > 0) {
		take_in(attribution);
		if (conditions_hold(ground->conditions, CONDITION_LOOKUP)) {
			conditions_set(ground->conditions, CONDITION_LOOKUP, false,
			    "overstay-lookup is answering again");
			engine_owner_retry(ground->engine);
		}
		attribution->failures = 0;
		loop_announce(ground->loop, LOOP_CHANGED);
	} else if (r < 0 && r != -EAGAIN) {
		fail(attribution, r == -EPROTO ? OWNER_REASON_BAD_ANSWER : OWNER_REASON_NO_LOOKUP,
		    r);
		loop_announce(ground->loop, LOOP_CHANGED);
	}
	loop_note_hold(ground->loop, begun_usec);
}

/* No answer in time; or, without a connection, time to try one. */
static void
on_timeout(evutil_socket_t fd, short what, void *argument)
{
	struct attribution *attribution = argument;
	const struct ground *ground = attribution->ground;
	int r;

	(void)fd;
	(void)what;
	if (attribution->owners != NULL) {
		fail(attribution, OWNER_REASON_TIMEOUT, -ETIMEDOUT);
		loop_announce(ground->loop, LOOP_CHANGED);
		return;
	}
	r = connect_lookup(attribution);
	if (r < 0) {
		fail(attribution, OWNER_REASON_NO_LOOKUP, r);
		return;
	}
	/* Whether it is really back is told by its first answer. */
	engine_owner_retry(ground->engine);
	loop_announce(ground->loop, LOOP_CHANGED);
}

/* Asks for the owners that are wanted, if none are asked for already. */
static void
ask(void *argument)
{
	struct attribution *attribution = argument;
	struct engine *engine = attribution->ground->engine;
	struct owner_question questions[OWNERS_ASK_MAX];
	uint64_t now_usec = clock_boottime_usec();
	size_t count;
	int r;

	if (attribution->asked > 0)
		return;
	if (attribution->owners == NULL) {
		engine_owner_failed(engine, OWNER_REASON_NO_LOOKUP, now_usec);
		return;
	}
	count = engine_owner_questions(engine, questions, OWNERS_ASK_MAX, now_usec);
	if (count == 0)
		return;
	attribution->asked = count;
	attribution->asked_usec = now_usec;
	r = owners_ask(attribution->owners, questions, count, now_usec);
	if (r < 0)
		fail(attribution, OWNER_REASON_NO_LOOKUP, r);
	else
		loop_arm(attribution->timeout, ANSWER_TIMEOUT_USEC);
}

/* Reaps the look-ups that ended. One that died closed its end, which on_readable() sees. */
static void
reap(struct attribution *attribution)
{
	struct child **next = &attribution->children;

	while (*next != NULL) {
		struct child *child = *next;

		if (waitpid(child->pid, NULL, WNOHANG) == 0) {
			next = &child->next;
			continue;
		}
		log_debug("lookup", "process %d ended", child->pid);
		*next = child->next;
		free(child);
	}
}

static void
on_child_ended(evutil_socket_t number, short what, void *argument)
{
	(void)number;
	(void)what;
	reap(argument);
}

static int
start(struct attribution *attribution)
{
	const struct ground *ground = attribution->ground;
	int r;

	attribution->answers = calloc(OWNERS_ASK_MAX, sizeof(*attribution->answers));
	if (attribution->answers == NULL)
		return -ENOMEM;
	r = loop_add_timer(ground->loop, on_timeout, attribution, &attribution->timeout);
	if (r == 0)
		r = loop_add_signal(ground->loop, SIGCHLD, on_child_ended, attribution,
		    &attribution->child_ended);
	if (r == 0)
		r = loop_subscribe(ground->loop, LOOP_CHANGED, ask, attribution);
	if (r < 0)
		return r;
	r = connect_lookup(attribution);
	if (r < 0)
		fail(attribution, OWNER_REASON_NO_LOOKUP, r);
	/* One that ended before there was somebody to hear of it. */
	reap(attribution);
	return 0;
}

int
attribution_new(const struct ground *ground, const struct attribution_options *options,
    struct owners *owners, struct attribution **ret)
{
	struct attribution *attribution = calloc(1, sizeof(*attribution));
	int r;

	if (attribution == NULL) {
		(void)owners_close(owners);
		return -ENOMEM;
	}
	*attribution = (struct attribution){
		.ground = ground,
		.options = *options,
		.owners = owners,
	};
	r = start(attribution);
	if (r < 0)
		(void)attribution_free(attribution);
	else
		*ret = attribution;
	return r;
}

struct attribution *
attribution_free(struct attribution *attribution)
{
	if (attribution == NULL)
		return NULL;
	drop_answers(attribution);
	disconnect(attribution);
	while (attribution->children != NULL) {
		struct child *child = attribution->children;

		attribution->children = child->next;
		free(child);
	}
	loop_drop(&attribution->child_ended);
	loop_drop(&attribution->timeout);
	free(attribution->answers);
	free(attribution);
	return NULL;
}
