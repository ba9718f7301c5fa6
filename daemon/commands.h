/* SPDX-License-Identifier: MIT */
/*
 * The commands of overstayd; each returns the exit code.
 */
#ifndef OVERSTAY_COMMANDS_H
#define OVERSTAY_COMMANDS_H

#include <limits.h>

#include "base/clock.h"
#include "command-line.h"
#include "wire/names-client.h"

/* Wrong usage or a wrong configuration: systemd does not try again (RestartPreventExitStatus=2). */
#define EXIT_USAGE 2

int command_run(const struct command_line *line);
int command_check(const struct command_line *line);
int command_dump_config(const struct command_line *line);
int command_once(const struct command_line *line);

struct config;

/* Loads by the command line; errors and warnings go to stderr. Returns 0, -EINVAL or -ENOMEM. */
int command_load(const struct command_line *line, struct config **ret) _mustcheck_;

/*
 * The exit code for a configuration that was read with that result. Missing memory is no fault of
 * it: to try again is right.
 */
int command_load_exit(int result);

/* Where overstay-lookup is: beside this program (a build tree), else where it is installed. */
const char *command_lookup_program(char *buffer, size_t size);

/* Where overstay-names is. The same for its program; its socket if systemd started us. */
struct command_names {
	char socket[PATH_MAX], program[PATH_MAX];
	struct names_options options; /* borrows from it */
};
void command_names_find(struct command_names *ret);

/* How long the names of a configuration are waited for before it is in force. */
#define COMMAND_NAMES_WAIT_USEC (5 * USEC_PER_SEC)

#endif
