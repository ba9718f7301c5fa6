/* SPDX-License-Identifier: MIT */
/*
 * What the sending thread asks the host: names of users and interfaces, whether a process still
 * runs. See host.c.
 */
#ifndef OVERSTAY_ALERT_HOST_H
#define OVERSTAY_ALERT_HOST_H

#include <net/if.h>
#include <stdint.h>

#include "base/macros.h"
#include "model/named.h"
#include "model/owner.h"

/* Users remembered, and for how long: names change seldom, a missing one may be there soon. */
#define HOST_USERS_MAX	   64
#define HOST_USER_NAME_MAX (NAMED_MAX + 1)
#define HOST_KNOWN_USEC	   (5 * USEC_PER_MIN)
#define HOST_UNKNOWN_USEC  (10 * USEC_PER_SEC)

struct host_user {
	uint32_t uid;
	uint64_t asked_usec;	       /* CLOCK_MONOTONIC; 0 = an empty place */
	char name[HOST_USER_NAME_MAX]; /* "" = has none */
};

/* Who is asked for the names of users. All zero: nobody, they stay numbers. */
struct host_names {
	/*
	 * Writes the name. Returns 0, -ENOENT if the user has none, another -errno if nobody can
	 * say now. It may wait, but not long.
	 */
	int (*ask)(uint32_t uid, char ret[HOST_USER_NAME_MAX], void *argument);
	void (*release)(void *argument); /* frees argument; NULL = nothing is to be freed */
	void *argument;
};

/* All zero at the start, but for names. */
struct host_cache {
	struct host_names names;
	struct host_user users[HOST_USERS_MAX];
	char interface[IF_NAMESIZE];
};

/* The functions of struct message_context; argument is a struct host_cache. */
const char *host_user_name(uint32_t uid, void *argument);
const char *host_interface_name(uint32_t index, void *argument);

/* True if /proc shows a process of this pid and this start time that is no zombie. */
bool host_process_runs(const struct process *process, void *argument);

#endif
