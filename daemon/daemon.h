/* SPDX-License-Identifier: MIT */
/*
 * The daemon's state and what its files say to each other. Only the files beside this one
 * include it: daemon.c (start, stop, signals), tick.c (the looks), survey.c (the whole table),
 * attribution.c (the asking of overstay-lookup), reload.c and condition.c.
 */
#ifndef OVERSTAY_DAEMON_H
#define OVERSTAY_DAEMON_H

#include <event2/event.h>

#include "alert/limit.h"
#include "alert/sender.h"
#include "config/config.h"
#include "core/engine.h"
#include "core/occupancy.h"
#include "kernel/owners.h"
#include "kernel/source.h"

/* What the command line and the environment say. */
struct daemon_options {
	const char *config_path;	/* NULL = the default one, which may be missing */
	enum sender_target target;
	bool verbose;
	const char *state_directory;	/* STATE_DIRECTORY, NULL = nothing is kept */
	const char *lookup_socket;	/* OVERSTAY_LOOKUP_SOCKET, NULL = start overstay-lookup */
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
	CONDITION_COUNT,
};

/* One look at the listeners, from the dump to the engine. See tick.c. */
struct tick {
	struct event *timer;		/* begins the next one */
	struct event *readable;		/* the source has an answer; -1 descriptors use step */
	struct event *timeout;		/* the kernel does not answer */
	struct source *source;
	struct snapshot *snapshot;	/* being built, NULL = no look is under way */
	struct source_request *requests;
	size_t request_count, request_room, request_next;
	size_t questions;		/* of the requests: about single ports */
	bool second_dump;		/* the first left too many missing to ask for each */
	unsigned failures;		/* incomplete looks in a row */
	uint64_t begun_usec;		/* CLOCK_BOOTTIME */
	uint64_t asleep_usec;		/* time the host slept, at the last look */
	uint64_t cpu_usec;		/* of the look under way */
	uint64_t last_cpu_usec;		/* of the last one */
	uint64_t netns;			/* cookie of the namespace that is watched */
};

/* One pass over the whole table. See survey.c. */
struct survey {
	struct event *timer;
	struct event *readable;
	struct event *timeout;
	struct source *source;
	struct occupancy *occupancy;	/* being filled, NULL = none is under way */
	struct occupancy *last;		/* of the last complete one */
	uint64_t key;
	unsigned request_next;
	uint32_t incomplete;
	uint64_t begun_usec;
	uint64_t cpu_usec;
	uint64_t last_cpu_usec;
	struct occupancy_counts counts[PROTOCOL_COUNT];
};

struct attribution {
	struct owners *owners;		/* NULL = not connected */
	struct event *readable;
	struct event *timeout;		/* no answer; or time to try again */
	struct owner_answer *answers;
	size_t answer_count;
	size_t asked;			/* questions under way */
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
	struct reload *reload;		/* NULL = none is under way */
	bool reload_again;		/* SIGHUP came while one was */
	const char *reload_failed;	/* static text for the status line, NULL = it did not */
	bool conditions[CONDITION_COUNT];
	bool ready;
	int proc_fd;
	int state_fd;			/* -1 = none */
	struct port_range kernel_range;	/* 0-0 = not known */
	uint64_t longest_hold_usec;	/* of the loop, by one call-back */
	char status[512];		/* what was last sent as STATUS= */
};

/* daemon.c */
int daemon_run(const struct daemon_options *options, struct config *config,
    const char *last_good_reason) _mustcheck_;
struct moment daemon_now(void);
/* Takes a report (may be NULL) and tells it behind what is waiting. */
void daemon_tell(struct daemon *daemon, struct report *report);
/* Hands what the engine has to tell to the sender, as far as that takes it. */
void daemon_deliver(struct daemon *daemon);
/* Judges, tells, asks for owners: after anything changed. */
void daemon_advance(struct daemon *daemon);
/* Sends the status line where it changed. */
void daemon_update_status(struct daemon *daemon);
/* The first look was taken in. */
void daemon_is_ready(struct daemon *daemon);
/* Notes how long a call-back held the loop since begun_usec (CLOCK_MONOTONIC). */
void daemon_note_hold(struct daemon *daemon, uint64_t begun_usec);
/* Arms a timer; USEC_NEVER disarms it. */
void daemon_arm(struct event *timer, uint64_t after_usec);

/* tick.c */
int tick_start(struct daemon *daemon) _mustcheck_;
void tick_stop(struct daemon *daemon);
/* New ranges or protocols: what is under way is dropped and begun again soon. */
void tick_restart(struct daemon *daemon);
/* Resolves the ranges against the kernel's. Returns true where they changed. */
bool tick_read_ranges(struct daemon *daemon);

/* survey.c */
int survey_start(struct daemon *daemon) _mustcheck_;
void survey_stop(struct daemon *daemon);

/* attribution.c */
int attribution_start(struct daemon *daemon) _mustcheck_;
void attribution_stop(struct daemon *daemon);
/* Asks for the owners that are wanted, if none are asked for already. */
void attribution_ask(struct daemon *daemon);
/* A child ended: SIGCHLD. */
void attribution_reap(struct daemon *daemon);

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
