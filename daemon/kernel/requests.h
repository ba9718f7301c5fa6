/* SPDX-License-Identifier: MIT */
/*
 * The requests of a poll. See requests.c.
 */
#ifndef OVERSTAY_KERNEL_REQUESTS_H
#define OVERSTAY_KERNEL_REQUESTS_H

#include "kernel/source.h"
#include "kernel/stretches.h"

/* Tables that are dumped: TCP, UDP over IPv4, UDP over IPv6. */
#define REQUEST_TABLES 3

/* A bit of its own for each. */
uint32_t request_table_bit(const struct source_request *request);

/* All of a table that filter (borrowed) selects. */
struct source_request request_dump(unsigned table, enum choice choice,
    const struct port_filter *filter);

/* What is in a place (borrowed). */
struct source_request request_place(const struct source_place *place,
    const struct port_filter *filter);

/* What is on the ports of a stretch. They are to be in filter (borrowed) when it is put. */
struct source_request request_stretch(const struct stretch *stretch,
    const struct port_filter *filter);
void stretch_fill(const struct stretch *stretch, struct port_filter *filter);

/* Who chose more ports than this is asked in two dumps, which together bring each socket once. */
#define REQUEST_PORTS_MAX 8

/* The ports with sockets that are new, or where their choice was not learnt before. */
struct request_ports {
	const struct port_filter *filter;
	struct source_request list[REQUEST_PORTS_MAX]; /* the first ones */
	struct source_request last;
	size_t count;	 /* of all, */
	uint32_t tables; /* and request_table_bit() of them */
};

/* For diff_walk(); argument is the request_ports. */
void request_add_unlearnt(const struct listener *before, const struct listener *after,
    void *argument);

#endif
