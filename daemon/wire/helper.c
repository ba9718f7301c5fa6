/* SPDX-License-Identifier: MIT */
/*
 * The command line of a helper: --fd NUMBER from an overstayd that was run by hand, nothing from
 * systemd. It never gives up privileges: how far down is each helper's own matter.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/output.h"
#include "wire/helper.h"

int
helper_fail(const struct helper *helper, const char *what, int error)
{
	(void)fprintf(stderr, SD_ERR "%s: %s: %s\n", helper->name, what, strerror(-error));
	return HELPER_FAILED;
}

static int
usage_error(const struct helper *helper, const char *text)
{
	(void)fprintf(stderr, SD_ERR "%s: %s\n%s", helper->name, text, helper->usage);
	return HELPER_USAGE;
}

/* A number of up to four digits, -1 for anything else. */
static int
descriptor_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits == 0 || digits > 4 || text[digits] != '\0' ? -1 : atoi(text);
}

int
helper_take_sockets(const struct helper *helper, struct server *server, int fd)
{
	int r = fd >= 0 ? server_add_connection(server, fd) : server_take_listeners(server);

	if (fd < 0 && r == 0)
		return usage_error(helper, "no --fd, and no socket from systemd");
	if (fd >= 0 && r == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		r = -errno;
	return r < 0 ? helper_fail(helper, "cannot take over the socket", r) : HELPER_FINE;
}

static int
end_output(const struct helper *helper)
{
	int r = output_finish(stdout);

	return r < 0 ? helper_fail(helper, "cannot write", r) : HELPER_FINE;
}

int
helper_main(const struct helper *helper, int argc, char **argv)
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
				return usage_error(helper, "--fd requires a number above 2");
			break;
		case 'h':
			(void)fputs(helper->usage, stdout);
			return end_output(helper);
		case 'V':
			(void)printf("%s " PACKAGE_VERSION "\n", helper->name);
			return end_output(helper);
		default:
			return HELPER_USAGE;
		}
	return optind < argc ? usage_error(helper, "unexpected argument") : helper->run(fd);
}
