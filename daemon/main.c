/* SPDX-License-Identifier: MIT */
/*
 * overstayd: the command line, and which of its commands runs. Everything else is in
 * liboverstay.a, which tests and fuzzers link.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "command-line.h"
#include "commands.h"


int
main(int argc, char **argv)
{
	struct command_line line;

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
		return EXIT_SUCCESS;
	case COMMAND_HELP:
		command_line_help(stdout);
		return EXIT_SUCCESS;
	}
	return EXIT_USAGE;
}
