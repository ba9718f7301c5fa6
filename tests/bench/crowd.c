/* SPDX-License-Identifier: MIT */
/*
 * A host's worth of processes with open files, some of which listen when they are told to.
 *
 *	crowd PROCESSES DESCRIPTORS LISTENERS FIRST-PORT
 *
 * Starts so many processes with so many open files each: half of them sockets, as /proc shows
 * many on a busy host, half /dev/null. A line on stdin makes LISTENERS of them, spread evenly,
 * listen on 127.0.0.1, each on a port of its own, all at once; the next line makes them let go.
 * Each round takes ports that no round had before. Says "ready", "listening" or "closed" on stdout
 * when all are done with it. The end of stdin ends them all.
 *
 * How: a byte in a pipe is one listener's order. Who has carried one order out waits at the other
 * pipe, so nobody takes two of a round.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ORDER_LISTEN, ORDER_CLOSE, ORDER_COUNT };

static int orders[ORDER_COUNT][2], done[2];

static void
open_files(unsigned count)
{
	int pair[2];

	for (unsigned i = 0; i + 1 < count / 2; i += 2)
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
			err(1, "socketpair");
	for (unsigned i = 0; i < (count + 1) / 2; i++)
		if (open("/dev/null", O_RDONLY) < 0)
			err(1, "/dev/null");
}

static int
make_listener(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 1) < 0)
		err(1, "port %u", port);
	return fd;
}

/* One of those that listen: takes an order, carries it out, says so. */
_Noreturn static void
obey(uint16_t port, uint16_t step)
{
	int fd = -1;
	char byte;

	for (unsigned order = ORDER_LISTEN;; order = (order + 1) % ORDER_COUNT) {
		if (read(orders[order][0], &byte, 1) != 1)
			_exit(0);
		if (order == ORDER_LISTEN) {
			fd = make_listener(port);
			port = (uint16_t)(port + step);
		} else {
			close(fd);
		}
		if (write(done[1], &byte, 1) != 1)
			_exit(1);
	}
}

static void
start(unsigned processes, unsigned descriptors, unsigned listeners, uint16_t port)
{
	unsigned share = processes / listeners;
	pid_t parent = getpid();

	for (unsigned i = 0; i < processes; i++) {
		bool listens = i % share == 0 && i / share < listeners;
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (pid > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		/* The pipes and stdio count, too. */
		open_files(descriptors > 9 ? descriptors - 9 : 0);
		if (write(done[1], "", 1) != 1)
			_exit(1);
		if (listens)
			obey((uint16_t)(port + i / share), (uint16_t)listeners);
		for (;;)
			pause();
	}
}

static void
wait_for(unsigned count, const char *word)
{
	char byte;

	while (count-- > 0)
		if (read(done[0], &byte, 1) != 1)
			err(1, "waiting until all are %s", word);
	puts(word);
	fflush(stdout);
}

int
main(int argc, char *argv[])
{
	unsigned listeners = argc == 5 ? (unsigned)atoi(argv[3]) : 0;
	char line[16];

	if (listeners == 0 || atoi(argv[1]) < (int)listeners)
		errx(2, "usage: crowd PROCESSES DESCRIPTORS LISTENERS FIRST-PORT");
	if (pipe(orders[ORDER_LISTEN]) < 0 || pipe(orders[ORDER_CLOSE]) < 0 || pipe(done) < 0)
		err(1, "pipe");
	start((unsigned)atoi(argv[1]), (unsigned)atoi(argv[2]), listeners, (uint16_t)atoi(argv[4]));
	wait_for((unsigned)atoi(argv[1]), "ready");
	for (unsigned order = ORDER_LISTEN; fgets(line, sizeof(line), stdin) != NULL;
	     order = (order + 1) % ORDER_COUNT) {
		for (unsigned i = 0; i < listeners; i++)
			if (write(orders[order][1], "", 1) != 1)
				err(1, "write");
		wait_for(listeners, order == ORDER_LISTEN ? "listening" : "closed");
	}
	return 0;
}
