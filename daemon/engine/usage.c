/* SPDX-License-Identifier: MIT */
/*
 * When a stay was last connected to. Each survey counts the sockets of each port, and where there
 * are more than listeners somebody is connected, or was up to a minute ago (TIME_WAIT). What came
 * and left between two surveys is not seen, so a row of surveys that saw nothing is a hint.
 *
 * A port's connections are those of all its listeners: which one took them in the kernel does not
 * say. So of two listeners on one port each counts as used by what the other one has; and so does
 * a program's own connection from that port. It errs towards used. UDP has no connections.
 *
 * Times are kept to a second: a stay has little room.
 *
 * What it never does: bridge a gap. Where surveys fail, are stretched, or the host slept, counting
 * begins anew, for all.
 *
 * Cost: one walk over the stays in each survey, one count read for each; nothing in a poll.
 */
#include "engine/usage.h"

static void
note(struct stay *stay, bool connected, uint64_t taken_usec)
{
	struct stay_use *use = &stay->use;
	uint32_t taken_sec = (uint32_t)(taken_usec / USEC_PER_SEC);

	if (connected) {
		*use = (struct stay_use){ .since_sec = taken_sec, .seen = true };
		return;
	}
	if (use->since_sec == 0)
		use->since_sec = taken_sec;
	if (use->surveys < INT32_MAX)
		use->surveys++;
}

void
usage_take(struct usage *usage, struct track *track, const struct occupancy *occupancy,
    uint64_t taken_usec)
{
	bool gap = usage->taken_usec == 0 || taken_usec > usage->taken_usec + USAGE_GAP_MAX_USEC;

	usage->taken_usec = taken_usec;
	for (size_t i = 0; i < track->count; i++) {
		struct stay *stay = track->stays[i];
		const struct endpoint *endpoint = &stay->is.endpoint;

		if (gap)
			stay->use = (struct stay_use){ 0 };
		if (endpoint->protocol == PROTOCOL_TCP && stay->is.state != STAY_AWAY)
			note(stay, occupancy_is_connected(occupancy, PROTOCOL_TCP, endpoint->port),
			    taken_usec);
	}
}

static uint64_t
since_usec(const struct stay *stay)
{
	return stay->use.since_sec * USEC_PER_SEC;
}

/* The surveys are a row up to now. */
static bool
is_known(const struct usage *usage, const struct stay *stay, uint64_t now_usec)
{
	return stay->use.since_sec != 0 && now_usec <= usage->taken_usec + USAGE_GAP_MAX_USEC;
}

bool
usage_is_unused(const struct usage *usage, const struct stay *stay, uint64_t now_usec)
{
	return is_known(usage, stay, now_usec) && stay->use.surveys >= USAGE_SURVEYS_MIN &&
	    usage->taken_usec >= since_usec(stay) + USAGE_SPAN_MIN_USEC;
}

struct report_use
usage_report(const struct usage *usage, const struct stay *stay, const struct moment *moment)
{
	if (!is_known(usage, stay, moment->boottime_usec))
		return (struct report_use){ 0 };
	return (struct report_use){
		.since_sec =
		    (uint32_t)(moment_realtime_usec(moment, since_usec(stay)) / USEC_PER_SEC),
		.surveys = stay->use.surveys,
		.seen = stay->use.seen,
	};
}
