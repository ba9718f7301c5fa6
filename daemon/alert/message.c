/* SPDX-License-Identifier: MIT */
/*
 * The line a person reads: what happened, where, for how long against which limit, and who. It
 * opens with the kind's word in capitals, and an OVERSTAY closes with what to type next.
 *
 * Invariants: one line, valid UTF-8, no control characters, less than MESSAGE_TEXT_MAX bytes, the
 * hint never cut off. Pure but for the context's functions; no allocation.
 */
#include <string.h>

#include "alert/describe.h"
#include "alert/events.h"
#include "alert/fields.h"
#include "alert/message.h"
#include "base/duration.h"

/* Room kept for the hint: its words and 32 digits. */
#define HINT_MAX      72
#define RULE_NAME_MAX 64

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

/* " for 10min 4s"; or " seen for 10min, process runs since 212d", or "for at least". */
static void
add_age(const struct line *line)
{
	uint64_t age_usec = line->stay->age_usec, process_usec = process_age_usec(line);
	char age[DURATION_TEXT_MAX], process[DURATION_TEXT_MAX];

	duration_format_short(age_usec, age);
	if (process_usec >= 2 * age_usec && process_usec - age_usec >= OLDER_USEC)
		text_printf(line->text, " seen for %s, process runs since %s", age,
		    duration_format_short(process_usec, process));
	else
		text_printf(line->text, " for %s%s",
		    line->stay->age_max_usec == USEC_NEVER ? "at least " : "", age);
}

static void
add_limit(const struct line *line)
{
	char limit[DURATION_TEXT_MAX];
	const char *rule = line->stay->rule;

	if (line->stay->threshold_usec == USEC_NEVER)
		text_add(line->text, "no limit");
	else
		text_printf(line->text, "limit %s",
		    duration_format_short(line->stay->threshold_usec, limit));
	if (rule == NULL)
		return;
	text_add(line->text, " by rule \"");
	text_escape(line->text, rule, strlen(rule), RULE_NAME_MAX);
	text_add(line->text, "\"");
}

static void
add_owner(const struct line *line)
{
	text_add(line->text, ": ");
	describe_owner(line->text, line->stay, line->context);
}

/* The one place that says where to look further. */
static void
add_hint(const struct line *line)
{
	text_add(line->text, "; see: journalctl OVERSTAY_STAY=");
	for (size_t i = 0; i < sizeof(line->stay->id.bytes); i++)
		text_printf(line->text, "%02x", line->stay->id.bytes[i]);
}

/* APPEARED tcp 0.0.0.0:60855 (all addresses) for 1min, limit 10min: WHO */
static void
line_present(const struct line *line)
{
	add_where(line);
	describe_binding(line->text, line->stay, line->context);
	add_age(line);
	text_add(line->text, ", ");
	add_limit(line);
	add_owner(line);
}

static void
line_overstay(const struct line *line)
{
	line->text->size -= HINT_MAX;
	line_present(line);
	line->text->size += HINT_MAX;
	add_hint(line);
}

/* ENDED tcp 0.0.0.0:60855 after 3h 12min (overstayed) */
static void
line_gone(const struct line *line)
{
	char age[DURATION_TEXT_MAX];

	add_where(line);
	text_printf(line->text, " after %s%s", duration_format_short(line->stay->age_usec, age),
	    line->stay->overstayed ? " (overstayed)" : "");
}

/* REBOUND tcp 0.0.0.0:60855 (all addresses) after 40s away, for 12min, limit 10min: WHO */
static void
line_rebound(const struct line *line)
{
	char away[DURATION_TEXT_MAX];

	add_where(line);
	describe_binding(line->text, line->stay, line->context);
	text_printf(line->text, " after %s away,",
	    duration_format_short(line->stay->away_usec, away));
	add_age(line);
	text_add(line->text, ", ");
	add_limit(line);
	add_owner(line);
}

/* CLEARED tcp 0.0.0.0:60855 (all addresses) after 3h 12min, now limit 8h by rule "x": WHO */
static void
line_cleared(const struct line *line)
{
	char age[DURATION_TEXT_MAX];

	add_where(line);
	describe_binding(line->text, line->stay, line->context);
	text_printf(line->text, " after %s, now ",
	    duration_format_short(line->stay->age_usec, age));
	add_limit(line);
	add_owner(line);
}

typedef void line_function(const struct line *line);

/* Kinds that are about no stay have no row: their line comes with the report. */
static line_function *const lines[EVENT_COUNT] = {
	[EVENT_APPEARED] = line_present, [EVENT_VANISHED] = line_gone,
	[EVENT_OVERSTAY] = line_overstay, [EVENT_ENDED] = line_gone,
	[EVENT_REBOUND] = line_rebound,	 [EVENT_CLEARED] = line_cleared,
};

void
message_text(struct text *text, const struct report *report,
    const struct message_context *context)
{
	struct line line = {
		.text = text, .report = report, .stay = report->stay, .context = context,
	};

	text_add(text, event_of(report->kind)->word);
	if (report->stay != NULL && lines[report->kind] != NULL) {
		lines[report->kind](&line);
	} else if (report->text != NULL) {
		text_add(text, " ");
		text_escape(text, report->text, strlen(report->text), MESSAGE_TEXT_MAX);
	}
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
	message_text(&line, report, context);
	field_add(message, "MESSAGE", buffer);
	message->text = message->storage + strlen("MESSAGE=");
	fields_add(message, report, context);
}
