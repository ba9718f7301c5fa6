/* SPDX-License-Identifier: MIT */
/*
 * The words of all messages about no single stay (message.c has the others): a sentence for each
 * notice. In a sentence stand
 *
 *	{NAME}		the fact of that name, written as its type says
 *	{NAME:s}	an "s", unless that number is 1
 *	[...]		left out if the report lacks a fact that is named within
 *	|		behind it: where there is more, for whom there is a journal to search
 *
 * Invariants: what comes from outside is escaped; a line of configuration stands whole in the text
 * or not at all. Pure; no allocation.
 */
#include <inttypes.h>
#include <string.h>

#include "alert/describe.h"
#include "alert/field-value.h"
#include "alert/say.h"
#include "base/duration.h"
#include "engine/snapshot.h"
#include "model/condition.h"
#include "model/gap.h"
#include "model/range.h"

/* A list of owners ends behind so many bytes. */
#define OWNERS_TEXT_MAX 800

/* tests/golden/messages.txt has an example of each. */
static const char *const sentences[NOTICE_COUNT] = {
	[NOTICE_STARTED] = "overstayd {VERSION} watches ports {RANGES} in this network namespace "
			   "only: {LISTENERS} listeners present at start ({TCP} tcp, {UDP} udp), "
			   "their ages count from now[; {UNWATCHED_REASON}][: the host was not "
			   "watched for {UNWATCHED_USEC}][: the host was not watched for at most "
			   "{UNWATCHED_MAX_USEC}]; configuration {HASH}[, without {LEFT_OUT}]",
	[NOTICE_STOPPED] = "overstayd stops: {LISTENERS} listeners watched, {OVERSTAYING} "
			   "overstaying; the event loop was blocked for at most "
			   "{LONGEST_HOLD_USEC} us",
	[NOTICE_OVERSTAYS_AT_START] = "{COUNT} listeners of {PROGRAMS} program{PROGRAMS:s}, "
				      "present at start[: {OWNERS}]|; see: "
				      "journalctl OVERSTAY_EVENT=overstay",
	[NOTICE_OVERSTAYS_AT_ONCE] = "{COUNT} listeners of {PROGRAMS} program{PROGRAMS:s} at the "
				     "same time[: {OWNERS}]|; see: "
				     "journalctl OVERSTAY_EVENT=overstay",
	[NOTICE_OVERSTAYS_AFTER_RESUME] = "{COUNT} listeners of {PROGRAMS} program{PROGRAMS:s}, "
					  "due while the host was suspended[: {OWNERS}]|; "
					  "see: journalctl OVERSTAY_EVENT=overstay",
	[NOTICE_OVERSTAYS_OF_USER] = "{COUNT} more alert{COUNT:s} about listeners of uid "
				     "{SOCKET_UID} within a minute[: {OWNERS}]|; see: journalctl "
				     "OVERSTAY_EVENT=overstay",
	[NOTICE_SUSPECTS_OF_USER] = "{COUNT} more suspect{COUNT:s} of uid {SOCKET_UID} within a "
				    "minute[: {OWNERS}]|; see: journalctl OVERSTAY_EVENT=suspect",
	[NOTICE_SUMMARY] = "{OVERSTAYING} of {LISTENERS} listeners overstaying, {SUSPECTS} "
			   "suspect, {ALLOWED} allowed by rules[: {OWNERS}][; not reported one by "
			   "one since the last summary: {FOLLOWED}][; the oldest: {OLDEST}, seen "
			   "for {OLDEST_AGE}]",
	[NOTICE_HEARTBEAT] = "overstayd {VERSION} is watching: {LISTENERS} listener{LISTENERS:s}, "
			     "{OVERSTAYING} overstaying, {SUSPECTS} suspect; {POLLS_DONE} polls "
			     "since the last heartbeat, {POLLS_MISSED} missed[; "
			     "degraded: {CONDITIONS}]; next in {EVERY_USEC}; configuration {HASH}",
	[NOTICE_POOL] = "{PROTOCOL}: {PORT_COUNT} ports occupied by {SOCKET_COUNT} sockets; since "
			"the last survey {APPEARED} appeared, {PERSISTED} persisted, {CHANGED} "
			"changed, {VANISHED} vanished; {TIME_WAIT} in TIME_WAIT; {CPU_USEC} us of "
			"CPU",
	[NOTICE_PORTS_NOT_RESERVED] = "{COUNT} ports are not reserved: outgoing connections may "
				      "take them, and their programs would then fail to start[: "
				      "{OWNERS}]; set in /etc/sysctl.d/60-overstay.conf: "
				      "{ADVICE}",
	[NOTICE_KERNEL_RANGE_TUNED] = "ip_local_port_range is {FIRST_PORT}-{LAST_PORT}: "
				      "{ODDITIES}; to restore the default, set in "
				      "/etc/sysctl.d/60-overstay.conf: "
				      "net.ipv4.ip_local_port_range = 32768 60999",
	[NOTICE_KERNEL_RANGE_CHANGED] = "ip_local_port_range changed to {FIRST_PORT}-{LAST_PORT}; "
					"watching the new range",
	[NOTICE_DIAGNOSTIC] = "{DIAGNOSTIC}",
	[NOTICE_RELOADED] = "reloaded: {HASH}, was {HASH_BEFORE}",
	[NOTICE_RELOADED_UNCHANGED] = "reloaded: {HASH}, unchanged",
	[NOTICE_RELOAD_INVALID] = "reload failed: {ERRORS} error{ERRORS:s}; keeping configuration "
				  "{HASH}",
	[NOTICE_RELOAD_UNREADABLE] = "reload failed: cannot read the configuration: {ERROR}; "
				     "keeping configuration {HASH}",
	[NOTICE_RELOAD_NOT_BEGUN] = "cannot reload the configuration: {ERROR}",
	[NOTICE_LAST_GOOD_NOT_BEGUN] = "cannot save the last good configuration: {ERROR}",
	[NOTICE_SUPPRESSED] = "{MESSAGES} messages were dropped: rate limit exceeded or queue full",
	[NOTICE_UNSENT] = "{MESSAGES} messages could not be sent: {ERROR}",
	[NOTICE_LOOKUP_FAILED] = "{CONDITION}: {OWNER_REASON} ({ERROR}): owners are unknown and "
				 "rules that name them do not match[; its program: {PROGRAM}][; "
				 "see: systemctl status {UNIT}]",
	[NOTICE_LOOKUP_NOT_PERMITTED] = "{CONDITION}: {OWNER_REASON}: some owners are unknown and "
					"rules that name them do not match[; its program: "
					"{PROGRAM}][; see: systemctl status {UNIT}]",
	[NOTICE_LOOKUP_PRIVILEGES_LOST] = "{CONDITION}: overstay-lookup ended and was started "
					  "again without its privileges, which overstayd has "
					  "dropped: some owners are unknown and rules that name "
					  "them do not match; restart overstayd[; its program: "
					  "{PROGRAM}]",
	[NOTICE_NO_SOCK_DIAG] = "{CONDITION}: sock_diag is not available ({ERROR}): reading "
				"/proc/net, which has no socket cookies and does not show who "
				"chose a port",
	[NOTICE_POLLS_INCOMPLETE] = "{CONDITION}: {POLLS} incomplete polls in a row "
				    "({INCOMPLETE}): listeners that closed meanwhile are not "
				    "reported",
	[NOTICE_UNPROVED_SURPLUS] = "{CONDITION}: {UNPROVED} sockets, most of them of uid {UID}, "
				    "were taken as closed without proof: more are missing "
				    "than can be proved to be closed",
	[NOTICE_KERNEL_RANGE_UNREADABLE] = "{CONDITION}: cannot read ip_local_port_range "
					   "({ERROR}): watching only the other entries of "
					   "`ranges`",
	[NOTICE_LAST_GOOD_IN_FORCE] = "{CONDITION}: the configuration cannot be used; running "
				      "with the last good configuration {HASH}; see: overstayd "
				      "--check",
	[NOTICE_FILES_LEFT_OUT] = "{CONDITION}: left out {LEFT_OUT}, which anybody may change; "
				  "see: overstayd --check",
	[NOTICE_STATE_NOT_OPENED] = "{CONDITION}: cannot open the state directory {PATH}: "
				    "{ERROR}",
	[NOTICE_LAST_GOOD_NOT_SAVED] = "{CONDITION}: cannot save the last good configuration: "
				       "{ERROR}",
	[NOTICE_STORE_NOT_STARTED] = "{CONDITION}: cannot start to save the state: {ERROR}: after "
				     "a restart of overstayd, it will not be known for how long "
				     "the host was not watched, and rules by exe will not match "
				     "running programs that were upgraded before",
	[NOTICE_STORE_NOT_SAVED] = "{CONDITION}: cannot save to {PATH}: {ERROR}: after a restart "
				   "of overstayd, it will not be known for how long the host was "
				   "not watched, and rules by exe will not match running programs "
				   "that were upgraded before",
	[NOTICE_STORE_POLL_NOT_SAVED] = "{CONDITION}: cannot save the time of the last poll to "
					"{PATH}: {ERROR}: after a crash of overstayd, it will be "
					"known less exactly for how long the host was not watched",
	[NOTICE_STORE_DAMAGED] = "{CONDITION}: the database was damaged; started a new one, kept "
				 "the old one as {PATH}: when the host was not watched before, and "
				 "which programs were verified, is lost",
	[NOTICE_STORE_OTHER_VERSION] = "{CONDITION}: the database is of another version; started a "
				       "new one, kept the old one as {PATH}: when the host was not "
				       "watched before, and which programs were verified, is lost",
	[NOTICE_CROWDED] = "{CONDITION}: uid {SOCKET_UID} has too many listeners[, "
			   "{UNASKED} not looked up in time][, {GIVEN_UP} forgotten "
			   "before their grace was over][, {UNASKED_PEERS} "
			   "suspect{UNASKED_PEERS:s} reported without peers][, "
			   "{UNKEPT_OWNERS} owner{UNKEPT_OWNERS:s} not kept][, "
			   "{UNREMEMBERED_OWNERS} reported "
			   "owner{UNREMEMBERED_OWNERS:s} forgotten][, "
			   "{UNFOLLOWED_OWNERS} owner{UNFOLLOWED_OWNERS:s} not "
			   "followed over ports]",
	[NOTICE_INTERVAL_STRETCHED] = "{CONDITION}: there are so many listeners that polls take "
				      "more than 1% of a CPU: the longest time between two "
				      "is {INTERVAL_USEC} instead of {CONFIGURED_USEC}",
	[NOTICE_UNSEARCHED] = "{CONDITION}: uid {UID} has too many open file descriptors to be "
			      "searched: who holds some of the sockets is unknown",
	[NOTICE_LISTENERS_LEFT_OUT] = "{CONDITION}: {COUNT} listeners are not watched: more than "
				      "{LISTENERS} are open, most of them by uid {UID}",
	[NOTICE_LOOKUP_RECOVERED] = "{CONDITION}: overstay-lookup is answering again",
	[NOTICE_POLLS_RECOVERED] = "{CONDITION}: polls are complete again",
	[NOTICE_PROOFS_RECOVERED] = "{CONDITION}: closed sockets are proved to be closed again",
	[NOTICE_KERNEL_RANGE_RECOVERED] = "{CONDITION}: ip_local_port_range is readable again",
	[NOTICE_CONFIG_RECOVERED] = "{CONDITION}: the configuration is valid again",
	[NOTICE_LAST_GOOD_RECOVERED] = "{CONDITION}: the last good configuration is saved again",
	[NOTICE_STORE_RECOVERED] = "{CONDITION}: the state is saved again",
	[NOTICE_CROWD_RECOVERED] = "{CONDITION}: no user has too many listeners any more"
				   "[; {UNASKED} were not looked up in time]"
				   "[; {GIVEN_UP} were forgotten before their grace was over]"
				   "[; {UNASKED_PEERS} suspect{UNASKED_PEERS:s} reported without "
				   "peers][; {UNKEPT_OWNERS} owner{UNKEPT_OWNERS:s} not kept]"
				   "[; {UNREMEMBERED_OWNERS} reported "
				   "owner{UNREMEMBERED_OWNERS:s} forgotten]"
				   "[; {UNFOLLOWED_OWNERS} owner{UNFOLLOWED_OWNERS:s} not "
				   "followed over ports]; most by uid {SOCKET_UID}",
	[NOTICE_INTERVAL_RECOVERED] = "{CONDITION}: the longest time between two polls is "
				      "{INTERVAL_USEC} again",
	[NOTICE_SEARCH_RECOVERED] = "{CONDITION}: all processes are searched again",
	[NOTICE_LISTENERS_RECOVERED] = "{CONDITION}: all listeners are watched again",
};

static void
say_number(struct text *text, const struct fact *fact)
{
	text_printf(text, "%" PRIu64, fact->number);
}

static void
say_duration(struct text *text, const struct fact *fact)
{
	char duration[DURATION_TEXT_MAX];

	text_add(text, duration_format_short(fact->number, duration));
}

static void
say_text(struct text *text, const struct fact *fact)
{
	text_escape_string(text, fact->text, MESSAGE_TEXT_MAX);
}

static void
say_line(struct text *text, const struct fact *fact)
{
	const char *line = describe_advice(fact->text);

	if (strlen(line) <= ADVICE_TEXT_MAX)
		text_escape_string(text, line, ADVICE_TEXT_MAX);
	else
		text_add(text, "the line in OVERSTAY_ADVICE");
}

static void
say_line_value(struct text *value, const struct fact *fact)
{
	value_add_bytes(value, describe_advice(fact->text));
}

static void
say_bytes(struct text *value, const struct fact *fact)
{
	value_add_bytes(value, fact->text);
}

/* "tcp 0.0.0.0:50000, udp 0.0.0.0:50001, ..." */
static void
say_endpoints(struct text *text, const struct fact *fact)
{
	const struct fact_endpoints *endpoints = &fact->endpoints;
	char endpoint[ENDPOINT_TEXT_MAX];

	for (uint32_t i = 0; i < endpoints->count; i++)
		text_printf(text, "%s%s %s", i > 0 ? ", " : "",
		    protocol_name((enum protocol)endpoints->items[i].protocol),
		    endpoint_format(&endpoints->items[i], endpoint));
	if (endpoints->all > endpoints->count)
		text_add(text, ", ...");
}

/* "nginx 50080 (nginx.service), python3.11 of bob 5 ports, and 12 more" */
static void
say_owners(struct text *text, const struct fact *fact, const struct message_context *context)
{
	const struct fact_owners *owners = &fact->owners;
	const char *many = fact->name == FACT_FOLLOWED ? "more" : NULL;
	size_t begin = text->used;
	uint32_t said = 0;

	for (; said < owners->count && text->used - begin < OWNERS_TEXT_MAX; said++) {
		text_add(text, said > 0 ? ", " : "");
		describe_listed(text, &owners->items[said], many, context);
	}
	if (owners->all > said)
		text_printf(text, ", and %u more", owners->all - said);
}

/* How many: the field itself is alert/items.c's. */
static void
say_items(struct text *text, const struct fact *fact)
{
	text_printf(text, "%u", fact->items->all);
}

static void
say_protocol(struct text *text, const struct fact *fact)
{
	text_add(text, protocol_name((enum protocol)fact->number));
}

static void
say_severity(struct text *text, const struct fact *fact)
{
	text_add(text, severity_name((enum severity)fact->number));
}

static void
say_condition(struct text *text, const struct fact *fact)
{
	text_add(text, condition_name((enum condition)fact->number));
}

static void
add_conditions(struct text *text, const struct fact *fact, const char *between)
{
	const char *before = "";

	for (unsigned i = 0; i < CONDITION_COUNT; i++) {
		if ((fact->number >> i & 1) == 0)
			continue;
		text_printf(text, "%s%s", before, condition_name((enum condition)i));
		before = between;
	}
}

static void
say_conditions(struct text *text, const struct fact *fact)
{
	add_conditions(text, fact, ", ");
}

static void
say_conditions_value(struct text *value, const struct fact *fact)
{
	add_conditions(value, fact, " ");
}

static void
say_error(struct text *text, const struct fact *fact)
{
	const char *words = strerrordesc_np((int)fact->number);

	if (words != NULL)
		text_add(text, words);
	else
		text_printf(text, "error %d", (int)fact->number);
}

static void
say_owner_reason(struct text *text, const struct fact *fact)
{
	text_add(text, owner_reason_text((enum owner_reason)fact->number));
}

static void
say_incomplete(struct text *text, const struct fact *fact)
{
	text_add(text, incomplete_text((uint32_t)fact->number));
}

static void
say_oddities(struct text *text, const struct fact *fact)
{
	static const char *const words[] = {
		"it reaches below 32768, so a connection may take the port of a service, which "
		"then fails to start",
		"it has fewer than 16384 ports, so many connections to one address may use them "
		"up",
	};
	const char *before = "";

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if ((fact->number >> i & 1) == 0)
			continue;
		text_printf(text, "%s%s", before, words[i]);
		before = "; ";
	}
}

static void
say_gap_reason(struct text *text, const struct fact *fact)
{
	static const char *const words[GAP_REASON_COUNT] = {
		[GAP_FIRST_START] = "this is the first start on this host",
		[GAP_UNKNOWN] = "when the host was last watched is not known",
		[GAP_STOPPED] = "overstayd was stopped",
		[GAP_KILLED] = "overstayd was killed or had crashed",
		[GAP_HOST_DOWN] = "the host was down",
	};

	text_add(text, words[fact->number]);
}

static void
say_gap_reason_value(struct text *value, const struct fact *fact)
{
	text_add(value, gap_reason_name((enum gap_reason)fact->number));
}

/* How values are written in the text, and in a field, and what that is. */
static const struct {
	void (*text)(struct text *text, const struct fact *fact);
	void (*field)(struct text *value, const struct fact *fact);
	enum field_type type;
} types[FACT_TYPE_COUNT] = {
	[FACT_TYPE_NUMBER] = { say_number, say_number, FIELD_INTEGER },
	[FACT_TYPE_USEC] = { say_number, say_number, FIELD_USEC },
	[FACT_TYPE_DURATION] = { say_duration, say_number, FIELD_USEC },
	[FACT_TYPE_TEXT] = { say_text, say_bytes, FIELD_STRING },
	[FACT_TYPE_LINE] = { say_line, say_line_value, FIELD_STRING },
	[FACT_TYPE_ENDPOINTS] = { say_endpoints, say_endpoints, FIELD_STRING },
	[FACT_TYPE_OWNERS] = { NULL, NULL, FIELD_STRING }, /* in texts alone: say_owners() */
	[FACT_TYPE_ITEMS] = { say_items, say_items, FIELD_JSON },
	[FACT_TYPE_PROTOCOL] = { say_protocol, say_protocol, FIELD_WORD },
	[FACT_TYPE_SEVERITY] = { say_severity, say_severity, FIELD_WORD },
	[FACT_TYPE_CONDITION] = { say_condition, say_condition, FIELD_WORD },
	[FACT_TYPE_CONDITIONS] = { say_conditions, say_conditions_value, FIELD_WORDS },
	[FACT_TYPE_ERROR] = { say_error, say_number, FIELD_INTEGER },
	[FACT_TYPE_OWNER_REASON] = { say_owner_reason, say_owner_reason, FIELD_STRING },
	[FACT_TYPE_INCOMPLETE] = { say_incomplete, say_incomplete, FIELD_STRING },
	[FACT_TYPE_ODDITIES] = { say_oddities, say_oddities, FIELD_STRING },
	[FACT_TYPE_GAP_REASON] = { say_gap_reason, say_gap_reason_value, FIELD_WORD },
};

enum field_type
say_fact_type(enum fact_name name)
{
	return types[fact_type(name)].type;
}

void
say_fact_value(struct text *value, const struct fact *fact)
{
	types[fact_type(fact->name)].field(value, fact);
}

/* The fact that the braces at `at` name, NULL if the report lacks it. Moves at behind them. */
static const struct fact *
find_fact(const struct report *report, const char **at, bool *plural)
{
	const char *name = *at + 1;
	size_t length = strcspn(name, ":}");

	*plural = name[length] == ':';
	*at = strchr(name, '}') + 1;
	for (size_t i = 0; i < report->fact_count; i++) {
		const char *known = fact_name(report->facts[i].name);

		if (strncmp(known, name, length) == 0 && known[length] == '\0')
			return &report->facts[i];
	}
	return NULL;
}

static bool
has_all(const struct report *report, const char *from, const char *to)
{
	bool plural;

	while (from < to)
		if (*from != '{')
			from++;
		else if (find_fact(report, &from, &plural) == NULL)
			return false;
	return true;
}

static void
say_fact(struct text *text, const struct fact *fact, const struct message_context *context)
{
	enum fact_type type = fact_type(fact->name);

	if (type == FACT_TYPE_OWNERS)
		say_owners(text, fact, context);
	else
		types[type].text(text, fact);
}

size_t
say_notice(struct text *text, const struct report *report, const struct message_context *context)
{
	size_t bare_length = 0;

	for (const char *at = sentences[report->notice]; *at != '\0';) {
		size_t words = strcspn(at, "{[]|");
		const struct fact *fact;
		bool plural;

		text_printf(text, "%.*s", (int)words, at);
		at += words;
		if (*at == '|')
			bare_length = text->used;
		if (*at == '[' && !has_all(report, at, strchr(at, ']')))
			at = strchr(at, ']');
		if (*at == '|' || *at == '[' || *at == ']') {
			at++;
			continue;
		}
		if (*at != '{')
			continue;
		fact = find_fact(report, &at, &plural);
		if (fact != NULL && !plural)
			say_fact(text, fact, context);
		else if (fact != NULL && fact->number != 1)
			text_add(text, "s");
	}
	return bare_length > 0 ? bare_length : text->used;
}
