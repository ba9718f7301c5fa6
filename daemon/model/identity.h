/* SPDX-License-Identifier: MIT */
/*
 * Which program a process is, whatever its file is called and whatever runs it.
 */
#ifndef OVERSTAY_MODEL_IDENTITY_H
#define OVERSTAY_MODEL_IDENTITY_H

#include <stddef.h>

#include "base/macros.h"
#include "model/owner.h"
#include "model/program.h"

/* Borrowed from the process. */
struct identity {
	const char *name;      /* "bash"; "" = it has none that says what it is */
	const char *arguments; /* its own: its name, then the rest, each ended by a NUL */
	size_t length;
	const char *loaded; /* the file that a wrapper (model/wrapper.h) runs; NULL = there is no
			       wrapper, or it is not known what it runs */
	bool wrapped;	    /* there is a wrapper */
	bool searched;	    /* and loaded is a name that it looked for in PATH */
};

/* Of a process whose exe, cmdline, known_as and EVIDENCE_EXE_APPENDED are known. */
void identity_find(const struct process *process, struct identity *ret);

/* What it runs (program_input()), a wrapper seen through. *ret_script is the argument that names
 * the file or module, NULL = none. */
enum program_input identity_input(const struct process *process, const char **ret_script);

/*
 * The path of the file that the arguments name: a script, else what a wrapper runs. At most size
 * bytes with the NUL. False where there is none, or it is not known where it lies.
 */
bool identity_script_path(const struct process *process, char *buffer, size_t size);

/* The arguments without digits, which differ from one helper process of a runtime to the next. Puts
 * at most OWNER_CMDLINE_MAX bytes, returns how many. */
size_t identity_code(const struct process *process, char buffer[OWNER_CMDLINE_MAX]);

/*
 * True where two processes with the same program file run the same code, as far as was seen: the
 * same script; code, a module or a title by the same arguments. What nobody knows is the same as
 * nothing else: what comes on standard input, a script that a title hides beside one that is seen.
 * One and the same process stays what it was when it hides that.
 */
bool identity_same_code(const struct process *a, const struct process *b);

#endif
