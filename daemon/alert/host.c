/* SPDX-License-Identifier: MIT */
/*
 * Questions that may take long (names of users, which another process looks up) or that belong to
 * the moment of sending. Only the sending thread asks them, so nothing here is locked.
 *
 * Names are remembered in a table of fixed size, the one asked longest ago makes room: a storm of
 * alerts asks once for each user. Interfaces are not: that is one ioctl(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "alert/host.h"
#include "base/cleanup.h"
#include "base/clock.h"

/* Asks for the name of a user; what is known of him is not lost because nobody answers now. */
static void
ask_user(struct host_cache *host, struct host_user *user, uint32_t uid)
{
	char name[HOST_USER_NAME_MAX] = "";
	int r =
	    host->names.ask == NULL ? -ENOENT : host->names.ask(uid, name, host->names.argument);

	if (r == 0)
		memcpy(user->name, name, sizeof(user->name));
	else if (r == -ENOENT || user->uid != uid)
		user->name[0] = '\0';
	user->uid = uid;
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
		ask_user(host, user, uid);
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
