/* SPDX-License-Identifier: MIT */
/*
 * Owners: their lifetime, their comparison and their words. An owner is filled by the asking side
 * of the look-up and never changed once others hold a reference.
 */
#include <stdlib.h>
#include <string.h>

#include "core/owner.h"

static const char *const kind_names[] = {
	[OWNER_UNKNOWN] = "unknown",
	[OWNER_PROCESS] = "process",
	[OWNER_KERNEL] = "kernel",
};

static const struct {
	const char *name, *text;
} reasons[] = {
	[OWNER_REASON_NONE] = { "", "" },
	[OWNER_REASON_NOT_ASKED] = { "not-asked", "not looked up yet" },
	[OWNER_REASON_NO_LOOKUP] = { "no-lookup", "overstay-lookup is not running" },
	[OWNER_REASON_TIMEOUT] = { "timeout", "overstay-lookup did not answer in time" },
	[OWNER_REASON_BAD_ANSWER] = { "bad-answer", "overstay-lookup's answer made no sense" },
	[OWNER_REASON_NO_PERMISSION] = { "no-permission",
	    "no permission to look into every process" },
	[OWNER_REASON_NO_PROCESS] = { "no-process", "no process holds the socket" },
	[OWNER_REASON_NO_INODE] = { "no-inode", "the socket has no inode" },
};

struct owner *
owner_new(enum owner_kind kind, enum owner_reason reason, uint32_t process_count)
{
	struct owner *owner;

	if (process_count > OWNER_PROCESSES_MAX)
		return NULL;
	owner = calloc(1, sizeof(*owner) + process_count * sizeof(owner->processes[0]));
	if (owner == NULL)
		return NULL;
	atomic_init(&owner->references, 1);
	owner->kind = kind;
	owner->reason = reason;
	owner->process_count = process_count;
	return owner;
}

struct owner *
owner_ref(struct owner *owner)
{
	if (owner != NULL)
		atomic_fetch_add(&owner->references, 1);
	return owner;
}

struct owner *
owner_unref(struct owner *owner)
{
	if (owner == NULL || atomic_fetch_sub(&owner->references, 1) != 1)
		return NULL;
	for (uint32_t i = 0; i < owner->process_count; i++) {
		struct process *process = &owner->processes[i];
		free(process->comm);
		free(process->exe);
		free(process->cmdline);
		free(process->unit);
		free(process->user_unit);
	}
	free(owner);
	return NULL;
}

const struct process *
owner_first(const struct owner *owner)
{
	if (owner->kind != OWNER_PROCESS || owner->process_count == 0)
		return NULL;
	/* PID 1 holds what it activates services with; the service is the one to name. */
	if (owner->processes[0].pid == 1 && owner->process_count > 1)
		return &owner->processes[1];
	return &owner->processes[0];
}

bool
owner_same(const struct owner *a, const struct owner *b)
{
	const struct process *p, *q;

	if (a->kind == OWNER_UNKNOWN || a->kind != b->kind)
		return false;
	if (a->kind == OWNER_KERNEL)
		return true;
	p = owner_first(a);
	q = owner_first(b);
	if (p == NULL || q == NULL || p->exe[0] == '\0')
		return false;
	/*
	 * exe_trust is left out on purpose: an upgrade that replaced the file before a restart
	 * must not make a stranger of the same service.
	 */
	return p->uid == q->uid && strcmp(p->exe, q->exe) == 0 && strcmp(p->unit, q->unit) == 0 &&
	    strcmp(p->user_unit, q->user_unit) == 0;
}

const char *
owner_kind_name(enum owner_kind kind)
{
	return kind_names[kind];
}

const char *
owner_reason_text(enum owner_reason reason)
{
	return reasons[reason].text;
}

const char *
owner_reason_name(enum owner_reason reason)
{
	return reasons[reason].name;
}
