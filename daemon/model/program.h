/* SPDX-License-Identifier: MIT */
/*
 * What is known of programs by their names: interpreters and what they run, shells, tools that
 * listen for whoever starts them. Names and kinds: program.c; arguments: arguments.c, with the
 * options of interpreters.c; titles: title.c; scripts: script-path.c. What a process is, of which
 * more is known than names: model/identity.h; whose name it borrows: model/claim.h.
 */
#ifndef OVERSTAY_MODEL_PROGRAM_H
#define OVERSTAY_MODEL_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "model/owner.h"

/* What an interpreter was given to run, as its arguments say. */
enum program_input {
	INPUT_NONE,   /* it is no interpreter */
	INPUT_SCRIPT, /* a file */
	INPUT_MODULE, /* a module by name: python3 -m http.server, java's class */
	INPUT_INLINE, /* code in an argument: python3 -c, perl -e, sh -c */
	INPUT_STDIN,  /* code from standard input, or a person typing */
	/* Not known: the process wrote a title over its arguments, they hold an option that is not
	 * known, were cut off before it, or could not be read. */
	INPUT_UNKNOWN,
};

/* What a program is, by its name; bits. */
enum program_kind {
	PROGRAM_INTERPRETER = 1 << 0,  /* runs whatever file it is given */
	PROGRAM_SHELL = 1 << 1,	       /* an interpreter that people type into */
	PROGRAM_RELAY = 1 << 2,	       /* listens for anybody who starts it */
	PROGRAM_LOGIN = 1 << 3,	       /* opens a session for a person */
	PROGRAM_MULTI_CALL = 1 << 4,   /* is whatever it is called as */
	PROGRAM_SUPER_SERVER = 1 << 5, /* starts another program for each connection */
};

/* A row of the table. */
struct program {
	const char *name;
	uint32_t kinds; /* bits of enum program_kind */
};

/* The part of a path behind the last slash. */
const char *program_name(const char *path);

/* The row of a name (without its path): the name alone or with a version behind it. NULL = none. */
const struct program *program_find(const char *name);

/* True for python3.11, perl, node, java, bash: programs that run whatever file they are given. */
bool program_is_interpreter(const char *name);

/* True for bash, dash, zsh ... */
bool program_is_shell(const char *name);

/* True for nc, ncat, netcat, socat and their like: any listener for anybody who starts them. */
bool program_is_relay(const char *name);

/* True for what opens a session for a person: sshd, login, agetty, gdm ... What runs below it is
 * that person's. */
bool program_is_login(const char *name);

/* True for xinetd, inetd and their like. */
bool program_is_super_server(const char *name);

/* True for programs that run others under their own file, so that what they are called is no claim
 * of theirs: busybox, and wrappers (model/wrapper.h). */
bool program_runs_others(const char *name);

/*
 * The name of what the program file exe is as, by its arguments (each ended by a NUL, length bytes
 * in all): that of the file; of a multi-call binary what it was called as, "nc" for busybox nc.
 * Borrowed from exe or arguments.
 */
const char *program_applet(const char *exe, const char *arguments, size_t length);

/* A program and what it was called with. */
struct program_call {
	const char *name;      /* of the program file, without its path */
	const char *arguments; /* each ended by a NUL, as /proc/PID/cmdline has them, */
	size_t length;	       /* so many bytes in all */
	bool cut;	       /* there were more of them */
	const char *cwd;       /* the working directory; "" = unknown */
};

/*
 * What exe was called as, and with what: the second argument of "busybox sh x" on. Nothing is cut,
 * and cwd is not known. Borrowed from exe and arguments, which end with a NUL of their own.
 */
void program_call_init(struct program_call *call, const char *exe, const char *arguments,
    size_t length);

/*
 * What the program runs, by its arguments. *ret_script is the argument that names the script or
 * module, borrowed from arguments; NULL where there is none.
 */
enum program_input program_input(const struct program_call *call, const char **ret_script);

/* True where the arguments of program, an interpreter, are a title. */
bool program_has_title(const struct program *program, const char *arguments, size_t length);

/*
 * True where the process wrote a title over its arguments: then cmdline is that, and what it was
 * started with is not known. A title that looks like arguments is not recognized.
 */
bool process_has_title(const struct process *process);

/* That title, borrowed; NULL: there is none, or it says no more than the program's name. */
const char *process_title(const struct process *process);

/*
 * The path of a script: argument, below cwd where it is relative; without "." and "//", with ".."
 * taken back. At most size bytes with the NUL. Returns false where it does not fit or a relative
 * path has no cwd.
 */
bool program_script_path(const char *cwd, const char *argument, char *buffer, size_t size);

/*
 * Is the path (absolute, as program_script_path() has it) that of an open file, which is what the
 * process was given, not what somebody installed? "python3 /dev/stdin", and /dev/fd/63 as bash has
 * it for <(...).
 */
bool program_path_is_input(const char *path);

#endif
