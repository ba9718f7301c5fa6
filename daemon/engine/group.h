/* SPDX-License-Identifier: MIT */
/*
 * Owners that were reported, so that each further listener of theirs is not. See group.c.
 */
#ifndef OVERSTAY_ENGINE_GROUP_H
#define OVERSTAY_ENGINE_GROUP_H

#include "base/table.h"
#include "engine/group-key.h"

/* Owners that are remembered at once; beyond it the one that nothing stays of and that was reported
 * longest ago is forgotten. */
#define GROUPS_MAX 1024

/* So many times as many listeners are reported once more. */
#define GROUP_GROWTH 10

/* With `remind: off`. */
#define GROUP_REMIND_USEC USEC_PER_DAY

/* The listeners of one owner that overstay. */
struct group {
	struct group_key key;
	struct group_key owner_key; /* whose listeners they are */
	struct owner *owner;	    /* a reference: of the listener that joined last, */
	struct endpoint endpoint;   /* and that listener */
	uint64_t reported_usec;	    /* or named in a summary, 0 = not yet */
	uint64_t remind_usec;	    /* after which it is reported anew */
	uint32_t live;		    /* stays that point here */
	uint32_t reported_live;	    /* so many when it was reported */
	uint32_t followed;	    /* not reported but as entries, since the last summary */
	uint64_t since_usec;	    /* seen_severities are those since then */
	uint8_t severities[3];	    /* the gravest reported, by enum exposure */
	uint8_t seen_severities[3];
	bool suspect; /* it is one of suspects */
	UT_hash_handle hh;
};

struct groups {
	struct group *table; /* a hash table (base/table.h) */
};

void groups_clear(struct groups *groups);

/*
 * A stay that is due as an alert joins its owner's group, as a suspect its process's. Returns that;
 * NULL if nobody knows the owner, or there is no room: then it is reported by itself.
 */
struct group *groups_join(struct groups *groups, struct stay *stay);

/* It overstays no more: it is gone; or rules took the reason away, and if nothing else of its owner
 * overstays, what does so later is news. */
void group_leave(struct stay *stay);
void group_revoke(struct stay *stay);

/* True where the stay has to be reported: the owner was not, or not that grave, that exposed or
 * with a tenth of its listeners. NULL is news. */
bool group_is_news(const struct group *group, const struct stay *stay, uint64_t now_usec);

/* It is reported now, with so many that have yet to join; or it only has an entry, for the next
 * summary to count. Both accept NULL. */
void group_note_report(struct group *group, const struct stay *stay, size_t to_come,
    uint64_t now_usec);
void group_note_entry(struct group *group, const struct stay *stay);

/*
 * A summary has named the owners of whom something stays, or stayed since the last one. What was
 * graver or more exposed, and has not been there for `remind`, is news when it comes again. stays:
 * all that there are.
 */
void groups_note_summary(struct groups *groups, struct stay *const *stays, size_t count,
    uint64_t now_usec);

/* Forgets the owners of whom nothing stays and that were reported longer ago than `remind`. Returns
 * when it has the next one to forget, USEC_NEVER = that is not known. */
uint64_t groups_sweep(struct groups *groups, uint64_t now_usec);

#endif
