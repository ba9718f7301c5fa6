/* SPDX-License-Identifier: MIT */
/*
 * The survey: a pass over the whole table in the range, folded into port occupancy. It feeds
 * counters and never an alert, and has a netlink socket and a thread of its own (pump.c).
 *
 * Cost: the kernel's walk over its established hash, 1 us a socket, and a few nanoseconds for the
 * fold. On a large table the next survey is put off so that surveys stay below 1 % of a core.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/occupancy.h"
#include "loop/pump.h"
#include "loop/survey.h"

/* A survey may take one part in so many of a core. */
#define SURVEY_SHARE 100

/* One that is under way. */
struct survey_reading {
	struct occupancy *occupancy;
	struct port_filter filter; /* as it was when the survey began, as are the protocols */
	uint32_t protocols;	   /* bits 1 << enum protocol */
	unsigned next;		   /* index of the request under way */
	struct source_request request;
	uint32_t incomplete;
};

struct survey {
	const struct ground *ground;
	struct event *timer;
	struct pump pump;
	bool under_way;
	struct occupancy *last; /* of the last complete one */
	uint64_t key;
	uint64_t begun_usec; /* CLOCK_BOOTTIME */
	uint64_t last_cpu_usec;
	struct occupancy_counts counts[PROTOCOL_COUNT];
};

static const struct {
	enum protocol protocol;
	uint8_t family;
} requests[] = {
	{ PROTOCOL_TCP, AF_UNSPEC },
	{ PROTOCOL_UDP, AF_INET },
	{ PROTOCOL_UDP, AF_INET6 },
};

static struct survey_reading *
reading_free(struct survey_reading *reading)
{
	if (reading != NULL)
		(void)occupancy_free(reading->occupancy);
	free(reading);
	return NULL;
}

static struct survey_reading *
reading_new(const struct survey *survey)
{
	struct survey_reading *reading = calloc(1, sizeof(*reading));

	if (reading == NULL)
		return NULL;
	reading->occupancy = occupancy_new(survey->key);
	reading->filter = engine_ranges(survey->ground->engine)->filter;
	reading->protocols = config_protocols(settings_config(survey->ground->settings));
	return reading->occupancy == NULL ? reading_free(reading) : reading;
}

static const struct source_request *
next_request(void *context)
{
	struct survey_reading *reading = context;

	while (reading->next < ARRAY_SIZE(requests) &&
	    (reading->protocols >> requests[reading->next].protocol & 1) == 0)
		reading->next++;
	if (reading->next == ARRAY_SIZE(requests))
		return NULL;
	reading->request = (struct source_request){
		.protocol = requests[reading->next].protocol,
		.family = requests[reading->next].family,
		.survey = true,
		.filter = &reading->filter,
	};
	return &reading->request;
}

static void
on_socket(const struct source_socket *socket, void *context)
{
	struct survey_reading *reading = context;
	enum protocol protocol = (enum protocol)socket->listener.endpoint.protocol;

	uint16_t port = socket->listener.endpoint.port;
	int r = socket->time_wait ? occupancy_add_time_wait(reading->occupancy, protocol, port) :
				    occupancy_add(reading->occupancy, protocol, port,
					socket->listener.cookie, socket->listening);

	if (r < 0)
		reading->incomplete |= INCOMPLETE_MEMORY;
}

static void
on_answered(void *context, int r, const struct source_result *result)
{
	struct survey_reading *reading = context;

	reading->incomplete |= r < 0 ? (uint32_t)INCOMPLETE_KERNEL : result->incomplete;
	/* Half a table is worth nothing. */
	reading->next = r < 0 ? ARRAY_SIZE(requests) : reading->next + 1;
}

static void
release_reading(void *context)
{
	(void)reading_free(context);
}

static void
arm_next(struct survey *survey)
{
	uint64_t survey_usec = settings_config(survey->ground->settings)->survey_usec;
	uint64_t pause_usec = survey->last_cpu_usec * SURVEY_SHARE;

	loop_arm(survey->timer, pause_usec > survey_usec ? pause_usec : survey_usec);
}

/* The counters of a survey, for a person with --verbose. */
static void
log_survey(const struct survey *survey)
{
	const struct config *config = settings_config(survey->ground->settings);

	if (!log_is_verbose())
		return;
	for (unsigned i = 0; i < PROTOCOL_COUNT; i++) {
		const struct occupancy_counts *counts = &survey->counts[i];

		if (!config->protocols[i])
			continue;
		outlet_put(survey->ground->outlet,
		    report_new(NOTICE_POOL, SEVERITY_DEBUG,
			FACTS(fact_number(FACT_PROTOCOL, i),
			    fact_number(FACT_PORT_COUNT, counts->ports),
			    fact_number(FACT_SOCKET_COUNT, counts->sockets),
			    fact_number(FACT_APPEARED, counts->appeared),
			    fact_number(FACT_PERSISTED, counts->persisted),
			    fact_number(FACT_CHANGED, counts->changed),
			    fact_number(FACT_VANISHED, counts->vanished),
			    fact_number(FACT_TIME_WAIT, counts->time_wait),
			    fact_number(FACT_CPU_USEC, survey->last_cpu_usec))));
	}
}

static void
on_done(void *argument, void *context, int r)
{
	struct survey *survey = argument;
	struct survey_reading *reading = context;
	uint32_t incomplete = reading == NULL ? (uint32_t)INCOMPLETE_TIMEOUT : reading->incomplete;

	(void)r;
	survey->under_way = false;
	survey->last_cpu_usec = survey->pump.cpu_usec;
	loop_note_apart(survey->ground->loop, survey->last_cpu_usec);
	if (incomplete != 0)
		/* Half a table compared with a whole one would show ports vanish. */
		log_debug("survey", "incomplete, ignored: %s", incomplete_text(incomplete));
	else {
		occupancy_compare(survey->last, reading->occupancy, survey->counts);
		(void)occupancy_free(survey->last);
		survey->last = take_ptr(reading->occupancy);
		engine_take_survey(survey->ground->engine, survey->last, survey->begun_usec);
		log_survey(survey);
	}
	(void)reading_free(reading);
	status_update(survey->ground->status);
	arm_next(survey);
}

static void
on_timer(evutil_socket_t fd, short what, void *argument)
{
	struct survey *survey = argument;
	uint64_t begun_usec = clock_monotonic_usec();
	struct survey_reading *reading = reading_new(survey);

	(void)fd;
	(void)what;
	survey->under_way = reading != NULL;
	if (reading == NULL)
		arm_next(survey);
	else {
		survey->begun_usec = clock_boottime_usec();
		pump_begin(&survey->pump, reading);
	}
	loop_note_hold(survey->ground->loop, begun_usec);
}

/* A new configuration: the next one comes when that says. */
static void
on_settings(void *argument)
{
	struct survey *survey = argument;

	/* One under way arms the timer when it is done. */
	if (!survey->under_way)
		arm_next(survey);
}

static void
write_status(struct text *text, void *argument)
{
	const struct survey *survey = argument;

	text_printf(text, "survey %llu us of CPU", (unsigned long long)survey->last_cpu_usec);
}

static int
start(struct survey *survey)
{
	static const struct pump_task task = {
		.thread = "survey",
		.request = next_request,
		.socket = on_socket,
		.answered = on_answered,
		.release = release_reading,
	};
	const struct ground *ground = survey->ground;
	int r;

	if (getrandom(&survey->key, sizeof(survey->key), 0) != sizeof(survey->key))
		return -EIO;
	r = loop_add_timer(ground->loop, on_timer, survey, &survey->timer);
	if (r == 0)
		r = pump_open(&survey->pump, ground);
	if (r == 0)
		r = loop_subscribe(ground->loop, LOOP_SETTINGS, on_settings, survey);
	if (r < 0)
		return r;
	survey->pump.task = &task;
	survey->pump.done = on_done;
	survey->pump.done_argument = survey;
	status_provide(ground->status, STATUS_SURVEY, write_status, survey);
	arm_next(survey);
	return 0;
}

int
survey_new(const struct ground *ground, struct survey **ret)
{
	struct survey *survey = calloc(1, sizeof(*survey));
	int r;

	if (survey == NULL)
		return -ENOMEM;
	survey->ground = ground;
	r = start(survey);
	if (r < 0)
		(void)survey_free(survey);
	else
		*ret = survey;
	return r;
}

struct survey *
survey_free(struct survey *survey)
{
	if (survey == NULL)
		return NULL;
	pump_close(&survey->pump);
	loop_drop(&survey->timer);
	(void)occupancy_free(survey->last);
	free(survey);
	return NULL;
}
