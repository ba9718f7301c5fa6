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
 * False where two processes with the same program file are known to run other code: another script,
 * another module, or with other arguments code that stands in these. Where it is not known what one
 * of them runs (a title hides it, an option that nobody knows), it is the same only if both are
 * what their unit was started for, or if script or arguments are known and the same.
 */
bool identity_same_code(const struct process *a, const struct process *b);

#endif
