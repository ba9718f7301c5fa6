/* SPDX-License-Identifier: MIT */
/*
 * What a poll and a survey cost against the kernel's own part of them: each of ours alternates
 * with a bare dump, in this thread, in this network namespace.
 *
 *	pairs COUNT
 *
 * A poll here is all that loop/poll.c does between two sleeps but for the event loop: the kernel's
 * range is read, the poll is asked through the netlink source and taken in, and stays are judged
 * as far as anything changed or is due; all owners are known and nothing changes. A survey is every
 * socket of the range folded into port occupancy and compared with the last one. The bare dump puts
 * the same requests with the same program into a buffer of the same size, and only walks the
 * lengths of the messages.
 *
 * Output: "KIND OURS BARE SOCKETS BARE-SOCKETS" a pair, the costs in nanoseconds of CPU (user and
 * system). Which of the two comes first changes with each pair, so that a warm cache favours
 * neither.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "engine/occupancy.h"
#include "kernel/filter.h"
#include "kernel/poll-steps.h"
#include "kernel/ranges.h"
#include "kernel/source-ops.h"

/* As netlink.c has it. */
#define BUFFER_SIZE 32768

#define WARM_UP	      3
#define TIMEOUT_USEC  (60 * USEC_PER_SEC)
#define QUESTIONS_MAX 256
#define PROTOCOLS     (1U << PROTOCOL_TCP | 1U << PROTOCOL_UDP)

struct bench {
	struct source *source;
	int bare_fd;
	int proc_fd;
	struct policy policy;
	struct engine *engine;
	struct occupancy *occupancy; /* being filled */
	struct occupancy *last;
	uint64_t sockets; /* of the last pass of ours, and of the bare one */
	uint64_t bare_sockets;
	uint32_t sequence;
	_Alignas(struct nlmsghdr) char buffer[BUFFER_SIZE];
};

struct request_body {
	struct nlmsghdr header;
	union {
		struct inet_diag_req legacy;
		struct inet_diag_req_v2 v2;
	} body;
};

static const struct source_request requests[] = {
	{ .protocol = PROTOCOL_TCP, .family = AF_UNSPEC },
	{ .protocol = PROTOCOL_UDP, .family = AF_INET },
	{ .protocol = PROTOCOL_UDP, .family = AF_INET6 },
};

static void
die(const char *what, int error)
{
	fprintf(stderr, "pairs: %s: %s\n", what, strerror(error));
	exit(EXIT_FAILURE);
}

static uint64_t
thread_cpu_nsec(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct moment
moment_now(void)
{
	return (struct moment){ clock_boottime_usec(), clock_realtime_usec() };
}

/* Ids need only be different here. */
static void
make_id(struct stay_id *ret, void *argument)
{
	uint64_t *next = argument;

	memset(ret, 0, sizeof(*ret));
	memcpy(ret->bytes, next, sizeof(*next));
	++*next;
}

static void
read_ranges(struct bench *bench)
{
	struct range_wanted wanted = { .iana = true, .kernel = true };
	struct moment moment = moment_now();
	struct port_range kernel;
	struct ranges ranges;
	int r = ranges_read_kernel(bench->proc_fd, &kernel);

	if (r < 0)
		die("ip_local_port_range", -r);
	if (engine_last_poll(bench->engine) != NULL)
		return;
	ranges_resolve(&wanted, &kernel, &ranges);
	engine_set_watched(bench->engine, &ranges, PROTOCOLS, &moment);
}

static void
poll_once(struct bench *bench)
{
	struct moment moment;

	read_ranges(bench);
	struct poll_steps_options options = {
		.last = engine_last_poll(bench->engine),
		.filter = &engine_ranges(bench->engine)->filter,
		.protocols = PROTOCOLS,
		.knows_choice = true,
		.taken_usec = clock_boottime_usec(),
		.key = 0x9e3779b97f4a7c15,
	};
	struct poll_steps *steps = poll_steps_new(&options);
	const struct source_request *request;

	if (steps == NULL)
		die("poll", ENOMEM);
	while ((request = poll_steps_request(steps)) != NULL) {
		struct source_result result;
		int r = source_run(bench->source, request, poll_steps_socket, steps, TIMEOUT_USEC,
		    &result);

		if (r < 0)
			die("dump", -r);
		poll_steps_answered(steps, &result);
	}
	struct snapshot *snapshot = poll_steps_finish(steps);
	if (snapshot == NULL || engine_observe(bench->engine, snapshot, false) < 0)
		die("observe", ENOMEM);
	moment = moment_now();
	engine_advance(bench->engine, &moment);
	bench->sockets = engine_last_poll(bench->engine)->count;
}

/* All owners become known: every listener is held by the same process. */
static void
learn_owners(struct bench *bench)
{
	struct lookup_question questions[QUESTIONS_MAX];
	struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 1);
	struct moment moment = moment_now();
	size_t count;

	if (owner == NULL)
		die("owner", ENOMEM);
	owner->observed_usec = moment.boottime_usec;
	owner->holders = 1;
	owner->processes[0]->pid = 4242;
	owner->processes[0]->comm = strdup("server");
	owner->processes[0]->exe = strdup("/usr/bin/server");
	owner->processes[0]->cmdline = strdup("server");
	owner->processes[0]->cmdline_length = sizeof("server");
	owner->processes[0]->place.unit = strdup("server.service");
	while ((count = engine_lookup_questions(bench->engine, questions, QUESTIONS_MAX,
		    moment.boottime_usec)) > 0) {
		struct lookup_answer answers[QUESTIONS_MAX];

		/* The engine finds an answer by its inode, so they are put in order. */
		for (size_t i = 0; i < count; i++) {
			size_t at = i;

			for (; at > 0 && answers[at - 1].inode > questions[i].inode; at--)
				answers[at] = answers[at - 1];
			answers[at] = (struct lookup_answer){ questions[i].inode, owner };
		}
		engine_lookup_answers(bench->engine, answers, count, moment.boottime_usec);
	}
	(void)owner_unref(owner);
}

static void
fold(const struct source_socket *socket, void *argument)
{
	struct bench *bench = argument;
	enum protocol protocol = (enum protocol)socket->listener.endpoint.protocol;

	uint16_t port = socket->listener.endpoint.port;
	int r = socket->time_wait ? occupancy_add_time_wait(bench->occupancy, protocol, port) :
				    occupancy_add(bench->occupancy, protocol, port,
					socket->listener.cookie, socket->listening);

	if (r < 0)
		die("occupancy", ENOMEM);
}

static void
survey(struct bench *bench)
{
	struct occupancy_counts counts[PROTOCOL_COUNT];

	bench->sockets = 0;
	bench->occupancy = occupancy_new(0x9e3779b97f4a7c15);
	if (bench->occupancy == NULL)
		die("occupancy", ENOMEM);
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		struct source_request request = requests[i];
		struct source_result result;

		request.survey = true;
		request.filter = &engine_ranges(bench->engine)->filter;
		int r = source_run(bench->source, &request, fold, bench, TIMEOUT_USEC, &result);
		if (r < 0)
			die("dump", -r);
		bench->sockets += result.sockets;
	}
	occupancy_compare(bench->last, bench->occupancy, counts);
	(void)occupancy_free(bench->last);
	bench->last = bench->occupancy;
}

/* What netlink.c asks, put together once more. Returns how long it is. */
static size_t
put_bare_request(struct bench *bench, const struct source_request *request,
    const struct filter_program *program)
{
	struct request_body message = {
		.header = { .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	uint32_t size = (uint32_t)(program->count * sizeof(program->operations[0]));
	struct nlattr attribute = {
		.nla_len = (uint16_t)(sizeof(attribute) + size),
		.nla_type = INET_DIAG_REQ_BYTECODE,
	};
	size_t length;

	message.header.nlmsg_seq = ++bench->sequence;
	if (request->family == AF_UNSPEC) {
		message.header.nlmsg_type = TCPDIAG_GETSOCK;
		message.body.legacy.idiag_states = source_states(request);
		length = sizeof(message.header) + sizeof(message.body.legacy);
	} else {
		message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
		message.body.v2.sdiag_family = request->family;
		message.body.v2.sdiag_protocol =
		    request->protocol == PROTOCOL_TCP ? IPPROTO_TCP : IPPROTO_UDP;
		message.body.v2.idiag_states = source_states(request);
		length = sizeof(message.header) + sizeof(message.body.v2);
	}
	length = NLMSG_ALIGN(length);
	message.header.nlmsg_len = (uint32_t)(length + sizeof(attribute) + size);
	memcpy(bench->buffer, &message, length);
	memcpy(bench->buffer + length, &attribute, sizeof(attribute));
	memcpy(bench->buffer + length + sizeof(attribute), program->operations, size);
	return message.header.nlmsg_len;
}

/* Walks the messages of a datagram. Returns false where it ends the dump. */
static bool
walk(struct bench *bench, ssize_t length)
{
	for (ssize_t at = 0; at < length;) {
		const struct nlmsghdr *header = (const void *)(bench->buffer + at);

		if (header->nlmsg_type == NLMSG_DONE)
			return false;
		if (header->nlmsg_type == NLMSG_ERROR || header->nlmsg_len < sizeof(*header))
			die("bare dump", EPROTO);
		bench->bare_sockets++;
		at += NLMSG_ALIGN(header->nlmsg_len);
	}
	return true;
}

static void
bare(struct bench *bench, bool whole)
{
	bench->bare_sockets = 0;
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		static struct filter_program program;
		static struct port_set selected;
		struct source_request request = requests[i];
		ssize_t length;

		request.survey = whole;
		request.filter = &engine_ranges(bench->engine)->filter;
		filter_compile(&request, &program, &selected);
		length = (ssize_t)put_bare_request(bench, &request, &program);
		if (send(bench->bare_fd, bench->buffer, (size_t)length, 0) != length)
			die("bare request", errno);
		do {
			length = recv(bench->bare_fd, bench->buffer, sizeof(bench->buffer), 0);
			if (length < 0)
				die("bare dump", errno);
		} while (walk(bench, length));
	}
}

static uint64_t
measure_ours(struct bench *bench, bool whole)
{
	uint64_t begun_nsec = thread_cpu_nsec();

	if (whole)
		survey(bench);
	else
		poll_once(bench);
	return thread_cpu_nsec() - begun_nsec;
}

static uint64_t
measure_bare(struct bench *bench, bool whole)
{
	uint64_t begun_nsec = thread_cpu_nsec();

	bare(bench, whole);
	return thread_cpu_nsec() - begun_nsec;
}

static void
measure(struct bench *bench, bool whole, unsigned count)
{
	for (unsigned i = 0; i < WARM_UP + count; i++) {
		uint64_t ours_nsec = 0, bare_nsec;

		if (i % 2 == 0)
			ours_nsec = measure_ours(bench, whole);
		bare_nsec = measure_bare(bench, whole);
		if (i % 2 != 0)
			ours_nsec = measure_ours(bench, whole);
		if (i < WARM_UP)
			continue;
		printf("%s %llu %llu %llu %llu\n", whole ? "survey" : "poll",
		    (unsigned long long)ours_nsec, (unsigned long long)bare_nsec,
		    (unsigned long long)bench->sockets, (unsigned long long)bench->bare_sockets);
	}
}

int
main(int argc, char **argv)
{
	static struct bench bench;
	uint64_t next_id = 1;
	unsigned count = argc == 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	int r;

	if (count == 0) {
		fprintf(stderr, "usage: pairs COUNT\n");
		return 2;
	}
	policy_init(&bench.policy);
	bench.proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bench.bare_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (bench.proc_fd < 0 || bench.bare_fd < 0)
		die("open", errno);
	r = source_open_netlink(&bench.source);
	if (r < 0)
		die("sock_diag", -r);
	bench.engine = engine_new(make_id, &next_id);
	if (bench.engine == NULL)
		die("engine", ENOMEM);
	engine_set_policy(bench.engine, &bench.policy);
	poll_once(&bench);
	learn_owners(&bench);
	measure(&bench, false, count);
	measure(&bench, true, count);
	bench.engine = engine_free(bench.engine);
	bench.last = occupancy_free(bench.last);
	bench.source = source_close(bench.source);
	policy_clear(&bench.policy);
	(void)close(bench.bare_fd);
	(void)close(bench.proc_fd);
	return EXIT_SUCCESS;
}
