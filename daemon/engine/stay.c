/* SPDX-License-Identifier: MIT */
/*
 * One stay, through the state machine
 *
 *	NEW -> PERSISTING -> OVERSTAYING     each of them -> AWAY -> back where it was, or ENDED
 *	                  <- (cleared)
 *
 * What it never does: decide when. It is told what happened, and the table says what follows; an
 * event that makes no sense is said and changes nothing.
 *
 * Invariant: a stay holds a reference to each member's owner.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "engine/stay.h"

/* A cell that is no transition. */
#define NONE STAY_STATE_COUNT

static const enum stay_state transitions[STAY_STATE_COUNT][STAY_EVENT_COUNT] = {
	[STAY_NEW] = { STAY_PERSISTING, STAY_OVERSTAYING, NONE, STAY_AWAY, NONE, NONE, NONE, NONE },
	[STAY_PERSISTING] = { NONE, STAY_OVERSTAYING, NONE, STAY_AWAY, NONE, NONE, NONE, NONE },
	[STAY_OVERSTAYING] = { NONE, NONE, STAY_PERSISTING, STAY_AWAY, NONE, NONE, NONE, NONE },
	[STAY_AWAY] = { NONE, NONE, NONE, NONE, STAY_NEW, STAY_PERSISTING, STAY_OVERSTAYING,
	    STAY_ENDED },
	[STAY_ENDED] = { NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE },
};

static const char *const event_names[] = {
	[STAY_EVENT_PERSIST] = "persist",
	[STAY_EVENT_OVERSTAY] = "overstay",
	[STAY_EVENT_CLEAR] = "clear",
	[STAY_EVENT_GONE] = "gone",
	[STAY_EVENT_BACK_NEW] = "back as new",
	[STAY_EVENT_BACK_PERSISTING] = "back as persisting",
	[STAY_EVENT_BACK_OVERSTAYING] = "back as overstaying",
	[STAY_EVENT_END] = "end",
};

static const char *
stay_event_name(enum stay_event event)
{
	return event_names[event];
}

bool
stay_advance(struct stay *stay, enum stay_event event)
{
	enum stay_state old = stay->state, new = transitions[old][event];
	char endpoint[ENDPOINT_TEXT_MAX];

	if (new == NONE) {
		log_debug("track", "%s %s: unexpected event %s in state %s, ignored",
		    protocol_name(stay->endpoint.protocol),
		    endpoint_format(&stay->endpoint, endpoint), stay_event_name(event),
		    stay_state_name(old));
		return false;
	}
	if (new == STAY_AWAY)
		stay->before_away = old;
	stay->state = new;
	if (log_is_verbose())
		log_debug("track", "%s %s: %s -> %s (%s)", protocol_name(stay->endpoint.protocol),
		    endpoint_format(&stay->endpoint, endpoint), stay_state_name(old),
		    stay_state_name(new), stay_event_name(event));
	return true;
}

void
stay_clear_members(struct stay *stay)
{
	for (uint32_t i = 0; i < stay->member_count; i++)
		(void)owner_unref(stay->members[i].owner);
	free(stay->members);
	stay->members = NULL;
	stay->member_count = stay->member_room = 0;
}

void
stay_free(struct stay *stay)
{
	stay_clear_members(stay);
	free(stay->peers);
	free(stay->programs);
	free(stay);
}

/* What a program is known by: its path, which an upgrade leaves, and its file, which stays when it
 * is moved aside. Returns how many of both are known. */
static size_t
identify(const struct process *process, uint64_t ret[2])
{
	size_t count = 0;

	ret[count++] = hash_add(HASH_BEGIN, process->exe, strlen(process->exe));
	if ((process->evidence & EVIDENCE_EXE_KNOWN) != 0) {
		ret[count] =
		    hash_add(HASH_BEGIN, &process->exe_device, sizeof(process->exe_device));
		ret[count] = hash_add(ret[count], &process->exe_inode, sizeof(process->exe_inode));
		count++;
	}
	return count;
}

static bool
knows(const struct stay *stay, uint64_t hash)
{
	for (uint8_t i = 0; i < stay->program_count; i++)
		if (stay->programs[i] == hash)
			return true;
	return false;
}

/* Nearly every stay has the two hashes of one program: there is room for no more than there are. */
static void
remember(struct stay *stay, uint64_t hash)
{
	size_t count = stay->program_count;
	uint64_t *programs;

	if (count == STAY_PROGRAMS_MAX || knows(stay, hash))
		return;
	programs = reallocarray(stay->programs, count + 1, sizeof(*programs));
	if (programs == NULL)
		return;
	programs[stay->program_count++] = hash;
	stay->programs = programs;
}

/* False where nothing can be told apart: no program, or a service manager, which holds what it
 * hands to services. */
static bool
is_program(const struct process *process)
{
	return process->exe[0] != '\0' && !process_is_manager(process);
}

void
stay_note_program(struct stay *stay, const struct owner *owner)
{
	bool known = false, any = false;
	uint64_t hashes[2];

	for (uint32_t i = 0; i < owner->process_count; i++) {
		if (!is_program(&owner->processes[i]))
			continue;
		any = true;
		for (size_t j = identify(&owner->processes[i], hashes); j-- > 0;)
			known = known || knows(stay, hashes[j]);
	}
	if (any && !known && stay->program_count > 0)
		stay->program_changed = true;
	for (uint32_t i = 0; i < owner->process_count; i++) {
		if (!is_program(&owner->processes[i]))
			continue;
		for (size_t j = identify(&owner->processes[i], hashes); j-- > 0;)
			remember(stay, hashes[j]);
	}
}

uint64_t
stay_age_usec(const struct stay *stay, uint64_t now_usec)
{
	if (stay->state == STAY_AWAY || stay->state == STAY_ENDED)
		now_usec = stay->last_seen_usec;
	return now_usec > stay->first_seen_usec ? now_usec - stay->first_seen_usec : 0;
}
