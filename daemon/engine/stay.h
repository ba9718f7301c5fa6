/* SPDX-License-Identifier: MIT */
/*
 * One listener's time on its endpoint, and the one function that changes its state. See stay.c.
 */
#ifndef OVERSTAY_ENGINE_STAY_H
#define OVERSTAY_ENGINE_STAY_H

#include "engine/judge.h"
#include "model/report.h"

struct chain;

/* What can happen to a stay. Each way back from AWAY is an event of its own, so that the table of
 * transitions tells the whole truth. */
enum stay_event {
	STAY_EVENT_PERSIST,  /* older than log.after, its owner was looked for */
	STAY_EVENT_OVERSTAY, /* reached its threshold */
	STAY_EVENT_CLEAR,    /* a rule or a reload took the reason away */
	STAY_EVENT_GONE,     /* its absence is proved */
	STAY_EVENT_BACK_NEW, /* back within the grace, as what it was */
	STAY_EVENT_BACK_PERSISTING,
	STAY_EVENT_BACK_OVERSTAYING,
	STAY_EVENT_END, /* the grace is over */
	STAY_EVENT_COUNT,
};

/* How much is asked of overstay-lookup; each includes the ones before it. */
enum search_depth {
	DEPTH_QUICK,	/* any holder: where the socket's own cgroup leads */
	DEPTH_THOROUGH, /* every holder: every process is searched */
	DEPTH_CHECKSUM, /* and the checksum of what the first of them runs */
};

/* Names and files of programs that are remembered as holders of one stay. */
#define STAY_PROGRAMS_MAX 16

#define MEMBER_NOBODYS 3

/* One socket of a stay. */
struct member {
	uint64_t cookie;
	uint64_t cgroup;
	struct owner *owner;	/* a reference; NULL until it was looked up once */
	uint64_t asked_usec;	/* when the owner was asked for, 0 = no question is under way */
	uint64_t answered_usec; /* when the last question ended, whatever the answer */
	uint64_t since_usec;	/* the poll that saw it first */
	uint64_t present_usec;	/* where polls fail to prove it: the last that did */
	uint32_t inode;
	uint32_t uid;
	uint8_t choice;
	uint8_t v6only;
	uint8_t wanted_depth;	/* enum search_depth: of the next question, */
	uint8_t asked_depth;	/* of the one under way, */
	uint8_t answered_depth; /* of the last that ended */
	uint8_t nobody;		/* answers in a row that nobody holds it, up to 2; then
				   MEMBER_NOBODYS once a poll saw it all the same */
	bool owner_wanted;	/* to be asked for with the next batch */
	bool gone;		/* left with the last snapshot */
};

struct stay {
	struct stay_id id;
	struct endpoint endpoint;
	uint32_t sequence; /* of the last message about it */
	enum stay_state state;
	enum stay_state before_away;
	bool baseline;	 /* was there at the first poll: no `appeared` for it */
	bool told;	 /* a message spoke of it, or it is of the baseline */
	bool overstayed; /* an OVERSTAY was told, and no CLEARED since */
	bool returned;	 /* it was compared with those that left its endpoint */
	bool left;	 /* AWAY, and its chain of ports knows */
	bool given_up;	 /* AWAY, and too many are: it is to end now */
	bool judged;
	bool kept;	      /* its verified programs are kept since it was judged */
	bool suspected;	      /* a SUSPECT was told, and no CLEARED since */
	bool advised;	      /* its advice was told, or there is none */
	bool program_changed; /* another program held it earlier in this stay */
	bool peers_known;     /* they were asked for, whatever the answer */
	bool peers_asked;     /* the question is under way */
	uint8_t program_count;
	uint16_t moved_from; /* port that it had before its owner took this one, 0 = none */
	enum severity told_severity;
	uint32_t told_reasons;	    /* for which it was told as a suspect: they stay reasons */
	uint64_t first_seen_usec;   /* CLOCK_BOOTTIME */
	uint64_t absent_usec;	    /* last complete poll that lacked it, USEC_NEVER = none */
	uint64_t last_seen_usec;    /* while AWAY: when it was last there */
	uint64_t reminded_usec;	    /* when it was last told or summed up */
	uint64_t waiting_usec;	    /* a suspect's alert waits since then, 0 = it does not */
	uint64_t *programs;	    /* hashes, as they came, program_count of them */
	struct chain *chain;	    /* of the ports its owner takes one by one, NULL = none */
	struct report_peers *peers; /* NULL = not known */
	struct classification classification; /* of the member the verdict is about */
	struct verdict verdict;		      /* the worst over the members */
	struct member *members; /* at least one, by cookie; while AWAY those it left with */
	uint32_t member_count, member_room;
	uint32_t live;	/* members that are there */
	uint32_t worst; /* index of the member the verdict is about */
};

/*
 * The one function that changes a stay's state, by the table; logs old -> new. Returns false and
 * changes nothing where the event makes no sense in that state.
 */
bool stay_advance(struct stay *stay, enum stay_event event);

/* Notes what program holds the stay now: one that never did so beside one that did is another. */
void stay_note_program(struct stay *stay, const struct owner *owner);

void stay_free(struct stay *stay);

/* Time from first seen to now; of an AWAY or ended stay to when it was last seen. */
uint64_t stay_age_usec(const struct stay *stay, uint64_t now_usec);

/* Gives back the owners and forgets the sockets. */
void stay_clear_members(struct stay *stay);

#endif
