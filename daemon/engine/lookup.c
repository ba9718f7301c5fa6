/* SPDX-License-Identifier: MIT */
/*
 * The questions to overstay-lookup and the answers, seen from the stays. Every socket is asked for
 * quickly when it is new, thoroughly once before it is first told of, and again before an alert
 * where that was long ago; with that a suspect's program gets a checksum. What is known costs
 * nothing.
 *
 * Each user's sockets have the same part in a batch of questions, the oldest first (fair.c), as
 * long as the answers do not cost too much (asking.c). Those that it takes too long to ask for are
 * unknown for that reason, and counted; their questions are still put when it is their turn. Those
 * whose owners there is no room for (kept.c) are unknown for that one, and asked for again when
 * there is.
 *
 * What it never does: talk to anyone (wire/client.c does), or leave a socket without an owner:
 * a question ends in an answer or in "unknown" with the reason; who was known is forgotten only
 * when two answers in a row know nobody while the socket is still there.
 */
#include <stdlib.h>

#include "base/search.h"
#include "engine/fair.h"
#include "engine/group-key.h"
#include "engine/kept.h"
#include "engine/lookup.h"

/* Whoever has too many descriptors open to be searched may have closed them by then. */
#define UNSEARCHED_AGAIN_USEC (5 * USEC_PER_MIN)

/* Who has too many owners may have fewer by then. */
#define UNKEPT_AGAIN_USEC USEC_PER_MIN

void
lookup_want(struct stay *stay, struct member *member, enum search_depth depth)
{
	if (!member->owner_wanted || member->wanted_depth < (uint8_t)depth)
		member->wanted_depth = (uint8_t)depth;
	member->owner_wanted = true;
	stay->tally->wants_owners = true;
	stay_note_change(stay);
}

/* The question is over and changes nothing. */
static void
keep_owner(struct stay *stay, struct member *member, uint64_t now_usec)
{
	/* One that was wanted deeper meanwhile is still wanted. */
	if (member->asked_usec == 0 || member->wanted_depth <= member->asked_depth) {
		member->owner_wanted = false;
		member->answered_depth = member->wanted_depth;
	} else
		member->answered_depth = member->asked_depth;
	member->asked_usec = 0;
	member->answered_usec = now_usec;
	stay_note_change(stay);
}

/* True where what was reported of the member holds under this owner: it is the same one, or it was
 * reported while nobody knew it. */
static bool
stays_reported(const struct member *member, const struct owner *owner)
{
	struct group_key key;

	if (!group_key_knows_owner(member->owner))
		return true;
	key = group_key_of_holder(owner, member->uid);
	return group_key_is_of(&key, owner, member);
}

static void
set_owner(struct stay *stay, struct member *member, struct owner *owner, uint64_t now_usec)
{
	if ((member->reported || member->named) && owner != member->owner &&
	    !stays_reported(member, owner))
		member->reported = member->suspected = member->named = false;
	stay_note_program(stay, member, owner);
	(void)owner_unref(member->owner);
	member->owner = owner_ref(owner);
	keep_owner(stay, member, now_usec);
	/* A quick question may have taken a whole walk. */
	if (owner->thorough && member->answered_depth < DEPTH_THOROUGH)
		member->answered_depth = DEPTH_THOROUGH;
	stay->tally->asks_again |= owner->unsearched ||
	    owner->reason == OWNER_REASON_NOT_FINISHED || owner->reason == OWNER_REASON_TOO_MANY;
	if (owner->unsearched) {
		stay->tally->unsearched_count++;
		stay->tally->unsearched_uid = owner->unsearched_uid;
	}
	stay_judge_anew(stay);
}

/* Without memory the socket is just wanted again. */
static void
set_unknown(struct stay *stay, struct member *member, enum owner_reason reason, uint64_t now_usec)
{
	struct owner *owner = owner_new(OWNER_UNKNOWN, reason, 0);

	if (owner == NULL) {
		member->asked_usec = 0;
		lookup_want(stay, member, (enum search_depth)member->wanted_depth);
		return;
	}
	owner->observed_usec = now_usec;
	set_owner(stay, member, owner, now_usec);
	(void)owner_unref(owner);
}

/* How long a socket that came is not asked for. */
static uint64_t
patience(const struct stay *stay, const struct member *member, uint64_t patient_usec)
{
	return stay->is.endpoint.protocol == PROTOCOL_UDP && member->choice == CHOICE_AUTO ?
	    patient_usec :
	    0;
}

/* What is asked of a member, which counts as asked from now on. */
static struct lookup_question
ask(struct stay *stay, struct member *member, enum search_depth least, uint64_t now_usec)
{
	if (member->wanted_depth < (uint8_t)least)
		member->wanted_depth = (uint8_t)least;
	member->asked_usec = now_usec;
	member->asked_depth = member->wanted_depth;
	stay_note_change(stay);
	return (struct lookup_question){
		.inode = member->inode,
		.uid = member->uid,
		.cgroup = member->cgroup,
		.cookie = member->cookie,
		.endpoint = stay->is.endpoint,
		.thorough = member->asked_depth >= DEPTH_THOROUGH,
		.checksum = member->asked_depth >= DEPTH_CHECKSUM,
	};
}

/* Whose questions may be put now: of one user's sockets in a row the answer is the same. */
struct permission {
	const struct asking *asking;
	uint64_t now_usec;
	uint32_t uid;
	bool known, may;
};

static bool
may_ask(struct permission *permission, uint32_t uid)
{
	if (!permission->known || permission->uid != uid) {
		permission->known = true;
		permission->uid = uid;
		permission->may = asking_may(permission->asking, uid, permission->now_usec);
	}
	return permission->may;
}

/* Who wants to be asked for now. What can be asked of nobody is unknown at once. */
static void
gather(struct track *track, const struct asking *asking, struct fair *fair, uint64_t now_usec,
    uint64_t patient_usec)
{
	struct permission permission = { .asking = asking, .now_usec = now_usec };

	for (size_t i = 0; i < track->count; i++) {
		struct stay *stay = track->stays[i];

		if (stay->is.state == STAY_AWAY)
			continue;
		for (uint32_t m = 0; m < stay->is.member_count; m++) {
			struct member *member = &stay->is.members[m];

			/* One that the last poll lacked is probably gone: others come first. */
			if (!member->owner_wanted || member->asked_usec != 0 || member->unproved ||
			    now_usec - stay->is.first_seen_usec <
				patience(stay, member, patient_usec))
				continue;
			if (member->inode == 0)
				set_unknown(stay, member, OWNER_REASON_NO_INODE, now_usec);
			else if (may_ask(&permission, member->uid))
				fair_offer(fair, member->uid, member->since_usec, stay, m);
		}
	}
}

size_t
lookup_questions(struct track *track, struct asking *asking, struct lookup_question *questions,
    size_t max, uint64_t now_usec, uint64_t patient_usec, enum search_depth least)
{
	struct fair fair;
	size_t count;

	if (!track->tally.wants_owners || max == 0)
		return 0;
	fair_init(&fair, asking_room(asking, max, now_usec));
	gather(track, asking, &fair, now_usec, patient_usec);
	count = fair_choose(&fair);
	for (size_t i = 0; i < count; i++) {
		struct stay *stay = fair.items[i].what;

		questions[i] = ask(stay, &stay->is.members[fair.items[i].index], least, now_usec);
		asking_note(asking, questions[i].uid, now_usec);
	}
	fair_clear(&fair);
	return count;
}

/* Goes on without the answer, which may still come. */
static void
go_on_unknown(struct stay *stay, struct member *member, enum owner_reason reason, uint64_t now_usec)
{
	struct owner *before = member == stay->is.members ? NULL : (member - 1)->owner, *owner;

	/* Of thousands of sockets it is one, so that they are judged as one. */
	if (before != NULL && before->kind == OWNER_UNKNOWN && before->reason == reason &&
	    before->observed_usec == now_usec)
		owner = owner_ref(before);
	else
		owner = owner_new(OWNER_UNKNOWN, reason, 0);
	if (owner == NULL)
		return;
	owner->observed_usec = now_usec;
	member->owner = owner;
	stay_judge_anew(stay);
}

bool
lookup_go_on(struct stay *stay, uint64_t now_usec)
{
	bool resolved = true;

	for (uint32_t i = 0; i < stay->is.member_count; i++) {
		if (stay->is.members[i].owner == NULL)
			go_on_unknown(stay, &stay->is.members[i],
			    stay->is.members[i].gone ? OWNER_REASON_EXITED : OWNER_REASON_NOT_ASKED,
			    now_usec);
		resolved &= stay->is.members[i].owner != NULL;
	}
	return resolved;
}

/* It was waited for long enough. */
static void
stop_waiting(struct stay *stay, struct member *member, uint64_t now_usec)
{
	bool crowded =
	    !member->gone && !member->unproved && member->owner_wanted && member->asked_usec == 0;

	shortages_note(&stay->tally->shortages, SHORT_OF_QUESTIONS, member->uid, crowded);
	go_on_unknown(stay, member,
	    member->gone ? OWNER_REASON_EXITED :
		crowded	 ? OWNER_REASON_NOT_IN_TIME :
			   OWNER_REASON_NOT_ASKED,
	    now_usec);
}

/* Not every process could be searched, or not kept: asks again after a while. */
static void
ask_again(struct stay *stay, struct member *member, uint64_t now_usec, uint64_t *due_usec)
{
	bool unkept = member->owner->reason == OWNER_REASON_TOO_MANY;
	bool unsearched =
	    member->owner->unsearched || member->owner->reason == OWNER_REASON_NOT_FINISHED;
	uint64_t again_usec =
	    member->answered_usec + (unkept ? UNKEPT_AGAIN_USEC : UNSEARCHED_AGAIN_USEC);

	if ((!unsearched && !unkept) || member->owner_wanted || member->asked_usec != 0)
		return;
	if (unkept && now_usec >= again_usec && stay->tally->kept != NULL &&
	    !kept_has_room(stay->tally->kept, member->uid, now_usec))
		again_usec = now_usec + UNKEPT_AGAIN_USEC;
	if (now_usec >= again_usec)
		lookup_want(stay, member, DEPTH_THOROUGH);
	else if (again_usec < *due_usec)
		*due_usec = again_usec;
}

bool
lookup_resolved(struct stay *stay, uint64_t now_usec, uint64_t patient_usec, uint64_t wait_usec,
    uint64_t *due_usec)
{
	bool resolved = true;

	for (uint32_t i = 0; i < stay->is.member_count; i++) {
		struct member *member = &stay->is.members[i];
		uint64_t over_usec;

		if (member->owner_wanted && member->asked_usec == 0)
			stay->tally->wants_owners = true;
		if (member->owner != NULL && stay->tally->asks_again)
			ask_again(stay, member, now_usec, due_usec);
		if (member->owner != NULL)
			continue;
		over_usec = patience(stay, member, patient_usec);
		over_usec = over_usec > USEC_NEVER - wait_usec - member->since_usec ?
		    USEC_NEVER :
		    member->since_usec + over_usec + wait_usec;
		if (now_usec >= over_usec)
			stop_waiting(stay, member, now_usec);
		else if (over_usec < *due_usec)
			*due_usec = over_usec;
		resolved &= member->owner != NULL;
	}
	return resolved;
}

uint32_t
lookup_question_uid(const struct lookup_question *questions, size_t count, uint32_t inode)
{
	for (size_t i = 0; i < count; i++)
		if (questions[i].inode == inode)
			return questions[i].uid;
	return 0;
}

static int
compare_inodes(const void *a, const void *b)
{
	const struct lookup_answer *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

/* So many answers in a row, up to 2 (MEMBER_NOBODYS stays), have said with this one that nobody
 * holds the socket. They agree only if they say the same of the kernel, too. */
static uint8_t
count_nobody(const struct member *member, const struct owner *owner)
{
	const struct owner *before = member->owner;

	if (owner->kind != OWNER_UNKNOWN || !owner_reason_is_nobody(owner->reason))
		return 0;
	if (before != NULL && before->kind == OWNER_UNKNOWN && before->reason != owner->reason)
		return 1;
	return member->nobody < 2 ? member->nobody + 1 : member->nobody;
}

/*
 * The answer was too much to keep. Who was reported or is a suspect is not forgotten for that; but
 * nobody is excused by what was seen before, or by what a quick search saw.
 */
static bool
outlasts_refusal(const struct stay *stay, const struct member *member)
{
	return member->reported || stay->judged.classification.class == CLASS_SUSPECT ||
	    (member->owner->thorough && !member->allowed);
}

static void
note_refusal(struct stay *stay, const struct member *member)
{
	shortages_note(&stay->tally->shortages, SHORT_OF_OWNERS, member->uid, 1);
}

/* owner NULL: the question was left unanswered. */
static void
take_answer(struct stay *stay, struct member *member, struct owner *owner, uint64_t now_usec)
{
	bool known = member->owner != NULL && member->owner->kind != OWNER_UNKNOWN;
	bool nobody =
	    owner != NULL && owner->kind == OWNER_UNKNOWN && owner_reason_is_nobody(owner->reason);

	bool refused = owner != NULL && owner->reason == OWNER_REASON_TOO_MANY;

	if (nobody && member->gone)
		owner = NULL;
	if (refused)
		note_refusal(stay, member);
	if (known && (owner == NULL || owner->kind == OWNER_UNKNOWN) &&
	    (member->gone || !nobody || member->nobody == 0) &&
	    (!refused || member->gone || outlasts_refusal(stay, member))) {
		/* The socket may be closed by now: the next poll tells, and who held it is not
		 * forgotten for one answer that knows nobody. */
		keep_owner(stay, member, now_usec);
		member->nobody = nobody && !member->gone;
		stay_judge_anew(stay);
	} else if (owner != NULL) {
		member->nobody = count_nobody(member, owner);
		set_owner(stay, member, owner, now_usec);
	} else
		set_unknown(stay, member, nobody ? OWNER_REASON_EXITED : OWNER_REASON_BAD_ANSWER,
		    now_usec);
}

/* all: what was asked and is not among them is unknown. */
static void
take_answers(struct track *track, struct lookup_answer *answers, size_t count, bool all,
    uint64_t now_usec)
{
	if (count > 1)
		qsort(answers, count, sizeof(*answers), compare_inodes);
	for (size_t i = 0; i < track->count; i++) {
		struct stay *stay = track->stays[i];

		for (uint32_t m = 0; m < stay->is.member_count; m++) {
			struct member *member = &stay->is.members[m];
			struct lookup_answer key = { .inode = member->inode };
			const struct lookup_answer *answer;

			if (member->asked_usec == 0)
				continue;
			answer = search_find(&key, answers, count, sizeof(key), compare_inodes);
			if (answer != NULL || all)
				take_answer(stay, member, answer == NULL ? NULL : answer->owner,
				    now_usec);
		}
	}
}

void
lookup_answers(struct track *track, struct lookup_answer *answers, size_t count, uint64_t now_usec)
{
	take_answers(track, answers, count, true, now_usec);
}

void
lookup_some_answers(struct track *track, struct lookup_answer *answers, size_t count,
    uint64_t now_usec)
{
	take_answers(track, answers, count, false, now_usec);
}

void
lookup_failed(struct track *track, enum owner_reason reason, uint64_t now_usec)
{
	for (size_t i = 0; i < track->count; i++) {
		struct stay *stay = track->stays[i];

		for (uint32_t m = 0; m < stay->is.member_count; m++) {
			struct member *member = &stay->is.members[m];

			if (member->asked_usec == 0 && !member->owner_wanted)
				continue;
			if (member->owner == NULL || member->owner->kind == OWNER_UNKNOWN) {
				set_unknown(stay, member, reason, now_usec);
				continue;
			}
			keep_owner(stay, member, now_usec);
		}
	}
}

void
lookup_retry(struct track *track)
{
	for (size_t i = 0; i < track->count; i++) {
		struct stay *stay = track->stays[i];

		for (uint32_t m = 0; m < stay->is.member_count; m++) {
			struct member *member = &stay->is.members[m];
			enum owner_reason reason =
			    member->owner == NULL ? OWNER_REASON_NONE : member->owner->reason;

			if (reason == OWNER_REASON_NO_LOOKUP || reason == OWNER_REASON_TIMEOUT ||
			    reason == OWNER_REASON_BAD_ANSWER)
				lookup_want(stay, member, DEPTH_QUICK);
		}
	}
}
