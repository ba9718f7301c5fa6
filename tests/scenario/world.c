/* SPDX-License-Identifier: MIT */
/*
 * The world of a scenario. What is real in it: the configuration's reader, kernel/poll-steps.c and
 * the replay source, the engine, the messages. What is written: the clock, the sockets, the
 * kernel's slips, the answers about owners.
 *
 * Time jumps from one thing that is due to the next, as in the daemon's own loop
 * (daemon/loop/poll.c, lookup.c, reload.c): a poll every interval and sooner where the engine asks
 * for it, one question about owners under way at a time, ten seconds for its answer, a pause that
 * doubles before the next connection. So a month costs what happens in it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"
#include "base/hash.h"
#include "engine/pass.h"
#include "field-check.h"
#include "kernel/poll-steps.h"
#include "kernel/replay.h"
#include "or-die.h"
#include "world-names.h"
#include "world-work.h"
#include "world.h"

/* As loop/poll.c and loop/lookup.c have them. */
#define POLL_EXTRA_MAX	    5
#define POLL_RETRY_USEC	    (100 * USEC_PER_MSEC)
#define ANSWER_TIMEOUT_USEC (10 * USEC_PER_SEC)
#define POLLS_SETTLED	    3
#define RETRY_FIRST_USEC    USEC_PER_SEC
#define RETRY_LAST_USEC	    (5 * USEC_PER_MIN)

/* The fields of so many messages are checked: thousands of one kind say no more than the first. */
#define CHECKED_MAX 256

static void ask_owners(struct world *world);

static void
make_id(struct stay_id *ret, void *argument)
{
	struct world *world = argument;

	*ret = (struct stay_id){ 0 };
	world->ids++;
	for (size_t i = 0; i < 8; i++)
		ret->bytes[15 - i] = (uint8_t)(world->ids >> 8 * i);
}

struct moment
world_moment(const struct world *world)
{
	return (struct moment){ world->now_usec,
		(uint64_t)((int64_t)world->now_usec + world->wall_usec) };
}

uint64_t
world_elapsed_usec(const struct world *world)
{
	return world->now_usec - WORLD_UPTIME_USEC;
}

void
world_deliver(struct world *world)
{
	struct message_context context = {
		.cmdline = world->config->policy.cmdline,
		.config = "",
		.user_name = world_user_name,
		.interface_name = world_interface_name,
	};
	struct moment moment;
	struct report *report;
	const char *wrong;

	if (world->sender_stuck)
		return;
	moment = world_moment(world);
	engine_suppressed(world->engine, &moment, false);
	while ((report = engine_next(world->engine, world->consumer)) != NULL) {
		if (report->notice == NOTICE_SUPPRESSED)
			world->held_back += report_fact(report, FACT_MESSAGES)->number;
		message_render(world->message, report, &context);
		wrong = world->checked < CHECKED_MAX ? field_check(world->message) : NULL;
		if (wrong == NULL && world->checked < CHECKED_MAX)
			wrong = field_check_explained(world->message);
		world->checked++;
		if (wrong != NULL && world->wrong[0] == '\0')
			(void)snprintf(world->wrong, sizeof(world->wrong), "%s", wrong);
		told_add(&world->told, world_elapsed_usec(world), world->message);
		if (world->prints)
			texts_print(&world->texts, world->message->text);
		engine_taken(world->engine, world->consumer);
	}
}

/*
 * A hurried world leaves out the polls that would see what the last ones saw while the engine waits
 * for nothing: all but the last of them, before something is due or a line is played.
 */
static void
hurry(struct world *world)
{
	uint64_t interval_usec = world->config->interval_usec, until_usec = world->end_usec;
	const struct agenda *agenda = &world->engine->agenda;

	if (!world->hurried || world->settled < POLLS_SETTLED || world->lookup.asked > 0 ||
	    !world->lookup.connected ||
	    !agenda_is_at_rest(agenda, world->engine->track.tally.changes, world->now_usec, 0))
		return;
	if (agenda->due_usec < until_usec)
		until_usec = agenda->due_usec;
	if (agenda->rest_usec < until_usec)
		until_usec = agenda->rest_usec;
	if (until_usec > world->poll_usec + interval_usec)
		world->poll_usec = world->begun_usec +
		    (until_usec - 1 - world->begun_usec) / interval_usec * interval_usec;
}

/* Plans the next poll, as tick_arm() does. */
static void
arm_poll(struct world *world)
{
	uint64_t interval_usec = world->config->interval_usec;
	uint64_t due_usec = engine_due_usec(world->engine);
	uint64_t least_usec = world->begun_usec + interval_usec / POLL_EXTRA_MAX;

	world->poll_usec = world->begun_usec + interval_usec;
	if (due_usec < world->poll_usec)
		world->poll_usec = due_usec + USEC_PER_MSEC;
	if (world->poll_usec < least_usec)
		world->poll_usec = least_usec;
	if (world->poll_usec < world->now_usec)
		world->poll_usec = world->now_usec;
	hurry(world);
}

/* Nobody is connected to anything here. Without answers the daemon, too, asks only once. */
static bool
answer_peers(struct world *world)
{
	static const struct report_peers none = { .complete = true };
	struct endpoint endpoints[16];
	size_t count;

	if (world->peers_asked)
		return false;
	count = engine_peer_questions(world->engine, endpoints, ARRAY_SIZE(endpoints));
	world->peers_asked = world->peers_hang && count > 0;
	if (world->peers_hang)
		return false;
	for (size_t i = 0; i < count; i++)
		engine_peer_answers(world->engine, &endpoints[i], &none);
	return count > 0;
}

static void
advance(struct world *world)
{
	struct moment moment = world_moment(world);

	do {
		engine_begin_advance(world->engine, &moment);
		world_finish_work(world);
	} while (answer_peers(world));
	world_deliver(world);
	ask_owners(world);
	arm_poll(world);
}

/* The lookup. */

static void
fail_lookup(struct world *world, enum owner_reason reason)
{
	struct lookup *lookup = &world->lookup;
	uint64_t pause_usec = RETRY_FIRST_USEC;

	for (unsigned i = 0; i < lookup->failures && pause_usec < RETRY_LAST_USEC; i++)
		pause_usec *= 2;
	if (pause_usec > RETRY_LAST_USEC)
		pause_usec = RETRY_LAST_USEC;
	lookup->failures++;
	lookup->connected = false;
	lookup->asked = 0;
	lookup->answer_usec = USEC_NEVER;
	lookup->timer_usec = world->now_usec + pause_usec;
	engine_lookup_failed(world->engine, reason, world->now_usec);
}

static void
ask_owners(struct world *world)
{
	struct lookup *lookup = &world->lookup;

	if (lookup->asked > 0)
		return;
	if (!lookup->connected) {
		engine_lookup_failed(world->engine, OWNER_REASON_NO_LOOKUP, world->now_usec);
		return;
	}
	lookup->asked = engine_lookup_questions(world->engine, lookup->questions, LOOKUP_INODES_MAX,
	    world->now_usec);
	if (lookup->asked == 0)
		return;
	lookup->timer_usec = world->now_usec + ANSWER_TIMEOUT_USEC;
	if (lookup->mode == LOOKUP_ANSWERS || lookup->mode == LOOKUP_NONSENSE)
		lookup->answer_usec = world->now_usec + lookup->delay_usec;
}

/*
 * Who holds the inode now; nobody where it was closed meanwhile or nobody was written. As
 * overstay-lookup does, gives all inodes of one answer that the same process holds one owner.
 */
static struct owner *
find_owner(const struct world *world, uint32_t inode)
{
	struct who *who = NULL;

	for (size_t i = 0; i < world->row_count && who == NULL; i++)
		if (world->rows[i].listener.inode == inode)
			who = world->rows[i].who;
	if (who == NULL)
		return or_die(owner_new(OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS, 0));
	if (who->answered == NULL)
		who->answered = world_copy_owner(who->owner, world->now_usec);
	return owner_ref(who->answered);
}

static void
take_answers(struct world *world)
{
	struct lookup *lookup = &world->lookup;
	struct lookup_answer *answers = or_die(calloc(lookup->asked, sizeof(*answers)));
	size_t count = lookup->asked;
	bool failed = lookup->failures > 0;

	for (size_t i = 0; i < count; i++) {
		struct owner *owner = find_owner(world, lookup->questions[i].inode);

		answers[i] = (struct lookup_answer){ lookup->questions[i].inode,
			engine_keep_owner(world->engine, owner, lookup->questions[i].uid) };
		(void)owner_unref(owner);
	}
	engine_lookup_answers(world->engine, answers, count, world->now_usec);
	for (size_t i = 0; i < count; i++)
		(void)owner_unref(answers[i].owner);
	free(answers);
	for (struct who *who = world->whos; who != NULL; who = who->next)
		who->answered = owner_unref(who->answered);
	lookup->asked = 0;
	lookup->failures = 0;
	lookup->timer_usec = lookup->answer_usec = USEC_NEVER;
	if (failed)
		engine_lookup_retry(world->engine);
	advance(world);
}

static void
on_answer(struct world *world)
{
	if (world->lookup.mode == LOOKUP_ANSWERS) {
		take_answers(world);
		return;
	}
	fail_lookup(world, OWNER_REASON_BAD_ANSWER);
	advance(world);
}

static void
on_lookup_timer(struct world *world)
{
	struct lookup *lookup = &world->lookup;

	if (lookup->connected) {
		fail_lookup(world, OWNER_REASON_TIMEOUT);
		advance(world);
		return;
	}
	if (lookup->mode == LOOKUP_DEAD) {
		fail_lookup(world, OWNER_REASON_NO_LOOKUP);
		return;
	}
	lookup->connected = true;
	lookup->timer_usec = USEC_NEVER;
	engine_lookup_retry(world->engine);
	advance(world);
}

void
world_set_lookup(struct world *world, enum lookup_mode mode, uint64_t delay_usec)
{
	struct lookup *lookup = &world->lookup;

	lookup->mode = mode;
	lookup->delay_usec = delay_usec;
	if (mode != LOOKUP_DEAD || !lookup->connected)
		return;
	fail_lookup(world, OWNER_REASON_NO_LOOKUP);
	advance(world);
}

/* The kernel. */

/* All that is watched, and not some ports to prove something. */
static bool
is_whole(const struct world *world, const struct source_request *request)
{
	return request->port == 0 && request->filter == &engine_ranges(world->engine)->filter;
}

/* Gives the source what the kernel would answer to this request now. */
static void
set_answer(struct world *world, const struct source_request *request, uint32_t incomplete)
{
	struct listener *listeners = or_die(calloc(world->row_count + 1, sizeof(*listeners)));
	size_t count = 0;

	for (size_t i = 0; i < world->row_count; i++) {
		struct row *row = &world->rows[i];
		const struct endpoint *endpoint = &row->listener.endpoint;

		if (row->connected || endpoint->protocol != request->protocol ||
		    (request->port != 0 && endpoint->port != request->port) ||
		    (request->family != AF_UNSPEC && request->family != endpoint->family))
			continue;
		if (is_whole(world, request) && row->missed > 0) {
			row->missed--;
			continue;
		}
		listeners[count] = row->listener;
		if (world->proc) {
			listeners[count].cookie = COOKIE_IS_INODE | row->listener.inode;
			listeners[count].choice = CHOICE_UNKNOWN;
		}
		count++;
	}
	if (replay_set(world->source, listeners, count, incomplete) < 0)
		abort();
	free(listeners);
}

static bool
concerns(const struct portion *portion, const struct source_request *request)
{
	return (portion->protocols == 0 || (portion->protocols >> request->protocol & 1) != 0) &&
	    (portion->family == AF_UNSPEC || request->family == AF_UNSPEC ||
		portion->family == request->family);
}

/* Puts the questions of a poll. Returns false where the source failed. */
static bool
ask_kernel(struct world *world, struct poll_steps *steps, uint32_t incomplete)
{
	const struct portion *portion = &world->incomplete_portion;
	const struct source_request *request;
	struct source_result result;
	bool failing = world->failing_polls > 0, failed = false;

	world->failing_polls -= failing;
	while ((request = poll_steps_request(steps)) != NULL) {
		bool one_port = !is_whole(world, request);
		bool half = request->family == AF_UNSPEC && portion->family != AF_UNSPEC;

		if (failing && concerns(&world->failing_portion, request)) {
			failed = true;
			poll_steps_failed(steps, INCOMPLETE_KERNEL);
			continue;
		}
		set_answer(world, request, concerns(portion, request) ? incomplete : 0);
		world->proofs += one_port && request->choice == CHOICE_UNKNOWN;
		world->dumps += !one_port;
		if (source_run(world->source, request, poll_steps_socket, steps, USEC_PER_SEC,
			&result) < 0)
			abort();
		if (half && result.incomplete != 0)
			result.spared = portion->family == AF_INET ? AF_INET6 : AF_INET;
		if (one_port && request->choice == CHOICE_UNKNOWN && world->cut_proofs > 0) {
			world->cut_proofs--;
			result.datagrams = 2;
		}
		poll_steps_answered(steps, &result);
	}
	return !failed;
}

static void
read_ranges(struct world *world, bool always)
{
	struct moment moment = world_moment(world);
	struct ranges ranges;

	if (!always && world->kernel_range.first == world->kernel_range_read.first &&
	    world->kernel_range.last == world->kernel_range_read.last)
		return;
	world->kernel_range_read = world->kernel_range;
	ranges_resolve(&world->config->ranges, &world->kernel_range, &ranges);
	engine_set_reserved(world->engine, &world->reserved, &world->kernel_range);
	engine_set_watched(world->engine, &ranges, config_protocols(world->config), &moment);
}

/* What two plays of one scenario have to agree in. */
static void
sum_up(struct world *world)
{
	const struct diff_counts changes = engine_changes(world->engine);
	struct track_counts counts;

	engine_counts(world->engine, &counts);
	const uint64_t values[] = {
		world->now_usec,
		world->poll_usec,
		changes.appeared,
		changes.persisted,
		changes.missing,
		counts.stays,
		counts.sockets,
		counts.overstaying,
		counts.suspects,
		counts.allowed,
		counts.away,
		world->proofs,
		world->dumps,
		world->held_back,
	};

	world->sum = hash_add(world->sum, values, sizeof(values));
}

/* Hands the finished poll to the engine; NULL = there was no memory for it. */
static void
take_in(struct world *world, struct snapshot *snapshot)
{
	bool repeats = snapshot != NULL && snapshot->repeats, resumed = world->resumed;

	world->resumed = false;
	if (snapshot == NULL || world_loses(world, LOST_AT_END)) {
		world_note_lost(world, LOST_AT_END);
		engine_note_missed(world->engine, 1);
		(void)snapshot_free(snapshot);
		return;
	}
	engine_begin_observe(world->engine, snapshot, resumed);
	world_finish_work(world);
	if (engine_last_poll(world->engine) == NULL ||
	    engine_last_poll(world->engine)->taken_usec != world->begun_usec) {
		world_note_lost(world, LOST_AT_END);
		return;
	}
	world->repetitions += repeats;
	world->settled = repeats ? world->settled + 1 : 0;
}

static void
take_poll(struct world *world)
{
	uint32_t incomplete = world->incomplete_polls > 0 ? world->incomplete : 0;
	struct poll_steps *steps = NULL;

	read_ranges(world, false);
	world->begun_usec = world->now_usec;
	if (!world_loses(world, LOST_AT_BEGIN))
		steps = poll_steps_new(&(struct poll_steps_options){
		    .last = engine_last_poll(world->engine),
		    .filter = &engine_ranges(world->engine)->filter,
		    .protocols = config_protocols(world->config),
		    .knows_choice = !world->proc,
		    .taken_usec = world->now_usec,
		    .key = world->key,
		});
	world->incomplete_polls -= world->incomplete_polls > 0;
	if (steps == NULL) {
		world_note_lost(world, LOST_AT_BEGIN);
		engine_note_missed(world->engine, 1);
		arm_poll(world);
		return;
	}
	if (!ask_kernel(world, steps, incomplete) && engine_last_poll(world->engine) == NULL) {
		(void)poll_steps_free(steps);
		world->poll_usec = world->now_usec + POLL_RETRY_USEC;
		return;
	}
	take_in(world, poll_steps_finish(steps));
	advance(world);
	sum_up(world);
}

/* Only what the engine makes of a survey: who is connected. */
static void
take_survey(struct world *world)
{
	struct occupancy *occupancy = occupancy_new(1);
	bool failed = occupancy == NULL || world_loses(world, LOST_SURVEY);

	for (size_t i = 0; i < world->row_count && !failed; i++) {
		const struct row *row = &world->rows[i];
		const struct endpoint *endpoint = &row->listener.endpoint;

		for (uint64_t j = 0; j <= row->connections && !failed; j++)
			failed = occupancy_add(occupancy, (enum protocol)endpoint->protocol,
				     endpoint->port, row->listener.cookie + (j << 32), j == 0) < 0;
	}
	if (failed)
		world_note_lost(world, LOST_SURVEY);
	else
		engine_take_survey(world->engine, occupancy, world->now_usec);
	(void)occupancy_free(occupancy);
	world->survey_usec = world->now_usec + world->survey_span_usec;
}

void
world_set_surveys(struct world *world, uint64_t span_usec)
{
	world->survey_span_usec = span_usec;
	world->survey_usec = span_usec == USEC_NEVER ? USEC_NEVER : world->now_usec;
}

/* Time. */

void
world_run(struct world *world, uint64_t until_usec)
{
	uint64_t end_usec = world->end_usec = WORLD_UPTIME_USEC + until_usec;
	const struct {
		const uint64_t *due_usec;
		void (*function)(struct world *world);
	} timers[] = {
		/* Those that are due at once, in this order. */
		{ &world->lookup.answer_usec, on_answer },
		{ &world->lookup.timer_usec, on_lookup_timer },
		{ &world->poll_usec, take_poll },
		{ &world->survey_usec, take_survey },
	};

	for (;;) {
		size_t first = 0;

		for (size_t i = 1; i < ARRAY_SIZE(timers); i++)
			if (*timers[i].due_usec < *timers[first].due_usec)
				first = i;
		if (*timers[first].due_usec >= end_usec)
			break;
		world->now_usec = *timers[first].due_usec;
		timers[first].function(world);
	}
	world->now_usec = end_usec;
}

static void
delay(uint64_t *time_usec, uint64_t span_usec)
{
	if (*time_usec != USEC_NEVER)
		*time_usec += span_usec;
}

void
world_suspend(struct world *world, uint64_t span_usec)
{
	world->now_usec += span_usec;
	world->resumed = true;
	/* The loop's timers run by a clock that stands still meanwhile. */
	delay(&world->poll_usec, span_usec);
	delay(&world->survey_usec, span_usec);
	delay(&world->lookup.answer_usec, span_usec);
	delay(&world->lookup.timer_usec, span_usec);
}

static void
take_config(struct world *world, struct config *config)
{
	struct config *old = world->config;

	world_answer_names(config);
	world->config = config;
	engine_set_policy(world->engine, &config->policy);
	read_ranges(world, true);
	(void)config_free(old);
	advance(world);
	world->poll_usec = world->now_usec;
}

int
world_configure(struct world *world, const char *text, struct config_messages *messages)
{
	struct config *config;
	int r = config_load_text(text, strlen(text), "config", &config, messages);

	if (r < 0)
		return r;
	/* Most scenarios are about other things. */
	if (strstr(text, "advice:") == NULL)
		config->policy.advice = false;
	if (strstr(text, "heartbeat:") == NULL)
		config->policy.heartbeat_usec = USEC_NEVER;
	if (strstr(text, "user: {threshold:") == NULL)
		config->policy.user_threshold_usec = config->policy.threshold_usec;
	take_config(world, config);
	return 0;
}

int
world_configure_shipped(struct world *world, const char *rules_dir,
    struct config_messages *messages)
{
	const struct config_paths paths = {
		.main_file = "/dev/null",
		.vendor_rules_dir = rules_dir,
	};
	struct config *config;
	int r = config_load(&paths, &config, messages);

	if (r == 0)
		take_config(world, config);
	return r;
}

/* The daemon's start. */

static void
start_engine(struct world *world)
{
	world->engine = or_die(engine_new(make_id, world));
	engine_set_interface_name(world->engine, world_interface_name, NULL);
	if (engine_add_consumer(world->engine, &world->consumer) < 0)
		abort();
}

void
world_restart(struct world *world, uint64_t span_usec)
{
	world_deliver(world);
	(void)engine_free(world->engine);
	start_engine(world);
	world->now_usec += span_usec;
	world->poll_usec = world->now_usec;
	world->lookup.connected = true;
	world->lookup.failures = 0;
	world->lookup.asked = 0;
	world->lookup.answer_usec = world->lookup.timer_usec = USEC_NEVER;
	engine_set_policy(world->engine, &world->config->policy);
	read_ranges(world, true);
	engine_set_heartbeat(world->engine, 0, "1.0", "0123abcd");
}

void
world_init(struct world *world)
{
	struct config_messages messages = { 0 };

	*world = (struct world){
		.now_usec = WORLD_UPTIME_USEC,
		.wall_usec = (int64_t)(WORLD_EPOCH_USEC - WORLD_UPTIME_USEC),
		.kernel_range = { 32768, 60999 },
		.next_cookie = 1001,
		.survey_usec = USEC_NEVER,
		.lookup = { .connected = true,
		    .answer_usec = USEC_NEVER,
		    .timer_usec = USEC_NEVER },
	};
	world->message = or_die(malloc(sizeof(*world->message)));
	world->lookup.questions =
	    or_die(calloc(LOOKUP_INODES_MAX, sizeof(*world->lookup.questions)));
	start_engine(world);
	if (source_open_replay(&world->source) < 0 || world_configure(world, "", &messages) < 0)
		abort();
	engine_set_heartbeat(world->engine, 0, "1.0", "0123abcd");
	config_messages_clear(&messages);
}

void
world_clear(struct world *world)
{
	while (world->whos != NULL) {
		struct who *who = world->whos;

		world->whos = who->next;
		(void)owner_unref(who->owner);
		free(who->name);
		free(who);
	}
	told_clear(&world->told);
	texts_clear(&world->texts);
	(void)engine_free(world->engine);
	(void)source_close(world->source);
	(void)config_free(world->config);
	free(world->lookup.questions);
	free(world->message);
	free(world->rows);
}
