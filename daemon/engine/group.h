/* SPDX-License-Identifier: MIT */
/*
 * Owners that were reported, so that each further listener of theirs is not. See group.c.
 */
#ifndef OVERSTAY_ENGINE_GROUP_H
#define OVERSTAY_ENGINE_GROUP_H

#include "base/table.h"
#include "engine/fair.h"
#include "engine/group-key.h"

/* Owners that are remembered at once. A user alone has room for a third of them, and each that has
 * an account (fair.h) for so many; beyond it the user's own one that nothing stays of, that has no
 * entries to be counted and that was reported longest ago is forgotten. */
#define GROUPS_MAX     3072
#define GROUPS_OWN_MAX 16

/* So many times as many listeners are reported once more. */
#define GROUP_GROWTH 10

/* With `remind: off`. */
#define GROUP_REMIND_USEC USEC_PER_DAY

/* The listeners of one owner that overstay. */
struct group {
	struct group_key key;
	struct group_key owner_key; /* whose listeners they are */
	struct owner *owner;	    /* a reference: of the listener that joined last */
	uint64_t reported_usec;	    /* or named in a summary, 0 = not yet */
	uint32_t live;		    /* stays that point here, each once */
	uint32_t reported_live;	    /* so many when it was reported */
	uint32_t followed;	    /* not reported but as entries, since the last summary, */
	uint32_t followed_ranks;    /* and of which rank: bits 1 << exposure * 8 + severity */
	bool suspect;		    /* it is one of suspects */
	uint8_t account;	    /* of the user who pays for it */
	/* CLOCK_BOOTTIME: when one of that exposure and severity was reported, had an entry, was
	 * named in a summary or left, whatever was the last; 0 = never. */
	uint32_t seen_sec[EXPOSURE_ANY + 1][SEVERITY_OFF];
	UT_hash_handle hh;
};

/* How much a listener is worth reporting, or several of one owner that follow each other. */
struct group_rank {
	enum exposure exposure;
	enum severity severity;
	uint64_t remind_usec; /* after which it is reported anew */
};

struct groups {
	struct group *table;	       /* a hash table (base/table.h) */
	struct fair_accounts accounts; /* by the user of the socket that was reported first */
	struct shortages *shortages;   /* NULL = nobody counts them */
};

void groups_clear(struct groups *groups);

/* False where the stay's user has as many as he may have: then a group that is not there is no want
 * of memory. */
bool groups_have_room(const struct groups *groups, const struct stay *stay);

/*
 * A stay that is due as an alert joins its owner's group, as a suspect its process's. Returns that;
 * NULL if nobody knows the owner, or there is no room: then it is reported by itself.
 */
struct group *groups_join(struct groups *groups, struct stay *stay);

/* The same of one that hops: a suspect joins its owner's, too, since it is yet to be reported as
 * one. */
struct group *groups_join_hopping(struct groups *groups, struct stay *stay);

/* The same of one that is reported for another than its owner: the group with that key. */
struct group *groups_join_as(struct groups *groups, struct stay *stay, const struct group_key *key);

/* An owner has a socket on a stay again, or none any more, while others are there: then it was as
 * grave as that, or rules took the reason away. The first returns NULL without room. */
struct group *groups_enter(struct groups *groups, const struct stay *stay,
    const struct company_owner *known);
void group_part(struct group *group, const struct stay *stay, unsigned severity);
void group_revoke_part(struct group *group, const struct stay *stay, unsigned severity);

/* It overstays no more, whoever's it is: it is gone; or rules took the reason away, and if nothing
 * else of an owner overstays, what does so later is news. */
void group_leave(struct stay *stay);
void group_revoke(struct stay *stay);

/* Of a stay, by itself. */
struct group_rank group_rank_of(const struct stay *stay);

/* True where the stay has to be reported: the owner was not, or not that grave, that exposed or
 * with a tenth of its listeners. NULL is news. The second has its rank from the caller. */
bool group_is_news(const struct group *group, const struct stay *stay, uint64_t now_usec);
bool group_rank_is_news(const struct group *group, const struct group_rank *rank,
    uint64_t now_usec);

/* It is reported now, with so many that have yet to join; or it only has an entry, for the next
 * summary to count. Both accept NULL. */
void group_note_report(struct group *group, const struct stay *stay, size_t to_come,
    uint64_t now_usec);
void group_note_entry(struct group *group, const struct stay *stay);

/* The same of what has a rank of its own; it stands for so many entries. */
void group_rank_note_report(struct group *group, const struct group_rank *rank, uint64_t now_usec);
void group_rank_note_entries(struct group *group, const struct group_rank *rank, uint32_t count);

/* A summary has named the owners of whom something stays, or had an entry since the last one. What
 * was graver or more exposed, and was neither, is news once it is gone for `remind`. The
 * second is to be called for each stay that there is. */
void groups_note_summary(struct groups *groups, uint64_t now_usec);
void group_note_named(const struct stay *stay, uint64_t now_usec);

/* An owner of whom nothing is due yet was named by a report of that rank, about this stay. */
void groups_note_reported(struct groups *groups, const struct stay *stay,
    const struct group_key *key, const struct group_rank *rank, uint64_t now_usec);

/* Forgets the owners of whom nothing stays, that were reported longer ago than kept_usec (the
 * longest `remind` of all), and of whom the next summary has nothing to count. Returns when it has
 * the next one to forget, USEC_NEVER = that is not known. */
uint64_t groups_sweep(struct groups *groups, uint64_t now_usec, uint64_t kept_usec);

#endif
