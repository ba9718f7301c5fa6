/* SPDX-License-Identifier: MIT */
/*
 * Which program a process is: the file's name, and what is known better than by that: a copy of one
 * of the host's own shells, interpreters or relays is that program (struct process's known_as, by
 * content), a multi-call binary what it was called as, a wrapper (ld.so, qemu-user, valgrind) what
 * it runs.
 *
 * A runtime with a program appended (EVIDENCE_EXE_APPENDED: node's single executables, deno
 * compile, bun compile) runs just that, whatever its arguments look like, so it is no
 * interpreter.
 *
 * Pure; no allocation. Cost: some string comparisons.
 */
#include <string.h>

#include "model/identity.h"
#include "model/wrapper.h"

/* Wrappers below wrappers that are seen through: qemu-user, ld.so, the program. */
#define WRAPPERS_MAX 4

/* Makes a multi-call binary what it was called as, with that one's arguments. */
static void
see_applet(struct identity *identity)
{
	struct program_call call;

	program_call_init(&call, identity->name, identity->arguments, identity->length);
	identity->name = call.name;
	identity->arguments = call.arguments;
	identity->length = call.length;
}

/* Goes on to what the wrapper runs. False where that is not known. */
static bool
see_through(struct identity *identity)
{
	const char *program =
	    wrapper_find_program(identity->name, identity->arguments, identity->length);

	identity->wrapped = true;
	identity->loaded = program;
	if (program == NULL) {
		identity->name = "";
		return false;
	}
	identity->searched = wrapper_searches(identity->name) && strchr(program, '/') == NULL;
	identity->length -= (size_t)(program - identity->arguments);
	identity->arguments = program;
	identity->name = program_name(program);
	return true;
}

void
identity_find(const struct process *process, struct identity *ret)
{
	const char *name = program_name(process->exe);

	*ret = (struct identity){
		.name = name,
		.arguments = process->cmdline,
		.length = process->cmdline_length,
	};
	if ((process->evidence & EVIDENCE_EXE_APPENDED) != 0) {
		ret->name = program_find(name) != NULL ? "" : name;
		return;
	}
	for (unsigned i = 0; i < WRAPPERS_MAX && wrapper_is(ret->name); i++)
		if (!see_through(ret))
			return;
	if (process->known_as[0] != '\0')
		ret->name = process->known_as;
	see_applet(ret);
}

enum program_input
identity_input(const struct process *process, const char **ret_script)
{
	struct program_call call;
	struct identity identity;

	identity_find(process, &identity);
	*ret_script = NULL;
	if (identity.wrapped && identity.loaded == NULL)
		return INPUT_UNKNOWN;
	call = (struct program_call){
		.name = identity.name,
		.arguments = identity.arguments,
		.length = identity.length,
		.cut = process->cmdline_cut,
		.cwd = process->cwd,
	};
	return program_input(&call, ret_script);
}

bool
identity_script_path(const struct process *process, char *buffer, size_t size)
{
	struct identity identity;
	const char *argument;

	if (identity_input(process, &argument) == INPUT_SCRIPT && argument != NULL)
		return program_script_path(process->cwd, argument, buffer, size);
	identity_find(process, &identity);
	return identity.loaded != NULL && !identity.searched &&
	    program_script_path(process->cwd, identity.loaded, buffer, size);
}

size_t
identity_code(const struct process *process, char buffer[OWNER_CMDLINE_MAX])
{
	size_t used = 0;

	for (uint32_t i = 0; i < process->cmdline_length && used < OWNER_CMDLINE_MAX; i++) {
		char byte = process->cmdline[i];

		/* An argument of digits alone is none. */
		if ((byte < '0' || byte > '9') &&
		    (byte != '\0' || (used > 0 && buffer[used - 1] != '\0')))
			buffer[used++] = byte;
	}
	return used;
}

/* The arguments are all that is known of what the two run. */
static bool
same_arguments(const struct process *a, const struct process *b)
{
	char code_a[OWNER_CMDLINE_MAX], code_b[OWNER_CMDLINE_MAX];
	size_t length = identity_code(a, code_a);

	return length > 0 && length == identity_code(b, code_b) &&
	    memcmp(code_a, code_b, length) == 0;
}

bool
identity_same_code(const struct process *a, const struct process *b)
{
	bool known_a = a->script[0] != '\0', known_b = b->script[0] != '\0';
	enum program_input input_a, input_b;
	const char *script;

	if (known_a && known_b && strcmp(a->script, b->script) != 0)
		return false;
	input_a = identity_input(a, &script);
	input_b = identity_input(b, &script);
	if (input_a != input_b)
		return process_same(a, b) && (input_a == INPUT_UNKNOWN || input_b == INPUT_UNKNOWN);
	if (input_a == INPUT_STDIN || known_a != known_b)
		return process_same(a, b);
	if (input_a == INPUT_NONE)
		return true;
	if (known_a && input_a != INPUT_INLINE && input_a != INPUT_MODULE)
		return true;
	if (process_same(a, b))
		return input_a == INPUT_UNKNOWN || same_arguments(a, b);
	/* What was cut off is not known to be the same. */
	return !a->cmdline_cut && !b->cmdline_cut && same_arguments(a, b);
}
