/* SPDX-License-Identifier: MIT */
/*
 * Who changes ports to stay below a threshold. The stays of one owner (model/owner.h, "same owner",
 * with protocol) that follow each other within the grace are a chain, whatever address they are
 * bound to; how long any of them was there counts, so that twenty listeners at once for a minute
 * are a minute. A chain is as exposed and as grave as the worst of them. On a port that several
 * owners share, each owner's time is a tenure (tenures.c), which counts as a stay does.
 *
 * What it never does: judge. Whether a chain is told, at which age and how grave, is tell.c's.
 *
 * Invariants: a chain has an owner that is a known process; a stay or tenure that points to a chain
 * is counted in `live`, and a chain where some live is never dropped. Memory: HOPPING_CHAINS_MAX
 * chains of 120 bytes, HOPPING_TENURES_MAX tenures of 56. Cost: a comparison with each chain when a
 * stay comes or leaves, and with each stay when it leaves, bounded by the budget of a pass; nothing
 * per poll for a stay that is in none.
 */
#include <errno.h>
#include <stdlib.h>

#include "engine/hopping.h"
#include "model/creator.h"

void
hopping_clear(struct hopping *hopping)
{
	for (size_t i = 0; i < hopping->count; i++) {
		(void)owner_unref(hopping->chains[i]->owner);
		free(hopping->chains[i]);
	}
	for (size_t i = 0; i < hopping->tenure_count; i++)
		(void)owner_unref(hopping->tenures[i].owner);
	free(hopping->tenures);
	hopping->tenures = NULL;
	hopping->count = hopping->tenure_count = hopping->tenure_room = 0;
	hopping->chain_accounts = hopping->tenure_accounts = (struct fair_accounts){ 0 };
}

static void
remove_at(struct hopping *hopping, size_t index)
{
	fair_release(&hopping->chain_accounts, hopping->chains[index]->account);
	(void)owner_unref(hopping->chains[index]->owner);
	free(hopping->chains[index]);
	hopping->chains[index] = hopping->chains[--hopping->count];
}

/* The owner by which a stay is told apart, NULL where nobody knows. */
static struct owner *
owner_of(const struct stay *stay)
{
	struct owner *owner = stay->is.members[stay->judged.worst].owner;

	return owner != NULL && owner->kind == OWNER_PROCESS ? owner : NULL;
}

struct tenure
hopping_tenure_of(struct stay *stay)
{
	return (struct tenure){
		.stay = stay,
		.owner = owner_of(stay),
		.chain = stay->is.chain,
		.from_usec = stay->is.first_seen_usec,
		.uid = stay->is.members[stay->judged.worst].uid,
		.severity = (uint8_t)stay->judged.verdict.severity,
	};
}

static struct chain *
find_chain(const struct hopping *hopping, const struct tenure *tenure)
{
	for (size_t i = 0; i < hopping->count; i++) {
		struct chain *chain = hopping->chains[i];

		if (chain->protocol == tenure->stay->is.endpoint.protocol &&
		    owner_same(chain->owner, tenure->owner))
			return chain;
	}
	return NULL;
}

static void
note_port(struct chain *chain, uint16_t port, uint64_t from_usec)
{
	if (chain->newest_usec < from_usec)
		chain->newest_usec = from_usec;
	if (chain->port_count > 0 && chain->ports[chain->port_count - 1] == port)
		return;
	chain->hops += chain->port_count > 0;
	if (chain->port_count < REPORT_PORTS_MAX)
		chain->port_count++;
	chain->ports[chain->port_count - 1] = port;
}

void
hopping_note_rank(const struct tenure *tenure)
{
	enum exposure exposure = endpoint_exposure(&tenure->stay->is.endpoint);
	struct chain *chain = tenure->chain;

	if (chain->exposure < exposure)
		chain->exposure = (uint8_t)exposure;
	if (chain->severity > tenure->severity)
		chain->severity = tenure->severity;
}

static void
enter(struct chain *chain, const struct stay *stay, uint64_t from_usec)
{
	chain->live++;
	note_port(chain, stay->is.endpoint.port, from_usec);
}

static void
join(struct stay *stay, struct chain *chain)
{
	stay->is.chain = chain;
	stay_note_change(stay);
	enter(chain, stay, stay->is.first_seen_usec);
}

/* True where it came no later than the grace after the chain's last one left. */
static bool
goes_on(const struct chain *chain, uint64_t from_usec, uint64_t grace_usec)
{
	return chain->live > 0 || from_usec <= chain->until_usec ||
	    from_usec - chain->until_usec <= grace_usec;
}

/* The chain that it goes on with, NULL = none. */
static struct chain *
find_own(const struct hopping *hopping, const struct tenure *tenure, uint64_t grace_usec)
{
	struct chain *chain =
	    tenure->owner == NULL || tenure->chain != NULL ? NULL : find_chain(hopping, tenure);

	return chain != NULL && goes_on(chain, tenure->from_usec, grace_usec) ? chain : NULL;
}

void
hopping_join(struct hopping *hopping, struct stay *stay, uint64_t grace_usec)
{
	struct tenure tenure = hopping_tenure_of(stay);
	struct chain *chain = find_own(hopping, &tenure, grace_usec);

	if (chain != NULL)
		join(stay, chain);
}

void
hopping_join_tenure(struct hopping *hopping, struct tenure *tenure, uint64_t grace_usec)
{
	struct chain *chain = find_own(hopping, tenure, grace_usec);

	/* Others joined an owner who was there before: that is no hop of its. */
	if (chain == NULL || tenure->from_usec <= chain->newest_usec)
		return;
	tenure->chain = chain;
	enter(tenure->chain, tenure->stay, tenure->from_usec);
}

/* True where it is the better one to forget. */
static bool
is_older(const struct chain *a, const struct chain *b)
{
	if ((a->hops == 0) != (b->hops == 0))
		return a->hops == 0;
	return a->until_usec < b->until_usec;
}

static bool
has_room(const struct hopping *hopping, unsigned account)
{
	return fair_has_share(&hopping->chain_accounts, account, 1, HOPPING_CHAINS_OWN_MAX,
	    HOPPING_CHAINS_MAX);
}

/* Room for one more of the account: of its chains nobody lives in, those that never hopped first,
 * the one that was left longest ago makes it. */
static bool
make_room(struct hopping *hopping, unsigned account, uint32_t uid)
{
	size_t oldest = hopping->count;

	if (has_room(hopping, account))
		return true;
	for (size_t i = 0; i < hopping->count; i++)
		if (hopping->chains[i]->account == account && hopping->chains[i]->live == 0 &&
		    (oldest == hopping->count ||
			is_older(hopping->chains[i], hopping->chains[oldest])))
			oldest = i;
	if (oldest == hopping->count)
		return false;
	shortages_note(hopping->shortages, SHORT_OF_FOLLOWED, uid, 1);
	remove_at(hopping, oldest);
	return true;
}

/* What it was before is over, whoever begins it now. */
static void
reset(struct chain *chain, uint64_t from_usec)
{
	chain->covered_usec = chain->newest_usec = 0;
	chain->hops = chain->told_hops = chain->port_count = 0;
	chain->exposure = EXPOSURE_LOOPBACK;
	chain->severity = SEVERITY_OFF;
	chain->told = false;
	chain->until_usec = from_usec;
}

static struct chain *
begin_chain(struct hopping *hopping, const struct tenure *tenure)
{
	unsigned account = fair_account(&hopping->chain_accounts, tenure->uid);
	struct chain *chain;

	if (!make_room(hopping, account, tenure->uid))
		return NULL;
	chain = calloc(1, sizeof(*chain));
	if (chain == NULL)
		return NULL;
	chain->account = (uint8_t)account;
	fair_charge(&hopping->chain_accounts, account, tenure->uid);
	chain->owner = owner_ref(tenure->owner);
	chain->protocol = tenure->stay->is.endpoint.protocol;
	reset(chain, tenure->from_usec);
	hopping->chains[hopping->count++] = chain;
	return chain;
}

/* The chain that one which left lengthens, NULL = there is no room. */
static struct chain *
find_or_begin(struct hopping *hopping, const struct tenure *tenure, uint64_t grace_usec)
{
	struct chain *chain = tenure->chain != NULL ? tenure->chain : find_chain(hopping, tenure);

	/* Its owner had been away for too long: a new chain in the old one's place. */
	if (chain != NULL && tenure->chain == NULL &&
	    !goes_on(chain, tenure->from_usec, grace_usec))
		reset(chain, tenure->from_usec);
	return chain != NULL ? chain : begin_chain(hopping, tenure);
}

int
hopping_prepare(struct hopping *hopping, const struct tenure *tenure, uint64_t grace_usec)
{
	if (find_or_begin(hopping, tenure, grace_usec) != NULL)
		return 0;
	return has_room(hopping, fair_account(&hopping->chain_accounts, tenure->uid)) ? -ENOMEM : 0;
}

void
hopping_lengthen(struct hopping *hopping, const struct tenure *tenure, uint64_t until_usec,
    uint64_t grace_usec)
{
	struct chain *chain = find_or_begin(hopping, tenure, grace_usec);
	struct tenure own = *tenure;

	if (chain == NULL) {
		shortages_note(hopping->shortages, SHORT_OF_FOLLOWED, tenure->uid, 1);
		return;
	}
	own.chain = chain;
	/* One that goes on with a chain was counted when it came; those that were opened together
	 * are no hops, in whatever order they are closed. */
	if (tenure->chain == NULL &&
	    (chain->port_count == 0 || tenure->from_usec > chain->newest_usec))
		note_port(chain, tenure->stay->is.endpoint.port, tenure->from_usec);
	if (tenure->severity != SEVERITY_OFF)
		hopping_note_rank(&own);
	if (own.from_usec < chain->until_usec)
		own.from_usec = chain->until_usec;
	if (until_usec > own.from_usec)
		chain->covered_usec += until_usec - own.from_usec;
	if (until_usec > chain->until_usec)
		chain->until_usec = until_usec;
}

void
hopping_leave(struct hopping *hopping, struct stay *stay, uint64_t grace_usec)
{
	struct tenure tenure = hopping_tenure_of(stay);

	/* One that left earlier may not have been judged; one that goes on with a chain was noted
	 * while it was there. */
	if (stay->is.before_away == STAY_NEW)
		tenure.severity = SEVERITY_OFF;
	/* Nobody knows any more whose it was. */
	if (tenure.owner != NULL)
		hopping_lengthen(hopping, &tenure, stay->is.last_seen_usec, grace_usec);
	hopping_drop(stay);
}

/* Ports that were opened together are no hops: it has to have come later. A stay that several
 * share is none of its owner's own. */
static bool
may_follow(const struct stay *stay, const struct tenure *left)
{
	return (stay->is.state == STAY_NEW || stay->is.state == STAY_PERSISTING) &&
	    stay->is.chain == NULL && stay->is.compared && !stay->told.overstayed &&
	    !stay->judged.verdict.allowed && !stay->is.shared &&
	    stay->is.endpoint.protocol == left->stay->is.endpoint.protocol &&
	    stay->is.first_seen_usec > left->from_usec && owner_of(stay) != NULL;
}

/* The stay that follows, NULL = none. */
static struct stay *
find_next_stay(const struct track *track, const struct tenure *left, size_t *budget)
{
	struct stay *last = NULL;

	for (size_t i = 0; i<track->count && * budget> 0; i++, (*budget)--) {
		struct stay *stay = track->stays[i];

		if (may_follow(stay, left) &&
		    creator_same(owner_of(stay), stay->is.members[stay->judged.worst].uid,
			left->owner, left->uid) &&
		    (last == NULL || stay->is.first_seen_usec > last->is.first_seen_usec))
			last = stay;
	}
	return last;
}

/* The same of a tenure. */
static struct tenure *
find_next_tenure(const struct hopping *hopping, const struct tenure *left, size_t *budget)
{
	struct tenure *last = NULL;

	for (size_t i = 0; i<hopping->tenure_count && * budget> 0; i++, (*budget)--) {
		struct tenure *tenure = &hopping->tenures[i];

		if (tenure->chain == NULL && tenure->from_usec > left->from_usec &&
		    tenure->stay->is.endpoint.protocol == left->stay->is.endpoint.protocol &&
		    creator_same(tenure->owner, tenure->uid, left->owner, left->uid) &&
		    (last == NULL || tenure->from_usec > last->from_usec))
			last = tenure;
	}
	return last;
}

void
hopping_follow(struct hopping *hopping, const struct track *track, const struct tenure *left,
    size_t *budget)
{
	struct chain *chain = left->owner == NULL ? NULL : find_chain(hopping, left);
	struct tenure *tenure;
	struct stay *stay;

	if (chain == NULL || chain->live > 0)
		return;
	stay = find_next_stay(track, left, budget);
	tenure = find_next_tenure(hopping, left, budget);
	if (tenure != NULL && (stay == NULL || tenure->from_usec > stay->is.first_seen_usec)) {
		tenure->chain = chain;
		enter(chain, tenure->stay, tenure->from_usec);
	} else if (stay != NULL)
		join(stay, chain);
}

void
hopping_forget_rules(struct hopping *hopping)
{
	for (size_t i = 0; i < hopping->count; i++)
		hopping->chains[i]->severity = SEVERITY_OFF;
}

void
hopping_drop(struct stay *stay)
{
	if (stay->is.chain == NULL)
		return;
	stay->is.chain->live--;
	stay->is.chain = NULL;
	stay_note_change(stay);
}

uint64_t
hopping_span_usec(const struct chain *chain, uint64_t from_usec, uint64_t now_usec)
{
	if (from_usec < chain->until_usec)
		from_usec = chain->until_usec;
	return chain->covered_usec + (now_usec > from_usec ? now_usec - from_usec : 0);
}

uint64_t
hopping_sweep(struct hopping *hopping, uint64_t now_usec, uint64_t grace_usec)
{
	/* A stay that came within the grace may still wait for its owner's name. */
	uint64_t kept_usec = grace_usec + USEC_PER_MIN, next_usec = USEC_NEVER;

	for (size_t i = hopping->count; i-- > 0;) {
		const struct chain *chain = hopping->chains[i];

		if (chain->live > 0)
			continue;
		if (now_usec - chain->until_usec > kept_usec)
			remove_at(hopping, i);
		else if (chain->until_usec + kept_usec < next_usec)
			next_usec = chain->until_usec + kept_usec + 1;
	}
	return next_usec;
}
