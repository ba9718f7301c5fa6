/* SPDX-License-Identifier: MIT */
/*
 * The sender alone, for the tests beside a real journald: each line of standard input becomes a
 * report, words of the form NAME=VALUE (percent-encoded, so that any byte but NUL can be said; "|"
 * stands for a NUL in cmdline):
 *
 *	event=overstay stay=TEXT address=0.0.0.0 port=60855 pid=4242 uid=0 comm= exe= cmdline= unit=
 *	script= cwd= parent= (its name) container= rule= note= would_allow= advice=
 *	made_in= (the unit of the socket's own cgroup)     sha256=HH    (each byte of the checksum)
 *	reasons= (names, joined by ",")      peers=N     (of them, 192.0.2.1:4444 and on; 16 kept)
 *	text=    (a report about no stay)       count=N    (N of them, on ports from `port` on)
 *
 * Options: --cmdline=masked|full|off, --target=..., --no-wait (what does not fit into the queue is
 * counted and dropped), --stop-usec=N. Says "waiting" when the queue is full for the first time. At
 * the end a line of JSON: how many were taken, refused, left, and how long the longest call of
 * sender_send() took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/events.h"
#include "alert/sender.h"
#include "base/cleanup.h"
#include "base/clock.h"

struct run {
	struct sender *sender;
	bool no_wait;
	uint64_t refused, taken, failed, waits, longest_usec, stop_usec;
};

static void *
or_die(void *pointer)
{
	if (pointer == NULL)
		abort();
	return pointer;
}

/* Decodes %XX in place. */
static char *
decode(char *value)
{
	char *to = value;

	for (const char *from = value; *from != '\0'; from++) {
		unsigned byte;
		if (*from == '%' && sscanf(from + 1, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			from += 2;
		} else
			*to++ = *from;
	}
	*to = '\0';
	return value;
}

/* What a line says; "" = not said, NULL where that differs. Points into the line. */
struct words {
	const char *event, *stay, *address, *port, *pid, *uid, *comm, *exe, *cmdline, *unit, *text,
	    *count, *script, *cwd, *parent, *container, *rule, *note, *would_allow, *advice,
	    *made_in, *sha256, *reasons, *peers;
};

/* The words by name, and what is meant where one is not said. */
static const struct word {
	const char *name;
	size_t offset;
	const char *unsaid;
} words_known[] = {
	{ "event", offsetof(struct words, event), "" },
	{ "stay", offsetof(struct words, stay), "" },
	{ "address", offsetof(struct words, address), "0.0.0.0" },
	{ "port", offsetof(struct words, port), "60855" },
	{ "pid", offsetof(struct words, pid), "0" },
	{ "uid", offsetof(struct words, uid), "0" },
	{ "comm", offsetof(struct words, comm), "" },
	{ "exe", offsetof(struct words, exe), "" },
	{ "cmdline", offsetof(struct words, cmdline), "" },
	{ "unit", offsetof(struct words, unit), "" },
	{ "text", offsetof(struct words, text), NULL },
	{ "count", offsetof(struct words, count), "1" },
	{ "script", offsetof(struct words, script), "" },
	{ "cwd", offsetof(struct words, cwd), "" },
	{ "parent", offsetof(struct words, parent), "" },
	{ "container", offsetof(struct words, container), "" },
	{ "rule", offsetof(struct words, rule), NULL },
	{ "note", offsetof(struct words, note), NULL },
	{ "would_allow", offsetof(struct words, would_allow), NULL },
	{ "advice", offsetof(struct words, advice), NULL },
	{ "made_in", offsetof(struct words, made_in), "" },
	{ "sha256", offsetof(struct words, sha256), NULL },
	{ "reasons", offsetof(struct words, reasons), "" },
	{ "peers", offsetof(struct words, peers), NULL },
};

static const char **
place_of(struct words *words, const struct word *word)
{
	return (const char **)(void *)((char *)words + word->offset);
}

static void
parse_words(char *line, struct words *ret)
{
	char *save = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(words_known); i++)
		*place_of(ret, &words_known[i]) = words_known[i].unsaid;
	for (char *word = strtok_r(line, " \n", &save); word != NULL;
	     word = strtok_r(NULL, " \n", &save)) {
		char *sign = strchr(word, '=');
		for (size_t i = 0; sign != NULL && i < ARRAY_SIZE(words_known); i++)
			if (strncmp(word, words_known[i].name, (size_t)(sign - word)) == 0 &&
			    words_known[i].name[sign - word] == '\0')
				*place_of(ret, &words_known[i]) = decode(sign + 1);
	}
}

static void
set(char **string, const char *value)
{
	if (owner_text_set(string, value) < 0)
		abort();
}

static char *
copy(const char *value)
{
	return value == NULL ? NULL : or_die(strdup(value));
}

static void
fill_process(struct process *process, const struct words *words)
{
	process->pid = atoi(words->pid);
	process->uid = (uint32_t)strtoul(words->uid, NULL, 10);
	process->start_usec = USEC_NEVER;
	set(&process->comm, words->comm);
	set(&process->exe, words->exe);
	set(&process->script, words->script);
	set(&process->cwd, words->cwd);
	set(&process->place.unit, words->unit);
	set(&process->place.container, words->container);
	set(&process->parent_comm, words->parent);
	process->parent_pid = words->parent[0] != '\0' ? 801 : 0;
	set(&process->cmdline, words->cmdline);
	process->cmdline_length = (uint32_t)strlen(words->cmdline);
	for (uint32_t i = 0; i < process->cmdline_length; i++)
		if (process->cmdline[i] == '|')
			process->cmdline[i] = '\0';
	process->has_checksum = words->sha256 != NULL;
	if (process->has_checksum)
		memset(process->checksum, (int)strtoul(words->sha256, NULL, 16),
		    sizeof(process->checksum));
}

static struct owner *
make_owner(const struct words *words)
{
	bool known = atoi(words->pid) != 0;
	struct owner *owner = or_die(owner_new(known ? OWNER_PROCESS : OWNER_UNKNOWN,
	    known ? OWNER_REASON_NONE : OWNER_REASON_NO_PROCESS, known));

	owner->thorough = true;
	set(&owner->place.unit, words->made_in);
	if (known) {
		owner->holders = 1;
		fill_process(owner->processes[0], words);
	}
	return owner;
}

/* Bits of the reasons that stand in the list. */
static uint32_t
read_reasons(const char *list)
{
	uint32_t reasons = 0;

	for (unsigned i = 0; i < REASON_COUNT; i++) {
		const char *name = reason_name((enum reason)i), *at = strstr(list, name);

		if (at != NULL && (at == list || at[-1] == ',') &&
		    (at[strlen(name)] == ',' || at[strlen(name)] == '\0'))
			reasons |= 1U << i;
	}
	return reasons;
}

static struct report_peers *
make_peers(uint32_t count)
{
	struct report_peers *peers = or_die(calloc(1, sizeof(*peers)));

	peers->count = count;
	peers->kept = count < REPORT_PEERS_MAX ? count : REPORT_PEERS_MAX;
	peers->complete = true;
	for (uint32_t i = 0; i < peers->kept; i++)
		peers->peers[i] = (struct report_peer){
			.address = { 192, 0, 2, (uint8_t)(i + 1) },
			.port = 4444,
			.family = AF_INET,
		};
	return peers;
}

/* Of kinds with one word the one about a single stay, if any is: the others are digests. */
static enum event_kind
find_kind(const char *name)
{
	unsigned found = EVENT_COUNT;

	for (unsigned i = 0; i < EVENT_COUNT; i++)
		if (strcmp(event_kind_name((enum event_kind)i), name) == 0 &&
		    (found == EVENT_COUNT ||
			(event_of((enum event_kind)i)->fields & FIELDS_STAY) != 0))
			found = i;
	if (found < EVENT_COUNT)
		return (enum event_kind)found;
	(void)fprintf(stderr, "no event \"%s\"\n", name);
	exit(2);
}

static void
fill_stay(struct report_stay *stay, const struct words *words, unsigned number)
{
	struct classification classification;

	classify_reasons(read_reasons(words->reasons), CLASS_SERVICE, false, &classification);
	*stay = (struct report_stay){
		.sequence = number + 1,
		.severity = SEVERITY_WARNING,
		.endpoint = {
			.family = strchr(words->address, ':') == NULL ? AF_INET : AF_INET6,
			.port = (uint16_t)(atoi(words->port) + (int)number),
		},
		.sockets = 1,
		.users = 1,
		.age_usec = 604 * USEC_PER_SEC,
		.age_max_usec = 604 * USEC_PER_SEC,
		.threshold_usec = 600 * USEC_PER_SEC,
		.rule = copy(words->rule),
		.note = copy(words->note),
		.would_allow = copy(words->would_allow),
		.advice = copy(words->advice),
		.class = classification.class,
		.class_otherwise = classification.otherwise,
		.reasons = classification.reasons,
		.owner = make_owner(words),
	};
	if (words->peers != NULL)
		stay->peers = make_peers((uint32_t)strtoul(words->peers, NULL, 10));
	if (inet_pton(stay->endpoint.family, words->address, stay->endpoint.address) != 1)
		exit(2);
	(void)snprintf((char *)stay->id.bytes, sizeof(stay->id.bytes), "%s", words->stay);
}

static struct report *
make_report(const struct words *words, unsigned number)
{
	struct report *report;

	if (words->text != NULL) {
		report = or_die(report_new(NOTICE_DIAGNOSTIC, SEVERITY_WARNING,
		    FACTS(fact_text(FACT_DIAGNOSTIC, words->text))));
		report->kind = find_kind(words->event);
	} else {
		report = or_die(report_new_stay(find_kind(words->event), SEVERITY_WARNING));
		fill_stay(report->stay, words, number);
	}
	report->realtime_usec = clock_realtime_usec();
	report->boottime_usec = clock_boottime_usec();
	return report;
}

static void
take_results(struct run *run)
{
	struct sender_result result;

	sender_acknowledge(run->sender);
	while (sender_result(run->sender, &result)) {
		run->failed += result.error < 0;
		(void)report_unref(result.report);
	}
}

/* Hands a report over, and waits for room as the daemon does. */
static void
hand_over(struct run *run, struct report *report)
{
	for (;;) {
		struct pollfd room = { .fd = sender_fd(run->sender), .events = POLLIN };
		uint64_t start_usec = clock_monotonic_usec(), took_usec;
		int r = sender_send(run->sender, report);

		took_usec = clock_monotonic_usec() - start_usec;
		if (took_usec > run->longest_usec)
			run->longest_usec = took_usec;
		if (r == 0 || run->no_wait) {
			run->taken += r == 0;
			run->refused += r < 0;
			(void)report_unref(report);
			return;
		}
		if (run->waits++ == 0) {
			printf("waiting\n");
			(void)fflush(stdout);
		}
		if (poll(&room, 1, 60000) != 1)
			exit(1);
		take_results(run);
	}
}

static void
parse_options(int argc, char **argv, struct sender_options *options, struct run *run)
{
	static const struct option table[] = {
		{ "cmdline", required_argument, NULL, 'c' },
		{ "target", required_argument, NULL, 't' },
		{ "no-wait", no_argument, NULL, 'n' },
		{ "stop-usec", required_argument, NULL, 's' },
		{ 0 },
	};

	for (int c; (c = getopt_long(argc, argv, "", table, NULL)) >= 0;) {
		if (c == 'c')
			options->cmdline = strcmp(optarg, "full") == 0 ? CMDLINE_FULL :
			    strcmp(optarg, "off") == 0		       ? CMDLINE_OFF :
									 CMDLINE_MASKED;
		else if (c == 'n')
			run->no_wait = true;
		else if (c == 's')
			run->stop_usec = strtoull(optarg, NULL, 10);
		else if (c != 't' || sender_target_parse(optarg, &options->target) < 0)
			exit(2);
	}
}

/* The only user of the tests' host. */
static int
name_of(uint32_t uid, char ret[HOST_USER_NAME_MAX], void *argument)
{
	(void)argument;
	(void)snprintf(ret, HOST_USER_NAME_MAX, "root");
	return uid == 0 ? 0 : -ENOENT;
}

int
main(int argc, char **argv)
{
	struct sender_options options = {
		.names = { .ask = name_of },
		.target = SENDER_JOURNAL,
		.config = "0123abcd",
		.stderr_fd = STDERR_FILENO,
	};
	struct run run = { .stop_usec = 30 * USEC_PER_SEC };
	_free_ char *line = NULL;
	size_t size = 0;
	uint64_t start_usec;
	uint32_t left;

	parse_options(argc, argv, &options, &run);
	if (sender_start(&options, &run.sender) < 0)
		return 1;
	while (getline(&line, &size, stdin) > 0) {
		struct words words;

		parse_words(line, &words);
		for (int i = 0; i < atoi(words.count); i++)
			hand_over(&run, make_report(&words, (unsigned)i));
	}
	start_usec = clock_monotonic_usec();
	left = sender_stop(run.sender, run.stop_usec);
	printf("{\"taken\": %llu, \"refused\": %llu, \"left\": %u, \"longest_usec\": %llu, "
	       "\"stop_usec\": %llu}\n",
	    (unsigned long long)run.taken, (unsigned long long)run.refused, left,
	    (unsigned long long)run.longest_usec,
	    (unsigned long long)(clock_monotonic_usec() - start_usec));
	return 0;
}
