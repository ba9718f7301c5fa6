/* SPDX-License-Identifier: MIT */
/*
 * What two marks say of the time that nobody watched: one in the state directory, as old as the
 * last write there, for an idle host writes nothing; one of the last complete poll, in memory.
 *
 * Within a boot the time is measured by CLOCK_BOOTTIME, so a clock that was set changes nothing.
 * Over a reboot there is CLOCK_REALTIME alone; if that went backwards, the time is not known.
 */
#include <string.h>

#include "store/mark.h"

static bool
is_of(const struct mark *mark, const char *boot_id, const struct moment *now)
{
	return mark->boot_id[0] != '\0' && strcmp(mark->boot_id, boot_id) == 0 &&
	    mark->polled.boottime_usec <= now->boottime_usec;
}

/* The later one; of the same poll, the one that says more. */
static const struct mark *
later(const struct mark *a, const struct mark *b)
{
	if (a->polled.boottime_usec != b->polled.boottime_usec)
		return a->polled.boottime_usec > b->polled.boottime_usec ? a : b;
	return a->stopped ? a : b;
}

static struct gap
gap_in_boot(const struct mark *mark, const struct moment *now)
{
	uint64_t length_usec = now->boottime_usec - mark->polled.boottime_usec;

	return (struct gap){
		.reason = mark->stopped ? GAP_STOPPED : GAP_KILLED,
		.is_measured = length_usec <= now->realtime_usec,
		.since_usec = now->realtime_usec - length_usec,
	};
}

static struct gap
gap_over_boots(const struct mark *mark, const struct moment *now)
{
	return (struct gap){
		.reason = GAP_HOST_DOWN,
		.is_measured = mark->polled.realtime_usec <= now->realtime_usec,
		.at_most = !mark->stopped,
		.since_usec = mark->polled.realtime_usec,
	};
}

struct gap
mark_gap(const struct last_run *last_run, const char *boot_id, const struct moment *now)
{
	const struct mark *saved = &last_run->saved, *last_poll = &last_run->last_poll;
	bool has_saved = is_of(saved, boot_id, now), has_poll = is_of(last_poll, boot_id, now);
	struct gap gap;

	if (has_poll) {
		gap = gap_in_boot(has_saved ? later(saved, last_poll) : last_poll, now);
	} else if (has_saved) {
		gap = gap_in_boot(saved, now);
		gap.at_most = !saved->stopped;
	} else if (saved->boot_id[0] != '\0' && strcmp(saved->boot_id, boot_id) != 0)
		gap = gap_over_boots(saved, now);
	else
		gap = (struct gap){
			.reason = last_run->is_lost || saved->boot_id[0] != '\0' ? GAP_UNKNOWN :
										   GAP_FIRST_START,
		};
	gap.until_usec = now->realtime_usec;
	if (!gap.is_measured)
		gap.since_usec = 0;
	return gap;
}
