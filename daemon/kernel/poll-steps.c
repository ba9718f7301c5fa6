/* SPDX-License-Identifier: MIT */
/*
 * One poll at the listeners, as a sequence of requests:
 *
 *	DUMP       the listeners of the range: TCP, UDP over IPv4, UDP over IPv6
 *	STRETCHES  where many endpoints lack a socket: what is on these ports? (stretches.c)
 *	AGAIN      the listeners once more, where more are left than may be asked for singly
 *	PROOF      each endpoint that lacks a socket, by itself: is it really gone? (proof.c)
 *	CHOICE     the ports with sockets that are new, or where that was not learnt before: picked
 *	           by the kernel, asked for by the program? Of many ports: all, in two dumps
 *
 * Truth: a dump may miss an entry while the table changes under the walk, and does not say so. A
 * socket is absent only if a dump of its one endpoint lacks it too. A bucket is walked under one
 * lock, so only an answer of more than one datagram can skip: it is repeated once, then the socket
 * is carried. Where a crowd keeps it so, three complete dumps in three polls that lack it are the
 * proof (POLL_LACKING_MAX). How many may be carried is bounded, fair to every user.
 * An incomplete dump proves presence only: all that is missing in it is carried on as carried.
 * That holds for its own protocol and family, the others are not concerned.
 * A poll that took its time is hurried: what is not proved by then is carried, too.
 * Of /proc/net two reads are all the proof there is.
 *
 * Most polls bring what the last one had, and nothing else. The listeners of the last one are
 * recognized as they come (engine/known.c) and only ticked off; the others are collected. Where
 * all are ticked off, nothing else came and nothing was left open, that is the whole result:
 * `repeats`. Else those that were ticked off are copied, and the poll goes on as if it had just
 * read them.
 *
 * Where more are open than can be watched, the last poll's are read as ever, and of the newcomers
 * as many are taken as their users' shares have room for (engine/crowd.c), the first of the dump.
 * The others are counted. A user who has fewer than its share is never short of room for that: then
 * the snapshot has more than can be watched, and the engine says what of the last poll's gives way.
 *
 * What it never does: read a source (the caller does, in steps) or decide what absence means.
 *
 * Cost: the dump and a lookup for each record; a sort, a comparison, PROOF and CHOICE only where
 * something came or went. Memory: two times CROWD_WATCHED_MAX listeners, whatever is open.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/array.h"
#include "engine/diff.h"
#include "kernel/poll-steps.h"
#include "kernel/proof.h"
#include "kernel/requests.h"
#include "kernel/stretches.h"

enum phase {
	PHASE_DUMP,
	PHASE_AGAIN,
	PHASE_STRETCHES,
	PHASE_PROOF,
	PHASE_CHOICE,
	PHASE_DONE,
};

struct poll_steps {
	struct poll_steps_options options;
	struct snapshot *snapshot;
	size_t sealed;	  /* how many of its listeners are in order already, */
	struct diff diff; /* and how they differ from the last poll's */
	bool no_memory;	  /* there is no such difference: this poll cannot be finished */
	enum phase phase;
	struct source_request *questions;
	size_t count, room, next;
	struct stretches stretches; /* of PHASE_STRETCHES, the questions in their order, */
	struct port_filter stretch; /* and the ports of the one that is put */
	struct proofs proofs;	    /* of PHASE_PROOF, the questions in their order */
	bool hurried;		    /* no more of these */
	struct known *known;	    /* of the last poll, NULL = none, or its time is over */
	bool *ticked;		    /* by the index in the last poll */
	size_t ticked_count;
	size_t cursor;	     /* of known_find() */
	size_t newcomers;    /* in PHASE_DUMP: the index of the first in the snapshot, */
	size_t places;	     /* later: how many more are taken */
	struct crowd *crowd; /* NULL = there is room for all */
	uint32_t failed;     /* request_table_bit() of the requests that the source failed at */
	bool twice;	     /* missing in two reads of /proc/net: that is the proof */
};

/* Sockets that are new, or were seen before. */
#define NOT_LEARNT (DIFF_APPEARED | DIFF_PERSISTED)

static void enter(struct poll_steps *steps, enum phase phase);

/* What the request asked for was not seen, or not all of it. */
static void
note_incomplete(struct poll_steps *steps, const struct source_request *request, uint32_t reasons)
{
	snapshot_note_incomplete(steps->snapshot, request->protocol, request->family, reasons);
}

/* Without memory a question is not asked, and what it would have returned is missing. */
static bool
add_question(struct poll_steps *steps, const struct source_request *request)
{
	if (array_reserve(&steps->questions, &steps->room, steps->count + 1, ARRAY_UNBOUNDED) < 0) {
		note_incomplete(steps, request, INCOMPLETE_MEMORY);
		return false;
	}
	steps->questions[steps->count++] = *request;
	return true;
}

static void
add_dump(struct poll_steps *steps, enum choice choice, uint32_t tables)
{
	for (unsigned i = 0; i < REQUEST_TABLES; i++) {
		struct source_request request = request_dump(i, choice, steps->options.filter);

		if ((steps->options.protocols >> request.protocol & 1) != 0 &&
		    (request_table_bit(&request) & tables) != 0)
			(void)add_question(steps, &request);
	}
}

/* Asks which sockets have a port so chosen: of the few ports with something new, or of all. */
static void
ask_for_choice(struct poll_steps *steps, struct request_ports *new, enum choice choice)
{
	if (new->count > REQUEST_PORTS_MAX)
		add_dump(steps, choice, new->tables);
	for (size_t i = 0; i < new->count &&new->count <= REQUEST_PORTS_MAX; i++) {
		new->list[i].choice = choice;
		(void)add_question(steps, &new->list[i]);
	}
}

/* The walk over what is missing, endpoint by endpoint. */
struct missing_walk {
	const struct poll_steps *steps;
	const struct listener *last;
	size_t endpoints;
};

/* Whether the absence of a socket that is missing would mean something, and is not proved yet. */
static bool
is_open(const struct poll_steps *steps, const struct listener *missing)
{
	return snapshot_covers(steps->snapshot, &missing->endpoint) &&
	    !stretches_prove(&steps->stretches, &missing->endpoint);
}

static void
count_missing(const struct listener *before, const struct listener *after, void *argument)
{
	struct missing_walk *walk = argument;

	(void)after;
	if (!is_open(walk->steps, before))
		return;
	walk->endpoints +=
	    walk->last == NULL || endpoint_compare(&walk->last->endpoint, &before->endpoint) != 0;
	walk->last = before;
}

static void
add_proof(const struct listener *before, const struct listener *after, void *argument)
{
	struct poll_steps *steps = argument;
	const struct proof_table seen = { steps->snapshot->listeners, steps->sealed };

	(void)after;
	/* Without memory nothing is asked, and nothing proved. */
	if (is_open(steps, before))
		(void)!proofs_add(&steps->proofs, before, &seen);
}

/* Asks for what is missing, each in its own place. */
static void
ask_for_proof(struct poll_steps *steps)
{
	diff_walk(&steps->diff, DIFF_MISSING, add_proof, steps);
	proofs_choose(&steps->proofs, PROOF_COST_MAX);
	for (size_t i = 0; i < steps->proofs.count; i++) {
		const struct source_request request =
		    request_place(&steps->proofs.list[i].place, steps->options.filter);

		/* A question has its proof's number. */
		if (!add_question(steps, &request))
			return;
	}
}

static void
add_stretch(const struct listener *before, const struct listener *after, void *argument)
{
	struct poll_steps *steps = argument;
	const struct proof_table seen = { steps->snapshot->listeners, steps->sealed };

	(void)after;
	if (is_open(steps, before))
		(void)!stretches_add(&steps->stretches, &before->endpoint, &seen);
}

/* The stretch of a question. Each poll begins at another one: it may be hurried. */
static struct stretch *
stretch_asked(struct poll_steps *steps, size_t question)
{
	size_t begin = steps->options.taken_usec % steps->stretches.count;

	return &steps->stretches.list[(begin + question) % steps->stretches.count];
}

/* Asks for what is missing, many in one question. */
static void
ask_for_stretches(struct poll_steps *steps)
{
	diff_walk(&steps->diff, DIFF_MISSING, add_stretch, steps);
	/* Where very many sockets are seen each question is dear: singly, users take turns. */
	if (stretches_cost(&steps->stretches, steps->sealed) > PROOF_COST_MAX)
		stretches_clear(&steps->stretches);
	for (size_t i = 0; i < steps->stretches.count; i++) {
		const struct source_request request =
		    request_stretch(stretch_asked(steps, i), &steps->stretch);

		if (!add_question(steps, &request))
			return;
	}
}

struct poll_steps *
poll_steps_new(const struct poll_steps_options *options)
{
	struct poll_steps *steps = calloc(1, sizeof(*steps));

	if (steps == NULL)
		return NULL;
	steps->options = *options;
	steps->snapshot = snapshot_new(options->taken_usec);
	if (steps->snapshot == NULL) {
		free(steps);
		return NULL;
	}
	if (options->last != NULL && options->last->known != NULL)
		steps->ticked = calloc(options->last->count, sizeof(*steps->ticked));
	if (steps->ticked != NULL)
		steps->known = options->last->known;
	enter(steps, PHASE_DUMP);
	return steps;
}

struct poll_steps *
poll_steps_free(struct poll_steps *steps)
{
	if (steps == NULL)
		return NULL;
	diff_clear(&steps->diff);
	(void)snapshot_free(steps->snapshot);
	free(steps->questions);
	stretches_clear(&steps->stretches);
	proofs_clear(&steps->proofs);
	(void)crowd_free(steps->crowd);
	free(steps->ticked);
	free(steps);
	return NULL;
}

const struct source_request *
poll_steps_request(const struct poll_steps *steps)
{
	return steps->next < steps->count ? &steps->questions[steps->next] : NULL;
}

/* The socket as an earlier phase reported it, NULL = not at all. */
static struct listener *
find_known(const struct poll_steps *steps, const struct listener *listener)
{
	const struct snapshot known = {
		.listeners = steps->snapshot->listeners,
		.count = steps->sealed,
	};
	const struct listener *found = snapshot_find(&known, listener);

	return found == NULL ? NULL : steps->snapshot->listeners + (found - known.listeners);
}

/* Ticks a socket off that the last poll had. */
static bool
recognize(struct poll_steps *steps, const struct listener *listener)
{
	size_t index =
	    steps->known == NULL ? KNOWN_NONE : known_find(steps->known, listener, &steps->cursor);

	if (index == KNOWN_NONE)
		return false;
	steps->ticked_count += !steps->ticked[index];
	steps->ticked[index] = true;
	return true;
}

static size_t
count_last(const struct poll_steps *steps)
{
	return steps->options.last == NULL ? 0 : steps->options.last->count;
}

/* Whether the last poll had the socket. */
static bool
was_there(const struct poll_steps *steps, const struct listener *listener)
{
	if (steps->known != NULL)
		return known_has(steps->known, listener);
	return steps->options.last != NULL && snapshot_find(steps->options.last, listener) != NULL;
}

/* More are open than can be watched: from here on the users are counted. */
static bool
begin_crowd(struct poll_steps *steps)
{
	const struct snapshot *snapshot = steps->snapshot, *last = steps->options.last;

	steps->crowd = crowd_new(steps->options.key);
	if (steps->crowd == NULL)
		return false;
	for (size_t i = 0; i < count_last(steps); i++)
		crowd_note_watched(steps->crowd, last->listeners[i].uid);
	for (size_t i = steps->newcomers; i < snapshot->count; i++)
		(void)crowd_offer(steps->crowd, snapshot->listeners[i].uid);
	return true;
}

/* Leaves of the newcomers those that have a place, as far as is known by now. */
static void
divide_places(struct poll_steps *steps)
{
	struct snapshot *snapshot = steps->snapshot;
	size_t kept = steps->newcomers;

	crowd_divide(steps->crowd);
	for (size_t i = kept; i < snapshot->count; i++)
		if (crowd_admit(steps->crowd, snapshot->listeners[i].uid))
			snapshot->listeners[kept++] = snapshot->listeners[i];
	snapshot->count = kept;
}

/* A socket that the last poll lacked. Returns false where there is no place for it. */
static bool
has_place(struct poll_steps *steps, const struct listener *listener)
{
	size_t newcomers = steps->snapshot->count - steps->newcomers;

	if (steps->phase != PHASE_DUMP) {
		/* The next poll counts it. */
		if (steps->places == 0)
			return false;
		steps->places--;
		return true;
	}
	if (steps->crowd == NULL) {
		if (count_last(steps) + newcomers < CROWD_WATCHED_MAX)
			return true;
		if (!begin_crowd(steps)) {
			snapshot_note_incomplete(steps->snapshot,
			    (enum protocol)listener->endpoint.protocol, listener->endpoint.family,
			    INCOMPLETE_MEMORY);
			return false;
		}
	}
	if (newcomers >= CROWD_NEWCOMERS_MAX)
		divide_places(steps);
	return crowd_offer(steps->crowd, listener->uid);
}

/* All is read, and what is missing keeps its place until it is proved to be gone. */
static void
choose_newcomers(struct poll_steps *steps)
{
	size_t taken = count_last(steps) + steps->snapshot->count - steps->newcomers;

	if (steps->crowd != NULL)
		divide_places(steps);
	else if (taken < CROWD_WATCHED_MAX)
		steps->places = CROWD_WATCHED_MAX - taken;
}

/* Adds a socket; in PHASE_DUMP the last poll's stand before the newcomers. */
static void
add(struct poll_steps *steps, const struct listener *listener, bool newcomer)
{
	struct snapshot *snapshot = steps->snapshot;
	struct listener *last = NULL;

	if (snapshot_add(snapshot, listener) < 0 || newcomer || steps->phase != PHASE_DUMP)
		return;
	last = &snapshot->listeners[snapshot->count - 1];
	*last = snapshot->listeners[steps->newcomers];
	snapshot->listeners[steps->newcomers++] = *listener;
}

/* True where the dump brought all that the last poll had, and nothing else, and nothing is open. */
static bool
is_repetition(const struct poll_steps *steps)
{
	const struct snapshot *last = steps->options.last;

	return steps->known != NULL && steps->snapshot->incomplete == 0 && last->incomplete == 0 &&
	    steps->snapshot->count == 0 && steps->ticked_count == last->count &&
	    known_is_settled(steps->known, steps->options.knows_choice);
}

/* Copies what was ticked off, so that the poll has all that it saw. */
static void
copy_ticked(struct poll_steps *steps)
{
	for (size_t i = 0; steps->known != NULL && i < steps->options.last->count; i++) {
		struct listener listener = steps->options.last->listeners[i];

		listener.carried = false;
		listener.lacking = 0;
		if (steps->ticked[i])
			(void)snapshot_add(steps->snapshot, &listener);
	}
	steps->known = NULL;
	steps->ticked_count = 0;
}

void
poll_steps_socket(const struct source_socket *socket, void *argument)
{
	struct poll_steps *steps = argument;
	struct listener listener, *known;
	bool newcomer, proves = steps->phase == PHASE_STRETCHES || steps->phase == PHASE_PROOF;

	if (!socket->listening || recognize(steps, &socket->listener))
		return;
	listener = socket->listener;
	if (steps->questions[steps->next].choice != CHOICE_UNKNOWN)
		listener.choice = (uint8_t)steps->questions[steps->next].choice;
	known = find_known(steps, &listener);
	if (known != NULL) {
		if (known->choice == CHOICE_UNKNOWN)
			known->choice = listener.choice;
		return;
	}
	newcomer = !was_there(steps, &listener);
	/* A place is asked about whoever is there: only what was missing belongs in the answer. */
	if (newcomer && (proves || !has_place(steps, &listener)))
		return;
	listener.late = newcomer && steps->options.last != NULL &&
	    crowd_leaves_out(steps->options.last->crowd, listener.uid);
	add(steps, &listener, newcomer);
}

static void
ask(struct poll_steps *steps)
{
	struct request_ports new = { .filter = steps->options.filter };

	switch (steps->phase) {
	case PHASE_DUMP:
	case PHASE_AGAIN:
		add_dump(steps, CHOICE_UNKNOWN, UINT32_MAX);
		break;
	case PHASE_STRETCHES:
		ask_for_stretches(steps);
		break;
	case PHASE_PROOF:
		ask_for_proof(steps);
		break;
	case PHASE_CHOICE:
		diff_walk(&steps->diff, NOT_LEARNT, request_add_unlearnt, &new);
		ask_for_choice(steps, &new, CHOICE_AUTO);
		ask_for_choice(steps, &new, CHOICE_ASKED);
		break;
	case PHASE_DONE:
		break;
	}
}

static void
enter(struct poll_steps *steps, enum phase phase)
{
	steps->phase = phase;
	steps->count = steps->next = 0;
	ask(steps);
}

/* Which phase follows once all of this one was answered. */
static enum phase
following(struct poll_steps *steps)
{
	struct missing_walk missing = { .steps = steps };
	enum phase choice = steps->options.knows_choice ? PHASE_CHOICE : PHASE_DONE;

	if (steps->phase >= PHASE_CHOICE)
		return PHASE_DONE;
	if (steps->phase == PHASE_PROOF || steps->hurried)
		return choice;
	diff_walk(&steps->diff, DIFF_MISSING, count_missing, &missing);
	if (missing.endpoints == 0)
		return choice;
	steps->twice = !steps->options.knows_choice && steps->phase != PHASE_DUMP;
	if (!steps->options.knows_choice)
		return steps->twice ? PHASE_DONE : PHASE_AGAIN;
	if (steps->phase == PHASE_DUMP && missing.endpoints > POLL_SINGLE_MAX)
		return PHASE_STRETCHES;
	if (steps->phase != PHASE_AGAIN && missing.endpoints > POLL_PORTS_MAX)
		return PHASE_AGAIN;
	return PHASE_PROOF;
}

/* Leaves out what would be asked of a table that failed. Returns false where nothing is left. */
static bool
has_question(struct poll_steps *steps)
{
	if (steps->hurried && poll_steps_prove(steps))
		steps->next = steps->count;
	while (steps->next < steps->count &&
	    (steps->failed & request_table_bit(&steps->questions[steps->next])) != 0)
		steps->next++;
	if (steps->next == steps->count)
		return false;
	if (steps->phase == PHASE_STRETCHES)
		stretch_fill(stretch_asked(steps, steps->next), &steps->stretch);
	return true;
}

/* Puts what was read so far in order, beside the last poll. */
static void
compare(struct poll_steps *steps)
{
	copy_ticked(steps);
	snapshot_seal(steps->snapshot);
	steps->sealed = steps->snapshot->count;
	diff_clear(&steps->diff);
	steps->no_memory = diff_make(&steps->diff, steps->options.last, steps->snapshot) < 0;
}

/* Goes on to the next phase that asks something. */
static void
move_on(struct poll_steps *steps)
{
	while (!has_question(steps) && steps->phase != PHASE_DONE) {
		enum phase phase;

		if (steps->phase == PHASE_DUMP)
			choose_newcomers(steps);
		if (is_repetition(steps)) {
			steps->snapshot->repeats = steps->snapshot->sealed = true;
			enter(steps, PHASE_DONE);
			return;
		}
		compare(steps);
		phase = steps->no_memory ? PHASE_DONE : following(steps);
		enter(steps, phase);
	}
}

/* Of an answer for both families one half may be complete. */
static void
take_completeness(struct poll_steps *steps, const struct source_result *result)
{
	struct source_request request = steps->questions[steps->next];

	if (request.family == AF_UNSPEC && result->spared != 0)
		request.family = result->spared == AF_INET ? AF_INET6 : AF_INET;
	note_incomplete(steps, &request, result->incomplete);
}

/* Returns false where the question is to be put once more. */
static bool
take_proof(struct poll_steps *steps, const struct source_result *result)
{
	struct proof *proof = &steps->proofs.list[steps->next];

	proof->succeeded = result->incomplete == 0 && result->datagrams <= 1;
	if (proof->succeeded || proof->repeated || proof->crowded)
		return true;
	proof->repeated = true;
	return false;
}

void
poll_steps_answered(struct poll_steps *steps, const struct source_result *result)
{
	switch (steps->phase) {
	case PHASE_DUMP:
	case PHASE_AGAIN:
		take_completeness(steps, result);
		break;
	case PHASE_STRETCHES:
		stretch_asked(steps, steps->next)->succeeded =
		    result->incomplete == 0 && result->datagrams <= 1;
		break;
	case PHASE_PROOF:
		if (!take_proof(steps, result))
			return;
		break;
	case PHASE_CHOICE:
		/* Not learnt is "unknown", which is true. */
	case PHASE_DONE:
		break;
	}
	steps->next++;
	move_on(steps);
}

bool
poll_steps_prove(const struct poll_steps *steps)
{
	return steps->phase > PHASE_DUMP && steps->phase < PHASE_CHOICE;
}

void
poll_steps_hurry(struct poll_steps *steps)
{
	steps->hurried = true;
	if (steps->phase != PHASE_DONE)
		move_on(steps);
}

void
poll_steps_failed(struct poll_steps *steps, uint32_t reasons)
{
	const struct source_request *request = &steps->questions[steps->next];

	note_incomplete(steps, request, reasons);
	/* It would fail again, port by port, and may take long each time. */
	steps->failed |= request_table_bit(request);
	move_on(steps);
}

/* Whether the absence of a socket was proved, or enough polls lacked it. */
static bool
is_absent(const struct poll_steps *steps, const struct listener *listener)
{
	return steps->twice || listener->lacking >= POLL_LACKING_MAX ||
	    stretches_prove(&steps->stretches, &listener->endpoint) ||
	    proofs_prove(&steps->proofs, listener);
}

struct carrying {
	struct poll_steps *steps;
	struct snapshot *carried;
};

static void
carry_unproved(const struct listener *before, const struct listener *after, void *argument)
{
	struct carrying *carrying = argument;
	struct listener listener = *before;

	(void)after;
	if (snapshot_covers(carrying->steps->snapshot, &before->endpoint)) {
		listener.lacking++;
		if (is_absent(carrying->steps, &listener))
			return;
	}
	listener.carried = true;
	(void)snapshot_add(carrying->carried, &listener);
}

/* Where too many are not proved, the surplus is taken as gone. What an incomplete dump lacks is
 * bounded by what the last poll had. */
static void
bound_carried(struct snapshot *snapshot, struct snapshot *carried)
{
	size_t max = snapshot->incomplete == 0 ? POLL_UNPROVED_MAX : CROWD_WATCHED_MAX;
	struct proof_surplus surplus = proof_bound(carried->listeners, &carried->count, max);

	snapshot->unproved = carried->count;
	snapshot->surplus = surplus.count;
	snapshot->surplus_uid = surplus.uid;
}

struct snapshot *
poll_steps_finish(struct poll_steps *steps)
{
	struct snapshot *snapshot = steps->snapshot;
	struct carrying carrying = { .steps = steps };
	bool failed = steps->no_memory;

	if (steps->options.last != NULL && !snapshot->repeats && !failed) {
		carrying.carried = snapshot_new(snapshot->taken_usec);
		if (carrying.carried == NULL) {
			(void)poll_steps_free(steps);
			return NULL;
		}
		proofs_close(&steps->proofs);
		diff_walk(&steps->diff, DIFF_MISSING, carry_unproved, &carrying);
		failed = carrying.carried->incomplete != 0;
		bound_carried(snapshot, carrying.carried);
		for (size_t i = 0; i < carrying.carried->count && !failed; i++)
			failed = snapshot_add(snapshot, &carrying.carried->listeners[i]) < 0;
		snapshot_seal(snapshot);
		snapshot_inherit(snapshot, steps->options.last);
		(void)snapshot_free(carrying.carried);
	}
	snapshot->crowd = steps->crowd;
	steps->crowd = NULL;
	/* A poll that could not carry on all it has to would end what is there. */
	if (!failed && !snapshot->repeats && steps->options.key != 0 &&
	    snapshot->count <= CROWD_WATCHED_MAX)
		snapshot_note_known(snapshot, steps->options.key);
	steps->snapshot = failed ? snapshot : NULL;
	(void)poll_steps_free(steps);
	return failed ? NULL : snapshot;
}
