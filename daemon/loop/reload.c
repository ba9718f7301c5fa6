/* SPDX-License-Identifier: MIT */
/*
 * Reads the configuration anew at SIGHUP, and keeps what is in force as the last good copy. Both
 * wait for disks, so a thread of their own does them (base/worker.h). A configuration that was read
 * is put in force when its names have been asked for, so that no rule is without them meanwhile.
 *
 * Invariants: one thread at a time; the thread touches nothing but its struct job until it has
 * notified the loop, and the loop touches that only after; a configuration with an error, or one
 * that was not read whole for want of memory, changes nothing, the last good copy included.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/worker.h"
#include "loop/reload.h"
#include "store/lastgood.h"

/* So many errors of a bad file stand in the journal; `overstayd --check` says all. */
#define RELOAD_ERRORS_REPORTED 20

/* A stop waits so long for a reload under way. */
#define RELOAD_STOP_USEC (2 * USEC_PER_SEC)

/* What one thread does. */
struct job {
	struct worker *worker; /* owns this struct: it frees it */
	struct event *done;
	bool load; /* else only keep the last good copy */
	struct config_paths paths;
	int state_fd;
	char *last_good; /* text to be kept, NULL = that of `config` */
	size_t last_good_size;
	struct config *config; /* result */
	struct config_messages messages;
	int result;
	int keep_result;
};

struct reload {
	const struct ground *ground;
	struct names *names;
	struct config_paths paths;
	struct event *hangup;		 /* SIGHUP */
	int state_fd;			 /* -1 = none */
	struct job *job;		 /* NULL = none is under way */
	bool again;			 /* SIGHUP came while one was */
	const char *failed;		 /* static text for the status line, NULL = it did not */
	char replaced[CONFIG_HASH_SIZE]; /* of the configuration that is being replaced */
};

static void
keep(struct job *job)
{
	if (job->state_fd < 0)
		return;
	if (job->last_good == NULL)
		job->keep_result =
		    config_dump_text(job->config, &job->last_good, &job->last_good_size);
	if (job->keep_result == 0)
		job->keep_result =
		    lastgood_save(job->state_fd, job->last_good, job->last_good_size);
}

static void
run(struct worker *worker, void *context)
{
	struct job *job = context;

	if (job->load)
		job->result = config_load(&job->paths, &job->config, &job->messages);
	if (job->result == 0)
		keep(job);
	worker_notify(worker);
}

static void
release(void *context)
{
	struct job *job = context;

	free(job->last_good);
	(void)config_free(job->config);
	config_messages_clear(&job->messages);
	free(job);
}

/* Ends it. A thread that hangs on a disk is left behind with its job. */
static struct job *
end_job(struct job *job)
{
	loop_drop(&job->done);
	if (job->worker == NULL)
		release(job);
	else
		(void)worker_stop(job->worker, RELOAD_STOP_USEC);
	return NULL;
}

static void
report_messages(const struct reload *reload, const struct config_messages *messages,
    enum config_message_kind kind, enum severity severity)
{
	size_t reported = 0;

	for (size_t i = 0; i < messages->count && reported < RELOAD_ERRORS_REPORTED; i++) {
		if (messages->items[i].kind != kind)
			continue;
		outlet_put(reload->ground->outlet,
		    report_new(NOTICE_DIAGNOSTIC, severity,
			FACTS(fact_text(FACT_DIAGNOSTIC, messages->items[i].text))));
		reported++;
	}
}

/* What is said of files that are in force. */
static void
report_unrefused(const struct reload *reload, const struct config_messages *messages)
{
	report_messages(reload, messages, CONFIG_WARNING, SEVERITY_WARNING);
	report_messages(reload, messages, CONFIG_NOTE, SEVERITY_INFO);
}

static void
note_failure(struct reload *reload)
{
	reload->failed = "last reload failed, keeping the old configuration";
}

static void
refuse(struct reload *reload)
{
	const struct job *job = reload->job;
	const char *hash = settings_config(reload->ground->settings)->hash;

	note_failure(reload);
	outlet_put(reload->ground->outlet,
	    job->result == -EINVAL ?
		report_new(NOTICE_RELOAD_INVALID, SEVERITY_ERR,
		    FACTS(fact_number(FACT_ERRORS, job->messages.counts[CONFIG_ERROR]),
			fact_text(FACT_HASH, hash))) :
		report_new(NOTICE_RELOAD_UNREADABLE, SEVERITY_ERR,
		    FACTS(fact_number(FACT_ERROR, (uint64_t)-job->result),
			fact_text(FACT_HASH, hash))));
	report_messages(reload, &job->messages, CONFIG_ERROR, SEVERITY_ERR);
}

/* Puts the new configuration in the place of the old one; on_settings() reports it. */
static void
accept_config(struct reload *reload)
{
	struct settings *settings = reload->ground->settings;

	reload->failed = NULL;
	memcpy(reload->replaced, settings_config(settings)->hash, sizeof(reload->replaced));
	settings_replace(settings, take_ptr(reload->job->config));
	loop_announce(reload->ground->loop, LOOP_CHANGED);
}

/* The new one is in force: reported before the polls go over to it. */
static void
on_settings(void *argument)
{
	const struct reload *reload = argument;
	const char *hash = settings_config(reload->ground->settings)->hash;
	bool same = strcmp(reload->replaced, hash) == 0;

	outlet_put(reload->ground->outlet,
	    report_new(same ? NOTICE_RELOADED_UNCHANGED : NOTICE_RELOADED, SEVERITY_NOTICE,
		FACTS(fact_text(FACT_HASH, hash), fact_text(FACT_HASH_BEFORE, reload->replaced))));
	report_unrefused(reload, &reload->job->messages);
	names_report(reload->names);
	conditions_end(reload->ground->conditions, CONDITION_CONFIG);
}

/* Whether the last good copy could be kept. */
static void
note_kept(const struct reload *reload, const struct job *job)
{
	struct conditions *conditions = reload->ground->conditions;

	if (job->result < 0 || job->state_fd < 0)
		return;
	if (job->keep_result < 0)
		conditions_begin(conditions, CONDITION_STATE, NOTICE_LAST_GOOD_NOT_SAVED,
		    FACTS(fact_number(FACT_ERROR, (uint64_t)-job->keep_result)));
	else
		conditions_end(conditions, CONDITION_STATE);
}

static void begin(struct reload *reload);

/* The job is done, and what it has read is in force, or refused. */
static void
end_load(struct reload *reload)
{
	struct job *job = reload->job;
	bool load = job->load;

	note_kept(reload, job);
	reload->job = end_job(job);
	status_update(reload->ground->status);
	if (load)
		(void)sd_notify(0, "READY=1");
	if (reload->again) {
		reload->again = false;
		begin(reload);
	}
}

/* Who the names of the new configuration are is known, as far as it can be. */
static void
on_names(void *argument)
{
	struct reload *reload = argument;

	accept_config(reload);
	end_load(reload);
}

static void
on_done(evutil_socket_t fd, short what, void *argument)
{
	struct reload *reload = argument;
	struct job *job = reload->job;

	(void)fd;
	(void)what;
	worker_acknowledge(job->worker);
	loop_drop(&job->done);
	if (job->load && job->result == 0) {
		struct named_list *names = &job->config->policy.names;

		named_list_inherit(names, settings_names(reload->ground->settings));
		names_ask(reload->names, names, on_names, reload);
		return;
	}
	if (job->load)
		refuse(reload);
	end_load(reload);
}

static int
start_thread(struct reload *reload, struct job *job)
{
	int r = worker_new(
	    &(struct worker_options){
		.name = "reload",
		.run = run,
		.release = release,
		.context = job,
	    },
	    &job->worker);

	if (r == 0)
		r = loop_add_descriptor(reload->ground->loop, worker_fd(job->worker), on_done,
		    reload, &job->done);
	return r < 0 ? r : worker_start(job->worker);
}

/* Starts a thread that loads (or only keeps) the configuration. */
static void
start_job(struct reload *reload, bool load)
{
	struct job *job = calloc(1, sizeof(*job));
	int r = -ENOMEM;

	if (job != NULL) {
		job->load = load;
		job->paths = reload->paths;
		job->state_fd = reload->state_fd;
		r = load ? 0 :
			   config_dump_text(settings_config(reload->ground->settings),
			       &job->last_good, &job->last_good_size);
		if (r == 0)
			r = start_thread(reload, job);
	}
	if (r == 0) {
		reload->job = job;
		return;
	}
	if (job != NULL)
		(void)end_job(job);
	if (load)
		note_failure(reload);
	outlet_put(reload->ground->outlet,
	    report_new(load ? NOTICE_RELOAD_NOT_BEGUN : NOTICE_LAST_GOOD_NOT_BEGUN, SEVERITY_ERR,
		FACTS(fact_number(FACT_ERROR, (uint64_t)-r))));
	status_update(reload->ground->status);
	(void)sd_notify(0, "READY=1");
}

static void
begin(struct reload *reload)
{
	if (reload->job != NULL) {
		reload->again = true;
		return;
	}
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
	    (unsigned long long)clock_monotonic_usec());
	start_job(reload, true);
}

static void
on_hangup(evutil_socket_t number, short what, void *argument)
{
	(void)number;
	(void)what;
	begin(argument);
}

/* Only what the daemon really runs on is worth keeping. */
static void
on_ready(void *argument)
{
	struct reload *reload = argument;

	if (!conditions_hold(reload->ground->conditions, CONDITION_CONFIG) &&
	    reload->state_fd >= 0 && reload->job == NULL)
		start_job(reload, false);
}

void
reload_tell_last_good(struct reload *reload)
{
	conditions_begin(reload->ground->conditions, CONDITION_CONFIG, NOTICE_LAST_GOOD_IN_FORCE,
	    FACTS(fact_text(FACT_HASH, settings_config(reload->ground->settings)->hash)));
}

void
reload_tell_start(struct reload *reload, const struct config_messages *messages)
{
	const struct name_list *exposed = &settings_config(reload->ground->settings)->exposed;
	char buffer[512];
	struct text files;

	report_unrefused(reload, messages);
	text_init(&files, buffer, sizeof(buffer));
	for (size_t i = 0; i < exposed->count; i++)
		text_printf(&files, "%s%s", i > 0 ? ", " : "", exposed->names[i]);
	if (exposed->count > 0)
		conditions_begin(reload->ground->conditions, CONDITION_CONFIG,
		    NOTICE_FILES_LEFT_OUT, FACTS(fact_text(FACT_LEFT_OUT, buffer)));
}

static void
write_status(struct text *text, void *argument)
{
	const struct reload *reload = argument;

	if (reload->failed != NULL)
		text_add(text, reload->failed);
}

static int
start(struct reload *reload, const char *state_directory)
{
	const struct ground *ground = reload->ground;
	int r;

	if (state_directory != NULL) {
		reload->state_fd = open(state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (reload->state_fd < 0)
			conditions_begin(ground->conditions, CONDITION_STATE,
			    NOTICE_STATE_NOT_OPENED,
			    FACTS(fact_text(FACT_PATH, state_directory),
				fact_number(FACT_ERROR, (uint64_t)errno)));
	}
	r = loop_add_signal(ground->loop, SIGHUP, on_hangup, reload, &reload->hangup);
	if (r == 0)
		r = loop_subscribe(ground->loop, LOOP_READY, on_ready, reload);
	if (r == 0)
		r = loop_subscribe(ground->loop, LOOP_SETTINGS, on_settings, reload);
	status_provide(ground->status, STATUS_RELOAD, write_status, reload);
	return r;
}

int
reload_new(const struct ground *ground, struct names *names, const struct config_paths *paths,
    const char *state_directory, struct reload **ret)
{
	struct reload *reload = calloc(1, sizeof(*reload));
	int r;

	if (reload == NULL)
		return -ENOMEM;
	*reload = (struct reload){
		.ground = ground,
		.names = names,
		.paths = *paths,
		.state_fd = -1,
	};
	r = start(reload, state_directory);
	if (r < 0)
		(void)reload_free(reload);
	else
		*ret = reload;
	return r;
}

struct reload *
reload_free(struct reload *reload)
{
	if (reload == NULL)
		return NULL;
	if (reload->job != NULL)
		reload->job = end_job(reload->job);
	loop_drop(&reload->hangup);
	if (reload->state_fd >= 0)
		(void)close(reload->state_fd);
	free(reload);
	return NULL;
}
