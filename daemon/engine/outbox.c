/* SPDX-License-Identifier: MIT */
/*
 * The one queue of reports. State changes at once, messages follow as fast as they are taken: by
 * any number of consumers, each at its own pace. A report leaves the queue once all have taken it;
 * they keep references of their own for as long as they need it.
 *
 * Invariants: first in, first out; never more than OUTBOX_MAX reports. What does not fit is counted
 * in held_back, whatever the reason (the limit of the rate, a bound, no memory), and that count is
 * reported by outbox_suppressed() alone. Each user's reports have a bound of their own, so that
 * nobody can fill the queue before another's come (fair.c). If the queue is full of what one
 * consumer took and another did not, the slow one loses the oldest, counted too; nobody waits for
 * it.
 *
 * Cost: a report each (model/report.c), 16 bytes a place, and the reserve.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/group.h"
#include "engine/outbox.h"
#include "engine/stay-report.h"

static struct outbox_place *
place_at(const struct outbox *outbox, size_t index)
{
	return &outbox->places[(outbox->first + index) & (outbox->room - 1)];
}

void
outbox_clear(struct outbox *outbox)
{
	for (size_t i = 0; i < outbox->count; i++)
		(void)report_unref(place_at(outbox, i)->report);
	free(outbox->places);
	free(outbox->reserve);
	*outbox = (struct outbox){ 0 };
}

static int
grow(struct outbox *outbox)
{
	size_t room = outbox->room == 0 ? 64 : outbox->room * 2;
	struct outbox_place *places = calloc(room, sizeof(*places));

	if (places == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < outbox->count; i++)
		places[i] = *place_at(outbox, i);
	free(outbox->places);
	outbox->places = places;
	outbox->first = 0;
	outbox->room = room;
	return 0;
}

static void
hold_back(struct outbox *outbox, uint64_t count, uint64_t now_usec)
{
	if (outbox->held_back == 0)
		outbox->held_since_usec = now_usec;
	outbox->held_back += count;
}

static void
drop_first(struct outbox *outbox)
{
	(void)report_unref(take_ptr(place_at(outbox, 0)->report));
	outbox->first = (outbox->first + 1) & (outbox->room - 1);
	outbox->count--;
	outbox->begin++;
	/* A burst must not be remembered in memory for months. */
	if (outbox->count == 0 && outbox->room > 1024) {
		free(outbox->places);
		outbox->places = NULL;
		outbox->first = outbox->room = 0;
		(void)malloc_trim(0);
	}
}

/* What the consumer takes next that is ahead of all others. */
static uint64_t
most_taken(const struct outbox *outbox)
{
	uint64_t most = outbox->begin;

	for (size_t i = 0; i < outbox->consumer_count; i++)
		if (outbox->next[i] > most)
			most = outbox->next[i];
	return most;
}

/* True if one more report of this kind about the user may wait. */
static bool
may_wait(const struct outbox *outbox, bool informs, uint32_t uid)
{
	unsigned account = fair_account(&outbox->waiting, uid);

	if (informs)
		return fair_may_have(&outbox->waiting, account, OUTBOX_INFORM_MAX,
		    2 * OUTBOX_INFORM_MAX);
	return uid == OUTBOX_NOBODY ?
	    outbox->waiting.total < OUTBOX_MAX :
	    fair_may_have(&outbox->waiting, account, OUTBOX_MAX, OUTBOX_MAX);
}

bool
outbox_has_room(const struct outbox *outbox, uint32_t uid)
{
	return may_wait(outbox, false, uid);
}

/* True if another report may be put, and there is a place for it. */
static bool
admit(struct outbox *outbox, bool informs, uint32_t uid, uint64_t now_usec)
{
	if (!may_wait(outbox, informs, uid))
		return false;
	if (informs && !limit_admit(&outbox->limit, uid, now_usec))
		return false;
	if (outbox->count == OUTBOX_MAX) {
		drop_first(outbox);
		hold_back(outbox, 1, now_usec);
	}
	return outbox->count < outbox->room || grow(outbox) == 0;
}

/* Takes a report that was admitted. */
static void
append(struct outbox *outbox, struct report *report, uint32_t uid, const struct moment *moment)
{
	unsigned account = fair_account(&outbox->waiting, uid);

	report->number = outbox->number;
	report->boottime_usec = moment->boottime_usec;
	report->realtime_usec = moment->realtime_usec;
	outbox->count++;
	*place_at(outbox, outbox->count - 1) = (struct outbox_place){ report, account };
	fair_charge(&outbox->waiting, account, uid);
}

void
outbox_put(struct outbox *outbox, struct report *report, const struct moment *moment)
{
	outbox->number++;
	if (report != NULL &&
	    admit(outbox, event_kind_informs(report->kind), OUTBOX_NOBODY, moment->boottime_usec)) {
		append(outbox, report, OUTBOX_NOBODY, moment);
		return;
	}
	(void)report_unref(report);
	hold_back(outbox, 1, moment->boottime_usec);
}

/* Returns 0 or -ENOMEM, as all that fill one. */
static int
fill_ports(struct report_stay *report, const struct stay *stay, const struct telling *telling)
{
	const uint16_t *ports =
	    telling->chain != NULL ? telling->chain->ports : &stay->is.moved_from;
	uint32_t count = telling->chain != NULL ? telling->chain->port_count : 1;

	if (telling->chain == NULL && (telling->kind != EVENT_REBOUND || stay->is.moved_from == 0))
		return 0;
	report->hops = telling->chain != NULL ? telling->chain->hops : 0;
	report->ports = calloc(count + 1, sizeof(*report->ports));
	if (report->ports == NULL)
		return -ENOMEM;
	memcpy(report->ports, ports, count * sizeof(*ports));
	report->port_count = count;
	return 0;
}

/* True where both are known to be held by processes, and not by the same one. */
static bool
is_of_another(const struct stay *stay, const struct stay *other)
{
	const struct process *a = stay_process(stay), *b = stay_process(other);

	return a != NULL && b != NULL && !process_same(a, b);
}

/* The programs that took turns. */
static int
fill_takers(struct report_group *group, const struct occupation *occupation)
{
	size_t size = 0;
	char *to;

	for (uint8_t i = 0; i < occupation->taker_count; i++)
		size += strlen(occupation->takers[i].name) + 1;
	group->takers = to = malloc(size + 1);
	if (to == NULL)
		return -ENOMEM;
	for (uint8_t i = 0; i < occupation->taker_count; i++)
		to = stpcpy(to, occupation->takers[i].name) + 1;
	group->taker_count = occupation->taker_count;
	group->more_takers = occupation->more;
	return 0;
}

/* The group that an alert belongs to, and the other listeners that it reports. */
static int
fill_group(struct report_stay *report, const struct stay *stay, const struct telling *telling,
    const struct moment *moment)
{
	uint32_t kept = telling->other_count < REPORT_PORTS_MAX - 1 ?
	    (uint32_t)telling->other_count :
	    REPORT_PORTS_MAX - 1;
	const struct group *group = stay->told.group;
	struct group_key key;

	if (!event_kind_alerts(telling->kind))
		return 0;
	report->group = calloc(1, sizeof(*report->group) + kept * sizeof(*report->group->others));
	if (report->group == NULL)
		return -ENOMEM;
	key = group_key_reported(stay);
	memcpy(report->group->id, key.bytes, sizeof(report->group->id));
	if (telling->joined_usec != 0)
		report->group->joined_usec = moment_realtime_usec(moment, telling->joined_usec);
	report->group->listeners = group == NULL ? 1 : group->live;
	report->group->other_count = (uint32_t)telling->other_count;
	report->group->other_kept = kept;
	for (uint32_t i = 0; i < kept; i++) {
		report->group->others[i] = telling->others[i]->is.endpoint;
		report->group->more_processes =
		    report->group->more_processes || is_of_another(stay, telling->others[i]);
	}
	for (size_t i = 0; i < telling->beside_count; i++)
		report->group->beside[report->group->beside_count++] =
		    owner_ref(telling->beside[i]);
	return telling->occupation == NULL ? 0 : fill_takers(report->group, telling->occupation);
}

/* Copies the peers where they are known, the advice where there is any. */
static int
fill_copies(struct report_stay *report, const struct stay *stay, const struct telling *telling)
{
	if (telling->advice != NULL) {
		report->advice = strdup(telling->advice);
		if (report->advice == NULL)
			return -ENOMEM;
	}
	if (telling->kind != EVENT_SUSPECT || stay->waits.peers == NULL)
		return 0;
	report->peers = malloc(sizeof(*report->peers));
	if (report->peers == NULL)
		return -ENOMEM;
	*report->peers = *stay->waits.peers;
	return 0;
}

/* What only some messages have. */
static int
fill_extra(struct report_stay *report, const struct stay *stay, const struct telling *telling,
    const struct moment *moment)
{
	int r;

	if (telling->kind == EVENT_REBOUND)
		report->away_usec = telling->away_usec;
	if (telling->chain != NULL) {
		report->span_usec = telling->span_usec;
		report->severity = (enum severity)telling->chain->severity;
	}
	if (telling->occupation != NULL) {
		report->span_usec = telling->span_usec;
		report->severity = turns_severity(telling->occupation);
		report->hops = telling->occupation->turns + 1;
	}
	report->unwatched = telling->unwatched;
	report->use = telling->use;
	r = fill_copies(report, stay, telling);
	if (r == 0)
		r = fill_ports(report, stay, telling);
	return r < 0 ? r : fill_group(report, stay, telling, moment);
}

/* The owner that left is no more what the stay is about. */
static int
fill_left(struct report_stay *report, const struct company *company)
{
	const struct process *process = company->left == NULL ? NULL : owner_first(company->left);

	(void)owner_unref(report->owner);
	report->owner = company->left != NULL ? owner_ref(company->left) :
						owner_new(OWNER_UNKNOWN, OWNER_REASON_EXITED, 0);
	if (process != NULL)
		report->uid = process->uid;
	report->class = company->left_class.class;
	report->class_otherwise = company->left_class.otherwise;
	report->reasons = company->left_class.reasons;
	report->hints = company->left_class.hints;
	free(report->rule);
	free(report->note);
	report->rule = report->note = NULL;
	return report->owner == NULL ? -ENOMEM : 0;
}

/* A report is whole, or there is none: what it lacks would be taken for what is not so. Returns
 * NULL without memory. */
static struct report *
make_stay(const struct stay *stay, const struct telling *telling, const struct ranges *ranges,
    const struct moment *moment)
{
	struct report *report = report_new_stay(telling->kind, telling->priority);
	int r;

	if (report == NULL)
		return NULL;
	r = stay_report_fill(report->stay, stay, ranges, moment);
	if (r == 0)
		r = fill_extra(report->stay, stay, telling, moment);
	if (r == 0 && telling->left != NULL)
		r = fill_left(report->stay, telling->left);
	report->in_summary = telling->in_summary;
	return r < 0 ? report_unref(report) : report;
}

/* The same, if need be with what is kept for it: an alert is worth more than what comes after. */
static struct report *
make_with_reserve(struct outbox *outbox, const struct stay *stay, const struct telling *telling,
    const struct ranges *ranges, const struct moment *moment)
{
	struct report *report = make_stay(stay, telling, ranges, moment);

	if (report == NULL && outbox->reserve != NULL) {
		free(outbox->reserve);
		outbox->reserve = NULL;
		report = make_stay(stay, telling, ranges, moment);
	}
	if (outbox->reserve == NULL)
		outbox->reserve = malloc(OUTBOX_RESERVE_BYTES);
	return report;
}

void
outbox_tell(struct outbox *outbox, const struct stay *stay, const struct telling *telling,
    const struct ranges *ranges, const struct moment *moment)
{
	uint32_t uid = stay->is.members[stay->judged.worst].uid;
	struct report *report = NULL;

	outbox->number++;
	/* An entry informs, whatever of: an alert or a summary speaks for it. */
	if (admit(outbox, event_kind_informs(telling->kind) || telling->priority >= SEVERITY_INFO,
		uid, moment->boottime_usec))
		report = make_with_reserve(outbox, stay, telling, ranges, moment);
	if (report != NULL)
		append(outbox, report, uid, moment);
	else
		hold_back(outbox, 1, moment->boottime_usec);
}

int
outbox_add_consumer(struct outbox *outbox, unsigned *ret)
{
	if (outbox->consumer_count == OUTBOX_CONSUMERS_MAX)
		return -ENOBUFS;
	*ret = (unsigned)outbox->consumer_count++;
	/* The first one takes what was put before there was any. */
	outbox->next[*ret] = outbox->begin + (*ret == 0 ? 0 : outbox->count);
	return 0;
}

struct report *
outbox_next(struct outbox *outbox, unsigned consumer)
{
	uint64_t *next = &outbox->next[consumer];

	/* It was too slow, and what it lacks is counted. */
	if (*next < outbox->begin)
		*next = outbox->begin;
	if (*next == outbox->begin + outbox->count)
		return NULL;
	return place_at(outbox, (size_t)(*next - outbox->begin))->report;
}

void
outbox_taken(struct outbox *outbox, unsigned consumer)
{
	uint64_t next = outbox->next[consumer], least;

	if (next == most_taken(outbox))
		fair_release(&outbox->waiting,
		    place_at(outbox, (size_t)(next - outbox->begin))->account);
	least = ++outbox->next[consumer];
	for (size_t i = 0; i < outbox->consumer_count; i++)
		if (outbox->next[i] < least)
			least = outbox->next[i];
	while (outbox->begin < least)
		drop_first(outbox);
}

void
outbox_delivered(struct outbox *outbox, const struct report *report, int error)
{
	const struct fact *count = report_fact(report, FACT_MESSAGES);

	outbox->sendable = error == 0;
	if (error == 0)
		return;
	outbox->unsent_error = -error;
	/* A count that did not get through is counted on. */
	if (report->notice == NOTICE_SUPPRESSED && count != NULL)
		hold_back(outbox, count->number, report->boottime_usec);
	else if (report->notice == NOTICE_UNSENT && count != NULL)
		outbox->unsent += count->number;
	else
		outbox->unsent++;
}

/* Returns false if there is no room or no memory for it: the count stays. */
static bool
put_suppressed(struct outbox *outbox, enum notice notice, uint64_t count, int error,
    const struct moment *moment)
{
	struct report *report;

	if (outbox->waiting.total >= OUTBOX_MAX)
		return false;
	report = report_new(notice, SEVERITY_WARNING,
	    FACTS(fact_number(FACT_MESSAGES, count), fact_number(FACT_ERROR, (uint64_t)error)));
	if (report == NULL ||
	    !admit(outbox, event_kind_informs(report->kind), OUTBOX_NOBODY,
		moment->boottime_usec)) {
		(void)report_unref(report);
		return false;
	}
	outbox->number++;
	append(outbox, report, OUTBOX_NOBODY, moment);
	return true;
}

void
outbox_suppressed(struct outbox *outbox, const struct moment *moment, bool at_once)
{
	uint64_t since_usec = moment->boottime_usec - outbox->held_since_usec;
	uint64_t held_back = outbox->held_back;

	if (held_back > 0 && (at_once || since_usec >= outbox->limit.window_usec) &&
	    put_suppressed(outbox, NOTICE_SUPPRESSED, held_back, 0, moment)) {
		/* To make room for it may have cost a report. */
		outbox->held_back -= held_back;
		outbox->held_since_usec = moment->boottime_usec;
	}
	if (outbox->unsent > 0 && outbox->sendable &&
	    put_suppressed(outbox, NOTICE_UNSENT, outbox->unsent, outbox->unsent_error, moment))
		outbox->unsent = 0;
}
