/* SPDX-License-Identifier: MIT */
/*
 * The loop of overstay-lookup: connections, requests, the end.
 */
#ifndef OVERSTAY_LOOKUP_SERVER_H
#define OVERSTAY_LOOKUP_SERVER_H

#include "base/macros.h"
#include "lookup/host.h"

#define SERVER_LISTENERS_MAX   4
#define SERVER_CONNECTIONS_MAX 8

struct server {
	struct host host;		     /* open, as long as the process lives */
	int listeners[SERVER_LISTENERS_MAX]; /* listening SOCK_SEQPACKET sockets */
	int listener_count;
	int connections[SERVER_CONNECTIONS_MAX]; /* connected ones */
	int connection_count;
};

/*
 * Takes a connected socket in if it is a Unix SOCK_SEQPACKET one whose other end is root or
 * this user. Returns 0 and the socket belongs to the server; -EACCES, -EPROTOTYPE, -EMFILE
 * (there are SERVER_CONNECTIONS_MAX) or another -errno, and it does not.
 */
int server_add_connection(struct server *server, int fd) _mustcheck_;

/*
 * Serves until SIGTERM (with listeners SIGINT too), or until nothing is left that could
 * ask. All descriptors are closed then. Returns 0 or -errno.
 */
int server_run(struct server *server) _mustcheck_;

#endif
