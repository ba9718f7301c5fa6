/* SPDX-License-Identifier: MIT */
/*
 * overstayd: the command line, and which of its commands runs. Everything else is in
 * liboverstay.a, which tests and fuzzers link.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/output.h"
#include "command-line.h"
#include "commands.h"

/*
 * Where a standard descriptor is closed, the next socket would take its number and be written to
 * as if it were output. What takes it instead refuses to be written (read, where it is stdin).
 */
static int
occupy_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_PATH);
	while (fd >= 0 && fd <= 2);
	return fd < 0 ? -1 : close(fd);
}

static int
end_output(void)
{
	int r = output_finish(stdout);

	if (r < 0)
		fprintf(stderr, "overstayd: cannot write: %s\n", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	struct command_line line;
	int r;

	if (occupy_standard_descriptors() < 0)
		return EXIT_FAILURE;
	r = clock_load_zone();
	if (r < 0) {
		fprintf(stderr, "overstayd: cannot read the time zone: %s\n", strerror(-r));
		return EXIT_FAILURE;
	}
	if (command_line_parse(argc, argv, &line) < 0)
		return EXIT_USAGE;
	log_set_verbose(line.verbose);
	switch (line.command) {
	case COMMAND_RUN:
		return command_run(&line);
	case COMMAND_CHECK:
		return command_check(&line);
	case COMMAND_DUMP_CONFIG:
		return command_dump_config(&line);
	case COMMAND_ONCE:
		return command_once(&line);
	case COMMAND_VERSION:
		printf("overstayd %s\n", VERSION);
		return end_output();
	case COMMAND_HELP:
		command_line_help(stdout);
		return end_output();
	}
	return EXIT_USAGE;
}
