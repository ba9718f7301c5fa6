/* SPDX-License-Identifier: MIT */
/*
 * Files that only PID 1, logind and root write, read below PID 1's root: a process can neither make
 * nor change them.
 *
 *	/run/systemd/units/invocation:UNIT	a link to the id of the unit's present run, made
 *						anew whenever it is started, and gone with it
 *	/run/systemd/sessions/ID		logind's session; SERVICE= is PAM's name of who
 *						opened it, TYPE= what it is for
 *	UNIT.timer				in the directories of systemd.unit(5)
 *
 * Times of files are of the wall clock, those of processes of the clock since boot; they are
 * compared as both stand now, so a wall clock that was set back in between makes a run look later
 * than it was: who compares has to have another way then.
 *
 * Cost: 5 us a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "lookup/files.h"
#include "lookup/path.h"
#include "lookup/records.h"

uint64_t
records_boottime(int64_t seconds, uint32_t nanoseconds)
{
	int64_t boot_usec = (int64_t)clock_boottime_usec();
	int64_t then_usec = seconds * (int64_t)USEC_PER_SEC + nanoseconds / 1000;
	int64_t ago_usec = (int64_t)clock_realtime_usec() - then_usec;

	return ago_usec >= boot_usec ? 0 : (uint64_t)(boot_usec - ago_usec);
}

int
records_read_run(const struct view *view, const char *unit, struct records_run *ret)
{
	_close_ int fd = -1;
	char name[OWNER_UNIT_MAX + 16];
	ssize_t length;
	struct stat status;

	if (view->init_root_fd < 0)
		return -ENOSYS;
	fd = path_open(view->init_root_fd, "/run/systemd/units");
	if (fd < 0)
		return -ENOSYS;
	(void)snprintf(name, sizeof(name), "invocation:%s", unit);
	if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -ENOENT;
	length = files_read_link(fd, name, ret->invocation, sizeof(ret->invocation));
	if (length <= 0)
		return -ENOENT;
	ret->start_usec = records_boottime(status.st_mtim.tv_sec, (uint32_t)status.st_mtim.tv_nsec);
	return 0;
}

/* UNIT.timer in one of the directories. An instance's may be one of its template. */
static bool
stands_in_some(const struct view *view, const char *timer)
{
	static const char *const directories[] = { "/run/systemd/transient", "/etc/systemd/system",
		"/run/systemd/system", "/run/systemd/generator", "/usr/local/lib/systemd/system",
		"/usr/lib/systemd/system", "/lib/systemd/system" };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		_close_ int fd = path_open(view->init_root_fd, directories[i]);
		struct stat status;

		if (fd >= 0 && fstatat(fd, timer, &status, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

bool
records_has_timer(const struct view *view, const char *unit)
{
	static const char service[] = ".service";
	size_t length = strlen(unit), suffix = sizeof(service) - 1;
	const char *at_sign = strchr(unit, '@');
	char timer[OWNER_UNIT_MAX + 16];

	if (view->init_root_fd < 0 || length <= suffix ||
	    strcmp(unit + length - suffix, service) != 0 || strchr(unit, '/') != NULL)
		return false;
	(void)snprintf(timer, sizeof(timer), "%.*s.timer", (int)(length - suffix), unit);
	if (stands_in_some(view, timer))
		return true;
	if (at_sign == NULL)
		return false;
	(void)snprintf(timer, sizeof(timer), "%.*s@.timer", (int)(at_sign - unit), unit);
	return stands_in_some(view, timer);
}

/* What the services of PAM, by the beginnings of their names, open sessions for. */
static const struct {
	const char *service;
	enum origin origin;
} services[] = {
	{ "sshd", ORIGIN_SSH },
	{ "dropbear", ORIGIN_SSH },
	{ "login", ORIGIN_CONSOLE },
	{ "gdm", ORIGIN_CONSOLE },
	{ "lightdm", ORIGIN_CONSOLE },
	{ "sddm", ORIGIN_CONSOLE },
	{ "xdm", ORIGIN_CONSOLE },
	{ "xrdp", ORIGIN_CONSOLE },
	{ "greetd", ORIGIN_CONSOLE },
	{ "remote", ORIGIN_CONSOLE },
	{ "su", ORIGIN_SU }, /* sudo, su-l */
	{ "runuser", ORIGIN_SU },
	{ "cron", ORIGIN_CRON },
	{ "atd", ORIGIN_AT },
	{ "slurm", ORIGIN_SLURM },
};

/* logind's own names are digits, with a letter before them or without. */
static bool
is_session_name(const char *name)
{
	return name[0] != '\0' &&
	    name[strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] ==
	    '\0';
}

ssize_t
records_read_session(const struct view *view, const char *session, char *text, size_t size)
{
	_close_ int fd = -1;
	ssize_t length;

	if (view->init_root_fd < 0 || !is_session_name(session))
		return -ENOSYS;
	fd = path_open(view->init_root_fd, "/run/systemd/sessions");
	if (fd < 0)
		return -ENOSYS;
	length = files_read(fd, session, text, size - 1);
	if (length >= 0)
		text[length] = '\0';
	return length;
}

/*
 * Reads the value of a key ("\nTYPE=") from the session's file, of which text has room for
 * RECORDS_SESSION_MAX bytes. Returns it, ended by a newline or a NUL; NULL where there is none.
 */
static const char *
find_value(const struct view *view, const char *session, const char *key, char *text)
{
	const char *at;

	if (records_read_session(view, session, text, RECORDS_SESSION_MAX) <= 0)
		return NULL;
	at = strstr(text, key);
	return at == NULL ? NULL : at + strlen(key);
}

enum origin
records_session_origin(const struct view *view, const char *session)
{
	char text[RECORDS_SESSION_MAX];
	const char *service = find_value(view, session, "\nSERVICE=", text);

	for (size_t i = 0; service != NULL && i < ARRAY_SIZE(services); i++)
		if (strncmp(service, services[i].service, strlen(services[i].service)) == 0)
			return services[i].origin;
	return ORIGIN_UNKNOWN;
}

enum session_type
records_session_type(const struct view *view, const char *session)
{
	char text[RECORDS_SESSION_MAX];
	const char *type = find_value(view, session, "\nTYPE=", text);
	size_t length = type == NULL ? 0 : strcspn(type, "\n");

	for (unsigned i = SESSION_UNKNOWN + 1; i < SESSION_TYPE_COUNT; i++) {
		const char *name = session_type_name((enum session_type)i);

		if (length == strlen(name) && memcmp(type, name, length) == 0)
			return (enum session_type)i;
	}
	return SESSION_UNKNOWN;
}
