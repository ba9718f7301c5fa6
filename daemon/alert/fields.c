/* SPDX-License-Identifier: MIT */
/*
 * The fields that stand in the journal: one table, a row each, in the order of the manual
 * (overstayd(8), JOURNAL FIELDS; tests/lint/messages holds both together).
 *
 * A row's function appends the value; a field whose value is not known is left out, never empty.
 * Foreign bytes are escaped as in the text, so that journalctl prints every field as text. All is
 * bounded: a field by MESSAGE_FIELD_MAX, a message by MESSAGE_BYTES_MAX.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "alert/describe.h"
#include "alert/events.h"
#include "alert/fields.h"

/* What a foreign value may take of a field: the longest name fits beside it. */
#define VALUE_MAX (MESSAGE_FIELD_MAX - 64)

/* A rule's name is the administrator's, but no novel. */
#define RULE_TEXT_MAX 512

/* Where the values come from; parts that a message has not are NULL, and then not asked for. */
struct field_source {
	const struct report *report;
	const struct report_stay *stay;
	const struct process *process;	/* the one the alert names, NULL = none */
	const struct message_context *context;
	uint32_t number;		/* of a field that is repeated, from 0 */
};

typedef void field_function(struct text *value, const struct field_source *source);

static void
add_escaped(struct text *value, const char *bytes)
{
	text_escape(value, bytes, strlen(bytes), VALUE_MAX);
}

static void
add_usec(struct text *value, uint64_t usec)
{
	if (usec != USEC_NEVER)
		text_printf(value, "%" PRIu64, usec);
}

static void
message_id(struct text *value, const struct field_source *source)
{
	text_add(value, event_of(source->report->kind)->message_id);
}

static void
priority(struct text *value, const struct field_source *source)
{
	text_printf(value, "%d", (int)source->report->priority);
}

static void
identifier(struct text *value, const struct field_source *source)
{
	(void)source;
	text_add(value, "overstayd");
}

static void
event_name(struct text *value, const struct field_source *source)
{
	text_add(value, event_kind_name(source->report->kind));
}

static void
config(struct text *value, const struct field_source *source)
{
	if (source->context->config != NULL)
		add_escaped(value, source->context->config);
}

static void
stay_id(struct text *value, const struct field_source *source)
{
	for (size_t i = 0; i < sizeof(source->stay->id.bytes); i++)
		text_printf(value, "%02x", source->stay->id.bytes[i]);
}

static void
sequence(struct text *value, const struct field_source *source)
{
	text_printf(value, "%u", source->stay->sequence);
}

static void
state(struct text *value, const struct field_source *source)
{
	text_add(value, stay_state_name(source->stay->state));
}

static void
severity(struct text *value, const struct field_source *source)
{
	text_add(value, severity_name(source->stay->severity));
}

static void
protocol(struct text *value, const struct field_source *source)
{
	text_add(value, protocol_name((enum protocol)source->stay->endpoint.protocol));
}

static void
address(struct text *value, const struct field_source *source)
{
	char buffer[ENDPOINT_TEXT_MAX];

	text_add(value, endpoint_format_address(&source->stay->endpoint, buffer));
}

static void
port(struct text *value, const struct field_source *source)
{
	text_printf(value, "%u", source->stay->endpoint.port);
}

static void
interface(struct text *value, const struct field_source *source)
{
	if (source->stay->endpoint.interface != 0)
		describe_interface(value, source->stay->endpoint.interface, source->context);
}

static void
v6only(struct text *value, const struct field_source *source)
{
	if (source->stay->endpoint.family == AF_INET6 && source->stay->v6only != V6ONLY_UNKNOWN)
		text_add(value, source->stay->v6only == V6ONLY_YES ? "yes" : "no");
}

static void
exposure(struct text *value, const struct field_source *source)
{
	text_add(value, exposure_name(endpoint_exposure(&source->stay->endpoint)));
}

static void
choice(struct text *value, const struct field_source *source)
{
	if (source->stay->choice != CHOICE_UNKNOWN)
		text_add(value, choice_name(source->stay->choice));
}

static void
netns_cookie(struct text *value, const struct field_source *source)
{
	if (source->stay->endpoint.netns != 0)
		text_printf(value, "%" PRIu64, source->stay->endpoint.netns);
}

static void
age(struct text *value, const struct field_source *source)
{
	add_usec(value, source->stay->age_usec);
}

static void
age_max(struct text *value, const struct field_source *source)
{
	add_usec(value, source->stay->age_max_usec);
}

static void
away(struct text *value, const struct field_source *source)
{
	add_usec(value, source->stay->away_usec);
}

static void
threshold(struct text *value, const struct field_source *source)
{
	add_usec(value, source->stay->threshold_usec);
}

static void
first_seen(struct text *value, const struct field_source *source)
{
	add_usec(value, source->stay->first_seen_usec);
}

static void
range(struct text *value, const struct field_source *source)
{
	if (source->stay->range != 0)
		text_add(value, range_source_name(source->stay->range));
}

static void
rule(struct text *value, const struct field_source *source)
{
	const char *name = source->stay->rule;

	if (name != NULL)
		text_escape(value, name, strlen(name), RULE_TEXT_MAX);
}

static void
sockets(struct text *value, const struct field_source *source)
{
	if (source->stay->sockets > 1)
		text_printf(value, "%u", source->stay->sockets);
}

static void
cookie(struct text *value, const struct field_source *source)
{
	if (source->stay->cookie != 0)
		text_printf(value, "%" PRIu64, source->stay->cookie);
}

static void
inode(struct text *value, const struct field_source *source)
{
	if (source->stay->inode != 0)
		text_printf(value, "%u", source->stay->inode);
}

static void
owner_kind(struct text *value, const struct field_source *source)
{
	text_add(value, owner_kind_name(source->stay->owner->kind));
}

static void
owner_reason(struct text *value, const struct field_source *source)
{
	text_add(value, owner_reason_name(source->stay->owner->reason));
}

static void
holders(struct text *value, const struct field_source *source)
{
	if (source->stay->owner->kind == OWNER_PROCESS)
		text_printf(value, "%u", source->stay->owner->holders);
}

static void
pid(struct text *value, const struct field_source *source)
{
	const struct owner *owner = source->stay->owner;

	if (source->process != NULL && source->number < owner->process_count)
		text_printf(value, "%d", owner->processes[source->number].pid);
}

static void
comm(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		add_escaped(value, source->process->comm);
}

static void
exe(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		add_escaped(value, source->process->exe);
}

static void
cmdline(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		describe_arguments(value, source->process, 0, source->context, VALUE_MAX);
}

/* The process's user, or that of the socket's creator where there is no process. */
static uint32_t
uid_of(const struct field_source *source)
{
	return source->process != NULL ? source->process->uid : source->stay->uid;
}

static void
uid(struct text *value, const struct field_source *source)
{
	text_printf(value, "%u", uid_of(source));
}

static void
user(struct text *value, const struct field_source *source)
{
	const struct message_context *context = source->context;
	const char *name = context->user_name == NULL ? NULL :
	    context->user_name(uid_of(source), context->argument);

	if (name != NULL)
		add_escaped(value, name);
}

static void
parent(struct text *value, const struct field_source *source)
{
	if (source->process != NULL && source->process->parent_pid != 0)
		text_printf(value, "%d", source->process->parent_pid);
}

/* As FIRST_SEEN: on the wall clock, so that it can be compared with other hosts and logs. */
static void
started(struct text *value, const struct field_source *source)
{
	const struct report *report = source->report;

	if (source->process != NULL && source->process->start_usec <= report->boottime_usec)
		add_usec(value, report->realtime_usec -
		    (report->boottime_usec - source->process->start_usec));
}

static void
unit(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		describe_unit(value, source->process->place.unit, VALUE_MAX);
}

static void
user_unit(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		describe_unit(value, source->process->place.user_unit, VALUE_MAX);
}

/*
 * Whether journald is asked to describe the process by itself. It would write the whole command
 * line, so not unless that is wanted; and a pid that is another's by now must not be described.
 */
static bool
has_object(const struct field_source *source)
{
	const struct message_context *context = source->context;

	return source->process != NULL && context->cmdline == CMDLINE_FULL &&
	    context->process_runs != NULL &&
	    context->process_runs(source->process, context->argument);
}

static void
object_pid(struct text *value, const struct field_source *source)
{
	if (has_object(source))
		text_printf(value, "%d", source->process->pid);
}

/* With this, `journalctl -u UNIT` shows the alert. Beside OBJECT_PID= it would be there twice. */
static void
object_unit(struct text *value, const struct field_source *source)
{
	if (source->process != NULL && is_unit_name(source->process->place.unit) && !has_object(source))
		text_add(value, source->process->place.unit);
}

static const struct field_row {
	const char *name;
	enum field_group group;
	bool repeated;
	field_function *function;
} rows[] = {
	{ "MESSAGE_ID", FIELDS_ALWAYS, false, message_id },
	{ "PRIORITY", FIELDS_ALWAYS, false, priority },
	{ "SYSLOG_IDENTIFIER", FIELDS_ALWAYS, false, identifier },
	{ "OVERSTAY_EVENT", FIELDS_ALWAYS, false, event_name },
	{ "OVERSTAY_CONFIG", FIELDS_ALWAYS, false, config },
	{ "OVERSTAY_STAY", FIELDS_STAY, false, stay_id },
	{ "OVERSTAY_SEQUENCE", FIELDS_STAY, false, sequence },
	{ "OVERSTAY_STATE", FIELDS_STAY, false, state },
	{ "OVERSTAY_SEVERITY", FIELDS_STAY, false, severity },
	{ "OVERSTAY_PROTOCOL", FIELDS_STAY, false, protocol },
	{ "OVERSTAY_ADDRESS", FIELDS_STAY, false, address },
	{ "OVERSTAY_PORT", FIELDS_STAY, false, port },
	{ "OVERSTAY_INTERFACE", FIELDS_STAY, false, interface },
	{ "OVERSTAY_V6ONLY", FIELDS_STAY, false, v6only },
	{ "OVERSTAY_EXPOSURE", FIELDS_STAY, false, exposure },
	{ "OVERSTAY_CHOICE", FIELDS_STAY, false, choice },
	{ "OVERSTAY_NETNS_COOKIE", FIELDS_STAY, false, netns_cookie },
	{ "OVERSTAY_AGE_USEC", FIELDS_STAY, false, age },
	{ "OVERSTAY_AGE_MAX_USEC", FIELDS_STAY, false, age_max },
	{ "OVERSTAY_AWAY_USEC", FIELDS_AWAY, false, away },
	{ "OVERSTAY_THRESHOLD_USEC", FIELDS_STAY, false, threshold },
	{ "OVERSTAY_FIRST_SEEN_USEC", FIELDS_STAY, false, first_seen },
	{ "OVERSTAY_RANGE", FIELDS_STAY, false, range },
	{ "OVERSTAY_RULE", FIELDS_STAY, false, rule },
	{ "OVERSTAY_SOCKETS", FIELDS_STAY, false, sockets },
	{ "OVERSTAY_COOKIE", FIELDS_STAY, false, cookie },
	{ "OVERSTAY_INODE", FIELDS_STAY, false, inode },
	{ "OVERSTAY_OWNER", FIELDS_OWNER, false, owner_kind },
	{ "OVERSTAY_OWNER_REASON", FIELDS_OWNER, false, owner_reason },
	{ "OVERSTAY_HOLDERS", FIELDS_OWNER, false, holders },
	{ "OVERSTAY_PID", FIELDS_OWNER, true, pid },
	{ "OVERSTAY_COMM", FIELDS_OWNER, false, comm },
	{ "OVERSTAY_EXE", FIELDS_OWNER, false, exe },
	{ "OVERSTAY_CMDLINE", FIELDS_OWNER, false, cmdline },
	{ "OVERSTAY_UID", FIELDS_OWNER, false, uid },
	{ "OVERSTAY_USER", FIELDS_OWNER, false, user },
	{ "OVERSTAY_PARENT", FIELDS_OWNER, false, parent },
	{ "OVERSTAY_STARTED_USEC", FIELDS_OWNER, false, started },
	{ "OVERSTAY_UNIT", FIELDS_OWNER, false, unit },
	{ "OVERSTAY_USER_UNIT", FIELDS_OWNER, false, user_unit },
	{ "OBJECT_PID", FIELDS_OWNER, false, object_pid },
	{ "OBJECT_SYSTEMD_UNIT", FIELDS_OWNER, false, object_unit },
};

/* Begins a field behind those that are there; false where there is no room for another. */
static bool
field_begin(struct message *message, struct text *field, const char *name)
{
	size_t room = message->bytes.size - message->bytes.used;

	if (message->field_count == MESSAGE_FIELDS_MAX || room < MESSAGE_FIELD_MAX + 1) {
		message->cut = true;
		return false;
	}
	text_init(field, message->bytes.data + message->bytes.used, MESSAGE_FIELD_MAX + 1);
	text_printf(field, "%s=", name);
	return true;
}

/* Keeps the field, where it has a value. Returns whether it has one. */
static bool
field_end(struct message *message, const struct text *field, const char *name)
{
	if (field->used <= strlen(name) + 1)
		return false;
	message->fields[message->field_count++] = (struct iovec){
		.iov_base = field->data,
		.iov_len = field->used,
	};
	message->bytes.used += field->used + 1;
	return true;
}

void
field_add(struct message *message, const char *name, const char *value)
{
	struct text field;

	if (!field_begin(message, &field, name))
		return;
	text_add(&field, value);
	(void)field_end(message, &field, name);
}

static void
add_row(struct message *message, const struct field_row *row, struct field_source *source)
{
	struct text field;

	source->number = 0;
	do {
		if (!field_begin(message, &field, row->name))
			return;
		row->function(&field, source);
		source->number++;
	} while (field_end(message, &field, row->name) && row->repeated);
}

/* journald drops a field whose name it does not like; so does this, before it is sent. */
static bool
is_field_name(const char *name)
{
	size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return length > 0 && length <= 48 && name[length] == '\0';
}

static void
add_own(struct message *message, const struct report_field *own)
{
	char name[64] = "";
	struct text text, field;

	text_init(&text, name, sizeof(name));
	text_printf(&text, "OVERSTAY_%s", own->name);
	if (!is_field_name(own->name) || !field_begin(message, &field, name))
		return;
	add_escaped(&field, own->value);
	(void)field_end(message, &field, name);
}

void
fields_add(struct message *message, const struct report *report,
    const struct message_context *context)
{
	uint32_t groups = event_of(report->kind)->fields;
	struct field_source source = {
		.report = report,
		.stay = report->stay,
		.process = report->stay == NULL ? NULL : owner_first(report->stay->owner),
		.context = context,
	};

	/* A digest is of its kind, but about no stay. */
	if (report->stay == NULL)
		groups = FIELDS_ALWAYS;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if ((groups & rows[i].group) != 0)
			add_row(message, &rows[i], &source);
	for (size_t i = 0; i < report->field_count; i++)
		add_own(message, &report->fields[i]);
}
