/* SPDX-License-Identifier: MIT */
/*
 * What an interpreter runs, by its arguments, read as the interpreter reads them (interpreters.c).
 * They are the process's own words: a title may stand over them, and then nothing is known.
 *
 * What it never does: guess. An option that the table does not have may take the next argument or
 * give code itself, so behind it nothing is known, and nothing is where the arguments were cut off
 * before the script.
 *
 * Pure; no allocation. Cost: up to 5 us for what people write, 1 ms for 4 KiB of short options.
 */
#include <string.h>

#include "model/interpreters.h"
#include "model/program.h"

/* The arguments, taken one by one, and what they said so far. */
struct argument_reader {
	const struct grammar *grammar;
	const char *at, *end;
	enum operand operand; /* what the first operand is */
	const struct verb *verbs;
	const char *file;   /* by an option */
	bool files;	    /* by several of them */
	bool input;	    /* the input is what is typed, by an option */
	bool code;	    /* the operand is code, by an option */
	bool search;	    /* the operand is searched for */
	bool expanded;	    /* further arguments stand in a file */
	bool reached_end;   /* somebody asked for an argument behind the last */
	const char *script; /* the result, where it is a file or a module */
};

static const char *
next_argument(struct argument_reader *reader)
{
	const char *argument = reader->at;

	if (argument >= reader->end) {
		reader->reached_end = true;
		return NULL;
	}
	reader->at += strnlen(argument, (size_t)(reader->end - argument)) + 1;
	if (reader->at >= reader->end)
		reader->reached_end = true;
	return argument;
}

/* ---- files ---------------------------------------------------------------------------------- */

static enum program_input
take_file(struct argument_reader *reader, const char *argument)
{
	if (argument == NULL || argument[0] == '\0')
		return INPUT_UNKNOWN;
	if (strcmp(argument, "-") == 0)
		return INPUT_STDIN;
	reader->script = argument;
	return INPUT_SCRIPT;
}

/* ---- operands ------------------------------------------------------------------------------- */

/* A path, a URL or the name of a module, of which deno and bun take any. */
static enum program_input
take_named(struct argument_reader *reader, const char *argument)
{
	static const char of_file[] = "file://";
	size_t scheme = strspn(argument, "abcdefghijklmnopqrstuvwxyz0123456789+.-");

	if (strcmp(argument, "-") == 0)
		return INPUT_STDIN;
	if (strncmp(argument, of_file, sizeof(of_file) - 1) == 0)
		return take_file(reader, argument + sizeof(of_file) - 1);
	if (strncmp(argument, "data:", 5) == 0)
		return INPUT_INLINE;
	if (scheme > 1 && argument[scheme] == ':') {
		reader->script = argument;
		return INPUT_MODULE;
	}
	/* A word may be a task's name, or a verb of the next version. */
	return strpbrk(argument, "./") == NULL ? INPUT_UNKNOWN : take_file(reader, argument);
}

static enum program_input
take_class(struct argument_reader *reader, const char *argument)
{
	static const char ending[] = ".java";
	size_t length = strlen(argument), tail = sizeof(ending) - 1;

	/* The class may stand in the file, and this is an argument of its. */
	if (reader->expanded)
		return INPUT_UNKNOWN;
	reader->script = argument;
	return length > tail && strcmp(argument + length - tail, ending) == 0 ? INPUT_SCRIPT :
										INPUT_MODULE;
}

/* The first operand, NULL: there is none. */
static enum program_input
take_operand(struct argument_reader *reader, const char *argument)
{
	if (reader->files)
		return INPUT_UNKNOWN;
	if (reader->file != NULL)
		return take_file(reader, reader->file);
	if (reader->code || reader->operand == OPERAND_CODE)
		return argument == NULL ? INPUT_UNKNOWN : INPUT_INLINE;
	if (reader->input || reader->operand == OPERAND_INPUT)
		return INPUT_STDIN;
	if (argument == NULL)
		return reader->grammar->operand == OPERAND_FILE || reader->verbs != NULL ?
		    INPUT_STDIN :
		    INPUT_UNKNOWN;
	/* No file has such a name: a title left it behind. */
	if (argument[0] == '\0' || (reader->search && strchr(argument, '/') == NULL))
		return INPUT_UNKNOWN;
	switch (reader->operand) {
	case OPERAND_CLASS:
		return take_class(reader, argument);
	case OPERAND_NAMED:
		return take_named(reader, argument);
	case OPERAND_MODULE:
		reader->script = argument;
		return INPUT_MODULE;
	case OPERAND_FILE:
	case OPERAND_CODE:
	case OPERAND_INPUT:
	default:
		return take_file(reader, argument);
	}
}

/* "run", "eval": true where the word says what follows. */
static bool
take_verb(struct argument_reader *reader, const char *argument)
{
	for (const struct verb *verb = reader->verbs; verb != NULL && verb->name != NULL; verb++)
		if (strcmp(verb->name, argument) == 0) {
			reader->operand = verb->operand;
			reader->verbs = NULL;
			return true;
		}
	return false;
}

/* ---- options -------------------------------------------------------------------------------- */

static bool
is_same(const struct grammar *grammar, const char *option, const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		char letter = option[i];

		/* Not the dashes before it. */
		if (i > 1 && letter == '_' && (grammar->rules & RULE_UNDERSCORES) != 0)
			letter = '-';
		if (letter != name[i])
			return false;
	}
	return true;
}

/* How an option is among others: the better is the greater. */
enum found {
	FOUND_NOT,
	FOUND_BEGINNING, /* one of all that begin so, "-X*" */
	FOUND_WHOLE,
};

static enum found
find_among(const struct grammar *grammar, const char *option, size_t length, const char *names)
{
	enum found found = FOUND_NOT;

	for (const char *end; *names != '\0'; names = end + (*end == ' ')) {
		size_t part;

		end = strchr(names, ' ');
		if (end == NULL)
			end = names + strlen(names);
		part = (size_t)(end - names);
		if (part == length && is_same(grammar, option, names, length))
			return FOUND_WHOLE;
		if (end[-1] == '*' && length >= part - 1 &&
		    is_same(grammar, option, names, part - 1))
			found = FOUND_BEGINNING;
	}
	return found;
}

static bool
find_option(const struct grammar *grammar, const char *option, size_t length,
    enum option_kind *ret_kind)
{
	enum found best = FOUND_NOT;

	for (const struct grammar_option *row = grammar->options;
	     row->names != NULL && best != FOUND_WHOLE; row++) {
		enum found found = find_among(grammar, option, length, row->names);

		if (found > best) {
			best = found;
			*ret_kind = row->kind;
		}
	}
	return best != FOUND_NOT;
}

/* Takes the next argument where it is no option. */
static bool
take_optional(struct argument_reader *reader)
{
	if (reader->at >= reader->end) {
		reader->reached_end = true;
		return false;
	}
	return reader->at[0] != '-' && next_argument(reader) != NULL;
}

/*
 * What an option says that has value attached to it (NULL: nothing is). INPUT_NONE: nothing yet.
 * Its value may be another argument.
 */
static enum program_input
take_option(struct argument_reader *reader, enum option_kind kind, const char *value)
{
	switch (kind) {
	case OPTION_VALUE:
	case OPTION_NEXT:
	case OPTION_SOURCE:
		if (kind == OPTION_SOURCE)
			reader->operand = OPERAND_FILE;
		if ((value == NULL || kind == OPTION_NEXT) && next_argument(reader) == NULL)
			return INPUT_UNKNOWN;
		return INPUT_NONE;
	case OPTION_OPTIONAL:
		if (value == NULL)
			(void)take_optional(reader);
		return INPUT_NONE;
	case OPTION_CODE:
		return INPUT_INLINE;
	case OPTION_CODE_OPTIONAL:
		return value != NULL || take_optional(reader) ? INPUT_INLINE : INPUT_NONE;
	case OPTION_CODE_OPERAND:
		reader->code = true;
		return INPUT_NONE;
	case OPTION_MODULE:
		reader->script = value != NULL ? value : next_argument(reader);
		return reader->script == NULL ? INPUT_UNKNOWN : INPUT_MODULE;
	case OPTION_FILE:
	case OPTION_FILE_LAST:
		reader->files = reader->file != NULL;
		reader->file = value != NULL ? value : next_argument(reader);
		if (reader->file == NULL)
			return INPUT_UNKNOWN;
		return kind == OPTION_FILE ? INPUT_NONE : take_operand(reader, NULL);
	case OPTION_FILE_OPERAND:
		reader->operand = OPERAND_FILE;
		return INPUT_NONE;
	case OPTION_INPUT:
		reader->input = true;
		return INPUT_NONE;
	case OPTION_SEARCH:
		reader->search = true;
		return INPUT_NONE;
	case OPTION_FLAG:
	case OPTION_ATTACHED:
	case OPTION_WORD:
	case OPTION_NUMBER:
	case OPTION_LETTER:
	default:
		return INPUT_NONE;
	}
}

/* How much behind a letter is its own; *ret_on: the rest are further options. */
static size_t
measure_attached(enum option_kind kind, const char *rest, bool *ret_on)
{
	size_t length;

	*ret_on = true;
	switch (kind) {
	case OPTION_NUMBER:
		length = strspn(rest, "0123456789");
		*ret_on = rest[length] != ':' && rest[length] != '=';
		return length;
	case OPTION_WORD:
		return strcspn(rest, " ");
	case OPTION_LETTER:
		return rest[0] != '\0';
	case OPTION_FLAG:
	case OPTION_NEXT:
	case OPTION_CODE_OPERAND:
	case OPTION_INPUT:
	case OPTION_SEARCH:
		return 0;
	case OPTION_VALUE:
	case OPTION_ATTACHED:
	case OPTION_OPTIONAL:
	case OPTION_CODE:
	case OPTION_CODE_OPTIONAL:
	case OPTION_MODULE:
	case OPTION_FILE:
	case OPTION_FILE_LAST:
	case OPTION_FILE_OPERAND:
	case OPTION_SOURCE:
	default:
		*ret_on = false;
		return strlen(rest);
	}
}

/* Letters one behind the other: "-bc". INPUT_NONE: nothing yet. */
static enum program_input
read_letters(struct argument_reader *reader, const char *letters)
{
	uint32_t rules = reader->grammar->rules;

	while (*letters != '\0') {
		const char option[] = { '-', *letters, '\0' }, *rest = letters + 1;
		enum program_input input;
		enum option_kind kind;
		size_t attached;
		bool on;

		if (*letters == ' ' && (rules & RULE_BLANKS) != 0) {
			letters += strspn(letters, " ");
			letters += *letters == '-';
			continue;
		}
		if (!find_option(reader->grammar, option, 2, &kind))
			return INPUT_UNKNOWN;
		attached = measure_attached(kind, rest, &on);
		if (!on && *rest == '=' && (rules & RULE_SHORT_EQUALS) != 0)
			rest++;
		input = take_option(reader, kind, on || attached == 0 ? NULL : rest);
		if (input != INPUT_NONE || !on)
			return input;
		letters = rest + attached;
	}
	return INPUT_NONE;
}

/* May the option be the negation of a flag: node's --no-warnings? */
static bool
is_negated(const struct grammar *grammar, const char *option, size_t length)
{
	static const char no[] = "--no-";
	char flag[64];
	enum option_kind kind;
	size_t front = sizeof(no) - 1, rest;

	if ((grammar->rules & RULE_NEGATES) == 0 || length <= front ||
	    length - front + 3 > sizeof(flag) || !is_same(grammar, option, no, front))
		return false;
	rest = length - front;
	memcpy(flag, "--", 2);
	memcpy(flag + 2, option + front, rest);
	flag[2 + rest] = '\0';
	return find_option(grammar, flag, 2 + rest, &kind) &&
	    (kind == OPTION_FLAG || kind == OPTION_ATTACHED);
}

/* An argument that is an option, or several. INPUT_NONE: it says nothing yet. */
static enum program_input
read_option(struct argument_reader *reader, const char *argument)
{
	const struct grammar *grammar = reader->grammar;
	bool is_long = strncmp(argument, "--", 2) == 0;
	size_t length = is_long && (grammar->rules & RULE_EQUALS) != 0 ? strcspn(argument, "=") :
									 strlen(argument);
	const char *value = argument[length] == '=' ? argument + length + 1 : NULL;
	enum option_kind kind;

	if (argument[0] == '-' && find_option(grammar, argument, length, &kind)) {
		/* The next version's, which has come to take something. */
		if (value != NULL && kind == OPTION_FLAG)
			return INPUT_UNKNOWN;
		return take_option(reader, kind, value);
	}
	if (is_negated(grammar, argument, length))
		return INPUT_NONE;
	if (is_long || (grammar->rules & RULE_CLUSTERS) == 0)
		return INPUT_UNKNOWN;
	return read_letters(reader, argument + 1);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static bool
is_option(const struct grammar *grammar, const char *argument)
{
	return argument[0] == '-' || (argument[0] == '+' && (grammar->rules & RULE_PLUS) != 0);
}

static enum program_input
read_arguments(struct argument_reader *reader)
{
	uint32_t rules = reader->grammar->rules;
	const char *argument;

	while ((argument = next_argument(reader)) != NULL) {
		enum program_input input;

		if (argument[0] == '@' && (rules & RULE_EXPANDS) != 0) {
			reader->expanded = true;
			continue;
		}
		if (strcmp(argument, "--") == 0 && (rules & RULE_NO_END) == 0)
			return take_operand(reader,
			    (rules & RULE_END_INPUT) != 0 ? NULL : next_argument(reader));
		if (strcmp(argument, "-") == 0)
			return take_operand(reader,
			    (rules & RULE_DASH_ENDS) != 0 ? next_argument(reader) : argument);
		if (!is_option(reader->grammar, argument)) {
			if (take_verb(reader, argument))
				continue;
			return take_operand(reader, argument);
		}
		input = read_option(reader, argument);
		if (input == INPUT_UNKNOWN && reader->file != NULL && (rules & RULE_LEAVES) != 0)
			break;
		if (input != INPUT_NONE)
			return input;
	}
	return take_operand(reader, NULL);
}

/* ---- programs ------------------------------------------------------------------------------- */

enum program_input
program_input(const struct program_call *call, const char **ret_script)
{
	const struct program *program = program_find(call->name);
	struct argument_reader reader = {
		.at = call->arguments,
		.end = call->arguments + call->length,
	};
	char path[OWNER_PATH_MAX];
	enum program_input input;

	*ret_script = NULL;
	if (program == NULL || (program->kinds & PROGRAM_INTERPRETER) == 0)
		return INPUT_NONE;
	reader.grammar = grammar_find(program);
	/* Where there are no arguments, they could not be read. */
	if (reader.grammar == NULL || call->length == 0 ||
	    program_has_title(program, call->arguments, call->length))
		return INPUT_UNKNOWN;
	reader.operand = reader.grammar->operand;
	reader.verbs = reader.grammar->verbs;
	(void)next_argument(&reader);
	input = read_arguments(&reader);
	if (call->cut && reader.reached_end && input != INPUT_INLINE)
		return INPUT_UNKNOWN;
	if (input == INPUT_SCRIPT &&
	    program_script_path(call->cwd, reader.script, path, sizeof(path)) &&
	    program_path_is_input(path))
		return INPUT_STDIN;
	if (input == INPUT_SCRIPT || input == INPUT_MODULE)
		*ret_script = reader.script;
	return input;
}

void
program_call_init(struct program_call *call, const char *exe, const char *arguments, size_t length)
{
	size_t first = strnlen(arguments, length) + 1;

	*call = (struct program_call){
		.name = program_applet(exe, arguments, length),
		.arguments = arguments,
		.length = length,
		.cwd = "",
	};
	/* "busybox sh x": what was called is the second argument, and the rest are its. */
	if (first < length && call->name != program_applet(exe, arguments, first)) {
		call->arguments += first;
		call->length -= first;
	}
}
