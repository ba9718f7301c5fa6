/* SPDX-License-Identifier: MIT */
/*
 * Titles: what a process wrote over its arguments, for people who list processes.
 *
 * One text stands there, with NULs behind it up to where the arguments ended, or none where it
 * fills their place. What remains of a single argument that is the program's own name, "python3"
 * or "-bash", is what was typed. Shells set no title. One that has NULs inside, as arguments have,
 * cannot be told from them.
 *
 * Pure; no allocation. Cost: a pass over the arguments.
 */
#include <string.h>

#include "model/program.h"

/* One text, with nothing but NULs behind it. */
static bool
is_one_text(const char *bytes, size_t length)
{
	size_t first = strnlen(bytes, length);

	for (size_t i = first; i < length; i++)
		if (bytes[i] != '\0')
			return false;
	return length > 0 && first < length;
}

bool
program_has_title(const struct program *program, const char *bytes, size_t length)
{
	size_t first = strnlen(bytes, length);

	return (program->kinds & PROGRAM_SHELL) == 0 && is_one_text(bytes, length) &&
	    (first + 1 < length || memchr(bytes, ' ', first) != NULL ||
		program_find(program_name(bytes)) == NULL);
}

/* The same of a program that is no interpreter: its path may have blanks of its own. */
static bool
is_native_title(const struct process *process)
{
	const char *text = process->cmdline;
	size_t length = process->cmdline_length, first;

	if (!is_one_text(text, length) ||
	    (text[0] == '/' && strcmp(program_name(text), program_name(process->exe)) == 0))
		return false;
	first = strlen(text);
	return first > 0 && (first + 1 < length || strchr(text, ' ') != NULL);
}

bool
process_has_title(const struct process *process)
{
	const char *name = program_name(process->exe);
	const struct program *program = program_find(name);

	if (program_runs_others(name))
		return false;
	return program != NULL && (program->kinds & PROGRAM_INTERPRETER) != 0 ?
	    program_has_title(program, process->cmdline, process->cmdline_length) :
	    is_native_title(process);
}

const char *
process_title(const struct process *process)
{
	const char *text = process->cmdline, *name = program_name(text);
	const struct program *program = program_find(name);

	if (!process_has_title(process) || text[0] == '\0' ||
	    strcmp(name, program_name(process->exe)) == 0 ||
	    (program != NULL && program == program_find(program_name(process->exe))))
		return NULL;
	return text;
}
