/* SPDX-License-Identifier: MIT */
/*
 * What goes on on a host by itself: programs that are started and end, restarts, upgrades, logins,
 * jobs, nights. See life.c.
 */
#ifndef OVERSTAY_SCENARIO_LIFE_H
#define OVERSTAY_SCENARIO_LIFE_H

#include <stdint.h>

#include "base/macros.h"
#include "script.h"

#define LIFE_LISTENS_MAX 16

struct span {
	uint64_t least, most;
};

/* One `listen` of a program. */
struct life_listen {
	char *before, *after; /* the text before the port, and behind it */
	uint32_t first, last; /* ports to choose from, 0 = the kernel chooses */
	bool lowest;	      /* the first that is free */
	struct span many;
};

/* A program as it is written. */
struct program {
	char *name;
	struct who *who;	  /* the template of its owner */
	char *container;	  /* NULL, or what the ids of its containers begin with */
	bool forwards;		  /* it is no process of that container, but forwards to it */
	const struct program *of; /* opens its listeners in the process of that one */
	struct life_listen listens[LIFE_LISTENS_MAX];
	size_t listen_count;
	struct span starts;	    /* after the host's start */
	struct span restarts, away; /* 0 = never */
	struct span upgrades, lags; /* the file is replaced; restarted so long after that */
	struct span comes, stays;   /* comes 0 = it runs always */
	unsigned hour_first, hour_last;
	bool weekdays, once, bad;
	struct span uids;
	uint64_t due_usec; /* when it starts (USEC_NEVER = it runs) or comes next */
	uint64_t upgrade_usec;
	uint64_t came_usec;    /* when it came last */
	uint64_t within_usec;  /* bad: the alert comes so soon */
	uint64_t alerted_usec; /* bad: when that was */
	struct program *next;
};

/* A program that runs. */
struct instance {
	struct program *program;
	struct who *who;
	uint64_t first_cookie, last_cookie; /* its sockets */
	uint64_t ends_usec;
};

struct life {
	uint64_t random;
	struct program *programs, **last;
	struct instance *instances;
	size_t instance_count, instance_room;
	int32_t next_pid;
	uint64_t numbers;
	struct span reboots, off, sleeps, daemons;
	unsigned sleep_hour;
	uint64_t reboot_usec, sleep_usec, daemon_usec;
};

struct life *life_new(uint64_t seed);
/* Accepts NULL; returns NULL. */
struct life *life_free(struct life *life);

/* The block of lines from script->at up to `end` says what a program does. */
int life_program(struct script *script, const char *name, size_t end) _mustcheck_;
/* reboots every A..B off A..B; sleeps at HOUR for A..B; daemon restarts every A..B */
int life_reboots(struct script *script, const char *rest) _mustcheck_;
int life_sleeps(struct script *script, const char *rest) _mustcheck_;
int life_daemon(struct script *script, const char *rest) _mustcheck_;

/* Lets the host live until then; `each` is called whenever something may have been told. */
void life_run(struct script *script, uint64_t until_usec, void (*each)(struct script *script));

#endif
