/* SPDX-License-Identifier: MIT */
/*
 * The poll: one reading of the listeners, from the timer to the engine. What is asked and what it
 * proves is kernel/poll-steps.c's; how a source is driven, in a thread, is pump.c's; when is
 * poll-times.c's. The thread also sorts what was read and compares it with the last poll, which
 * nobody changes meanwhile: the engine takes in polls and settings when none is under way.
 *
 * What it never does: wait. A kernel that does not answer makes the poll incomplete, and the next
 * one asks again.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "engine/surplus.h"
#include "kernel/poll-steps.h"
#include "loop/poll-budget.h"
#include "loop/poll-stretch.h"
#include "loop/poll-times.h"
#include "loop/poll.h"
#include "loop/pump.h"

/* A poll that could not be begun is tried again after this. */
#define POLL_RETRY_USEC (100 * USEC_PER_MSEC)

/* So many polls without a surplus, and what cannot be proved fits again. */
#define POLL_SETTLED_MIN 12

/* So many polls that left no listener out, and there is room for all again. */
#define POLL_ROOMY_MIN 12

/* So many incomplete polls in a row are more than bad luck. */
#define POLL_FAILURES_MAX 3

/* A poll that is under way. */
struct poll_reading {
	struct port_filter filter;
	struct poll_steps *steps;
	bool first;		   /* there was none before */
	bool failed;		   /* the source did */
	struct poll_budget budget; /* what proofs may take of CPU time, */
	uint64_t proving_usec;	   /* and took */
	uint64_t cpu_usec;	   /* of the thread, by the last answer */
	struct snapshot *snapshot; /* of a finished one, NULL = there was no memory */
};

struct poll {
	const struct ground *ground;
	struct watched *watched;
	struct event *timer; /* begins the next poll */
	struct pump pump;
	bool under_way;
	struct poll_times times;
	struct poll_stretch stretch;
	struct poll_budget budget;
	unsigned unstretched;	 /* polls in a row since the interval is the configured one again */
	bool at_once;		 /* the next one does not wait */
	unsigned failures;	 /* incomplete polls in a row */
	unsigned settled;	 /* polls in a row that left nothing unproved beyond the bound */
	unsigned roomy;		 /* polls in a row that left no listener out */
	uint64_t key;		 /* secret, of the polls */
	uint64_t begun_usec;	 /* CLOCK_BOOTTIME */
	uint64_t awake_usec;	 /* CLOCK_MONOTONIC at that time; 0 = of another interval, */
	uint64_t gap_max_usec;	 /* the interval that was in force then, */
	uint64_t begun_cpu_usec; /* and what the process had used, but for surveys */
	uint64_t asleep_usec;	 /* time the host had slept by the last poll */
	uint64_t last_cpu_usec;	 /* of the last poll, the judging included */
	uint64_t taken_cpu_usec; /* of this thread when one was handed to the engine, */
	bool is_taken;		 /* which has not judged it yet */
	uint32_t incomplete;	 /* of the last poll: bits of enum incomplete */
};

static void
reading_free(void *context)
{
	struct poll_reading *reading = context;

	(void)poll_steps_free(reading->steps);
	(void)snapshot_free(reading->snapshot);
	free(reading);
}

static struct poll_reading *
reading_new(const struct poll *poll)
{
	const struct ground *ground = poll->ground;
	struct poll_reading *reading = calloc(1, sizeof(*reading));
	struct poll_steps_options options = {
		.last = engine_last_poll(ground->engine),
		.protocols = config_protocols(settings_config(ground->settings)),
		.knows_choice = !conditions_hold(ground->conditions, CONDITION_SOURCE),
		.taken_usec = poll->begun_usec,
		.key = poll->key,
	};

	if (reading == NULL)
		return NULL;
	/* The thread reads its requests without a lock: what they point to is its own. */
	reading->filter = engine_ranges(ground->engine)->filter;
	options.filter = &reading->filter;
	reading->first = options.last == NULL;
	reading->budget = poll->budget;
	reading->steps = poll_steps_new(&options);
	if (reading->steps == NULL) {
		reading_free(reading);
		return NULL;
	}
	return reading;
}

static const struct source_request *
next_request(void *context)
{
	const struct poll_reading *reading = context;

	/* A first poll that is not to be had whole is tried again, with another source. */
	return reading->first && reading->failed ? NULL : poll_steps_request(reading->steps);
}

static void
on_socket(const struct source_socket *socket, void *context)
{
	const struct poll_reading *reading = context;

	poll_steps_socket(socket, reading->steps);
}

/* What this answer took, if it was one to prove something: all since the one before. */
static void
note_proving(struct poll_reading *reading)
{
	uint64_t cpu_usec = clock_thread_cpu_usec();

	if (poll_steps_prove(reading->steps))
		reading->proving_usec += cpu_usec - reading->cpu_usec;
	reading->cpu_usec = cpu_usec;
}

static void
on_answered(void *context, int r, const struct source_result *result)
{
	struct poll_reading *reading = context;

	note_proving(reading);
	if (r == 0)
		poll_steps_answered(reading->steps, result);
	else
		poll_steps_failed(reading->steps,
		    r == -ETIMEDOUT ? INCOMPLETE_TIMEOUT : INCOMPLETE_KERNEL);
	reading->failed |= r < 0;
	if (poll_budget_is_spent(&reading->budget, reading->proving_usec))
		poll_steps_hurry(reading->steps);
}

static void
seal(void *context)
{
	struct poll_reading *reading = context;

	if (!reading->first || !reading->failed)
		reading->snapshot = poll_steps_finish(take_ptr(reading->steps));
}

static uint64_t
configured_usec(const struct poll *poll)
{
	return settings_config(poll->ground->settings)->interval_usec;
}

static uint64_t
in_force_usec(const struct poll *poll)
{
	return poll_stretch_interval_usec(&poll->stretch, configured_usec(poll));
}

/* Arms the timer for the next poll, unless one is under way: after anything became due. */
static void
plan_next(struct poll *poll)
{
	uint64_t now_usec = clock_boottime_usec();
	uint64_t next_usec = 0;

	if (poll->under_way)
		return;
	if (!poll->at_once)
		next_usec = poll_times_next_usec(&poll->times, poll->begun_usec,
		    engine_due_usec(poll->ground->engine), in_force_usec(poll));
	loop_arm(poll->timer, next_usec > now_usec ? next_usec - now_usec : 0);
}

/* A single incomplete poll is nothing to wake anybody for; several in a row are reported. */
static void
note_completeness(struct poll *poll, uint32_t incomplete)
{
	struct conditions *conditions = poll->ground->conditions;

	if (incomplete == 0) {
		poll->failures = 0;
		conditions_end(conditions, CONDITION_POLLS);
		return;
	}
	log_debug("poll", "incomplete poll: %s", incomplete_text(incomplete));
	if (++poll->failures >= POLL_FAILURES_MAX)
		conditions_begin(conditions, CONDITION_POLLS, NOTICE_POLLS_INCOMPLETE,
		    FACTS(fact_number(FACT_POLLS, poll->failures),
			fact_number(FACT_INCOMPLETE, incomplete)));
}

/* One user's crowd may come and go: it is not said each time. */
static void
note_surplus(struct poll *poll, const struct snapshot *snapshot)
{
	struct conditions *conditions = poll->ground->conditions;

	if (snapshot->surplus > 0) {
		poll->settled = 0;
		conditions_begin(conditions, CONDITION_PROOFS, NOTICE_UNPROVED_SURPLUS,
		    FACTS(fact_number(FACT_UNPROVED, snapshot->surplus),
			fact_number(FACT_UID, snapshot->surplus_uid)));
	} else if (poll->settled < POLL_SETTLED_MIN && ++poll->settled == POLL_SETTLED_MIN)
		conditions_end(conditions, CONDITION_PROOFS);
}

/* The same of a user who opens and closes more listeners than can be watched. */
static void
note_left_out(struct poll *poll, const struct snapshot *snapshot)
{
	struct conditions *conditions = poll->ground->conditions;
	struct crowd_left_out left_out = crowd_left_out(snapshot->crowd);

	if (left_out.count > 0) {
		poll->roomy = 0;
		conditions_begin(conditions, CONDITION_LISTENERS, NOTICE_LISTENERS_LEFT_OUT,
		    FACTS(fact_number(FACT_COUNT, left_out.count),
			fact_number(FACT_LISTENERS, CROWD_WATCHED_MAX),
			fact_number(FACT_UID, left_out.uid)));
	} else if (poll->roomy < POLL_ROOMY_MIN && ++poll->roomy == POLL_ROOMY_MIN)
		conditions_end(conditions, CONDITION_LISTENERS);
}

/* Leaves of a poll what can be watched. Returns NULL without memory: then there was no poll. */
static struct snapshot *
make_room(struct poll *poll, struct snapshot *snapshot)
{
	const struct moment moment = clock_now();
	int r;

	if (snapshot == NULL || snapshot->count <= CROWD_WATCHED_MAX)
		return snapshot;
	r = surplus_drop(poll->ground->engine, snapshot, &moment);
	if (r < 0)
		return snapshot_free(snapshot);
	snapshot_note_known(snapshot, poll->key);
	return snapshot;
}

/* The host slept where CLOCK_BOOTTIME went further than CLOCK_MONOTONIC. */
static bool
has_resumed(struct poll *poll)
{
	/* In this order: the time in between is none that was slept, and must not be negative. */
	uint64_t monotonic_usec = clock_monotonic_usec();
	uint64_t asleep_usec = clock_boottime_usec() - monotonic_usec;
	bool resumed = asleep_usec > poll->asleep_usec + USEC_PER_SEC;

	poll->asleep_usec = asleep_usec;
	return resumed;
}

/* What should have been polled since the poll before began, and was not: the loop was held up, or
 * the process stopped. A host that slept missed nothing. */
static void
note_late(struct poll *poll, uint64_t since_usec)
{
	/* Twice the interval is one that was missed; a little late is none. */
	if (since_usec >= 2 * poll->gap_max_usec)
		engine_note_missed(poll->ground->engine, since_usec / poll->gap_max_usec - 1);
}

/* What the poll before cost, with all that followed from it: that is when the next ones come. */
static void
note_cost(struct poll *poll, uint64_t cpu_usec, uint64_t since_usec)
{
	struct conditions *conditions = poll->ground->conditions;
	uint64_t interval_usec = configured_usec(poll), now_usec;

	poll_stretch_note(&poll->stretch, interval_usec, cpu_usec, since_usec);
	now_usec = in_force_usec(poll);
	if (now_usec > interval_usec) {
		poll->unstretched = 0;
		conditions_begin(conditions, CONDITION_INTERVAL, NOTICE_INTERVAL_STRETCHED,
		    FACTS(fact_number(FACT_INTERVAL_USEC, now_usec),
			fact_number(FACT_CONFIGURED_USEC, interval_usec)));
	} else if (poll->unstretched < POLL_SETTLED_MIN && ++poll->unstretched == POLL_SETTLED_MIN)
		conditions_end_with(conditions, CONDITION_INTERVAL,
		    FACTS(fact_number(FACT_INTERVAL_USEC, now_usec)));
}

/* A poll begins. */
static void
note_begun(struct poll *poll)
{
	uint64_t now_usec = clock_monotonic_usec(), since_usec = now_usec - poll->awake_usec;
	uint64_t cpu_usec = clock_process_cpu_usec() - loop_apart_usec(poll->ground->loop);

	if (poll->awake_usec != 0) {
		/* A survey under way is counted here until it is done, and then given back: what
		 * is left of that is taken off what comes next. */
		uint64_t counted_usec = poll->begun_cpu_usec;

		if (cpu_usec < counted_usec)
			cpu_usec = counted_usec;
		note_late(poll, since_usec);
		note_cost(poll, cpu_usec - counted_usec, since_usec);
	}
	poll_budget_earn(&poll->budget, since_usec);
	poll->awake_usec = now_usec;
	poll->begun_cpu_usec = cpu_usec;
	poll->gap_max_usec = in_force_usec(poll);
}

/* Hands the finished poll to the engine. */
static void
take_in(struct poll *poll, struct snapshot *snapshot)
{
	const struct ground *ground = poll->ground;

	poll->taken_cpu_usec = clock_thread_cpu_usec();
	poll->is_taken = true;
	snapshot = make_room(poll, snapshot);
	poll->incomplete = snapshot == NULL ? INCOMPLETE_MEMORY : snapshot->incomplete;
	if (snapshot == NULL)
		engine_note_missed(ground->engine, 1);
	else {
		note_surplus(poll, snapshot);
		note_left_out(poll, snapshot);
		engine_begin_observe(ground->engine, snapshot, has_resumed(poll));
	}
	loop_announce(ground->loop, LOOP_CHANGED);
}

/* The engine has it, or it had no memory for it: what was read and not understood is no poll. */
static void
note_taken(struct poll *poll)
{
	const struct snapshot *last = engine_last_poll(poll->ground->engine);

	if (last == NULL || last->taken_usec != poll->begun_usec)
		poll->incomplete |= INCOMPLETE_MEMORY;
	note_completeness(poll, poll->incomplete);
	poll->is_taken = false;
	poll->last_cpu_usec = poll->pump.cpu_usec + clock_thread_cpu_usec() - poll->taken_cpu_usec;
	if (log_is_verbose()) {
		struct diff_counts changes = engine_changes(poll->ground->engine);
		log_debug("poll", "%zu appeared, %zu persisted, %zu vanished; %llu us of CPU",
		    changes.appeared, changes.persisted, changes.missing,
		    (unsigned long long)poll->last_cpu_usec);
	}
}

static void
on_passed(void *argument)
{
	struct poll *poll = argument;
	const struct ground *ground = poll->ground;

	if (poll->is_taken)
		note_taken(poll);
	plan_next(poll);
	if (!loop_is_ready(ground->loop) && engine_last_poll(ground->engine) != NULL)
		loop_announce(ground->loop, LOOP_READY);
}

/* There is nothing of this poll to be taken in. */
static void
miss(struct poll *poll, uint32_t reason)
{
	engine_note_missed(poll->ground->engine, 1);
	note_completeness(poll, reason);
}

static void
on_done(void *argument, void *context, int r)
{
	struct poll *poll = argument;
	struct poll_reading *reading = context;

	poll->under_way = false;
	if (reading != NULL)
		poll_budget_spend(&poll->budget, reading->proving_usec);
	if (reading == NULL) {
		miss(poll, r == -ETIMEDOUT ? INCOMPLETE_TIMEOUT : INCOMPLETE_MEMORY);
		plan_next(poll);
		return;
	}
	if (reading->steps != NULL) {
		miss(poll, INCOMPLETE_KERNEL);
		loop_arm(poll->timer, POLL_RETRY_USEC);
	} else
		take_in(poll, take_ptr(reading->snapshot));
	reading_free(reading);
}

/* The kernel's numbers have no end, once it gave one: start() asked. */
static uint64_t
draw(void)
{
	uint64_t random = 0;

	return getrandom(&random, sizeof(random), 0) == sizeof(random) ? random : 0;
}

static void
on_timer(evutil_socket_t fd, short what, void *argument)
{
	struct poll *poll = argument;
	const struct ground *ground = poll->ground;
	uint64_t begun_usec = clock_monotonic_usec();
	struct poll_reading *reading;

	(void)fd;
	(void)what;
	poll->at_once = false;
	watched_read(poll->watched, false);
	poll->begun_usec = clock_boottime_usec();
	note_begun(poll);
	poll_times_begun(&poll->times, poll->begun_usec, poll->gap_max_usec, draw());
	reading = reading_new(poll);
	poll->under_way = reading != NULL;
	if (reading == NULL) {
		miss(poll, INCOMPLETE_MEMORY);
		plan_next(poll);
	} else
		pump_begin(&poll->pump, reading);
	loop_note_hold(ground->loop, begun_usec);
}

/* A new configuration. A poll under way has borrowed the last one, which is about to change. */
static void
on_settings(void *argument)
{
	struct poll *poll = argument;

	pump_stop(&poll->pump);
	poll->under_way = false;
	watched_read(poll->watched, true);
	poll->at_once = true;
	poll->times.drawn_usec = 0;
	poll->awake_usec = 0;
}

static void
write_status(struct text *text, void *argument)
{
	const struct poll *poll = argument;

	char interval[DURATION_TEXT_MAX];

	text_printf(text, "last poll %llu us", (unsigned long long)poll->last_cpu_usec);
	if (in_force_usec(poll) > configured_usec(poll))
		text_printf(text, ", interval %s",
		    duration_format_short(in_force_usec(poll), interval));
}

static int
start(struct poll *poll)
{
	static const struct pump_task task = {
		.thread = "poll",
		.lasting = true,
		.request = next_request,
		.socket = on_socket,
		.answered = on_answered,
		.finish = seal,
		.release = reading_free,
	};
	const struct ground *ground = poll->ground;
	int r;

	if (getrandom(&poll->key, sizeof(poll->key), 0) != sizeof(poll->key))
		return -EIO;
	r = loop_add_timer(ground->loop, on_timer, poll, &poll->timer);
	if (r == 0)
		r = pump_open(&poll->pump, ground);
	if (r == 0)
		r = loop_subscribe(ground->loop, LOOP_PASSED, on_passed, poll);
	if (r == 0)
		r = loop_subscribe(ground->loop, LOOP_SETTINGS, on_settings, poll);
	if (r < 0)
		return r;
	poll->pump.task = &task;
	poll->pump.done = on_done;
	poll->pump.done_argument = poll;
	status_provide(ground->status, STATUS_POLL, write_status, poll);
	(void)has_resumed(poll);
	watched_read(poll->watched, true);
	loop_arm(poll->timer, 0);
	return 0;
}

int
poll_new(const struct ground *ground, struct watched *watched, struct poll **ret)
{
	struct poll *poll = calloc(1, sizeof(*poll));
	int r;

	if (poll == NULL)
		return -ENOMEM;
	*poll = (struct poll){ .ground = ground, .watched = watched };
	r = start(poll);
	if (r < 0)
		(void)poll_free(poll);
	else
		*ret = poll;
	return r;
}

struct poll *
poll_free(struct poll *poll)
{
	if (poll == NULL)
		return NULL;
	pump_close(&poll->pump);
	loop_drop(&poll->timer);
	free(poll);
	return NULL;
}
