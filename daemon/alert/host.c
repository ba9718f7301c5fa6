/* SPDX-License-Identifier: MIT */
/*
 * Questions that may take long (a name service may wait for another host) or that belong to the
 * moment of sending. Only the sending thread asks them, so nothing here is locked.
 *
 * Names are remembered in a table of fixed size, the one asked longest ago makes room: a storm of
 * alerts asks once for each user. Interfaces are not: that is one ioctl(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/host.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"

/* A passwd entry beyond this is no name. */
#define PASSWD_MAX 65536

/* Writes the name of uid to ret, "" if there is none or nobody answers. */
static void
ask_user(uint32_t uid, char ret[HOST_USER_NAME_MAX])
{
	struct passwd entry, *found = NULL;
	_free_ char *buffer = NULL;
	int r = ERANGE;

	ret[0] = '\0';
	for (size_t size = 1024; r == ERANGE && size <= PASSWD_MAX; size *= 2) {
		if (array_fit(&buffer, size) < 0)
			return;
		r = getpwuid_r(uid, &entry, buffer, size, &found);
	}
	if (r == 0 && found != NULL && strlen(entry.pw_name) < HOST_USER_NAME_MAX)
		(void)snprintf(ret, HOST_USER_NAME_MAX, "%s", entry.pw_name);
}

const char *
host_user_name(uint32_t uid, void *argument)
{
	struct host_cache *host = argument;
	struct host_user *oldest = &host->users[0], *user = NULL;
	uint64_t now_usec = clock_monotonic_usec(), age_usec;

	for (size_t i = 0; i < ARRAY_SIZE(host->users) && user == NULL; i++) {
		struct host_user *candidate = &host->users[i];
		if (candidate->asked_usec > 0 && candidate->uid == uid)
			user = candidate;
		if (candidate->asked_usec < oldest->asked_usec)
			oldest = candidate;
	}
	if (user == NULL)
		user = oldest;
	age_usec = now_usec - user->asked_usec;
	if (user->asked_usec == 0 || user->uid != uid ||
	    age_usec > (user->name[0] == '\0' ? HOST_UNKNOWN_USEC : HOST_KNOWN_USEC)) {
		ask_user(uid, user->name);
		user->uid = uid;
		user->asked_usec = now_usec;
	}
	return user->name[0] == '\0' ? NULL : user->name;
}

const char *
host_interface_name(uint32_t index, void *argument)
{
	struct host_cache *host = argument;

	return if_indextoname(index, host->interface);
}

bool
host_process_runs(const struct process *process, void *argument)
{
	long hertz = sysconf(_SC_CLK_TCK);
	unsigned long long ticks;
	char path[64], line[1024], state;
	ssize_t length;
	uint64_t start_usec;
	_close_ int fd = -1;

	(void)argument;
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", process->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	if (length <= 0 || hertz <= 0)
		return false;
	line[length] = '\0';
	/* proc(5): the name may hold anything, ")" too; field 3 is the state, 22 the start. */
	const char *rest = strrchr(line, ')');
	if (rest == NULL ||
	    sscanf(rest,
		") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		&state, &ticks) != 2)
		return false;
	start_usec = ticks * USEC_PER_SEC / (uint64_t)hertz;
	/* Both come from the kernel's ticks, one tick apart at most. */
	return state != 'Z' && state != 'X' &&
	    start_usec + USEC_PER_SEC / (uint64_t)hertz >= process->start_usec &&
	    start_usec <= process->start_usec + USEC_PER_SEC / (uint64_t)hertz;
}
