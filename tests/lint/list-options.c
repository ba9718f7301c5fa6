/* SPDX-License-Identifier: MIT */
/*
 * For tests/lint/options.sh: without an argument the tables of the configuration, one row a line,
 * columns parted by tabs:
 *
 *	option NAME DEFAULT UNIT BOUNDS RELOADABLE
 *	rule-key NAME
 *	match-key NAME
 *	class NAME
 *	reason NAME STRENGTH
 *	hint NAME CLASSES
 *
 * With a file it prints the effective configuration of that file alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "config/config.h"
#include "config/keys.h"
#include "config/options.h"
#include "model/hint.h"
#include "model/reason.h"

static void
print_option(const struct option *option)
{
	char least[DURATION_TEXT_MAX], most[DURATION_TEXT_MAX];

	printf("option\t%s\t%s\t%s\t", option->name, option->default_text, option->unit);
	if (option->type == OPTION_DURATION)
		printf("%s to %s", duration_format(option->minimum, least),
		    duration_format(option->maximum, most));
	else
		printf("-");
	printf("\t%s\n", option->reloadable ? "reloadable" : "not reloadable");
}

static void
print_hint(enum hint hint)
{
	const char *comma = "";
	unsigned classes = 0;

	/* A suspect has one of the other classes without its reasons. */
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		classes +=
		    i != CLASS_SUSPECT && (hints_of_class((enum listener_class)i) >> hint & 1) != 0;
	printf("hint\t%s\t%s", hint_name(hint), classes == CLASS_COUNT - 1 ? "any" : "");
	for (unsigned i = 0; classes < CLASS_COUNT - 1 && i < CLASS_COUNT; i++)
		if ((hints_of_class((enum listener_class)i) >> hint & 1) != 0) {
			printf("%s%s", comma, class_name((enum listener_class)i));
			comma = ", ";
		}
	printf("\n");
}

static int
print_tables(void)
{
	for (const struct option *option = options; option->name != NULL; option++)
		print_option(option);
	for (size_t i = 0; rule_key_names[i] != NULL; i++)
		printf("rule-key\t%s\n", rule_key_names[i]);
	for (size_t i = 0; match_key_names[i] != NULL; i++)
		printf("match-key\t%s\n", match_key_names[i]);
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		printf("class\t%s\n", class_name((enum listener_class)i));
	for (unsigned i = 0; i < REASON_COUNT; i++)
		printf("reason\t%s\t%s\n", reason_name((enum reason)i),
		    reason_strength_name(reason_strength((enum reason)i)));
	for (unsigned i = 0; i < HINT_COUNT; i++)
		print_hint((enum hint)i);
	return EXIT_SUCCESS;
}

static int
print_file(const char *path)
{
	const struct config_paths paths = { .main_file = path };
	struct config_messages messages = { 0 };
	struct config *config = NULL;
	int r = config_load(&paths, &config, &messages);

	if (r == 0)
		r = config_dump(config, false, stdout);
	else
		config_messages_print(&messages, stderr);
	config_messages_clear(&messages);
	(void)config_free(config);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	return argc > 1 ? print_file(argv[1]) : print_tables();
}
