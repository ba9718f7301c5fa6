/* SPDX-License-Identifier: MIT */
/*
 * Every stay that is there, as a value of its own: what a list shows. It changes nothing in the
 * engine, and no view borrows from it, so that a reload does not disturb who still prints.
 *
 * A view speaks of the socket that a message would speak of (stay-report.c). Only what could not be
 * seen is gathered over all of them.
 *
 * Cost: one pass over the stays, some 400 bytes for each.
 */
#include <errno.h>
#include <stdlib.h>

#include "engine/judge-stay.h"
#include "engine/pass.h"
#include "engine/stay-report.h"
#include "engine/view.h"

/* What could not be seen of any of its sockets. */
static void
gather_members(const struct stay *stay, struct stay_view *view)
{
	for (uint32_t i = 0; i < stay->is.member_count; i++) {
		const struct owner *owner = stay->is.members[i].owner;

		if (stay->is.members[i].gone)
			continue;
		if (owner == NULL)
			view->unknown |= 1U << OWNER_REASON_NOT_ASKED;
		else if (owner->kind == OWNER_UNKNOWN)
			view->unknown |= 1U << owner->reason;
		else if (owner->kind == OWNER_PROCESS && !owner->thorough)
			view->more_holders = true;
	}
}

static int
fill_view(const struct engine *engine, const struct stay *stay, const struct moment *moment,
    struct newer *newer, struct stay_view *view)
{
	int r;

	view->allowed = stay->judged.verdict.allowed;
	gather_members(stay, view);
	r = stay_report_fill(&view->stay, stay, &engine->namespace.ranges, moment);
	view->stay.hints = judge_stay_hints(engine, stay, moment->boottime_usec, newer);
	view->stay.use = usage_report(&engine->usage, stay, moment);
	return r;
}

int
engine_view(const struct engine *engine, const struct moment *moment, struct stay_view **ret,
    size_t *ret_count)
{
	const struct track *track = &engine->track;
	struct slice whole = SLICE_WHOLE;
	struct newer newer = { 0 };
	struct stay_view *views = calloc(track->count + 1, sizeof(*views));
	size_t count = 0;
	int r = views == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < track->count && r == 0; i++) {
		const struct stay *stay = track->stays[i];

		if (stay->is.state == STAY_AWAY || stay->is.state == STAY_ENDED)
			continue;
		r = fill_view(engine, stay, moment, &newer, &views[count++]);
	}
	(void)newer_clear(&newer, &whole);
	if (r < 0) {
		(void)views_free(views, count);
		return r;
	}
	*ret = views;
	*ret_count = count;
	return 0;
}

struct stay_view *
views_free(struct stay_view *views, size_t count)
{
	for (size_t i = 0; views != NULL && i < count; i++)
		report_stay_clear(&views[i].stay);
	free(views);
	return NULL;
}
