/* SPDX-License-Identifier: MIT */
/*
 * One thread, one poll(2), one request at a time, in turn. A request is answered in one go:
 * the answer is short (a second on a crowded host), and the only asker is overstayd, which
 * has one request under way. A client that sends what is no request, does not read its
 * answer for SEND_WAIT_MSEC, or is neither root nor this user, is disconnected without a
 * word.
 *
 * Reading /proc can be held up for ever by what hostile processes do (a FUSE file system
 * that does not answer, an mmap lock that is not given back), and a signal handler could
 * not free the thread. So the default action of SIGALRM ends the process: overstayd sees
 * the connection close, says that owners are unknown, and the next connection starts a new
 * one.
 *
 * Memory: fixed, but for what answer.c takes while it answers.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lookup/answer.h"
#include "lookup/server.h"
#include "model/link.h"
#include "wire/encode.h"

#define SEND_WAIT_MSEC 5000

/* The longest packet that is a request; one byte more shows a longer one. */
#define REQUEST_MAX                                                                           \
	(sizeof(struct wire_header) + sizeof(struct wire_request) +                           \
	    LOOKUP_INODES_MAX * sizeof(struct wire_question) + LINKS_MAX * sizeof(uint32_t) + \
	    LINKS_BYTES_MAX)

static int
check_type(int fd)
{
	int domain, type;
	socklen_t length = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0)
		return -errno;
	length = sizeof(type);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0)
		return -errno;
	return domain == AF_UNIX && type == SOCK_SEQPACKET ? 0 : -EPROTOTYPE;
}

static int
check_peer(int fd)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
		return -errno;
	return peer.uid == 0 || peer.uid == geteuid() ? 0 : -EACCES;
}

int
server_add_connection(struct server *server, int fd)
{
	int r = check_type(fd);

	if (r == 0)
		r = check_peer(fd);
	if (r < 0)
		return r;
	if (server->connection_count == SERVER_CONNECTIONS_MAX)
		return -EMFILE;
	server->connections[server->connection_count++] = fd;
	return 0;
}

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

/*
 * Reads one request and answers it. Returns 0, or -errno: the connection is to be closed.
 */
static int
serve(struct server *server, int fd)
{
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
	r = answer_request(&server->host, id, questions, (size_t)r, paths, send_packet, &fd);
	(void)alarm(0);
	return r;
}

/* Takes one connection. Only what makes the listener useless is an error. */
static int
accept_one(struct server *server, int listener)
{
	_close_ int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int r;

	if (fd < 0)
		return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ? 0 : -errno;
	r = server_add_connection(server, fd);
	if (r == 0)
		(void)take_fd(&fd);
	else
		log_debug("lookup", "refused a connection: %s", strerror(-r));
	return 0;
}

/* Blocks the signals and returns a descriptor that reports them, or -errno. */
static int
open_signals(const struct server *server)
{
	sigset_t taken, alarm_set;
	int fd;

	(void)sigemptyset(&taken);
	(void)sigaddset(&taken, SIGTERM);
	/* A terminal sends SIGINT to overstayd's helper too; overstayd is to end it. */
	(void)sigaddset(&taken, SIGINT);
	if (sigprocmask(SIG_BLOCK, &taken, NULL) < 0)
		return -errno;
	if (server->listener_count == 0)
		(void)sigdelset(&taken, SIGINT);
	(void)sigemptyset(&alarm_set);
	(void)sigaddset(&alarm_set, SIGALRM);
	if (signal(SIGALRM, SIG_DFL) == SIG_ERR || sigprocmask(SIG_UNBLOCK, &alarm_set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* Serves the connections that have something to say; closes those that ended. */
static void
serve_connections(struct server *server, const struct pollfd *poll_fds)
{
	int kept = 0, polled = server->connection_count;

	for (int i = 0; i < polled; i++) {
		int fd = server->connections[i];
		int r = poll_fds[i].revents != 0 ? serve(server, fd) : 0;

		if (r < 0) {
			log_debug("lookup", "closed a connection: %s", strerror(-r));
			(void)close(fd);
		} else
			server->connections[kept++] = fd;
	}
	server->connection_count = kept;
}

/* Waits once and does what is to be done. Returns 1, 0 at the signal to end, or -errno. */
static int
turn(struct server *server, int signals_fd)
{
	struct pollfd poll_fds[1 + SERVER_LISTENERS_MAX + SERVER_CONNECTIONS_MAX];
	int listeners = server->listener_count, connections = server->connection_count;

	poll_fds[0] = (struct pollfd){ .fd = signals_fd, .events = POLLIN };
	for (int i = 0; i < listeners; i++)
		poll_fds[1 + i] = (struct pollfd){ .fd = server->listeners[i], .events = POLLIN };
	for (int i = 0; i < connections; i++)
		poll_fds[1 + listeners + i] =
		    (struct pollfd){ .fd = server->connections[i], .events = POLLIN };
	if (poll(poll_fds, (nfds_t)(1 + listeners + connections), -1) < 0)
		return errno == EINTR ? 1 : -errno;
	if (poll_fds[0].revents != 0)
		return 0;
	serve_connections(server, poll_fds + 1 + listeners);
	for (int i = 0; i < listeners; i++) {
		int r = 0;

		if (poll_fds[1 + i].revents != 0)
			r = accept_one(server, server->listeners[i]);
		if (r < 0)
			return r;
	}
	return 1;
}

int
server_run(struct server *server)
{
	_close_ int signals_fd = open_signals(server);
	int r = signals_fd < 0 ? signals_fd : 1;

	while (r > 0 && server->listener_count + server->connection_count > 0)
		r = turn(server, signals_fd);
	while (server->connection_count > 0)
		(void)close(server->connections[--server->connection_count]);
	while (server->listener_count > 0)
		(void)close(server->listeners[--server->listener_count]);
	return r < 0 ? r : 0;
}
