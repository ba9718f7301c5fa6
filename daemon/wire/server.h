/* SPDX-License-Identifier: MIT */
/*
 * The loop of a helper: listeners, connections, the end. See server.c.
 */
#ifndef OVERSTAY_WIRE_SERVER_H
#define OVERSTAY_WIRE_SERVER_H

#include "base/macros.h"

#define SERVER_LISTENERS_MAX   4
#define SERVER_CONNECTIONS_MAX 8

struct server {
	/* Reads and answers one packet. Returns 0, or -errno: the connection is to be closed. */
	int (*serve)(int fd, void *argument);
	void *argument;
	int listeners[SERVER_LISTENERS_MAX]; /* listening SOCK_SEQPACKET sockets */
	int listener_count;
	int connections[SERVER_CONNECTIONS_MAX]; /* connected ones */
	int connection_count;
};

/* Takes over the sockets that systemd handed over. Returns how many, or -errno. */
int server_take_listeners(struct server *server) _mustcheck_;

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
