/* SPDX-License-Identifier: MIT */
/*
 * Who is connected to a few listeners. See connected.c.
 */
#ifndef OVERSTAY_KERNEL_CONNECTED_H
#define OVERSTAY_KERNEL_CONNECTED_H

#include "kernel/source.h"
#include "model/report.h"

/* Listeners that are asked for at once. */
#define CONNECTED_MAX 64

/* One question and, as the answers come in, what is known of it. 25 KiB. */
struct connected {
	size_t count;
	struct endpoint endpoints[CONNECTED_MAX];
	struct report_peers peers[CONNECTED_MAX]; /* of the endpoint with the same index */
	struct port_filter filter;
	struct source_request request; /* to be put to a source; borrows the filter */
};

/* Begins a question about count endpoints (at most CONNECTED_MAX); nobody is connected yet. */
void connected_begin(struct connected *connected, const struct endpoint *endpoints, size_t count);

/* A source_function; argument is the struct connected. */
void connected_socket(const struct source_socket *socket, void *argument);

/* The answer has ended; incomplete: bits of enum incomplete, or 0. */
void connected_end(struct connected *connected, uint32_t incomplete);

/* True where a connection was accepted by a listener on that endpoint, as far as both say. */
bool connected_belongs(const struct source_socket *connection, const struct endpoint *endpoint);

#endif
