/* SPDX-License-Identifier: MIT */
/*
 * Lines that speak for many stays: the summary of overstays that came at once, and that of the
 * day, which also shows that the host is alive. They name a few and count all.
 */
#include <stdio.h>

#include "base/duration.h"
#include "base/text.h"
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

struct report *
summary_of_overstays(struct stay *const *stays, size_t count, bool baseline)
{
	enum severity gravest = SEVERITY_DEBUG;
	char list[256], endpoint[ENDPOINT_TEXT_MAX];
	struct report *report;
	struct text text;
	size_t spoken_for = 0;

	text_init(&text, list, sizeof(list));
	for (size_t i = 0; i < count; i++) {
		const struct stay *stay = stays[i];

		if (stay->is.baseline != baseline)
			continue;
		if (stay->judged.verdict.severity < gravest)
			gravest = stay->judged.verdict.severity;
		if (spoken_for++ < SUMMARY_NAMED_MAX)
			text_printf(&text, "%s%s %s", spoken_for > 1 ? ", " : "",
			    protocol_name(stay->is.endpoint.protocol),
			    endpoint_format(&stay->is.endpoint, endpoint));
	}
	report = report_new(EVENT_OVERSTAY, gravest,
	    "%zu listeners%s: %s%s; see: journalctl OVERSTAY_EVENT=overstay", spoken_for,
	    baseline ? " present at start" : " at the same time", list,
	    spoken_for > SUMMARY_NAMED_MAX ? ", ..." : "");
	(void)report_add_field(report, "COUNT", "%zu", spoken_for);
	(void)report_add_field(report, "SEVERITY", "%s", severity_name(gravest));
	return report;
}

struct report *
summary_of_day(const struct track *track, uint64_t now_usec)
{
	enum severity gravest = SEVERITY_INFO;
	const struct stay *oldest = NULL;
	struct track_counts counts;
	char endpoint[ENDPOINT_TEXT_MAX], age[DURATION_TEXT_MAX], tail[256] = "";
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
	if (oldest != NULL)
		(void)snprintf(tail, sizeof(tail), "; the oldest: %s %s, seen for %s",
		    protocol_name(oldest->is.endpoint.protocol),
		    endpoint_format(&oldest->is.endpoint, endpoint),
		    duration_format_short(stay_age_usec(oldest, now_usec), age));
	track_count(track, &counts);
	report = report_new(EVENT_SUMMARY, gravest,
	    "%zu of %zu listeners overstaying, %zu suspect, %zu allowed by rules%s",
	    counts.overstaying, counts.stays, counts.suspects, counts.allowed, tail);
	(void)report_add_field(report, "LISTENERS", "%zu", counts.stays);
	(void)report_add_field(report, "OVERSTAYING", "%zu", counts.overstaying);
	(void)report_add_field(report, "SUSPECTS", "%zu", counts.suspects);
	(void)report_add_field(report, "ALLOWED", "%zu", counts.allowed);
	return report;
}
