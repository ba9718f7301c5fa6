/* SPDX-License-Identifier: MIT */
/*
 * How long overstay-lookup takes for an answer, asked as overstayd asks.
 *
 *	ask LOOKUP COUNT
 *
 * Asks COUNT times who holds the TCP listeners of this network namespace (/proc/net/tcp), with
 * nothing known of their cgroups: one walk over /proc has to find them. A poll's questions are put
 * in as many requests as they need, one behind the other.
 *
 * Output: "WALL CPU SOCKETS KNOWN" a time: nanoseconds from the first question to the last answer,
 * nanoseconds of CPU in the lookup, the sockets asked for, and those whose process was found.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "model/listener.h"
#include "wire/client.h"

#define SOCKETS_MAX 4096

static struct lookup_question questions[SOCKETS_MAX];
static size_t question_count;
static size_t known;

static uint64_t
now_nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t
cpu_nsec(pid_t pid)
{
	char path[64];
	uint64_t nsec = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	file = fopen(path, "re");
	if (file == NULL || fscanf(file, "%" SCNu64, &nsec) != 1)
		errx(1, "%s cannot be read", path);
	fclose(file);
	return nsec;
}

static void
read_listeners(void)
{
	FILE *file = fopen("/proc/net/tcp", "re");
	char line[256];
	unsigned state, uid, inode;

	if (file == NULL)
		err(1, "/proc/net/tcp");
	while (fgets(line, sizeof(line), file) != NULL && question_count < SOCKETS_MAX)
		if (sscanf(line, " %*d: %*x:%*x %*x:%*x %x %*x:%*x %*x:%*x %*x %u %*u %u", &state,
			&uid, &inode) == 3 &&
		    state == 10 && inode != 0)
			questions[question_count++] = (struct lookup_question){
				.inode = inode,
				.uid = uid,
				.endpoint.protocol = PROTOCOL_TCP,
			};
	fclose(file);
}

static void
on_owner(uint32_t inode, struct owner *owner, void *argument)
{
	(void)inode;
	(void)argument;
	if (owner->kind == OWNER_PROCESS)
		known++;
}

static void
ask(struct lookup_client *owners, const struct lookup_question *first, size_t count)
{
	struct pollfd readable = { .fd = lookup_client_fd(owners), .events = POLLIN };
	int r = lookup_client_ask(owners, first, count, clock_boottime_usec());

	if (r < 0)
		errx(1, "asking failed: %s", strerror(-r));
	do {
		if (poll(&readable, 1, 60000) != 1)
			errx(1, "no answer");
		r = lookup_client_step(owners, clock_boottime_usec(), on_owner, NULL);
	} while (r == 1 || r == -EAGAIN);
	if (r < 0)
		errx(1, "the answer failed: %s", strerror(-r));
}

int
main(int argc, char *argv[])
{
	struct lookup_client *owners;
	int r;

	if (argc != 3)
		errx(2, "usage: ask LOOKUP COUNT");
	read_listeners();
	r = lookup_client_spawn(argv[1], &owners);
	if (r < 0)
		errx(1, "%s: %s", argv[1], strerror(-r));
	for (int i = 0; i < atoi(argv[2]); i++) {
		uint64_t begun = now_nsec(), cpu_begun = cpu_nsec(lookup_client_pid(owners));

		known = 0;
		for (size_t at = 0; at < question_count; at += OWNERS_ASK_MAX) {
			size_t left = question_count - at;

			ask(owners, questions + at, left < OWNERS_ASK_MAX ? left : OWNERS_ASK_MAX);
		}
		printf("%" PRIu64 " %" PRIu64 " %zu %zu\n", now_nsec() - begun,
		    cpu_nsec(lookup_client_pid(owners)) - cpu_begun, question_count, known);
	}
	lookup_client_close(owners);
	return 0;
}
