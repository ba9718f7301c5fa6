/* SPDX-License-Identifier: MIT */
/*
 * When polls come. Any process can find out when a poll was: the daemon's context switches are
 * counted in /proc. A program that also knew when the next one is would close its port for that
 * moment and never be seen. So the next one is drawn: after a gap between a sixth of the interval
 * and the interval, evenly. A stay that reaches a threshold sooner has a poll of its own, so that
 * an alert comes when its threshold is reached and not up to an interval later.
 *
 * Invariant: polls for what is due, which others bring about and can foresee, never put off a drawn
 * one, and are no reason to draw it anew.
 *
 * Cost: 1.71 polls an interval on average. A gap from a fifth on would cost 1.67, and who listens
 * half of the time, at the best moments, would stay unseen for 20 intervals in 1.2% of all cases
 * instead of 0.4%.
 *
 * What it never does: protect the first sixth after a poll. Who listens then and not later is seen
 * by chance only, if a poll for what is due comes before.
 */
#include "base/clock.h"
#include "loop/poll-times.h"

void
poll_times_begun(struct poll_times *times, uint64_t begun_usec, uint64_t interval_usec,
    uint64_t random)
{
	uint64_t least_usec = interval_usec / POLL_GAP_LEAST;

	if (begun_usec < times->drawn_usec)
		return;
	times->drawn_usec = begun_usec + least_usec + random % (interval_usec - least_usec + 1);
}

uint64_t
poll_times_next_usec(const struct poll_times *times, uint64_t begun_usec, uint64_t due_usec,
    uint64_t interval_usec)
{
	uint64_t least_usec = begun_usec + interval_usec / POLL_GAP_LEAST;

	if (due_usec >= times->drawn_usec)
		return times->drawn_usec;
	/* A millisecond later, so that what is due is past and not about to be. */
	due_usec += USEC_PER_MSEC;
	if (due_usec < least_usec)
		due_usec = least_usec;
	return due_usec < times->drawn_usec ? due_usec : times->drawn_usec;
}
