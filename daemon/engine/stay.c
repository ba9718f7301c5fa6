/* SPDX-License-Identifier: MIT */
/*
 * One stay, through the state machine
 *
 *	NEW -> PERSISTING -> OVERSTAYING     each of them -> AWAY -> back where it was, or ENDED
 *	                  <- (cleared)
 *
 * and its sockets, its members. What the functions here change is counted in the tally.
 *
 * What it never does: decide when. It is told what happened, and the table says what follows; an
 * event that makes no sense is said and changes nothing.
 *
 * Invariants: members are sorted by cookie, and the one the verdict is about is one of them; a stay
 * holds a reference to each member's owner.
 *
 * Cost: a binary search and a move for a socket that joins; a state is one access to the table. A
 * stay of one socket and one program takes 336 bytes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/search.h"
#include "engine/stay.h"

_Static_assert(sizeof(struct stay) <= 232, "thousands of stays are to fit into little memory");

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
	enum stay_state old = (enum stay_state)stay->is.state, new = transitions[old][event];
	char endpoint[ENDPOINT_TEXT_MAX];

	if (new == NONE) {
		log_debug("track", "%s %s: unexpected event %s in state %s, ignored",
		    protocol_name(stay->is.endpoint.protocol),
		    endpoint_format(&stay->is.endpoint, endpoint), stay_event_name(event),
		    stay_state_name(old));
		return false;
	}
	if (new == STAY_AWAY)
		stay->is.before_away = (uint8_t)old;
	stay->tally->away += new == STAY_AWAY;
	stay->tally->away -= old == STAY_AWAY;
	stay->is.state = (uint8_t) new;
	stay_note_change(stay);
	if (log_is_verbose())
		log_debug("track", "%s %s: %s -> %s (%s)",
		    protocol_name(stay->is.endpoint.protocol),
		    endpoint_format(&stay->is.endpoint, endpoint), stay_state_name(old),
		    stay_state_name(new), stay_event_name(event));
	return true;
}

void
stay_judge_anew(struct stay *stay)
{
	stay->judged.valid = false;
	stay_note_change(stay);
}

void
stay_forget_rules(struct stay *stay)
{
	stay->judged.verdict.rule = NULL;
	stay->judged.verdict.would_allow = NULL;
	stay_judge_anew(stay);
}

void
stay_stop_waiting(struct stay *stay)
{
	if (stay->waits.since_usec == 0)
		return;
	stay->waits.since_usec = 0;
	free(stay->waits.peers);
	stay->waits.peers = NULL;
	stay->waits.peers_known = false;
	stay_note_change(stay);
}

/* Sets whether a member is unproved, where nothing else follows from that. */
static void
set_unproved(struct stay *stay, struct member *member, bool unproved)
{
	stay->tally->unproved += unproved;
	stay->tally->unproved -= member->unproved;
	member->unproved = unproved;
}

static void
clear_members(struct stay *stay)
{
	for (uint32_t i = 0; i < stay->is.member_count; i++) {
		(void)owner_unref(stay->is.members[i].owner);
		stay->tally->unproved -= stay->is.members[i].unproved;
	}
	free(stay->is.members);
	stay->is.members = NULL;
	stay->is.member_count = stay->is.member_room = stay->is.live = 0;
}

static void
fill_member(struct member *member, const struct listener *listener, uint64_t taken_usec)
{
	*member = (struct member){
		.cookie = listener->cookie,
		.cgroup = listener->cgroup,
		.inode = listener->inode,
		.uid = listener->uid,
		.choice = listener->choice,
		.v6only = listener->v6only,
		.owner_wanted = true,
		.since_usec = taken_usec,
		.present_usec = taken_usec,
	};
}

struct stay *
stay_new(struct stay_tally *tally, const struct listener *listener, uint64_t taken_usec)
{
	struct stay *stay = calloc(1, sizeof(*stay));
	struct member *member = calloc(1, sizeof(*member));

	if (stay == NULL || member == NULL) {
		free(stay);
		free(member);
		return NULL;
	}
	fill_member(member, listener, taken_usec);
	*stay = (struct stay){
		.tally = tally,
		.is = {
			.endpoint = listener->endpoint,
			.state = STAY_NEW,
			.first_seen_usec = taken_usec,
			.absent_usec = USEC_NEVER,
			.members = member,
			.member_count = 1,
			.member_room = 1,
			.live = 1,
		},
		.told.severity = SEVERITY_OFF,
	};
	tally->wants_owners = true;
	stay_note_change(stay);
	return stay;
}

struct company *
stay_make_company(struct stay *stay)
{
	struct company *company = stay->told.company;

	if (company == NULL)
		company = calloc(1, sizeof(*company));
	if (company != NULL && stay->told.company == NULL) {
		company->due_usec = USEC_NEVER;
		company->severity = stay->told.severity;
	}
	stay->told.company = company;
	return company;
}

static void
drop_company(struct stay *stay)
{
	struct company *company = stay->told.company;

	if (company == NULL)
		return;
	for (uint32_t i = 0; i < company->count; i++)
		(void)owner_unref(company->reported[i].owner);
	(void)owner_unref(company->stranger);
	(void)owner_unref(company->left);
	free(company);
	stay->told.company = NULL;
}

void
stay_free(struct stay *stay)
{
	clear_members(stay);
	drop_company(stay);
	free(stay->waits.peers);
	free(stay);
}

static int
compare_member(const void *key, const void *member)
{
	uint64_t cookie = *(const uint64_t *)key, other = ((const struct member *)member)->cookie;

	return cookie < other ? -1 : cookie > other;
}

/* The index of the first member at or behind the cookie. */
static uint32_t
member_bound(const struct stay *stay, uint64_t cookie)
{
	uint32_t count = stay->is.member_count;

	/* Newcomers come in the order of their cookies. */
	if (count > 0 && stay->is.members[count - 1].cookie < cookie)
		return count;
	return (uint32_t)search_bound(&cookie, stay->is.members, count, sizeof(*stay->is.members),
	    compare_member);
}

struct member *
stay_find_member(const struct stay *stay, uint64_t cookie)
{
	uint32_t index = member_bound(stay, cookie);

	return index < stay->is.member_count && stay->is.members[index].cookie == cookie ?
	    &stay->is.members[index] :
	    NULL;
}

struct listener
stay_listener(const struct stay *stay, const struct member *member)
{
	return (struct listener){
		.endpoint = stay->is.endpoint,
		.cookie = member->cookie,
		.inode = member->inode,
		.uid = member->uid,
		.choice = member->choice,
		.v6only = member->v6only,
	};
}

int
stay_join(struct stay *stay, const struct listener *listener, uint64_t taken_usec)
{
	struct stay_facts *is = &stay->is;
	uint32_t index = member_bound(stay, listener->cookie), behind = is->member_count - index;
	struct member *members = is->members;
	size_t room = is->member_room;

	if (behind > 0 && members[index].cookie == listener->cookie) {
		is->live += members[index].gone;
		members[index].gone = false;
		stay_note_change(stay);
		return 0;
	}
	if (array_reserve(&is->members, &room, is->member_count + 1, UINT32_MAX) < 0)
		return -ENOMEM;
	is->member_room = (uint32_t)room;
	members = is->members;
	memmove(&members[index + 1], &members[index], behind * sizeof(*members));
	fill_member(&members[index], listener, taken_usec);
	is->member_count++;
	is->live++;
	stay->judged.worst += index <= stay->judged.worst;
	stay->tally->wants_owners = true;
	stay_judge_anew(stay);
	return 0;
}

void
stay_note_seen(struct stay *stay, struct member *member, bool seen, uint64_t seen_usec)
{
	set_unproved(stay, member, !seen);
	if (!seen)
		member->present_usec = seen_usec;
	stay_judge_anew(stay);
}

void
stay_lose(struct stay *stay, struct member *member, uint64_t seen_usec)
{
	set_unproved(stay, member, false);
	member->gone = true;
	stay->is.live--;
	/* The last of a group that was seen for certain says when the stay was. */
	if (stay->is.last_seen_usec < seen_usec)
		stay->is.last_seen_usec = seen_usec;
	stay_judge_anew(stay);
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

/* False where nothing can be told apart: no program, or a service manager, which holds what it
 * hands to services. */
static bool
is_program(const struct process *process)
{
	return process->exe[0] != '\0' && !process_is_manager(process);
}

/* How many hashes the owner's programs have; *ret_known: one of them is `hash`. */
static size_t
count_hashes(const struct owner *owner, uint64_t hash, bool *ret_known)
{
	uint64_t hashes[2];
	size_t count = 0;

	for (uint32_t i = 0; owner != NULL && i < owner->process_count; i++) {
		if (!is_program(owner->processes[i]))
			continue;
		for (size_t j = identify(owner->processes[i], hashes); j-- > 0; count++)
			*ret_known = *ret_known || hashes[j] == hash;
	}
	return count;
}

/* With whose sockets a member is compared: on an endpoint of UDP anybody may have some beside it,
 * one of TCP is one user's at a time. */
static uint32_t
user_of(const struct stay *stay, const struct member *member)
{
	return stay->is.endpoint.protocol == PROTOCOL_UDP ? member->uid : 0;
}

static bool
has_changed(const struct stay *stay, uint32_t user)
{
	const struct company *company = stay->told.company;

	if (!stay->is.program_changed || stay->is.endpoint.protocol != PROTOCOL_UDP)
		return stay->is.program_changed;
	for (uint32_t i = 0; company != NULL && i < company->changed_count; i++)
		if (company->changed_users[i] == user)
			return true;
	return false;
}

static void
note_changed(struct stay *stay, uint32_t user)
{
	struct company *company;

	stay->is.program_changed = true;
	if (stay->is.endpoint.protocol != PROTOCOL_UDP)
		return;
	company = stay_make_company(stay);
	if (company != NULL && company->changed_count < STAY_CHANGED_MAX)
		company->changed_users[company->changed_count++] = user;
}

bool
stay_changed(const struct stay *stay, const struct member *member)
{
	return has_changed(stay, user_of(stay, member));
}

/* True where a program with this hash holds the user's sockets of the stay or held them; *ret_any:
 * where any one does. */
static bool
knows(const struct stay *stay, uint32_t user, uint64_t hash, bool *ret_any)
{
	const struct company *company = stay->told.company;
	uint32_t count = company == NULL ? 0 : company->program_count;
	bool known = false;

	*ret_any = false;
	for (uint32_t i = 0; i < count && !known; i++) {
		if (company->program_users[i] != user)
			continue;
		*ret_any = true;
		known = company->programs[i] == hash;
	}
	for (uint32_t i = 0; i < stay->is.member_count && i < STAY_PROGRAMS_MAX && !known; i++)
		if (user_of(stay, &stay->is.members[i]) == user &&
		    count_hashes(stay->is.members[i].owner, hash, &known) > 0)
			*ret_any = true;
	return known;
}

/* Nearly every stay has one program, and its owner says which: only what is not seen there any more
 * takes room. */
static void
remember(struct stay *stay, uint32_t user, uint64_t hash)
{
	struct company *company = stay_make_company(stay);

	if (company == NULL || company->program_count == STAY_PROGRAMS_MAX)
		return;
	for (uint32_t i = 0; i < company->program_count; i++)
		if (company->programs[i] == hash && company->program_users[i] == user)
			return;
	company->program_users[company->program_count] = user;
	company->programs[company->program_count++] = hash;
}

/* An owner leaves a socket of that user's, and another is there. */
static void
remember_programs(struct stay *stay, uint32_t user, const struct owner *left,
    const struct owner *there)
{
	uint64_t hashes[2];

	/* Who held it matters only until another program did. */
	if (left == NULL || left == there || has_changed(stay, user))
		return;
	for (uint32_t i = 0; i < left->process_count; i++) {
		if (!is_program(left->processes[i]))
			continue;
		for (size_t j = identify(left->processes[i], hashes); j-- > 0;) {
			bool known = false;

			(void)count_hashes(there, hashes[j], &known);
			if (!known)
				remember(stay, user, hashes[j]);
		}
	}
}

void
stay_note_program(struct stay *stay, const struct member *member, const struct owner *owner)
{
	bool known = false, any = false, others = false;
	uint32_t user = user_of(stay, member);
	bool changed = has_changed(stay, user);
	uint64_t hashes[2];

	for (uint32_t i = 0; i < owner->process_count && !changed; i++) {
		if (!is_program(owner->processes[i]))
			continue;
		any = true;
		for (size_t j = identify(owner->processes[i], hashes); j-- > 0 && !known;)
			known = knows(stay, user, hashes[j], &others);
	}
	if (any && !known && others)
		note_changed(stay, user);
	remember_programs(stay, user, member->owner, owner);
}

/* What held one of them, `there` or not. */
static void
remember_member(struct stay *stay, const struct member *left, const struct member *there)
{
	uint32_t user = user_of(stay, left);
	bool same = there != NULL && user_of(stay, there) == user;

	remember_programs(stay, user, left->owner, same ? there->owner : NULL);
}

static void
remember_lost(struct stay *stay, const struct member *there)
{
	for (uint32_t i = 0; i < stay->is.member_count; i++)
		if (stay->is.members[i].gone)
			remember_member(stay, &stay->is.members[i], there);
}

void
stay_drop_lost(struct stay *stay)
{
	const struct member *there = NULL;
	uint32_t kept = 0, worst = 0;

	if (stay->is.live == stay->is.member_count)
		return;
	for (uint32_t i = 0; i < stay->is.member_count && there == NULL; i++)
		if (!stay->is.members[i].gone)
			there = &stay->is.members[i];
	remember_lost(stay, there);
	for (uint32_t i = 0; i < stay->is.member_count; i++) {
		if (stay->is.members[i].gone) {
			(void)owner_unref(stay->is.members[i].owner);
			continue;
		}
		if (i == stay->judged.worst)
			worst = kept;
		stay->is.members[kept++] = stay->is.members[i];
	}
	stay->is.member_count = kept;
	stay->judged.worst = worst;
	stay_note_change(stay);
}

void
stay_hand_over(struct stay *stay, struct stay *former)
{
	stay->is.members[0].reported = former->is.members[0].reported;
	stay->is.members[0].suspected = former->is.members[0].suspected;
	for (uint32_t i = 0; i < former->is.member_count; i++)
		remember_member(former, &former->is.members[i], &stay->is.members[0]);
	former->is.program_changed = former->is.program_changed || stay->is.program_changed;
	clear_members(former);
	former->is.members = stay->is.members;
	former->is.member_count = stay->is.member_count;
	former->is.member_room = stay->is.member_room;
	former->is.live = stay->is.live;
	former->judged.worst = stay->judged.worst;
	stay->is.members = NULL;
	stay->is.member_count = stay->is.member_room = stay->is.live = 0;
	stay_judge_anew(former);
}

/* Forgets the members, which are another's now. */
static void
leave_members(struct stay *stay)
{
	free(stay->is.members);
	stay->is.members = NULL;
	stay->is.member_count = stay->is.member_room = stay->is.live = 0;
}

int
stay_merge(struct stay *stay, struct stay *former)
{
	const struct stay_facts *from = &stay->is;
	struct stay_facts *to = &former->is;
	uint32_t total = from->member_count + to->member_count, f = 0, t = 0, worst = 0;
	struct member *members = calloc(total, sizeof(*members));

	if (members == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < total; i++) {
		bool own = f == from->member_count ||
		    (t < to->member_count && to->members[t].cookie < from->members[f].cookie);

		if (own && t == former->judged.worst)
			worst = i;
		members[i] = own ? to->members[t++] : from->members[f++];
	}
	free(to->members);
	to->members = members;
	to->member_count = to->member_room = total;
	to->live += from->live;
	former->judged.worst = worst;
	leave_members(stay);
	stay_judge_anew(former);
	return 0;
}

uint64_t
stay_last_present_usec(const struct stay *stay)
{
	uint64_t last_usec = 0;

	for (uint32_t i = 0; i < stay->is.member_count; i++)
		if (stay->is.members[i].present_usec > last_usec)
			last_usec = stay->is.members[i].present_usec;
	return last_usec;
}

bool
stay_is_seen(const struct stay *stay)
{
	if (stay->tally->unproved == 0)
		return stay->is.live > 0;
	for (uint32_t i = 0; i < stay->is.member_count; i++)
		if (!stay->is.members[i].gone && !stay->is.members[i].unproved)
			return true;
	return false;
}

uint64_t
stay_age_usec(const struct stay *stay, uint64_t now_usec)
{
	if (stay->is.state == STAY_AWAY || stay->is.state == STAY_ENDED)
		now_usec = stay->is.last_seen_usec;
	else if (!stay_is_seen(stay))
		now_usec = stay_last_present_usec(stay);
	return now_usec > stay->is.first_seen_usec ? now_usec - stay->is.first_seen_usec : 0;
}

const struct process *
stay_process(const struct stay *stay)
{
	const struct owner *owner = stay->is.members[stay->judged.worst].owner;

	return owner == NULL ? NULL : owner_first(owner);
}
