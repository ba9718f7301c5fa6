/* SPDX-License-Identifier: MIT */
/*
 * Asks the kernel who is connected to the suspects that are about to be told of. One request is
 * under way at a time and names as many listeners as are waiting: they share one walk over the
 * table, with a source of its own, so neither a tick nor a survey waits for it.
 *
 * What it never does: keep an alert waiting. What is not answered in two seconds is answered with
 * "not to be had". An idle host pays nothing: the source lives as long as a request.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/daemon.h"

/* A walk over 200,000 connections takes a tenth of it. */
#define PEERS_TIMEOUT_USEC (2 * USEC_PER_SEC)

/* The request is over: tells the engine of each endpoint what was found, or that nothing was. */
static void
take_in(struct daemon *daemon, bool answered)
{
	struct peers *peers = &daemon->peers;
	size_t count = peers->connected.count;

	(void)event_del(peers->timeout);
	pump_stop(&peers->pump);
	for (size_t i = 0; i < count; i++)
		engine_peer_answers(daemon->engine, &peers->connected.endpoints[i],
		    answered ? &peers->connected.peers[i] : NULL);
	peers->connected.count = 0;
	daemon_advance(daemon);
}

static void
on_answered(struct daemon *daemon, int r, const struct source_result *result)
{
	if (r == 0)
		connected_end(&daemon->peers.connected, result->incomplete);
	else
		log_debug("peers", "cannot read the connections: %s", strerror(-r));
	take_in(daemon, r == 0);
}

static void
on_timeout(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	log_debug("peers", "the kernel did not reply in time");
	take_in(argument, false);
}

void
peers_ask(struct daemon *daemon)
{
	struct peers *peers = &daemon->peers;
	struct endpoint endpoints[CONNECTED_MAX];
	size_t count;

	if (peers->connected.count > 0)
		return;
	count = engine_peer_questions(daemon->engine, endpoints, CONNECTED_MAX);
	if (count == 0)
		return;
	connected_begin(&peers->connected, endpoints, count);
	pump_begin(&peers->pump, &peers->connected.request);
	daemon_arm(peers->timeout, PEERS_TIMEOUT_USEC);
}

int
peers_start(struct daemon *daemon)
{
	struct peers *peers = &daemon->peers;
	int r = pump_open(&peers->pump, daemon);

	if (r < 0)
		return r;
	peers->timeout = event_new(daemon->base, -1, 0, on_timeout, daemon);
	if (peers->timeout == NULL)
		return -ENOMEM;
	peers->pump.function = connected_socket;
	peers->pump.argument = &peers->connected;
	peers->pump.done = on_answered;
	return 0;
}

void
peers_stop(struct daemon *daemon)
{
	struct peers *peers = &daemon->peers;

	pump_close(&peers->pump);
	if (peers->timeout != NULL)
		event_free(peers->timeout);
	peers->timeout = NULL;
}
