/* SPDX-License-Identifier: MIT */
/*
 * The engine: snapshot -> diff -> track -> judge -> tell -> (outbox) as one value without a
 * descriptor, a clock or a thread, so that hours of it run in milliseconds under a fake clock. This
 * file is what goes in and out; what happens in between is read in pass.c.
 *
 * What it never does: end a stay on its own guess (missing sockets were proved absent before
 * engine_observe()), or alert about a stay that the last poll did not prove to be there.
 *
 * Invariant: a poll that is taken in, or a pass, is over before anything else comes in.
 *
 * Cost: a poll is compared with the one before once, and not at all where it only repeats that;
 * a pass over the stays where anything changed or is due.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/classify.h"
#include "engine/ask.h"
#include "engine/diff.h"
#include "engine/hint.h"
#include "engine/pass.h"
#include "engine/unwatch.h"

struct engine *
engine_new(void (*make_id)(struct stay_id *ret, void *argument), void *argument)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (engine == NULL)
		return NULL;
	namespace_init(&engine->namespace);
	track_init(&engine->track, make_id, argument);
	engine->track.tally.kept = &engine->kept;
	engine->groups.shortages = engine->hopping.shortages = engine->turns.shortages =
	    &engine->track.tally.shortages;
	agenda_begin(&engine->agenda, 0);
	return engine;
}

struct engine *
engine_free(struct engine *engine)
{
	if (engine == NULL)
		return NULL;
	pass_clear(&engine->work.pass);
	observation_clear(&engine->work.observation);
	diff_clear(&engine->work.diff);
	(void)snapshot_free(engine->work.snapshot);
	outbox_clear(&engine->outbox);
	hopping_clear(&engine->hopping);
	turns_clear(&engine->turns);
	groups_clear(&engine->groups);
	surge_clear(&engine->surge);
	verified_clear(&engine->verified);
	advice_clear(&engine->advice);
	track_clear(&engine->track);
	kept_clear(&engine->kept);
	(void)snapshot_free(engine->last);
	free(engine);
	return NULL;
}

/* What comes in waits until nothing is under way: a pass sees one state. */
static void
settle(struct engine *engine)
{
	struct slice whole = SLICE_WHOLE;

	(void)engine_go_on(engine, &whole);
}

/* The age below which nothing can be told of a UDP socket whose port the kernel picked. */
static uint64_t
find_patience(const struct policy *policy)
{
	uint64_t patient_usec = policy->log_after_usec;

	if (policy->udp_auto_usec < patient_usec)
		patient_usec = policy->udp_auto_usec;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		bool udp = (rule->match.keys >> MATCH_PROTOCOL & 1) == 0 ||
		    (rule->match.protocols >> PROTOCOL_UDP & 1) != 0;

		if (udp && (rule->values & RULE_THRESHOLD) != 0 &&
		    rule->threshold_usec < patient_usec)
			patient_usec = rule->threshold_usec;
	}
	return patient_usec;
}

/* The longest time after which an owner may be reported anew: groups are kept so long. */
static uint64_t
find_remind(const struct policy *policy)
{
	uint64_t longest_usec = GROUP_REMIND_USEC;

	if (policy->remind_usec != USEC_NEVER && policy->remind_usec > longest_usec)
		longest_usec = policy->remind_usec;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];

		if ((rule->values & RULE_REMIND) != 0 && rule->remind_usec != USEC_NEVER &&
		    rule->remind_usec > longest_usec)
			longest_usec = rule->remind_usec;
	}
	return longest_usec;
}

/* Adds what a match asks for, with its not and any. */
static void
note_asked(const struct match *match, struct engine *engine)
{
	engine->asked_hints |= match->hints;
	engine->asks_interface |= (match->keys >> MATCH_INTERFACE & 1) != 0;
	if (match->not != NULL)
		note_asked(match->not, engine);
	for (size_t i = 0; i < match->any_count; i++)
		note_asked(&match->any[i], engine);
}

/* What some rule matches that costs something: that alone is to be known when a stay is judged. */
static void
find_asked(struct engine *engine, const struct policy *policy)
{
	engine->asked_hints = 0;
	engine->asks_interface = false;
	for (size_t i = 0; i < policy->rule_count; i++)
		note_asked(&policy->rules[i].match, engine);
}

void
engine_set_policy(struct engine *engine, const struct policy *policy)
{
	settle(engine);
	track_note_change(&engine->track);
	engine->policy = policy;
	find_asked(engine, policy);
	engine->patient_usec = find_patience(policy);
	engine->remind_usec = find_remind(policy);
	hopping_forget_rules(&engine->hopping);
	turns_forget_rules(&engine->turns);
	for (size_t i = 0; i < engine->track.count; i++)
		stay_forget_rules(engine->track.stays[i]);
}

/* What is to be watched. */
struct watch {
	const struct ranges *ranges;
	uint32_t protocols;
};

static bool
is_watched(const struct watch *watch, const struct endpoint *endpoint, uint8_t choice)
{
	const struct port_filter *filter = &watch->ranges->filter;

	if ((watch->protocols >> endpoint->protocol & 1) == 0)
		return false;
	return port_set_has(&filter->ports, endpoint->port) ||
	    (choice == CHOICE_AUTO && port_set_has(&filter->auto_ports, endpoint->port));
}

/* Loses the sockets of a stay that are not watched any more. Returns false where none is left. */
static bool
lose_unwatched(const struct watch *watch, struct stay *stay)
{
	struct member *members = stay->is.members;
	uint32_t watched = 0;

	for (uint32_t i = 0; i < stay->is.member_count; i++)
		watched += is_watched(watch, &stay->is.endpoint, members[i].choice);
	if (watched == 0 || stay->is.state == STAY_AWAY)
		return watched > 0;
	for (uint32_t i = 0; i < stay->is.member_count; i++)
		if (!is_watched(watch, &stay->is.endpoint, members[i].choice))
			stay_lose(stay, &members[i], 0);
	return true;
}

/* Forgets what is not to be watched any more, in the stays and in the last poll, so that it is
 * neither missing nor ended. */
static void
forget_unwatched(struct engine *engine, const struct watch *watch, const struct moment *moment)
{
	struct snapshot *last = engine->last;
	struct slice whole = SLICE_WHOLE;
	size_t kept = 0;

	for (size_t i = 0; i < engine->track.count; i++)
		if (!lose_unwatched(watch, engine->track.stays[i]))
			unwatch_stay(engine, engine->track.stays[i], moment);
	(void)track_sweep(&engine->track, &whole);
	track_settle(&engine->track);
	snapshot_drop_known(last);
	for (size_t i = 0; i < last->count; i++)
		if (is_watched(watch, &last->listeners[i].endpoint, last->listeners[i].choice))
			last->listeners[kept++] = last->listeners[i];
	last->count = kept;
}

void
engine_set_watched(struct engine *engine, const struct ranges *ranges, uint32_t protocols,
    const struct moment *moment)
{
	struct watch watch = { ranges, protocols };

	settle(engine);
	track_note_change(&engine->track);
	/* What is told of that speaks of the ranges it was watched by. */
	if (engine->last != NULL)
		forget_unwatched(engine, &watch, moment);
	namespace_watch(&engine->namespace, ranges, (protocols & ~engine->protocols) != 0);
	engine->protocols = protocols;
}

const struct ranges *
engine_ranges(const struct engine *engine)
{
	return &engine->namespace.ranges;
}

const struct snapshot *
engine_last_poll(const struct engine *engine)
{
	return engine->last;
}

/* What is due after a resume waits for the next poll, and in that one it overslept; in the one
 * behind it, too, if it still waits for an owner. By polls alone, whatever passes are left out. */
static void
note_resumed(struct engine *engine, bool resumed)
{
	engine->overslept =
	    !resumed && (engine->resumed || (engine->overslept && engine->waiting_usec != 0));
	engine->resumed = resumed;
}

/* All that the last poll had is there, and nothing else. */
static void
take_in_repetition(struct engine *engine, struct snapshot *snapshot, bool resumed)
{
	engine->before_usec = engine->last->taken_usec;
	engine->last->taken_usec = snapshot->taken_usec;
	snapshot_take_crowd(engine->last, snapshot);
	namespace_note_poll(&engine->namespace, engine->last);
	engine->changes = (struct diff_counts){ .persisted = engine->last->count };
	note_resumed(engine, resumed);
	(void)snapshot_free(snapshot);
}

/* An incomplete poll proves nothing: for who reads a heartbeat it was missed. */
static void
count_poll(struct heartbeat *heartbeat, bool complete)
{
	heartbeat->polls += complete;
	heartbeat->missed += !complete;
}

/* A socket that there was no memory for was not seen. Else its absence would not be noticed, and
 * what is known of it by then would stay for ever; so it comes with the next poll. */
static void
drop_untaken(const struct track *track, struct snapshot *snapshot)
{
	size_t kept = 0;

	snapshot_drop_known(snapshot);
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct listener *listener = &snapshot->listeners[i];

		if (track_knows(track, listener))
			snapshot->listeners[kept++] = *listener;
		else
			snapshot_note_incomplete(snapshot,
			    (enum protocol)listener->endpoint.protocol, listener->endpoint.family,
			    INCOMPLETE_MEMORY);
	}
	snapshot->count = kept;
}

/* Takes in the poll that is under way. Returns 0; -EAGAIN where the slice is over; -ENOMEM, then
 * the snapshot is still there. */
static int
observe(struct engine *engine, struct slice *slice)
{
	struct work *work = &engine->work;
	int r;

	if (!work->compared) {
		r = diff_go_on(&work->diff, slice);
		if (r < 0)
			return r;
		observation_begin(&work->observation, &engine->track, &engine->namespace,
		    &work->diff);
		work->compared = true;
	}
	r = track_observe(&work->observation, slice);
	if (r == -EAGAIN)
		return r;
	work->compared = false;
	diff_clear(&work->diff);
	if (r < 0)
		drop_untaken(&engine->track, work->snapshot);
	count_poll(&engine->heartbeat, work->snapshot->incomplete == 0);
	engine->changes = work->diff.counts;
	note_resumed(engine, work->resumed);
	namespace_note_poll(&engine->namespace, work->snapshot);
	if (engine->last != NULL)
		engine->before_usec = engine->last->taken_usec;
	(void)snapshot_free(engine->last);
	engine->last = take_ptr(work->snapshot);
	return 0;
}

static void
begin_observe(struct engine *engine, struct snapshot *snapshot, bool resumed)
{
	struct work *work = &engine->work;

	settle(engine);
	if (snapshot->repeats) {
		count_poll(&engine->heartbeat, true);
		take_in_repetition(engine, snapshot, resumed);
		return;
	}
	work->snapshot = snapshot;
	work->resumed = resumed;
	diff_begin(&work->diff, engine->last, snapshot);
}

int
engine_observe(struct engine *engine, struct snapshot *snapshot, bool resumed)
{
	struct slice whole = SLICE_WHOLE;
	int r = 0;

	begin_observe(engine, snapshot, resumed);
	if (engine->work.snapshot != NULL)
		r = observe(engine, &whole);
	engine->work.snapshot = NULL;
	return r;
}

void
engine_begin_observe(struct engine *engine, struct snapshot *snapshot, bool resumed)
{
	begin_observe(engine, snapshot, resumed);
}

/* What was not remembered when the answers came: once the file is replaced it is too late. */
static void
make_up_verified(struct engine *engine)
{
	engine->verified.missed = false;
	for (size_t i = 0; i < engine->track.count; i++) {
		const struct stay *stay = engine->track.stays[i];

		for (uint32_t m = 0; m < stay->is.member_count; m++)
			if (stay->is.members[m].owner != NULL)
				verified_apply(&engine->verified, stay->is.members[m].owner);
	}
}

void
engine_begin_advance(struct engine *engine, const struct moment *moment)
{
	struct work *work = &engine->work;

	/* The poll that is under way belongs to it. */
	if (work->advances || work->passing)
		settle(engine);
	if (engine->verified.missed)
		make_up_verified(engine);
	work->advances = true;
	work->moment = *moment;
}

bool
engine_go_on(struct engine *engine, struct slice *slice)
{
	struct work *work = &engine->work;

	if (work->snapshot != NULL) {
		int r = observe(engine, slice);

		if (r == -EAGAIN)
			return false;
		if (r < 0)
			engine->heartbeat.missed++;
		work->snapshot = snapshot_free(work->snapshot);
	}
	if (work->advances) {
		work->passing = pass_begin(&work->pass, engine, &work->moment);
		work->advances = false;
	}
	if (work->passing && !pass_go_on(&work->pass, slice))
		return false;
	work->passing = false;
	return true;
}

void
engine_advance(struct engine *engine, const struct moment *moment)
{
	struct slice whole = SLICE_WHOLE;

	engine_begin_advance(engine, moment);
	(void)engine_go_on(engine, &whole);
}

size_t
engine_lookup_questions(struct engine *engine, struct lookup_question *questions, size_t max,
    uint64_t now_usec)
{
	settle(engine);
	return lookup_questions(&engine->track, &engine->asking, questions, max, now_usec,
	    engine->patient_usec, engine->least_depth);
}

void
engine_search_all(struct engine *engine)
{
	engine->least_depth = DEPTH_THOROUGH;
}

void
engine_lookup_took(struct engine *engine, uint64_t cpu_usec, uint64_t now_usec)
{
	asking_charge(&engine->asking, cpu_usec, now_usec);
}

/* Whatever it listens on, and whatever its stays were before. */
static bool
is_suspect_by_itself(const struct owner *owner)
{
	static const struct listener any = { .choice = CHOICE_ASKED };
	const struct circumstances circumstances = { .listener = &any, .owner = owner };
	struct classification classification;

	if (owner->kind != OWNER_PROCESS)
		return false;
	classify(&circumstances, &classification);
	return classification.class == CLASS_SUSPECT;
}

struct owner *
engine_keep_owner(struct engine *engine, struct owner *owner, uint32_t uid)
{
	struct owner *kept;
	bool suspect;

	/* What owners share does not change any more. */
	if (owner->keeping == OWNER_UNCOUNTED)
		verified_apply(&engine->verified, owner);
	suspect = owner->keeping == OWNER_UNCOUNTED && kept_is_nearly_full(&engine->kept, uid) &&
	    is_suspect_by_itself(owner);
	kept = kept_take(&engine->kept, owner, uid, suspect);
	return kept == NULL ? owner_ref(owner) : kept;
}

/* Sockets that one process holds share their owner: the second time changes nothing. */
static void
apply_verified(struct engine *engine, const struct lookup_answer *answers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (answers[i].owner->keeping == OWNER_UNCOUNTED)
			verified_apply(&engine->verified, answers[i].owner);
}

void
engine_lookup_answers(struct engine *engine, struct lookup_answer *answers, size_t count,
    uint64_t now_usec)
{
	settle(engine);
	apply_verified(engine, answers, count);
	lookup_answers(&engine->track, answers, count, now_usec);
	kept_sweep(&engine->kept, now_usec);
}

void
engine_lookup_some_answers(struct engine *engine, struct lookup_answer *answers, size_t count,
    uint64_t now_usec)
{
	settle(engine);
	apply_verified(engine, answers, count);
	lookup_some_answers(&engine->track, answers, count, now_usec);
	kept_sweep(&engine->kept, now_usec);
}

void
engine_lookup_failed(struct engine *engine, enum owner_reason reason, uint64_t now_usec)
{
	settle(engine);
	lookup_failed(&engine->track, reason, now_usec);
}

void
engine_lookup_retry(struct engine *engine)
{
	settle(engine);
	lookup_retry(&engine->track);
}

size_t
engine_peer_questions(struct engine *engine, struct endpoint *endpoints, size_t max)
{
	settle(engine);
	return ask_peers(engine, endpoints, max);
}

void
engine_peer_answers(struct engine *engine, const struct endpoint *endpoint,
    const struct report_peers *peers)
{
	settle(engine);
	ask_take_peers(&engine->track, endpoint, peers);
}

void
engine_set_reserved(struct engine *engine, const struct port_set *reserved,
    const struct port_range *kernel_range)
{
	settle(engine);
	track_note_change(&engine->track);
	engine->namespace.reserved = *reserved;
	engine->namespace.kernel_range = *kernel_range;
}

void
engine_set_interface_name(struct engine *engine,
    const char *(*name)(uint32_t index, void *argument), void *argument)
{
	engine->interface_name = name;
	engine->interface_argument = argument;
}

void
engine_set_verified(struct engine *engine,
    void (*added)(const struct executable *executable, void *argument), void *argument)
{
	engine->verified.added = added;
	engine->verified.argument = argument;
}

void
engine_tell_verified(struct engine *engine)
{
	verified_tell(&engine->verified);
}

int
engine_add_verified(struct engine *engine, const struct executable *executable)
{
	settle(engine);
	return verified_add(&engine->verified, executable);
}

void
engine_take_survey(struct engine *engine, const struct occupancy *occupancy, uint64_t taken_usec)
{
	settle(engine);
	usage_take(&engine->usage, &engine->track, occupancy, taken_usec);
	kept_sweep(&engine->kept, taken_usec);
	/* Whether a stay is unused may have changed, and who asks for that wants to hear of it. */
	if ((engine->asked_hints >> HINT_UNUSED & 1) != 0)
		track_note_change(&engine->track);
}

uint64_t
engine_due_usec(const struct engine *engine)
{
	return engine->agenda.due_usec;
}

void
engine_set_heartbeat(struct engine *engine, uint64_t offset_usec, const char *version,
    const char *config)
{
	struct heartbeat *heartbeat = &engine->heartbeat;

	heartbeat->offset_usec = offset_usec;
	(void)snprintf(heartbeat->version, sizeof(heartbeat->version), "%s", version);
	(void)snprintf(heartbeat->config, sizeof(heartbeat->config), "%s", config);
}

void
engine_note_conditions(struct engine *engine, uint32_t conditions)
{
	engine->heartbeat.conditions = conditions;
}

void
engine_note_missed(struct engine *engine, uint64_t polls)
{
	engine->heartbeat.missed += polls;
}

void
engine_put(struct engine *engine, struct report *report, const struct moment *moment)
{
	outbox_put(&engine->outbox, report, moment);
}

void
engine_set_limit(struct engine *engine, uint64_t burst, uint64_t window_usec)
{
	engine->outbox.limit = (struct limit){ .burst = burst, .window_usec = window_usec };
}

int
engine_add_consumer(struct engine *engine, unsigned *ret)
{
	return outbox_add_consumer(&engine->outbox, ret);
}

struct report *
engine_next(struct engine *engine, unsigned consumer)
{
	return outbox_next(&engine->outbox, consumer);
}

void
engine_taken(struct engine *engine, unsigned consumer)
{
	outbox_taken(&engine->outbox, consumer);
}

void
engine_delivered(struct engine *engine, const struct report *report, int error)
{
	outbox_delivered(&engine->outbox, report, error);
}

void
engine_suppressed(struct engine *engine, const struct moment *moment, bool at_once)
{
	outbox_suppressed(&engine->outbox, moment, at_once);
}

const uint64_t *
engine_short_of(const struct engine *engine)
{
	return engine->track.tally.shortages.counts;
}

uint32_t
engine_short_user(const struct engine *engine, enum short_of kind)
{
	return shortages_user(&engine->track.tally.shortages, kind);
}

void
engine_forget_short_users(struct engine *engine)
{
	shortages_forget_users(&engine->track.tally.shortages);
}

bool
engine_lacks_owners(struct engine *engine, uint64_t now_usec)
{
	return kept_is_short(&engine->kept, now_usec);
}

uint64_t
engine_unsearched(const struct engine *engine, uint32_t *ret_uid)
{
	*ret_uid = engine->track.tally.unsearched_uid;
	return engine->track.tally.unsearched_count;
}

void
engine_counts(const struct engine *engine, struct track_counts *ret)
{
	track_count(&engine->track, ret);
}

struct diff_counts
engine_changes(const struct engine *engine)
{
	return engine->changes;
}
