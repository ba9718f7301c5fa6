/* SPDX-License-Identifier: MIT */
/*
 * What the administrator wants, as values: the rules and the thresholds that judge and track obey.
 * config/ builds it from the files, engine/ reads it, nobody changes it: a reload makes a new one.
 * Only what is known of the names changes, as they are answered (model/named.h).
 */
#ifndef OVERSTAY_MODEL_POLICY_H
#define OVERSTAY_MODEL_POLICY_H

#include <stdint.h>

#include "base/macros.h"
#include "base/port-set.h"
#include "model/link.h"
#include "model/named.h"
#include "model/severity.h"

/* A list of globs; the list matches where any of them does. */
struct glob_list {
	char **globs;
	size_t count;
};

/* An address with a prefix length: IPv4 in the first four bytes. */
struct address_prefix {
	uint8_t address[16];
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t bits;
};

/* A list of users or groups, by number or by name. */
struct id_list {
	uint32_t *ids;
	size_t count;
	const struct named **names; /* of the policy's */
	size_t name_count;
};

/* The bit of struct match's sessions that is any session; the others are those of its type. */
#define SESSION_ANY 0

/* One bit for each match key that is set. All set keys must hold. */
enum match_key {
	MATCH_PROTOCOL,
	MATCH_PORT,
	MATCH_ADDRESS,
	MATCH_EXPOSURE,
	MATCH_EXE,
	MATCH_COMM,
	MATCH_CMDLINE,
	MATCH_USER,
	MATCH_UNIT,
	MATCH_USER_UNIT,
	MATCH_OWNER,
	MATCH_CHOICE,
	MATCH_SCRIPT,
	MATCH_CONTAINER,
	MATCH_NETNS,
	MATCH_CLASS,
	MATCH_REASON,
	MATCH_ORIGIN,
	MATCH_HINT,
	MATCH_SLICE,
	MATCH_SESSION,
	MATCH_LOGINUID,
	MATCH_PARENT,
	MATCH_INTERFACE,
	MATCH_HOSTNAME,
	MATCH_KEY_COUNT,
};

struct match {
	uint32_t keys;	    /* bits 1 << enum match_key */
	uint32_t protocols; /* bits 1 << enum protocol */
	uint32_t exposures; /* bits 1 << enum exposure */
	uint32_t owners;    /* bits 1 << enum owner_kind */
	uint32_t choices;   /* bits 1 << enum choice */
	uint32_t classes;   /* bits 1 << enum listener_class (model/reason.h) */
	uint32_t reasons;   /* bits 1 << enum reason (model/reason.h) */
	uint32_t origins;   /* bits 1 << enum origin (model/owner.h) */
	uint32_t hints;	    /* bits 1 << enum hint (model/hint.h) */
	uint32_t netns;	    /* bit 0: the daemon's own is among those named */
	uint32_t sessions;  /* bits 1 << SESSION_ANY, 1 << enum session_type (model/owner.h) */
	bool own_host;	    /* hostname has a name of this host */
	struct port_set *ports;
	struct address_prefix *addresses;
	size_t address_count;
	struct glob_list exe;	  /* paths: * stops at /, ** does not */
	struct glob_list comm;	  /* text: * matches anything */
	struct glob_list cmdline; /* text; arguments joined by one space */
	struct glob_list unit;	  /* text; "*" is any unit, but there must be one */
	struct glob_list user_unit;
	struct glob_list script;    /* paths, of what an interpreter runs by its arguments */
	struct glob_list container; /* text; ids or names, "*" is any, but there must be one */
	struct glob_list slice;	    /* text; of any slice of the system manager on the way */
	struct glob_list parent;    /* paths, as exe */
	struct glob_list interface; /* text; "" is a socket that is bound to none */
	struct glob_list hostname;  /* text, in lower case */
	struct id_list uids;	    /* user: alice, 1000 */
	struct id_list gids;	    /* user: @developers */
	struct id_list login_uids;  /* loginuid; UINT32_MAX = nobody logged in */
	struct match * not ;	    /* NULL, or keys that must not all hold together */
	struct match *any;	    /* of these one must hold; none has an any of its own */
	size_t any_count;
};

enum rule_action {
	ACTION_WATCH, /* the rule only changes threshold, severity or remind */
	ACTION_ALLOW,
};

/* Which of a rule's optional values are set; what is not set comes from the policy. */
enum rule_value {
	RULE_THRESHOLD = 1 << 0,
	RULE_SEVERITY = 1 << 1,
	RULE_REMIND = 1 << 2,
};

struct rule {
	char *name;  /* never NULL; raw, to be escaped */
	char *where; /* "/etc/overstay/overstay.yaml:12" */
	char *note;  /* NULL or a free text */
	struct match match;
	enum rule_action action;
	uint32_t values; /* bits of enum rule_value */
	uint64_t threshold_usec;
	enum severity severity;
	uint64_t remind_usec;
	uint64_t until_usec; /* CLOCK_REALTIME when it is over; USEC_NEVER = no end */
	bool enabled;
};

enum cmdline_mode {
	CMDLINE_MASKED,
	CMDLINE_FULL,
	CMDLINE_OFF,
};

struct policy {
	struct rule *rules; /* in the order in which they are asked */
	size_t rule_count;
	struct named_list names; /* all that the rules name */
	struct link_table links; /* what exe and parent of the rules lead to */

	uint64_t threshold_usec;
	uint64_t user_threshold_usec; /* class user; not for UDP ports the kernel picked */
	uint64_t udp_threshold_usec;
	uint64_t udp_auto_usec; /* threshold of a UDP port the kernel picked */
	enum severity severity;
	enum severity loopback_severity;
	uint64_t suspect_threshold_usec; /* with a strong reason */
	enum severity suspect_severity;
	uint64_t suspect_weak_threshold_usec; /* with weak ones of two kinds */
	enum severity suspect_weak_severity;
	bool advice;	  /* advice is given */
	uint32_t hopping; /* bits 1 << enum protocol: where hopping is reported */
	uint64_t grace_usec;
	uint64_t remind_usec;
	uint64_t heartbeat_usec; /* USEC_NEVER = none */
	enum severity heartbeat_severity;
	enum severity log_appeared; /* or SEVERITY_OFF */
	enum severity log_vanished;
	enum severity log_udp; /* for both, where the protocol is UDP */
	uint64_t log_after_usec;
	enum cmdline_mode cmdline;
};

/* The defaults of the design, no rules. Free with policy_clear(). */
void policy_init(struct policy *policy);

/* Whether the list has the id, by its number or by a name that is known. */
bool id_list_has(const struct id_list *list, uint32_t id);

/* Frees all that the policy (or one rule, one match) holds, not the struct itself. Accepts NULL. */
void policy_clear(struct policy *policy);
void rule_clear(struct rule *rule);
void match_clear(struct match *match);

const char *cmdline_mode_name(enum cmdline_mode mode); /* "masked", "full", "off" */

#endif
