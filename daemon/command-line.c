/* SPDX-License-Identifier: MIT */
/*
 * The command line: one table from which getopt_long(3), --help and the lint of the manual live.
 */
#include <errno.h>
#include <getopt.h>

#include "command-line.h"

/* Codes of options without a letter, above all letters. */
enum {
	CODE_CHECK = 256,
	CODE_DUMP_CONFIG,
	CODE_ONCE,
	CODE_JSON,
	CODE_LOG_TARGET,
	CODE_VERBOSE,
	CODE_VERSION,
	CODE_HELP,
};

static const struct {
	const char *name, *argument, *help;
	int code;
} table[] = {
	{ "config", "FILE", "read FILE instead of " SYSCONFDIR "/overstay/overstay.yaml", 'c' },
	{ "check", "[FILE]", "check the configuration, or FILE alone (may be a fragment), and exit",
	    CODE_CHECK },
	{ "dump-config", NULL, "print the effective configuration and exit", CODE_DUMP_CONFIG },
	{ "once", NULL, "print a table of the listeners in the range and exit", CODE_ONCE },
	{ "json", NULL, "with --once, print JSON instead of a table", CODE_JSON },
	{ "log-target", "TARGET", "send messages to auto (default), journal or stderr",
	    CODE_LOG_TARGET },
	{ "verbose", NULL, "print debug messages to stderr", CODE_VERBOSE },
	{ "version", NULL, "print the version and exit", CODE_VERSION },
	{ "help", NULL, "print this help and exit", CODE_HELP },
};

void
command_line_help(FILE *file)
{
	fprintf(file,
	    "Usage: overstayd [OPTION]...\n\n"
	    "Report listeners that stay too long in the dynamic port range.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char option[64];
		const char *argument = table[i].argument;

		(void)snprintf(option, sizeof(option), "%s--%s%s%s",
		    table[i].code == 'c' ? "-c, " : "    ", table[i].name,
		    argument == NULL	   ? "" :
			argument[0] == '[' ? " " :
					     "=",
		    argument == NULL ? "" : argument);
		fprintf(file, "  %-26s %s\n", option, table[i].help);
	}
	fprintf(file, "\nSee overstayd(8), overstay.yaml(5).\n");
}

static void
fill_getopt(struct option options[ARRAY_SIZE(table) + 1])
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		options[i] = (struct option){
			.name = table[i].name,
			/* [FILE] is taken as the next word, which getopt_long() does not do. */
			.has_arg = table[i].argument != NULL && table[i].argument[0] != '[' ?
			    required_argument :
			    no_argument,
			.val = table[i].code,
		};
	options[ARRAY_SIZE(table)] = (struct option){ 0 };
}

static int
refuse(const char *what, const char *argument)
{
	fprintf(stderr, "overstayd: %s%s; see overstayd --help\n", what, argument);
	return -EINVAL;
}

/* Takes in one option. */
static int
apply(int code, struct command_line *line)
{
	switch (code) {
	case 'c':
		line->config_path = optarg;
		return 0;
	case CODE_CHECK:
		line->command = COMMAND_CHECK;
		return 0;
	case CODE_DUMP_CONFIG:
		line->command = COMMAND_DUMP_CONFIG;
		return 0;
	case CODE_ONCE:
		line->command = COMMAND_ONCE;
		return 0;
	case CODE_JSON:
		line->json = true;
		return 0;
	case CODE_LOG_TARGET:
		if (sender_target_parse(optarg, &line->target) < 0)
			return refuse("--log-target must be auto, journal or stderr, not ", optarg);
		return 0;
	case CODE_VERBOSE:
		line->verbose = true;
		return 0;
	case CODE_VERSION:
		line->command = COMMAND_VERSION;
		return 0;
	case CODE_HELP:
		line->command = COMMAND_HELP;
		return 0;
	default:
		/* getopt_long() has said what was wrong. */
		return refuse("invalid command line", "");
	}
}

int
command_line_parse(int argc, char **argv, struct command_line *ret)
{
	struct option options[ARRAY_SIZE(table) + 1];
	struct command_line line = { .command = COMMAND_RUN, .target = SENDER_AUTO };
	int code, r;

	fill_getopt(options);
	while ((code = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		r = apply(code, &line);
		if (r < 0)
			return r;
	}
	if (line.command == COMMAND_CHECK && optind < argc)
		line.check_path = argv[optind++];
	if (optind < argc)
		return refuse("unexpected argument ", argv[optind]);
	if (line.json && line.command != COMMAND_ONCE)
		return refuse("--json requires --once", "");
	*ret = line;
	return 0;
}

struct config_paths
command_line_config_paths(const struct command_line *line)
{
	struct config_paths paths = config_default_paths;

	if (line->config_path != NULL) {
		paths.main_file = line->config_path;
		paths.main_optional = false;
	}
	return paths;
}
