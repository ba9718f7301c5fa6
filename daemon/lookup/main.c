/* SPDX-License-Identifier: MIT */
/*
 * overstay-lookup: says which processes hold a socket. It is a program of its own because
 * that takes two capabilities which amount to root, so it has nothing else: no network, no
 * files of its own, no configuration. Started by systemd for its socket, or by an overstayd
 * run by hand.
 */
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "lookup/privileges.h"
#include "lookup/serve.h"
#include "lookup/syscalls.h"
#include "wire/helper.h"

static const char usage_text[] =
    "Usage: overstay-lookup --fd NUMBER\n"
    "       overstay-lookup --help | --version\n"
    "\n"
    "Find the processes that hold a socket, for overstayd. systemd starts this program for\n"
    "overstay-lookup.socket, and overstayd starts it with --fd.\n";

static int run(int fd);

static const struct helper helper = { "overstay-lookup", usage_text, run };

/* Root's way down, of an overstayd run by hand. Returns 0 or -errno. */
static int
drop(void)
{
	bool has_network = false;
	int r = privileges_drop(&has_network);

	if (r == 0 && has_network)
		(void)fputs(SD_WARNING
		    "overstay-lookup: cannot create a network namespace, and keeps its own\n",
		    stderr);
	return r;
}

static int
run(int fd)
{
	struct host host;
	struct server server = { .serve = serve_request, .argument = &host };
	/* Before the way down, while the other end may be of the same user. */
	int status = helper_take_sockets(&helper, &server, fd), r;

	if (status != HELPER_FINE)
		return status;
	r = fd >= 0 && geteuid() == 0 ? drop() : 0;
	if (r < 0)
		return helper_fail(&helper, "cannot give up privileges", r);
	r = host_open(&host);
	if (r < 0)
		return helper_fail(&helper, "/proc", r);
	r = privileges_lock();
	if (r < 0)
		return helper_fail(&helper, "cannot give up privileges", r);
	r = syscalls_restrict();
	if (r < 0)
		return helper_fail(&helper, "cannot give up system calls", r);
	r = server_run(&server);
	/* No exit(): what instruments do at the end (leaks, coverage) takes more calls. */
	_exit(r < 0 ? helper_fail(&helper, "cannot serve the socket", r) : HELPER_FINE);
}

int
main(int argc, char **argv)
{
	return helper_main(&helper, argc, argv);
}
