/* SPDX-License-Identifier: MIT */
/*
 * The journal. sd_journal_sendv() returns 0 if no journal listens, and blocks for as long as
 * journald does not read; so a socket of our own asks first. It is connected anew for each
 * message, since a journald that was started by hand again listens on a new socket.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The file and line of this program are of no use to an administrator. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "alert/sink.h"
#include "base/cleanup.h"

/* Where journald takes native messages (systemd.journal-fields(7), "Native Journal Protocol"). */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static int
journal_probe(void *argument, int *ret_fd)
{
	static const struct sockaddr_un address = {
		.sun_family = AF_UNIX,
		.sun_path = JOURNAL_SOCKET,
	};
	_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)argument;
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int
journal_send(void *argument, const struct message *message)
{
	(void)argument;
	return sd_journal_sendv(message->fields, (int)message->field_count);
}

const struct sink journal_sink = { .probe = journal_probe, .send = journal_send };
