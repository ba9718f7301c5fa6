/* SPDX-License-Identifier: MIT */
/*
 * Where socket tables come from: one interface, three sources (netlink, /proc/net, replay). A
 * source is asked one request at a time and answers in steps: one datagram of netlink, one chunk of
 * /proc/net. Each may take as long as the kernel walks over all its connections: not for the event
 * loop (loop/pump.c has a thread).
 */
#ifndef OVERSTAY_KERNEL_SOURCE_H
#define OVERSTAY_KERNEL_SOURCE_H

#include <stdint.h>

#include "base/macros.h"
#include "engine/snapshot.h"
#include "model/listener.h"
#include "model/range.h"

struct source;

/* Where a socket is, so that one question can be about few others. */
struct source_place {
	struct endpoint endpoint; /* its protocol, family and port are those of the request */
	uint64_t cgroup;	  /* that it was made in; 0 = any */
};

struct source_request {
	enum protocol protocol;
	uint8_t family;	  /* AF_INET, AF_INET6; AF_UNSPEC = both, TCP only */
	bool survey;	  /* all states that count; else listeners only */
	bool connections; /* instead: who is connected, with the other end; TCP only */
	uint16_t port;	  /* this port alone; 0 = what filter selects */
	const struct source_place *place; /* of that port what is here alone; NULL = all of it.
					   Borrowed until the request is done */
	enum choice choice;		  /* CHOICE_UNKNOWN = either; else only sockets so chosen */
	const struct port_filter *filter; /* borrowed until the request is done */
};

/* One socket of an answer. */
struct source_socket {
	struct listener listener; /* of a survey only endpoint.port, .protocol and cookie;
					   of a connection that and the whole endpoint */
	bool listening;		  /* TCP: LISTEN; UDP: bound and not connected */
	bool time_wait;
	uint16_t remote_port;	    /* of a connection: its other end, host order */
	uint8_t remote_address[16]; /* as endpoint.address, of the same family */
};

/* What an answer was worth once source_step() returned 0. */
struct source_result {
	uint32_t incomplete; /* bits of enum incomplete; 0 = complete */
	uint8_t spared;	     /* of an answer for both families: the one (AF_INET, AF_INET6) that
				   is complete all the same; 0 = neither, or both are */
	uint32_t datagrams;  /* with data; a one-port answer proves absence if <= 1 */
	uint64_t sockets;
};

typedef void source_function(const struct source_socket *socket, void *argument);

/*
 * A bound socket for source_new_netlink(), of the calling thread's namespace. Returns the
 * descriptor or -errno; -EPROTONOSUPPORT and the like where the kernel has no sock_diag: then try
 * source_open_proc().
 */
int source_open_diag(void) _mustcheck_;

/*
 * A netlink source that asks through such a socket (taken on success), whoever opened it: it
 * answers for the namespace it was opened in. Returns 0 or -errno.
 */
int source_new_netlink(int fd, struct source **ret) _mustcheck_;

/* The two of them: a netlink source for the namespace of the calling thread. */
int source_open_netlink(struct source **ret) _mustcheck_;

/* /proc/net under proc_fd (borrowed; an open /proc). Returns 0 or -errno. */
int source_open_proc(int proc_fd, struct source **ret) _mustcheck_;

/* Accepts NULL; returns NULL. A request under way is given up. */
struct source *source_close(struct source *source);

const char *source_name(const struct source *source); /* "sock_diag", "/proc/net" */

/* True if it knows the kernel's socket cookies and who chose a port. */
bool source_knows_choice(const struct source *source);

/* Cookie of the network namespace it answers for, 0 = unknown. */
uint64_t source_netns(const struct source *source);

/*
 * Becomes readable when a step can be made; -1: a step can be made at any time. The same for the
 * source's life but for source_cancel().
 */
int source_fd(const struct source *source);

/*
 * Puts a request. Returns 0 or -errno: -EBUSY while another is under way, -EINVAL for no port and
 * no filter, for connections of UDP or by choice, or for a place by choice or of both families,
 * -EAFNOSUPPORT for a family that cannot be asked for, -EOPNOTSUPP for a choice where the source
 * does not know it.
 */
int source_begin(struct source *source, const struct source_request *request) _mustcheck_;

/*
 * Makes one step: calls function for each socket it brought. Returns 1 = more to come, 0 = done
 * and *ret_result filled, -EAGAIN = nothing to be read yet, other -errno = the source is unusable
 * and has to be closed; -ENOENT, -EOPNOTSUPP, -EACCES and the like say that the kernel gives no
 * sock_diag for that protocol, and source_open_proc() may help.
 */
int source_step(struct source *source, source_function *function, void *argument,
    struct source_result *ret_result) _mustcheck_;

/*
 * Gives up the request under way, if there is one; a new one may begin at once. Netlink does that
 * with a new socket, since the kernel would first finish the old dump on the old one: stop watching
 * source_fd() before and ask for it again after. The new socket is of the calling thread's
 * namespace; if that is another one, or there is no socket to be had, the next source_begin() says
 * so (-ESTALE, or why).
 */
void source_cancel(struct source *source);

/*
 * Makes steps until the request is done, waiting at most timeout_usec: for --once and tests. After
 * that the request is given up and the answer is INCOMPLETE_TIMEOUT. Returns 0 or -errno.
 */
int source_run(struct source *source, const struct source_request *request,
    source_function *function, void *argument, uint64_t timeout_usec,
    struct source_result *ret_result) _mustcheck_;

#endif
