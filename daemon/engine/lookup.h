/* SPDX-License-Identifier: MIT */
/*
 * Whose owner has to be looked up, and what the answers change. See lookup.c.
 */
#ifndef OVERSTAY_ENGINE_LOOKUP_H
#define OVERSTAY_ENGINE_LOOKUP_H

#include "engine/asking.h"
#include "engine/track.h"

/* owner is borrowed; who takes the answer in takes a reference. */
struct lookup_answer {
	uint32_t inode;
	struct owner *owner;
};

/*
 * Fills questions with at most max sockets whose owner is wanted; they count as asked from now on.
 * A UDP port the kernel picked is nearly always a client's and gone soon: it is asked for only
 * when it is patient_usec old. Whose questions `asking` does not allow have to wait. All questions
 * are as deep as `least` at least. Costs nothing where no owner is wanted. Returns how many.
 */
size_t lookup_questions(struct track *track, struct asking *asking,
    struct lookup_question *questions, size_t max, uint64_t now_usec, uint64_t patient_usec,
    enum search_depth least);

/* Wants the owner of the stay's member looked up (again), so deep at least. */
void lookup_want(struct stay *stay, struct member *member, enum search_depth depth);

/*
 * True where the owner of every socket of the stay was looked up. A question that is open longer
 * than wait_usec (behind patient_usec, as above) is waited for no more: the owner is unknown, until
 * an answer comes all the same. *due_usec is lowered to when that will be.
 */
bool lookup_resolved(struct stay *stay, uint64_t now_usec, uint64_t patient_usec,
    uint64_t wait_usec, uint64_t *due_usec);

/* The user of the socket with this inode, 0 where none was asked for. */
uint32_t lookup_question_uid(const struct lookup_question *questions, size_t count, uint32_t inode);

/*
 * Takes in answers, which it sorts. What was asked for and is not among them is unknown from now
 * on; but who held a socket that has left is not forgotten for an answer that knows nobody.
 */
void lookup_answers(struct track *track, struct lookup_answer *answers, size_t count,
    uint64_t now_usec);

/* The same of some of the answers: the others are still open. */
void lookup_some_answers(struct track *track, struct lookup_answer *answers, size_t count,
    uint64_t now_usec);

/*
 * No answer will come for what is asked or wanted now: unknown for this reason where nothing was
 * known before; what was known stays, with the time it was observed.
 */
void lookup_failed(struct track *track, enum owner_reason reason, uint64_t now_usec);

/* overstay-lookup is back: what could not be looked up without it is wanted again. */
void lookup_retry(struct track *track);

/* Goes on without answers for a stay that has to be told now: owners still asked for are unknown.
 * Returns false without memory. */
bool lookup_go_on(struct stay *stay, uint64_t now_usec) _mustcheck_;

#endif
