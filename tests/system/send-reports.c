/* SPDX-License-Identifier: MIT */
/*
 * The sender alone, for the tests beside a real journald: each line of standard input becomes a
 * report, words of the form NAME=VALUE (percent-encoded, so that any byte but NUL can be said; "|"
 * stands for a NUL in cmdline):
 *
 *	event=overstay stay=TEXT address=0.0.0.0 port=60855 pid=4242 uid=0 comm= exe= cmdline= unit=
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/sender.h"
#include "base/cleanup.h"
#include "base/clock.h"

struct run {
	struct sender *sender;
	bool no_wait;
	uint64_t refused, taken, waits, longest_usec, stop_usec;
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

/* What a line says; "" = not said. Points into the line. */
struct words {
	const char *event, *stay, *address, *port, *pid, *uid, *comm, *exe, *cmdline, *unit, *text,
	    *count;
};

static void
parse_words(char *line, struct words *ret)
{
	const struct {
		const char *name;
		const char **value;
	} names[] = {
		{ "event", &ret->event }, { "stay", &ret->stay }, { "address", &ret->address },
		{ "port", &ret->port }, { "pid", &ret->pid }, { "uid", &ret->uid },
		{ "comm", &ret->comm }, { "exe", &ret->exe }, { "cmdline", &ret->cmdline },
		{ "unit", &ret->unit }, { "text", &ret->text }, { "count", &ret->count },
	};
	char *save = NULL;

	*ret = (struct words){ "", "", "0.0.0.0", "60855", "0", "0", "", "", "", "", NULL, "1" };
	for (char *word = strtok_r(line, " \n", &save); word != NULL;
	     word = strtok_r(NULL, " \n", &save)) {
		char *sign = strchr(word, '=');
		for (size_t i = 0; sign != NULL && i < ARRAY_SIZE(names); i++)
			if (strncmp(word, names[i].name, (size_t)(sign - word)) == 0 &&
			    names[i].name[sign - word] == '\0')
				*names[i].value = decode(sign + 1);
	}
}

static struct owner *
make_owner(const struct words *words)
{
	struct owner *owner;
	struct process *process;

	if (atoi(words->pid) == 0)
		return or_die(owner_new(OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS, 0));
	owner = or_die(owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 1));
	owner->holders = 1;
	process = &owner->processes[0];
	process->pid = atoi(words->pid);
	process->uid = (uint32_t)strtoul(words->uid, NULL, 10);
	process->start_usec = USEC_NEVER;
	process->comm = or_die(strdup(words->comm));
	process->exe = or_die(strdup(words->exe));
	process->place.unit = or_die(strdup(words->unit));
	process->cmdline = or_die(strdup(words->cmdline));
	process->cmdline_length = (uint32_t)strlen(words->cmdline);
	for (uint32_t i = 0; i < process->cmdline_length; i++)
		if (process->cmdline[i] == '|')
			process->cmdline[i] = '\0';
	return owner;
}

static enum event_kind
find_kind(const char *name)
{
	for (unsigned i = 0; i < EVENT_COUNT; i++)
		if (strcmp(event_kind_name((enum event_kind)i), name) == 0)
			return (enum event_kind)i;
	(void)fprintf(stderr, "no event \"%s\"\n", name);
	exit(2);
}

static struct report *
make_report(const struct words *words, unsigned number)
{
	struct report *report;
	struct report_stay *stay;

	if (words->text != NULL) {
		report = or_die(report_new(find_kind(words->event), SEVERITY_WARNING, "%s",
		    words->text));
	} else {
		report = or_die(calloc(1, sizeof(*report)));
		report->kind = find_kind(words->event);
		report->priority = SEVERITY_WARNING;
		stay = report->stay = or_die(calloc(1, sizeof(*stay)));
		stay->sequence = number + 1;
		stay->severity = SEVERITY_WARNING;
		stay->endpoint.family = strchr(words->address, ':') == NULL ? AF_INET : AF_INET6;
		stay->endpoint.port = (uint16_t)(atoi(words->port) + (int)number);
		stay->sockets = stay->users = 1;
		stay->age_usec = stay->age_max_usec = 604 * USEC_PER_SEC;
		stay->threshold_usec = 600 * USEC_PER_SEC;
		stay->owner = make_owner(words);
		if (inet_pton(stay->endpoint.family, words->address, stay->endpoint.address) != 1)
			exit(2);
		(void)snprintf((char *)stay->id.bytes, sizeof(stay->id.bytes), "%s", words->stay);
	}
	report->realtime_usec = clock_realtime_usec();
	report->boottime_usec = clock_boottime_usec();
	return report;
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
		if (r == 0) {
			run->taken++;
			return;
		}
		if (run->no_wait) {
			run->refused++;
			(void)report_free(report);
			return;
		}
		if (run->waits++ == 0) {
			printf("waiting\n");
			(void)fflush(stdout);
		}
		if (poll(&room, 1, 60000) != 1)
			exit(1);
		sender_acknowledge(run->sender);
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
			    strcmp(optarg, "off") == 0 ? CMDLINE_OFF : CMDLINE_MASKED;
		else if (c == 'n')
			run->no_wait = true;
		else if (c == 's')
			run->stop_usec = strtoull(optarg, NULL, 10);
		else if (c != 't' || sender_target_parse(optarg, &options->target) < 0)
			exit(2);
	}
}

int
main(int argc, char **argv)
{
	struct sender_options options = {
		.target = SENDER_JOURNAL, .config = "0123abcd", .stderr_fd = STDERR_FILENO,
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
	    "\"stop_usec\": %llu}\n", (unsigned long long)run.taken,
	    (unsigned long long)run.refused, left, (unsigned long long)run.longest_usec,
	    (unsigned long long)(clock_monotonic_usec() - start_usec));
	return 0;
}
