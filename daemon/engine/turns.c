/* SPDX-License-Identifier: MIT */
/*
 * Whose programs hand a port to each other, each for less than the threshold. What one occupant has
 * on one port (of a protocol and namespace; whatever address), without a gap longer than the grace,
 * is one occupation, whatever programs took turns. An occupant is
 *
 *	a container   or for a proxy (docker-proxy) the container that it forwards to
 *	a unit        but none that is named anew for each start (run-*, app-*, all scopes), and
 *	              none that starts what users ask for (cron, at, logins), for another than root
 *	a user        by the number; whatever runs below its service manager is the user's, too. Not
 *	              root: what the host's own programs do one after the other is no occupation
 *
 * What it never does: report, which is tell.c's. Nor take what could not be observed for proof: a
 * stay of whose owner only the user of the socket is known, or its cgroup, is no gap between two of
 * that occupant, but its time does not count.
 *
 * Invariants: an occupant has occupations. An occupation that is being gone on with is kept: each
 * pass visits those stays before turns_sweep(). Memory: TURNS_MAX occupations of 200 bytes with the
 * names of their programs. Cost: a bit of a bitmap for a stay in a pass; a few sums for one on such
 * a port, or that leaves. While somebody takes a turn no pass is left out; else nothing in a poll
 * that changes nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/sha256.h"
#include "engine/match.h"
#include "engine/turns.h"
#include "model/identity.h"

/* So many are compared to find which is forgotten. */
#define COMPARED_MAX 64

/* An enum occupant_kind stands first in a key: none passes for one of another kind. */
enum occupant_kind {
	OCCUPANT_CONTAINER = 1,
	OCCUPANT_UNIT,
	OCCUPANT_USER,
};

static struct group_key
end(struct sha256 *sum, enum occupant_kind kind)
{
	uint8_t bytes[SHA256_BYTES];
	struct group_key key;

	sha256_end(sum, bytes);
	memcpy(key.bytes, bytes, sizeof(key.bytes));
	key.bytes[0] = (uint8_t)kind;
	return key;
}

static void
add_text(struct sha256 *sum, const char *text)
{
	sha256_add(sum, text, strlen(text) + 1);
}

static struct group_key
key_of_name(enum occupant_kind kind, const char *engine, const char *name)
{
	struct sha256 sum;

	sha256_begin(&sum);
	add_text(&sum, engine);
	add_text(&sum, name);
	return end(&sum, kind);
}

static struct group_key
key_of_user(uint32_t uid)
{
	struct group_key key = { { OCCUPANT_USER } };

	memcpy(&key.bytes[1], &uid, sizeof(uid));
	return key;
}

/* The number between two parts of a name, "user@1000.service". */
static bool
read_uid(const char *name, const char *before, const char *behind, uint32_t *ret)
{
	size_t length = strlen(before);
	unsigned long uid;
	char *rest;

	if (strncmp(name, before, length) != 0 || name[length] < '0' || name[length] > '9')
		return false;
	uid = strtoul(name + length, &rest, 10);
	if (strcmp(rest, behind) != 0 || uid > UINT32_MAX)
		return false;
	*ret = (uint32_t)uid;
	return true;
}

/* Within a user's manager nothing but that user's names is found. */
static bool
is_below_manager(const struct place *place, uint32_t *ret_uid)
{
	return place != NULL && read_uid(place->unit, "user@", ".service", ret_uid);
}

/* A user namespace lends its user other numbers: where that one is logged in, it is the same. */
static uint32_t
user_of(const struct process *process)
{
	uint32_t uid = process->uid;

	if ((process->evidence & EVIDENCE_OWN_USERS) != 0)
		(void)read_uid(process->place.slice, "user-", ".slice", &uid);
	return uid;
}

/* A unit that has a name of its own each time it is started. */
static bool
is_transient(const char *unit)
{
	const char *dot = strrchr(unit, '.');

	return strncmp(unit, "run-", 4) == 0 || strncmp(unit, "app-", 4) == 0 ||
	    (dot != NULL && strcmp(dot, ".scope") == 0);
}

/* What somebody asked a unit of the host's to start. */
static bool
is_on_behalf(const struct process *process)
{
	const uint32_t origins = 1U << ORIGIN_SSH | 1U << ORIGIN_CONSOLE | 1U << ORIGIN_CRON |
	    1U << ORIGIN_AT | 1U << ORIGIN_SU;

	return process != NULL && process->uid != 0 && (origins >> process->origin & 1) != 0;
}

static const struct member *
worst_of(const struct stay *stay)
{
	return &stay->is.members[stay->judged.worst];
}

/* Whose the stay is. Returns false where it is nobody's that could have an occupation. */
static bool
find_occupant_key(const struct stay *stay, struct group_key *ret)
{
	const struct owner *owner = worst_of(stay)->owner;
	const struct process *process = owner == NULL ? NULL : owner_first(owner);
	const struct place *place = owner == NULL ? NULL : owner_place(owner);
	uint32_t uid = process == NULL ? worst_of(stay)->uid : user_of(process);

	if (owner != NULL && owner->kind == OWNER_KERNEL)
		return false;
	if (process != NULL && process->forwards_to[0] != '\0') {
		*ret = key_of_name(OCCUPANT_CONTAINER, container_kind_name(process->forwards_kind),
		    process->forwards_to);
		return true;
	}
	if (place != NULL && !is_below_manager(place, &uid)) {
		if (place->container[0] != '\0') {
			*ret = key_of_name(OCCUPANT_CONTAINER,
			    container_kind_name(place->container_kind), place->container);
			return true;
		}
		if (place->unit[0] != '\0' && !is_transient(place->unit) &&
		    !is_on_behalf(process)) {
			*ret = key_of_name(OCCUPANT_UNIT, "", place->unit);
			return true;
		}
	}
	*ret = key_of_user(uid);
	return uid != 0;
}

bool
turns_is_certain(const struct stay *stay)
{
	const struct owner *owner = worst_of(stay)->owner;

	return owner != NULL && owner->kind == OWNER_PROCESS && group_key_knows_owner(owner);
}

bool
turns_is_apart(const struct stay *stay)
{
	const struct verdict *verdict = &stay->judged.verdict;

	return verdict->allowed || verdict->threshold_usec == USEC_NEVER || stay->told.overstayed ||
	    stay->told.suspected || stay->is.moved_from != 0;
}

static struct turns_port
port_of(const struct stay *stay)
{
	return (struct turns_port){
		.netns = stay->is.endpoint.netns,
		.protocol = stay->is.endpoint.protocol,
		.port = stay->is.endpoint.port,
	};
}

static struct occupant *
find_occupant(const struct occupations *turns, const struct group_key *key)
{
	struct occupant *occupant;

	HASH_FIND(hh, turns->occupants, key, sizeof(*key), occupant);
	return occupant;
}

static struct occupation *
find_on(const struct occupant *occupant, const struct turns_port *at)
{
	struct occupation *occupation;

	if (occupant == NULL)
		return NULL;
	HASH_FIND(hh, occupant->ports, at, sizeof(*at), occupation);
	return occupation;
}

/* Who took turns in an occupation that is over, or is no more. */
static void
forget_takers(struct occupation *occupation)
{
	for (uint8_t i = 0; i < occupation->taker_count; i++)
		free(occupation->takers[i].name);
	free(occupation->takers);
	occupation->takers = NULL;
	occupation->taker_count = 0;
	occupation->more = false;
}

static void
drop(struct occupations *turns, struct occupation *occupation)
{
	struct occupant *occupant = occupation->occupant;

	HASH_DEL(occupant->ports, occupation);
	forget_takers(occupation);
	free(occupation);
	turns->count--;
	fair_release(&turns->accounts, occupant->account);
	if (occupant->ports != NULL)
		return;
	HASH_DEL(turns->occupants, occupant);
	free(occupant);
}

void
turns_clear(struct occupations *turns)
{
	struct occupant *occupant, *next_occupant;
	struct occupation *occupation, *next;

	HASH_ITER (hh, turns->occupants, occupant, next_occupant)
		HASH_ITER (hh, occupant->ports, occupation, next)
			drop(turns, occupation);
}

static unsigned
count_of(const struct occupant *occupant)
{
	return occupant == NULL ? 0 : HASH_COUNT(occupant->ports);
}

/* The shortest of those that began first: one that lasts stays among them, and what a flood leaves
 * passes by. */
static struct occupation *
find_shortest(const struct occupant *occupant)
{
	struct occupation *occupation = occupant->ports, *shortest = occupation;

	for (unsigned i = 0; i < COMPARED_MAX && occupation != NULL; i++) {
		if (occupation->covered_usec < shortest->covered_usec)
			shortest = occupation;
		occupation = occupation->hh.next;
	}
	return shortest;
}

/* The account with the most of them, with this one if it has as many. */
static unsigned
find_greatest(const struct fair_accounts *accounts, unsigned own)
{
	unsigned greatest = own;

	for (unsigned i = 0; i < FAIR_ACCOUNTS_MAX; i++)
		if (accounts->accounts[i].count > accounts->accounts[greatest].count)
			greatest = i;
	return greatest;
}

/* Room for one more of this occupant (NULL = it has none yet), who may be gone behind it. Who
 * floods takes his own, by whatever occupants. */
static void
make_room(struct occupations *turns, struct occupant *occupant, uint32_t uid)
{
	unsigned own = occupant == NULL ? fair_account(&turns->accounts, uid) : occupant->account;
	unsigned greatest = find_greatest(&turns->accounts, own);
	struct occupant *other, *next;

	if (count_of(occupant) < TURNS_OF_OCCUPANT_MAX) {
		if (turns->count < TURNS_MAX)
			return;
		if (occupant != NULL && occupant->account != greatest)
			occupant = NULL;
		HASH_ITER (hh, turns->occupants, other, next)
			if (other->account == greatest && count_of(other) > count_of(occupant))
				occupant = other;
		if (occupant == NULL)
			return;
		/* An occupant's own bound is no want: a server of passive ports has more. */
		shortages_note(turns->shortages, SHORT_OF_FOLLOWED, occupant->uid, 1);
	}
	drop(turns, find_shortest(occupant));
}

static struct occupant *
find_or_add_occupant(struct occupations *turns, const struct group_key *key, uint32_t uid)
{
	struct occupant *occupant = find_occupant(turns, key);

	if (occupant != NULL)
		return occupant;
	occupant = calloc(1, sizeof(*occupant));
	if (occupant == NULL)
		return NULL;
	occupant->uid = uid;
	occupant->account = fair_account(&turns->accounts, uid);
	occupant->key = *key;
	HASH_ADD(hh, turns->occupants, key, sizeof(occupant->key), occupant);
	if (table_holds(occupant))
		return occupant;
	free(occupant);
	return NULL;
}

static struct occupation *
add(struct occupations *turns, const struct group_key *key, const struct turns_port *at,
    uint32_t uid)
{
	struct occupation *occupation = calloc(1, sizeof(*occupation));
	struct occupant *occupant;

	if (occupation == NULL)
		return NULL;
	make_room(turns, find_occupant(turns, key), uid);
	occupant = find_or_add_occupant(turns, key, uid);
	occupation->at = *at;
	occupation->occupant = occupant;
	occupation->severity = SEVERITY_OFF;
	if (occupant != NULL) {
		HASH_ADD(hh, occupant->ports, at, sizeof(occupation->at), occupation);
		if (table_holds(occupation)) {
			turns->count++;
			fair_charge(&turns->accounts, occupant->account, occupant->uid);
			port_set_add(&turns->ports, (uint16_t)at->port, (uint16_t)at->port);
			return occupation;
		}
	}
	if (occupant != NULL && occupant->ports == NULL) {
		HASH_DEL(turns->occupants, occupant);
		free(occupant);
	}
	free(occupation);
	return NULL;
}

/* True where the stay came no later than the grace after the last one of those left. */
static bool
goes_on(const struct occupation *occupation, const struct stay *stay, uint64_t grace_usec)
{
	return stay->is.first_seen_usec <= occupation->until_usec ||
	    stay->is.first_seen_usec - occupation->until_usec <= grace_usec;
}

struct occupation *
turns_find(const struct occupations *turns, const struct stay *stay, uint64_t grace_usec)
{
	struct occupation *occupation;
	struct turns_port at;
	struct group_key key;

	if (turns->count == 0 || !port_set_has(&turns->ports, stay->is.endpoint.port) ||
	    !find_occupant_key(stay, &key))
		return NULL;
	at = port_of(stay);
	occupation = find_on(find_occupant(turns, &key), &at);
	return occupation != NULL && goes_on(occupation, stay, grace_usec) ? occupation : NULL;
}

/* A program by its path and what it was given to run; whatever unit it is in. */
static struct group_key
key_of_program(const struct process *process)
{
	enum program_input input;
	char code[OWNER_CMDLINE_MAX];
	struct sha256 sum;
	const char *script;

	sha256_begin(&sum);
	add_text(&sum, process->exe);
	add_text(&sum, process->script);
	input = identity_input(process, &script);
	if (input != INPUT_NONE && input != INPUT_STDIN && process->script[0] == '\0')
		sha256_add(&sum, code, identity_code(process, code));
	return end(&sum, OCCUPANT_USER);
}

/* Its owner group matters only if it is reported, and most that leave are not followed by any. */
static void
note_owner(const struct occupation *occupation, const struct stay *stay, struct taker *taker)
{
	if (occupation->stays < TURNS_MIN || taker->has_owner)
		return;
	taker->owner = group_key_of_judged(stay);
	taker->has_owner = true;
}

/* The taker that holds the stay, NULL = there are too many. Returns 0 or -ENOMEM. */
static int
find_or_add_taker(struct occupation *occupation, const struct stay *stay, struct taker **ret)
{
	const struct process *process = stay_process(stay);
	struct group_key program = key_of_program(process);
	uint8_t count = occupation->taker_count;
	char *name;

	*ret = NULL;
	for (uint8_t i = 0; i < count && *ret == NULL; i++)
		if (memcmp(&occupation->takers[i].program, &program, sizeof(program)) == 0)
			*ret = &occupation->takers[i];
	if (*ret != NULL)
		return 0;
	if (count == TURNS_TAKERS_MAX) {
		occupation->more = true;
		return 0;
	}
	if (array_fit(&occupation->takers, count + 1U) < 0)
		return -ENOMEM;
	name = strndup(process->script[0] != '\0' ? process->script : process->exe, TURNS_NAME_MAX);
	if (name == NULL)
		return -ENOMEM;
	occupation->takers[count] = (struct taker){ .program = program, .name = name };
	occupation->taker_count++;
	*ret = &occupation->takers[count];
	return 0;
}

/* Each stay takes its part of its own threshold: what a long one excuses, a short one does not. */
static void
spend(struct occupation *occupation, uint64_t span_usec, uint64_t threshold_usec)
{
	uint64_t before_usec = occupation->threshold_usec;

	if (before_usec != 0 && before_usec != threshold_usec)
		occupation->spent_usec = (uint64_t)((double)occupation->spent_usec *
		    (double)threshold_usec / (double)before_usec);
	occupation->threshold_usec = threshold_usec;
	occupation->spent_usec += span_usec;
}

/* A stay of it was there up to until_usec. Returns 0 or -ENOMEM, and has changed nothing then. */
static int
lengthen(struct occupation *occupation, const struct stay *stay, uint64_t until_usec)
{
	const struct verdict *verdict = &stay->judged.verdict;
	/* A gap that is no longer than the grace belongs to it, as it does to a stay. */
	uint64_t from_usec =
	    occupation->stays == 0 ? stay->is.first_seen_usec : occupation->until_usec;
	struct taker *taker = NULL;

	if (turns_is_certain(stay) && find_or_add_taker(occupation, stay, &taker) < 0)
		return -ENOMEM;
	if (until_usec > from_usec && turns_is_certain(stay)) {
		occupation->covered_usec += until_usec - from_usec;
		spend(occupation, until_usec - from_usec, verdict->threshold_usec);
	}
	if (until_usec > occupation->until_usec)
		occupation->until_usec = until_usec;
	if (!turns_is_certain(stay))
		return 0;
	if (stay->is.first_seen_usec > occupation->newest_usec || occupation->stays == 0) {
		occupation->newest_usec = stay->is.first_seen_usec;
		occupation->stays++;
	}
	if (verdict->severity < occupation->severity)
		occupation->severity = (uint8_t)verdict->severity;
	if (endpoint_exposure(&stay->is.endpoint) > occupation->exposure)
		occupation->exposure = (uint8_t)endpoint_exposure(&stay->is.endpoint);
	if (verdict->rule != NULL && match_has_key(&verdict->rule->match, MATCH_PORT))
		occupation->ruled = true;
	if (taker != NULL)
		note_owner(occupation, stay, taker);
	return 0;
}

int
turns_note(struct occupation *occupation, const struct stay *stay, uint64_t poll_usec)
{
	return lengthen(occupation, stay, poll_usec);
}

void
turns_keep(struct occupation *occupation, uint64_t now_usec)
{
	occupation->kept_usec = now_usec;
}

/* Its occupant had been away for too long: a new one in the old one's place. */
static void
begin_anew(struct occupation *occupation)
{
	forget_takers(occupation);
	occupation->covered_usec = occupation->spent_usec = occupation->threshold_usec = 0;
	occupation->until_usec = occupation->newest_usec = 0;
	occupation->stays = occupation->turns = occupation->told_turns = 0;
	occupation->severity = SEVERITY_OFF;
	occupation->exposure = EXPOSURE_LOOPBACK;
	occupation->ruled = occupation->told = false;
}

int
turns_leave(struct occupations *turns, const struct stay *stay, uint64_t grace_usec)
{
	struct turns_port at = port_of(stay);
	struct occupation *occupation;
	struct group_key key;

	if (turns_is_apart(stay) || !find_occupant_key(stay, &key))
		return 0;
	occupation = find_on(find_occupant(turns, &key), &at);
	if (occupation == NULL || !goes_on(occupation, stay, grace_usec)) {
		/* Nothing begins with one that nobody knows. */
		if (!turns_is_certain(stay))
			return 0;
		if (occupation == NULL)
			occupation = add(turns, &key, &at, worst_of(stay)->uid);
		else
			begin_anew(occupation);
	}
	if (occupation == NULL || lengthen(occupation, stay, stay->is.last_seen_usec) < 0)
		return -ENOMEM;
	occupation->turns++;
	return 0;
}

enum severity
turns_severity(const struct occupation *occupation)
{
	bool one_program = occupation->taker_count == 1 && !occupation->more;
	enum severity severity = occupation->severity;

	return (one_program || occupation->ruled) && severity < SEVERITY_NOTICE ? SEVERITY_NOTICE :
										  severity;
}

struct group_key
turns_group_key(const struct occupation *occupation)
{
	struct sha256 sum;

	sha256_begin(&sum);
	add_text(&sum, "turns");
	sha256_add(&sum, &occupation->occupant->key, sizeof(occupation->occupant->key));
	return end(&sum, OCCUPANT_USER);
}

void
turns_forget_rules(struct occupations *turns)
{
	struct occupant *occupant, *next_occupant;
	struct occupation *occupation, *next;

	HASH_ITER (hh, turns->occupants, occupant, next_occupant)
		HASH_ITER (hh, occupant->ports, occupation, next) {
			occupation->spent_usec = occupation->covered_usec;
			occupation->threshold_usec = 0;
			occupation->severity = SEVERITY_OFF;
			occupation->ruled = false;
		}
}

uint64_t
turns_sweep(struct occupations *turns, uint64_t now_usec, uint64_t grace_usec)
{
	/* A stay that came within the grace may still wait for its owner's name. */
	uint64_t keep_usec = grace_usec + USEC_PER_MIN, next_usec = USEC_NEVER;
	size_t before = turns->count;
	struct occupant *occupant, *next_occupant;
	struct occupation *occupation, *next;

	HASH_ITER (hh, turns->occupants, occupant, next_occupant)
		HASH_ITER (hh, occupant->ports, occupation, next) {
			uint64_t last_usec = occupation->until_usec > occupation->kept_usec ?
			    occupation->until_usec :
			    occupation->kept_usec;

			if (now_usec > last_usec && now_usec - last_usec > keep_usec)
				drop(turns, occupation);
			else if (last_usec + keep_usec < next_usec)
				next_usec = last_usec + keep_usec + 1;
		}
	if (turns->count == before)
		return next_usec;
	port_set_clear(&turns->ports);
	HASH_ITER (hh, turns->occupants, occupant, next_occupant)
		HASH_ITER (hh, occupant->ports, occupation, next)
			port_set_add(&turns->ports, (uint16_t)occupation->at.port,
			    (uint16_t)occupation->at.port);
	return next_usec;
}
