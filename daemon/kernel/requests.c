/* SPDX-License-Identifier: MIT */
/*
 * The requests of a poll as values: whole tables, ports, places and stretches of ports.
 *
 * What it never does: decide which of them is put, or when.
 *
 * Cost: none but of a stretch, whose ports are a set of 8 KiB.
 */
#include <sys/socket.h>

#include "kernel/requests.h"

uint32_t
request_table_bit(const struct source_request *request)
{
	return 1u << (2 * request->protocol + (request->family == AF_INET6));
}

struct source_request
request_dump(unsigned table, enum choice choice, const struct port_filter *filter)
{
	static const struct {
		enum protocol protocol;
		uint8_t family;
	} tables[REQUEST_TABLES] = {
		{ PROTOCOL_TCP, AF_UNSPEC },
		{ PROTOCOL_UDP, AF_INET },
		{ PROTOCOL_UDP, AF_INET6 },
	};

	return (struct source_request){
		.protocol = tables[table].protocol,
		.family = tables[table].family,
		.choice = choice,
		.filter = filter,
	};
}

struct source_request
request_place(const struct source_place *place, const struct port_filter *filter)
{
	return (struct source_request){
		.protocol = (enum protocol)place->endpoint.protocol,
		.family = place->endpoint.family,
		.port = place->endpoint.port,
		.place = place,
		.filter = filter,
	};
}

struct source_request
request_stretch(const struct stretch *stretch, const struct port_filter *filter)
{
	return (struct source_request){
		.protocol = stretch->protocol,
		.family = stretch->family,
		.filter = filter,
	};
}

void
stretch_fill(const struct stretch *stretch, struct port_filter *filter)
{
	port_set_clear(&filter->auto_ports);
	port_set_clear(&filter->ports);
	port_set_add(&filter->ports, stretch->first, stretch->last);
}

/* The one port of a listener. TCP answers for both families in one walk. */
static struct source_request
request_port(const struct listener *listener, const struct port_filter *filter)
{
	bool tcp = listener->endpoint.protocol == PROTOCOL_TCP;

	return (struct source_request){
		.protocol = (enum protocol)listener->endpoint.protocol,
		.family = tcp ? AF_UNSPEC : listener->endpoint.family,
		.port = listener->endpoint.port,
		.filter = filter,
	};
}

/* Listeners come in the order of ports. */
void
request_add_unlearnt(const struct listener *before, const struct listener *after, void *argument)
{
	struct request_ports *ports = argument;
	struct source_request request = request_port(after, ports->filter), *last = &ports->last;

	if (after->choice != CHOICE_UNKNOWN ||
	    (before != NULL && before->choice != CHOICE_UNKNOWN) ||
	    (ports->count > 0 && last->port == request.port && last->protocol == request.protocol &&
		last->family == request.family))
		return;
	*last = request;
	if (ports->count < REQUEST_PORTS_MAX)
		ports->list[ports->count] = request;
	ports->count++;
	ports->tables |= request_table_bit(&request);
}
