/* SPDX-License-Identifier: MIT */
/*
 * overstay-names: says which numbers the users and groups of this host have, and which names. It is
 * a program of its own because the name services are modules of others, which want sockets that
 * overstayd must not have, and may hang. Started by systemd for its socket, or by an overstayd run
 * by hand.
 */
#include <unistd.h>

#include "names/privileges.h"
#include "names/serve.h"
#include "wire/helper.h"

static const char usage_text[] =
    "Usage: overstay-names --fd NUMBER\n"
    "       overstay-names --help | --version\n"
    "\n"
    "Look up users and groups, for overstayd. systemd starts this program for\n"
    "overstay-names.socket, and overstayd starts it with --fd.\n";

static int run(int fd);

static const struct helper helper = { "overstay-names", usage_text, run };

/* Root's end of an overstayd run by hand is the way down. */
static int
run(int fd)
{
	size_t running = 0;
	struct server server = { .serve = serve_question, .argument = &running };
	/* Before the way down, while the other end may be of the same user. */
	int status = helper_take_sockets(&helper, &server, fd), r = 0;

	if (status != HELPER_FINE)
		return status;
	if (fd >= 0 && geteuid() == 0)
		r = names_privileges_drop();
	if (r == 0)
		r = names_privileges_lock();
	if (r < 0)
		return helper_fail(&helper, "cannot give up privileges", r);
	r = server_run(&server);
	return r < 0 ? helper_fail(&helper, "cannot serve the socket", r) : HELPER_FINE;
}

int
main(int argc, char **argv)
{
	return helper_main(&helper, argc, argv);
}
