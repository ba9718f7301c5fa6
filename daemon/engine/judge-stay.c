/* SPDX-License-Identifier: MIT */
/*
 * A stay under the rules: every socket of it is classed (classify.c) and judged (judge.c), and the
 * worst of the verdicts is the stay's; but a stranger beside reported owners waits until it is due
 * by itself (company.c).
 *
 * What it never does: take a suspicion back by itself. Reasons that were told stay reasons of that
 * owner's, so a name that is changed again neither clears it nor tells it twice; a rule or a reload
 * can clear it. That nobody holds a socket is a reason only when two answers in a row said so and a
 * poll in between saw it: a socket that is passed on is nobody's for a moment.
 *
 * Invariant: a verdict that is valid holds until something that a rule may see has changed
 * (stay_judge_anew()), or until a rule's `until`.
 *
 * Cost: a stay is judged when an owner was looked up or the policy changed, and not per poll.
 */
#include <stdlib.h>

#include "engine/classify.h"
#include "engine/company-owners.h"
#include "engine/company.h"
#include "engine/hint.h"
#include "engine/judge-stay.h"
#include "engine/lookup.h"
#include "engine/match.h"
#include "engine/pass.h"

/* True where a poll after the last answer saw the socket of which both said that it is nobody's. */
static bool
seen_since(const struct engine *engine, const struct member *member)
{
	return member->nobody == MEMBER_NOBODYS ||
	    (member->nobody == 2 && !member->gone && !member->unproved &&
		engine->last->taken_usec > member->owner->observed_usec &&
		engine->last->taken_usec > member->answered_usec);
}

/* The hints of a socket so classed. newer NULL: whether there is a newer process is not asked. */
static uint16_t
find_hints(const struct engine *engine, const struct stay *stay, const struct member *member,
    const struct classification *classification, uint64_t now_usec, struct newer *newer)
{
	struct hint_facts facts = {
		.owner = member->owner,
		.reasons = classification->reasons,
		.otherwise = classification->otherwise,
		.newer = newer != NULL && newer_holds(newer, &engine->track, stay),
		.unused = usage_is_unused(&engine->usage, stay, now_usec),
	};

	return hint_find(&facts);
}

uint16_t
judge_stay_hints(const struct engine *engine, const struct stay *stay, uint64_t now_usec,
    struct newer *newer)
{
	return find_hints(engine, stay, &stay->is.members[stay->judged.worst],
	    &stay->judged.classification, now_usec, newer);
}

/* Whether there is a newer process takes a walk over all stays: only if a rule asks for that. */
static struct newer *
newer_asked(struct pass *pass)
{
	return (pass->engine->asked_hints >> HINT_NEWER & 1) != 0 ? &pass->newer : NULL;
}

/* The name of the interface that the socket is bound to, NULL = none, or nobody has to know. */
static const char *
interface_of(const struct engine *engine, const struct listener *listener)
{
	if (!engine->asks_interface || engine->interface_name == NULL ||
	    listener->endpoint.interface == 0)
		return NULL;
	return engine->interface_name(listener->endpoint.interface, engine->interface_argument);
}

static void
judge_member(struct pass *pass, const struct stay *stay, const struct member *member,
    struct classification *ret_classification, struct verdict *ret_verdict)
{
	struct listener listener = stay_listener(stay, member);
	struct circumstances circumstances = {
		.listener = &listener,
		.owner = member->owner,
		.program_changed = stay_changed(stay, member),
		.seen_since = seen_since(pass->engine, member),
	};
	uint32_t reported;

	classify(&circumstances, ret_classification);
	reported = company_reasons(stay, member);
	if (reported != 0)
		classify_reasons(ret_classification->reasons | reported,
		    ret_classification->otherwise, ret_classification->main_program,
		    ret_classification);
	ret_classification->hints = find_hints(pass->engine, stay, member, ret_classification,
	    pass->moment.boottime_usec, newer_asked(pass));
	judge(pass->engine->policy, &listener, interface_of(pass->engine, &listener), member->owner,
	    ret_classification, pass->moment.realtime_usec, ret_verdict);
}

/* Nobody holds the socket: asks once more after the next poll. Returns true while that is open. */
static bool
is_nobodys(struct pass *pass, struct stay *stay, struct member *member)
{
	if (member->nobody == 0 || member->gone)
		return false;
	if (seen_since(pass->engine, member)) {
		member->nobody = MEMBER_NOBODYS;
		return false;
	}
	if (member->nobody == 1 && pass->engine->last->taken_usec > member->answered_usec &&
	    !member->owner_wanted)
		lookup_want(stay, member, DEPTH_THOROUGH);
	return true;
}

/* A prefork server's hundred sockets are all alike. */
static bool
is_alike(const struct member *a, const struct member *b)
{
	return a->owner == b->owner && a->uid == b->uid && a->choice == b->choice &&
	    a->nobody == b->nobody && a->reported == b->reported && a->suspected == b->suspected;
}

/* The worst of the members of one standing. */
struct contender {
	bool found;
	bool last; /* of the owner that was reported last */
	uint32_t index;
	uint64_t oldest_usec; /* when the first of them all came */
	struct verdict verdict;
	struct classification classification;
};

/* Of equal ones the owner that was reported last speaks for the stay. */
static bool
is_chosen(const struct contender *contender, const struct contender *best)
{
	if (!best->found || verdict_is_worse(&contender->verdict, &best->verdict))
		return true;
	return contender->last && !best->last &&
	    !verdict_is_worse(&best->verdict, &contender->verdict);
}

/* The hidden are strangers where no reported owner is, else they count as reported. */
static void
place_hidden(struct stay *stay, struct contender best[STANDING_COUNT])
{
	const struct contender *hidden = &best[STANDING_HIDDEN];
	struct contender *place;
	uint64_t oldest_usec;

	stay->judged.unaccompanied = !best[STANDING_REPORTED].found;
	place = &best[stay->judged.unaccompanied ? STANDING_STRANGER : STANDING_REPORTED];
	if (!hidden->found)
		return;
	oldest_usec = place->found && place->oldest_usec < hidden->oldest_usec ?
	    place->oldest_usec :
	    hidden->oldest_usec;
	if (is_chosen(hidden, place))
		*place = *hidden;
	place->oldest_usec = oldest_usec;
}

/* Which of the worst the stay is about: a stranger beside reported ones once it is due. */
static enum member_standing
choose(struct pass *pass, struct stay *stay, const struct contender best[STANDING_COUNT])
{
	const struct contender *stranger = &best[STANDING_STRANGER];
	bool reported = best[STANDING_REPORTED].found;
	bool due = true;

	stay->judged.beside = stranger->found && (reported || best[STANDING_ALLOWED].found);
	if (stay->judged.beside)
		due = company_note_strangers(stay, &stay->is.members[stranger->index],
		    stranger->verdict.threshold_usec, stranger->oldest_usec, pass->poll_usec,
		    pass->engine->policy->grace_usec);
	else
		company_note_none(stay, pass->poll_usec);
	if (stranger->found && (due || !reported))
		return STANDING_STRANGER;
	stay->judged.beside = false;
	return reported ? STANDING_REPORTED : STANDING_ALLOWED;
}

/* A stay that is being judged, member by member. */
struct judging {
	const struct stay *stay;
	struct recall recall;
	uint32_t at;
	struct contender best[STANDING_COUNT];
	enum member_standing standing; /* of the member before */
	uint64_t expires_usec;
	bool open; /* more will be known of one */
};

/* One that is not like the one before it. */
static void
contend(struct pass *pass, struct stay *stay, struct judging *judging)
{
	struct contender contender = { .found = true, .index = judging->at }, *best;
	struct member *member = &stay->is.members[judging->at];
	uint64_t oldest_usec;

	judge_member(pass, stay, member, &contender.classification, &contender.verdict);
	judging->standing = company_standing(stay, member, &contender.verdict);
	contender.last = judging->standing == STANDING_REPORTED && company_is_last(stay, member);
	if (contender.verdict.expires_usec < judging->expires_usec)
		judging->expires_usec = contender.verdict.expires_usec;
	best = &judging->best[judging->standing];
	oldest_usec = best->found ? best->oldest_usec : member->since_usec;
	if (is_chosen(&contender, best))
		*best = contender;
	best->oldest_usec = oldest_usec;
}

/* The worst of the members of each standing. Returns false where the slice is over; at least one
 * was judged. */
static bool
judge_each(struct pass *pass, struct stay *stay, struct judging *judging)
{
	uint32_t first = judging->at;

	for (; judging->at < stay->is.member_count; judging->at++) {
		struct member *member = &stay->is.members[judging->at];
		struct contender *best;

		if (judging->at > first && slice_is_over(pass->slice))
			return false;
		judging->open = is_nobodys(pass, stay, member) || judging->open;
		if (judging->at == 0 || !is_alike(member, member - 1))
			contend(pass, stay, judging);
		best = &judging->best[judging->standing];
		member->allowed = judging->standing == STANDING_ALLOWED;
		if (member->since_usec < best->oldest_usec)
			best->oldest_usec = member->since_usec;
	}
	return true;
}

/* Judged are all members; the stay is by what came out. */
static void
conclude(struct pass *pass, struct stay *stay, struct judging *judging)
{
	struct stay_judgement *judged = &stay->judged;
	const struct contender *chosen;
	enum member_standing standing;

	judged->valid = !judging->open;
	place_hidden(stay, judging->best);
	standing = choose(pass, stay, judging->best);
	/* Where allowed ones are alone the stay is cleared, or its owner has left. */
	if (standing != STANDING_ALLOWED)
		company_revoke_allowed(stay);
	company_note_left(stay, standing == STANDING_ALLOWED, pass->poll_usec);
	chosen = &judging->best[standing];
	judged->verdict = chosen->verdict;
	judged->classification = chosen->classification;
	judged->worst = chosen->index;
	/* Another socket's may be the worst when its rule is over. */
	judged->verdict.expires_usec = judging->expires_usec;
	judged->kept = judged->tenures_known = false;
	pace_note(&pass->engine->pace, stay, pass->moment.boottime_usec);
	stay_note_change(stay);
}

/* Returns false where the slice is over. */
static bool
judge_all(struct pass *pass, struct stay *stay, struct judging *judging)
{
	return company_recall_go_on(&judging->recall, &pass->engine->groups, stay, pass->slice) &&
	    judge_each(pass, stay, judging);
}

/* Goes on with the one that a slice left, or begins. Returns false where the slice is over. */
static bool
judge_members(struct pass *pass, struct stay *stay)
{
	struct judging judging = { .stay = stay, .expires_usec = USEC_NEVER };
	struct slice whole = SLICE_WHOLE, *slice = pass->slice;

	if (pass->judging != NULL) {
		judging = *pass->judging;
		free(pass->judging);
		pass->judging = NULL;
	} else {
		/* Of a stay that left, a socket may be one that nobody was asked for. */
		if (!lookup_go_on(stay, pass->moment.boottime_usec))
			return true;
		company_recall_begin(&judging.recall, stay, pass->poll_usec,
		    pass->engine->policy->grace_usec);
	}
	if (!judge_all(pass, stay, &judging)) {
		pass->judging = malloc(sizeof(judging));
		if (pass->judging != NULL) {
			*pass->judging = judging;
			return false;
		}
		pass->slice = &whole;
		(void)judge_all(pass, stay, &judging);
		pass->slice = slice;
	}
	conclude(pass, stay, &judging);
	return true;
}

/* Those that time brings, and other stays: a rule that asks for them is asked anew. */
static bool
has_hinted(struct pass *pass, const struct stay *stay)
{
	const struct stay_judgement *judged = &stay->judged;
	uint32_t asked = pass->engine->asked_hints & (1U << HINT_NEWER | 1U << HINT_UNUSED);
	uint16_t hints;

	if (asked == 0)
		return false;
	hints = judge_stay_hints(pass->engine, stay, pass->moment.boottime_usec, newer_asked(pass));
	return ((hints ^ judged->classification.hints) & asked) != 0;
}

/* True where it is to be judged, or to be gone on with. */
static bool
is_open(struct pass *pass, const struct stay *stay)
{
	const struct stay_judgement *judged = &stay->judged;

	return pass->judging != NULL || !judged->valid ||
	    judged->verdict.expires_usec <= pass->moment.realtime_usec ||
	    company_due_usec(stay) <= pass->poll_usec || has_hinted(pass, stay);
}

bool
judge_stay_rests(struct pass *pass, const struct stay *stay)
{
	uint64_t again_usec = pace_again_usec(&pass->engine->pace, stay);
	uint64_t waiting_usec = pass->engine->waiting_usec;

	/* Overstays do not wait any longer for owners: this may be one of them. */
	if (waiting_usec != 0 && waiting_usec + ENGINE_OWNER_WAIT_USEC < again_usec)
		again_usec = waiting_usec + ENGINE_OWNER_WAIT_USEC;
	if (again_usec <= pass->moment.boottime_usec || pass->judging != NULL ||
	    !is_open(pass, stay))
		return false;
	agenda_plan(&pass->engine->agenda, 0, again_usec);
	pass->resting = true;
	return true;
}

bool
judge_stay_in_slices(struct pass *pass, struct stay *stay)
{
	const struct stay_judgement *judged = &stay->judged;

	if (is_open(pass, stay) && !judge_members(pass, stay))
		return false;
	agenda_plan(&pass->engine->agenda, 0, company_due_usec(stay));
	agenda_note_verdict(&pass->engine->agenda, judged->verdict.expires_usec);
	return true;
}

void
judge_stay(struct pass *pass, struct stay *stay)
{
	struct slice whole = SLICE_WHOLE, *slice = pass->slice;

	pass->slice = &whole;
	(void)judge_stay_in_slices(pass, stay);
	pass->slice = slice;
}

void
judge_stay_hint(struct pass *pass, struct stay *stay)
{
	stay->judged.classification.hints =
	    judge_stay_hints(pass->engine, stay, pass->moment.boottime_usec, &pass->newer);
}

/* What the members run, those that are held alike once. Returns false where the slice is over; at
 * least one was kept. */
static bool
keep_members(struct pass *pass, const struct stay *stay)
{
	const struct member *members = stay->is.members;
	uint32_t at = pass->keeping == stay ? pass->keep_at : 0, first = at;

	pass->keeping = stay;
	for (; at < stay->is.member_count; at++) {
		if (at > first && slice_is_over(pass->slice)) {
			pass->keep_at = at;
			return false;
		}
		if (members[at].owner != NULL &&
		    (at == 0 || members[at].owner != members[at - 1].owner))
			verified_keep(&pass->engine->verified, members[at].owner);
	}
	pass->keeping = NULL;
	return true;
}

bool
judge_stay_keep(struct pass *pass, struct stay *stay)
{
	const struct rule *rule = stay->judged.verdict.rule;

	if (stay->judged.kept || stay->is.state == STAY_NEW)
		return true;
	if (rule != NULL && match_has_key(&rule->match, MATCH_EXE) && !keep_members(pass, stay))
		return false;
	stay->judged.kept = true;
	stay_note_change(stay);
	return true;
}

bool
judge_stay_is_anew(struct stay *stay)
{
	bool anew = !stay->judged.tenures_known;

	stay->judged.tenures_known = true;
	return anew;
}

struct stay_judgement
judge_stay_as(struct pass *pass, struct stay *stay, const struct member *member)
{
	struct stay_judgement before = stay->judged;

	stay->judged.worst = (uint32_t)(member - stay->is.members);
	judge_member(pass, stay, member, &stay->judged.classification, &stay->judged.verdict);
	return before;
}

void
judge_stay_restore(struct stay *stay, const struct stay_judgement *before)
{
	stay->judged = *before;
}
