/* SPDX-License-Identifier: MIT */
/*
 * Reports that speak for many stays: the summary of overstays that came at once, and that of the
 * day, which also shows that the host is alive. They name a few and count all.
 */
#include "engine/stay-report.h"
#include "engine/summary.h"

/* How many endpoints are named of those at once: the entries themselves name the rest. */
#define SUMMARY_NAMED_MAX 3

void
track_count(const struct track *track, struct track_counts *ret)
{
	*ret = (struct track_counts){ .away = track->tally.away };
	for (size_t i = 0; i < track->count; i++) {
		const struct stay *stay = track->stays[i];

		if (stay->is.state == STAY_AWAY || stay->is.state == STAY_ENDED)
			continue;
		ret->stays++;
		ret->sockets += stay->is.live;
		ret->overstaying += stay->is.state == STAY_OVERSTAYING;
		ret->suspects += stay->told.suspected;
		ret->allowed += stay->judged.valid && stay->judged.verdict.allowed;
		if (stay->is.endpoint.protocol == PROTOCOL_TCP)
			ret->tcp++;
		else
			ret->udp++;
	}
}

/* Which stays a message is about. */
typedef bool is_summed_up(const struct stay *stay);

static bool
is_of_baseline(const struct stay *stay)
{
	return stay->is.baseline;
}

static bool
is_newcomer(const struct stay *stay)
{
	return !stay->is.baseline;
}

static bool
is_overstaying(const struct stay *stay)
{
	return stay->is.state == STAY_OVERSTAYING;
}

/* Those as items, the gravest first: what does not fit is the least. NULL without memory. */
static struct items *
make_items(struct stay *const *stays, size_t count, is_summed_up *is_one, uint64_t now_usec)
{
	struct items *items = items_new(count);

	for (unsigned severity = SEVERITY_EMERG; severity <= SEVERITY_DEBUG; severity++)
		for (size_t i = 0; i < count; i++)
			if (stays[i]->judged.verdict.severity == severity && is_one(stays[i]))
				stay_report_item(items, stays[i], now_usec);
	return items;
}

struct report *
summary_of_overstays(struct stay *const *stays, size_t count, bool baseline, uint64_t now_usec)
{
	struct items *items =
	    make_items(stays, count, baseline ? is_of_baseline : is_newcomer, now_usec);
	struct report *report;

	enum severity gravest = SEVERITY_DEBUG;
	struct endpoint named[SUMMARY_NAMED_MAX];
	size_t spoken_for = 0;

	for (size_t i = 0; i < count; i++) {
		const struct stay *stay = stays[i];

		if (stay->is.baseline != baseline)
			continue;
		if (stay->judged.verdict.severity < gravest)
			gravest = stay->judged.verdict.severity;
		if (spoken_for < SUMMARY_NAMED_MAX)
			named[spoken_for] = stay->is.endpoint;
		spoken_for++;
	}
	report = report_new(baseline ? NOTICE_OVERSTAYS_AT_START : NOTICE_OVERSTAYS_AT_ONCE,
	    gravest,
	    FACTS(fact_number(FACT_COUNT, spoken_for), fact_number(FACT_SEVERITY, gravest),
		fact_endpoints(FACT_ENDPOINTS, named,
		    spoken_for < SUMMARY_NAMED_MAX ? spoken_for : SUMMARY_NAMED_MAX, spoken_for),
		fact_items(items)));
	(void)items_free(items);
	return report;
}

struct report *
summary_of_watch(const struct track *track, const struct heartbeat *heartbeat,
    const struct policy *policy)
{
	struct track_counts counts;

	track_count(track, &counts);
	struct fact facts[] = {
		fact_text(FACT_VERSION, heartbeat->version),
		fact_text(FACT_HASH, heartbeat->config),
		fact_number(FACT_LISTENERS, counts.stays),
		fact_number(FACT_OVERSTAYING, counts.overstaying),
		fact_number(FACT_SUSPECTS, counts.suspects),
		fact_number(FACT_POLLS_DONE, heartbeat->polls),
		fact_number(FACT_POLLS_MISSED, heartbeat->missed),
		fact_number(FACT_EVERY_USEC, policy->heartbeat_usec),
		fact_number(FACT_CONDITIONS, heartbeat->conditions),
	};

	/* The last one is no fact where nothing is wrong. */
	return report_new(NOTICE_HEARTBEAT, policy->heartbeat_severity, facts,
	    heartbeat->conditions == 0 ? ARRAY_SIZE(facts) - 1 : ARRAY_SIZE(facts));
}

struct report *
summary_of_day(const struct track *track, uint64_t now_usec)
{
	enum severity gravest = SEVERITY_INFO;
	const struct stay *oldest = NULL;
	struct items *items = make_items(track->stays, track->count, is_overstaying, now_usec);
	struct track_counts counts;
	struct report *report;

	for (size_t i = 0; i < track->count; i++) {
		const struct stay *stay = track->stays[i];

		if (stay->is.state != STAY_OVERSTAYING)
			continue;
		if (stay->judged.verdict.severity < gravest)
			gravest = stay->judged.verdict.severity;
		if (oldest == NULL || stay->is.first_seen_usec < oldest->is.first_seen_usec)
			oldest = stay;
	}
	track_count(track, &counts);
	struct fact facts[] = {
		fact_number(FACT_LISTENERS, counts.stays),
		fact_number(FACT_OVERSTAYING, counts.overstaying),
		fact_number(FACT_SUSPECTS, counts.suspects),
		fact_number(FACT_ALLOWED, counts.allowed),
		fact_items(oldest == NULL ? NULL : items),
		fact_endpoints(FACT_OLDEST, oldest == NULL ? NULL : &oldest->is.endpoint, 1, 1),
		fact_number(FACT_OLDEST_AGE, oldest == NULL ? 0 : stay_age_usec(oldest, now_usec)),
	};

	/* The last two are about the oldest. */
	report = report_new(NOTICE_SUMMARY, gravest, facts,
	    oldest == NULL ? ARRAY_SIZE(facts) - 2 : ARRAY_SIZE(facts));
	(void)items_free(items);
	return report;
}
