/* SPDX-License-Identifier: MIT */
/*
 * The replay source: a written table that is asked as the kernel is asked. It selects as the other
 * sources do, in plain loops, so that it can also stand as the oracle for them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "kernel/replay.h"
#include "kernel/source-ops.h"

struct replay_source {
	struct source source;
	struct source_request request;
	struct listener *listeners;
	size_t count;
	struct source_socket *connections;
	size_t connection_count;
	uint32_t incomplete;
};

static struct replay_source *
replay_of(struct source *source)
{
	return (struct replay_source *)source;
}

static bool
is_selected(const struct source_request *request, const struct listener *listener)
{
	const struct endpoint *endpoint = &listener->endpoint;

	if (endpoint->protocol != request->protocol)
		return false;
	if (request->family != AF_UNSPEC && endpoint->family != request->family)
		return false;
	if (request->choice != CHOICE_UNKNOWN && listener->choice != request->choice)
		return false;
	if (request->place != NULL)
		return endpoint_compare(endpoint, &request->place->endpoint) == 0 &&
		    (request->place->cgroup == 0 || request->place->cgroup == listener->cgroup);
	if (request->port != 0)
		return endpoint->port == request->port;
	return port_set_has(&request->filter->ports, endpoint->port) ||
	    (listener->choice == CHOICE_AUTO &&
		port_set_has(&request->filter->auto_ports, endpoint->port));
}

static int
replay_begin(struct source *source, const struct source_request *request)
{
	replay_of(source)->request = *request;
	return 0;
}

static void
play_connections(struct source *source, source_function *function, void *argument)
{
	const struct replay_source *replay = replay_of(source);

	for (size_t i = 0; i < replay->connection_count; i++) {
		if (!is_selected(&replay->request, &replay->connections[i].listener))
			continue;
		source->result.sockets++;
		function(&replay->connections[i], argument);
	}
}

static void
play_listeners(struct source *source, source_function *function, void *argument)
{
	const struct replay_source *replay = replay_of(source);

	for (size_t i = 0; i < replay->count; i++) {
		struct source_socket socket = {
			.listener = replay->listeners[i],
			.listening = true,
		};
		if (!is_selected(&replay->request, &socket.listener))
			continue;
		socket.listener.choice = (uint8_t)replay->request.choice;
		source->result.sockets++;
		function(&socket, argument);
	}
}

static int
replay_step(struct source *source, source_function *function, void *argument)
{
	const struct replay_source *replay = replay_of(source);

	if (replay->request.connections)
		play_connections(source, function, argument);
	else
		play_listeners(source, function, argument);
	source->result.datagrams = source->result.sockets > 0;
	source->result.incomplete = replay->incomplete;
	return 0;
}

static void
replay_cancel(struct source *source)
{
	(void)source;
}

static void
replay_free(struct source *source)
{
	free(replay_of(source)->listeners);
	free(replay_of(source)->connections);
	free(source);
}

/* A copy of count things of size bytes; NULL for none of them. Returns 0 or -ENOMEM. */
static int
copy_table(const void *table, size_t count, size_t size, void **ret)
{
	*ret = NULL;
	if (count == 0)
		return 0;
	if (array_fit_sized(ret, count, size) < 0)
		return -ENOMEM;
	memcpy(*ret, table, count * size);
	return 0;
}

int
replay_set(struct source *source, const struct listener *listeners, size_t count,
    uint32_t incomplete)
{
	struct replay_source *replay = replay_of(source);
	void *copy;

	if (source->busy)
		return -EBUSY;
	if (copy_table(listeners, count, sizeof(*listeners), &copy) < 0)
		return -ENOMEM;
	free(replay->listeners);
	replay->listeners = copy;
	replay->count = count;
	replay->incomplete = incomplete;
	return 0;
}

int
replay_set_connections(struct source *source, const struct source_socket *connections, size_t count)
{
	struct replay_source *replay = replay_of(source);
	void *copy;

	if (source->busy)
		return -EBUSY;
	if (copy_table(connections, count, sizeof(*connections), &copy) < 0)
		return -ENOMEM;
	free(replay->connections);
	replay->connections = copy;
	replay->connection_count = count;
	return 0;
}

int
source_open_replay(struct source **ret)
{
	static const struct source_ops ops = {
		.name = "replay",
		.knows_choice = true,
		.begin = replay_begin,
		.step = replay_step,
		.cancel = replay_cancel,
		.free = replay_free,
	};
	struct replay_source *replay = calloc(1, sizeof(*replay));

	if (replay == NULL)
		return -ENOMEM;
	replay->source = (struct source){ .ops = &ops, .fd = -1 };
	*ret = &replay->source;
	return 0;
}
