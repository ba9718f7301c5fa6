/* SPDX-License-Identifier: MIT */
/*
 * How long the engine holds the event loop at its bound of listeners: what it does in slices of
 * 4 ms (loop/outlet.c), and each thing that it takes in as a whole.
 *
 *	slices [COUNT [RULES-DIRECTORY [SITUATION]]]
 *
 * Each listener has a process of its own, as somebody would have it who wants to hold the loop.
 * Output: a line for each situation, with the longest slice, all slices together, and the longest
 * call of another kind, in microseconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/macros.h"
#include "config/config.h"
#include "engine/engine.h"

#define COUNT_DEFAULT 65536
#define CHURN	      2000
#define QUESTIONS_MAX 1024
#define PROTOCOLS     (1U << PROTOCOL_TCP | 1U << PROTOCOL_UDP)
#define SLICE_USEC    (4 * USEC_PER_MSEC)
#define SLICE_STEPS   32
#define FIRST_PORT    1024
#define BATCH_USEC    (50 * USEC_PER_MSEC) /* until the answers are in */

struct bench {
	struct config *config;
	struct engine *engine;
	unsigned consumer;
	struct listener *listeners;
	size_t count, reports;
	uint64_t now_usec, next_cookie, until_usec;
	bool suspects, one_owner;
	uint64_t longest_usec, all_usec, slices;
	uint64_t other_usec;
	const char *other;
};

static void
die(const char *what)
{
	(void)fprintf(stderr, "slices: %s\n", what);
	exit(EXIT_FAILURE);
}

/* Not what else runs on the machine. */
static uint64_t
cpu_usec(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

static void
make_id(struct stay_id *ret, void *argument)
{
	uint64_t *next = argument;

	memset(ret, 0, sizeof(*ret));
	memcpy(ret->bytes, next, sizeof(*next));
	++*next;
}

static bool
has_time(void *argument)
{
	const struct bench *bench = argument;

	return cpu_usec() < bench->until_usec;
}

static struct moment
moment_of(const struct bench *bench)
{
	return (struct moment){ bench->now_usec, bench->now_usec + 365 * USEC_PER_DAY };
}

#define MEASURE(bench, call)                                 \
	do {                                                 \
		uint64_t begun_usec = cpu_usec(), took_usec; \
		call;                                        \
		took_usec = cpu_usec() - begun_usec;         \
		if (took_usec > (bench)->other_usec) {       \
			(bench)->other_usec = took_usec;     \
			(bench)->other = #call;              \
		}                                            \
	} while (0)

static void
take_reports(struct bench *bench)
{
	while (engine_next(bench->engine, bench->consumer) != NULL) {
		engine_taken(bench->engine, bench->consumer);
		bench->reports++;
	}
}

static void
go_on(struct bench *bench)
{
	uint64_t begun_usec, took_usec;
	struct slice slice;
	bool done;

	do {
		slice = slice_of(SLICE_STEPS, has_time, bench);
		begun_usec = cpu_usec();
		bench->until_usec = begun_usec + SLICE_USEC;
		done = engine_go_on(bench->engine, &slice);
		took_usec = cpu_usec() - begun_usec;
		if (took_usec > bench->longest_usec)
			bench->longest_usec = took_usec;
		bench->all_usec += took_usec;
		bench->slices++;
		take_reports(bench);
	} while (!done);
}

static void
advance(struct bench *bench)
{
	struct moment moment = moment_of(bench);

	MEASURE(bench, engine_begin_advance(bench->engine, &moment));
	go_on(bench);
}

/* The first `count` of the listeners are there. */
static void
poll_at(struct bench *bench, size_t count)
{
	struct snapshot *snapshot = snapshot_new(bench->now_usec);

	if (snapshot == NULL)
		die("memory");
	for (size_t i = 0; i < count; i++)
		if (snapshot_add(snapshot, &bench->listeners[i]) < 0)
			die("memory");
	MEASURE(bench, snapshot_seal(snapshot));
	MEASURE(bench, engine_begin_observe(bench->engine, snapshot, false));
	advance(bench);
}

static void
renew(struct bench *bench, struct listener *listener)
{
	listener->cookie = bench->next_cookie++;
	listener->inode = (uint32_t)listener->cookie;
}

static struct owner *
make_owner(const struct bench *bench, uint32_t inode)
{
	struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 1);
	struct process *process = owner == NULL ? NULL : owner->processes[0];
	char exe[64];
	int length;

	if (owner == NULL)
		die("memory");
	owner->observed_usec = bench->now_usec;
	owner->holders = 1;
	owner->thorough = true;
	length = snprintf(exe, sizeof(exe), "%s/server%u", bench->suspects ? "/tmp" : "/usr/bin",
	    bench->one_owner ? 0 : inode);
	process->pid = bench->one_owner ? 4242 : (int32_t)inode;
	process->parent_pid = 1;
	process->start_usec = inode;
	process->uid = process->gid = 1000;
	process->exe_trust = EXE_SAME;
	process->evidence = EVIDENCE_EXE_KNOWN;
	process->exe_inode = inode;
	process->exe_deleted = bench->suspects;
	process->comm = strdup("server");
	process->exe = strdup(exe);
	process->cmdline = strdup(exe);
	process->cmdline_length = (uint32_t)length + 1;
	return owner;
}

/* All that is asked is answered. */
static void
answer(struct bench *bench)
{
	static struct lookup_question questions[QUESTIONS_MAX];
	static struct lookup_answer answers[QUESTIONS_MAX];
	static struct endpoint endpoints[64];
	size_t count, peers;

	do {
		MEASURE(bench,
		    count = engine_lookup_questions(bench->engine, questions, QUESTIONS_MAX,
			bench->now_usec));
		for (size_t i = 0; i < count; i++)
			answers[i] = (struct lookup_answer){ questions[i].inode,
				make_owner(bench, questions[i].inode) };
		if (count > 0)
			MEASURE(bench,
			    engine_lookup_answers(bench->engine, answers, count, bench->now_usec));
		for (size_t i = 0; i < count; i++)
			(void)owner_unref(answers[i].owner);
		MEASURE(bench, peers = engine_peer_questions(bench->engine, endpoints, 64));
		for (size_t i = 0; i < peers; i++)
			MEASURE(bench, engine_peer_answers(bench->engine, &endpoints[i], NULL));
		advance(bench);
		bench->now_usec += BATCH_USEC;
	} while (count > 0 || peers > 0);
}

static void
say(struct bench *bench, const char *situation)
{
	(void)printf("%-28s longest slice %6llu  slices %5llu  all %8llu  other %6llu %s"
		     "  reports %zu\n",
	    situation, (unsigned long long)bench->longest_usec, (unsigned long long)bench->slices,
	    (unsigned long long)bench->all_usec, (unsigned long long)bench->other_usec,
	    bench->other == NULL ? "" : bench->other, bench->reports);
	(void)fflush(stdout);
	bench->longest_usec = bench->all_usec = bench->slices = bench->other_usec = 0;
	bench->reports = 0;
	bench->other = NULL;
}

static void
watch(struct bench *bench, uint16_t first, uint16_t last)
{
	struct range_wanted wanted = { 0 };
	struct moment moment = moment_of(bench);
	struct ranges ranges;

	port_set_add(&wanted.explicit_ports, first, last);
	ranges_resolve(&wanted, NULL, &ranges);
	MEASURE(bench, engine_set_watched(bench->engine, &ranges, PROTOCOLS, &moment));
}

static void
begin(struct bench *bench, bool one_port)
{
	static uint64_t next_id;

	bench->engine = engine_new(make_id, &next_id);
	if (bench->engine == NULL || engine_add_consumer(bench->engine, &bench->consumer) < 0)
		die("memory");
	bench->now_usec = 1000 * USEC_PER_DAY;
	engine_set_limit(bench->engine, 1000000, USEC_PER_MIN);
	engine_set_policy(bench->engine, &bench->config->policy);
	watch(bench, FIRST_PORT, UINT16_MAX);
	for (size_t i = 0; i < bench->count; i++) {
		struct listener *listener = &bench->listeners[i];
		size_t ports = UINT16_MAX - FIRST_PORT + 1;

		*listener = (struct listener){
			.endpoint = { .netns = 1,
			    .port = (uint16_t)(FIRST_PORT + (one_port ? 0 : i % ports)),
			    .protocol = PROTOCOL_TCP,
			    .family = AF_INET,
			    .address = { 127, 0, 0, one_port ? 1 : (uint8_t)(1 + i / ports) } },
			.uid = 1000,
			.choice = CHOICE_AUTO,
		};
		renew(bench, listener);
	}
	poll_at(bench, 0);
	say(bench, "start");
}

/* From when they appear to their alert. */
static void
appear(struct bench *bench, const char *name)
{
	char text[64];

	bench->now_usec += 5 * USEC_PER_SEC;
	poll_at(bench, bench->count);
	(void)snprintf(text, sizeof(text), "%s: appear", name);
	say(bench, text);
	answer(bench);
	(void)snprintf(text, sizeof(text), "%s: owners", name);
	say(bench, text);
	bench->now_usec += 2 * USEC_PER_MIN;
	poll_at(bench, bench->count);
	answer(bench);
	(void)snprintf(text, sizeof(text), "%s: logged", name);
	say(bench, text);
	bench->now_usec += USEC_PER_DAY / 2;
	poll_at(bench, bench->count);
	answer(bench);
	(void)snprintf(text, sizeof(text), "%s: due", name);
	say(bench, text);
	for (unsigned i = 0; i < 4; i++) {
		bench->now_usec += 5 * USEC_PER_SEC;
		poll_at(bench, bench->count);
		answer(bench);
	}
	(void)snprintf(text, sizeof(text), "%s: told", name);
	say(bench, text);
}

static void
change(struct bench *bench)
{
	struct track_counts counts;

	for (unsigned i = 0; i < 10; i++) {
		bench->now_usec += 5 * USEC_PER_SEC;
		for (size_t j = 0; j < CHURN && j < bench->count; j++)
			renew(bench, &bench->listeners[(size_t)rand() % bench->count]);
		poll_at(bench, bench->count);
	}
	say(bench, "churn");
	answer(bench);
	say(bench, "churn: owners");
	MEASURE(bench, engine_counts(bench->engine, &counts));
	MEASURE(bench, engine_set_policy(bench->engine, &bench->config->policy));
	watch(bench, FIRST_PORT, UINT16_MAX);
	advance(bench);
	say(bench, "reload");
	MEASURE(bench,
	    engine_lookup_failed(bench->engine, OWNER_REASON_NO_LOOKUP, bench->now_usec));
	advance(bench);
	MEASURE(bench, engine_lookup_retry(bench->engine));
	answer(bench);
	say(bench, "no lookup");
	bench->now_usec += 2 * USEC_PER_DAY;
	poll_at(bench, bench->count);
	say(bench, "summary of the day");
}

static void
vanish(struct bench *bench)
{
	poll_at(bench, 0);
	say(bench, "vanish");
	bench->now_usec += USEC_PER_HOUR;
	poll_at(bench, 0);
	say(bench, "vanish: grace is over");
}

static const struct situation {
	const char *name;
	bool one_owner, suspects, one_port;
	bool churn, narrow, vanish;
} situations[] = {
	{ .name = "programs", .churn = true, .vanish = true },
	{ .name = "one program", .one_owner = true, .narrow = true },
	{ .name = "suspects", .suspects = true, .vanish = true },
	{ .name = "one port", .one_port = true, .vanish = true },
};

static void
play(struct bench *bench, const struct situation *situation)
{
	bench->one_owner = situation->one_owner;
	bench->suspects = situation->suspects;
	begin(bench, situation->one_port);
	appear(bench, situation->name);
	if (situation->churn)
		change(bench);
	if (situation->narrow) {
		watch(bench, FIRST_PORT, FIRST_PORT);
		say(bench, "other ranges");
	}
	if (situation->vanish)
		vanish(bench);
	bench->engine = engine_free(bench->engine);
}

int
main(int argc, char **argv)
{
	struct config_messages messages = { 0 };
	struct config_paths paths = {
		.main_file = "/dev/null",
		.vendor_rules_dir = argc > 2 ? argv[2] : "/nonexistent",
	};
	struct bench bench = {
		.count = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : COUNT_DEFAULT,
		.next_cookie = 1,
	};

	bench.listeners = calloc(bench.count + 1, sizeof(*bench.listeners));
	if (bench.listeners == NULL || config_load(&paths, &bench.config, &messages) < 0)
		die("configuration");
	bench.config->policy.threshold_usec = USEC_PER_HOUR;
	bench.config->policy.user_threshold_usec = USEC_PER_HOUR;
	for (size_t i = 0; i < ARRAY_SIZE(situations); i++)
		if (argc <= 3 || strcmp(argv[3], situations[i].name) == 0)
			play(&bench, &situations[i]);
	config_messages_clear(&messages);
	(void)config_free(bench.config);
	free(bench.listeners);
	return EXIT_SUCCESS;
}
