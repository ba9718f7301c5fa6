/* SPDX-License-Identifier: MIT */
/*
 * The line a person reads: what happened, where, for how long against which threshold, who, and
 * why it is reported. It opens with the kind's word in capitals; an OVERSTAY and a SUSPECT close
 * with what to type next, an ADVICE with what to do.
 *
 * Invariants: one line, valid UTF-8, no control characters, less than MESSAGE_TEXT_MAX bytes, the
 * last clause never cut off, a line of configuration whole or not there. Pure but for the context's
 * functions; no allocation.
 */
#include <string.h>

#include "alert/describe.h"
#include "alert/events.h"
#include "alert/fields.h"
#include "alert/message.h"
#include "alert/say.h"
#include "base/duration.h"

/* Room kept for where there is more: its words and 32 digits. */
#define SEE_MAX	      72
#define RULE_NAME_MAX 64
#define RULE_NOTE_MAX 96

/* Ports of one that hops, in the text: the first ones, and the last. */
#define PORTS_SHOWN 8

/* Bytes of each program that took turns. */
#define TAKER_TEXT_MAX 96

/* A process that runs for longer than this beyond its listener, and twice as long, is said so. */
#define OLDER_USEC USEC_PER_HOUR

struct line {
	struct text *text;
	const struct report *report;
	const struct report_stay *stay;
	const struct message_context *context;
};

/* How long the process that is named has run, 0 = not known. */
static uint64_t
process_age_usec(const struct line *line)
{
	const struct process *process = owner_first(line->stay->owner);

	if (process == NULL || process->start_usec >= line->report->boottime_usec)
		return 0;
	return line->report->boottime_usec - process->start_usec;
}

static void
add_where(const struct line *line)
{
	text_printf(line->text, " %s ",
	    protocol_name((enum protocol)line->stay->endpoint.protocol));
	describe_endpoint(line->text, &line->stay->endpoint, line->context);
}

/* " for 10min 4s"; " present at start 10min ago"; " seen for 10min, process running for 212d". */
static void
add_age(const struct line *line)
{
	uint64_t age_usec = line->stay->age_usec, process_usec = process_age_usec(line);
	char age[DURATION_TEXT_MAX], process[DURATION_TEXT_MAX];

	duration_format_short(age_usec, age);
	if (process_usec >= 2 * age_usec && process_usec - age_usec >= OLDER_USEC)
		text_printf(line->text, " seen for %s, process running for %s", age,
		    duration_format_short(process_usec, process));
	else if (line->stay->age_max_usec != USEC_NEVER)
		text_printf(line->text, " for %s", age);
	else if (age_usec < USEC_PER_SEC)
		text_add(line->text, " present at start");
	else
		text_printf(line->text, " present at start %s ago", age);
}

/* By the action of the rule, or by its threshold, never. */
static bool
is_allowed(const struct report_stay *stay)
{
	return stay->threshold_usec == USEC_NEVER && stay->rule != NULL;
}

/* "threshold 10min", "threshold 8h by rule "x" (ask first)", "allowed by rule "x"" */
static void
add_threshold(const struct line *line)
{
	char threshold[DURATION_TEXT_MAX];
	const char *rule = line->stay->rule, *note = line->stay->note;

	if (line->stay->threshold_usec == USEC_NEVER)
		text_add(line->text, is_allowed(line->stay) ? "allowed" : "no threshold");
	else
		text_printf(line->text, "threshold %s",
		    duration_format_short(line->stay->threshold_usec, threshold));
	if (rule == NULL)
		return;
	text_add(line->text, " by rule \"");
	text_escape_string(line->text, rule, RULE_NAME_MAX);
	text_add(line->text, "\"");
	if (note == NULL || note[0] == '\0')
		return;
	text_add(line->text, " (");
	text_escape_string(line->text, note, RULE_NOTE_MAX);
	text_add(line->text, ")");
}

static void
add_owner(const struct line *line)
{
	text_add(line->text, ": ");
	describe_owner(line->text, line->stay, line->context);
}

/* The one place that says where there is more. */
static void
add_see(const struct line *line)
{
	text_add(line->text, "; see: journalctl OVERSTAY_STAY=");
	for (size_t i = 0; i < sizeof(line->stay->id.bytes); i++)
		text_printf(line->text, "%02x", line->stay->id.bytes[i]);
}

/* "; joined 10min ago": the age is that of the endpoint, whoever was there. */
static void
add_joined(const struct line *line)
{
	const struct report_group *group = line->stay->group;
	uint64_t joined_usec = group == NULL ? 0 : group->joined_usec;
	uint64_t now_usec = line->report->realtime_usec;
	char since[DURATION_TEXT_MAX];

	if (joined_usec == 0)
		return;
	text_printf(line->text, "; joined %s ago",
	    duration_format_short(now_usec > joined_usec ? now_usec - joined_usec : 0, since));
}

/* "; note: its program was deleted", or "; suspect: ..." of one whose time is not over yet. */
static void
add_reasons(const struct line *line)
{
	if (line->stay->reasons == 0)
		return;
	text_add(line->text, line->stay->class == CLASS_SUSPECT ? "; suspect: " : "; note: ");
	describe_reasons(line->text, line->stay->reasons);
}

/* "; hint: its terminal has ended" */
static void
add_hints(const struct line *line)
{
	if (line->stay->hints == 0)
		return;
	text_add(line->text, "; hint: ");
	describe_hints(line->text, line->stay);
}

/* APPEARED tcp 0.0.0.0:60855 (all addresses) for 1min, threshold 10min: WHO; note: REASON; hint:
 * HINT */
static void
line_present(const struct line *line)
{
	add_where(line);
	describe_binding(line->text, line->stay, line->context);
	add_age(line);
	text_add(line->text, ", ");
	add_threshold(line);
	add_owner(line);
	add_reasons(line);
	add_hints(line);
}

/* The same address, so that the port alone says where. */
static bool
is_beside(const struct endpoint *a, const struct endpoint *b)
{
	return a->protocol == b->protocol && a->family == b->family &&
	    a->interface == b->interface && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

/* ", 50002, 50003" behind the first port, and " and udp 0.0.0.0:50002" for what is elsewhere. */
static void
add_others(const struct line *line, bool beside)
{
	const struct report_group *group = line->stay->group;
	uint32_t shown = 0;

	for (uint32_t i = 0; i < group->other_kept; i++) {
		const struct endpoint *other = &group->others[i];

		if (is_beside(other, &line->stay->endpoint) != beside)
			continue;
		if (shown++ == PORTS_SHOWN) {
			text_add(line->text, ", ...");
			return;
		}
		if (beside) {
			text_printf(line->text, ", %u", other->port);
			continue;
		}
		text_printf(line->text, "%s %s ", shown == 1 ? " and" : ",",
		    protocol_name((enum protocol)other->protocol));
		describe_endpoint(line->text, other, line->context);
	}
}

static bool
has_port_beside(const struct report_stay *stay)
{
	for (uint32_t i = 0; i < stay->group->other_kept; i++)
		if (is_beside(&stay->group->others[i], &stay->endpoint))
			return true;
	return false;
}

/* " tcp 0.0.0.0 ports 50001, 50002 (all addresses) and tcp [::]:50001" */
static void
add_where_all(const struct line *line)
{
	const struct report_stay *stay = line->stay;

	if (stay->group == NULL || !has_port_beside(stay)) {
		add_where(line);
	} else {
		text_printf(line->text, " %s ",
		    protocol_name((enum protocol)stay->endpoint.protocol));
		describe_address(line->text, &stay->endpoint, line->context);
		text_printf(line->text, " ports %u", stay->endpoint.port);
		add_others(line, true);
	}
	describe_binding(line->text, stay, line->context);
	if (stay->group != NULL)
		add_others(line, false);
}

/* That others hold the other ports; and what else of the owner overstays. */
static void
add_group(const struct line *line)
{
	const struct report_group *group = line->stay->group;

	if (group == NULL || line->report->priority >= SEVERITY_INFO)
		return;
	if (group->more_processes)
		text_add(line->text, "; other processes of this owner hold the other ports");
	if (group->listeners > group->other_count + 1 || group->other_count > PORTS_SHOWN)
		text_printf(line->text, "; %u listeners of this owner overstay", group->listeners);
}

/* "; also overstaying on this port: /opt/b [78] of bob, /opt/c [79] of carol" */
static void
add_beside(const struct line *line)
{
	const struct report_group *group = line->stay->group;

	for (uint8_t i = 0; group != NULL && i < group->beside_count; i++) {
		text_add(line->text, i == 0 ? "; also overstaying on this port: " : ", ");
		describe_beside(line->text, group->beside[i], line->context);
	}
}

static void
line_overstay(const struct line *line)
{
	add_where_all(line);
	add_age(line);
	text_add(line->text, ", ");
	add_threshold(line);
	add_owner(line);
	add_joined(line);
	add_reasons(line);
	add_beside(line);
	add_hints(line);
	add_group(line);
}

/* SUSPECT tcp 0.0.0.0:60855 (all addresses) for 6s: WHO: REASON, REASON (strong); parent x [801] */
static void
line_suspect(const struct line *line)
{
	const struct process *process = owner_first(line->stay->owner);
	const char *rule = line->stay->would_allow;
	const struct report_peers *peers = line->stay->peers;

	add_where_all(line);
	add_age(line);
	add_owner(line);
	if (line->stay->reasons != 0) {
		text_add(line->text, ": ");
		describe_reasons(line->text, line->stay->reasons);
		text_printf(line->text, " (%s)",
		    reason_strength_name(reasons_strength(line->stay->reasons)));
	}
	add_joined(line);
	if (process != NULL && process->parent_pid != 0) {
		text_add(line->text, "; parent ");
		describe_parent(line->text, process);
	}
	if (rule != NULL) {
		text_add(line->text, "; rule \"");
		text_escape_string(line->text, rule, RULE_NAME_MAX);
		text_add(line->text, "\" would allow it if it were not a suspect");
	}
	if (peers != NULL && peers->count > 0) {
		text_add(line->text, "; connected now: ");
		describe_peers(line->text, peers);
	}
	add_group(line);
	/* They count for nothing: in a line that is too long they are what is cut. */
	add_hints(line);
}

/* "50001, 50007, ..., 50030" */
static void
add_ports(const struct line *line)
{
	uint32_t count = line->stay->port_count;
	const char *comma = "";

	for (uint32_t i = 0; i < count && i < REPORT_PORTS_MAX; i++, comma = ", ") {
		if (count > PORTS_SHOWN && i == PORTS_SHOWN - 1) {
			text_add(line->text, ", ...");
			i = count - 1;
		}
		text_printf(line->text, "%s%u", comma, line->stay->ports[i]);
	}
}

/* HOPPING tcp WHO: moved to a new port 5 times, 12min in total, threshold 10min: 50001, 50007 */
static void
line_hopping(const struct line *line)
{
	char total[DURATION_TEXT_MAX];
	uint32_t hops = line->stay->hops;

	text_printf(line->text, " %s ",
	    protocol_name((enum protocol)line->stay->endpoint.protocol));
	describe_owner(line->text, line->stay, line->context);
	text_printf(line->text, ": moved to a new port %u time%s, %s in total, ", hops,
	    hops == 1 ? "" : "s", duration_format_short(line->stay->span_usec, total));
	add_threshold(line);
	if (line->stay->port_count > 0)
		text_add(line->text, ": ");
	add_ports(line);
}

/* "/opt/a, /opt/b and others" */
static void
add_takers(const struct line *line)
{
	const struct report_group *group = line->stay->group;
	const char *name = group == NULL ? NULL : group->takers;

	if (name == NULL)
		return;
	for (uint8_t i = 0; i < group->taker_count; i++, name += strlen(name) + 1) {
		text_add(line->text, i == 0 ? " of " : ", ");
		text_quote_string(line->text, name, TAKER_TEXT_MAX);
	}
	if (group->more_takers)
		text_add(line->text, " and others");
}

/* TURNS tcp 0.0.0.0:60855 (all addresses) occupied for 10min in 86 turns of /opt/a, /opt/b,
 * threshold 10min, now by WHO */
static void
line_turns(const struct line *line)
{
	char total[DURATION_TEXT_MAX];

	add_where(line);
	describe_binding(line->text, line->stay, line->context);
	text_printf(line->text, " occupied for %s in %u turns",
	    duration_format_short(line->stay->span_usec, total), line->stay->hops);
	add_takers(line);
	text_add(line->text, ", ");
	add_threshold(line);
	text_add(line->text, ", now by ");
	describe_owner(line->text, line->stay, line->context);
	add_reasons(line);
}

/* What keeps a port for who asks for it: the line for sysctl.d, where it can be read. */
static void
add_reservation(const struct line *line)
{
	static const char file[] = "/etc/sysctl.d/60-overstay.conf";
	const char *advice = describe_advice(line->stay->advice);

	text_add(line->text, " is not reserved: an outgoing connection may take it, and ");
	describe_owner_briefly(line->text, line->stay->owner);
	text_add(line->text, " would then fail to start; ");
	if (strlen(advice) <= ADVICE_TEXT_MAX) {
		text_printf(line->text, "set in %s: ", file);
		text_escape_string(line->text, advice, ADVICE_TEXT_MAX);
	} else
		text_printf(line->text,
		    "add %u to net.ipv4.ip_local_reserved_ports in %s; for the "
		    "complete line, see OVERSTAY_ADVICE",
		    line->stay->endpoint.port, file);
}

/* ADVICE tcp 0.0.0.0:50000: WHY; WHAT TO DO */
static void
line_advice(const struct line *line)
{
	add_where(line);
	add_reservation(line);
}

/* ENDED tcp 0.0.0.0:60855 after 3h 12min (overstayed): WHO; others stay */
static void
line_gone(const struct line *line)
{
	char age[DURATION_TEXT_MAX];

	add_where(line);
	text_printf(line->text, " after %s%s", duration_format_short(line->stay->age_usec, age),
	    line->stay->class == CLASS_SUSPECT ? " (suspect)" :
		line->stay->overstayed	       ? " (overstayed)" :
						 "");
	if (line->stay->owner->kind != OWNER_UNKNOWN) {
		text_add(line->text, ": ");
		describe_owner_briefly(line->text, line->stay->owner);
	}
	if (line->stay->state == STAY_PERSISTING)
		text_add(line->text, "; others stay");
}

/* REBOUND tcp 0.0.0.0:60855 (all addresses) back after 40s, previously on port 40999, first seen
 * 12min ago, threshold 10min: WHO */
static void
line_rebound(const struct line *line)
{
	char away[DURATION_TEXT_MAX], age[DURATION_TEXT_MAX];

	add_where(line);
	describe_binding(line->text, line->stay, line->context);
	text_printf(line->text, " back after %s",
	    duration_format_short(line->stay->away_usec, away));
	if (line->stay->port_count == 1)
		text_printf(line->text, ", previously on port %u", line->stay->ports[0]);
	text_printf(line->text, ", first seen %s ago, ",
	    duration_format_short(line->stay->age_usec, age));
	add_threshold(line);
	add_owner(line);
}

/* CLEARED tcp 0.0.0.0:60855 (all addresses) after 3h 12min, now allowed by rule "x": WHO */
static void
line_cleared(const struct line *line)
{
	char age[DURATION_TEXT_MAX];

	add_where(line);
	describe_binding(line->text, line->stay, line->context);
	text_printf(line->text, " after %s, ", duration_format_short(line->stay->age_usec, age));
	if (line->stay->unwatched)
		text_add(line->text, "no longer watched");
	else {
		text_add(line->text, is_allowed(line->stay) ? "now " : "now with ");
		add_threshold(line);
	}
	add_owner(line);
}

/* Kinds that are about no stay have no row: their words are in say.c. */
static const struct {
	void (*function)(const struct line *line);
	bool see; /* it closes with where there is more */
} lines[EVENT_COUNT] = {
	[EVENT_APPEARED] = { line_present, false },
	[EVENT_VANISHED] = { line_gone, false },
	[EVENT_OVERSTAY] = { line_overstay, true },
	[EVENT_ENDED] = { line_gone, false },
	[EVENT_REBOUND] = { line_rebound, false },
	[EVENT_CLEARED] = { line_cleared, false },
	[EVENT_SUSPECT] = { line_suspect, true },
	[EVENT_HOPPING] = { line_hopping, false },
	[EVENT_TURNS] = { line_turns, true },
	[EVENT_ADVICE] = { line_advice, false },
};

/* Returns the length without where there is more, for which room is kept. */
static size_t
add_line(const struct line *line)
{
	bool see = lines[line->report->kind].see;
	size_t bare_length;

	line->text->size -= see ? SEE_MAX : 0;
	lines[line->report->kind].function(line);
	line->text->size += see ? SEE_MAX : 0;
	bare_length = line->text->used;
	if (see)
		add_see(line);
	return bare_length;
}

/*
 * The line alone, into text. Bounded by MESSAGE_TEXT_MAX whatever the report holds. Returns its
 * length without where there is more.
 */
static size_t
message_text(struct text *text, const struct report *report, const struct message_context *context)
{
	struct line line = {
		.text = text,
		.report = report,
		.stay = report->stay,
		.context = context,
	};

	text_add(text, event_of(report->kind)->word);
	if (report->stay != NULL && lines[report->kind].function != NULL)
		return add_line(&line);
	if (report->notice != NOTICE_NONE) {
		text_add(text, " ");
		return say_notice(text, report, context);
	}
	return text->used;
}

void
message_render(struct message *message, const struct report *report,
    const struct message_context *context)
{
	char buffer[MESSAGE_TEXT_MAX];
	struct text line;

	message->priority = report->priority;
	message->realtime_usec = report->realtime_usec;
	message->field_count = 0;
	message->cut = false;
	text_init(&message->bytes, message->storage, sizeof(message->storage));
	text_init(&line, buffer, sizeof(buffer));
	message->bare_length = message_text(&line, report, context);
	field_add(message, "MESSAGE", buffer);
	message->text = message->storage + strlen("MESSAGE=");
	fields_add(message, report, context);
}
