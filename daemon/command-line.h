/* SPDX-License-Identifier: MIT */
/*
 * The command line of overstayd. See command-line.c.
 */
#ifndef OVERSTAY_COMMAND_LINE_H
#define OVERSTAY_COMMAND_LINE_H

#include <stdio.h>

#include "alert/sender.h"
#include "config/config.h"
#include "serve/columns.h"

enum command {
	COMMAND_RUN,
	COMMAND_CHECK,
	COMMAND_DUMP_CONFIG,
	COMMAND_ONCE,
	COMMAND_VERSION,
	COMMAND_HELP,
};

struct command_line {
	enum command command;
	const char *config_path; /* -c; NULL = the default one */
	const char *check_path;	 /* --check FILE; NULL = the whole configuration */
	const char *output;	 /* --output; NULL = what is shown by default */
	bool json, raw, no_headings;
	const char *root; /* --root; NULL = this host */
	bool strict, no_packaged_rules;
	bool verbose;
	enum sender_target target;
	struct column_choice columns; /* of --once */
};

/* Parses argv (strings are borrowed). Complains to stderr. Returns 0 or -EINVAL. */
int command_line_parse(int argc, char **argv, struct command_line *ret) _mustcheck_;

/* The text of --help, from the table of options. */
void command_line_help(FILE *file);

/* Where the configuration lies by the command line; borrows from it. */
struct config_paths command_line_config_paths(const struct command_line *line);

#endif
