/* SPDX-License-Identifier: MIT */
/*
 * The daemon's state and what its files say to each other. Only the files beside this one
 * include it: daemon.c (start, stop, signals), pump.c (sources in the loop), tick.c (the looks),
 * survey.c (the whole table), attribution.c (the asking of overstay-lookup), peers.c (who is
 * connected to suspects), executables.c (what is known over a restart), reload.c, condition.c.
 */
#ifndef OVERSTAY_DAEMON_H
#define OVERSTAY_DAEMON_H

#include <event2/event.h>

#include "alert/limit.h"
#include "alert/sender.h"
#include "config/config.h"
#include "engine/engine.h"
#include "engine/occupancy.h"
#include "kernel/connected.h"
#include "kernel/look.h"
#include "kernel/source.h"
#include "store/executables.h"
#include "wire/owners.h"

/* What the command line and the environment say. */
struct daemon_options {
	const char *config_path;	/* NULL = the default one, which may be missing */
	enum sender_target target;
	const char *state_directory;	/* STATE_DIRECTORY, NULL = nothing is kept */
	const char *lookup_socket;	/* in RUNTIME_DIRECTORY; NULL = start overstay-lookup */
	const char *lookup_program;	/* to be started */
};

/* What can be wrong while the daemon runs on. */
enum condition {
	CONDITION_LOOKUP,	/* owners cannot be looked up */
	CONDITION_SOURCE,	/* no sock_diag: /proc/net instead */
	CONDITION_LOOKS,	/* looks are incomplete again and again */
	CONDITION_RANGE,	/* the kernel's range cannot be read */
	CONDITION_CONFIG,	/* runs on the last good copy */
	CONDITION_STATE,	/* nothing can be kept in the state directory */
	CONDITION_EXECUTABLES,	/* verified programs cannot be kept */
	CONDITION_COUNT,
};

/* Steps of a source, driven by the loop. See pump.c. */
struct pump {
	struct daemon *daemon;
	struct source *source;
	struct event *readable;		/* an answer is there, or a step can be made at any time */
	struct event *timeout;		/* the kernel does not answer */
	int error;			/* why the request could not be put, 0 = it was */
	uint64_t cpu_usec;		/* that the steps took, since it was last set to 0 */
	source_function *function;
	void *argument;
	/* Called when a request was answered (r 0), or the source failed (r < 0) and is closed. */
	void (*done)(struct daemon *daemon, int r, const struct source_result *result);
};

/* The looks at the listeners. See tick.c. */
struct tick {
	struct event *timer;		/* begins the next one */
	struct pump pump;
	struct look *look;		/* NULL = none is under way */
	unsigned failures;		/* incomplete looks in a row */
	uint64_t key;			/* secret, of the looks */
	uint64_t begun_usec;		/* CLOCK_BOOTTIME */
	uint64_t asleep_usec;		/* time the host had slept by the last look */
	uint64_t last_cpu_usec;		/* of the last look, the judging included */
};

/* One pass over the whole table. See survey.c. */
struct survey {
	struct event *timer;
	struct pump pump;
	struct occupancy *occupancy;	/* being filled, NULL = none is under way */
	struct occupancy *last;		/* of the last complete one */
	struct port_filter filter;	/* as it was when the survey began */
	uint64_t key;
	unsigned next;			/* index of the request under way */
	uint32_t incomplete;
	uint64_t last_cpu_usec;
	struct occupancy_counts counts[PROTOCOL_COUNT];
};

/* Who is connected to suspects. See peers.c. */
struct peers {
	struct pump pump;
	struct event *timeout;		/* no answer */
	struct connected connected;	/* its count: 0 = no request is under way */
};

struct attribution {
	struct owners *owners;		/* NULL = not connected */
	struct event *readable;
	struct event *timeout;		/* no answer; or time to try again */
	struct owner_answer *answers;
	size_t answer_count;
	size_t asked;			/* questions under way, */
	uint64_t asked_usec;		/* since then (CLOCK_BOOTTIME) */
	unsigned failures;		/* tries in a row that failed */
	uint64_t retry_usec;		/* CLOCK_BOOTTIME of the next try */
};

struct reload;

struct daemon {
	const struct daemon_options *options;
	struct event_base *base;
	struct event *signals[4];
	struct event *sender_event;
	struct event *watchdog;
	struct config *config;
	struct engine *engine;
	struct sender *sender;
	struct limit limit;
	struct report *pending;		/* taken from the engine, not taken by the sender yet */
	struct tick tick;
	struct survey survey;
	struct attribution attribution;
	struct peers peers;
	struct executables *executables;	/* NULL = nothing is kept */
	struct event *executables_event;
	enum executables_aside executables_aside;	/* that was told */
	struct reload *reload;		/* NULL = none is under way */
	bool reload_again;		/* SIGHUP came while one was */
	const char *reload_failed;	/* static text for the status line, NULL = it did not */
	bool conditions[CONDITION_COUNT];
	bool ready;
	int proc_fd;
	int state_fd;			/* -1 = none */
	struct port_range kernel_range;	/* 0-0 = not known */
	struct port_set reserved;	/* ports the kernel does not pick */
	uint64_t longest_hold_usec;	/* of the loop, by one call-back */
	char status[512];		/* what was last sent as STATUS= */
};

/* daemon.c */
/*
 * Runs until SIGTERM or SIGINT. config is taken; last_good: it is the copy that was kept, because
 * the files are wrong. owners is taken too: the look-up that was started while that was allowed,
 * NULL = none was. Returns the exit code.
 */
int daemon_run(const struct daemon_options *options, struct config *config, bool last_good,
    struct owners *owners) _mustcheck_;
struct moment daemon_now(void);
/* Where the configuration lies by these options. */
struct config_paths daemon_config_paths(const struct daemon_options *options);
/* Takes a report (may be NULL) and tells it behind what is waiting. */
void daemon_tell(struct daemon *daemon, struct report *report);
/* Hands what the engine has to tell to the sender, as far as that takes it. */
void daemon_deliver(struct daemon *daemon);
/* Judges, tells, asks for owners, plans the next look: after anything changed. */
void daemon_advance(struct daemon *daemon);
/* Sends the status line where it changed. */
void daemon_update_status(struct daemon *daemon);
/* The first look was taken in. */
void daemon_is_ready(struct daemon *daemon);
/* Tells of a kernel range that was tuned until it bites, if that is wanted. */
void daemon_tell_odd_range(struct daemon *daemon);
/* Notes how long a call-back held the loop since begun_usec (CLOCK_MONOTONIC). */
void daemon_note_hold(struct daemon *daemon, uint64_t begun_usec);
/* Arms a timer; USEC_NEVER disarms it. */
void daemon_arm(struct event *timer, uint64_t after_usec);

/* pump.c */
int pump_open(struct pump *pump, struct daemon *daemon) _mustcheck_;
void pump_close(struct pump *pump);
/* Puts a request; pump->done is called when it is answered. */
void pump_begin(struct pump *pump, const struct source_request *request);
/* Gives up the request under way. */
void pump_stop(struct pump *pump);

/* tick.c */
int tick_start(struct daemon *daemon) _mustcheck_;
void tick_stop(struct daemon *daemon);
/* Arms the timer for the next look, unless one is under way: after anything became due. */
void tick_arm(struct daemon *daemon);
/* A new configuration: what is under way is dropped; the caller arms the timer. */
void tick_restart(struct daemon *daemon);

/* survey.c */
int survey_start(struct daemon *daemon) _mustcheck_;
void survey_stop(struct daemon *daemon);
/* A new configuration: the next one comes when that says. */
void survey_restart(struct daemon *daemon);

/* attribution.c */
int attribution_start(struct daemon *daemon) _mustcheck_;
void attribution_stop(struct daemon *daemon);
/* Asks for the owners that are wanted, if none are asked for already. */
void attribution_ask(struct daemon *daemon);
/* A child ended: SIGCHLD. */
void attribution_reap(struct daemon *daemon);

/* peers.c */
int peers_start(struct daemon *daemon) _mustcheck_;
void peers_stop(struct daemon *daemon);
/* Asks for the peers that are wanted, if none are asked for already. */
void peers_ask(struct daemon *daemon);

/* executables.c */
int executables_begin(struct daemon *daemon) _mustcheck_;
void executables_end(struct daemon *daemon);

/* reload.c */
void reload_begin(struct daemon *daemon);
void reload_stop(struct daemon *daemon);
/* Keeps the configuration in force as the last good one; told where it fails. */
void reload_keep_last_good(struct daemon *daemon);

/* condition.c */
/* Tells DEGRADED or RECOVERED where the condition changed; text says what is wrong (or how it was
 * mended). */
void condition_set(struct daemon *daemon, enum condition condition, bool wrong,
    const char *format, ...) _printf_(4, 5);
/* The conditions that hold, as "lookup, looks"; "" = none. */
const char *condition_list(const struct daemon *daemon, char *buffer, size_t size);

#endif
