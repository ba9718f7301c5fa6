/* SPDX-License-Identifier: MIT */
/*
 * Who changes ports to stay below a threshold. The stays of one owner (model/owner.h, "same owner",
 * with protocol) that follow each other within the grace are a chain, whatever address they are
 * bound to; how long any of them was there counts, so that twenty listeners at once for a minute
 * are a minute. A chain is as exposed and as grave as the worst of them.
 *
 * What it never does: judge. Whether a chain is told, at which age and how grave, is tell.c's.
 *
 * Invariants: a chain has an owner that is a known process; a stay that points to a chain is
 * counted in `live`, and a chain with live stays is never dropped. Memory: HOPPING_CHAINS_MAX
 * chains of 112 bytes. Cost: a comparison with each chain when a stay comes or leaves, and with
 * each stay when it leaves, bounded by the budget of a pass; nothing per poll for a stay that is in
 * none.
 */
#include <stdlib.h>

#include "engine/hopping.h"

void
hopping_clear(struct hopping *hopping)
{
	for (size_t i = 0; i < hopping->count; i++) {
		(void)owner_unref(hopping->chains[i]->owner);
		free(hopping->chains[i]);
	}
	hopping->count = 0;
}

static void
remove_at(struct hopping *hopping, size_t index)
{
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

static struct chain *
find_chain(const struct hopping *hopping, const struct stay *stay, const struct owner *owner)
{
	for (size_t i = 0; i < hopping->count; i++) {
		struct chain *chain = hopping->chains[i];

		if (chain->protocol == stay->is.endpoint.protocol &&
		    owner_same(chain->owner, owner))
			return chain;
	}
	return NULL;
}

static void
note_port(struct chain *chain, uint16_t port)
{
	if (chain->port_count > 0 && chain->ports[chain->port_count - 1] == port)
		return;
	chain->hops += chain->port_count > 0;
	if (chain->port_count < REPORT_PORTS_MAX)
		chain->port_count++;
	chain->ports[chain->port_count - 1] = port;
}

static void
note_rank(struct chain *chain, const struct stay *stay)
{
	enum exposure exposure = endpoint_exposure(&stay->is.endpoint);

	if (chain->exposure < exposure)
		chain->exposure = (uint8_t)exposure;
	if (chain->severity > stay->judged.verdict.severity)
		chain->severity = (uint8_t)stay->judged.verdict.severity;
}

static void
join(struct stay *stay, struct chain *chain)
{
	stay->is.chain = chain;
	stay_note_change(stay);
	chain->live++;
	note_port(chain, stay->is.endpoint.port);
}

/* True where the stay came no later than the grace after the chain's last one left. */
static bool
goes_on(const struct chain *chain, const struct stay *stay, uint64_t grace_usec)
{
	return chain->live > 0 || stay->is.first_seen_usec <= chain->until_usec ||
	    stay->is.first_seen_usec - chain->until_usec <= grace_usec;
}

void
hopping_join(struct hopping *hopping, struct stay *stay, uint64_t grace_usec)
{
	struct owner *owner = owner_of(stay);
	struct chain *chain =
	    owner == NULL || stay->is.chain != NULL ? NULL : find_chain(hopping, stay, owner);

	if (chain != NULL && goes_on(chain, stay, grace_usec))
		join(stay, chain);
}

/* True where it is the better one to forget. */
static bool
is_older(const struct chain *a, const struct chain *b)
{
	if ((a->hops == 0) != (b->hops == 0))
		return a->hops == 0;
	return a->until_usec < b->until_usec;
}

/* Room for one more: of the chains nobody lives in, those that never hopped first, the one that was
 * left longest ago makes it. */
static bool
make_room(struct hopping *hopping)
{
	size_t oldest = hopping->count;

	if (hopping->count < HOPPING_CHAINS_MAX)
		return true;
	for (size_t i = 0; i < hopping->count; i++)
		if (hopping->chains[i]->live == 0 &&
		    (oldest == hopping->count ||
			is_older(hopping->chains[i], hopping->chains[oldest])))
			oldest = i;
	if (oldest == hopping->count)
		return false;
	remove_at(hopping, oldest);
	return true;
}

/* What it was before is over, whoever begins it now. */
static void
reset(struct chain *chain, uint64_t from_usec)
{
	chain->covered_usec = 0;
	chain->hops = chain->told_hops = chain->port_count = 0;
	chain->exposure = EXPOSURE_LOOPBACK;
	chain->severity = SEVERITY_OFF;
	chain->told = false;
	chain->until_usec = from_usec;
}

static struct chain *
begin_chain(struct hopping *hopping, const struct stay *stay, struct owner *owner)
{
	struct chain *chain;

	if (!make_room(hopping))
		return NULL;
	chain = calloc(1, sizeof(*chain));
	if (chain == NULL)
		return NULL;
	chain->owner = owner_ref(owner);
	chain->protocol = stay->is.endpoint.protocol;
	reset(chain, stay->is.first_seen_usec);
	hopping->chains[hopping->count++] = chain;
	return chain;
}

void
hopping_leave(struct hopping *hopping, struct stay *stay, uint64_t grace_usec)
{
	struct owner *owner = owner_of(stay);
	struct chain *chain = stay->is.chain;
	uint64_t from_usec = stay->is.first_seen_usec;

	if (owner == NULL) {
		/* Nobody knows any more whose it was. */
		hopping_drop(stay);
		return;
	}
	if (chain == NULL)
		chain = find_chain(hopping, stay, owner);
	/* Its owner had been away for too long: a new chain in the old one's place. */
	if (chain != NULL && stay->is.chain == NULL && !goes_on(chain, stay, grace_usec))
		reset(chain, stay->is.first_seen_usec);
	if (chain == NULL)
		chain = begin_chain(hopping, stay, owner);
	if (chain == NULL)
		return;
	note_port(chain, stay->is.endpoint.port);
	/* One that left earlier may not have been judged; one that goes on with a chain was noted
	 * while it was there. */
	if (stay->is.before_away != STAY_NEW)
		note_rank(chain, stay);
	if (from_usec < chain->until_usec)
		from_usec = chain->until_usec;
	if (stay->is.last_seen_usec > from_usec)
		chain->covered_usec += stay->is.last_seen_usec - from_usec;
	if (stay->is.last_seen_usec > chain->until_usec)
		chain->until_usec = stay->is.last_seen_usec;
	hopping_drop(stay);
}

/* Ports that were opened together are no hops: it has to have come later. */
static bool
may_follow(const struct stay *stay, const struct stay *left)
{
	return (stay->is.state == STAY_NEW || stay->is.state == STAY_PERSISTING) &&
	    stay->is.chain == NULL && stay->is.compared && !stay->told.overstayed &&
	    !stay->judged.verdict.allowed &&
	    stay->is.endpoint.protocol == left->is.endpoint.protocol &&
	    stay->is.first_seen_usec > left->is.first_seen_usec && owner_of(stay) != NULL;
}

void
hopping_follow(struct hopping *hopping, const struct track *track, const struct stay *left,
    size_t *budget)
{
	struct owner *owner = owner_of(left);
	struct chain *chain = owner == NULL ? NULL : find_chain(hopping, left, owner);
	struct stay *last = NULL;

	if (chain == NULL || chain->live > 0)
		return;
	for (size_t i = 0; i<track->count && * budget> 0; i++, (*budget)--) {
		struct stay *stay = track->stays[i];

		if (may_follow(stay, left) && owner_same(owner_of(stay), owner) &&
		    (last == NULL || stay->is.first_seen_usec > last->is.first_seen_usec))
			last = stay;
	}
	if (last != NULL)
		join(last, chain);
}

void
hopping_note_rank(const struct stay *stay)
{
	note_rank(stay->is.chain, stay);
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
hopping_span_usec(const struct stay *stay, uint64_t now_usec)
{
	const struct chain *chain = stay->is.chain;
	uint64_t from_usec = stay->is.first_seen_usec > chain->until_usec ?
	    stay->is.first_seen_usec :
	    chain->until_usec;

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
