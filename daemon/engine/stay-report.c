/* SPDX-License-Identifier: MIT */
/*
 * A stay as a report has it. It borrows nothing from the stay or the policy but a reference to the
 * owner, so that a reload does not disturb who still sends or prints it.
 *
 * It speaks of one socket of the stay, the worst by its verdict; how many there are is counted.
 *
 * Cost: a few copies; the users of a group are counted in the first USERS_COUNTED_MAX sockets.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/stay-report.h"

/* REUSEPORT groups may be large, and each socket is compared with those before it. */
#define USERS_COUNTED_MAX 64

/* Copies text, NULL = there is none. Returns 0 or -ENOMEM. */
static int
copy_text(char **to, const char *text)
{
	*to = text == NULL ? NULL : strdup(text);
	return text != NULL && *to == NULL ? -ENOMEM : 0;
}

static int
copy_rules(struct report_stay *report, const struct verdict *verdict)
{
	const struct rule *rule = verdict->rule, *other = verdict->would_allow;
	int r = copy_text(&report->rule, rule == NULL ? NULL : rule->name);

	if (r == 0)
		r = copy_text(&report->note, rule == NULL ? NULL : rule->note);
	if (r == 0)
		r = copy_text(&report->would_allow, other == NULL ? NULL : other->name);
	return r;
}

/* True for the sockets that are there; of a stay that left, for those it left with. */
static bool
is_counted(const struct stay *stay, const struct member *member)
{
	return !member->gone || stay->is.live == 0;
}

/* How many different users the sockets have. */
static uint32_t
count_users(const struct stay *stay)
{
	const struct member *members = stay->is.members;
	uint32_t users = 0;

	for (uint32_t i = 0; i < stay->is.member_count && i < USERS_COUNTED_MAX; i++) {
		uint32_t earlier = 0;

		if (!is_counted(stay, &members[i]))
			continue;
		while (earlier < i &&
		    (members[earlier].uid != members[i].uid ||
			!is_counted(stay, &members[earlier])))
			earlier++;
		users += earlier == i;
	}
	return users;
}

static void
fill_times(struct report_stay *report, const struct stay *stay, const struct moment *moment)
{
	report->age_usec = stay_age_usec(stay, moment->boottime_usec);
	report->age_max_usec = stay->is.absent_usec == USEC_NEVER ?
	    USEC_NEVER :
	    report->age_usec + stay->is.first_seen_usec - stay->is.absent_usec;
	report->away_usec = USEC_NEVER;
	report->threshold_usec = stay->judged.verdict.threshold_usec;
	report->first_seen_usec = moment_realtime_usec(moment, stay->is.first_seen_usec);
}

int
stay_report_fill(struct report_stay *ret, const struct stay *stay, const struct ranges *ranges,
    const struct moment *moment)
{
	const struct member *member = &stay->is.members[stay->judged.worst];
	const struct classification *classification = &stay->judged.classification;

	*ret = (struct report_stay){
		.id = stay->is.id,
		.sequence = stay->told.sequence,
		.state = stay->is.state,
		.severity = stay->judged.verdict.severity,
		.endpoint = stay->is.endpoint,
		.choice = (enum choice)member->choice,
		.v6only = (enum v6only)member->v6only,
		.range = ranges_source(ranges, stay->is.endpoint.port),
		.sockets = stay->is.live > 0 ? stay->is.live : stay->is.member_count,
		.users = count_users(stay),
		.cookie = member->cookie,
		.inode = member->inode,
		.uid = member->uid,
		.overstayed = stay->told.overstayed,
		.class = classification->class,
		.class_otherwise = classification->otherwise,
		.reasons = classification->reasons,
		.hints = classification->hints,
		.owner = member->owner != NULL ?
		    owner_ref(member->owner) :
		    owner_new(OWNER_UNKNOWN, OWNER_REASON_NOT_ASKED, 0),
	};
	fill_times(ret, stay, moment);
	return ret->owner == NULL ? -ENOMEM : copy_rules(ret, &stay->judged.verdict);
}

void
stay_report_item(struct items *items, const struct stay *stay, uint64_t now_usec)
{
	const struct member *member = &stay->is.members[stay->judged.worst];
	struct item item = {
		.endpoint = stay->is.endpoint,
		.severity = stay->judged.verdict.severity,
		.class = stay->judged.classification.class,
		.age_usec = stay_age_usec(stay, now_usec),
		.uid = member->uid,
		.owner = member->owner,
	};

	if (items == NULL)
		return;
	memcpy(item.stay, stay->is.id.bytes, sizeof(item.stay));
	items_add(items, &item);
}
