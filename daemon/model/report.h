/* SPDX-License-Identifier: MIT */
/*
 * What the engine reports, as self-contained values: the alert room (and later the control
 * socket) sees only these, never the engine. A report owns all it points to but the shared,
 * immutable owner, so it may cross to the sending thread.
 */
#ifndef OVERSTAY_MODEL_REPORT_H
#define OVERSTAY_MODEL_REPORT_H

#include <stdint.h>

#include "base/macros.h"
#include "model/listener.h"
#include "model/owner.h"
#include "model/policy.h"
#include "model/reason.h"
#include "model/severity.h"

/* One kind, one MESSAGE_ID, one catalogue entry. */
enum event_kind {
	EVENT_STARTED,
	EVENT_STOPPED,
	EVENT_APPEARED,
	EVENT_VANISHED, /* ended without having overstayed */
	EVENT_OVERSTAY,
	EVENT_SUSPECT, /* overstays its threshold as a suspect */
	EVENT_ENDED,   /* ended after having overstayed */
	EVENT_REBOUND,
	EVENT_CLEARED,
	EVENT_HOPPING, /* an owner keeps leaving a port for another */
	EVENT_ADVICE,  /* a port that will one day be taken; how to keep it */
	EVENT_SUMMARY,
	EVENT_POOL,
	EVENT_DEGRADED,
	EVENT_RECOVERED,
	EVENT_CONFIG,
	EVENT_SUPPRESSED,
	EVENT_COUNT,
};

enum stay_state {
	STAY_NEW,
	STAY_PERSISTING,
	STAY_OVERSTAYING,
	STAY_AWAY,
	STAY_ENDED,
	STAY_STATE_COUNT,
};

/* Which of the watched ranges a port lies in. */
enum range_source {
	RANGE_IANA = 1 << 0,
	RANGE_KERNEL = 1 << 1,
	RANGE_EXPLICIT = 1 << 2,
};

/* 128 random bits, the same through the whole stay. */
struct stay_id {
	uint8_t bytes[16];
};

/* Ports of an owner that hops, peers of a suspect: so many are reported. */
#define REPORT_PORTS_MAX 32
#define REPORT_PEERS_MAX 16

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

/* One stay as it stood when the event happened. */
struct report_stay {
	struct stay_id id;
	uint32_t sequence; /* number of the message about this stay, from 1 */
	enum stay_state state;
	enum severity severity; /* what the verdict says, whatever the message's priority */
	struct endpoint endpoint;
	enum choice choice;
	enum v6only v6only;
	uint32_t range;	  /* bits of enum range_source */
	uint32_t sockets; /* sharing the endpoint (SO_REUSEPORT), at least 1 */
	uint32_t users;	  /* different uids among them, at least 1 */
	uint64_t cookie;  /* of the oldest socket; 0 = unknown */
	uint32_t inode;
	uint32_t uid;	       /* of the socket's creator */
	uint64_t age_usec;     /* what was observed */
	uint64_t age_max_usec; /* "at most"; USEC_NEVER = unknown, before the daemon */
	uint64_t away_usec;    /* REBOUND: how long it was away */
	uint64_t threshold_usec;
	uint64_t first_seen_usec; /* CLOCK_REALTIME */
	bool overstayed;	  /* it was reported as overstaying at some time */
	char *rule;		  /* name of the rule that decided, NULL = none */
	char *note;		  /* that rule's note, NULL = none */
	char *would_allow;	  /* name of the rule that would allow it but for the class */
	enum listener_class class;
	enum listener_class class_otherwise; /* of a suspect: without the reasons */
	uint32_t reasons;		     /* bits 1 << enum reason */
	struct report_peers *peers;	     /* SUSPECT; NULL = not asked for, or not to be had */
	uint16_t ports[REPORT_PORTS_MAX];    /* HOPPING, oldest first; REBOUND: the one before,
						   where it has another now */
	uint32_t port_count;		     /* of those */
	uint32_t hops;			     /* HOPPING: how often it took another port */
	char *advice;	     /* ADVICE: the line for sysctl.d; NULL = the port is the
					   kernel's choice: fix it, or allow the program */
	struct owner *owner; /* a reference; never NULL */
};

/* One more field of a message that is about no stay: name without "OVERSTAY_", value raw. */
struct report_field {
	char *name;
	char *value;
};

struct report {
	enum event_kind kind;
	enum severity priority;	     /* the journal's PRIORITY= */
	uint64_t realtime_usec;	     /* CLOCK_REALTIME when it happened */
	uint64_t boottime_usec;	     /* CLOCK_BOOTTIME when it happened */
	bool in_summary;	     /* one of many: a summary speaks for it */
	char *text;		     /* the line, where it is about no stay (raw); else NULL */
	struct report_field *fields; /* of such a line */
	size_t field_count;
	struct report_stay *stay; /* NULL where it is about no stay */
};

const char *event_kind_name(enum event_kind kind);  /* "overstay" */
const char *stay_state_name(enum stay_state state); /* "persisting" */
/* "iana", "kernel", "both" or "explicit". */
const char *range_source_name(uint32_t sources);

/* A report about no stay. Returns NULL without memory. */
struct report *report_new(enum event_kind kind, enum severity priority, const char *format, ...)
    _printf_(3, 4);

/* Adds a field; silently without effect on NULL. Returns 0 or -ENOMEM. */
int report_add_field(struct report *report, const char *name, const char *format, ...)
    _printf_(3, 4);

/* Accepts NULL; returns NULL. */
struct report *report_free(struct report *report);

#endif
