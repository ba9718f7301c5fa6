/* SPDX-License-Identifier: MIT */
/*
 * What is known of programs by their names: one table, which everybody asks who has to tell an
 * interpreter, a shell or a relay from other programs. Names are claims, so nothing here allows
 * anything: what a rule rests on is judge.c's, what makes a suspect reason.c's.
 *
 * A name is that of a row, or has a version behind it: python3.11, php8.2, ksh93, socat1,
 * luajit-2.1.0-beta3. What only begins like one (node_exporter, bunzip2, php-fpm8.2, javaws) is
 * another program.
 *
 * Pure; no allocation. Cost: a walk over a table.
 */
#include <string.h>

#include "model/program.h"
#include "model/wrapper.h"

#define INTERPRETER PROGRAM_INTERPRETER
#define SHELL	    (PROGRAM_INTERPRETER | PROGRAM_SHELL)

static const struct program programs[] = {
	{ "python", INTERPRETER },
	{ "pypy", INTERPRETER },
	{ "perl", INTERPRETER },
	{ "ruby", INTERPRETER },
	{ "node", INTERPRETER },
	{ "nodejs", INTERPRETER },
	{ "deno", INTERPRETER },
	{ "bun", INTERPRETER },
	{ "php", INTERPRETER },
	{ "lua", INTERPRETER },
	{ "luajit", INTERPRETER },
	{ "tclsh", INTERPRETER },
	{ "guile", INTERPRETER },
	{ "Rscript", INTERPRETER },
	{ "java", INTERPRETER },
	{ "awk", INTERPRETER },
	{ "gawk", INTERPRETER },
	{ "mawk", INTERPRETER },
	{ "nawk", INTERPRETER },
	{ "original-awk", INTERPRETER },
	{ "beam", INTERPRETER },
	{ "beam.smp", INTERPRETER },

	{ "sh", SHELL },
	{ "bash", SHELL },
	{ "rbash", SHELL },
	{ "dash", SHELL },
	{ "ash", SHELL },
	{ "hush", SHELL },
	{ "zsh", SHELL },
	{ "ksh", SHELL },
	{ "mksh", SHELL },
	{ "lksh", SHELL },
	{ "yash", SHELL },
	{ "fish", SHELL },
	{ "csh", SHELL },
	{ "tcsh", SHELL },
	{ "bsd-csh", SHELL },
	{ "elvish", SHELL },
	{ "nu", SHELL },
	{ "pwsh", SHELL },

	{ "nc", PROGRAM_RELAY },
	{ "nc.traditional", PROGRAM_RELAY },
	{ "nc.openbsd", PROGRAM_RELAY },
	{ "ncat", PROGRAM_RELAY },
	{ "netcat", PROGRAM_RELAY },
	{ "socat", PROGRAM_RELAY },
	{ "cryptcat", PROGRAM_RELAY },
	{ "sbd", PROGRAM_RELAY },
	{ "pwncat", PROGRAM_RELAY },
	{ "chisel", PROGRAM_RELAY },

	{ "sshd", PROGRAM_LOGIN },
	{ "sshd-session", PROGRAM_LOGIN },
	{ "dropbear", PROGRAM_LOGIN },
	{ "login", PROGRAM_LOGIN },
	{ "agetty", PROGRAM_LOGIN },
	{ "getty", PROGRAM_LOGIN },
	{ "telnetd", PROGRAM_LOGIN },
	{ "in.telnetd", PROGRAM_LOGIN },
	{ "gdm", PROGRAM_LOGIN },
	{ "lightdm", PROGRAM_LOGIN },
	{ "sddm", PROGRAM_LOGIN },
	{ "xrdp", PROGRAM_LOGIN },
	{ "xrdp-sesman", PROGRAM_LOGIN },
	{ "tmux", PROGRAM_LOGIN },
	{ "screen", PROGRAM_LOGIN },

	{ "xinetd", PROGRAM_SUPER_SERVER },
	{ "inetd", PROGRAM_SUPER_SERVER },
	{ "inetutils-inetd", PROGRAM_SUPER_SERVER },
	{ "rlinetd", PROGRAM_SUPER_SERVER },
	{ "tcpserver", PROGRAM_SUPER_SERVER },
	{ "tcpsvd", PROGRAM_SUPER_SERVER },
	{ "ipsvd", PROGRAM_SUPER_SERVER },

	{ "busybox", PROGRAM_MULTI_CALL },
	{ "toybox", PROGRAM_MULTI_CALL },
};

const char *
program_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* Is this nothing, or a version: "3.11", "-2.1.0-beta3", "3.13t" (Python's letters of a build)? */
static bool
is_version(const char *text)
{
	if (*text == '\0')
		return true;
	text += *text == '-';
	if (*text < '0' || *text > '9')
		return false;
	text += strspn(text, "0123456789.");
	if (*text == '-') {
		text += 1 + strspn(text + 1, "abcdefghijklmnopqrstuvwxyz");
		return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
	}
	return text[strspn(text, "dmtu")] == '\0';
}

static bool
is_called(const char *name, const char *known)
{
	size_t length = strlen(known);

	return strncmp(name, known, length) == 0 && is_version(name + length);
}

const struct program *
program_find(const char *name)
{
	/* A login shell's name has a dash before it. */
	const char *plain = name + (name[0] == '-');

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (is_called(plain, programs[i].name))
			return &programs[i];
	return NULL;
}

static bool
is_of_kind(const char *name, uint32_t kind)
{
	const struct program *program = program_find(name);

	return program != NULL && (program->kinds & kind) != 0;
}

bool
program_is_interpreter(const char *name)
{
	return is_of_kind(name, PROGRAM_INTERPRETER);
}

bool
program_is_shell(const char *name)
{
	return is_of_kind(name, PROGRAM_SHELL);
}

bool
program_is_relay(const char *name)
{
	return is_of_kind(name, PROGRAM_RELAY);
}

bool
program_is_login(const char *name)
{
	return is_of_kind(name, PROGRAM_LOGIN);
}

bool
program_is_super_server(const char *name)
{
	return is_of_kind(name, PROGRAM_SUPER_SERVER);
}

bool
program_runs_others(const char *name)
{
	return is_of_kind(name, PROGRAM_MULTI_CALL) || wrapper_is(name);
}

const char *
program_applet(const char *exe, const char *arguments, size_t length)
{
	const char *name = program_name(exe), *called;
	size_t first;

	if (!is_of_kind(name, PROGRAM_MULTI_CALL) || length == 0)
		return name;
	called = program_name(arguments);
	first = strlen(arguments) + 1;
	/* "busybox nc -l": the first argument is the program. */
	if (is_of_kind(called, PROGRAM_MULTI_CALL) && first < length)
		called = program_name(arguments + first);
	return called + (called[0] == '-');
}
