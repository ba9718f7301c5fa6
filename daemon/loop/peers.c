/* SPDX-License-Identifier: MIT */
/*
 * Asks the kernel who is connected to the suspects that are about to be reported. One request is
 * under way at a time and names as many listeners as are waiting: they share one walk over the
 * table, with a source and a thread of its own (pump.c), so neither the loop nor a poll nor a
 * survey waits for it.
 *
 * What it never does: keep an alert waiting. What is not answered in two seconds is answered with
 * "not to be had". An idle host pays nothing: source and thread live as long as a request.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernel/connected.h"
#include "loop/peers.h"
#include "loop/pump.h"

/* A walk over 200,000 connections takes a tenth of it. */
#define PEERS_TIMEOUT_USEC (2 * USEC_PER_SEC)

/* A request that is under way. */
struct peer_question {
	struct connected connected;
	bool asked;
};

struct peers {
	const struct ground *ground;
	struct pump pump;
	struct event *timeout; /* no answer */
	size_t count;	       /* 0 = no request is under way */
	struct endpoint endpoints[CONNECTED_MAX];
};

static const struct source_request *
next_request(void *context)
{
	struct peer_question *asking = context;

	if (asking->asked)
		return NULL;
	asking->asked = true;
	return &asking->connected.request;
}

static void
on_socket(const struct source_socket *socket, void *context)
{
	struct peer_question *asking = context;

	connected_socket(socket, &asking->connected);
}

static void
on_answered(void *context, int r, const struct source_result *result)
{
	struct peer_question *asking = context;

	if (r == 0)
		connected_end(&asking->connected, result->incomplete);
}

/* The request is over: hands the engine what was found for each endpoint; NULL = nothing was. */
static void
take_in(struct peers *peers, const struct report_peers *found)
{
	size_t count = peers->count;

	(void)event_del(peers->timeout);
	for (size_t i = 0; i < count; i++)
		engine_peer_answers(peers->ground->engine, &peers->endpoints[i],
		    found == NULL ? NULL : &found[i]);
	peers->count = 0;
	loop_announce(peers->ground->loop, LOOP_CHANGED);
}

static void
on_done(void *argument, void *context, int r)
{
	struct peer_question *asking = context;

	if (r < 0)
		log_debug("peers", "cannot read the connections: %s", strerror(-r));
	take_in(argument, r < 0 ? NULL : asking->connected.peers);
	free(asking);
}

static void
on_timeout(evutil_socket_t fd, short what, void *argument)
{
	struct peers *peers = argument;

	(void)fd;
	(void)what;
	log_debug("peers", "the kernel did not reply in time");
	pump_stop(&peers->pump);
	take_in(peers, NULL);
}

/* Asks for the peers that are wanted, if none are asked for already. */
static void
ask(void *argument)
{
	struct peers *peers = argument;
	struct peer_question *asking;

	if (peers->count > 0)
		return;
	peers->count =
	    engine_peer_questions(peers->ground->engine, peers->endpoints, CONNECTED_MAX);
	if (peers->count == 0)
		return;
	asking = calloc(1, sizeof(*asking));
	loop_arm(peers->timeout, asking == NULL ? 0 : PEERS_TIMEOUT_USEC);
	if (asking == NULL)
		return;
	connected_begin(&asking->connected, peers->endpoints, peers->count);
	pump_begin(&peers->pump, asking);
}

static int
start(struct peers *peers)
{
	static const struct pump_task task = {
		.thread = "peers",
		.request = next_request,
		.socket = on_socket,
		.answered = on_answered,
		.release = free,
	};
	const struct ground *ground = peers->ground;
	int r = pump_open(&peers->pump, ground);

	if (r == 0)
		r = loop_add_timer(ground->loop, on_timeout, peers, &peers->timeout);
	if (r == 0)
		r = loop_subscribe(ground->loop, LOOP_PASSED, ask, peers);
	peers->pump.task = &task;
	peers->pump.done = on_done;
	peers->pump.done_argument = peers;
	return r;
}

int
peers_new(const struct ground *ground, struct peers **ret)
{
	struct peers *peers = calloc(1, sizeof(*peers));
	int r;

	if (peers == NULL)
		return -ENOMEM;
	peers->ground = ground;
	r = start(peers);
	if (r < 0)
		(void)peers_free(peers);
	else
		*ret = peers;
	return r;
}

struct peers *
peers_free(struct peers *peers)
{
	if (peers == NULL)
		return NULL;
	pump_close(&peers->pump);
	loop_drop(&peers->timeout);
	free(peers);
	return NULL;
}
