/* SPDX-License-Identifier: MIT */
/*
 * The table of notices, with the facts that each may carry, and the table of facts. The text and
 * the fields of a message are made of the same facts by one table, so they cannot differ.
 *
 * What it never does: word anything. No string here reaches a person but as the name of a field.
 */
#include "model/notice.h"

#define HAS(fact) (1ULL << FACT_##fact)

/* Those of a message about several listeners. */
#define HAS_ITEMS (HAS(ITEMS) | HAS(ITEMS_OMITTED))

/* An enum fact_name for each bit of these. */
_Static_assert(FACT_NAME_COUNT <= 64, "facts do not fit into the sets of notices");

static const struct {
	enum event_kind kind;
	uint64_t facts; /* bits 1 << enum fact_name */
} notices[NOTICE_COUNT] = {
	[NOTICE_STARTED] = { EVENT_STARTED,
	    HAS(LISTENERS) | HAS(VERSION) | HAS(RANGES) | HAS(TCP) | HAS(UDP) | HAS(HASH) |
		HAS(LEFT_OUT) },
	[NOTICE_STOPPED] = { EVENT_STOPPED,
	    HAS(LISTENERS) | HAS(OVERSTAYING) | HAS(LONGEST_HOLD_USEC) },
	[NOTICE_OVERSTAYS_AT_START] = { EVENT_OVERSTAYS_AT_START,
	    HAS(COUNT) | HAS(SEVERITY) | HAS(PROGRAMS) | HAS(OWNERS) | HAS_ITEMS },
	[NOTICE_OVERSTAYS_AT_ONCE] = { EVENT_OVERSTAYS_AT_ONCE,
	    HAS(COUNT) | HAS(SEVERITY) | HAS(PROGRAMS) | HAS(OWNERS) | HAS_ITEMS },
	[NOTICE_OVERSTAYS_AFTER_RESUME] = { EVENT_OVERSTAYS_AFTER_RESUME,
	    HAS(COUNT) | HAS(SEVERITY) | HAS(PROGRAMS) | HAS(OWNERS) | HAS_ITEMS },
	[NOTICE_OVERSTAYS_OF_USER] = { EVENT_OVERSTAYS_OF_USER,
	    HAS(COUNT) | HAS(SEVERITY) | HAS(SOCKET_UID) | HAS(OWNERS) | HAS_ITEMS },
	[NOTICE_SUSPECTS_OF_USER] = { EVENT_SUSPECTS_OF_USER,
	    HAS(COUNT) | HAS(SEVERITY) | HAS(SOCKET_UID) | HAS(OWNERS) | HAS_ITEMS },
	[NOTICE_SUMMARY] = { EVENT_SUMMARY,
	    HAS(LISTENERS) | HAS(OVERSTAYING) | HAS(SUSPECTS) | HAS(ALLOWED) | HAS(OWNERS) |
		HAS(FOLLOWED) | HAS(OLDEST) | HAS(OLDEST_AGE) | HAS_ITEMS },
	[NOTICE_HEARTBEAT] = { EVENT_HEARTBEAT,
	    HAS(VERSION) | HAS(HASH) | HAS(LISTENERS) | HAS(OVERSTAYING) | HAS(SUSPECTS) |
		HAS(POLLS_DONE) | HAS(POLLS_MISSED) | HAS(CONDITIONS) | HAS(EVERY_USEC) },
	[NOTICE_POOL] = { EVENT_POOL,
	    HAS(PROTOCOL) | HAS(PORT_COUNT) | HAS(SOCKET_COUNT) | HAS(APPEARED) | HAS(PERSISTED) |
		HAS(CHANGED) | HAS(VANISHED) | HAS(TIME_WAIT) | HAS(CPU_USEC) },
	[NOTICE_PORTS_NOT_RESERVED] = { EVENT_ADVICE,
	    HAS(COUNT) | HAS(ADVICE) | HAS(OWNERS) | HAS_ITEMS },
	[NOTICE_KERNEL_RANGE_TUNED] = { EVENT_ADVICE,
	    HAS(FIRST_PORT) | HAS(LAST_PORT) | HAS(ODDITIES) },
	[NOTICE_KERNEL_RANGE_CHANGED] = { EVENT_CONFIG, HAS(FIRST_PORT) | HAS(LAST_PORT) },
	[NOTICE_DIAGNOSTIC] = { EVENT_CONFIG, HAS(DIAGNOSTIC) },
	[NOTICE_RELOADED] = { EVENT_CONFIG, HAS(HASH) | HAS(HASH_BEFORE) },
	[NOTICE_RELOADED_UNCHANGED] = { EVENT_CONFIG, HAS(HASH) },
	[NOTICE_RELOAD_INVALID] = { EVENT_CONFIG, HAS(ERRORS) | HAS(HASH) },
	[NOTICE_RELOAD_UNREADABLE] = { EVENT_CONFIG, HAS(ERROR) | HAS(HASH) },
	[NOTICE_RELOAD_NOT_BEGUN] = { EVENT_CONFIG, HAS(ERROR) },
	[NOTICE_LAST_GOOD_NOT_BEGUN] = { EVENT_CONFIG, HAS(ERROR) },
	[NOTICE_SUPPRESSED] = { EVENT_SUPPRESSED, HAS(MESSAGES) },
	[NOTICE_UNSENT] = { EVENT_SUPPRESSED, HAS(MESSAGES) | HAS(ERROR) },
	[NOTICE_LOOKUP_FAILED] = { EVENT_DEGRADED,
	    HAS(CONDITION) | HAS(OWNER_REASON) | HAS(ERROR) | HAS(PROGRAM) | HAS(UNIT) },
	[NOTICE_LOOKUP_NOT_PERMITTED] = { EVENT_DEGRADED,
	    HAS(CONDITION) | HAS(OWNER_REASON) | HAS(PROGRAM) | HAS(UNIT) },
	[NOTICE_NO_SOCK_DIAG] = { EVENT_DEGRADED, HAS(CONDITION) | HAS(ERROR) },
	[NOTICE_POLLS_INCOMPLETE] = { EVENT_DEGRADED,
	    HAS(CONDITION) | HAS(POLLS) | HAS(INCOMPLETE) },
	[NOTICE_UNPROVED_SURPLUS] = { EVENT_DEGRADED, HAS(CONDITION) | HAS(UNPROVED) | HAS(UID) },
	[NOTICE_KERNEL_RANGE_UNREADABLE] = { EVENT_DEGRADED, HAS(CONDITION) | HAS(ERROR) },
	[NOTICE_LAST_GOOD_IN_FORCE] = { EVENT_DEGRADED, HAS(CONDITION) | HAS(HASH) },
	[NOTICE_FILES_LEFT_OUT] = { EVENT_DEGRADED, HAS(CONDITION) | HAS(LEFT_OUT) },
	[NOTICE_STATE_NOT_OPENED] = { EVENT_DEGRADED, HAS(CONDITION) | HAS(PATH) | HAS(ERROR) },
	[NOTICE_LAST_GOOD_NOT_SAVED] = { EVENT_DEGRADED, HAS(CONDITION) | HAS(ERROR) },
	[NOTICE_EXECUTABLES_NOT_OPENED] = { EVENT_DEGRADED, HAS(CONDITION) | HAS(ERROR) },
	[NOTICE_EXECUTABLES_NOT_SAVED] = { EVENT_DEGRADED, HAS(CONDITION) | HAS(ERROR) },
	[NOTICE_EXECUTABLES_DAMAGED] = { EVENT_DEGRADED, HAS(CONDITION) | HAS(PATH) },
	[NOTICE_EXECUTABLES_OTHER_VERSION] = { EVENT_DEGRADED, HAS(CONDITION) | HAS(PATH) },
	[NOTICE_CROWDED] = { EVENT_DEGRADED,
	    HAS(CONDITION) | HAS(UNASKED) | HAS(GIVEN_UP) | HAS(UNASKED_PEERS) },
	[NOTICE_LISTENERS_LEFT_OUT] = { EVENT_DEGRADED,
	    HAS(CONDITION) | HAS(COUNT) | HAS(LISTENERS) | HAS(UID) },
	[NOTICE_LOOKUP_RECOVERED] = { EVENT_RECOVERED, HAS(CONDITION) },
	[NOTICE_POLLS_RECOVERED] = { EVENT_RECOVERED, HAS(CONDITION) },
	[NOTICE_PROOFS_RECOVERED] = { EVENT_RECOVERED, HAS(CONDITION) },
	[NOTICE_KERNEL_RANGE_RECOVERED] = { EVENT_RECOVERED, HAS(CONDITION) },
	[NOTICE_CONFIG_RECOVERED] = { EVENT_RECOVERED, HAS(CONDITION) },
	[NOTICE_LAST_GOOD_RECOVERED] = { EVENT_RECOVERED, HAS(CONDITION) },
	[NOTICE_EXECUTABLES_RECOVERED] = { EVENT_RECOVERED, HAS(CONDITION) },
	[NOTICE_CROWD_RECOVERED] = { EVENT_RECOVERED,
	    HAS(CONDITION) | HAS(UNASKED) | HAS(GIVEN_UP) | HAS(UNASKED_PEERS) },
	[NOTICE_LISTENERS_RECOVERED] = { EVENT_RECOVERED, HAS(CONDITION) },
};

/* tests/lint/messages.sh holds the fields against overstayd(8). */
static const struct {
	const char *name;
	enum fact_type type;
	bool is_field;
} facts[FACT_NAME_COUNT] = {
	[FACT_COUNT] = { "COUNT", FACT_TYPE_NUMBER, true },
	[FACT_MESSAGES] = { "MESSAGES", FACT_TYPE_NUMBER, true },
	[FACT_LISTENERS] = { "LISTENERS", FACT_TYPE_NUMBER, true },
	[FACT_TCP] = { "TCP", FACT_TYPE_NUMBER, false },
	[FACT_UDP] = { "UDP", FACT_TYPE_NUMBER, false },
	[FACT_OVERSTAYING] = { "OVERSTAYING", FACT_TYPE_NUMBER, true },
	[FACT_SUSPECTS] = { "SUSPECTS", FACT_TYPE_NUMBER, true },
	[FACT_ALLOWED] = { "ALLOWED", FACT_TYPE_NUMBER, true },
	[FACT_VERSION] = { "VERSION", FACT_TYPE_TEXT, true },
	[FACT_RANGES] = { "RANGES", FACT_TYPE_TEXT, true },
	[FACT_HASH] = { "HASH", FACT_TYPE_TEXT, false },
	[FACT_HASH_BEFORE] = { "HASH_BEFORE", FACT_TYPE_TEXT, false },
	[FACT_LEFT_OUT] = { "LEFT_OUT", FACT_TYPE_TEXT, false },
	[FACT_LONGEST_HOLD_USEC] = { "LONGEST_HOLD_USEC", FACT_TYPE_USEC, true },
	[FACT_SEVERITY] = { "SEVERITY", FACT_TYPE_SEVERITY, true },
	[FACT_PROGRAMS] = { "PROGRAMS", FACT_TYPE_NUMBER, true },
	[FACT_OWNERS] = { "OWNERS", FACT_TYPE_OWNERS, false },
	[FACT_FOLLOWED] = { "FOLLOWED", FACT_TYPE_OWNERS, false },
	[FACT_ITEMS] = { "ITEMS", FACT_TYPE_ITEMS, true },
	[FACT_ITEMS_OMITTED] = { "ITEMS_OMITTED", FACT_TYPE_NUMBER, true },
	[FACT_OLDEST] = { "OLDEST", FACT_TYPE_ENDPOINTS, false },
	[FACT_OLDEST_AGE] = { "OLDEST_AGE", FACT_TYPE_DURATION, false },
	[FACT_ADVICE] = { "ADVICE", FACT_TYPE_LINE, true },
	[FACT_FIRST_PORT] = { "FIRST_PORT", FACT_TYPE_NUMBER, false },
	[FACT_LAST_PORT] = { "LAST_PORT", FACT_TYPE_NUMBER, false },
	[FACT_ODDITIES] = { "ODDITIES", FACT_TYPE_ODDITIES, false },
	[FACT_PROTOCOL] = { "PROTOCOL", FACT_TYPE_PROTOCOL, true },
	[FACT_PORT_COUNT] = { "PORT_COUNT", FACT_TYPE_NUMBER, true },
	[FACT_SOCKET_COUNT] = { "SOCKET_COUNT", FACT_TYPE_NUMBER, true },
	[FACT_APPEARED] = { "APPEARED", FACT_TYPE_NUMBER, false },
	[FACT_PERSISTED] = { "PERSISTED", FACT_TYPE_NUMBER, false },
	[FACT_CHANGED] = { "CHANGED", FACT_TYPE_NUMBER, false },
	[FACT_VANISHED] = { "VANISHED", FACT_TYPE_NUMBER, false },
	[FACT_TIME_WAIT] = { "TIME_WAIT", FACT_TYPE_NUMBER, false },
	[FACT_CPU_USEC] = { "CPU_USEC", FACT_TYPE_USEC, false },
	[FACT_DIAGNOSTIC] = { "DIAGNOSTIC", FACT_TYPE_TEXT, false },
	[FACT_ERRORS] = { "ERRORS", FACT_TYPE_NUMBER, false },
	[FACT_ERROR] = { "ERROR", FACT_TYPE_ERROR, false },
	[FACT_CONDITION] = { "CONDITION", FACT_TYPE_CONDITION, true },
	[FACT_CONDITIONS] = { "CONDITIONS", FACT_TYPE_CONDITIONS, true },
	[FACT_OWNER_REASON] = { "OWNER_REASON", FACT_TYPE_OWNER_REASON, false },
	[FACT_PROGRAM] = { "PROGRAM", FACT_TYPE_TEXT, false },
	[FACT_UNIT] = { "UNIT", FACT_TYPE_TEXT, false },
	[FACT_POLLS] = { "POLLS", FACT_TYPE_NUMBER, false },
	[FACT_UNPROVED] = { "UNPROVED", FACT_TYPE_NUMBER, false },
	[FACT_UID] = { "UID", FACT_TYPE_NUMBER, false },
	[FACT_POLLS_DONE] = { "POLLS_DONE", FACT_TYPE_NUMBER, true },
	[FACT_POLLS_MISSED] = { "POLLS_MISSED", FACT_TYPE_NUMBER, true },
	[FACT_EVERY_USEC] = { "EVERY_USEC", FACT_TYPE_DURATION, true },
	[FACT_INCOMPLETE] = { "INCOMPLETE", FACT_TYPE_INCOMPLETE, false },
	[FACT_PATH] = { "PATH", FACT_TYPE_TEXT, false },
	[FACT_SOCKET_UID] = { "SOCKET_UID", FACT_TYPE_NUMBER, true },
	[FACT_UNASKED] = { "UNASKED", FACT_TYPE_NUMBER, true },
	[FACT_GIVEN_UP] = { "GIVEN_UP", FACT_TYPE_NUMBER, true },
	[FACT_UNASKED_PEERS] = { "UNASKED_PEERS", FACT_TYPE_NUMBER, true },
};

struct fact
fact_text(enum fact_name name, const char *text)
{
	/* Handed over to be read; report_new() makes a copy. */
	return (struct fact){ .name = name, .text = (char *)(uintptr_t)text };
}

struct fact
fact_endpoints(enum fact_name name, const struct endpoint *items, size_t count, size_t all)
{
	return (struct fact){
		.name = name,
		.endpoints = {
			.items = (struct endpoint *)(uintptr_t)items,
			.count = (uint32_t)count,
			.all = (uint32_t)all,
		},
	};
}

struct fact
fact_owners(enum fact_name name, const struct fact_owner *items, size_t count, size_t all)
{
	return (struct fact){
		.name = name,
		.owners = {
			.items = (struct fact_owner *)(uintptr_t)items,
			.count = (uint32_t)count,
			.all = (uint32_t)all,
		},
	};
}

struct fact
fact_items(const struct items *items)
{
	return (struct fact){ .name = FACT_ITEMS, .items = (struct items *)(uintptr_t)items };
}

const char *
fact_name(enum fact_name name)
{
	return facts[name].name;
}

enum fact_type
fact_type(enum fact_name name)
{
	return facts[name].type;
}

bool
fact_is_field(enum fact_name name)
{
	return facts[name].is_field;
}

enum event_kind
notice_kind(enum notice notice)
{
	return notices[notice].kind;
}

bool
notice_carries(enum notice notice, enum fact_name name)
{
	return (notices[notice].facts >> name & 1) != 0;
}
