/* SPDX-License-Identifier: MIT */
/*
 * Fills the kernel's table of connections, for the system tests:
 *
 *	storm syn ADDRESS PORT COUNT   begins COUNT connections from addresses that never answer
 *	storm wait PORT COUNT	       COUNT connections that are closed at once: TIME_WAIT
 *	storm hold PORT COUNT	       COUNT connections that stay, in children of 4,000 each
 *
 * Says "ready" when they are there, and waits for the end of its standard input.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MUST(condition)                                           \
	do {                                                      \
		if (!(condition))                                 \
			err(1, "line %d: " #condition, __LINE__); \
	} while (0)

/* Ports of one address that are used, at most. */
#define OF_ONE_ADDRESS 20000
#define OF_ONE_CHILD   4000

static uint16_t
sum(const void *data, size_t length, uint32_t begin)
{
	const uint16_t *word = data;

	for (; length > 1; length -= 2)
		begin += *word++;
	while (begin >> 16 != 0)
		begin = (begin & 0xffff) + (begin >> 16);
	return (uint16_t)~begin;
}

static void
flood(const char *address, uint16_t port, int count)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);

	MUST(fd >= 0 && inet_aton(address, &to.sin_addr) == 1);
	for (int i = 0; i < count; i++) {
		struct {
			struct iphdr ip;
			struct tcphdr tcp;
		} packet = {
			.ip = { .version = 4,
			    .ihl = 5,
			    .ttl = 64,
			    .protocol = IPPROTO_TCP,
			    .tot_len = htons(sizeof(packet)),
			    .saddr = htonl(0x0a080000U + (uint32_t)i % 65536),
			    .daddr = to.sin_addr.s_addr },
			.tcp = { .source = htons((uint16_t)(1024 + i / 65536)),
			    .dest = htons(port),
			    .seq = (uint32_t)i,
			    .doff = 5,
			    .syn = 1,
			    .window = htons(1024) },
		};
		uint32_t pseudo = (packet.ip.saddr & 0xffff) + (packet.ip.saddr >> 16) +
		    (packet.ip.daddr & 0xffff) + (packet.ip.daddr >> 16) + htons(IPPROTO_TCP) +
		    htons(sizeof(packet.tcp));

		packet.tcp.check = sum(&packet.tcp, sizeof(packet.tcp), pseudo);
		MUST(
		    sendto(fd, &packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to)) > 0);
	}
}

static int
make_listener(uint16_t port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	MUST(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0);
	MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes)) == 0);
	MUST(bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 && listen(fd, 4096) == 0);
	return fd;
}

/* A connection to one of the loopback's addresses. Returns both ends. */
static void
make_connection(int listener, uint16_t port, uint32_t address, int ends[2])
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(0x7f000001U + address) };

	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	MUST(ends[0] >= 0 && connect(ends[0], (struct sockaddr *)&to, sizeof(to)) == 0);
	ends[1] = accept(listener, NULL, NULL);
	MUST(ends[1] >= 0);
}

static void
leave_waiting(uint16_t port, int count)
{
	int listener = make_listener(port), ends[2];

	for (int i = 0; i < count; i++) {
		make_connection(listener, port, (uint32_t)(i / OF_ONE_ADDRESS), ends);
		close(ends[0]);
		close(ends[1]);
	}
}

static void
hold(uint16_t port, int count)
{
	int pipes[2];
	char byte;

	MUST(pipe(pipes) == 0);
	for (int child = 0; child * OF_ONE_CHILD < count; child++) {
		if (fork() != 0)
			continue;
		/* Each has a port and a range of addresses of its own. */
		uint16_t own = (uint16_t)(port + child);
		int listener = make_listener(own), ends[2];

		for (int i = 0; i < OF_ONE_CHILD; i++)
			make_connection(listener, own, (uint32_t)child, ends);
		MUST(write(pipes[1], "x", 1) == 1);
		(void)!read(STDIN_FILENO, &byte, 1);
		_exit(0);
	}
	for (int child = 0; child * OF_ONE_CHILD < count; child++)
		MUST(read(pipes[0], &byte, 1) == 1);
}

int
main(int argc, char *argv[])
{
	struct rlimit limit;
	char byte;

	MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (argc == 5 && strcmp(argv[1], "syn") == 0)
		flood(argv[2], (uint16_t)atoi(argv[3]), atoi(argv[4]));
	else if (argc == 4 && strcmp(argv[1], "wait") == 0)
		leave_waiting((uint16_t)atoi(argv[2]), atoi(argv[3]));
	else if (argc == 4 && strcmp(argv[1], "hold") == 0)
		hold((uint16_t)atoi(argv[2]), atoi(argv[3]));
	else
		errx(1, "usage: see the file");
	puts("ready");
	fflush(stdout);
	(void)!read(STDIN_FILENO, &byte, 1);
	return 0;
}
