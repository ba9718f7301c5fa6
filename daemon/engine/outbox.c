/* SPDX-License-Identifier: MIT */
/*
 * The queue between what happened and who is told. State changes at once, messages follow as fast
 * as the journal takes them; 5,000 overstays in one poll are 5,000 small entries here, and become
 * reports one by one as they are taken.
 *
 * Invariants: first in, first out; every entry holds a reference to its stay, so that a stay that
 * ended is still there to be told of; never more than OUTBOX_MAX entries, and what had to be left
 * out is counted in held_back. Cost: 200 bytes an entry; what only some have comes with it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/outbox.h"

/* What only some messages have. */
struct extra {
	char *note, *would_allow, *advice;
	struct report_peers *peers;
	uint16_t ports[REPORT_PORTS_MAX];
	uint32_t port_count, hops;
};

/* What may have changed in the stay by the time it is told is kept here. */
struct outbox_entry {
	struct report *report; /* a finished one, or NULL: about the stay */
	struct stay *stay;
	struct owner *owner;
	char *rule;
	struct extra *extra; /* NULL = nothing of that */
	struct moment moment;
	uint64_t age_usec;
	uint64_t away_usec;
	uint64_t threshold_usec;
	uint64_t cookie; /* of the socket that the verdict was about */
	uint32_t inode, uid;
	uint32_t sequence;
	uint32_t sockets, users;
	struct endpoint endpoint;
	struct classification classification;
	uint8_t kind, priority, severity, state, choice, v6only, range;
	bool in_summary, overstayed;
};

static void
free_extra(struct extra *extra)
{
	if (extra == NULL)
		return;
	free(extra->note);
	free(extra->would_allow);
	free(extra->advice);
	free(extra->peers);
	free(extra);
}

static char *
copy_text(const char *text)
{
	return text == NULL ? NULL : strdup(text);
}

static void
fill_ports(struct extra *extra, const struct stay *stay, const struct telling *telling)
{
	if (telling->chain != NULL) {
		extra->hops = telling->chain->hops;
		extra->port_count = telling->chain->port_count;
		memcpy(extra->ports, telling->chain->ports, sizeof(extra->ports));
	} else if (telling->kind == EVENT_REBOUND && stay->is.moved_from != 0) {
		extra->port_count = 1;
		extra->ports[0] = stay->is.moved_from;
	}
}

/* Returns NULL where there is nothing of it, or no memory: the message goes without. */
static struct extra *
make_extra(const struct stay *stay, const struct telling *telling)
{
	const struct rule *rule = stay->judged.verdict.rule,
			  *other = stay->judged.verdict.would_allow;
	bool peers = telling->kind == EVENT_SUSPECT && stay->waits.peers != NULL;
	struct extra *extra;

	if ((rule == NULL || rule->note == NULL) && other == NULL && !peers &&
	    telling->chain == NULL && telling->advice == NULL &&
	    (telling->kind != EVENT_REBOUND || stay->is.moved_from == 0))
		return NULL;
	extra = calloc(1, sizeof(*extra));
	if (extra == NULL)
		return NULL;
	extra->note = copy_text(rule == NULL ? NULL : rule->note);
	extra->would_allow = copy_text(other == NULL ? NULL : other->name);
	extra->advice = copy_text(telling->advice);
	if (peers)
		extra->peers = malloc(sizeof(*extra->peers));
	if (extra->peers != NULL)
		*extra->peers = *stay->waits.peers;
	fill_ports(extra, stay, telling);
	return extra;
}

static void
clear_entry(struct outbox_entry *entry)
{
	(void)report_free(entry->report);
	if (entry->stay != NULL)
		stay_unref(entry->stay);
	(void)owner_unref(entry->owner);
	free(entry->rule);
	free_extra(entry->extra);
}

static struct outbox_entry *
entry_at(const struct outbox *outbox, size_t index)
{
	return &outbox->entries[(outbox->first + index) & (outbox->room - 1)];
}

void
outbox_clear(struct outbox *outbox)
{
	for (size_t i = 0; i < outbox->count; i++)
		clear_entry(entry_at(outbox, i));
	free(outbox->entries);
	*outbox = (struct outbox){ 0 };
}

static int
grow(struct outbox *outbox)
{
	size_t room = outbox->room == 0 ? 64 : outbox->room * 2;
	struct outbox_entry *entries = calloc(room, sizeof(*entries));

	if (entries == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < outbox->count; i++)
		entries[i] = *entry_at(outbox, i);
	free(outbox->entries);
	outbox->entries = entries;
	outbox->first = 0;
	outbox->room = room;
	return 0;
}

/* The kinds that only inform: the first to be held back. */
static bool
only_informs(enum event_kind kind)
{
	return kind == EVENT_APPEARED || kind == EVENT_VANISHED || kind == EVENT_REBOUND ||
	    kind == EVENT_ADVICE;
}

/* A new place at the end, NULL where there is none: then it was counted as held back. */
static struct outbox_entry *
append(struct outbox *outbox, enum event_kind kind)
{
	size_t most = only_informs(kind) ? OUTBOX_INFORM_MAX : OUTBOX_MAX;

	if (outbox->count >= most || (outbox->count == outbox->room && grow(outbox) < 0)) {
		outbox->held_back++;
		return NULL;
	}
	return entry_at(outbox, outbox->count++);
}

/* How many different users the sockets of a stay have. Groups are small; bounded all the same. */
static uint32_t
count_users(const struct stay *stay)
{
	uint32_t users = 0, most = stay->is.member_count < 64 ? stay->is.member_count : 64;

	for (uint32_t i = 0; i < most; i++) {
		uint32_t earlier = 0;
		while (earlier < i && stay->is.members[earlier].uid != stay->is.members[i].uid)
			earlier++;
		users += earlier == i;
	}
	return users;
}

void
outbox_tell(struct outbox *outbox, struct stay *stay, const struct telling *telling,
    const struct ranges *ranges, const struct moment *moment)
{
	struct outbox_entry *entry = append(outbox, telling->kind);
	const struct member *member = &stay->is.members[stay->judged.worst];

	if (entry == NULL)
		return;
	stay_ref(stay);
	*entry = (struct outbox_entry){
		.stay = stay,
		.owner = owner_ref(member->owner),
		.rule = stay->judged.verdict.rule == NULL ? NULL :
							    strdup(stay->judged.verdict.rule->name),
		.extra = make_extra(stay, telling),
		.moment = *moment,
		.age_usec = telling->chain != NULL ? telling->span_usec :
						     stay_age_usec(stay, moment->boottime_usec),
		.away_usec = telling->away_usec,
		.threshold_usec = stay->judged.verdict.threshold_usec,
		.cookie = member->cookie,
		.inode = member->inode,
		.uid = member->uid,
		.sequence = stay->told.sequence,
		.sockets = stay->is.live > 0 ? stay->is.live : stay->is.member_count,
		.users = count_users(stay),
		.endpoint = stay->is.endpoint,
		.classification = stay->judged.classification,
		.kind = (uint8_t)telling->kind,
		.priority = (uint8_t)telling->priority,
		.severity = (uint8_t)stay->judged.verdict.severity,
		.state = (uint8_t)stay->is.state,
		.choice = member->choice,
		.v6only = member->v6only,
		.range = (uint8_t)ranges_source(ranges, stay->is.endpoint.port),
		.in_summary = telling->in_summary,
		.overstayed = stay->told.overstayed,
	};
}

void
outbox_put(struct outbox *outbox, struct report *report, const struct moment *moment)
{
	struct outbox_entry *entry;

	if (report == NULL) {
		outbox->held_back++;
		return;
	}
	report->boottime_usec = moment->boottime_usec;
	report->realtime_usec = moment->realtime_usec;
	entry = append(outbox, report->kind);
	if (entry == NULL) {
		(void)report_free(report);
		return;
	}
	*entry = (struct outbox_entry){ .report = report };
}

static void
fill_stay(struct report_stay *report, const struct outbox_entry *entry)
{
	const struct stay *stay = entry->stay;
	uint64_t since_usec = entry->moment.boottime_usec - stay->is.first_seen_usec;

	*report = (struct report_stay){
		.id = stay->is.id,
		.sequence = entry->sequence,
		.state = (enum stay_state)entry->state,
		.severity = (enum severity)entry->severity,
		.endpoint = entry->endpoint,
		.class = entry->classification.class,
		.class_otherwise = entry->classification.otherwise,
		.reasons = entry->classification.reasons,
		.choice = (enum choice)entry->choice,
		.v6only = (enum v6only)entry->v6only,
		.range = entry->range,
		.sockets = entry->sockets,
		.users = entry->users,
		.cookie = entry->cookie,
		.inode = entry->inode,
		.uid = entry->uid,
		.age_usec = entry->age_usec,
		.age_max_usec = USEC_NEVER,
		.away_usec = entry->away_usec,
		.threshold_usec = entry->threshold_usec,
		.first_seen_usec = entry->moment.realtime_usec - since_usec,
		.overstayed = entry->overstayed,
	};
	if (entry->kind != EVENT_HOPPING && stay->is.absent_usec != USEC_NEVER)
		report->age_max_usec =
		    entry->age_usec + stay->is.first_seen_usec - stay->is.absent_usec;
}

/* What is in extra changes hands. */
static void
take_extra(struct report_stay *stay, struct extra *extra)
{
	if (extra == NULL)
		return;
	stay->note = take_ptr(extra->note);
	stay->would_allow = take_ptr(extra->would_allow);
	stay->advice = take_ptr(extra->advice);
	stay->peers = take_ptr(extra->peers);
	stay->hops = extra->hops;
	stay->port_count = extra->port_count;
	memcpy(stay->ports, extra->ports, sizeof(stay->ports));
}

/* Makes the report of an entry about a stay. Returns NULL without memory. */
static struct report *
make_report(struct outbox_entry *entry)
{
	struct report *report = calloc(1, sizeof(*report));
	struct report_stay *stay = calloc(1, sizeof(*stay));
	struct owner *owner = entry->owner;

	if (owner == NULL)
		owner = owner_new(OWNER_UNKNOWN, OWNER_REASON_NOT_ASKED, 0);
	if (report == NULL || stay == NULL || owner == NULL) {
		free(report);
		free(stay);
		entry->owner = owner;
		return NULL;
	}
	fill_stay(stay, entry);
	stay->owner = owner;
	entry->owner = NULL;
	stay->rule = take_ptr(entry->rule);
	take_extra(stay, entry->extra);
	report->kind = (enum event_kind)entry->kind;
	report->priority = (enum severity)entry->priority;
	report->realtime_usec = entry->moment.realtime_usec;
	report->boottime_usec = entry->moment.boottime_usec;
	report->in_summary = entry->in_summary;
	report->stay = stay;
	return report;
}

struct report *
outbox_take(struct outbox *outbox)
{
	struct outbox_entry *entry;
	struct report *report;

	if (outbox->count == 0)
		return NULL;
	entry = entry_at(outbox, 0);
	report = entry->report != NULL ? take_ptr(entry->report) : make_report(entry);
	if (report == NULL)
		return NULL;
	clear_entry(entry);
	outbox->first = (outbox->first + 1) & (outbox->room - 1);
	outbox->count--;
	/* A burst must not be remembered in memory for months. */
	if (outbox->count == 0 && outbox->room > 1024) {
		free(outbox->entries);
		outbox->entries = NULL;
		outbox->first = outbox->room = 0;
	}
	return report;
}
