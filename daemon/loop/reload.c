/* SPDX-License-Identifier: MIT */
/*
 * Reads the configuration anew at SIGHUP, and keeps what is in force as the last good copy. Both
 * wait for disks and name services, so a thread of their own does them, and hands the result to
 * the loop through an eventfd.
 *
 * Invariants: one thread at a time; the thread touches nothing but its struct reload until it has
 * written to the eventfd, the loop touches that only after; a configuration with an error, or one
 * that was not read whole for want of memory, changes nothing, the last good copy included.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "loop/daemon.h"
#include "store/lastgood.h"

/* So many errors of a bad file stand in the journal; `overstayd --check` says all. */
#define RELOAD_ERRORS_TOLD 20

/* A stop waits so long for a reload under way. */
#define RELOAD_STOP_SEC 2

struct reload {
	pthread_t thread;
	struct event *done;
	int event_fd;
	bool load;			/* else only keep the last good copy */
	struct config_paths paths;
	int state_fd;
	char *last_good;		/* text to be kept, NULL = that of `config` */
	size_t last_good_size;
	struct config *config;		/* result */
	struct config_messages messages;
	int result;
	int keep_result;
};

static void
keep(struct reload *reload)
{
	if (reload->state_fd < 0)
		return;
	if (reload->last_good == NULL)
		reload->keep_result = config_dump_text(reload->config, &reload->last_good,
		    &reload->last_good_size);
	if (reload->keep_result == 0)
		reload->keep_result = lastgood_save(reload->state_fd, reload->last_good,
		    reload->last_good_size);
}

static void *
run(void *argument)
{
	struct reload *reload = argument;
	uint64_t one = 1;

	if (reload->load)
		reload->result = config_load(&reload->paths, &reload->config, &reload->messages);
	if (reload->result == 0)
		keep(reload);
	(void)!write(reload->event_fd, &one, sizeof(one));
	return NULL;
}

static struct reload *
free_reload(struct reload *reload)
{
	if (reload->done != NULL)
		event_free(reload->done);
	if (reload->event_fd >= 0)
		(void)close(reload->event_fd);
	free(reload->last_good);
	(void)config_free(reload->config);
	config_messages_clear(&reload->messages);
	free(reload);
	return NULL;
}

static void
tell_messages(struct daemon *daemon, const struct config_messages *messages,
    enum config_message_kind kind, enum severity severity)
{
	size_t told = 0;

	for (size_t i = 0; i < messages->count && told < RELOAD_ERRORS_TOLD; i++) {
		if (messages->items[i].kind != kind)
			continue;
		daemon_tell(daemon, report_new(EVENT_CONFIG, severity, "%s",
		    messages->items[i].text));
		told++;
	}
}

static void
note_failure(struct daemon *daemon)
{
	daemon->reload_failed = "last reload failed, keeping the old configuration";
}

static void
refuse(struct daemon *daemon, const struct reload *reload)
{
	note_failure(daemon);
	if (reload->result == -EINVAL)
		daemon_tell(daemon, report_new(EVENT_CONFIG, SEVERITY_ERR,
		    "reload failed: %zu error%s; keeping configuration %s", reload->messages.errors,
		    reload->messages.errors == 1 ? "" : "s", daemon->config->hash));
	else
		daemon_tell(daemon, report_new(EVENT_CONFIG, SEVERITY_ERR,
		    "reload failed: cannot read the configuration: %s; keeping configuration %s",
		    strerror(-reload->result), daemon->config->hash));
	tell_messages(daemon, &reload->messages, CONFIG_ERROR, SEVERITY_ERR);
}

/* Puts the new configuration in the place of the old one. */
static void
accept_config(struct daemon *daemon, struct reload *reload)
{
	struct config *old = daemon->config;

	daemon->reload_failed = NULL;
	daemon->config = take_ptr(reload->config);
	engine_set_policy(daemon->engine, &daemon->config->policy);
	sender_set(daemon->sender, daemon->config->policy.cmdline, daemon->config->hash);
	daemon_tell(daemon, report_new(EVENT_CONFIG, SEVERITY_NOTICE,
	    "reloaded: %s, %s%s", daemon->config->hash,
	    strcmp(old->hash, daemon->config->hash) == 0 ? "unchanged" : "was ",
	    strcmp(old->hash, daemon->config->hash) == 0 ? "" : old->hash));
	tell_messages(daemon, &reload->messages, CONFIG_WARNING, SEVERITY_WARNING);
	condition_set(daemon, CONDITION_CONFIG, false, "the configuration is valid again");
	/* It restarts with the ranges of the new one; the old one is not borrowed any more. */
	tick_restart(daemon);
	survey_restart(daemon);
	(void)config_free(old);
	daemon_advance(daemon);
	/* After daemon_advance(), which plans the next look an interval after the last began. */
	daemon_arm(daemon->tick.timer, 0);
}

static void
on_done(evutil_socket_t fd, short what, void *argument)
{
	struct daemon *daemon = argument;
	struct reload *reload = daemon->reload;
	bool load = reload->load;

	(void)fd;
	(void)what;
	(void)pthread_join(reload->thread, NULL);
	if (load && reload->result < 0)
		refuse(daemon, reload);
	else if (load)
		accept_config(daemon, reload);
	if (reload->result == 0 && reload->state_fd >= 0)
		condition_set(daemon, CONDITION_STATE, reload->keep_result < 0,
		    "%s%s", reload->keep_result < 0 ? "cannot save the last good configuration: " :
		    "the last good configuration is saved again",
		    reload->keep_result < 0 ? strerror(-reload->keep_result) : "");
	daemon->reload = free_reload(reload);
	daemon_update_status(daemon);
	if (load)
		(void)sd_notify(0, "READY=1");
	if (daemon->reload_again) {
		daemon->reload_again = false;
		reload_begin(daemon);
	}
}

static int
start_thread(struct daemon *daemon, struct reload *reload)
{
	sigset_t all, old;
	int r;

	reload->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reload->event_fd < 0)
		return -errno;
	reload->done = event_new(daemon->base, reload->event_fd, EV_READ, on_done, daemon);
	if (reload->done == NULL || event_add(reload->done, NULL) < 0)
		return -ENOMEM;
	/* Signals are the loop's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&reload->thread, NULL, run, reload);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

/* Starts a thread that loads (or only keeps) the configuration. */
static void
start(struct daemon *daemon, bool load)
{
	struct reload *reload = calloc(1, sizeof(*reload));
	int r = -ENOMEM;

	if (reload != NULL) {
		reload->event_fd = -1;
		reload->load = load;
		reload->paths = daemon_config_paths(daemon->options);
		reload->state_fd = daemon->state_fd;
		r = load ? 0 : config_dump_text(daemon->config, &reload->last_good,
		    &reload->last_good_size);
		if (r == 0)
			r = start_thread(daemon, reload);
	}
	if (r == 0) {
		daemon->reload = reload;
		return;
	}
	if (reload != NULL)
		(void)free_reload(reload);
	if (load)
		note_failure(daemon);
	daemon_tell(daemon, report_new(EVENT_CONFIG, SEVERITY_ERR, "cannot %s: %s",
	    load ? "reload the configuration" : "save the last good configuration", strerror(-r)));
	daemon_update_status(daemon);
	(void)sd_notify(0, "READY=1");
}

void
reload_begin(struct daemon *daemon)
{
	if (daemon->reload != NULL) {
		daemon->reload_again = true;
		return;
	}
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)clock_monotonic_usec());
	start(daemon, true);
}

void
reload_keep_last_good(struct daemon *daemon)
{
	if (daemon->state_fd >= 0 && daemon->reload == NULL)
		start(daemon, false);
}

void
reload_stop(struct daemon *daemon)
{
	struct timespec until;

	if (daemon->reload == NULL)
		return;
	/* A thread that hangs in a name service or on a disk is left behind; it ends with us. */
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += RELOAD_STOP_SEC;
	if (pthread_timedjoin_np(daemon->reload->thread, NULL, &until) == 0)
		daemon->reload = free_reload(daemon->reload);
}
