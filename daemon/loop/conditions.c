/* SPDX-License-Identifier: MIT */
/*
 * What is wrong while the daemon runs on: reported once when it begins (DEGRADED), or when it turns
 * out to be more than that (crowded: for each shortage), once when it is over (RECOVERED), and
 * shown in the status line meanwhile. A blind spot is never silent.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loop/conditions.h"

/* The most facts that a notice about a condition has. */
#define FACTS_MAX 8

static const struct {
	enum severity severity;
	enum notice recovered;
} table[] = {
	[CONDITION_LOOKUP] = { SEVERITY_WARNING, NOTICE_LOOKUP_RECOVERED },
	[CONDITION_SOURCE] = { SEVERITY_WARNING, NOTICE_NONE },
	[CONDITION_POLLS] = { SEVERITY_ERR, NOTICE_POLLS_RECOVERED },
	[CONDITION_PROOFS] = { SEVERITY_WARNING, NOTICE_PROOFS_RECOVERED },
	[CONDITION_RANGE] = { SEVERITY_WARNING, NOTICE_KERNEL_RANGE_RECOVERED },
	[CONDITION_CONFIG] = { SEVERITY_ERR, NOTICE_CONFIG_RECOVERED },
	[CONDITION_STATE] = { SEVERITY_WARNING, NOTICE_LAST_GOOD_RECOVERED },
	[CONDITION_STORE] = { SEVERITY_WARNING, NOTICE_STORE_RECOVERED },
	[CONDITION_CROWDED] = { SEVERITY_WARNING, NOTICE_CROWD_RECOVERED },
	[CONDITION_INTERVAL] = { SEVERITY_WARNING, NOTICE_INTERVAL_RECOVERED },
	[CONDITION_DESCRIPTORS] = { SEVERITY_WARNING, NOTICE_SEARCH_RECOVERED },
	[CONDITION_LISTENERS] = { SEVERITY_WARNING, NOTICE_LISTENERS_RECOVERED },
};

struct conditions {
	struct engine *engine;
	struct outlet *outlet;
	struct status *status;
	bool wrong[CONDITION_COUNT];
};

static void
note(struct conditions *conditions, enum condition condition, bool wrong)
{
	uint32_t all = 0;

	conditions->wrong[condition] = wrong;
	for (unsigned i = 0; i < CONDITION_COUNT; i++)
		all |= (uint32_t)conditions->wrong[i] << i;
	engine_note_conditions(conditions->engine, all);
}

static void
put(struct conditions *conditions, enum condition condition, enum notice notice,
    enum severity severity, const struct fact *facts, size_t count)
{
	struct fact all[FACTS_MAX] = { fact_number(FACT_CONDITION, condition) };

	if (count > FACTS_MAX - 1)
		count = FACTS_MAX - 1;
	for (size_t i = 0; i < count; i++)
		all[1 + i] = facts[i];
	outlet_put(conditions->outlet, report_new(notice, severity, all, count + 1));
	status_update(conditions->status);
}

void
conditions_begin(struct conditions *conditions, enum condition condition, enum notice notice,
    const struct fact *facts, size_t count)
{
	if (!conditions->wrong[condition])
		conditions_begin_more(conditions, condition, notice, facts, count);
}

void
conditions_begin_more(struct conditions *conditions, enum condition condition, enum notice notice,
    const struct fact *facts, size_t count)
{
	note(conditions, condition, true);
	put(conditions, condition, notice, table[condition].severity, facts, count);
}

void
conditions_end_with(struct conditions *conditions, enum condition condition,
    const struct fact *facts, size_t count)
{
	if (!conditions->wrong[condition])
		return;
	note(conditions, condition, false);
	put(conditions, condition, table[condition].recovered, SEVERITY_NOTICE, facts, count);
}

void
conditions_end(struct conditions *conditions, enum condition condition)
{
	conditions_end_with(conditions, condition, NULL, 0);
}

bool
conditions_hold(const struct conditions *conditions, enum condition condition)
{
	return conditions->wrong[condition];
}

/* "DEGRADED: lookup, polls" */
static void
write_status(struct text *text, void *argument)
{
	const struct conditions *conditions = argument;
	const char *before = "DEGRADED: ";

	for (unsigned i = 0; i < CONDITION_COUNT; i++) {
		if (!conditions->wrong[i])
			continue;
		text_printf(text, "%s%s", before, condition_name((enum condition)i));
		before = ", ";
	}
}

int
conditions_new(struct engine *engine, struct outlet *outlet, struct status *status,
    struct conditions **ret)
{
	struct conditions *conditions = calloc(1, sizeof(*conditions));

	if (conditions == NULL)
		return -ENOMEM;
	*conditions = (struct conditions){
		.engine = engine,
		.outlet = outlet,
		.status = status,
	};
	status_provide(status, STATUS_CONDITIONS, write_status, conditions);
	*ret = conditions;
	return 0;
}

struct conditions *
conditions_free(struct conditions *conditions)
{
	free(conditions);
	return NULL;
}
