/* SPDX-License-Identifier: MIT */
/*
 * Follows ip_local_port_range and ip_local_reserved_ports, which may change at any time: resolves
 * `ranges:` against them for the engine, and reports a range that was tuned until it bites.
 *
 * Cost: three system calls for each of the two files, at each poll.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "kernel/ranges.h"
#include "loop/watched.h"

struct watched {
	const struct ground *ground;
	struct port_range kernel; /* 0-0 = not known */
	struct port_set reserved; /* ports the kernel does not pick */
};

/* Reports a kernel range that was tuned until it bites, if that is wanted. */
static void
report_oddities(void *argument)
{
	const struct watched *watched = argument;
	const struct port_range *kernel = &watched->kernel;
	uint32_t oddities = ranges_oddities(kernel);

	if (oddities == 0 || !settings_config(watched->ground->settings)->policy.advice)
		return;
	outlet_put(watched->ground->outlet,
	    report_new(NOTICE_KERNEL_RANGE_TUNED, SEVERITY_NOTICE,
		FACTS(fact_number(FACT_FIRST_PORT, kernel->first),
		    fact_number(FACT_LAST_PORT, kernel->last),
		    fact_number(FACT_ODDITIES, oddities))));
}

/* Tells the engine what advice rests on, where it changed. */
static void
read_reserved(struct watched *watched, const struct port_range *kernel, bool always)
{
	struct port_set reserved = { 0 };
	int r = ranges_read_reserved(watched->ground->proc_fd, &reserved);

	if (!always && port_set_equal(&reserved, &watched->reserved) &&
	    kernel->first == watched->kernel.first && kernel->last == watched->kernel.last)
		return;
	if (r < 0)
		log_debug("watched", "cannot read ip_local_reserved_ports: %s", strerror(-r));
	watched->reserved = reserved;
	/* Nobody can advise what to reserve without knowing what is reserved. */
	engine_set_reserved(watched->ground->engine, &reserved,
	    r < 0 ? &(struct port_range){ 0 } : kernel);
}

void
watched_read(struct watched *watched, bool always)
{
	const struct ground *ground = watched->ground;
	const struct config *config = settings_config(ground->settings);
	bool changed_later = loop_is_ready(ground->loop) && !always;
	struct port_range kernel = { 0 };
	struct moment moment = clock_now();
	struct ranges ranges;
	int r = ranges_read_kernel(ground->proc_fd, &kernel);

	if (config->ranges.kernel && r < 0)
		conditions_begin(ground->conditions, CONDITION_RANGE,
		    NOTICE_KERNEL_RANGE_UNREADABLE, FACTS(fact_number(FACT_ERROR, (uint64_t)-r)));
	else if (config->ranges.kernel)
		conditions_end(ground->conditions, CONDITION_RANGE);
	read_reserved(watched, &kernel, always);
	if (!always && kernel.first == watched->kernel.first && kernel.last == watched->kernel.last)
		return;
	if (changed_later && config->ranges.kernel && r == 0)
		outlet_put(ground->outlet,
		    report_new(NOTICE_KERNEL_RANGE_CHANGED, SEVERITY_NOTICE,
			FACTS(fact_number(FACT_FIRST_PORT, kernel.first),
			    fact_number(FACT_LAST_PORT, kernel.last))));
	watched->kernel = kernel;
	if (changed_later)
		report_oddities(watched);
	ranges_resolve(&config->ranges, r < 0 ? NULL : &kernel, &ranges);
	engine_set_watched(ground->engine, &ranges, config_protocols(config), &moment);
}

int
watched_new(const struct ground *ground, struct watched **ret)
{
	struct watched *watched = calloc(1, sizeof(*watched));
	int r;

	if (watched == NULL)
		return -ENOMEM;
	watched->ground = ground;
	r = loop_subscribe(ground->loop, LOOP_READY, report_oddities, watched);
	if (r < 0)
		(void)watched_free(watched);
	else
		*ret = watched;
	return r;
}

struct watched *
watched_free(struct watched *watched)
{
	free(watched);
	return NULL;
}
