/* SPDX-License-Identifier: MIT */
/*
 * One request is read and answered in one go: the answer does not take long (a second on a crowded
 * host), and the only asker is overstayd, which has one request under way. A client that sends what
 * is no request, does not send all of one within RECEIVE_WAIT_USEC, or does not read its answer for
 * SEND_WAIT_MSEC, is disconnected without a word (wire/server.c).
 *
 * Reading /proc can be held up for ever by what hostile processes do (a FUSE file system that does
 * not answer, an mmap lock that is not given back). Then SIGALRM ends the process: overstayd sees
 * the connection close, says that owners are unknown, and the next connection starts a new one.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "lookup/answer.h"
#include "lookup/serve.h"
#include "model/link.h"
#include "wire/encode.h"

/* overstayd gives up first, after 10 seconds: on a busy host it may not run for several. */
#define SEND_WAIT_MSEC	  15000
#define RECEIVE_WAIT_USEC (5 * USEC_PER_SEC)

_Static_assert(SEND_WAIT_MSEC < LOOKUP_SECONDS_MAX * 1000, "the alarm is for what hangs");

/* The longest packet that is part of a request; one byte more shows a longer one. */
#define PACKET_MAX                                                                            \
	(sizeof(struct wire_header) + sizeof(struct wire_request) +                           \
	    LOOKUP_INODES_MAX * sizeof(struct wire_question) + LINKS_MAX * sizeof(uint32_t) + \
	    LINKS_BYTES_MAX)

static int
send_packet(const char *packet, size_t length, void *argument)
{
	struct pollfd poll_fd = { .fd = *(int *)argument, .events = POLLOUT };

	/* The next one may take as long again. */
	(void)alarm(LOOKUP_SECONDS_MAX);
	for (;;) {
		int r;

		if (send(poll_fd.fd, packet, length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		r = poll(&poll_fd, 1, SEND_WAIT_MSEC);
		if (r == 0)
			return -ETIMEDOUT;
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

/* Waits for the next packet of a request that has begun. Returns 0 or -errno. */
static int
wait_packet(int fd, uint64_t until_usec)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	uint64_t now_usec = clock_monotonic_usec();
	int r;

	if (now_usec >= until_usec)
		return -ETIMEDOUT;
	r = poll(&poll_fd, 1, (int)((until_usec - now_usec) / USEC_PER_MSEC) + 1);
	return r < 0 && errno != EINTR ? -errno : 0;
}

/* Reads a request, all its packets, the last of which stays in packet. Returns 0 or -errno. */
static int
receive(int fd, char *packet, struct request *request)
{
	uint64_t until_usec = clock_monotonic_usec() + RECEIVE_WAIT_USEC;
	int r;

	do {
		ssize_t length = recv(fd, packet, PACKET_MAX + 1, MSG_DONTWAIT);

		if (length == 0)
			return -EPIPE;
		if (length > 0)
			r = request_take(request, packet, (size_t)length);
		else if (errno != EAGAIN && errno != EINTR)
			return -errno;
		else
			/* Without a first packet there is nothing to wait for. */
			r = request->left == 0 ? -EAGAIN : 1;
		if (r > 0)
			r = wait_packet(fd, until_usec) < 0 ? -ETIMEDOUT : 1;
	} while (r > 0);
	return r;
}

int
serve_request(int fd, void *argument)
{
	struct host *host = argument;
	char packet[PACKET_MAX + 1];
	_cleanup_(request_clear) struct request request = { 0 };
	int r = receive(fd, packet, &request);

	if (r < 0)
		return r == -EAGAIN ? 0 : r;
	(void)alarm(LOOKUP_SECONDS_MAX);
	r = answer_request(host, request.id, request.questions, request.count, request.paths,
	    send_packet, &fd);
	(void)alarm(0);
	return r;
}
