/* SPDX-License-Identifier: MIT */
/*
 * What the engine and the loop report, as values: a kind and its facts. alert/ words them; whoever
 * takes reports sees only these, never the engine.
 *
 * A report is made once and counted by reference, by an atomic counter. Whoever makes it fills it
 * and hands it over; from then on it is immutable and any number of consumers, in any thread, may
 * hold it. It owns all it points to but the owner, which is shared the same way.
 */
#ifndef OVERSTAY_MODEL_REPORT_H
#define OVERSTAY_MODEL_REPORT_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/macros.h"
#include "model/listener.h"
#include "model/notice.h"
#include "model/owner.h"
#include "model/policy.h"
#include "model/reason.h"
#include "model/severity.h"

enum stay_state {
	STAY_NEW,
	STAY_PERSISTING,
	STAY_OVERSTAYING,
	STAY_AWAY,
	STAY_ENDED,
	STAY_STATE_COUNT,
};

/* 128 random bits, the same through the whole stay. */
struct stay_id {
	uint8_t bytes[16];
};

/* Ports of an owner that hops, peers of a suspect: so many are reported. */
#define REPORT_PORTS_MAX 32
#define REPORT_PEERS_MAX 16

/* Programs that took turns on a port: so many are reported. */
#define REPORT_TAKERS_MAX 8

/* Other owners of a port that became due with the one that an alert is about: so many are named,
 * the others are reported by themselves. */
#define REPORT_BESIDE_MAX 3

/* The other end of a connection on a suspect's port. */
struct report_peer {
	uint8_t address[16]; /* as struct endpoint has it */
	uint16_t port;
	uint8_t family;
};

/* Those connected when the alert was made. */
struct report_peers {
	uint32_t count; /* all of them */
	uint32_t kept;	/* of those, how many stand here */
	bool complete;	/* the kernel's answer was whole; else there may be more */
	struct report_peer peers[REPORT_PEERS_MAX];
};

/* What surveys saw of the connections to a TCP port. */
struct report_use {
	uint32_t since_sec;    /* CLOCK_REALTIME: the last one that saw any, else the first one;
				   0 = not known */
	uint32_t surveys : 31; /* those that saw none, since then */
	bool seen : 1;	       /* since_sec is that of a connection */
};

/* Bytes of what stands for a kind of owner in OVERSTAY_GROUP. */
#define REPORT_GROUP_BYTES 16

/* The owner's listeners that an alert is about. */
struct report_group {
	uint8_t id[REPORT_GROUP_BYTES]; /* the same on every host for the same kind of owner */
	bool more_processes;		/* some of the others are another process's */
	uint64_t
	    joined_usec;    /* CLOCK_REALTIME: it joined another owner's sockets, 0 = it did not */
	uint32_t listeners; /* of the owner that overstay now, the stay's own among them */
	uint32_t other_count; /* beside the stay's own, that this message reports, */
	uint32_t other_kept;  /* and how many of those stand here */
	/* TURNS: the programs, oldest first, each ended by a NUL; NULL = none is known. */
	char *takers;
	uint8_t taker_count;
	bool more_takers; /* than stand here */
	/* OVERSTAY: other owners of the same port that overstay, references. */
	uint8_t beside_count;
	struct owner *beside[REPORT_BESIDE_MAX];
	struct endpoint others[];
};

/* One stay as it stood when the event happened. */
struct report_stay {
	struct stay_id id;
	uint32_t sequence; /* number of the message about this stay, from 1 */
	enum stay_state state : 8;
	enum severity severity : 8; /* what the verdict says, whatever the message's priority */
	enum choice choice : 8;
	enum v6only v6only : 8;
	struct endpoint endpoint;
	enum listener_class class : 8;
	enum listener_class class_otherwise : 8; /* of a suspect: without the reasons */
	bool overstayed;			 /* it was reported as overstaying at some time */
	bool unwatched;		 /* CLEARED: since its port is not watched any more */
	uint16_t hints;		 /* bits 1 << enum hint (model/hint.h) */
	uint32_t range : 8;	 /* bits of enum range_source (model/range.h) */
	uint32_t port_count : 8; /* of `ports`, at most REPORT_PORTS_MAX */
	uint32_t reasons;	 /* bits 1 << enum reason */
	uint32_t sockets;	 /* sharing the endpoint (SO_REUSEPORT), at least 1 */
	uint32_t users;		 /* different uids among them, at least 1 */
	uint32_t inode;
	uint32_t uid;	 /* of the socket's creator */
	uint32_t hops;	 /* HOPPING: how often it took another port; TURNS: how many turns */
	uint64_t cookie; /* of the socket it is about; 0 = unknown */
	struct report_use use;
	uint64_t age_usec;     /* what was observed */
	uint64_t age_max_usec; /* "at most"; USEC_NEVER = unknown, before the daemon */
	union {
		uint64_t away_usec; /* REBOUND: how long it was away; USEC_NEVER = not known */
		uint64_t span_usec; /* HOPPING, TURNS: all stays together */
	};
	uint64_t threshold_usec;
	uint64_t first_seen_usec; /* CLOCK_REALTIME */
	char *rule;		  /* name of the rule that decided, NULL = none */
	char *note;		  /* that rule's note, NULL = none */
	char *would_allow;	  /* name of the rule that would allow it but for the class */
	char *advice;		  /* ADVICE: the line for sysctl.d, "" if it is too long */
	uint16_t *ports; /* HOPPING, oldest first; REBOUND: the one before, if it has another */
	struct report_peers *peers; /* SUSPECT; NULL = not asked for, or not to be had */
	struct report_group *group; /* OVERSTAY, SUSPECT, HOPPING, TURNS */
	struct owner *owner;	    /* a reference; never NULL */
};

struct report {
	atomic_uint references;
	enum event_kind kind : 8;
	enum severity priority : 8; /* the journal's PRIORITY= */
	enum notice notice : 8;	    /* NOTICE_NONE: about a stay */
	bool in_summary;	    /* one of many: a summary speaks for it */
	/* From 1 in each run of the daemon. Each that is missing was held back, and is counted in a
	 * SUPPRESSED. */
	uint64_t number;
	uint64_t realtime_usec; /* CLOCK_REALTIME when it happened */
	uint64_t boottime_usec; /* CLOCK_BOOTTIME when it happened */
	struct fact *facts;	/* of the notice */
	size_t fact_count;
	struct report_stay *stay; /* NULL if it is about no stay */
};

const char *event_kind_name(enum event_kind kind); /* "overstay" */
/* True for kinds that alert nobody: the first to be held back, and bounded in their rate. */
bool event_kind_informs(enum event_kind kind);
/* True for alerts about a stay: those that are bounded for each user. */
bool event_kind_alerts(enum event_kind kind);
const char *stay_state_name(enum stay_state state); /* "persisting" */

/*
 * Makes a report about no stay, with copies of those facts that the notice carries. Returns it with
 * one reference, NULL without memory. To be called as
 *
 *	report_new(NOTICE_SUPPRESSED, SEVERITY_WARNING, FACTS(fact_number(FACT_MESSAGES, count)))
 */
struct report *report_new(enum notice notice, enum severity priority, const struct fact *facts,
    size_t count);

/* Makes one about a stay that is all zero, for the caller to fill. Returns NULL without memory. */
struct report *report_new_stay(enum event_kind kind, enum severity priority);

/* Frees what it holds, not the struct. */
void report_stay_clear(struct report_stay *stay);

/* NULL if the report has no such fact. */
const struct fact *report_fact(const struct report *report, enum fact_name name);

/* Take and give back a reference; both accept NULL. report_unref() returns NULL. */
struct report *report_ref(struct report *report);
struct report *report_unref(struct report *report);

#endif
