/* SPDX-License-Identifier: MIT */
/*
 * The name of the host is the kernel's. Where that has no domain, the first name in /etc/hosts that
 * begins with it and has one is the full name, which is where hostname(1) -f and Debian's installer
 * have it.
 *
 * What it never does: ask a name service. Rules must not depend on whether one answers.
 */
#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config/hostname.h"
#include "model/glob.h"

/* The names of one host stand near the beginning; a list of blocked names may follow. */
#define HOSTS_MAX 65536

static void
copy_lower(char *to, const char *from, size_t length)
{
	if (length >= HOSTNAME_MAX)
		length = 0;
	for (size_t i = 0; i < length; i++)
		to[i] = (char)tolower((unsigned char)from[i]);
	to[length] = '\0';
}

/* Takes a name of the file that is the short one and a domain. */
static bool
take_full(struct hostname *hostname, const char *name, size_t length)
{
	size_t known = strlen(hostname->small);

	if (length <= known + 1 || name[known] != '.' ||
	    strncasecmp(name, hostname->small, known) != 0)
		return false;
	copy_lower(hostname->full, name, length);
	return hostname->full[0] != '\0';
}

/* One line: an address and its names, up to a comment. */
static bool
take_line(struct hostname *hostname, const char *line, size_t length)
{
	size_t at = strspn(line, " \t");

	for (bool first = true; at < length && line[at] != '#'; first = false) {
		size_t word = strcspn(line + at, " \t\n#");

		if (!first && take_full(hostname, line + at, word))
			return true;
		at += word;
		at += strspn(line + at, " \t");
	}
	return false;
}

void
hostname_find(const char *name, const char *hosts, struct hostname *ret)
{
	copy_lower(ret->full, name, strlen(name));
	copy_lower(ret->small, ret->full, strcspn(ret->full, "."));
	if (ret->small[0] == '\0' || strchr(ret->full, '.') != NULL)
		return;
	while (*hosts != '\0') {
		size_t length = strcspn(hosts, "\n");

		if (take_line(ret, hosts, length))
			return;
		hosts += length + (hosts[length] == '\n');
	}
}

void
hostname_read(const char *hosts_file, struct hostname *ret)
{
	char name[HOSTNAME_MAX] = "", hosts[HOSTS_MAX];
	_close_ int fd = open(hosts_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t length = fd < 0 ? 0 : read(fd, hosts, sizeof(hosts) - 1);

	if (gethostname(name, sizeof(name) - 1) < 0)
		name[0] = '\0';
	hosts[length < 0 ? 0 : length] = '\0';
	hostname_find(name, hosts, ret);
}

bool
hostname_matches(const struct hostname *hostname, const char *glob)
{
	return hostname->small[0] != '\0' &&
	    (glob_match(glob, hostname->full, GLOB_TEXT) ||
		glob_match(glob, hostname->small, GLOB_TEXT));
}
