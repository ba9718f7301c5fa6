/* SPDX-License-Identifier: MIT */
/*
 * Reports for tests. See alert-reports.h.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert-reports.h"
#include "model/range.h"

static void *
or_die(void *pointer)
{
	if (pointer == NULL) {
		(void)fprintf(stderr, "no memory for a test's report\n");
		abort();
	}
	return pointer;
}

struct owner *
report_process(const char *exe, const char *cmdline, const char *unit)
{
	struct owner *owner = or_die(owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 1));
	struct process *process = owner->processes[0];
	const char *slash = strrchr(exe, '/');

	owner->holders = 1;
	owner->thorough = true;
	owner->observed_usec = REPORT_BOOTTIME_USEC;
	process->pid = 4242;
	process->parent_pid = 801;
	process->uid = 1000;
	process->start_usec = REPORT_BOOTTIME_USEC - 15 * USEC_PER_MIN;
	process->exe_trust = EXE_SAME;
	process->exe = or_die(strdup(exe));
	process->comm = or_die(strdup(slash == NULL ? exe : slash + 1));
	process->comm[strnlen(process->comm, 15)] = '\0';
	process->place.unit = or_die(strdup(unit));
	process->cmdline = or_die(strdup(cmdline == NULL ? "" : cmdline));
	process->cmdline_length = cmdline == NULL ? 0 : (uint32_t)strlen(cmdline) + 1;
	for (char *c = process->cmdline; *c != '\0'; c++)
		if (*c == '|')
			*c = '\1';
	for (uint32_t i = 0; i + 1 < process->cmdline_length; i++)
		if (process->cmdline[i] == '\1')
			process->cmdline[i] = '\0';
	return owner;
}

struct owner *
report_nobody(enum owner_kind kind, enum owner_reason reason)
{
	return or_die(owner_new(kind, reason, 0));
}

struct report *
report_of(enum event_kind kind, const char *address, struct owner *owner)
{
	struct report *report = or_die(report_new_stay(kind, SEVERITY_WARNING));
	struct report_stay *stay = report->stay;

	report->number = 7;
	report->realtime_usec = REPORT_REALTIME_USEC;
	report->boottime_usec = REPORT_BOOTTIME_USEC;
	*stay = (struct report_stay){
		.sequence = 2,
		.state = STAY_OVERSTAYING,
		.severity = SEVERITY_WARNING,
		.endpoint = { .netns = 1, .port = 60855, .protocol = PROTOCOL_TCP },
		.choice = CHOICE_ASKED,
		.range = RANGE_IANA | RANGE_KERNEL,
		.sockets = 1,
		.users = 1,
		.cookie = 8193,
		.inode = 123456,
		.uid = 1000,
		.age_usec = 10 * USEC_PER_MIN + 4 * USEC_PER_SEC,
		.age_max_usec = 10 * USEC_PER_MIN + 9 * USEC_PER_SEC,
		.threshold_usec = 10 * USEC_PER_MIN,
		.first_seen_usec = REPORT_REALTIME_USEC - 604 * USEC_PER_SEC,
		.owner = owner,
	};
	for (uint8_t i = 0; i < sizeof(stay->id.bytes); i++)
		stay->id.bytes[i] = (uint8_t)(i * 0x11);
	stay->endpoint.family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(stay->endpoint.family, address, stay->endpoint.address) != 1)
		abort();
	return report;
}

void
report_set_ports(struct report *report, uint16_t first, uint32_t count)
{
	report->stay->ports = or_die(calloc(count + 1, sizeof(uint16_t)));
	report->stay->port_count = count;
	for (uint32_t i = 0; i < count; i++)
		report->stay->ports[i] = (uint16_t)(first + i);
}

void
report_set_group(struct report *report, uint32_t others, uint32_t listeners)
{
	struct report_group *group =
	    or_die(calloc(1, sizeof(*group) + others * sizeof(*group->others)));

	for (uint8_t i = 0; i < sizeof(group->id); i++)
		group->id[i] = (uint8_t)(0xff - i * 0x11);
	group->listeners = listeners;
	group->other_count = group->other_kept = others;
	for (uint32_t i = 0; i < others; i++) {
		group->others[i] = report->stay->endpoint;
		group->others[i].port = (uint16_t)(report->stay->endpoint.port + 1 + i);
	}
	report->stay->group = group;
}

struct report *
report_text(const char *text)
{
	return or_die(
	    report_new(NOTICE_DIAGNOSTIC, SEVERITY_ERR, FACTS(fact_text(FACT_DIAGNOSTIC, text))));
}

struct report_peers *
report_peers(uint32_t count, uint32_t kept)
{
	struct report_peers *peers = or_die(calloc(1, sizeof(*peers)));

	peers->count = count;
	peers->kept = kept;
	peers->complete = true;
	for (uint32_t i = 0; i < kept; i++) {
		peers->peers[i] = (struct report_peer){
			.address = { 192, 0, 2, (uint8_t)(i + 1) },
			.port = (uint16_t)(4444 + i),
			.family = AF_INET,
		};
	}
	return peers;
}
