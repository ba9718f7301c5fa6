/* SPDX-License-Identifier: MIT */
/*
 * The command line: one table from which getopt_long(3), --help and the lint of the manual live.
 */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>

#include "command-line.h"
#include "config/messages.h"

/* Codes of options without a letter, above all letters. */
enum {
	CODE_CHECK = 256,
	CODE_STRICT,
	CODE_ROOT,
	CODE_NO_PACKAGED_RULES,
	CODE_DUMP_CONFIG,
	CODE_ONCE,
	CODE_JSON,
	CODE_OUTPUT,
	CODE_RAW,
	CODE_NO_HEADINGS,
	CODE_LOG_TARGET,
	CODE_VERBOSE,
	CODE_VERSION,
	CODE_HELP,
};

static const struct {
	const char *name, *argument, *help;
	int code;
} table[] = {
	{ "config", "FILE", "read FILE instead of the files in " SYSCONFDIR "/overstay", 'c' },
	{ "no-packaged-rules", NULL, "do not read the rules in " DATADIR "/overstay/rules.d",
	    CODE_NO_PACKAGED_RULES },
	{ "check", "[FILE]",
	    "check the configuration, or FILE alone (- = standard input), and exit", CODE_CHECK },
	{ "strict", NULL, "with --check, make warnings and notes errors", CODE_STRICT },
	{ "root", "DIR", "with --check or --dump-config, read the configuration of the tree in DIR",
	    CODE_ROOT },
	{ "dump-config", NULL, "print the effective configuration and exit", CODE_DUMP_CONFIG },
	{ "once", NULL, "print a table of the listeners in the range and exit", CODE_ONCE },
	{ "json", NULL, "with --once, print JSON instead of a table", CODE_JSON },
	{ "output", "COLUMNS", "with --once, print these columns, or +COLUMNS in addition",
	    CODE_OUTPUT },
	{ "raw", NULL, "with --once, print lines for scripts instead of a table", CODE_RAW },
	{ "noheadings", NULL, "with --once, print no headings", CODE_NO_HEADINGS },
	{ "log-target", "TARGET", "where to send messages: auto (default), journal or stderr",
	    CODE_LOG_TARGET },
	{ "verbose", NULL,
	    "print debug messages to stderr; with --check, more notes; with --dump-config, help",
	    CODE_VERBOSE },
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

/* The program does one thing; --help and --version go before all others. */
static int
choose_command(struct command_line *line, enum command command)
{
	if (line->command == COMMAND_HELP || line->command == COMMAND_VERSION)
		return 0;
	if (line->command != COMMAND_RUN && line->command != command)
		return refuse("--check, --dump-config and --once cannot be combined", "");
	line->command = command;
	return 0;
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
		return choose_command(line, COMMAND_CHECK);
	case CODE_STRICT:
		line->strict = true;
		return 0;
	case CODE_ROOT:
		line->root = optarg;
		return 0;
	case CODE_NO_PACKAGED_RULES:
		line->no_packaged_rules = true;
		return 0;
	case CODE_DUMP_CONFIG:
		return choose_command(line, COMMAND_DUMP_CONFIG);
	case CODE_ONCE:
		return choose_command(line, COMMAND_ONCE);
	case CODE_JSON:
		line->json = true;
		return 0;
	case CODE_OUTPUT:
		line->output = optarg;
		return 0;
	case CODE_RAW:
		line->raw = true;
		return 0;
	case CODE_NO_HEADINGS:
		line->no_headings = true;
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
		return -EINVAL;
	}
}

/* getopt_long() has said what is wrong with the word; here is what was most likely meant. */
static int
refuse_option(const char *word)
{
	const char *names[ARRAY_SIZE(table) + 1] = { NULL }, *nearest = NULL;
	char written[32];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		names[i] = table[i].name;
	(void)snprintf(written, sizeof(written), "%.*s", (int)strcspn(word, "="), word);
	if (strncmp(written, "--", 2) == 0)
		nearest = nearest_name(written + 2, names);
	/* Part of a name is that option. */
	if (nearest == NULL || strncmp(nearest, written + 2, strlen(written) - 2) == 0)
		return refuse("invalid command line", "");
	fprintf(stderr, "overstayd: did you mean --%s? See overstayd --help\n", nearest);
	return -EINVAL;
}

/* Complains about a name that is no column: the nearest one, and all of them. */
static int
refuse_column(const char *wrong, size_t length)
{
	char names[COLUMNS_MAX][COLUMN_NAME_MAX], written[COLUMN_NAME_MAX] = "", all[2048];
	const char *pointers[COLUMNS_MAX + 1] = { NULL }, *nearest;
	struct text list;

	text_init(&list, all, sizeof(all));
	for (size_t i = 0; columns[i].name != NULL && i < COLUMNS_MAX; i++) {
		pointers[i] = column_heading(&columns[i], false, names[i]);
		text_printf(&list, "%s%s", i == 0 ? "" : ", ", names[i]);
	}
	for (size_t i = 0; i < length && i + 1 < sizeof(written); i++)
		written[i] = (char)toupper((unsigned char)wrong[i]);
	nearest = nearest_name(written, pointers);
	fprintf(stderr, "overstayd: --output: no column %s%s%s%s\noverstayd: columns: %s\n",
	    quote_text(wrong, length, (char[QUOTE_SIZE]){ 0 }, QUOTE_SIZE),
	    nearest == NULL ? "" : ", did you mean \"", nearest == NULL ? "" : nearest,
	    nearest == NULL ? "" : "\"?", all);
	return -EINVAL;
}

/* Options that only --once has, and what they exclude. */
static int
check_once(struct command_line *line)
{
	static const char only[] = " requires --once";
	const char *wrong = "";
	size_t length = 0;

	if (line->command != COMMAND_ONCE && line->json)
		return refuse("--json", only);
	if (line->command != COMMAND_ONCE && line->output != NULL)
		return refuse("--output", only);
	if (line->command != COMMAND_ONCE && line->raw)
		return refuse("--raw", only);
	if (line->command != COMMAND_ONCE && line->no_headings)
		return refuse("--noheadings", only);
	if (line->json && (line->raw || line->no_headings))
		return refuse("--json cannot be combined with ",
		    line->raw ? "--raw" : "--noheadings");
	if (line->output == NULL) {
		(line->json ? columns_choose_all : columns_choose_default)(&line->columns);
		return 0;
	}
	if (columns_choose(line->output, &line->columns, &wrong, &length) < 0)
		return refuse_column(wrong, length);
	return 0;
}

/* Options of --check, and of what reads a configuration and does nothing else. */
static int
check_check(const struct command_line *line)
{
	bool help = line->command == COMMAND_HELP || line->command == COMMAND_VERSION;

	if (line->strict && line->command != COMMAND_CHECK && !help)
		return refuse("--strict", " requires --check");
	if (line->root == NULL || help)
		return 0;
	if (line->command != COMMAND_CHECK && line->command != COMMAND_DUMP_CONFIG)
		return refuse("--root", " requires --check or --dump-config");
	return line->root[0] == '\0' ? refuse("--root: no directory", "") : 0;
}

int
command_line_parse(int argc, char **argv, struct command_line *ret)
{
	struct option options[ARRAY_SIZE(table) + 1];
	struct command_line line = { .command = COMMAND_RUN, .target = SENDER_AUTO };
	int code, r;

	fill_getopt(options);
	while ((code = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		r = code == '?' ? refuse_option(argv[optind - 1]) : apply(code, &line);
		if (r < 0)
			return r;
	}
	if (line.command == COMMAND_CHECK && optind < argc)
		line.check_path = argv[optind++];
	if (optind < argc)
		return refuse("unexpected argument ", argv[optind]);
	r = check_check(&line);
	if (r == 0)
		r = check_once(&line);
	if (r < 0)
		return r;
	*ret = line;
	return 0;
}

struct config_paths
command_line_config_paths(const struct command_line *line)
{
	struct config_paths paths = config_default_paths;

	paths.root = line->root;
	/* What is tried with a file of its own does not depend on what else the host has. */
	if (line->config_path != NULL) {
		paths.main_file = line->config_path;
		paths.main_outside = true;
		paths.main_optional = false;
		paths.conf_dir = NULL;
		paths.rules_dir = NULL;
	}
	if (line->no_packaged_rules)
		paths.vendor_rules_dir = NULL;
	return paths;
}
