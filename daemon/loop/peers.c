/* SPDX-License-Identifier: MIT */
/*
 * Asks the kernel who is connected to the suspects that are about to be reported. One request is
 * under way at a time and names as many listeners as are waiting: they share one walk over the
 * table, with a source of its own, so neither a poll nor a survey waits for it.
 *
 * What it never does: keep an alert waiting. What is not answered in two seconds is answered with
 * "not to be had". An idle host pays nothing: the source lives as long as a request.
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

struct peers {
	const struct ground *ground;
	struct pump pump;
	struct event *timeout;	    /* no answer */
	struct connected connected; /* its count: 0 = no request is under way */
};

/* The request is over: hands the engine what was found for each endpoint, or that nothing was. */
static void
take_in(struct peers *peers, bool answered)
{
	size_t count = peers->connected.count;

	(void)event_del(peers->timeout);
	pump_stop(&peers->pump);
	for (size_t i = 0; i < count; i++)
		engine_peer_answers(peers->ground->engine, &peers->connected.endpoints[i],
		    answered ? &peers->connected.peers[i] : NULL);
	peers->connected.count = 0;
	loop_announce(peers->ground->loop, LOOP_CHANGED);
}

static void
on_answered(void *argument, int r, const struct source_result *result)
{
	struct peers *peers = argument;

	if (r == 0)
		connected_end(&peers->connected, result->incomplete);
	else
		log_debug("peers", "cannot read the connections: %s", strerror(-r));
	take_in(peers, r == 0);
}

static void
on_timeout(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	log_debug("peers", "the kernel did not reply in time");
	take_in(argument, false);
}

/* Asks for the peers that are wanted, if none are asked for already. */
static void
ask(void *argument)
{
	struct peers *peers = argument;
	struct endpoint endpoints[CONNECTED_MAX];
	size_t count;

	if (peers->connected.count > 0)
		return;
	count = engine_peer_questions(peers->ground->engine, endpoints, CONNECTED_MAX);
	if (count == 0)
		return;
	connected_begin(&peers->connected, endpoints, count);
	pump_begin(&peers->pump, &peers->connected.request);
	loop_arm(peers->timeout, PEERS_TIMEOUT_USEC);
}

static int
start(struct peers *peers)
{
	const struct ground *ground = peers->ground;
	int r = pump_open(&peers->pump, ground);

	if (r == 0)
		r = loop_add_timer(ground->loop, on_timeout, peers, &peers->timeout);
	if (r == 0)
		r = loop_subscribe(ground->loop, LOOP_PASSED, ask, peers);
	peers->pump.function = connected_socket;
	peers->pump.function_argument = &peers->connected;
	peers->pump.done = on_answered;
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
