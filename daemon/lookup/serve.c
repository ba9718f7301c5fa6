/* SPDX-License-Identifier: MIT */
/*
 * One request is answered in one go: the answer is short (a second on a crowded host), and the only
 * asker is overstayd, which has one request under way. A client that sends what is no request, or
 * does not read its answer for SEND_WAIT_MSEC, is disconnected without a word (wire/server.c).
 *
 * Reading /proc can be held up for ever by what hostile processes do (a FUSE file system that does
 * not answer, an mmap lock that is not given back). Then SIGALRM ends the process: overstayd sees
 * the connection close, says that owners are unknown, and the next connection starts a new one.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lookup/answer.h"
#include "lookup/serve.h"
#include "model/link.h"
#include "wire/encode.h"

#define SEND_WAIT_MSEC 5000

/* The longest packet that is a request; one byte more shows a longer one. */
#define REQUEST_MAX                                                                           \
	(sizeof(struct wire_header) + sizeof(struct wire_request) +                           \
	    LOOKUP_INODES_MAX * sizeof(struct wire_question) + LINKS_MAX * sizeof(uint32_t) + \
	    LINKS_BYTES_MAX)

static int
send_packet(const char *packet, size_t length, void *argument)
{
	struct pollfd poll_fd = { .fd = *(int *)argument, .events = POLLOUT };

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

int
serve_request(int fd, void *argument)
{
	struct host *host = argument;
	char packet[REQUEST_MAX + 1];
	struct wire_question questions[LOOKUP_INODES_MAX];
	struct wire_paths paths;
	ssize_t length = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);
	uint32_t id;
	int r;

	if (length < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (length == 0)
		return -EPIPE;
	r = decode_request(packet, (size_t)length, &id, questions, &paths);
	if (r < 0)
		return r;
	(void)alarm(LOOKUP_SECONDS_MAX);
	r = answer_request(host, id, questions, (size_t)r, paths, send_packet, &fd);
	(void)alarm(0);
	return r;
}
