/* SPDX-License-Identifier: MIT */
/*
 * Keeps which programs were verified over a restart: what the engine learns goes to the store's
 * thread, and what that kept of this boot goes to the engine before the first poll, so that a rule
 * by `exe` still matches a service whose file an upgrade has replaced since.
 *
 * What it never does: wait for the disk but once, for START_WAIT_USEC at the start. A disk that is
 * full, read-only, damaged or hangs is said (degraded), and the daemon goes on without.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "base/log.h"
#include "loop/verified.h"
#include "store/executables.h"

/* A start waits so long for what an earlier run knew; it is taken in later where it comes later. */
#define START_WAIT_USEC USEC_PER_SEC

/* A stop waits so long for what is not on the disk yet. */
#define STOP_WAIT_USEC USEC_PER_SEC

struct verified_programs {
	const struct ground *ground;
	struct executables *executables;
	struct event *event;
	enum executables_aside aside; /* that was reported */
};

static void
on_added(const struct executable *executable, void *argument)
{
	struct verified_programs *programs = argument;
	int r = executables_add(programs->executables, executable);

	if (r < 0)
		log_debug("executables", "cannot save %s: %s", executable->path, strerror(-r));
}

/* Takes in what was kept, once it is there. */
static void
take_in(struct verified_programs *programs, uint64_t wait_usec)
{
	struct executable_list list;

	if (executables_loaded(programs->executables, wait_usec, &list) < 0)
		return;
	/* The newest first, in the list; where all do not fit the oldest make room. */
	for (size_t i = list.count; i-- > 0;)
		if (engine_add_verified(programs->ground->engine, &list.items[i]) < 0)
			break;
	log_debug("executables", "%zu programs verified before the start", list.count);
	executable_list_clear(&list);
}

/* A database that was put aside is reported once: nothing is wrong from then on. */
static void
report_aside(struct verified_programs *programs, enum executables_aside aside)
{
	bool damaged = aside == EXECUTABLES_ASIDE_DAMAGED;

	if (aside == programs->aside)
		return;
	programs->aside = aside;
	outlet_put(programs->ground->outlet,
	    report_new(damaged ? NOTICE_EXECUTABLES_DAMAGED : NOTICE_EXECUTABLES_OTHER_VERSION,
		SEVERITY_WARNING,
		FACTS(fact_number(FACT_CONDITION, CONDITION_EXECUTABLES),
		    fact_text(FACT_PATH,
			damaged ? EXECUTABLES_NAME_DAMAGED : EXECUTABLES_NAME_OTHER))));
}

static void
on_status(evutil_socket_t fd, short what, void *argument)
{
	struct verified_programs *programs = argument;
	struct conditions *conditions = programs->ground->conditions;
	struct executables_status status;

	(void)fd;
	(void)what;
	executables_acknowledge(programs->executables);
	executables_status(programs->executables, &status);
	take_in(programs, 0);
	if (status.add_all)
		engine_tell_verified(programs->ground->engine);
	report_aside(programs, status.aside);
	if (status.error < 0)
		conditions_begin(conditions, CONDITION_EXECUTABLES, NOTICE_EXECUTABLES_NOT_SAVED,
		    FACTS(fact_number(FACT_ERROR, (uint64_t)-status.error)));
	else
		conditions_end(conditions, CONDITION_EXECUTABLES);
}

/* Without a database the daemon runs on; only what ends it is an error. */
static int
start(struct verified_programs *programs, const char *state_directory)
{
	const struct ground *ground = programs->ground;
	char boot_id[SD_ID128_STRING_MAX];
	sd_id128_t boot;
	int r;

	r = sd_id128_get_boot(&boot);
	if (r == 0)
		r = executables_start(state_directory, sd_id128_to_string(boot, boot_id),
		    &programs->executables);
	if (r < 0) {
		conditions_begin(ground->conditions, CONDITION_EXECUTABLES,
		    NOTICE_EXECUTABLES_NOT_OPENED, FACTS(fact_number(FACT_ERROR, (uint64_t)-r)));
		return 0;
	}
	r = loop_add_descriptor(ground->loop, executables_fd(programs->executables), on_status,
	    programs, &programs->event);
	if (r < 0)
		return r;
	engine_set_verified(ground->engine, on_added, programs);
	take_in(programs, START_WAIT_USEC);
	return 0;
}

int
verified_programs_new(const struct ground *ground, const char *state_directory,
    struct verified_programs **ret)
{
	struct verified_programs *programs;
	int r;

	if (state_directory == NULL)
		return 0;
	programs = calloc(1, sizeof(*programs));
	if (programs == NULL)
		return -ENOMEM;
	programs->ground = ground;
	r = start(programs, state_directory);
	if (r < 0)
		(void)verified_programs_free(programs);
	else
		*ret = programs;
	return r;
}

struct verified_programs *
verified_programs_free(struct verified_programs *programs)
{
	size_t lost;

	if (programs == NULL)
		return NULL;
	loop_drop(&programs->event);
	engine_set_verified(programs->ground->engine, NULL, NULL);
	lost = executables_stop(programs->executables, STOP_WAIT_USEC);
	if (lost > 0)
		log_debug("executables", "%zu verified programs were not saved", lost);
	free(programs);
	return NULL;
}
