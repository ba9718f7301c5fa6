/* SPDX-License-Identifier: MIT */
/*
 * What an interpreter runs, by its arguments. They are the process's own words: a title may stand
 * over them, and then nothing is known.
 *
 * Pure; no allocation. Cost: a pass over the arguments.
 */
#include <stdio.h>
#include <string.h>

#include "model/program.h"

/* Long options of interpreters whose argument is code. */
static const char *const code_options[] = { "--eval", "--print", "--command", "--run", NULL };

/* Options by their whole names whose argument may stand behind them, and is no code. */
static const char *const valued_options[] = {
	"--check-hash-based-pycs", /* python */
	"--require",
	"--import",
	"--loader",
	"--experimental-loader",
	"--conditions",
	"--env-file",
	"--input-type",
	"--title", /* node */
	"--encoding",
	"--external-encoding",
	"--internal-encoding", /* ruby */
	"--define",
	"--php-ini",
	"--zend-extension", /* php */
	"-encoding",	    /* tclsh */
	NULL,
};

static const char *const java_valued_options[] = { "-cp", "-classpath", "--class-path", "-p",
	"--module-path", "--upgrade-module-path", "--add-modules", "--add-opens", "--add-exports",
	"--add-reads", "--limit-modules", "--patch-module", "--enable-native-access", "--source",
	NULL };

/* Files that are what the process was given, not what somebody installed. */
static const char *const input_files[] = { "/dev/stdin", "/dev/fd/", "/proc/self/fd/", NULL };

/* The arguments, taken one by one. */
struct arguments {
	const char *at, *end;
};

static const char *
next_argument(struct arguments *arguments)
{
	const char *argument = arguments->at;

	if (argument >= arguments->end)
		return NULL;
	arguments->at += strnlen(argument, (size_t)(arguments->end - argument)) + 1;
	return argument;
}

/* A bundle of short options, "-bc": what it makes of the input. INPUT_NONE: only options. */
static enum program_input
read_options(const struct program *program, const char *option, struct arguments *arguments,
    const char **ret_script)
{
	for (const char *letter = option + 1; *letter != '\0'; letter++) {
		/* What follows is a word of the letter before: perl -d:NYTProf, ruby -W:no-x. */
		if (*letter == ':')
			return INPUT_NONE;
		if (strchr(program->code, *letter) != NULL)
			return INPUT_INLINE;
		if (strchr(program->module, *letter) != NULL) {
			*ret_script = letter[1] != '\0' ? letter + 1 : next_argument(arguments);
			return INPUT_MODULE;
		}
		if (strchr(program->argument, *letter) != NULL) {
			if (letter[1] == '\0')
				(void)next_argument(arguments);
			return INPUT_NONE;
		}
	}
	return INPUT_NONE;
}

/* "--eval=CODE" and "--eval CODE". */
static bool
is_code_option(const char *argument)
{
	size_t length = strcspn(argument, "=");

	for (size_t i = 0; code_options[i] != NULL; i++)
		if (strlen(code_options[i]) == length &&
		    strncmp(argument, code_options[i], length) == 0)
			return true;
	return false;
}

static bool
is_among(const char *argument, const char *const *options)
{
	for (; *options != NULL; options++)
		if (strcmp(*options, argument) == 0)
			return true;
	return false;
}

/* "python3 /dev/stdin", and /dev/fd/63 as bash has it for <(...). */
static bool
is_input_file(const char *argument)
{
	for (size_t i = 0; input_files[i] != NULL; i++)
		if (strncmp(argument, input_files[i], strlen(input_files[i])) == 0)
			return true;
	return false;
}

/* java [OPTION...] CLASS, or java [OPTION...] -jar FILE. */
static enum program_input
read_java(struct arguments *arguments, const char **ret_script)
{
	const char *argument;

	while ((argument = next_argument(arguments)) != NULL) {
		if (strcmp(argument, "-jar") == 0) {
			*ret_script = next_argument(arguments);
			return *ret_script == NULL ? INPUT_NONE : INPUT_SCRIPT;
		}
		if (is_among(argument, java_valued_options)) {
			(void)next_argument(arguments);
			continue;
		}
		/* @FILE holds further options. */
		if (argument[0] != '-' && argument[0] != '@') {
			*ret_script = argument;
			return INPUT_MODULE;
		}
	}
	return INPUT_NONE;
}

/*
 * A title stands where the arguments were: one text, with NULs behind it up to where they ended, or
 * none where it fills their place. What remains of a single argument that is the program's own
 * name, "python3" or "-bash", is what was typed. Shells set no title.
 */
static bool
is_title(const struct program *program, const char *bytes, size_t length)
{
	size_t first = strnlen(bytes, length);

	if ((program->kinds & PROGRAM_SHELL) != 0 || first == length)
		return false;
	for (size_t i = first; i < length; i++)
		if (bytes[i] != '\0')
			return false;
	return first + 1 < length || memchr(bytes, ' ', first) != NULL ||
	    program_find(program_name(bytes)) == NULL;
}

enum program_input
program_input(const char *name, const char *bytes, size_t length, const char **ret_script)
{
	const struct program *program = program_find(name);
	struct arguments arguments = { bytes, bytes + length };
	const char *argument;

	*ret_script = NULL;
	/* Without arguments nothing is known: they could not be read. */
	if (program == NULL || (program->kinds & PROGRAM_INTERPRETER) == 0 || length == 0)
		return INPUT_NONE;
	if (is_title(program, bytes, length))
		return INPUT_HIDDEN;
	(void)next_argument(&arguments);
	if ((program->kinds & PROGRAM_OPAQUE) != 0)
		return INPUT_HIDDEN;
	if ((program->kinds & PROGRAM_JAVA) != 0)
		return read_java(&arguments, ret_script);
	while ((argument = next_argument(&arguments)) != NULL) {
		enum program_input input;

		if (strcmp(argument, "-") == 0)
			break;
		/* No file has such a name: a title left it behind. */
		if (argument[0] == '\0')
			return INPUT_HIDDEN;
		if (strcmp(argument, "--") == 0) {
			argument = next_argument(&arguments);
			break;
		}
		if (is_code_option(argument))
			return INPUT_INLINE;
		if (is_among(argument, valued_options)) {
			(void)next_argument(&arguments);
			continue;
		}
		if (strncmp(argument, "--", 2) == 0)
			continue;
		if (argument[0] != '-' && argument[0] != '+')
			break;
		input = read_options(program, argument, &arguments, ret_script);
		if (input != INPUT_NONE)
			return input;
	}
	/* What deno and bun are told to do stands before the file. */
	if (argument != NULL && strcmp(argument, "run") == 0)
		argument = next_argument(&arguments);
	if (argument == NULL || strcmp(argument, "-") == 0 || is_input_file(argument))
		return INPUT_STDIN;
	if (argument[0] == '\0')
		return INPUT_HIDDEN;
	*ret_script = argument;
	return INPUT_SCRIPT;
}

bool
program_script_path(const char *cwd, const char *argument, char *buffer, size_t size)
{
	char joined[2 * 4096 + 2];
	size_t used = 0;
	int length;

	if (argument[0] != '/' && cwd[0] != '/')
		return false;
	length = snprintf(joined, sizeof(joined), "%s%s%s", argument[0] == '/' ? "" : cwd,
	    argument[0] == '/' ? "" : "/", argument);
	if (length < 0 || (size_t)length >= sizeof(joined))
		return false;
	for (const char *at = joined; *at != '\0';) {
		size_t part;

		at += strspn(at, "/");
		part = strcspn(at, "/");
		if (part == 2 && strncmp(at, "..", 2) == 0) {
			while (used > 0 && buffer[--used] != '/')
				;
		} else if (part > 0 && !(part == 1 && *at == '.')) {
			if (used + 1 + part >= size)
				return false;
			buffer[used++] = '/';
			memcpy(buffer + used, at, part);
			used += part;
		}
		at += part;
	}
	buffer[used] = '\0';
	return used > 0;
}
