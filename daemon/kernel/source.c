/* SPDX-License-Identifier: MIT */
/*
 * The shell around every source: checks a request once, keeps one under way, and runs one to its
 * end for those who may wait. Knows nothing of where the sockets come from.
 *
 * A request is under way from a source_begin() that returned 0 until source_step() returns
 * anything but 1 and -EAGAIN, or source_cancel().
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "kernel/source-ops.h"

/* asm-generic/socket.h since Linux 5.14; the C library's copy may be older. */
#define NETNS_COOKIE_OPTION 71

/*
 * Named one by one, never ~0: request sockets (SYN_RECV, NEW_SYN_RECV) would let a SYN flood drive
 * the cost, and BOUND_INACTIVE holds a port without using it.
 */
#define STATES_TCP                                                                \
	(1u << STATE_ESTABLISHED | 1u << STATE_SYN_SENT | 1u << STATE_FIN_WAIT1 | \
	    1u << STATE_FIN_WAIT2 | 1u << STATE_TIME_WAIT | 1u << STATE_CLOSE |   \
	    1u << STATE_CLOSE_WAIT | 1u << STATE_LAST_ACK | 1u << STATE_LISTEN |  \
	    1u << STATE_CLOSING)

/* Both ends have agreed, so that a SYN flood counts for nobody's peers. */
#define STATES_CONNECTED                                                           \
	(1u << STATE_ESTABLISHED | 1u << STATE_FIN_WAIT1 | 1u << STATE_FIN_WAIT2 | \
	    1u << STATE_CLOSE_WAIT | 1u << STATE_LAST_ACK | 1u << STATE_CLOSING)

/* UDP borrows two of TCP's states: connected and not. */
#define STATES_UDP (1u << STATE_ESTABLISHED | 1u << STATE_CLOSE)

uint64_t
source_netns_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, NETNS_COOKIE_OPTION, &cookie, &length) < 0 ||
	    length != sizeof(cookie))
		return 0;
	return cookie;
}

uint32_t
source_states(const struct source_request *request)
{
	if (request->protocol == PROTOCOL_UDP)
		return request->survey ? STATES_UDP : 1u << STATE_CLOSE;
	if (request->connections)
		return STATES_CONNECTED;
	return request->survey ? STATES_TCP : 1u << STATE_LISTEN;
}

uint8_t
source_spared(uint32_t incomplete_ipv4, uint32_t incomplete_ipv6)
{
	if ((incomplete_ipv4 == 0) == (incomplete_ipv6 == 0))
		return 0;
	return incomplete_ipv4 == 0 ? AF_INET : AF_INET6;
}

bool
source_is_listening(enum protocol protocol, uint8_t state, uint16_t remote_port)
{
	if (protocol == PROTOCOL_UDP)
		return state == STATE_CLOSE && remote_port == 0;
	return state == STATE_LISTEN;
}

struct source *
source_close(struct source *source)
{
	if (source != NULL)
		source->ops->free(source);
	return NULL;
}

const char *
source_name(const struct source *source)
{
	return source->ops->name;
}

bool
source_knows_choice(const struct source *source)
{
	return source->ops->knows_choice;
}

uint64_t
source_netns(const struct source *source)
{
	return source->netns;
}

int
source_fd(const struct source *source)
{
	return source->fd;
}

/* Returns 0 or -errno. */
static int
check_request(const struct source *source, const struct source_request *request)
{
	if (request->port == 0 && request->filter == NULL)
		return -EINVAL;
	if (request->connections &&
	    (request->survey || request->protocol != PROTOCOL_TCP ||
		request->choice != CHOICE_UNKNOWN))
		return -EINVAL;
	if (request->place != NULL &&
	    (request->port == 0 || request->choice != CHOICE_UNKNOWN ||
		request->family == AF_UNSPEC))
		return -EINVAL;
	if (request->choice != CHOICE_UNKNOWN && !source->ops->knows_choice)
		return -EOPNOTSUPP;
	switch (request->family) {
	case AF_INET:
	case AF_INET6:
		return 0;
	case AF_UNSPEC:
		return request->protocol == PROTOCOL_TCP ? 0 : -EAFNOSUPPORT;
	default:
		return -EAFNOSUPPORT;
	}
}

int
source_begin(struct source *source, const struct source_request *request)
{
	int result;

	if (source->busy)
		return -EBUSY;
	result = check_request(source, request);
	if (result < 0)
		return result;
	source->result = (struct source_result){ 0 };
	result = source->ops->begin(source, request);
	source->busy = result == 0;
	return result;
}

int
source_step(struct source *source, source_function *function, void *argument,
    struct source_result *ret_result)
{
	int result;

	if (!source->busy)
		return -EINVAL;
	result = source->ops->step(source, function, argument);
	if (result == 1 || result == -EAGAIN)
		return result;
	source->busy = false;
	if (result == 0)
		*ret_result = source->result;
	return result;
}

void
source_cancel(struct source *source)
{
	if (!source->busy)
		return;
	source->ops->cancel(source);
	source->busy = false;
}

/* Waits until a step can be made or it is deadline_usec. Returns 0 or -errno. */
static int
wait_readable(int fd, uint64_t deadline_usec)
{
	uint64_t now_usec = clock_monotonic_usec();

	if (now_usec >= deadline_usec)
		return 0;
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	uint64_t rest_msec = (deadline_usec - now_usec) / USEC_PER_MSEC + 1;
	if (poll(&pollfd, 1, rest_msec > INT_MAX ? INT_MAX : (int)rest_msec) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

int
source_run(struct source *source, const struct source_request *request, source_function *function,
    void *argument, uint64_t timeout_usec, struct source_result *ret_result)
{
	uint64_t begun_usec = clock_monotonic_usec();
	uint64_t deadline_usec =
	    timeout_usec > USEC_NEVER - begun_usec ? USEC_NEVER : begun_usec + timeout_usec;
	int result = source_begin(source, request);

	if (result < 0)
		return result;
	for (;;) {
		result = source_step(source, function, argument, ret_result);
		if (result != 1 && result != -EAGAIN)
			return result;
		if (result == -EAGAIN) {
			result = wait_readable(source->fd, deadline_usec);
			if (result < 0)
				break;
		}
		if (clock_monotonic_usec() >= deadline_usec) {
			source->result.incomplete |= INCOMPLETE_TIMEOUT;
			*ret_result = source->result;
			result = 0;
			break;
		}
	}
	source_cancel(source);
	return result;
}
