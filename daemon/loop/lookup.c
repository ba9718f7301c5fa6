/* SPDX-License-Identifier: MIT */
/*
 * Asks overstay-lookup who holds the sockets that are new or about to be reported. One request is
 * under way at a time and names as many sockets as there are: they share one walk of /proc there.
 *
 * What it never does: wait, or reap a process that it has not started. A lookup that does not
 * answer in time, or dies, leaves the owners unknown that it has not named yet, for that reason;
 * the daemon is `degraded`, tries again ever more seldom, and asks anew for what it missed when the
 * lookup is back.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "loop/lookup.h"
#include "engine/unheld.h"
#include "loop/unheld.h"

/* A walk over 200,000 descriptors takes a second. */
#define ANSWER_TIMEOUT_USEC (10 * USEC_PER_SEC)

/* What one that does not answer counts as: nobody knows what it took. */
#define SILENT_CPU_USEC USEC_PER_SEC

#define RETRY_FIRST_USEC USEC_PER_SEC
#define RETRY_LAST_USEC	 (5 * USEC_PER_MIN)

/* A lookup that was started by hand, until it was reaped. */
struct child {
	struct child *next;
	pid_t pid;
};

struct lookup {
	const struct ground *ground;
	struct lookup_options options;
	struct lookup_client *client; /* NULL = not connected */
	struct child *children;
	struct event *child_ended;
	struct event *readable;
	struct event *timeout;	  /* no answer; or time to try again */
	struct names_link *names; /* until unheld has it */
	struct unheld *unheld;
	struct lookup_question *questions; /* those under way, asked of them */
	struct lookup_answer *answers;
	size_t answer_count;
	bool not_permitted;	  /* it cannot search every process */
	bool restarted;		  /* by this process, which has dropped its privileges */
	uint32_t said;		  /* bits 1 << enum said: of the condition, while it holds */
	bool under_way;		  /* a request is, */
	size_t asked;		  /* with so many questions, */
	uint64_t asked_usec;	  /* since then (CLOCK_BOOTTIME) */
	unsigned failures;	  /* that count: see forgive() */
	uint64_t failed_usec;	  /* when the last of them was (CLOCK_BOOTTIME), */
	enum owner_reason reason; /* and why: of what is asked until the next try, too */
};

static void on_readable(evutil_socket_t fd, short what, void *argument);

static void
drop_answers(struct lookup *lookup)
{
	for (size_t i = 0; i < lookup->answer_count; i++)
		(void)owner_unref(lookup->answers[i].owner);
	lookup->answer_count = 0;
}

/* What came before it failed is true all the same; but that nobody holds a socket is not all of the
 * answer while the kernel was not asked. */
static void
keep_answers(struct lookup *lookup, uint64_t now_usec)
{
	size_t kept = 0;

	for (size_t i = 0; i < lookup->answer_count; i++) {
		struct lookup_answer answer = lookup->answers[i];

		if (unheld_is(answer.owner))
			(void)owner_unref(answer.owner);
		else
			lookup->answers[kept++] = answer;
	}
	lookup->answer_count = kept;
	engine_lookup_some_answers(lookup->ground->engine, lookup->answers, kept, now_usec);
	drop_answers(lookup);
}

static void
disconnect(struct lookup *lookup)
{
	loop_drop(&lookup->readable);
	lookup->client = lookup_client_close(lookup->client);
	lookup->asked = 0;
	lookup->under_way = false;
}

/* The unit in which the cause is found, NULL by hand. */
static const char *
unit_of(const struct lookup *lookup)
{
	if (lookup->options.socket == NULL)
		return NULL;
	return lookup->client != NULL ? "overstay-lookup.service" : "overstay-lookup.socket";
}

enum said {
	SAID_FAILED,
	SAID_NOT_PERMITTED,
	SAID_PRIVILEGES_LOST,
};

/* What is wrong may become another thing, of which each is said once. */
static void
begin_condition(struct lookup *lookup, enum said said, const struct fact *facts, size_t count)
{
	static const enum notice notices[] = {
		[SAID_FAILED] = NOTICE_LOOKUP_FAILED,
		[SAID_NOT_PERMITTED] = NOTICE_LOOKUP_NOT_PERMITTED,
		[SAID_PRIVILEGES_LOST] = NOTICE_LOOKUP_PRIVILEGES_LOST,
	};
	bool other = lookup->said != 0 && (lookup->said >> said & 1) == 0;

	lookup->said |= 1U << said;
	(other ? conditions_begin_more : conditions_begin)(lookup->ground->conditions,
	    CONDITION_LOOKUP, notices[said], facts, count);
}

static void
end_condition(struct lookup *lookup)
{
	lookup->said = 0;
	conditions_end(lookup->ground->conditions, CONDITION_LOOKUP);
}

/*
 * The lookup is away: says so and where the cause is found, and plans the next try. Under systemd
 * each try starts overstay-lookup.service, which is not restarted in between: this is what paces
 * the starts of one that cannot run.
 */
static void
fail(struct lookup *lookup, int r)
{
	enum owner_reason reason = lookup_client_reason(r);
	uint64_t now_usec = clock_boottime_usec();
	uint64_t pause_usec = RETRY_FIRST_USEC;
	const char *unit = unit_of(lookup);

	for (unsigned i = 0; i < lookup->failures && pause_usec < RETRY_LAST_USEC; i++)
		pause_usec *= 2;
	if (pause_usec > RETRY_LAST_USEC)
		pause_usec = RETRY_LAST_USEC;
	lookup->failures++;
	lookup->failed_usec = now_usec;
	lookup->reason = reason;
	unheld_cancel(lookup->unheld);
	keep_answers(lookup, now_usec);
	disconnect(lookup);
	(void)names_link_free(lookup->names);
	engine_lookup_failed(lookup->ground->engine, reason, now_usec);
	engine_lookup_took(lookup->ground->engine, r == -ETIMEDOUT ? SILENT_CPU_USEC : 0, now_usec);
	begin_condition(lookup, SAID_FAILED,
	    FACTS(fact_number(FACT_OWNER_REASON, reason), fact_number(FACT_ERROR, (uint64_t)-r),
		fact_text(FACT_PROGRAM, unit == NULL ? lookup->options.program : NULL),
		fact_text(FACT_UNIT, unit)));
	loop_arm(lookup->timeout, pause_usec);
}

/* Remembers the process that was started with a connection, if one was. */
static int
remember_child(struct lookup *lookup)
{
	struct child *child;

	if (lookup_client_pid(lookup->client) == 0)
		return 0;
	child = calloc(1, sizeof(*child));
	if (child == NULL)
		return -ENOMEM;
	child->pid = lookup_client_pid(lookup->client);
	child->next = lookup->children;
	lookup->children = child;
	return 0;
}

static int
connect_lookup(struct lookup *lookup)
{
	const struct lookup_options *options = &lookup->options;
	int r = 0;

	/* By hand the first one was started while this process still had its privileges. */
	if (lookup->client == NULL && options->socket != NULL)
		r = lookup_client_open_path(options->socket, &lookup->client);
	else if (lookup->client == NULL)
		r = lookup_client_spawn(options->program, &lookup->client);
	if (r == 0)
		r = remember_child(lookup);
	if (r < 0)
		return r;
	return loop_add_descriptor(lookup->ground->loop, lookup_client_fd(lookup->client),
	    on_readable, lookup, &lookup->readable);
}

/* The owner of a packet is kept before the next one is taken apart. */
static void
on_owner(uint32_t inode, struct owner *owner, void *argument)
{
	struct lookup *lookup = argument;
	uint32_t uid = lookup_question_uid(lookup->questions, lookup->asked, inode);

	if (lookup->answer_count == LOOKUP_INODES_MAX)
		return;
	lookup->answers[lookup->answer_count++] =
	    (struct lookup_answer){ inode, engine_keep_owner(lookup->ground->engine, owner, uid) };
}

static void
say_not_permitted(struct lookup *lookup)
{
	const char *unit = unit_of(lookup);

	begin_condition(lookup, lookup->restarted ? SAID_PRIVILEGES_LOST : SAID_NOT_PERMITTED,
	    FACTS(fact_number(FACT_OWNER_REASON, OWNER_REASON_NO_PERMISSION),
		fact_text(FACT_PROGRAM, unit == NULL ? lookup->options.program : NULL),
		fact_text(FACT_UNIT, unit)));
}

/* Whether it lacks permission. Who finds a holder at once needs none for the other processes: only
 * a search of all shows that it is there again. */
static bool
lacks_permission(struct lookup *lookup)
{
	if (lookup_client_was_denied(lookup->client))
		lookup->not_permitted = true;
	else
		for (size_t i = 0; i < lookup->answer_count; i++)
			lookup->not_permitted &= !lookup->answers[i].owner->thorough;
	return lookup->not_permitted;
}

/*
 * It answers. One that answers and dies, again and again, is started as seldom as one that never
 * answers: failures count until the last one is as long ago as the longest pause.
 */
static void
forgive(struct lookup *lookup)
{
	if (clock_boottime_usec() - lookup->failed_usec >= RETRY_LAST_USEC)
		lookup->failures = 0;
}

/* Everything is known that can be. */
static void
hand_over(struct lookup *lookup)
{
	const struct ground *ground = lookup->ground;
	bool not_permitted = lacks_permission(lookup);

	engine_lookup_answers(ground->engine, lookup->answers, lookup->answer_count,
	    clock_boottime_usec());
	drop_answers(lookup);
	lookup->asked = 0;
	lookup->under_way = false;
	if (not_permitted)
		say_not_permitted(lookup);
	else if (conditions_hold(ground->conditions, CONDITION_LOOKUP)) {
		end_condition(lookup);
		engine_lookup_retry(ground->engine);
	}
	forgive(lookup);
	loop_announce(ground->loop, LOOP_CHANGED);
}

/* The owners that came in place of others count like those. */
static void
keep_claimed(struct lookup *lookup)
{
	for (size_t i = 0; i < lookup->answer_count; i++) {
		struct owner *owner = lookup->answers[i].owner;

		if (owner->keeping != OWNER_UNCOUNTED)
			continue;
		lookup->answers[i].owner = engine_keep_owner(lookup->ground->engine, owner,
		    lookup_question_uid(lookup->questions, lookup->asked,
			lookup->answers[i].inode));
		(void)owner_unref(owner);
	}
}

/* What the kernel says of the sockets that no process holds. */
static void
on_claims(const struct unheld_socket *sockets, size_t count, void *argument)
{
	struct lookup *lookup = argument;

	/* Without memory they stay without a holder, until they are looked up again. */
	unheld_take_in(lookup->answers, lookup->answer_count, sockets, count);
	keep_claimed(lookup);
	hand_over(lookup);
}

_Static_assert(UNHELD_MAX >= LOOKUP_INODES_MAX, "no socket of a request is left out");

/* Notes what an answer cost: no more than it can have, whatever the other end says; and what it
 * would without sanitizers, so that a build with them waits no longer than another one. */
static void
note_cost(struct lookup *lookup)
{
	uint64_t now_usec = clock_boottime_usec(), passed_usec = now_usec - lookup->asked_usec;
	uint64_t cpu_usec = lookup_client_cpu_usec(lookup->client);
	uint64_t cost_usec = cpu_usec < passed_usec ? cpu_usec : passed_usec;

	log_debug("lookup", "%zu questions answered in %llu us; %llu us of CPU", lookup->asked,
	    (unsigned long long)passed_usec, (unsigned long long)cpu_usec);
	engine_lookup_took(lookup->ground->engine, cost_usec / CPU_TIME_FACTOR, now_usec);
}

/* All answers of a request are in. */
static void
take_in(struct lookup *lookup)
{
	struct unheld_socket sockets[UNHELD_MAX];
	size_t count;

	note_cost(lookup);
	(void)event_del(lookup->timeout);
	settings_take_links(lookup->ground->settings, lookup_client_links(lookup->client));
	unheld_sort(lookup->questions, lookup->asked);
	count = unheld_collect(lookup->questions, lookup->asked, lookup->answers,
	    lookup->answer_count, sockets);
	if (count > 0)
		unheld_ask(lookup->unheld, sockets, count);
	else
		hand_over(lookup);
}

static void
on_readable(evutil_socket_t fd, short what, void *argument)
{
	struct lookup *lookup = argument;
	const struct ground *ground = lookup->ground;
	uint64_t begun_usec = clock_monotonic_usec();
	int r;

	(void)fd;
	(void)what;
	r = lookup_client_step(lookup->client, clock_boottime_usec(), on_owner, lookup);
	if (r == 0 && lookup->under_way)
		take_in(lookup);
	else if (r < 0 && r != -EAGAIN) {
		fail(lookup, r);
		loop_announce(ground->loop, LOOP_CHANGED);
	}
	loop_note_hold(ground->loop, begun_usec);
}

/* No answer in time; or, without a connection, time to try one. */
static void
on_timeout(evutil_socket_t fd, short what, void *argument)
{
	struct lookup *lookup = argument;
	const struct ground *ground = lookup->ground;
	int r;

	(void)fd;
	(void)what;
	if (lookup->client != NULL) {
		fail(lookup, -ETIMEDOUT);
		loop_announce(ground->loop, LOOP_CHANGED);
		return;
	}
	r = connect_lookup(lookup);
	if (r < 0) {
		fail(lookup, r);
		return;
	}
	/* One without permission from the beginning has lost nothing. */
	lookup->restarted |= lookup->options.socket == NULL && !lookup->not_permitted;
	/* Its first answer shows whether it is really back. */
	engine_lookup_retry(ground->engine);
	loop_announce(ground->loop, LOOP_CHANGED);
}

/*
 * Asks for the owners that are wanted, if none are asked for already, and each time where the paths
 * of the rules lead; for those alone where some are new.
 */
static void
ask(void *argument)
{
	struct lookup *lookup = argument;
	struct engine *engine = lookup->ground->engine;
	const struct link_table *links = &settings_config(lookup->ground->settings)->policy.links;
	uint64_t now_usec = clock_boottime_usec();
	size_t count;
	int r;

	if (lookup->under_way)
		return;
	if (lookup->client == NULL) {
		engine_lookup_failed(engine, lookup->reason, now_usec);
		return;
	}
	count = engine_lookup_questions(engine, lookup->questions, LOOKUP_INODES_MAX, now_usec);
	if (count == 0 && !link_table_is_open(links))
		return;
	lookup->under_way = true;
	lookup->asked = count;
	lookup->asked_usec = now_usec;
	r = lookup_client_set_paths(lookup->client, links);
	if (r == 0)
		r = lookup_client_ask(lookup->client, lookup->questions, count);
	if (r < 0)
		fail(lookup, r);
	else
		loop_arm(lookup->timeout, ANSWER_TIMEOUT_USEC);
}

/* Reaps the lookups that ended. One that died closed its end, which on_readable() sees. */
static void
reap(struct lookup *lookup)
{
	struct child **next = &lookup->children;

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
start(struct lookup *lookup)
{
	const struct ground *ground = lookup->ground;
	int r;

	lookup->answers = calloc(LOOKUP_INODES_MAX, sizeof(*lookup->answers));
	lookup->questions = calloc(LOOKUP_INODES_MAX, sizeof(*lookup->questions));
	if (lookup->answers == NULL || lookup->questions == NULL)
		return -ENOMEM;
	r = unheld_new(ground, take_ptr(lookup->names), on_claims, lookup, &lookup->unheld);
	if (r == 0)
		r = loop_add_timer(ground->loop, on_timeout, lookup, &lookup->timeout);
	if (r == 0)
		r = loop_add_signal(ground->loop, SIGCHLD, on_child_ended, lookup,
		    &lookup->child_ended);
	if (r == 0)
		r = loop_subscribe(ground->loop, LOOP_PASSED, ask, lookup);
	if (r == 0)
		r = loop_subscribe(ground->loop, LOOP_SETTINGS, ask, lookup);
	if (r < 0)
		return r;
	r = connect_lookup(lookup);
	if (r < 0)
		fail(lookup, r);
	/* One that ended before there was somebody to hear of it. */
	reap(lookup);
	return 0;
}

int
lookup_new(const struct ground *ground, const struct lookup_options *options,
    struct lookup_client *client, struct names_link *names, struct lookup **ret)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	int r;

	if (lookup == NULL) {
		(void)lookup_client_close(client);
		(void)names_link_free(names);
		return -ENOMEM;
	}
	*lookup = (struct lookup){
		.ground = ground,
		.options = *options,
		.client = client,
		.names = names,
	};
	r = start(lookup);
	if (r < 0)
		(void)lookup_free(lookup);
	else
		*ret = lookup;
	return r;
}

struct lookup *
lookup_free(struct lookup *lookup)
{
	if (lookup == NULL)
		return NULL;
	drop_answers(lookup);
	disconnect(lookup);
	while (lookup->children != NULL) {
		struct child *child = lookup->children;

		lookup->children = child->next;
		free(child);
	}
	loop_drop(&lookup->child_ended);
	loop_drop(&lookup->timeout);
	lookup->unheld = unheld_free(lookup->unheld);
	free(lookup->questions);
	free(lookup->answers);
	free(lookup);
	return NULL;
}
