/* SPDX-License-Identifier: MIT */
/*
 * The fields about who holds a listener. See fields.c.
 */
#include <string.h>

#include "alert/describe.h"
#include "alert/field-table.h"
#include "alert/field-value.h"
#include "model/creator.h"

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

/* Not all of them are no count. */
static void
holders(struct text *value, const struct field_source *source)
{
	const struct owner *owner = source->stay->owner;

	if (owner->kind == OWNER_PROCESS && owner->thorough)
		text_printf(value, "%u", owner->holders);
}

static void
unsearched_uid(struct text *value, const struct field_source *source)
{
	const struct owner *owner = source->stay->owner;

	if (owner->unsearched)
		text_printf(value, "%u", owner->unsearched_uid);
}

static void
socket_uid(struct text *value, const struct field_source *source)
{
	const struct report_stay *stay = source->stay;

	if (creator_is_absent(stay->owner, stay->uid))
		text_printf(value, "%u", stay->uid);
}

static void
pids(struct text *value, const struct field_source *source)
{
	const struct owner *owner = source->stay->owner;

	for (uint32_t i = 0; source->process != NULL && i < owner->process_count; i++)
		text_printf(value, "%s%d", i == 0 ? "" : " ", owner->processes[i]->pid);
}

static void
pid(struct text *value, const struct field_source *source)
{
	const struct owner *owner = source->stay->owner;

	if (source->process != NULL && source->number < owner->process_count)
		text_printf(value, "%d", owner->processes[source->number]->pid);
}

static void
comm(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		value_add_name(value, source->process->comm);
}

static void
exe(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		value_add_bytes(value, source->process->exe);
}

static void
exe_deleted(struct text *value, const struct field_source *source)
{
	if (source->process != NULL && source->process->exe_deleted)
		text_add(value, "yes");
}

static void
exe_checksum(struct text *value, const struct field_source *source)
{
	if (source->process == NULL || !source->process->has_checksum)
		return;
	for (size_t i = 0; i < OWNER_CHECKSUM_BYTES; i++)
		text_printf(value, "%02x", source->process->checksum[i]);
}

static void
script(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		value_add_bytes(value, source->process->script);
}

static void
called(struct text *value, const struct field_source *source)
{
	describe_claim(value, source->stay->owner, source->context, NAME_VALUE_MAX);
}

static void
copy_of(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		value_add_name(value, source->process->known_as);
}

static void
cmdline(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		describe_arguments(value, source->process, 0, source->context, VALUE_MAX);
}

static void
title(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		describe_title(value, source->process, source->context, VALUE_MAX);
}

static void
cwd(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		value_add_bytes(value, source->process->cwd);
}

/* The process's user, or that of the socket's creator if there is no process. */
static uint32_t
uid_of(const struct field_source *source)
{
	return source->process != NULL ? source->process->uid : source->stay->uid;
}

static void
uid(struct text *value, const struct field_source *source)
{
	if (uid_of(source) != UINT32_MAX)
		text_printf(value, "%u", uid_of(source));
}

static void
user(struct text *value, const struct field_source *source)
{
	const struct message_context *context = source->context;
	const char *name = context->user_name == NULL || uid_of(source) == UINT32_MAX ?
	    NULL :
	    context->user_name(uid_of(source), context->argument);

	if (name != NULL)
		value_add_name(value, name);
}

static void
login_uid(struct text *value, const struct field_source *source)
{
	if (source->process != NULL && source->process->login_uid != UINT32_MAX)
		text_printf(value, "%u", source->process->login_uid);
}

static void
parent(struct text *value, const struct field_source *source)
{
	if (source->process != NULL && source->process->parent_pid != 0)
		text_printf(value, "%d", source->process->parent_pid);
}

static void
parent_comm(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		value_add_name(value, source->process->parent_comm);
}

static void
started(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		value_add_time(value, source->report, source->process->start_usec);
}

/* An owner that was never asked for was not observed either. */
static void
observed(struct text *value, const struct field_source *source)
{
	if (source->stay->owner->observed_usec != 0)
		value_add_time(value, source->report, source->stay->owner->observed_usec);
}

static void
unit(struct text *value, const struct field_source *source)
{
	describe_unit(value, source->place->unit, NAME_VALUE_MAX);
}

static void
user_unit(struct text *value, const struct field_source *source)
{
	describe_unit(value, source->place->user_unit, NAME_VALUE_MAX);
}

static void
slice(struct text *value, const struct field_source *source)
{
	describe_unit(value, source->place->slice, NAME_VALUE_MAX);
}

static void
session(struct text *value, const struct field_source *source)
{
	value_add_name(value, source->place->session);
}

static void
origin(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		text_add(value, origin_name(source->process->origin));
}

static void
container(struct text *value, const struct field_source *source)
{
	value_add_name(value, source->place->container);
}

static void
container_kind(struct text *value, const struct field_source *source)
{
	text_add(value, container_kind_name(source->place->container_kind));
}

static void
forwards_to(struct text *value, const struct field_source *source)
{
	if (source->process != NULL)
		value_add_name(value, source->process->forwards_to);
}

/*
 * Whether journald is asked to describe the process by itself. It would write the whole command
 * line, so not unless that is wanted; a pid that is another's by now must not be described, and a
 * service manager that holds a .socket unit's socket would be described as its own unit.
 */
static bool
has_object(const struct field_source *source)
{
	const struct message_context *context = source->context;

	return source->process != NULL && context->cmdline == CMDLINE_FULL &&
	    source->place == &source->process->place && context->process_runs != NULL &&
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
	if (is_unit_name(source->place->unit) && !has_object(source))
		text_add(value, source->place->unit);
}

static const struct field_row rows[] = {
	{ "OVERSTAY_OWNER", FIELDS_OWNER, FIELD_WORD, false, owner_kind },
	{ "OVERSTAY_OWNER_REASON", FIELDS_OWNER, FIELD_WORD, false, owner_reason },
	{ "OVERSTAY_OBSERVED_USEC", FIELDS_OWNER, FIELD_TIME, false, observed },
	{ "OVERSTAY_HOLDERS", FIELDS_OWNER, FIELD_INTEGER, false, holders },
	{ "OVERSTAY_UNSEARCHED_UID", FIELDS_OWNER, FIELD_INTEGER, false, unsearched_uid },
	{ "OVERSTAY_SOCKET_UID", FIELDS_OWNER, FIELD_INTEGER, false, socket_uid },
	{ "OVERSTAY_PIDS", FIELDS_OWNER, FIELD_INTEGERS, false, pids },
	{ "OVERSTAY_PID", FIELDS_OWNER, FIELD_INTEGER, true, pid },
	{ "OVERSTAY_COMM", FIELDS_OWNER, FIELD_STRING, false, comm },
	{ "OVERSTAY_EXE", FIELDS_OWNER, FIELD_STRING, false, exe },
	{ "OVERSTAY_EXE_DELETED", FIELDS_OWNER, FIELD_BOOLEAN, false, exe_deleted },
	{ "OVERSTAY_EXE_SHA256", FIELDS_OWNER, FIELD_ID, false, exe_checksum },
	{ "OVERSTAY_SCRIPT", FIELDS_OWNER, FIELD_STRING, false, script },
	{ "OVERSTAY_COPY_OF", FIELDS_OWNER, FIELD_STRING, false, copy_of },
	{ "OVERSTAY_CALLED", FIELDS_OWNER, FIELD_STRING, false, called },
	{ "OVERSTAY_CMDLINE", FIELDS_OWNER, FIELD_STRING, false, cmdline },
	{ "OVERSTAY_TITLE", FIELDS_OWNER, FIELD_STRING, false, title },
	{ "OVERSTAY_CWD", FIELDS_OWNER, FIELD_STRING, false, cwd },
	{ "OVERSTAY_UID", FIELDS_OWNER, FIELD_INTEGER, false, uid },
	{ "OVERSTAY_USER", FIELDS_OWNER, FIELD_STRING, false, user },
	{ "OVERSTAY_LOGINUID", FIELDS_OWNER, FIELD_INTEGER, false, login_uid },
	{ "OVERSTAY_PARENT", FIELDS_OWNER, FIELD_INTEGER, false, parent },
	{ "OVERSTAY_PARENT_COMM", FIELDS_OWNER, FIELD_STRING, false, parent_comm },
	{ "OVERSTAY_STARTED_USEC", FIELDS_OWNER, FIELD_TIME, false, started },
	{ "OVERSTAY_UNIT", FIELDS_OWNER, FIELD_STRING, false, unit },
	{ "OVERSTAY_USER_UNIT", FIELDS_OWNER, FIELD_STRING, false, user_unit },
	{ "OVERSTAY_SLICE", FIELDS_OWNER, FIELD_STRING, false, slice },
	{ "OVERSTAY_SESSION", FIELDS_OWNER, FIELD_STRING, false, session },
	{ "OVERSTAY_ORIGIN", FIELDS_OWNER, FIELD_WORD, false, origin },
	{ "OVERSTAY_CONTAINER", FIELDS_OWNER, FIELD_STRING, false, container },
	{ "OVERSTAY_CONTAINER_KIND", FIELDS_OWNER, FIELD_WORD, false, container_kind },
	{ "OVERSTAY_FORWARDS_TO", FIELDS_OWNER, FIELD_STRING, false, forwards_to },
	{ "OBJECT_PID", FIELDS_OWNER, FIELD_INTEGER, false, object_pid },
	{ "OBJECT_SYSTEMD_UNIT", FIELDS_OWNER, FIELD_STRING, false, object_unit },
};

const struct field_table fields_of_owner = { rows, ARRAY_SIZE(rows) };
