/* SPDX-License-Identifier: MIT */
/*
 * What a poll costs is up to those who listen: the kernel takes its time for each socket, and a
 * thousand that come and go are judged. So what polls cost is measured, and where it is more than a
 * hundredth of a core, for longer than a burst, the interval is stretched by as much. It is taken
 * back when that costs clearly less.
 *
 * Invariants: the interval in force is never shorter than the configured one, nor longer than the
 * bound; it is changed only by polls that all came at the interval that was in force.
 *
 * What it never does: take back for a single cheap poll what many dear ones brought about; or know
 * of clocks.
 *
 * Cost: some additions a poll.
 */
#include "loop/poll-stretch.h"

static uint64_t
longest_usec(uint64_t interval_usec)
{
	uint64_t max_usec = interval_usec < POLL_STRETCH_MAX_USEC / POLL_STRETCH_MAX ?
	    interval_usec * POLL_STRETCH_MAX :
	    POLL_STRETCH_MAX_USEC;

	return max_usec > interval_usec ? max_usec : interval_usec;
}

/* Takes in what was spent and what was made up for since then, but no more than a burst. */
static void
spend(struct bucket *spent, uint64_t cpu_usec, uint64_t gap_usec)
{
	bucket_spend(spent, POLL_SHARE, cpu_usec, UINT64_MAX, spent->as_of_usec);
	bucket_spend(spent, POLL_SHARE, 0, POLL_BURST_USEC, spent->as_of_usec + gap_usec);
}

/* With which interval the last polls would have cost what they may: at most max_usec. */
static uint64_t
wanted_usec(const struct poll_stretch *stretch, uint64_t max_usec)
{
	uint64_t cpu_usec = 0, gap_usec = 1, permille;

	for (unsigned i = 0; i < POLL_STRETCH_WINDOW; i++) {
		cpu_usec += stretch->cpu_usec[i];
		gap_usec += stretch->gap_usec[i];
	}
	if (cpu_usec >= gap_usec)
		return max_usec;
	permille = cpu_usec * POLL_SHARE * 1000 / gap_usec;
	return stretch->in_force_usec * permille / 1000;
}

static void
change(struct poll_stretch *stretch, uint64_t in_force_usec)
{
	stretch->in_force_usec = in_force_usec;
	stretch->polls = 0;
}

void
poll_stretch_note(struct poll_stretch *stretch, uint64_t interval_usec, uint64_t cpu_usec,
    uint64_t gap_usec)
{
	uint64_t max_usec = longest_usec(interval_usec), wanted;

	cpu_usec -= cpu_usec < POLL_FREE_USEC ? cpu_usec : POLL_FREE_USEC;
	if (stretch->interval_usec != interval_usec) {
		stretch->interval_usec = interval_usec;
		change(stretch, interval_usec);
	}
	spend(&stretch->spent_usec, cpu_usec, gap_usec);
	stretch->cpu_usec[stretch->polls % POLL_STRETCH_WINDOW] = cpu_usec;
	stretch->gap_usec[stretch->polls % POLL_STRETCH_WINDOW] = gap_usec;
	if (++stretch->polls < POLL_STRETCH_WINDOW)
		return;
	wanted = wanted_usec(stretch, max_usec);
	if (wanted > max_usec)
		wanted = max_usec;
	if (wanted > stretch->in_force_usec ? stretch->spent_usec.spent == POLL_BURST_USEC :
					      wanted < stretch->in_force_usec / 3 * 2)
		change(stretch, wanted > interval_usec ? wanted : interval_usec);
}

uint64_t
poll_stretch_interval_usec(const struct poll_stretch *stretch, uint64_t interval_usec)
{
	return stretch->interval_usec == interval_usec ? stretch->in_force_usec : interval_usec;
}
