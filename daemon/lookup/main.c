/* SPDX-License-Identifier: MIT */
/*
 * overstay-lookup: says which processes hold a socket. It is a program of its own because
 * that takes two capabilities which amount to root, so it has nothing else: no network, no
 * files of its own, no configuration. Started by systemd for its socket, or by an overstayd
 * run by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/files.h"
#include "lookup/privileges.h"
#include "lookup/serve.h"
#include "lookup/syscalls.h"
#include "wire/server.h"

enum {
	EXIT_FINE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
};

static const char usage_text[] =
    "Usage: overstay-lookup --fd NUMBER\n"
    "       overstay-lookup --help | --version\n"
    "\n"
    "Find the processes that hold a socket, for overstayd. systemd starts this program for\n"
    "overstay-lookup.socket, and overstayd starts it with --fd.\n";

/* Says what failed, with the priority of sd-daemon(3). Returns the exit status. */
static int
fail(const char *what, int error)
{
	(void)fprintf(stderr, SD_ERR "overstay-lookup: %s: %s\n", what, strerror(-error));
	return EXIT_FAILED;
}

static int
usage_error(const char *text)
{
	(void)fprintf(stderr, SD_ERR "overstay-lookup: %s\n%s", text, usage_text);
	return EXIT_USAGE;
}

/*
 * The connection of an overstayd run by hand; root's is the way down. Returns 0 or -errno.
 */
static int
take_connection(struct server *server, int fd)
{
	bool has_network = false;
	int r;

	/* Before the way down, while the other end may be of the same user. */
	r = server_add_connection(server, fd);
	if (r < 0)
		return r;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	if (geteuid() != 0)
		return 0;
	r = privileges_drop(&has_network);
	if (r == 0 && has_network)
		(void)fputs(SD_WARNING "overstay-lookup: no network namespace to be had\n", stderr);
	return r;
}

static int
run(int fd)
{
	struct host host;
	struct server server = { .serve = serve_request, .argument = &host };
	int r = fd >= 0 ? take_connection(&server, fd) : server_take_listeners(&server);

	if (fd < 0 && r == 0)
		return usage_error("no --fd, and no socket from systemd");
	if (r < 0)
		return fail("cannot take over the socket", r);
	r = host_open(&host);
	if (r < 0)
		return fail("/proc", r);
	r = privileges_lock();
	if (r < 0)
		return fail("cannot give up privileges", r);
	r = syscalls_restrict();
	if (r < 0)
		return fail("cannot give up system calls", r);
	r = server_run(&server);
	/* No exit(): what instruments do at the end (leaks, coverage) takes more calls. */
	_exit(r < 0 ? fail("cannot serve the socket", r) : EXIT_FINE);
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
			fd = files_number(optarg);
			if (fd <= STDERR_FILENO)
				return usage_error("--fd requires a number above 2");
			break;
		case 'h':
			(void)fputs(usage_text, stdout);
			return EXIT_FINE;
		case 'V':
			(void)puts("overstay-lookup " PACKAGE_VERSION);
			return EXIT_FINE;
		default:
			return EXIT_USAGE;
		}
	return optind < argc ? usage_error("unexpected argument") : run(fd);
}
