/* SPDX-License-Identifier: MIT */
/*
 * The client of overstay-lookup: asks who holds these sockets. Made for an event loop:
 * nothing waits. One request is under way at a time; its answers come packet by packet.
 *
 * The other end reads what hostile processes wrote, so its answers are taken as hostile:
 * whatever makes no sense ends the connection, and the sockets still open get an unknown
 * owner.
 */
#ifndef OVERSTAY_WIRE_CLIENT_H
#define OVERSTAY_WIRE_CLIENT_H

#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"
#include "model/link.h"
#include "model/owner.h"
#include "wire/protocol.h"

struct lookup_client;

/* owner is borrowed: owner_ref() to keep it. Several inodes may share one owner. */
typedef void lookup_client_function(uint32_t inode, struct owner *owner, void *argument);

/* Connects to the socket at socket_path. Returns 0 or -errno. */
int lookup_client_open_path(const char *socket_path, struct lookup_client **ret) _mustcheck_;

/*
 * Starts lookup_binary (an absolute path) with --fd, its end of a socket pair as descriptor
 * 3. It ends when the connection does; lookup_client_pid() is to be reaped by the caller. A binary
 * that cannot be started is reported here if that can be seen (-ENOENT, -EACCES), else by
 * the first step. Returns 0 or -errno.
 */
int lookup_client_spawn(const char *lookup_binary, struct lookup_client **ret) _mustcheck_;

/*
 * Closes the connection; accepts NULL, returns NULL. A started process is not waited for.
 */
struct lookup_client *lookup_client_close(struct lookup_client *client);

/* Becomes readable when a step can be made. */
int lookup_client_fd(const struct lookup_client *client);

/* The process started by lookup_client_spawn(), 0 where it was not. */
pid_t lookup_client_pid(const struct lookup_client *client);

/*
 * Puts a request for count sockets, 1 to LOOKUP_QUESTIONS_MAX, or none where there are paths to ask
 * for; an inode that stands there twice is asked once. Returns 0; 1: more than LOOKUP_INODES_MAX
 * are too many to be sent now, go on with lookup_client_ask_on(); -EBUSY while another request is
 * under way, -EINVAL for a count or inode out of bounds; another -errno: the connection is
 * unusable, close it.
 */
int lookup_client_ask(struct lookup_client *client, const struct lookup_question *questions,
    size_t count) _mustcheck_;

/* Goes on with it when the descriptor is writable. Returns the same. */
int lookup_client_ask_on(struct lookup_client *client) _mustcheck_;

/*
 * Reads one packet and calls function for each inode it answers; now_usec becomes the
 * owners' observed_usec. Returns 1 = more to come, 0 = the request is done, -EAGAIN =
 * nothing to be read yet. With another -errno the connection is unusable and has to be
 * closed, and every inode still open was given an unknown owner: OWNER_REASON_BAD_ANSWER
 * (-EPROTO: it made no sense, or left an inode out) or OWNER_REASON_NO_LOOKUP (-EPIPE and
 * the rest: it is gone). Without a request under way only the connection is checked.
 */
int lookup_client_step(struct lookup_client *client, uint64_t now_usec,
    lookup_client_function *function, void *argument) _mustcheck_;

/* Why owners are unknown after an error of a step, of connecting, or of waiting (-ETIMEDOUT). */
enum owner_reason lookup_client_reason(int r);

/*
 * Ends the request under way: every inode still open is given an unknown owner with this
 * reason (OWNER_REASON_TIMEOUT). An answer may still come, so the connection has to be
 * closed after.
 */
void lookup_client_give_up(struct lookup_client *client, enum owner_reason reason,
    uint64_t now_usec, lookup_client_function *function, void *argument);

/*
 * The paths that the requests from now on ask for, too (copied; NULL = none). A request of paths
 * alone has no question then. Returns 0 or -ENOMEM.
 */
int lookup_client_set_paths(struct lookup_client *client,
    const struct link_table *paths) _mustcheck_;

/* The same paths, and where they led when the last request was answered. Borrowed. */
const struct link_table *lookup_client_links(const struct lookup_client *client);

/* Whether it lacked permission for something that it was to search for the last request. */
bool lookup_client_was_denied(const struct lookup_client *client);

/* The CPU time that the last request took, as the other end says; 0 until it is answered. */
uint64_t lookup_client_cpu_usec(const struct lookup_client *client);

/* One path that was asked for, and where it leads; both are in the packet, not terminated. */
struct lookup_client_link {
	const char *path, *target;
	uint32_t path_length, target_length; /* target_length 0 = nowhere; target NULL = unknown */
};

/* What one packet says. */
struct lookup_client_packet {
	uint32_t id;
	bool done;
	bool saw_all;	     /* of a done packet, */
	bool denied;	     /* of one, too: permission lacked */
	uint64_t cpu_usec;   /* and what the answer took */
	struct owner *owner; /* else: one reference, the caller's; observed_usec is 0 */
	uint32_t inode_count;
	uint32_t inodes[LOOKUP_INODES_MAX];
	uint32_t link_count;
	struct lookup_client_link links[LINKS_MAX];
};

/*
 * Parses one packet, every byte of which is doubted. Returns 0, and *ret is filled; -EPROTO
 * where it is no packet of protocol.h, within its bounds and those of model/owner.h, or says
 * what cannot be; -ENOMEM.
 */
int lookup_client_parse(const char *packet, size_t length,
    struct lookup_client_packet *ret) _mustcheck_;

#endif
