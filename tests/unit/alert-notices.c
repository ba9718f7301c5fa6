/* SPDX-License-Identifier: MIT */
/*
 * An example of each notice. See alert-notices.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "alert-notices.h"
#include "alert-reports.h"
#include "engine/snapshot.h"
#include "model/condition.h"
#include "model/gap.h"
#include "model/range.h"
#include "model/report.h"

static const struct endpoint endpoints[] = {
	{ .family = AF_INET, .port = 50000, .protocol = PROTOCOL_TCP },
	{ .family = AF_INET6, .port = 50001, .protocol = PROTOCOL_UDP },
};

/* One of a process, one of nobody known; for as long as the test runs. */
static const struct items *
notice_items(void)
{
	static struct items *items;
	struct item item = {
		.endpoint = endpoints[0],
		.severity = SEVERITY_WARNING,
		.class = CLASS_SERVICE,
		.age_usec = 10 * USEC_PER_MIN,
		.uid = UINT32_MAX,
	};

	if (items != NULL)
		return items;
	items = items_new(2);
	item.owner = report_process("/usr/bin/python3.11", "python3|srv.py", "web.service");
	if (items == NULL)
		abort();
	items_add(items, &item);
	(void)owner_unref(item.owner);
	item.owner = NULL;
	item.endpoint = endpoints[1];
	items_add(items, &item);
	return items;
}

/* A service, a person's script, a proxy of a container, the kernel; one is not known. For as long
 * as the test runs. */
static struct fact
notice_owners(enum fact_name name)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	static struct fact_owner owners[] = {
		{ .uid = 33, .listeners = 1, .port = 50080 },
		{ .uid = 1000, .listeners = 5, .port = 50001 },
		{ .uid = 0, .listeners = 2, .port = 32768 },
		{ .uid = 0, .listeners = 1, .port = 51820 },
		{ .uid = 1000, .listeners = 1, .port = 50002 },
	};

	if (owners[0].owner == NULL) {
		owners[0].owner = report_process("/usr/sbin/nginx", NULL, "nginx.service");
		owners[0].owner->processes[0]->uid = 33;
		owners[1].owner = report_process("/usr/bin/python3.11", NULL, "session-3.scope");
		owners[1].owner->processes[0]->script = strdup("/home/alice/srv.py");
		owners[2].owner = report_process("/usr/bin/docker-proxy", NULL, "docker.service");
		owners[2].owner->processes[0]->forwards_to = strdup(id);
		owners[2].owner->processes[0]->forwards_kind = CONTAINER_DOCKER;
		owners[3].owner = report_nobody(OWNER_KERNEL, OWNER_REASON_NONE);
	}
	return fact_owners(name, owners, ARRAY_SIZE(owners), 6);
}

struct fact
notice_fact(enum fact_name name)
{
	static const char *const texts[FACT_NAME_COUNT] = {
		[FACT_VERSION] = "1.2",
		[FACT_RANGES] = "32768-65535",
		[FACT_HASH] = "0123abcd",
		[FACT_HASH_BEFORE] = "4567cdef",
		[FACT_LEFT_OUT] = "/etc/overstay/conf.d/50-x.yaml",
		[FACT_ADVICE] = "net.ipv4.ip_local_reserved_ports = 50000-50001",
		[FACT_DIAGNOSTIC] = "/etc/overstay.yaml:3:1: error: no option \"x\"",
		[FACT_PROGRAM] = "/usr/libexec/overstay-lookup",
		[FACT_UNIT] = "overstay-lookup.service",
		[FACT_PATH] = "/var/lib/overstay",
	};
	static const uint64_t numbers[FACT_NAME_COUNT] = {
		[FACT_COUNT] = 12,
		[FACT_MESSAGES] = 12,
		[FACT_LISTENERS] = 43,
		[FACT_PROGRAMS] = 6,
		[FACT_TCP] = 40,
		[FACT_UDP] = 3,
		[FACT_OVERSTAYING] = 5,
		[FACT_SUSPECTS] = 1,
		[FACT_ALLOWED] = 9,
		[FACT_LONGEST_HOLD_USEC] = 1234,
		[FACT_SEVERITY] = SEVERITY_WARNING,
		[FACT_OLDEST_AGE] = 3 * USEC_PER_HOUR + 12 * USEC_PER_MIN,
		[FACT_FIRST_PORT] = 1024,
		[FACT_LAST_PORT] = 4999,
		[FACT_ODDITIES] = RANGE_REACHES_LOW | RANGE_IS_SMALL,
		[FACT_PROTOCOL] = PROTOCOL_UDP,
		[FACT_PORT_COUNT] = 120,
		[FACT_SOCKET_COUNT] = 4000,
		[FACT_APPEARED] = 7,
		[FACT_PERSISTED] = 110,
		[FACT_CHANGED] = 3,
		[FACT_VANISHED] = 2,
		[FACT_TIME_WAIT] = 99,
		[FACT_CPU_USEC] = 850,
		[FACT_ERRORS] = 2,
		[FACT_ERROR] = ENOSPC,
		[FACT_OWNER_REASON] = OWNER_REASON_NO_LOOKUP,
		[FACT_POLLS] = 3,
		[FACT_UNPROVED] = 412,
		[FACT_UID] = 1000,
		[FACT_POLLS_DONE] = 17278,
		[FACT_POLLS_MISSED] = 2,
		[FACT_EVERY_USEC] = USEC_PER_DAY,
		[FACT_ITEMS_OMITTED] = 10,
		[FACT_SOCKET_UID] = 1000,
		[FACT_UNASKED] = 4100,
		[FACT_GIVEN_UP] = 12,
		[FACT_UNASKED_PEERS] = 1,
		[FACT_UNKEPT_OWNERS] = 2900,
		[FACT_UNREMEMBERED_OWNERS] = 57,
		[FACT_UNFOLLOWED_OWNERS] = 1,
		[FACT_INTERVAL_USEC] = 40 * USEC_PER_SEC,
		[FACT_CONFIGURED_USEC] = 5 * USEC_PER_SEC,
		[FACT_UNWATCHED_USEC] = 12 * USEC_PER_MIN + 3 * USEC_PER_SEC,
		[FACT_UNWATCHED_MAX_USEC] = 3 * USEC_PER_DAY,
		[FACT_UNWATCHED_REASON] = GAP_STOPPED,
		[FACT_CONDITIONS] = 1U << CONDITION_LOOKUP | 1U << CONDITION_POLLS,
		[FACT_INCOMPLETE] = INCOMPLETE_OVERRUN,
	};

	if (fact_type(name) == FACT_TYPE_ITEMS)
		return fact_items(notice_items());
	if (fact_type(name) == FACT_TYPE_OWNERS)
		return notice_owners(name);
	if (fact_type(name) == FACT_TYPE_ENDPOINTS)
		return fact_endpoints(name, endpoints, name == FACT_OLDEST ? 1 : 2,
		    name == FACT_OLDEST ? 1 : 12);
	return texts[name] != NULL ? fact_text(name, texts[name]) :
				     fact_number(name, numbers[name]);
}

/* Of the condition that such a notice is about. */
static enum condition
condition_of(enum notice notice)
{
	static const enum condition conditions[NOTICE_COUNT] = {
		[NOTICE_LOOKUP_FAILED] = CONDITION_LOOKUP,
		[NOTICE_LOOKUP_RECOVERED] = CONDITION_LOOKUP,
		[NOTICE_LOOKUP_NOT_PERMITTED] = CONDITION_LOOKUP,
		[NOTICE_LOOKUP_PRIVILEGES_LOST] = CONDITION_LOOKUP,
		[NOTICE_NO_SOCK_DIAG] = CONDITION_SOURCE,
		[NOTICE_POLLS_INCOMPLETE] = CONDITION_POLLS,
		[NOTICE_POLLS_RECOVERED] = CONDITION_POLLS,
		[NOTICE_UNPROVED_SURPLUS] = CONDITION_PROOFS,
		[NOTICE_PROOFS_RECOVERED] = CONDITION_PROOFS,
		[NOTICE_KERNEL_RANGE_UNREADABLE] = CONDITION_RANGE,
		[NOTICE_KERNEL_RANGE_RECOVERED] = CONDITION_RANGE,
		[NOTICE_LAST_GOOD_IN_FORCE] = CONDITION_CONFIG,
		[NOTICE_FILES_LEFT_OUT] = CONDITION_CONFIG,
		[NOTICE_CONFIG_RECOVERED] = CONDITION_CONFIG,
		[NOTICE_STATE_NOT_OPENED] = CONDITION_STATE,
		[NOTICE_LAST_GOOD_NOT_SAVED] = CONDITION_STATE,
		[NOTICE_LAST_GOOD_RECOVERED] = CONDITION_STATE,
		[NOTICE_STORE_NOT_STARTED] = CONDITION_STORE,
		[NOTICE_STORE_POLL_NOT_SAVED] = CONDITION_STORE,
		[NOTICE_STORE_NOT_SAVED] = CONDITION_STORE,
		[NOTICE_STORE_DAMAGED] = CONDITION_STORE,
		[NOTICE_STORE_OTHER_VERSION] = CONDITION_STORE,
		[NOTICE_STORE_RECOVERED] = CONDITION_STORE,
		[NOTICE_CROWDED] = CONDITION_CROWDED,
		[NOTICE_CROWD_RECOVERED] = CONDITION_CROWDED,
		[NOTICE_INTERVAL_STRETCHED] = CONDITION_INTERVAL,
		[NOTICE_INTERVAL_RECOVERED] = CONDITION_INTERVAL,
		[NOTICE_UNSEARCHED] = CONDITION_DESCRIPTORS,
		[NOTICE_SEARCH_RECOVERED] = CONDITION_DESCRIPTORS,
		[NOTICE_LISTENERS_LEFT_OUT] = CONDITION_LISTENERS,
		[NOTICE_LISTENERS_RECOVERED] = CONDITION_LISTENERS,
	};

	return conditions[notice];
}

/* What stands there of a path, NULL = notice_fact()'s. */
static const char *
path_of(enum notice notice)
{
	static const char *const paths[NOTICE_COUNT] = {
		[NOTICE_STORE_NOT_SAVED] = "/var/lib/overstay/overstay.db",
		[NOTICE_STORE_POLL_NOT_SAVED] = "/run/overstay/overstay.db",
		[NOTICE_STORE_DAMAGED] = "overstay.db.corrupt",
		[NOTICE_STORE_OTHER_VERSION] = "overstay.db.other-version",
	};

	return paths[notice];
}

struct report *
notice_report(enum notice notice, enum fact_name missing)
{
	struct fact facts[FACT_NAME_COUNT];
	size_t count = 0;

	for (int i = 0; i < FACT_NAME_COUNT; i++)
		if (notice_carries(notice, (enum fact_name)i) && i != (int)missing)
			facts[count++] = i == FACT_CONDITION ?
			    fact_number(FACT_CONDITION, condition_of(notice)) :
			    i == FACT_PATH && path_of(notice) != NULL ?
			    fact_text(FACT_PATH, path_of(notice)) :
			    notice_fact((enum fact_name)i);
	return report_new(notice, SEVERITY_NOTICE, facts, count);
}
