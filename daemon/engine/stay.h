/* SPDX-License-Identifier: MIT */
/*
 * One listener's time on its endpoint, and the one function that changes its state. See stay.c.
 */
#ifndef OVERSTAY_ENGINE_STAY_H
#define OVERSTAY_ENGINE_STAY_H

#include "engine/judge.h"
#include "engine/shortages.h"
#include "model/report.h"

struct chain;
struct group;
struct kept;

/* What can happen to a stay. Each way back from AWAY is an event of its own, so that the table of
 * transitions tells the whole truth. */
enum stay_event {
	STAY_EVENT_PERSIST,  /* older than log.after, its owner was looked up */
	STAY_EVENT_OVERSTAY, /* reached its threshold */
	STAY_EVENT_CLEAR,    /* a rule or a reload took the reason away */
	STAY_EVENT_GONE,     /* its absence is proved */
	STAY_EVENT_BACK_NEW, /* back within the grace, as what it was */
	STAY_EVENT_BACK_PERSISTING,
	STAY_EVENT_BACK_OVERSTAYING,
	STAY_EVENT_END, /* the grace is over */
	STAY_EVENT_COUNT,
};

#define GROUP_KEY_BYTES REPORT_GROUP_BYTES

/* A sum over what makes an owner, see group-key.c. */
struct group_key {
	uint8_t bytes[GROUP_KEY_BYTES];
};

/* How much is asked of overstay-lookup; each includes the ones before it. */
enum search_depth {
	DEPTH_QUICK,	/* any holder: where the socket's own cgroup leads */
	DEPTH_THOROUGH, /* every holder: every process is searched */
	DEPTH_CHECKSUM, /* and the checksum of what the first of them runs */
};

/* Owners that are remembered as reported on one stay, beside the last one. */
#define COMPANY_OWNERS_MAX 8

/* Names and files of programs that are remembered as former holders of one stay; so many members
 * are compared. */
#define STAY_PROGRAMS_MAX 16

#define MEMBER_NOBODYS 3

/* One socket of a stay. */
struct member {
	/* What it is. */
	uint64_t cookie;
	uint64_t cgroup;
	uint64_t since_usec;   /* the poll that saw it first */
	uint64_t present_usec; /* while unproved: the last poll that saw it */
	uint32_t inode;
	uint32_t uid;
	uint8_t choice;
	uint8_t v6only;
	bool gone : 1;	   /* left with the last snapshot */
	bool unproved : 1; /* the last poll could not prove that it is there, or that it is not */
	/* Who holds it: lookup.c's, and `nobody` judge-stay.c's, too. */
	bool owner_wanted;	/* to be asked for with the next batch */
	uint8_t wanted_depth;	/* enum search_depth: of the next question, */
	uint8_t asked_depth;	/* of the one under way, */
	uint8_t answered_depth; /* of the last that ended */
	uint8_t nobody : 2;	/* answers in a row that nobody holds it, up to 2; then
				   MEMBER_NOBODYS once a poll saw it all the same */
	bool allowed : 1;	/* by a rule, at the last judgement: judge-stay.c's */
	/* What was told of its owner on this stay: company.c's. */
	bool reported : 1;	/* an alert was */
	bool suspected : 1;	/* and that was a SUSPECT */
	bool named : 1;		/* the alert about another owner named it: together.c's */
	uint64_t asked_usec;	/* when the owner was asked for, 0 = no question is under way */
	uint64_t answered_usec; /* when the last question ended, whatever the answer */
	struct owner *owner;	/* a reference; NULL until it was looked up once */
};

/* Over all stays; kept by the functions below, so that nobody has to visit each of them. */
struct stay_tally {
	size_t away;	   /* how many are AWAY */
	size_t unproved;   /* how many sockets are */
	uint64_t changes;  /* counts: whoever saw the last one knows all there is (agenda.h) */
	bool wants_owners; /* some owner may have to be asked for */
	struct shortages shortages;
	bool asks_again;	   /* some owner may be one that is not all of the truth */
	struct kept *kept;	   /* the engine's, NULL = there is always room */
	uint64_t unsearched_count; /* answers that said so, since the start; */
	uint32_t unsearched_uid;   /* whose processes the last one was about */
};

/* What it is. There are thousands of them: flags share a byte, and nothing is padded. */
struct stay_facts {
	struct stay_id id;
	struct endpoint endpoint;
	uint8_t state : 3;	  /* enum stay_state, */
	uint8_t before_away : 3;  /* and while AWAY the one before */
	bool baseline : 1;	  /* was there at the first poll: no `appeared` for it */
	bool compared : 1;	  /* with those that left its endpoint before it came */
	bool left : 1;		  /* AWAY, and its chain of ports knows */
	bool late : 1;		  /* may have been there before, with no room to watch it */
	bool given_up : 1;	  /* AWAY, and too many are: it is to end now */
	bool program_changed : 1; /* another program held it earlier in this stay */
	bool shared : 1;     /* several owners share it, or did: each is a tenure (hopping.h) */
	uint16_t moved_from; /* port that it had before its owner took this one, 0 = none */
	uint32_t live;	     /* members that are not proved to be gone */
	uint64_t first_seen_usec; /* CLOCK_BOOTTIME */
	uint64_t absent_usec;	  /* last complete poll that lacked it, USEC_NEVER = none */
	uint64_t last_seen_usec;  /* while AWAY: when it was last there */
	struct chain *chain;	  /* of the ports its owner takes one by one, NULL = none */
	struct member *members;	  /* at least one, by cookie; while AWAY those it left with */
	uint32_t member_count, member_room;
};

/* What the rules said of it. */
struct stay_judgement {
	bool valid : 1;		/* nothing has changed since that they may see */
	bool kept : 1;		/* its verified programs are kept, see verified.c */
	bool beside : 1;	/* the worst is a stranger beside others: company.c has its age */
	bool tenures_known : 1; /* who shares it was noted since */
	bool unaccompanied : 1; /* no owner that was reported and is not allowed is there */
	uint32_t worst : 27;	/* index of the member that this is about */
	struct classification classification;
	struct verdict verdict; /* the worst over the members */
};

/* What was told of it: all that has to outlive a restart. */
struct stay_record {
	bool any : 1;	       /* a message spoke of it */
	bool overstayed : 1;   /* an OVERSTAY was told, and no CLEARED since */
	bool suspected : 1;    /* a SUSPECT was told, and no CLEARED since */
	bool entered : 1;      /* as an entry: its owner had been reported */
	bool advised : 1;      /* its advice was told */
	bool of_unknown : 1;   /* a SUSPECT about an owner that nobody knows was told */
	uint8_t severity;      /* enum severity: of the last alert */
	uint32_t sequence;     /* of the last message about it */
	uint32_t reasons;      /* for which its group's was told as a suspect: they stay reasons */
	uint32_t reminded_sec; /* CLOCK_BOOTTIME: when it was last told or summed up */
	struct group *group; /* with which it overstays, NULL = none: its owner was reported last */
	struct company *company; /* NULL = it never had several owners, see company.c */
};

/* An owner that was reported on a stay before another was. */
struct company_owner {
	struct owner *owner; /* a reference */
	struct group_key key;
	struct group_key group_key; /* of the group that it was reported with */
	struct group *group; /* the same while the owner has a socket there, NULL = it has none */
	uint64_t left_usec;  /* when a poll saw it gone, 0 = it is there */
	uint32_t reasons;    /* for which it was told as a suspect */
	uint8_t severity;    /* enum severity: of its alert */
	bool grouped;	     /* group_key is set */
	bool suspected;
};

/* What few stays have: several owners on one endpoint, at once or one after the other. */
struct company {
	uint64_t programs[STAY_PROGRAMS_MAX]; /* hashes of programs that nobody there runs now */
	uint32_t program_count;
	/* Strangers, who are neither reported nor allowed, beside those who are. */
	bool present;
	uint64_t since_usec;	/* the unbroken chain of their sockets, */
	uint64_t seen_usec;	/* when it was last there, */
	uint64_t due_usec;	/* when an alert is due that was not at the last judgement, */
	struct owner *stranger; /* and a reference to the worst of them; NULL = there was none */
	struct group_key stranger_key;
	uint8_t severity; /* enum severity: of the last alert, told.severity is the gravest */
	/* The last reported owner has left, and allowed ones are there: when a poll saw that, 0 =
	 * it is not so; what it was classed as; a reference to it, NULL = it is not known. */
	uint64_t left_usec;
	struct classification left_class;
	struct owner *left;
	uint64_t hidden_left_usec; /* when no hidden suspect was there any more, 0 = it is */
	/* Those reported, oldest first. */
	uint32_t count;
	struct company_owner reported[COMPANY_OWNERS_MAX];
};

/* What its alert waits for, beside the owners of its members. */
struct stay_errand {
	bool peers_known : 1;	    /* they were asked for, whatever the answer */
	bool peers_asked : 1;	    /* the question is under way */
	uint64_t since_usec : 62;   /* a suspect's alert waits since then, 0 = it does not */
	struct report_peers *peers; /* NULL = not known */
};

/* When it was connected to, as surveys saw its port. */
struct stay_use {
	uint32_t since_sec;    /* CLOCK_BOOTTIME: the last survey that saw a connection, else
				   the first one; 0 = there was none */
	uint32_t surveys : 31; /* which saw no connection, since then */
	bool seen : 1;	       /* since_sec is that of a connection */
};

/* Each part is changed by its owners alone: daemon/README has them, a lint holds that. */
struct stay {
	struct stay_tally *tally; /* the track's */
	struct stay_facts is;
	struct stay_judgement judged;
	struct stay_record told;
	struct stay_errand waits;
	struct stay_use use;
};

/* A stay of one socket, in its first poll. Returns NULL without memory. */
struct stay *stay_new(struct stay_tally *tally, const struct listener *listener,
    uint64_t taken_usec);
void stay_free(struct stay *stay);

/* Whatever changes in a stay is counted: the next pass is not left out. */
static inline void
stay_note_change(struct stay *stay)
{
	stay->tally->changes++;
}

/*
 * The one function that changes a stay's state, by the table; logs old -> new. Returns false and
 * changes nothing where the event makes no sense in that state.
 */
bool stay_advance(struct stay *stay, enum stay_event event);

/* What the rules say of it is to be asked anew in the next pass. */
void stay_judge_anew(struct stay *stay);

/* The same for a new policy: the old one's rules are about to be freed. */
void stay_forget_rules(struct stay *stay);

/* No alert about it waits any more: another one asks for everything anew. */
void stay_stop_waiting(struct stay *stay);

/* Notes what program is about to hold a member: one that never held the stay, where others did, is
 * another. */
void stay_note_program(struct stay *stay, const struct member *member, const struct owner *owner);

/* True where the last poll saw some socket of it, not only failed to disprove it. */
bool stay_is_seen(const struct stay *stay);

/* Time from first seen to now; of one that is not seen to when it was last seen. */
uint64_t stay_age_usec(const struct stay *stay, uint64_t now_usec);

/* The process that an alert about the stay names, NULL where no process is known. */
const struct process *stay_process(const struct stay *stay);

/* The member with this cookie, NULL = none. */
struct member *stay_find_member(const struct stay *stay, uint64_t cookie);

/* A member as a source told of it. */
struct listener stay_listener(const struct stay *stay, const struct member *member);

/* A socket joins a stay that has others there, or comes back itself. Returns 0 or -ENOMEM. */
int stay_join(struct stay *stay, const struct listener *listener, uint64_t taken_usec) _mustcheck_;

/* A poll saw a member (seen), or only could not prove that it is gone: then the one at seen_usec
 * saw it last. */
void stay_note_seen(struct stay *stay, struct member *member, bool seen, uint64_t seen_usec);

/* A member was last there at seen_usec, or is not watched any more (0). */
void stay_lose(struct stay *stay, struct member *member, uint64_t seen_usec);

/* Forgets the members that were lost, where others are left. */
void stay_drop_lost(struct stay *stay);

/* The stay's company, made where it has none. Returns NULL without memory. */
struct company *stay_make_company(struct stay *stay);

/* `stay` gives its members to `former`, whose own are forgotten. The first of both are the same
 * owner's. */
void stay_hand_over(struct stay *stay, struct stay *former);

/* The same, beside those that `former` has. Returns 0 or -ENOMEM, and has changed nothing then. */
int stay_merge(struct stay *stay, struct stay *former) _mustcheck_;

/* When the last of its sockets was seen that polls cannot prove to be gone. */
uint64_t stay_last_present_usec(const struct stay *stay);

#endif
