/* SPDX-License-Identifier: MIT */
/*
 * The daemon: owns all state, starts and stops everything in one visible order, and is the one
 * thread that decides. tick.c brings looks, survey.c counters, attribution.c owners, reload.c
 * configurations; what they change ends here in daemon_advance(), which judges and tells.
 *
 * What it never does: wait for anything but the event loop. The journal and name services are the
 * sender's thread, disks the reload's thread, /proc/PID another process.
 *
 * Wake-ups of an idle daemon: the look, the survey, the watchdog, each by its own timer.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "loop/daemon.h"
#include "kernel/ranges.h"

/* A stop waits so long for what is still to be told. */
#define STOP_TIMEOUT_USEC (3 * USEC_PER_SEC)

struct moment
daemon_now(void)
{
	return (struct moment){ clock_boottime_usec(), clock_realtime_usec() };
}

struct config_paths
daemon_config_paths(const struct daemon_options *options)
{
	struct config_paths paths = config_default_paths;

	if (options->config_path != NULL) {
		paths.main_file = options->config_path;
		paths.main_optional = false;
	}
	return paths;
}

void
daemon_arm(struct event *timer, uint64_t after_usec)
{
	struct timeval after = {
		.tv_sec = (time_t)(after_usec / USEC_PER_SEC),
		.tv_usec = (suseconds_t)(after_usec % USEC_PER_SEC),
	};

	if (after_usec == USEC_NEVER)
		(void)event_del(timer);
	else
		(void)event_add(timer, &after);
}

void
daemon_note_hold(struct daemon *daemon, uint64_t begun_usec)
{
	uint64_t hold_usec = clock_monotonic_usec() - begun_usec;

	if (hold_usec > daemon->longest_hold_usec)
		daemon->longest_hold_usec = hold_usec;
}

void
daemon_tell(struct daemon *daemon, struct report *report)
{
	struct moment moment = daemon_now();

	engine_put(daemon->engine, report, &moment);
	daemon_deliver(daemon);
}

/* One SUPPRESSED line for what the limit or the full outbox held back. */
static void
tell_held_back(struct daemon *daemon)
{
	struct moment moment = daemon_now();
	uint64_t held_back = limit_held_back(&daemon->limit, moment.boottime_usec);
	struct report *report;

	held_back += engine_held_back(daemon->engine);
	if (held_back == 0)
		return;
	report = report_new(EVENT_SUPPRESSED, SEVERITY_WARNING,
	    "%llu messages were dropped: rate limit or queue exceeded",
	    (unsigned long long)held_back);
	(void)report_add_field(report, "COUNT", "%llu", (unsigned long long)held_back);
	engine_put(daemon->engine, report, &moment);
}

void
daemon_deliver(struct daemon *daemon)
{
	for (;;) {
		struct report *report = take_ptr(daemon->pending);

		if (report == NULL) {
			report = engine_take(daemon->engine);
			if (report == NULL)
				return;
			if (!limit_admit(&daemon->limit, report->kind, clock_boottime_usec())) {
				(void)report_free(report);
				continue;
			}
		}
		/* The sender's descriptor tells when there is room again. */
		if (sender_send(daemon->sender, report) < 0) {
			daemon->pending = report;
			return;
		}
	}
}

void
daemon_advance(struct daemon *daemon)
{
	struct moment moment = daemon_now();

	engine_advance(daemon->engine, &moment);
	tell_held_back(daemon);
	daemon_deliver(daemon);
	attribution_ask(daemon);
	peers_ask(daemon);
	tick_arm(daemon);
}

void
daemon_update_status(struct daemon *daemon)
{
	char status[sizeof(daemon->status)], ranges[128], wrong[128];
	const struct config *config = daemon->config;
	struct track_counts counts;
	struct text text;

	if (!daemon->ready)
		return;
	engine_counts(daemon->engine, &counts);
	ranges_format(engine_ranges(daemon->engine), ranges, sizeof(ranges));
	text_init(&text, status, sizeof(status));
	text_printf(&text, "%s%s%s %s: %zu listeners, %zu overstay, %zu suspect, %zu allowed; ",
	    config->protocols[PROTOCOL_TCP] ? "tcp" : "",
	    config->protocols[PROTOCOL_TCP] && config->protocols[PROTOCOL_UDP] ? "+" : "",
	    config->protocols[PROTOCOL_UDP] ? "udp" : "", ranges, counts.stays,
	    counts.overstaying, counts.suspects, counts.allowed);
	text_printf(&text, "last poll %llu us, survey %llu us of CPU; config %s",
	    (unsigned long long)daemon->tick.last_cpu_usec,
	    (unsigned long long)daemon->survey.last_cpu_usec, config->hash);
	if (condition_list(daemon, wrong, sizeof(wrong))[0] != '\0')
		text_printf(&text, "; DEGRADED: %s", wrong);
	if (daemon->reload_failed != NULL)
		text_printf(&text, "; %s", daemon->reload_failed);
	if (strcmp(status, daemon->status) == 0)
		return;
	memcpy(daemon->status, status, sizeof(status));
	(void)sd_notifyf(0, "STATUS=%s", status);
}

void
daemon_tell_odd_range(struct daemon *daemon)
{
	const struct port_range *kernel = &daemon->kernel_range;
	uint32_t oddities = ranges_oddities(kernel);
	char text[512];

	if (oddities == 0 || !daemon->config->policy.advice)
		return;
	daemon_tell(daemon, report_new(EVENT_ADVICE, SEVERITY_NOTICE,
	    "ip_local_port_range is %u-%u: %s; to restore the default, set '%s' in "
	    "/etc/sysctl.d/60-overstay.conf", kernel->first, kernel->last,
	    ranges_oddities_text(oddities, text, sizeof(text)), RANGES_KERNEL_DEFAULT));
}

void
daemon_is_ready(struct daemon *daemon)
{
	struct track_counts counts;
	struct report *report;
	char ranges[128];

	daemon->ready = true;
	engine_counts(daemon->engine, &counts);
	ranges_format(engine_ranges(daemon->engine), ranges, sizeof(ranges));
	report = report_new(EVENT_STARTED, SEVERITY_INFO,
	    "overstayd %s watches ports %s in this network namespace only: %zu listeners present "
	    "at start (%zu tcp, %zu udp), their thresholds count from now; configuration %s",
	    VERSION, ranges, counts.stays, counts.tcp, counts.udp, daemon->config->hash);
	(void)report_add_field(report, "LISTENERS", "%zu", counts.stays);
	(void)report_add_field(report, "VERSION", "%s", VERSION);
	(void)report_add_field(report, "RANGES", "%s", ranges);
	daemon_tell(daemon, report);
	daemon_tell_odd_range(daemon);
	daemon_update_status(daemon);
	(void)sd_notify(0, "READY=1");
	/* Only what the daemon really runs on is worth keeping. */
	if (!daemon->conditions[CONDITION_CONFIG])
		reload_keep_last_good(daemon);
}

static void
on_signal(evutil_socket_t number, short what, void *argument)
{
	struct daemon *daemon = argument;

	(void)what;
	if (number == SIGHUP)
		reload_begin(daemon);
	else if (number == SIGCHLD)
		attribution_reap(daemon);
	else
		(void)event_base_loopbreak(daemon->base);
}

static void
on_sender(evutil_socket_t fd, short what, void *argument)
{
	struct daemon *daemon = argument;

	(void)fd;
	(void)what;
	sender_acknowledge(daemon->sender);
	daemon_deliver(daemon);
}

static void
on_watchdog(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	(void)argument;
	(void)sd_notify(0, "WATCHDOG=1");
}

static int
start_signals(struct daemon *daemon)
{
	static const int numbers[ARRAY_SIZE(((struct daemon *)0)->signals)] = {
		SIGTERM, SIGINT, SIGHUP, SIGCHLD,
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		daemon->signals[i] = evsignal_new(daemon->base, numbers[i], on_signal, daemon);
		if (daemon->signals[i] == NULL || event_add(daemon->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	/* A terminal or a reader that went away is found out by the write. */
	(void)signal(SIGPIPE, SIG_IGN);
	return 0;
}

static int
start_sender(struct daemon *daemon)
{
	struct sender_options options = {
		.target = daemon->options->target,
		.cmdline = daemon->config->policy.cmdline,
		.config = daemon->config->hash,
		.stderr_fd = STDERR_FILENO,
	};
	int r = sender_start(&options, &daemon->sender);

	if (r < 0)
		return r;
	limit_init(&daemon->limit, LIMIT_BURST, LIMIT_WINDOW_USEC);
	daemon->sender_event = event_new(daemon->base, sender_fd(daemon->sender),
	    EV_READ | EV_PERSIST, on_sender, daemon);
	if (daemon->sender_event == NULL || event_add(daemon->sender_event, NULL) < 0)
		return -ENOMEM;
	return 0;
}

static int
start_watchdog(struct daemon *daemon)
{
	uint64_t limit_usec = 0;
	struct timeval every;

	if (sd_watchdog_enabled(0, &limit_usec) <= 0)
		return 0;
	every = (struct timeval){
		.tv_sec = (time_t)(limit_usec / 2 / USEC_PER_SEC),
		.tv_usec = (suseconds_t)(limit_usec / 2 % USEC_PER_SEC),
	};
	daemon->watchdog = event_new(daemon->base, -1, EV_PERSIST, on_watchdog, NULL);
	if (daemon->watchdog == NULL || event_add(daemon->watchdog, &every) < 0)
		return -ENOMEM;
	return 0;
}

static void
make_id(struct stay_id *ret, void *argument)
{
	sd_id128_t id = SD_ID128_NULL;

	(void)argument;
	(void)sd_id128_randomize(&id);
	memcpy(ret->bytes, id.bytes, sizeof(ret->bytes));
}

static int
open_files(struct daemon *daemon)
{
	const char *state = daemon->options->state_directory;

	daemon->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (daemon->proc_fd < 0)
		return -errno;
	if (state == NULL)
		return 0;
	daemon->state_fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (daemon->state_fd < 0)
		condition_set(daemon, CONDITION_STATE, true,
		    "cannot open the state directory %s: %s", state, strerror(errno));
	return 0;
}

/* Everything, in the order in which it depends on each other. */
static int
start(struct daemon *daemon)
{
	int r;

	daemon->base = event_base_new();
	daemon->engine = engine_new(make_id, NULL);
	if (daemon->base == NULL || daemon->engine == NULL)
		return -ENOMEM;
	engine_set_policy(daemon->engine, &daemon->config->policy);
	r = start_sender(daemon);
	if (r == 0)
		r = open_files(daemon);
	if (r == 0)
		r = start_signals(daemon);
	if (r == 0)
		r = start_watchdog(daemon);
	if (r == 0)
		r = executables_begin(daemon);
	if (r == 0)
		r = attribution_start(daemon);
	if (r == 0)
		r = peers_start(daemon);
	if (r == 0)
		r = tick_start(daemon);
	if (r == 0)
		r = survey_start(daemon);
	return r;
}

static void
free_event(struct event **event)
{
	if (*event != NULL)
		event_free(*event);
	*event = NULL;
}

/* What the sender's queue had no room for yet is told too, as far as it goes until then. */
static void
drain(struct daemon *daemon, uint64_t until_usec)
{
	daemon_deliver(daemon);
	while (daemon->pending != NULL && clock_monotonic_usec() < until_usec) {
		struct pollfd room = { .fd = sender_fd(daemon->sender), .events = POLLIN };

		(void)poll(&room, 1, 100);
		sender_acknowledge(daemon->sender);
		daemon_deliver(daemon);
	}
}

/* The reverse order. Whatever start() did not reach is NULL. */
static void
stop(struct daemon *daemon)
{
	uint64_t until_usec = clock_monotonic_usec() + STOP_TIMEOUT_USEC, now_usec;
	uint32_t lost = 0;

	survey_stop(daemon);
	tick_stop(daemon);
	peers_stop(daemon);
	attribution_stop(daemon);
	executables_end(daemon);
	reload_stop(daemon);
	free_event(&daemon->watchdog);
	for (size_t i = 0; i < ARRAY_SIZE(daemon->signals); i++)
		free_event(&daemon->signals[i]);
	free_event(&daemon->sender_event);
	if (daemon->sender != NULL) {
		drain(daemon, until_usec);
		now_usec = clock_monotonic_usec();
		lost = sender_stop(daemon->sender,
		    until_usec > now_usec ? until_usec - now_usec : 0);
	}
	if (lost > 0)
		log_debug("daemon", "%u messages were not sent before the exit", lost);
	daemon->pending = report_free(daemon->pending);
	daemon->engine = engine_free(daemon->engine);
	daemon->config = config_free(daemon->config);
	if (daemon->proc_fd >= 0)
		(void)close(daemon->proc_fd);
	if (daemon->state_fd >= 0)
		(void)close(daemon->state_fd);
	if (daemon->base != NULL)
		event_base_free(daemon->base);
}

static void
tell_stopped(struct daemon *daemon)
{
	struct track_counts counts;
	struct report *report;

	(void)sd_notify(0, "STOPPING=1");
	engine_counts(daemon->engine, &counts);
	report = report_new(EVENT_STOPPED, SEVERITY_INFO,
	    "overstayd stops: %zu listeners watched, %zu overstaying; the event loop was blocked "
	    "for at most %llu us", counts.stays, counts.overstaying,
	    (unsigned long long)daemon->longest_hold_usec);
	(void)report_add_field(report, "LONGEST_HOLD_USEC", "%llu",
	    (unsigned long long)daemon->longest_hold_usec);
	daemon_tell(daemon, report);
}

int
daemon_run(const struct daemon_options *options, struct config *config, bool last_good,
    struct owners *owners)
{
	struct daemon daemon = {
		.options = options,
		.config = config,
		.attribution.owners = owners,
		.proc_fd = -1,
		.state_fd = -1,
	};
	int r;

	r = start(&daemon);
	if (r == 0) {
		if (last_good)
			condition_set(&daemon, CONDITION_CONFIG, true,
			    "the configuration has errors, see overstayd --check; running "
			    "with the last good configuration %s", config->hash);
		r = event_base_dispatch(daemon.base);
		tell_stopped(&daemon);
	}
	if (r < 0)
		fprintf(stderr, "<3>overstayd: cannot start: %s\n", strerror(-r));
	stop(&daemon);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
