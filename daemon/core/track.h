/* SPDX-License-Identifier: MIT */
/*
 * track, the third verb: the stays and the one function that changes their state. See track.c.
 */
#ifndef OVERSTAY_CORE_TRACK_H
#define OVERSTAY_CORE_TRACK_H

#include "core/judge.h"
#include "core/report.h"
#include "core/snapshot.h"

/* Stays kept while AWAY; beyond it those that left longest ago end before their grace is over. */
#define TRACK_AWAY_MAX 8192

/* What can happen to a stay. Each way back from AWAY is an event of its own, so that the table of
 * transitions tells the whole truth. */
enum stay_event {
	STAY_EVENT_PERSIST,		/* older than log.after, its owner was looked for */
	STAY_EVENT_OVERSTAY,		/* reached its threshold */
	STAY_EVENT_CLEAR,		/* a rule or a reload took the reason away */
	STAY_EVENT_GONE,		/* its absence is proved */
	STAY_EVENT_BACK_NEW,		/* back within the grace, as what it was */
	STAY_EVENT_BACK_PERSISTING,
	STAY_EVENT_BACK_OVERSTAYING,
	STAY_EVENT_END,			/* the grace is over */
	STAY_EVENT_COUNT,
};

/* One socket of a stay. */
struct member {
	uint64_t cookie;
	struct owner *owner;	/* a reference; NULL until it was looked up once */
	uint64_t asked_usec;	/* when the owner was asked for, 0 = no question is under way */
	uint64_t looked_usec;	/* when the last question ended, whatever the answer */
	uint64_t since_usec;	/* the look that saw it first */
	uint64_t proved_usec;	/* where looks fail to prove it: the last that did */
	uint32_t inode;
	uint32_t uid;
	uint8_t choice;
	uint8_t v6only;
	bool owner_wanted;	/* to be asked for with the next batch */
	bool gone;		/* left with the last snapshot */
};

struct stay {
	struct stay_id id;
	struct endpoint endpoint;
	uint32_t references;	/* the track's and those of messages not told yet */
	uint32_t sequence;	/* of the last message about it */
	enum stay_state state;
	enum stay_state before_away;
	bool baseline;		/* was there at the first look: no `appeared` for it */
	bool told;		/* a message spoke of it, or it is of the baseline */
	bool overstayed;	/* an OVERSTAY was told, and no CLEARED since */
	bool returned;		/* it was compared with those that left its endpoint */
	bool given_up;		/* AWAY, and too many are: it is to end now */
	bool judged;
	enum severity told_severity;
	uint64_t first_seen_usec;	/* CLOCK_BOOTTIME */
	uint64_t absent_usec;		/* last complete look that lacked it, USEC_NEVER = none */
	uint64_t last_seen_usec;	/* while AWAY: when it was last there */
	uint64_t reminded_usec;		/* when it was last told or summed up */
	struct verdict verdict;		/* the worst over the members */
	struct member *members;		/* at least one, by cookie; while AWAY those it left with */
	uint32_t member_count, member_room;
	uint32_t live;			/* members that are there */
	uint32_t worst;			/* index of the member the verdict is about */
};

/* All stays, sorted by endpoint. */
struct track {
	struct stay **stays;
	size_t count, room;
	size_t away;		/* how many are AWAY */
	uint64_t last_complete_usec;	/* of the last complete look, USEC_NEVER = none yet */
	void (*make_id)(struct stay_id *ret, void *argument);
	void *make_id_argument;
};

const char *stay_event_name(enum stay_event event);

/*
 * The one function that changes a stay's state, by the table; logs old -> new. Returns false and
 * changes nothing where the event makes no sense in that state.
 */
bool stay_advance(struct stay *stay, enum stay_event event);

void stay_ref(struct stay *stay);
void stay_unref(struct stay *stay);

/* Time from first seen to now; of an AWAY or ended stay to when it was last seen. */
uint64_t stay_age_usec(const struct stay *stay, uint64_t now_usec);

void track_init(struct track *track, void (*make_id)(struct stay_id *, void *), void *argument);
void track_clear(struct track *track);

/*
 * Takes in a new look: before NULL = it is the first. What is there up to the first complete look
 * is the baseline. newly_watched: ports (may be NULL) that were not watched before: what is there
 * may be old. Stays appear, gain and lose sockets, and go AWAY. Returns 0 or -ENOMEM (then the
 * look may be taken in again).
 */
int track_observe(struct track *track, const struct snapshot *before,
    const struct snapshot *after, const struct port_set *newly_watched) _mustcheck_;

/*
 * Compares a stay whose owner was looked for with those that left its endpoint no longer than
 * grace_usec before it came. Where one is the same owner's, that one takes over the sockets and is
 * back; `stay` is then to be swept (its state is STAY_ENDED). Returns the stay that came back and
 * in *ret_away_usec for how long it was away, or NULL.
 */
struct stay *track_rebound(struct track *track, struct stay *stay, uint64_t grace_usec,
    uint64_t *ret_away_usec);

/* True where a newcomer on the endpoint of stays[index], which is AWAY, may turn out to be its
 * owner's once that was looked up. */
bool track_may_return(const struct track *track, size_t index, uint64_t grace_usec);

/* Forgets the stays whose state is STAY_ENDED. */
void track_sweep(struct track *track);

/* Drops the sockets that are `gone`, and sends the stays AWAY that lost their last. */
void track_settle(struct track *track);

#endif
