/* SPDX-License-Identifier: MIT */
/*
 * Who made a socket. The kernel says it of each, and nobody but root can change it; who holds one
 * is what was found. A socket can be kept in a message that nobody has received yet, and then
 * whoever was passed a copy, or was started with one, is all that is found: somebody else's
 * program. So the creator has to be among the holders, or is one who is not known.
 *
 * What root made anybody may hold: services drop their privileges, and systemd opens sockets for
 * them. In a user namespace one user has many numbers: there the holder is the creator's if it runs
 * below the creator's own manager or sessions, or where the socket was made: in that container or
 * unit. No program of another user's gets there, and no setuid program has effect there.
 *
 * What it never does: take numbers that are near each other for one user's. People of a directory
 * service have such numbers, too.
 *
 * Pure; UINT32_MAX is nobody, as a summary of many has it. Cost: a comparison for each holder.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/creator.h"

static bool
is_named_for(const char *name, const char *before, uint32_t uid, const char *after)
{
	char own[OWNER_UNIT_MAX];

	(void)snprintf(own, sizeof(own), "%s%" PRIu32 "%s", before, uid, after);
	return strcmp(name, own) == 0;
}

static bool
is_same(const char *a, const char *b)
{
	return a[0] != '\0' && strcmp(a, b) == 0;
}

/* Is it one of the numbers that a user has in a namespace of his own? */
static bool
is_mapped(const struct owner *owner, const struct process *process, uint32_t uid)
{
	const struct place *place = &process->place, *made = &owner->place;

	if ((process->evidence & EVIDENCE_OTHER_USERS) == 0)
		return false;
	if (is_named_for(place->unit, "user@", uid, ".service") ||
	    is_named_for(place->slice, "user-", uid, ".slice"))
		return true;
	return place->container[0] != '\0' || made->container[0] != '\0' ?
	    is_same(place->container, made->container) :
	    is_same(place->unit, made->unit);
}

bool
creator_is_absent(const struct owner *owner, uint32_t uid)
{
	if (owner->kind != OWNER_PROCESS || owner->process_count == 0 || uid == 0 ||
	    uid == UINT32_MAX)
		return false;
	for (uint32_t i = 0; i < owner->process_count; i++)
		if (owner->processes[i]->uid == uid || is_mapped(owner, owner->processes[i], uid))
			return false;
	return true;
}

bool
creator_same(const struct owner *a, uint32_t a_uid, const struct owner *b, uint32_t b_uid)
{
	return owner_same(a, b) &&
	    (a_uid == b_uid || (!creator_is_absent(a, a_uid) && !creator_is_absent(b, b_uid)));
}
