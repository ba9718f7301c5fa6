/* SPDX-License-Identifier: MIT */
/*
 * The daemon: starts and stops its parts in one visible order, and is nothing else. Each part has
 * a file in loop/. A part is made after what it stands on, and before those that have to hear of
 * an event after it (loop/loop.h).
 *
 * What it never does: wait for anything but the event loop. The journal is the sender's thread,
 * disks the reload's thread and the store's, the kernel's tables are the pumps' (loop/pump.c),
 * /proc/PID and the name services other processes.
 *
 * Wake-ups of an idle daemon: the poll, the survey, the watchdog, each by its own timer; after a
 * poll, the store's thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "alert/host.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon.h"
#include "loop/heart.h"
#include "loop/lookup.h"
#include "loop/names.h"
#include "loop/peers.h"
#include "loop/shortage.h"
#include "loop/poll.h"
#include "loop/reload.h"
#include "loop/storage.h"
#include "loop/survey.h"
#include "loop/watched.h"

/* A stop waits so long for what is still to be sent. */
#define STOP_TIMEOUT_USEC (3 * USEC_PER_SEC)

struct daemon {
	const struct daemon_options *options;
	struct config *config;		/* until loop/settings.c has it */
	struct daemon_helpers *helpers; /* until the parts have them */
	struct host_cache host;		/* of the loop's thread: names of interfaces */
	struct ground ground;
	struct storage *storage;
	struct heart *heart;
	struct names *names;
	struct watched *watched;
	struct reload *reload;
	struct lookup *lookup;
	struct peers *peers;
	struct shortage *shortage;
	struct poll *poll;
	struct survey *survey;
};

static void
make_id(struct stay_id *ret, void *argument)
{
	sd_id128_t id = SD_ID128_NULL;

	(void)argument;
	(void)sd_id128_randomize(&id);
	memcpy(ret->bytes, id.bytes, sizeof(ret->bytes));
}

static void
release_link(void *argument)
{
	(void)names_link_free(argument);
}

/* What the parts stand on. */
static int
start_ground(struct daemon *daemon)
{
	struct ground *ground = &daemon->ground;
	struct host_names names = { .ask = names_link_user, .release = release_link };
	int r;

	r = loop_new(&ground->loop);
	if (r < 0)
		return r;
	ground->engine = engine_new(make_id, NULL);
	if (ground->engine == NULL)
		return -ENOMEM;
	engine_set_interface_name(ground->engine, host_interface_name, &daemon->host);
	r = settings_new(ground->loop, ground->engine, take_ptr(daemon->config), &ground->settings);
	names.argument = take_ptr(daemon->helpers->sender);
	if (r == 0)
		r = outlet_new(ground->loop, ground->engine, ground->settings,
		    daemon->options->target, &names, &ground->outlet);
	else
		release_link(names.argument);
	if (r == 0)
		r = status_new(ground->loop, ground->engine, ground->settings, &ground->status);
	if (r == 0)
		r = conditions_new(ground->engine, ground->outlet, ground->status,
		    &ground->conditions);
	if (r < 0)
		return r;
	ground->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return ground->proc_fd < 0 ? -errno : 0;
}

static int
start(struct daemon *daemon)
{
	const struct daemon_options *options = daemon->options;
	const struct ground *ground = &daemon->ground;
	const struct lookup_options lookup = {
		.socket = options->lookup_socket,
		.program = options->lookup_program,
	};
	int r;

	r = start_ground(daemon);
	if (r == 0)
		r = storage_new(ground, options->state_directory, options->runtime_directory,
		    &daemon->storage);
	if (r == 0)
		r = heart_new(ground, daemon->storage, &daemon->heart);
	if (r == 0)
		r = names_new(ground, &options->names, take_ptr(daemon->helpers->names),
		    &daemon->names);
	if (r == 0)
		r = watched_new(ground, &daemon->watched);
	if (r == 0)
		r = reload_new(ground, daemon->names, &options->config_paths,
		    options->state_directory, &daemon->reload);
	if (r == 0)
		r = lookup_new(ground, &lookup, take_ptr(daemon->helpers->lookup),
		    take_ptr(daemon->helpers->registered), &daemon->lookup);
	if (r == 0)
		r = peers_new(ground, &daemon->peers);
	if (r == 0)
		r = shortage_new(ground, &daemon->shortage);
	if (r == 0)
		r = poll_new(ground, daemon->watched, &daemon->poll);
	if (r == 0)
		r = survey_new(ground, &daemon->survey);
	return r;
}

/* The reverse order. Whatever start() did not reach is NULL. */
static void
stop(struct daemon *daemon)
{
	struct ground *ground = &daemon->ground;
	uint64_t until_usec = clock_monotonic_usec() + STOP_TIMEOUT_USEC;

	daemon->survey = survey_free(daemon->survey);
	daemon->poll = poll_free(daemon->poll);
	daemon->shortage = shortage_free(daemon->shortage);
	daemon->peers = peers_free(daemon->peers);
	daemon->lookup = lookup_free(daemon->lookup);
	daemon->reload = reload_free(daemon->reload);
	daemon->watched = watched_free(daemon->watched);
	daemon->names = names_free(daemon->names);
	daemon->heart = heart_free(daemon->heart);
	daemon->storage = storage_free(daemon->storage);
	if (ground->proc_fd >= 0)
		(void)close(ground->proc_fd);
	ground->conditions = conditions_free(ground->conditions);
	ground->status = status_free(ground->status);
	ground->outlet = outlet_free(ground->outlet, until_usec);
	/* It borrows from the settings. */
	ground->engine = engine_free(ground->engine);
	ground->settings = settings_free(ground->settings);
	ground->loop = loop_free(ground->loop);
	daemon_helpers_clear(daemon->helpers);
	daemon->config = config_free(daemon->config);
}

void
daemon_helpers_clear(struct daemon_helpers *helpers)
{
	helpers->lookup = lookup_client_close(helpers->lookup);
	helpers->names = names_client_close(helpers->names);
	helpers->sender = names_link_free(helpers->sender);
	helpers->registered = names_link_free(helpers->registered);
}

int
daemon_run(const struct daemon_options *options, struct config *config, bool last_good,
    struct daemon_helpers *helpers)
{
	struct daemon daemon = {
		.options = options,
		.config = config,
		.helpers = helpers,
		.ground.proc_fd = -1,
	};
	int r;

	/* Threads hand their memory over: in an arena for each, glibc would keep what was freed. */
	(void)mallopt(M_ARENA_MAX, 1);
	r = start(&daemon);
	if (r == 0) {
		if (last_good)
			reload_tell_last_good(daemon.reload);
		else
			reload_tell_start(daemon.reload, options->config_messages);
		r = loop_run(daemon.ground.loop);
		if (r == 0)
			storage_note_stop(daemon.storage);
		heart_stopping(daemon.heart);
	}
	if (r < 0)
		log_start(LOG_ERR, "cannot start: %s", strerror(-r));
	stop(&daemon);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
