/* SPDX-License-Identifier: MIT */
/*
 * One look at the listeners, as a sequence of requests:
 *
 *	DUMP    the listeners of the range: TCP, UDP over IPv4, UDP over IPv6
 *	AGAIN   the same once more, where more ports lack a socket than may be asked for singly
 *	PROOF   each port that lacks a socket, by itself: is it really gone?
 *	CHOICE  the ports with sockets that are new, or where that was not learnt before: picked by
 *	        the kernel, asked for by the program?
 *
 * Truth: a dump may miss an entry while the table changes under the walk, and does not say so. A
 * socket is absent only if a dump of its one port lacks it too. A bucket is walked under one lock,
 * so only an answer of more than one datagram can skip: it is repeated once, then left unproven.
 * An incomplete dump proves presence only: all that is missing in it is carried on as unproven.
 * That holds for its own protocol and family, the others are not concerned.
 * Of /proc/net two reads are all the proof there is.
 *
 * Most looks bring what the last one had, and nothing else. The listeners of the last one are
 * recognized as they come (engine/known.c) and only ticked off; the others are collected. Where
 * all are ticked off, nothing else came and nothing was left open, that is the whole result:
 * `repeats`. Else those that were ticked off are copied, and the look goes on as if it had just
 * read them.
 *
 * What it never does: read a source (the caller does, in steps) or decide what absence means.
 *
 * Cost: the dump and a look-up for each record; a sort, a comparison, PROOF and CHOICE only where
 * something came or went.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "engine/diff.h"
#include "kernel/look.h"

enum phase {
	PHASE_DUMP,
	PHASE_AGAIN,
	PHASE_PROOF,
	PHASE_CHOICE,
	PHASE_DONE,
};

struct question {
	struct source_request request;
	bool repeated;
	bool proved;
	uint8_t spared; /* not proved, but the absence in this family is; 0 = in none */
};

struct look {
	struct look_options options;
	struct snapshot *snapshot;
	size_t sealed; /* how many of its listeners are in order already */
	enum phase phase;
	struct question *questions;
	size_t count, room, next;
	struct question *proofs; /* those of PHASE_PROOF, in the order of ports */
	size_t proof_count;
	struct known *known; /* of the last look, NULL = none, or its time is over */
	bool *ticked;	     /* by the index in the last look */
	size_t ticked_count;
	size_t cursor;	 /* of known_find() */
	uint32_t failed; /* table_bit() of the requests that the source failed at */
	bool twice;	 /* missing in two reads of /proc/net: that is the proof */
};

/* Sockets that are new, or were seen before. */
#define NOT_LEARNT (DIFF_APPEARED | DIFF_PERSISTED)

static void enter(struct look *look, enum phase phase);

static uint32_t
table_bit(const struct source_request *request)
{
	return 1u << (2 * request->protocol + (request->family == AF_INET6));
}

/* What the request asked for was not seen, or not all of it. */
static void
note_incomplete(struct look *look, const struct source_request *request, uint32_t reasons)
{
	snapshot_note_incomplete(look->snapshot, request->protocol, request->family, reasons);
}

/* Without memory a question is not put, and what it would have told is missing. */
static void
add_question(struct look *look, const struct source_request *request)
{
	if (look->count == look->room) {
		size_t room = look->room == 0 ? 8 : look->room * 2;
		struct question *questions =
		    reallocarray(look->questions, room, sizeof(*questions));

		if (questions == NULL) {
			note_incomplete(look, request, INCOMPLETE_MEMORY);
			return;
		}
		look->questions = questions;
		look->room = room;
	}
	look->questions[look->count++] = (struct question){ .request = *request };
}

static void
add_dump(struct look *look, enum choice choice)
{
	static const struct {
		enum protocol protocol;
		uint8_t family;
	} dumps[] = {
		{ PROTOCOL_TCP, AF_UNSPEC },
		{ PROTOCOL_UDP, AF_INET },
		{ PROTOCOL_UDP, AF_INET6 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(dumps); i++) {
		struct source_request request = {
			.protocol = dumps[i].protocol,
			.family = dumps[i].family,
			.choice = choice,
			.filter = look->options.filter,
		};

		if ((look->options.protocols >> dumps[i].protocol & 1) != 0)
			add_question(look, &request);
	}
}

/* The request for the one port of a listener. TCP answers for both families in one walk. */
static struct source_request
port_request(const struct look *look, const struct listener *listener, enum choice choice)
{
	bool tcp = listener->endpoint.protocol == PROTOCOL_TCP;

	return (struct source_request){
		.protocol = (enum protocol)listener->endpoint.protocol,
		.family = tcp ? AF_UNSPEC : listener->endpoint.family,
		.port = listener->endpoint.port,
		.choice = choice,
		.filter = look->options.filter,
	};
}

static int
compare_requests(const struct source_request *a, const struct source_request *b)
{
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	return (int)a->family - (int)b->family;
}

/* The walk over what is missing or new, port by port: listeners come in the order of ports. */
struct port_walk {
	struct look *look;
	struct source_request last;
	size_t ports;
	bool ask; /* else only count */
	enum choice choice;
};

static void
visit_port(struct port_walk *walk, const struct listener *listener)
{
	struct source_request request = port_request(walk->look, listener, walk->choice);

	if (walk->ports > 0 && compare_requests(&walk->last, &request) == 0)
		return;
	walk->last = request;
	walk->ports++;
	if (walk->ask)
		add_question(walk->look, &request);
}

static void
visit_missing(const struct listener *before, const struct listener *after, void *argument)
{
	struct port_walk *walk = argument;

	(void)after;
	if (snapshot_covers(walk->look->snapshot, &before->endpoint))
		visit_port(walk, before);
}

static void
visit_unknown_choice(const struct listener *before, const struct listener *after, void *argument)
{
	if (after->choice == CHOICE_UNKNOWN && (before == NULL || before->choice == CHOICE_UNKNOWN))
		visit_port(argument, after);
}

/* Counts the ports with something missing (or new), and asks about each where `ask` is set. */
static size_t
walk_ports(struct look *look, unsigned want, enum choice choice, bool ask)
{
	struct port_walk walk = { .look = look, .choice = choice, .ask = ask };

	(void)diff_walk(look->options.last, look->snapshot, want,
	    want == DIFF_MISSING ? visit_missing : visit_unknown_choice, &walk);
	return walk.ports;
}

struct look *
look_new(const struct look_options *options)
{
	struct look *look = calloc(1, sizeof(*look));

	if (look == NULL)
		return NULL;
	look->options = *options;
	look->snapshot = snapshot_new(options->taken_usec);
	if (look->snapshot == NULL) {
		free(look);
		return NULL;
	}
	if (options->last != NULL && options->last->known != NULL)
		look->ticked = calloc(options->last->count, sizeof(*look->ticked));
	if (look->ticked != NULL)
		look->known = options->last->known;
	enter(look, PHASE_DUMP);
	return look;
}

struct look *
look_free(struct look *look)
{
	if (look == NULL)
		return NULL;
	(void)snapshot_free(look->snapshot);
	free(look->questions);
	free(look->proofs);
	free(look->ticked);
	free(look);
	return NULL;
}

const struct source_request *
look_request(const struct look *look)
{
	return look->next < look->count ? &look->questions[look->next].request : NULL;
}

/* The socket as an earlier phase told of it, NULL = not at all. */
static struct listener *
find_known(const struct look *look, const struct listener *listener)
{
	const struct snapshot known = {
		.listeners = look->snapshot->listeners,
		.count = look->sealed,
	};
	const struct listener *found = snapshot_find(&known, listener);

	return found == NULL ? NULL : look->snapshot->listeners + (found - known.listeners);
}

/* Ticks a socket off that the last look had. */
static bool
recognize(struct look *look, const struct listener *listener)
{
	size_t index =
	    look->known == NULL ? KNOWN_NONE : known_find(look->known, listener, &look->cursor);

	if (index == KNOWN_NONE)
		return false;
	look->ticked_count += !look->ticked[index];
	look->ticked[index] = true;
	return true;
}

/* True where the dump brought all that the last look had, and nothing else, and nothing is open. */
static bool
is_repetition(const struct look *look)
{
	const struct snapshot *last = look->options.last;

	return look->known != NULL && look->snapshot->incomplete == 0 && last->incomplete == 0 &&
	    look->snapshot->count == 0 && look->ticked_count == last->count &&
	    known_is_settled(look->known, look->options.knows_choice);
}

/* Copies what was ticked off, so that the look has all that it saw. */
static void
copy_ticked(struct look *look)
{
	for (size_t i = 0; look->known != NULL && i < look->options.last->count; i++) {
		struct listener listener = look->options.last->listeners[i];

		listener.unproven = false;
		if (look->ticked[i])
			(void)snapshot_add(look->snapshot, &listener);
	}
	look->known = NULL;
	look->ticked_count = 0;
}

void
look_socket(const struct source_socket *socket, void *argument)
{
	struct look *look = argument;
	struct listener listener, *known;

	if (!socket->listening || recognize(look, &socket->listener))
		return;
	listener = socket->listener;
	/* A port is asked about whoever chose it: only what was missing belongs in the answer. */
	if (look->phase == PHASE_PROOF && snapshot_find(look->options.last, &listener) == NULL)
		return;
	if (look->questions[look->next].request.choice != CHOICE_UNKNOWN)
		listener.choice = (uint8_t)look->questions[look->next].request.choice;
	known = find_known(look, &listener);
	if (known != NULL) {
		if (known->choice == CHOICE_UNKNOWN)
			known->choice = listener.choice;
		return;
	}
	if (look->snapshot->count + look->ticked_count >= LOOK_LISTENERS_MAX) {
		snapshot_note_incomplete(look->snapshot, (enum protocol)listener.endpoint.protocol,
		    listener.endpoint.family, INCOMPLETE_MEMORY);
		return;
	}
	(void)snapshot_add(look->snapshot, &listener);
}

/* What a phase asks. */
static void
ask(struct look *look)
{
	size_t ports;

	switch (look->phase) {
	case PHASE_DUMP:
	case PHASE_AGAIN:
		add_dump(look, CHOICE_UNKNOWN);
		break;
	case PHASE_PROOF:
		(void)walk_ports(look, DIFF_MISSING, CHOICE_UNKNOWN, true);
		break;
	case PHASE_CHOICE:
		ports = walk_ports(look, NOT_LEARNT, CHOICE_UNKNOWN, false);
		if (ports > LOOK_PORTS_MAX) {
			add_dump(look, CHOICE_AUTO);
			add_dump(look, CHOICE_ASKED);
		} else if (ports > 0) {
			(void)walk_ports(look, NOT_LEARNT, CHOICE_AUTO, true);
			(void)walk_ports(look, NOT_LEARNT, CHOICE_ASKED, true);
		}
		break;
	case PHASE_DONE:
		break;
	}
}

static void
enter(struct look *look, enum phase phase)
{
	look->phase = phase;
	look->count = look->next = 0;
	ask(look);
}

/* Which phase follows once all of this one was answered. */
static enum phase
following(struct look *look)
{
	size_t missing = 0;
	enum phase choice = look->options.knows_choice ? PHASE_CHOICE : PHASE_DONE;

	if (look->phase >= PHASE_CHOICE)
		return PHASE_DONE;
	if (look->phase == PHASE_PROOF)
		return choice;
	if (look->options.last != NULL)
		missing = walk_ports(look, DIFF_MISSING, CHOICE_UNKNOWN, false);
	if (missing == 0)
		return choice;
	if (look->phase == PHASE_DUMP && (missing > LOOK_PORTS_MAX || !look->options.knows_choice))
		return PHASE_AGAIN;
	look->twice = !look->options.knows_choice;
	return look->twice ? PHASE_DONE : PHASE_PROOF;
}

/* Leaves out what would be asked of a table that failed. Returns false where nothing is left. */
static bool
has_question(struct look *look)
{
	while (look->next < look->count &&
	    (look->failed & table_bit(&look->questions[look->next].request)) != 0)
		look->next++;
	return look->next < look->count;
}

/* Goes on to the next phase that asks something. */
static void
move_on(struct look *look)
{
	while (!has_question(look) && look->phase != PHASE_DONE) {
		enum phase phase;

		if (is_repetition(look)) {
			look->snapshot->repeats = look->snapshot->sealed = true;
			enter(look, PHASE_DONE);
			return;
		}
		copy_ticked(look);
		snapshot_seal(look->snapshot);
		look->sealed = look->snapshot->count;
		phase = following(look);
		if (look->phase == PHASE_PROOF) {
			look->proofs = look->questions;
			look->proof_count = look->count;
			look->questions = NULL;
			look->room = 0;
		}
		enter(look, phase);
	}
}

/* Of an answer for both families one half may be complete. */
static void
take_completeness(struct look *look, const struct source_result *result)
{
	struct source_request request = look->questions[look->next].request;

	if (request.family == AF_UNSPEC && result->spared != 0)
		request.family = result->spared == AF_INET ? AF_INET6 : AF_INET;
	note_incomplete(look, &request, result->incomplete);
}

void
look_answered(struct look *look, const struct source_result *result)
{
	struct question *question = &look->questions[look->next];

	switch (look->phase) {
	case PHASE_DUMP:
	case PHASE_AGAIN:
		take_completeness(look, result);
		break;
	case PHASE_PROOF:
		question->proved = result->incomplete == 0 && result->datagrams <= 1;
		question->spared = result->datagrams <= 1 ? result->spared : 0;
		if (!question->proved && !question->repeated) {
			question->repeated = true;
			return;
		}
		break;
	case PHASE_CHOICE:
		/* Not learnt is "unknown", which is true. */
	case PHASE_DONE:
		break;
	}
	look->next++;
	move_on(look);
}

void
look_failed(struct look *look, uint32_t reasons)
{
	const struct source_request *request = &look->questions[look->next].request;

	note_incomplete(look, request, reasons);
	/* It would fail again, port by port, and may take long to do so each time. */
	look->failed |= table_bit(request);
	move_on(look);
}

/* Whether the absence of a socket was proved. Proofs and missing sockets are in one order. */
static bool
is_proved(const struct look *look, const struct listener *listener)
{
	struct source_request wanted = port_request(look, listener, CHOICE_UNKNOWN);
	size_t low = 0, high = look->proof_count;

	if (look->twice)
		return true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_requests(&look->proofs[middle].request, &wanted);

		if (order == 0)
			return look->proofs[middle].proved ||
			    look->proofs[middle].spared == listener->endpoint.family;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

struct carrying {
	struct look *look;
	struct snapshot *carried;
};

static void
carry_unproved(const struct listener *before, const struct listener *after, void *argument)
{
	struct carrying *carrying = argument;
	struct listener listener = *before;

	(void)after;
	if (snapshot_covers(carrying->look->snapshot, &before->endpoint) &&
	    is_proved(carrying->look, before))
		return;
	listener.unproven = true;
	(void)snapshot_add(carrying->carried, &listener);
}

struct snapshot *
look_finish(struct look *look)
{
	struct snapshot *snapshot = look->snapshot;
	struct carrying carrying = { .look = look };
	bool failed = false;

	if (look->options.last != NULL && !snapshot->repeats) {
		carrying.carried = snapshot_new(snapshot->taken_usec);
		if (carrying.carried == NULL) {
			(void)look_free(look);
			return NULL;
		}
		(void)diff_walk(look->options.last, snapshot, DIFF_MISSING, carry_unproved,
		    &carrying);
		failed = carrying.carried->incomplete != 0;
		for (size_t i = 0; i < carrying.carried->count && !failed; i++)
			failed = snapshot_add(snapshot, &carrying.carried->listeners[i]) < 0;
		snapshot_seal(snapshot);
		snapshot_inherit(snapshot, look->options.last);
		(void)snapshot_free(carrying.carried);
	}
	/* A look that could not carry on all it has to would end what is there. */
	if (!failed && !snapshot->repeats && look->options.key != 0)
		snapshot_note_known(snapshot, look->options.key);
	look->snapshot = failed ? snapshot : NULL;
	(void)look_free(look);
	return failed ? NULL : snapshot;
}
