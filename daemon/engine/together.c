/* SPDX-License-Identifier: MIT */
/*
 * Several owners of one endpoint who are due at once: one alert, about the gravest, which names the
 * others; their own messages are entries at info. company.c has each at its own time.
 *
 * What it never does: leave out of an alert who then has none of their own. Who is not named, is
 * graver than the one the alert is about, or is a suspect, is reported by itself.
 *
 * Cost: nothing for a stay with one owner; a verdict and two sums for each owner of a stay of up to
 * TOGETHER_MEMBERS_MAX sockets when an alert about it is made.
 */
#include "engine/group-key.h"
#include "engine/judge-stay.h"
#include "engine/pass.h"
#include "engine/together.h"

/* Of more sockets each owner is reported by itself. */
#define TOGETHER_MEMBERS_MAX 64

/* What the verdict about one owner costs, in steps of a slice. */
#define OWNER_STEPS 8

/* True where the member's owner would have an alert now, no graver than that of the stay. */
static bool
is_due(struct pass *pass, struct stay *stay, const struct member *member)
{
	struct stay_judgement before = judge_stay_as(pass, stay, member);
	struct verdict verdict = stay->judged.verdict;

	judge_stay_restore(stay, &before);
	return !verdict.suspect && verdict.threshold_usec != USEC_NEVER &&
	    verdict.severity >= before.verdict.severity &&
	    pass->poll_usec >= member->since_usec + verdict.threshold_usec;
}

/* Index of the owner among those, count if it is none of them. */
static size_t
find_owner(const struct group_key *keys, struct owner *const *owners, size_t count,
    const struct member *member)
{
	size_t at = 0;

	while (at < count && !group_key_is_of(&keys[at], owners[at], member))
		at++;
	return at;
}

size_t
together_name(struct pass *pass, struct stay *stay, struct owner *others[REPORT_BESIDE_MAX])
{
	struct member *worst = &stay->is.members[stay->judged.worst];
	struct owner *owners[1 + REPORT_BESIDE_MAX] = { worst->owner };
	struct group_key keys[1 + REPORT_BESIDE_MAX];
	size_t count = 1;

	if (stay->is.member_count < 2 || stay->is.member_count > TOGETHER_MEMBERS_MAX)
		return 0;
	keys[0] = group_key_of_holder(worst->owner, worst->uid);
	for (uint32_t i = 0; i < stay->is.member_count; i++) {
		struct member *member = &stay->is.members[i];
		size_t at;

		if (member == worst || member->gone || member->unproved || member->allowed ||
		    member->reported || !group_key_knows_owner(member->owner) ||
		    member->owner->kind != OWNER_PROCESS)
			continue;
		slice_spend(pass->slice, OWNER_STEPS);
		at = find_owner(keys, owners, count, member);
		if (at == 0 || at == ARRAY_SIZE(owners) ||
		    (at == count && !is_due(pass, stay, member)))
			continue;
		member->named = true;
		if (at < count)
			continue;
		owners[count] = member->owner;
		keys[count] = group_key_of_holder(member->owner, member->uid);
		others[count++ - 1] = member->owner;
	}
	return count - 1;
}

bool
together_is_named(const struct stay *stay)
{
	const struct member *worst = &stay->is.members[stay->judged.worst];

	return worst->named && stay->judged.verdict.severity >= stay->told.severity;
}
