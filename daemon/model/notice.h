/* SPDX-License-Identifier: MIT */
/*
 * What is reported that is about no single stay: a notice and its facts. Who reports hands over
 * these values; alert/say.c has the sentence of each notice, and the fields of its message are its
 * facts. See notice.c.
 */
#ifndef OVERSTAY_MODEL_NOTICE_H
#define OVERSTAY_MODEL_NOTICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "model/items.h"
#include "model/listener.h"

/* One kind, one MESSAGE_ID, one catalogue entry. */
enum event_kind {
	EVENT_STARTED,
	EVENT_STOPPED,
	EVENT_APPEARED,
	EVENT_VANISHED, /* ended without having overstayed */
	EVENT_OVERSTAY,
	EVENT_OVERSTAYS_AT_START, /* many at once: a digest, with an EVENT_OVERSTAY each */
	EVENT_OVERSTAYS_AT_ONCE,
	EVENT_OVERSTAYS_AFTER_RESUME,
	EVENT_OVERSTAYS_OF_USER, /* more than one user has alone */
	EVENT_SUSPECTS_OF_USER,
	EVENT_SUSPECT, /* overstays its threshold as a suspect */
	EVENT_ENDED,   /* ended after having overstayed */
	EVENT_REBOUND,
	EVENT_CLEARED,
	EVENT_HOPPING, /* an owner keeps leaving a port for another */
	EVENT_TURNS,   /* programs hand a port to each other */
	EVENT_ADVICE,  /* a port that a connection may take; how to keep it */
	EVENT_SUMMARY,
	EVENT_HEARTBEAT,
	EVENT_POOL,
	EVENT_DEGRADED,
	EVENT_RECOVERED,
	EVENT_CONFIG,
	EVENT_SUPPRESSED,
	EVENT_COUNT,
};

/* Which message of its kind. */
enum notice {
	NOTICE_NONE, /* the report is about a stay */
	NOTICE_STARTED,
	NOTICE_STOPPED,
	NOTICE_OVERSTAYS_AT_START, /* many at once, all present at start */
	NOTICE_OVERSTAYS_AT_ONCE,
	NOTICE_OVERSTAYS_AFTER_RESUME, /* that became so while the host slept */
	NOTICE_OVERSTAYS_OF_USER,      /* more than stand alone in a minute */
	NOTICE_SUSPECTS_OF_USER,
	NOTICE_SUMMARY,
	NOTICE_HEARTBEAT,
	NOTICE_POOL,
	NOTICE_PORTS_NOT_RESERVED, /* advice for many */
	NOTICE_KERNEL_RANGE_TUNED, /* advice */
	NOTICE_KERNEL_RANGE_CHANGED,
	NOTICE_DIAGNOSTIC, /* an error or a warning about the configuration, as --check has it */
	NOTICE_RELOADED,
	NOTICE_RELOADED_UNCHANGED,
	NOTICE_RELOAD_INVALID,
	NOTICE_RELOAD_UNREADABLE,
	NOTICE_RELOAD_NOT_BEGUN,
	NOTICE_LAST_GOOD_NOT_BEGUN, /* to be saved */
	NOTICE_SUPPRESSED,	    /* held back: rate limit, or the queue is full */
	NOTICE_UNSENT,		    /* given up: nothing took them */
	NOTICE_LOOKUP_FAILED,	    /* conditions that begin, */
	NOTICE_LOOKUP_NOT_PERMITTED,
	NOTICE_LOOKUP_PRIVILEGES_LOST, /* it was started again without them */
	NOTICE_NO_SOCK_DIAG,
	NOTICE_POLLS_INCOMPLETE,
	NOTICE_UNPROVED_SURPLUS,
	NOTICE_KERNEL_RANGE_UNREADABLE,
	NOTICE_LAST_GOOD_IN_FORCE,
	NOTICE_FILES_LEFT_OUT,
	NOTICE_STATE_NOT_OPENED,
	NOTICE_LAST_GOOD_NOT_SAVED,
	NOTICE_STORE_NOT_STARTED,
	NOTICE_STORE_NOT_SAVED,
	NOTICE_STORE_POLL_NOT_SAVED,
	NOTICE_STORE_DAMAGED,
	NOTICE_STORE_OTHER_VERSION,
	NOTICE_CROWDED,
	NOTICE_INTERVAL_STRETCHED,
	NOTICE_UNSEARCHED,
	NOTICE_LISTENERS_LEFT_OUT,
	NOTICE_LOOKUP_RECOVERED, /* and that are over */
	NOTICE_POLLS_RECOVERED,
	NOTICE_PROOFS_RECOVERED,
	NOTICE_KERNEL_RANGE_RECOVERED,
	NOTICE_CONFIG_RECOVERED,
	NOTICE_LAST_GOOD_RECOVERED,
	NOTICE_STORE_RECOVERED,
	NOTICE_CROWD_RECOVERED,
	NOTICE_INTERVAL_RECOVERED,
	NOTICE_SEARCH_RECOVERED,
	NOTICE_LISTENERS_RECOVERED,
	NOTICE_COUNT,
};

/* What a fact's value is, and by that how it is written. */
enum fact_type {
	FACT_TYPE_NUMBER,
	FACT_TYPE_USEC,	      /* microseconds, written as such */
	FACT_TYPE_DURATION,   /* microseconds, as a time span */
	FACT_TYPE_TEXT,	      /* raw: a name, a path, a diagnostic */
	FACT_TYPE_LINE,	      /* one for sysctl.d, "" = it is too long for a message */
	FACT_TYPE_ENDPOINTS,  /* the first ones of many */
	FACT_TYPE_OWNERS,     /* the gravest and rarest of many, with how many listeners each */
	FACT_TYPE_ITEMS,      /* listeners (model/items.h) */
	FACT_TYPE_PROTOCOL,   /* enum protocol */
	FACT_TYPE_SEVERITY,   /* enum severity */
	FACT_TYPE_CONDITION,  /* enum condition */
	FACT_TYPE_CONDITIONS, /* bits of it */
	FACT_TYPE_ERROR,      /* an errno */
	FACT_TYPE_OWNER_REASON,
	FACT_TYPE_INCOMPLETE, /* bits of enum incomplete (engine/snapshot.h) */
	FACT_TYPE_ODDITIES,   /* bits of enum range_oddity */
	FACT_TYPE_GAP_REASON, /* enum gap_reason */
	FACT_TYPE_COUNT,
};

enum fact_name {
	FACT_COUNT,    /* listeners */
	FACT_MESSAGES, /* not sent */
	FACT_LISTENERS,
	FACT_TCP,
	FACT_UDP,
	FACT_OVERSTAYING,
	FACT_SUSPECTS,
	FACT_ALLOWED,
	FACT_VERSION,
	FACT_RANGES,
	FACT_HASH, /* of the configuration in force */
	FACT_HASH_BEFORE,
	FACT_LEFT_OUT, /* files of the configuration that are no part of it */
	FACT_LONGEST_HOLD_USEC,
	FACT_SEVERITY,
	FACT_PROGRAMS, /* how many owners */
	FACT_OWNERS,
	FACT_FOLLOWED, /* owners of what was not reported but as entries, since the last summary */
	FACT_ITEMS,    /* all that the message sums up, */
	FACT_ITEMS_OMITTED, /* and how many the field has no room for: alert/fields.c's */
	FACT_OLDEST,
	FACT_OLDEST_AGE,
	FACT_ADVICE,
	FACT_FIRST_PORT,
	FACT_LAST_PORT,
	FACT_ODDITIES,
	FACT_PROTOCOL,
	FACT_PORT_COUNT,
	FACT_SOCKET_COUNT,
	FACT_APPEARED,
	FACT_PERSISTED,
	FACT_CHANGED,
	FACT_VANISHED,
	FACT_TIME_WAIT,
	FACT_CPU_USEC,
	FACT_DIAGNOSTIC,
	FACT_ERRORS,
	FACT_ERROR,
	FACT_CONDITION,
	FACT_CONDITIONS, /* those that hold */
	FACT_OWNER_REASON,
	FACT_PROGRAM,
	FACT_UNIT,
	FACT_POLLS,
	FACT_UNPROVED,	 /* sockets taken as gone without proof, */
	FACT_UID,	 /* most of them this user's */
	FACT_POLLS_DONE, /* since the last heartbeat */
	FACT_POLLS_MISSED,
	FACT_EVERY_USEC,
	FACT_INCOMPLETE,
	FACT_PATH,
	FACT_SOCKET_UID,	  /* of the socket's creator */
	FACT_UNASKED,		  /* listeners not looked up in time, */
	FACT_GIVEN_UP,		  /* not kept until their grace was over, */
	FACT_UNASKED_PEERS,	  /* suspects whose peers were not, */
	FACT_UNKEPT_OWNERS,	  /* owners that were too many to keep, */
	FACT_UNREMEMBERED_OWNERS, /* that were reported and are not remembered, */
	FACT_UNFOLLOWED_OWNERS,	  /* and that change ports, or take turns, and were not followed */
	FACT_INTERVAL_USEC,	  /* in force */
	FACT_CONFIGURED_USEC,	  /* that of the configuration */
	FACT_UNWATCHED_USEC,	  /* for how long nobody watched before the start, */
	FACT_UNWATCHED_MAX_USEC,  /* or how long at most, */
	FACT_UNWATCHED_REASON,	  /* and why */
	FACT_NAME_COUNT,
};

/* Some endpoints of `all`. */
struct fact_endpoints {
	struct endpoint *items;
	uint32_t count;
	uint32_t all;
};

struct owner;

/* Who has so many listeners: a reference to the owner, NULL = it was not looked up. */
struct fact_owner {
	struct owner *owner;
	uint32_t uid; /* of the socket's creator */
	uint32_t listeners;
	uint16_t port; /* of the first of them */
	bool by_user;  /* another that is listed differs by the user alone */
};

/* Some owners of `all`. */
struct fact_owners {
	struct fact_owner *items;
	uint32_t count;
	uint32_t all;
};

struct fact {
	enum fact_name name;
	union {
		uint64_t number; /* all types that are not of those below */
		char *text;	 /* NULL = not known: then there is no such fact */
		struct fact_endpoints endpoints;
		struct fact_owners owners; /* none = there is no such fact */
		struct items *items;	   /* NULL = not known */
	};
};

/* Facts that are handed over borrow what they point to; a report has copies. */
static inline struct fact
fact_number(enum fact_name name, uint64_t number)
{
	return (struct fact){ .name = name, .number = number };
}

struct fact fact_text(enum fact_name name, const char *text);
struct fact fact_items(const struct items *items);
struct fact fact_endpoints(enum fact_name name, const struct endpoint *items, size_t count,
    size_t all);

struct fact fact_owners(enum fact_name name, const struct fact_owner *items, size_t count,
    size_t all);

/* A list of facts and its length, as two arguments. */
#define FACTS(...)                            \
	(const struct fact[]){ __VA_ARGS__ }, \
	    sizeof((const struct fact[]){ __VA_ARGS__ }) / sizeof(struct fact)

/* "LISTENERS": in sentences, and behind "OVERSTAY_" the name of the field. */
const char *fact_name(enum fact_name name);
enum fact_type fact_type(enum fact_name name);
/* False for what stands in the text alone. */
bool fact_is_field(enum fact_name name);
enum event_kind notice_kind(enum notice notice);
bool notice_carries(enum notice notice, enum fact_name name);

#endif
