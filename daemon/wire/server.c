/* SPDX-License-Identifier: MIT */
/*
 * One thread, one poll(2), connections in turn. What has come is one packet of a connection at a
 * time, and who owns the server answers it (struct server's serve). A client that is neither root
 * nor this user is disconnected without a word, and so is one whose packet could not be served.
 *
 * What is served may be held up for ever by what hostile processes do (a file system that does not
 * answer, a name service that hangs), and a signal handler could not free the thread. So SIGALRM is
 * left to its default action, which ends the process: who serves arms alarm(2) before.
 *
 * Memory: fixed, but for what serve takes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "wire/server.h"

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

int
server_take_listeners(struct server *server)
{
	int count = sd_listen_fds(1);

	if (count < 0)
		return count;
	if (count > SERVER_LISTENERS_MAX)
		return -E2BIG;
	for (int i = 0; i < count; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		int r = sd_is_socket_unix(fd, SOCK_SEQPACKET, 1, NULL, 0);

		if (r <= 0)
			return r < 0 ? r : -EPROTOTYPE;
		/* A client that went away before accept() must not hold the loop. */
		if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
			return -errno;
		server->listeners[server->listener_count++] = fd;
	}
	return count;
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
		log_debug("server", "refused a connection: %s", strerror(-r));
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
	/* A terminal sends SIGINT to overstayd's helpers too; overstayd is to end it. */
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
		int r = poll_fds[i].revents != 0 ? server->serve(fd, server->argument) : 0;

		if (r < 0) {
			log_debug("server", "closed a connection: %s", strerror(-r));
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
