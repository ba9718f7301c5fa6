/* SPDX-License-Identifier: MIT */
/*
 * Says what each command line runs, for compare-arguments.py. Standard input holds records: a name
 * of a program, a line; so many bytes of arguments, a line; those bytes. For each comes out, with
 * a NUL behind it: "script ARGUMENT", "module NAME", "inline", "stdin", "unknown" or "none".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/program.h"

static const char *const words[] = {
	[INPUT_NONE] = "none",
	[INPUT_SCRIPT] = "script",
	[INPUT_MODULE] = "module",
	[INPUT_INLINE] = "inline",
	[INPUT_STDIN] = "stdin",
	[INPUT_UNKNOWN] = "unknown",
};

int
main(void)
{
	char name[64], size[16], arguments[4096];

	while (
	    fgets(name, sizeof(name), stdin) != NULL && fgets(size, sizeof(size), stdin) != NULL) {
		struct program_call call = { .name = name, .arguments = arguments, .cwd = "/srv" };
		enum program_input input;
		const char *script;

		name[strcspn(name, "\n")] = '\0';
		call.length = strtoul(size, NULL, 10);
		if (call.length == 0 || call.length > sizeof(arguments) ||
		    fread(arguments, 1, call.length, stdin) != call.length ||
		    arguments[call.length - 1] != '\0')
			return EXIT_FAILURE;
		input = program_input(&call, &script);
		(void)printf("%s%s%s%c", words[input], script == NULL ? "" : " ",
		    script == NULL ? "" : script, '\0');
	}
	return EXIT_SUCCESS;
}
