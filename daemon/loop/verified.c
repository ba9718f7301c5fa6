/* SPDX-License-Identifier: MIT */
/*
 * Keeps which programs were verified over a restart: what the engine learns goes to the store's
 * thread, and what that kept of this boot goes to the engine before the first look, so that a rule
 * by `exe` still matches a service whose file an upgrade has replaced since.
 *
 * What it never does: wait for the disk but once, for START_WAIT_USEC at the start. A disk that is
 * full, read-only, damaged or hangs is said (degraded), and the daemon goes on without.
 */
#include <errno.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "base/log.h"
#include "loop/daemon.h"
#include "store/executables.h"

/* A start waits so long for what an earlier run knew; it is taken in later where it comes later. */
#define START_WAIT_USEC USEC_PER_SEC

/* A stop waits so long for what is not on the disk yet. */
#define STOP_WAIT_USEC USEC_PER_SEC

static void
on_added(const struct executable *executable, void *argument)
{
	struct daemon *daemon = argument;
	int r = executables_add(daemon->executables, executable);

	if (r < 0)
		log_debug("executables", "cannot save %s: %s", executable->path, strerror(-r));
}

/* Takes in what was kept, once it is there. */
static void
take_in(struct daemon *daemon, uint64_t wait_usec)
{
	struct executable_list list;

	if (executables_loaded(daemon->executables, wait_usec, &list) < 0)
		return;
	/* The newest first, in the list; where all do not fit the oldest make room. */
	for (size_t i = list.count; i-- > 0;)
		if (engine_add_verified(daemon->engine, &list.items[i]) < 0)
			break;
	log_debug("executables", "%zu programs verified before the start", list.count);
	executable_list_clear(&list);
}

static void
on_status(evutil_socket_t fd, short what, void *argument)
{
	struct daemon *daemon = argument;
	struct executables_status status;

	(void)fd;
	(void)what;
	executables_acknowledge(daemon->executables);
	executables_status(daemon->executables, &status);
	take_in(daemon, 0);
	if (status.add_all)
		engine_tell_verified(daemon->engine);
	if (status.aside != daemon->executables_aside) {
		daemon->executables_aside = status.aside;
		daemon_tell(daemon, report_new(EVENT_DEGRADED, SEVERITY_WARNING, "executables: %s",
		    executables_aside_text(status.aside)));
	}
	condition_set(daemon, CONDITION_EXECUTABLES, status.error < 0,
	    status.error < 0 ? "cannot save the verified programs (%s): after a restart, rules by "
	    "exe do not match programs that were upgraded before it" :
	    "verified programs are saved again%s",
	    status.error < 0 ? strerror(-status.error) : "");
}

int
executables_begin(struct daemon *daemon)
{
	char boot_id[SD_ID128_STRING_MAX];
	sd_id128_t boot;
	int r;

	if (daemon->options->state_directory == NULL)
		return 0;
	r = sd_id128_get_boot(&boot);
	if (r == 0)
		r = executables_start(daemon->options->state_directory,
		    sd_id128_to_string(boot, boot_id), &daemon->executables);
	if (r < 0) {
		condition_set(daemon, CONDITION_EXECUTABLES, true,
		    "cannot save the verified programs: %s", strerror(-r));
		return 0;
	}
	daemon->executables_event = event_new(daemon->base, executables_fd(daemon->executables),
	    EV_READ | EV_PERSIST, on_status, daemon);
	if (daemon->executables_event == NULL || event_add(daemon->executables_event, NULL) < 0)
		return -ENOMEM;
	engine_set_verified(daemon->engine, on_added, daemon);
	take_in(daemon, START_WAIT_USEC);
	return 0;
}

void
executables_end(struct daemon *daemon)
{
	size_t lost;

	if (daemon->executables_event != NULL)
		event_free(daemon->executables_event);
	daemon->executables_event = NULL;
	if (daemon->engine != NULL)
		engine_set_verified(daemon->engine, NULL, NULL);
	lost = executables_stop(daemon->executables, STOP_WAIT_USEC);
	daemon->executables = NULL;
	if (lost > 0)
		log_debug("executables", "%zu verified programs were not saved", lost);
}
