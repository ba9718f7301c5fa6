/* SPDX-License-Identifier: MIT */
/*
 * Whether somebody started a program once more and forgot the one before: another process of the
 * same user, file, script and arguments, started later, that listens elsewhere.
 *
 * Workers are no such pair: those of one unit, and those of one parent. A session is a unit that
 * nobody made for one program, so in it the parent decides alone; and a parent that took both over
 * (PID 1, the user's manager) is none. What runs in containers is left out: there one path is many
 * files.
 *
 * What it never does: compare all with all. The processes are put in the order of a hash of what
 * has to be equal, newest first, when the first stay is asked about in a pass; a hash only says
 * where to look.
 *
 * Cost: 0.3 us for each stay, in a pass in which an alert is reported; memory for 32 bytes each
 * meanwhile. At most TRIED_MAX processes are compared for a stay.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/search.h"
#include "engine/newer.h"

/* Of a hundred that are all alike but for their parent, the newest. */
#define TRIED_MAX 64

struct newer_entry {
	uint64_t hash;
	uint64_t start_usec;
	struct owner *owner; /* a reference */
};

static struct owner *
owner_of(const struct stay *stay)
{
	return stay->is.members[stay->judged.worst].owner;
}

/* The process that an alert names; NULL where it cannot be compared. */
static const struct process *
process_of(const struct owner *owner)
{
	const struct process *process = owner == NULL ? NULL : owner_first(owner);

	if (process == NULL || process_is_manager(process) || process->exe[0] == '\0' ||
	    process->start_usec == USEC_NEVER || process->cmdline_length == 0 ||
	    process->cmdline_cut || process->place.container[0] != '\0')
		return NULL;
	return process;
}

static uint64_t
hash_of(const struct process *process)
{
	uint64_t hash = hash_add(HASH_BEGIN, process->exe, strlen(process->exe));

	hash = hash_add(hash, process->cmdline, process->cmdline_length);
	return hash_add(hash, &process->uid, sizeof(process->uid));
}

static bool
is_same_program(const struct process *a, const struct process *b)
{
	return a->uid == b->uid && a->cmdline_length == b->cmdline_length &&
	    memcmp(a->cmdline, b->cmdline, a->cmdline_length) == 0 && strcmp(a->exe, b->exe) == 0 &&
	    strcmp(a->script, b->script) == 0;
}

static bool
is_one_unit(const struct place *a, const struct place *b)
{
	return a->unit[0] != '\0' && a->session[0] == '\0' && strcmp(a->unit, b->unit) == 0 &&
	    strcmp(a->user_unit, b->user_unit) == 0;
}

static bool
are_workers(const struct process *a, const struct process *b)
{
	bool orphan = ((a->outlived | b->outlived) & OUTLIVED_PARENT) != 0;

	return (a->parent_pid != 0 && a->parent_pid == b->parent_pid && !orphan) ||
	    is_one_unit(&a->place, &b->place);
}

/* By hash, then the newest first. */
static int
compare_entries(const void *a, const void *b)
{
	const struct newer_entry *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->start_usec != y->start_usec)
		return x->start_usec > y->start_usec ? -1 : 1;
	return 0;
}

/* One with a hundred listeners is one process. */
static void
drop_repeated(struct newer *newer)
{
	size_t kept = 0;

	for (size_t i = 0; i < newer->count; i++) {
		struct newer_entry *entry = &newer->entries[i];

		if (kept > 0 && compare_entries(&newer->entries[kept - 1], entry) == 0 &&
		    owner_first(newer->entries[kept - 1].owner)->pid ==
			owner_first(entry->owner)->pid)
			(void)owner_unref(entry->owner);
		else
			newer->entries[kept++] = *entry;
	}
	newer->count = kept;
}

/* The processes of all stays. Returns false where the slice is over. */
static bool
gather(struct newer *newer, const struct track *track, struct slice *slice)
{
	for (; newer->entries != NULL && newer->at < track->count; newer->at++) {
		const struct stay *stay = track->stays[newer->at];
		const struct process *process;

		if (slice_is_over(slice))
			return false;
		process = process_of(owner_of(stay));
		if (process == NULL || stay->is.state == STAY_AWAY || stay->is.state == STAY_ENDED)
			continue;
		newer->entries[newer->count++] = (struct newer_entry){
			.hash = hash_of(process),
			.start_usec = process->start_usec,
			.owner = owner_ref(owner_of(stay)),
		};
	}
	return true;
}

bool
newer_make(struct newer *newer, const struct track *track, struct slice *slice)
{
	if (newer->made)
		return true;
	if (!newer->begun) {
		newer->begun = true;
		newer->entries = calloc(track->count + 1, sizeof(*newer->entries));
	}
	if (!newer->sorts) {
		if (!gather(newer, track, slice))
			return false;
		newer->sorts = true;
		sorting_begin(&newer->sorting, newer->entries, newer->count,
		    sizeof(*newer->entries), compare_entries);
	}
	if (!sorting_go_on(&newer->sorting, slice))
		return false;
	drop_repeated(newer);
	newer->made = true;
	return true;
}

bool
newer_clear(struct newer *newer, struct slice *slice)
{
	sorting_clear(&newer->sorting);
	for (; newer->count > 0; newer->count--) {
		if (slice_is_over(slice))
			return false;
		(void)owner_unref(newer->entries[newer->count - 1].owner);
	}
	free(newer->entries);
	*newer = (struct newer){ 0 };
	return true;
}

bool
newer_holds(struct newer *newer, const struct track *track, const struct stay *stay)
{
	const struct process *process = process_of(owner_of(stay));
	struct newer_entry key = { .start_usec = UINT64_MAX };
	struct slice whole = SLICE_WHOLE;
	size_t at;

	if (process == NULL)
		return false;
	(void)newer_make(newer, track, &whole);
	key.hash = hash_of(process);
	at = search_bound(&key, newer->entries, newer->count, sizeof(key), compare_entries);
	for (unsigned tried = 0; tried < TRIED_MAX && at < newer->count; tried++, at++) {
		const struct newer_entry *entry = &newer->entries[at];

		if (entry->hash != key.hash || entry->start_usec <= process->start_usec)
			return false;
		if (is_same_program(owner_first(entry->owner), process) &&
		    !are_workers(owner_first(entry->owner), process))
			return true;
	}
	return false;
}
