/* SPDX-License-Identifier: MIT */
/*
 * overstay-names: says which numbers the users and groups of this host have, and which names. It is
 * a program of its own because the name services are modules of others, which want sockets that
 * overstayd must not have, and may hang. Started by systemd for its socket, or by an overstayd run
 * by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "names/privileges.h"
#include "names/serve.h"
#include "wire/server.h"

enum {
	EXIT_FINE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
};

static const char usage_text[] =
    "Usage: overstay-names --fd NUMBER\n"
    "       overstay-names --help | --version\n"
    "\n"
    "Look up users and groups, for overstayd. systemd starts this program for\n"
    "overstay-names.socket, and overstayd starts it with --fd.\n";

/* Says what failed, with the priority of sd-daemon(3). Returns the exit status. */
static int
fail(const char *what, int error)
{
	(void)fprintf(stderr, SD_ERR "overstay-names: %s: %s\n", what, strerror(-error));
	return EXIT_FAILED;
}

static int
usage_error(const char *text)
{
	(void)fprintf(stderr, SD_ERR "overstay-names: %s\n%s", text, usage_text);
	return EXIT_USAGE;
}

/* A number of up to four digits, -1 for anything else. */
static int
descriptor_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 4 || text[digits] != '\0')
		return -1;
	return atoi(text);
}

/*
 * The connection of an overstayd run by hand; root's is the way down. Returns 0 or -errno.
 */
static int
take_connection(struct server *server, int fd)
{
	/* Before the way down, while the other end may be of the same user. */
	int r = server_add_connection(server, fd);

	if (r < 0)
		return r;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return geteuid() == 0 ? names_privileges_drop() : 0;
}

static int
run(int fd)
{
	size_t running = 0;
	struct server server = { .serve = serve_question, .argument = &running };
	int r = fd >= 0 ? take_connection(&server, fd) : server_take_listeners(&server);

	if (fd < 0 && r == 0)
		return usage_error("no --fd, and no socket from systemd");
	if (r < 0)
		return fail("cannot take over the socket", r);
	r = names_privileges_lock();
	if (r < 0)
		return fail("cannot give up privileges", r);
	r = server_run(&server);
	return r < 0 ? fail("cannot serve the socket", r) : EXIT_FINE;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "fd", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int option, fd = -1;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'f':
			fd = descriptor_number(optarg);
			if (fd <= STDERR_FILENO)
				return usage_error("--fd requires a number above 2");
			break;
		case 'h':
			(void)fputs(usage_text, stdout);
			return EXIT_FINE;
		case 'V':
			(void)puts("overstay-names " PACKAGE_VERSION);
			return EXIT_FINE;
		default:
			return EXIT_USAGE;
		}
	return optind < argc ? usage_error("unexpected argument") : run(fd);
}
