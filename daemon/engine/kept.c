/* SPDX-License-Identifier: MIT */
/*
 * One copy of what is known of a process, whatever number of sockets it holds and with whomever it
 * shares them, and a bound of all of it: owners and processes need KEPT_BYTES_MAX at most, those
 * included that only a report, a group or a former holder still has. A socket whose owner there is
 * no room for has an unknown one (OWNER_REASON_TOO_MANY).
 *
 * Bytes are the socket's user's: whoever makes sockets pays for what is known of their holders,
 * whatever users those are of (programs that change their user hold what their caller gives them).
 * Nobody has more than half of what is left, and each of the users that have an account
 * (engine/fair.c) has KEPT_OWN_BYTES that nobody else can take: one user's crowd costs that user.
 * Beside those each has KEPT_SUSPECT_BYTES for programs that are suspects by themselves: nobody
 * hides the reasons behind a crowd of his own.
 *
 * A process is recognized by its number and start, and compared in full with what it was seen to be
 * the last VERSIONS_MAX times. It is another one when anything of it has changed; who goes on
 * changing pays for each version that an owner has.
 *
 * What it never does: free what another has a reference to, or touch a process that others share.
 * The loop alone calls it; other threads only give references back, so what nobody else has stays
 * so.
 *
 * Cost: 120 bytes a process and 16 an owner beside their own, which are counted; a hash and a
 * comparison for each process of an answer; in a sweep, for each batch of answers and each survey,
 * a load for each of them. An owner that was refused is not counted: some 130 bytes.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/table.h"
#include "engine/kept.h"

/* A process is described with and without a checksum, and with what its socket says of it. */
#define VERSIONS_MAX 4

/* More than nearly any owner needs. */
#define ROOM_BYTES (64U * 1024)

#define SWEEP_USEC USEC_PER_SEC

/* Added to the number of an account: that one's room for suspects. */
#define OF_SUSPECTS FAIR_ACCOUNTS_MAX

/* What this file adds to a process and to an owner. */
#define PROCESS_EXTRA (sizeof(struct kept_place) + sizeof(struct kept_process))
#define OWNER_EXTRA   sizeof(struct kept_owner)

struct kept_process {
	struct kept_process *older;
	struct process *process;
	uint32_t bytes;
	unsigned account;
};

struct kept_key {
	uint64_t pid, start_usec;
};

/* All versions of one process, the newest first. */
struct kept_place {
	struct kept_key key;
	struct kept_process *newest;
	UT_hash_handle hh;
};

struct kept_owner {
	struct owner *owner;
	uint32_t bytes; /* 0: refused, which is nobody's */
	unsigned account;
};

/* An owner on its way in. */
struct arrival {
	struct owner *owner;
	uint32_t uid;
	bool suspect;
	unsigned account;
	uint32_t bytes;					 /* of all that is not there yet */
	struct kept_process *fresh[OWNER_PROCESSES_MAX]; /* NULL: it is there already */
	struct process *known[OWNER_PROCESSES_MAX];	 /* borrowed */
};

static struct kept_key
key_of(const struct process *process)
{
	return (struct kept_key){ (uint64_t)process->pid, process->start_usec };
}

static struct kept_place *
find_place(const struct kept *kept, const struct process *process)
{
	struct kept_key key = key_of(process);
	struct kept_place *place;

	HASH_FIND(hh, kept->places, &key, sizeof(key), place);
	return place;
}

static struct process *
find_equal(const struct kept *kept, const struct process *process)
{
	const struct kept_place *place = find_place(kept, process);
	const struct kept_process *version = place == NULL ? NULL : place->newest;

	for (unsigned i = 0; i < VERSIONS_MAX && version != NULL; i++, version = version->older)
		if (process_equal(version->process, process))
			return version->process;
	return NULL;
}

static void
charge(struct kept *kept, unsigned account, uint32_t uid, uint32_t bytes)
{
	if (account < OF_SUSPECTS)
		fair_charge_many(&kept->bytes, account, uid, bytes);
	else
		fair_charge_many(&kept->suspects, account - OF_SUSPECTS, uid, bytes);
}

static void
release(struct kept *kept, unsigned account, uint32_t bytes)
{
	if (account < OF_SUSPECTS)
		fair_release_many(&kept->bytes, account, bytes);
	else
		fair_release_many(&kept->suspects, account - OF_SUSPECTS, bytes);
}

/* ---- sweeping ----------------------------------------------------------------------------- */

static void
drop_version(struct kept *kept, struct kept_process **version)
{
	struct kept_process *dropped = *version;

	*version = dropped->older;
	release(kept, dropped->account, dropped->bytes);
	(void)process_unref(dropped->process);
	free(dropped);
}

static void
drop_owner(struct kept *kept, struct kept_owner *dropped)
{
	if (dropped->bytes == 0)
		kept->refused_count--;
	else
		release(kept, dropped->account, dropped->bytes);
	(void)owner_unref(dropped->owner);
}

/* all: whoever else has references. */
static void
sweep(struct kept *kept, bool all)
{
	struct kept_place *place, *next;
	size_t left = 0;

	for (size_t i = 0; i < kept->owner_count; i++)
		if (all || owner_is_alone(kept->owners[i].owner))
			drop_owner(kept, &kept->owners[i]);
		else
			kept->owners[left++] = kept->owners[i];
	kept->owner_count = left;
	HASH_ITER (hh, kept->places, place, next) {
		struct kept_process **version = &place->newest;

		while (*version != NULL)
			if (all || process_is_alone((*version)->process))
				drop_version(kept, version);
			else
				version = &(*version)->older;
		if (place->newest != NULL)
			continue;
		HASH_DEL(kept->places, place);
		free(place);
	}
}

void
kept_sweep(struct kept *kept, uint64_t now_usec)
{
	kept->refused = owner_unref(kept->refused);
	sweep(kept, false);
	kept->full = false;
	kept->swept_usec = now_usec;
}

void
kept_clear(struct kept *kept)
{
	(void)owner_unref(kept->refused);
	sweep(kept, true);
	free(kept->owners);
	*kept = (struct kept){ 0 };
}

static void
sweep_seldom(struct kept *kept, uint64_t now_usec)
{
	if (now_usec - kept->swept_usec >= SWEEP_USEC)
		kept_sweep(kept, now_usec);
}

/* ---- taking in ---------------------------------------------------------------------------- */

static bool
has_room(const struct kept *kept, unsigned account, uint32_t bytes)
{
	return fair_has_share(&kept->bytes, account, bytes, KEPT_OWN_BYTES, KEPT_USUAL_BYTES);
}

/* The account that has room for it, of a suspect its other one, too. False where none has. */
static bool
find_room(const struct kept *kept, struct arrival *arrival)
{
	unsigned other = fair_account(&kept->suspects, arrival->uid);

	if (has_room(kept, arrival->account, arrival->bytes))
		return true;
	if (!arrival->suspect ||
	    kept->suspects.accounts[other].count + arrival->bytes > KEPT_SUSPECT_BYTES)
		return false;
	arrival->account = OF_SUSPECTS + other;
	return true;
}

/* Makes the entry of a process that is not there. False without memory. */
static bool
make_entry(struct arrival *arrival, uint32_t at)
{
	struct process *process = arrival->owner->processes[at];
	struct kept_process *entry = calloc(1, sizeof(*entry));

	if (entry == NULL)
		return false;
	entry->bytes = (uint32_t)(process_bytes(process) + PROCESS_EXTRA);
	arrival->bytes += entry->bytes;
	arrival->fresh[at] = entry;
	return true;
}

static void
drop_entries(struct arrival *arrival)
{
	for (uint32_t i = 0; i < OWNER_PROCESSES_MAX; i++) {
		free(arrival->fresh[i]);
		arrival->fresh[i] = NULL;
	}
}

/* What of the owner is there already, and what has to be. False without memory. */
static bool
compare(const struct kept *kept, struct arrival *arrival)
{
	arrival->account = fair_account(&kept->bytes, arrival->uid);
	arrival->bytes = (uint32_t)(owner_bytes(arrival->owner) + OWNER_EXTRA);
	for (uint32_t i = 0; i < arrival->owner->process_count; i++) {
		arrival->known[i] = find_equal(kept, arrival->owner->processes[i]);
		if (arrival->known[i] == NULL && !make_entry(arrival, i))
			return false;
	}
	return true;
}

/* Puts the entry before the older ones of the process. False without memory. */
static bool
put_entry(struct kept *kept, struct kept_process *entry)
{
	struct kept_place *place = find_place(kept, entry->process);

	if (place == NULL) {
		place = calloc(1, sizeof(*place));
		if (place == NULL)
			return false;
		place->key = key_of(entry->process);
		HASH_ADD(hh, kept->places, key, sizeof(place->key), place);
		if (!table_holds(place)) {
			free(place);
			return false;
		}
	}
	entry->older = place->newest;
	place->newest = entry;
	return true;
}

/* There is room for one more. A process without memory for its entry stays the owner's own, and its
 * bytes are not counted. */
static void
put_owner(struct kept *kept, struct arrival *arrival)
{
	struct owner *owner = arrival->owner;
	struct kept_owner *kept_owner = &kept->owners[kept->owner_count++];

	*kept_owner = (struct kept_owner){
		.owner = owner_ref(owner),
		.bytes = (uint32_t)(owner_bytes(owner) + OWNER_EXTRA),
		.account = arrival->account,
	};
	charge(kept, arrival->account, arrival->uid, kept_owner->bytes);
	for (uint32_t i = 0; i < owner->process_count; i++) {
		struct kept_process *entry = arrival->fresh[i];

		if (entry == NULL) {
			struct process *own = owner->processes[i];

			owner->processes[i] = process_ref(arrival->known[i]);
			(void)process_unref(own);
			continue;
		}
		entry->process = owner->processes[i];
		entry->account = arrival->account;
		if (!put_entry(kept, entry))
			continue;
		(void)process_ref(entry->process);
		charge(kept, arrival->account, arrival->uid, entry->bytes);
		arrival->fresh[i] = NULL;
	}
	owner->keeping = OWNER_KEPT;
}

/* Those of one answer share one. */
static struct owner *
refuse(struct kept *kept, struct owner *owner)
{
	owner->keeping = OWNER_REFUSED;
	if (kept->refused != NULL && kept->refused->observed_usec == owner->observed_usec)
		return owner_ref(kept->refused);
	(void)owner_unref(kept->refused);
	kept->refused = owner_new(OWNER_UNKNOWN, OWNER_REASON_TOO_MANY, 0);
	if (kept->refused == NULL)
		return NULL;
	kept->refused->observed_usec = owner->observed_usec;
	kept->refused->keeping = OWNER_KEPT;
	kept->refused_count++;
	kept->owners[kept->owner_count++] = (struct kept_owner){
		.owner = owner_ref(kept->refused),
	};
	return owner_ref(kept->refused);
}

/* Takes it in if there is room. Returns 1, 0 if there is none, -ENOMEM. */
static int
try_to_take(struct kept *kept, struct arrival *arrival)
{
	int r = -ENOMEM;

	if (compare(kept, arrival)) {
		r = find_room(kept, arrival);
		if (r > 0)
			put_owner(kept, arrival);
	}
	drop_entries(arrival);
	return r;
}

struct owner *
kept_take(struct kept *kept, struct owner *owner, uint32_t uid, bool suspect)
{
	struct arrival arrival = { .owner = owner, .uid = uid, .suspect = suspect };
	int r;

	if (owner->keeping == OWNER_KEPT)
		return owner_ref(owner);
	if (array_reserve(&kept->owners, &kept->owner_room, kept->owner_count + 1,
		ARRAY_UNBOUNDED) < 0)
		return NULL;
	if (owner->keeping == OWNER_REFUSED)
		return refuse(kept, owner);
	r = try_to_take(kept, &arrival);
	if (r == 0 && !kept->full) {
		sweep(kept, false);
		kept->full = true;
		r = try_to_take(kept, &arrival);
	}
	if (r < 0)
		return NULL;
	return r > 0 ? owner_ref(owner) : refuse(kept, owner);
}

bool
kept_is_nearly_full(const struct kept *kept, uint32_t uid)
{
	return !has_room(kept, fair_account(&kept->bytes, uid), ROOM_BYTES);
}

bool
kept_has_room(struct kept *kept, uint32_t uid, uint64_t now_usec)
{
	if (has_room(kept, fair_account(&kept->bytes, uid), ROOM_BYTES))
		return true;
	sweep_seldom(kept, now_usec);
	return has_room(kept, fair_account(&kept->bytes, uid), ROOM_BYTES);
}

bool
kept_is_short(struct kept *kept, uint64_t now_usec)
{
	if (kept->refused_count > 0)
		sweep_seldom(kept, now_usec);
	return kept->refused_count > 0;
}
