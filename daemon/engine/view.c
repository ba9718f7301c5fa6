/* SPDX-License-Identifier: MIT */
/*
 * Every stay that is there, as a value of its own: what a list shows. It changes nothing in the
 * engine, and no view borrows from it, so that a reload does not disturb who still prints.
 *
 * A view speaks of the socket that a message would speak of: the worst by its verdict. Only what
 * could not be seen is gathered over all of them.
 *
 * Cost: one pass over the stays, some 400 bytes for each.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/judge-stay.h"
#include "engine/pass.h"
#include "engine/view.h"

/* Copies text, NULL = there is none. Returns 0 or -ENOMEM. */
static int
copy_text(char **to, const char *text)
{
	*to = text == NULL ? NULL : strdup(text);
	return text != NULL && *to == NULL ? -ENOMEM : 0;
}

/* What is borrowed from the policy is copied. Returns 0 or -ENOMEM. */
static int
copy_rule(struct report_stay *report, const struct verdict *verdict)
{
	const struct rule *rule = verdict->rule, *other = verdict->would_allow;
	int r = copy_text(&report->rule, rule == NULL ? NULL : rule->name);

	if (r == 0)
		r = copy_text(&report->note, rule == NULL ? NULL : rule->note);
	if (r == 0)
		r = copy_text(&report->would_allow, other == NULL ? NULL : other->name);
	return r;
}

/* True where an earlier socket of the stay, of those that are there, has the same user. */
static bool
is_repeated(const struct stay *stay, uint32_t index)
{
	for (uint32_t i = 0; i < index; i++)
		if (!stay->is.members[i].gone &&
		    stay->is.members[i].uid == stay->is.members[index].uid)
			return true;
	return false;
}

static void
gather_members(const struct stay *stay, struct stay_view *view)
{
	for (uint32_t i = 0; i < stay->is.member_count; i++) {
		const struct owner *owner = stay->is.members[i].owner;

		if (stay->is.members[i].gone)
			continue;
		view->stay.sockets++;
		/* A message counts no further either: REUSEPORT groups may be large. */
		view->stay.users += i < 64 && !is_repeated(stay, i);
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
	const struct member *member = &stay->is.members[stay->judged.worst];
	uint64_t age_usec = stay_age_usec(stay, moment->boottime_usec);

	view->allowed = stay->judged.verdict.allowed;
	view->stay = (struct report_stay){
		.id = stay->is.id,
		.sequence = stay->told.sequence,
		.state = stay->is.state,
		.severity = stay->judged.verdict.severity,
		.endpoint = stay->is.endpoint,
		.choice = (enum choice)member->choice,
		.v6only = (enum v6only)member->v6only,
		.range = ranges_source(&engine->namespace.ranges, stay->is.endpoint.port),
		.cookie = member->cookie,
		.inode = member->inode,
		.uid = member->uid,
		.age_usec = age_usec,
		.age_max_usec = stay->is.absent_usec == USEC_NEVER ?
		    USEC_NEVER :
		    age_usec + stay->is.first_seen_usec - stay->is.absent_usec,
		.away_usec = USEC_NEVER,
		.threshold_usec = stay->judged.verdict.threshold_usec,
		.first_seen_usec =
		    moment->realtime_usec - (moment->boottime_usec - stay->is.first_seen_usec),
		.overstayed = stay->told.overstayed,
		.class = stay->judged.classification.class,
		.class_otherwise = stay->judged.classification.otherwise,
		.reasons = stay->judged.classification.reasons,
		.hints = judge_stay_hints(engine, stay, moment->boottime_usec, newer),
		.use = usage_report(&engine->usage, stay, moment),
	};
	gather_members(stay, view);
	view->stay.owner = member->owner != NULL ?
	    owner_ref(member->owner) :
	    owner_new(OWNER_UNKNOWN, OWNER_REASON_NOT_ASKED, 0);
	if (view->stay.owner == NULL)
		return -ENOMEM;
	return copy_rule(&view->stay, &stay->judged.verdict);
}

int
engine_view(const struct engine *engine, const struct moment *moment, struct stay_view **ret,
    size_t *ret_count)
{
	const struct track *track = &engine->track;
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
	newer_clear(&newer);
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
	for (size_t i = 0; views != NULL && i < count; i++) {
		free(views[i].stay.rule);
		free(views[i].stay.note);
		free(views[i].stay.would_allow);
		(void)owner_unref(views[i].stay.owner);
	}
	free(views);
	return NULL;
}
