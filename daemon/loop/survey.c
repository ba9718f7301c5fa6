/* SPDX-License-Identifier: MIT */
/*
 * The survey: a pass over the whole table in the range, folded into port occupancy. It feeds
 * counters and never an alert, has a netlink socket of its own and lets ticks run between its
 * datagrams.
 *
 * Cost: the kernel's walk over its established hash, 1 us a socket, and a few nanoseconds for the
 * fold. On a large table the next survey is put off so that surveys stay below 1 % of a core.
 */
#include <errno.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/daemon.h"

/* A survey may take one part in so many of a core. */
#define SURVEY_SHARE 100

static const struct {
	enum protocol protocol;
	uint8_t family;
} requests[] = {
	{ PROTOCOL_TCP, AF_UNSPEC },
	{ PROTOCOL_UDP, AF_INET },
	{ PROTOCOL_UDP, AF_INET6 },
};

static void
on_socket(const struct source_socket *socket, void *argument)
{
	struct survey *survey = argument;
	enum protocol protocol = (enum protocol)socket->listener.endpoint.protocol;

	if (socket->time_wait)
		occupancy_add_time_wait(survey->occupancy, protocol);
	else if (occupancy_add(survey->occupancy, protocol, socket->listener.endpoint.port,
		     socket->listener.cookie) < 0)
		survey->incomplete |= INCOMPLETE_MEMORY;
}

static void
arm_next(struct daemon *daemon)
{
	struct survey *survey = &daemon->survey;
	uint64_t pause_usec = survey->last_cpu_usec * SURVEY_SHARE;

	daemon_arm(survey->timer, pause_usec > daemon->config->survey_usec ? pause_usec :
	    daemon->config->survey_usec);
}

/* The counters of a survey, for a person with --verbose. */
static void
tell(struct daemon *daemon)
{
	const struct survey *survey = &daemon->survey;
	struct report *report;

	if (!log_is_verbose())
		return;
	for (unsigned i = 0; i < PROTOCOL_COUNT; i++) {
		const struct occupancy_counts *counts = &survey->counts[i];

		if (!daemon->config->protocols[i])
			continue;
		report = report_new(EVENT_POOL, SEVERITY_DEBUG,
		    "%s: %u ports occupied by %llu sockets; since the last survey %u appeared, %u "
		    "persisted, %u changed, %u vanished; %llu in TIME_WAIT; %llu us of CPU",
		    protocol_name((enum protocol)i), counts->ports,
		    (unsigned long long)counts->sockets, counts->appeared, counts->persisted,
		    counts->changed, counts->vanished, (unsigned long long)counts->time_wait,
		    (unsigned long long)survey->last_cpu_usec);
		(void)report_add_field(report, "PROTOCOL", "%s", protocol_name((enum protocol)i));
		(void)report_add_field(report, "PORTS", "%u", counts->ports);
		(void)report_add_field(report, "SOCKETS", "%llu",
		    (unsigned long long)counts->sockets);
		daemon_tell(daemon, report);
	}
}

static void
finish(struct daemon *daemon)
{
	struct survey *survey = &daemon->survey;

	survey->last_cpu_usec = survey->pump.cpu_usec;
	if (survey->incomplete != 0) {
		/* Half a table compared with a whole one would show ports vanish. */
		log_debug("survey", "incomplete, ignored: %s",
		    incomplete_text(survey->incomplete));
		survey->occupancy = occupancy_free(survey->occupancy);
	} else {
		occupancy_compare(survey->last, survey->occupancy, survey->counts);
		(void)occupancy_free(survey->last);
		survey->last = survey->occupancy;
		survey->occupancy = NULL;
		tell(daemon);
	}
	daemon_update_status(daemon);
	arm_next(daemon);
}

static void
ask_next(struct daemon *daemon)
{
	struct survey *survey = &daemon->survey;

	while (survey->next < ARRAY_SIZE(requests) &&
	    !daemon->config->protocols[requests[survey->next].protocol])
		survey->next++;
	if (survey->next == ARRAY_SIZE(requests)) {
		finish(daemon);
		return;
	}
	pump_begin(&survey->pump, &(struct source_request){
		.protocol = requests[survey->next].protocol,
		.family = requests[survey->next].family,
		.survey = true,
		.filter = &survey->filter,
	});
}

static void
on_answered(struct daemon *daemon, int r, const struct source_result *result)
{
	struct survey *survey = &daemon->survey;

	if (r < 0) {
		survey->incomplete |= INCOMPLETE_KERNEL;
		finish(daemon);
		return;
	}
	survey->incomplete |= result->incomplete;
	survey->next++;
	ask_next(daemon);
}

static void
on_timer(evutil_socket_t fd, short what, void *argument)
{
	struct daemon *daemon = argument;
	struct survey *survey = &daemon->survey;

	(void)fd;
	(void)what;
	survey->occupancy = occupancy_new(survey->key);
	if (survey->occupancy == NULL) {
		arm_next(daemon);
		return;
	}
	survey->filter = engine_ranges(daemon->engine)->filter;
	survey->next = 0;
	survey->incomplete = 0;
	survey->pump.cpu_usec = 0;
	ask_next(daemon);
}

void
survey_restart(struct daemon *daemon)
{
	/* One under way arms the timer when it is done. */
	if (daemon->survey.occupancy == NULL)
		arm_next(daemon);
}

int
survey_start(struct daemon *daemon)
{
	struct survey *survey = &daemon->survey;
	int r;

	if (getrandom(&survey->key, sizeof(survey->key), 0) != sizeof(survey->key))
		return -EIO;
	survey->timer = event_new(daemon->base, -1, 0, on_timer, daemon);
	if (survey->timer == NULL)
		return -ENOMEM;
	r = pump_open(&survey->pump, daemon);
	if (r < 0)
		return r;
	survey->pump.function = on_socket;
	survey->pump.argument = survey;
	survey->pump.done = on_answered;
	arm_next(daemon);
	return 0;
}

void
survey_stop(struct daemon *daemon)
{
	struct survey *survey = &daemon->survey;

	pump_close(&survey->pump);
	if (survey->timer != NULL)
		event_free(survey->timer);
	survey->timer = NULL;
	survey->occupancy = occupancy_free(survey->occupancy);
	survey->last = occupancy_free(survey->last);
}
