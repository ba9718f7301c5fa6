/* SPDX-License-Identifier: MIT */
/*
 * Reports: their lifetime and the names of what they say. Texts and fields are alert/'s to make.
 *
 * Cost: 264 bytes for one about a stay, and what only some have: five thousand alerts of one poll
 * are 1.5 MiB until they are taken.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/report.h"

static const char *const kind_names[] = {
	[EVENT_STARTED] = "started",
	[EVENT_STOPPED] = "stopped",
	[EVENT_APPEARED] = "appeared",
	[EVENT_VANISHED] = "vanished",
	[EVENT_OVERSTAY] = "overstay",
	[EVENT_OVERSTAYS_AT_START] = "overstay",
	[EVENT_OVERSTAYS_AT_ONCE] = "overstay",
	[EVENT_OVERSTAYS_AFTER_RESUME] = "overstay",
	[EVENT_OVERSTAYS_OF_USER] = "overstay",
	[EVENT_SUSPECTS_OF_USER] = "suspect",
	[EVENT_ENDED] = "ended",
	[EVENT_REBOUND] = "rebound",
	[EVENT_CLEARED] = "cleared",
	[EVENT_SUMMARY] = "summary",
	[EVENT_HEARTBEAT] = "heartbeat",
	[EVENT_POOL] = "pool",
	[EVENT_DEGRADED] = "degraded",
	[EVENT_RECOVERED] = "recovered",
	[EVENT_CONFIG] = "config",
	[EVENT_SUPPRESSED] = "suppressed",
	[EVENT_SUSPECT] = "suspect",
	[EVENT_HOPPING] = "hopping",
	[EVENT_TURNS] = "turns",
	[EVENT_ADVICE] = "advice",
};

static const uint32_t informing = 1U << EVENT_APPEARED | 1U << EVENT_VANISHED |
    1U << EVENT_REBOUND | 1U << EVENT_CLEARED | 1U << EVENT_ENDED | 1U << EVENT_ADVICE;

static const uint32_t alerting =
    1U << EVENT_OVERSTAY | 1U << EVENT_SUSPECT | 1U << EVENT_HOPPING | 1U << EVENT_TURNS;

static const char *const state_names[] = {
	[STAY_NEW] = "new",
	[STAY_PERSISTING] = "persisting",
	[STAY_OVERSTAYING] = "overstaying",
	[STAY_AWAY] = "away",
	[STAY_ENDED] = "ended",
};

const char *
event_kind_name(enum event_kind kind)
{
	return kind_names[kind];
}

bool
event_kind_informs(enum event_kind kind)
{
	return (informing >> kind & 1) != 0;
}

bool
event_kind_alerts(enum event_kind kind)
{
	return (alerting >> kind & 1) != 0;
}

const char *
stay_state_name(enum stay_state state)
{
	return state_names[state];
}

static void
clear_fact(struct fact *fact)
{
	enum fact_type type = fact_type(fact->name);

	if (type == FACT_TYPE_TEXT || type == FACT_TYPE_LINE)
		free(fact->text);
	else if (type == FACT_TYPE_ENDPOINTS)
		free(fact->endpoints.items);
	else if (type == FACT_TYPE_ITEMS)
		(void)items_free(fact->items);
	if (type != FACT_TYPE_OWNERS)
		return;
	for (uint32_t i = 0; i < fact->owners.count; i++)
		(void)owner_unref(fact->owners.items[i].owner);
	free(fact->owners.items);
}

/* Returns 0, -ENODATA if there is none, -ENOMEM. */
static int
copy_owners(struct fact *ret)
{
	const struct fact_owner *items = ret->owners.items;

	if (ret->owners.count == 0)
		return -ENODATA;
	ret->owners.items = calloc(ret->owners.count, sizeof(*items));
	if (ret->owners.items == NULL)
		return -ENOMEM;
	memcpy(ret->owners.items, items, ret->owners.count * sizeof(*items));
	for (uint32_t i = 0; i < ret->owners.count; i++)
		(void)owner_ref(ret->owners.items[i].owner);
	return 0;
}

/* Returns 0, -ENODATA if they are not known, -ENOMEM. */
static int
copy_items(const struct items *items, struct items **ret)
{
	*ret = items == NULL ? NULL : items_copy(items);
	if (items == NULL)
		return -ENODATA;
	return *ret == NULL ? -ENOMEM : 0;
}

/* Returns 0, -ENODATA if it is not known, -ENOMEM. */
static int
copy_fact(const struct fact *fact, struct fact *ret)
{
	enum fact_type type = fact_type(fact->name);
	bool text = type == FACT_TYPE_TEXT || type == FACT_TYPE_LINE;
	size_t size = fact->endpoints.count * sizeof(*fact->endpoints.items);

	*ret = *fact;
	if (text && fact->text == NULL)
		return -ENODATA;
	if (text) {
		ret->text = strdup(fact->text);
		return ret->text == NULL ? -ENOMEM : 0;
	}
	if (type == FACT_TYPE_OWNERS)
		return copy_owners(ret);
	if (type == FACT_TYPE_ITEMS)
		return copy_items(fact->items, &ret->items);
	if (type != FACT_TYPE_ENDPOINTS)
		return 0;
	ret->endpoints.items = malloc(size == 0 ? 1 : size);
	if (ret->endpoints.items == NULL)
		return -ENOMEM;
	if (size > 0)
		memcpy(ret->endpoints.items, fact->endpoints.items, size);
	return 0;
}

_Static_assert(sizeof(struct report) + sizeof(struct report_stay) <= 264, "reports have grown");

static struct report *
make(enum event_kind kind, enum severity priority)
{
	struct report *report = calloc(1, sizeof(*report));

	if (report == NULL)
		return NULL;
	atomic_init(&report->references, 1);
	report->kind = kind;
	report->priority = priority;
	return report;
}

struct report *
report_new(enum notice notice, enum severity priority, const struct fact *facts, size_t count)
{
	struct report *report = make(notice_kind(notice), priority);

	if (report == NULL)
		return NULL;
	report->notice = notice;
	report->facts = calloc(count + 1, sizeof(*report->facts));
	if (report->facts == NULL)
		return report_unref(report);
	for (size_t i = 0; i < count; i++) {
		int r = notice_carries(notice, facts[i].name) ?
		    copy_fact(&facts[i], &report->facts[report->fact_count]) :
		    -ENODATA;

		if (r == -ENOMEM)
			return report_unref(report);
		report->fact_count += r == 0;
	}
	return report;
}

struct report *
report_new_stay(enum event_kind kind, enum severity priority)
{
	struct report *report = make(kind, priority);

	if (report == NULL)
		return NULL;
	report->stay = calloc(1, sizeof(*report->stay));
	return report->stay == NULL ? report_unref(report) : report;
}

const struct fact *
report_fact(const struct report *report, enum fact_name name)
{
	for (size_t i = 0; i < report->fact_count; i++)
		if (report->facts[i].name == name)
			return &report->facts[i];
	return NULL;
}

struct report *
report_ref(struct report *report)
{
	if (report != NULL)
		(void)atomic_fetch_add(&report->references, 1);
	return report;
}

void
report_stay_clear(struct report_stay *stay)
{
	free(stay->rule);
	free(stay->note);
	free(stay->would_allow);
	free(stay->advice);
	free(stay->peers);
	for (uint8_t i = 0; stay->group != NULL && i < stay->group->beside_count; i++)
		(void)owner_unref(stay->group->beside[i]);
	if (stay->group != NULL)
		free(stay->group->takers);
	free(stay->group);
	free(stay->ports);
	(void)owner_unref(stay->owner);
}

struct report *
report_unref(struct report *report)
{
	if (report == NULL || atomic_fetch_sub(&report->references, 1) != 1)
		return NULL;
	for (size_t i = 0; i < report->fact_count; i++)
		clear_fact(&report->facts[i]);
	free(report->facts);
	if (report->stay != NULL)
		report_stay_clear(report->stay);
	free(report->stay);
	free(report);
	return NULL;
}
