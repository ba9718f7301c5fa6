/* SPDX-License-Identifier: MIT */
/*
 * What is known of programs by their names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/program.h"

static const struct {
	const char *cwd, *argument, *path; /* NULL = none */
} paths[] = {
	{ "/home/alice", "srv.py", "/home/alice/srv.py" },
	{ "/home/alice", "./srv.py", "/home/alice/srv.py" },
	{ "/home/alice", "../bob//x/./y.py", "/home/bob/x/y.py" },
	{ "/", "x", "/x" },
	{ "/", "../../x", "/x" },
	{ "", "/opt/x", "/opt/x" },
	{ "", "x", NULL },
	{ "relative", "x", NULL },
	{ "/a", "..", NULL },
	{ "/a", "...", "/a/..." },
};

static void
script_path(void **state)
{
	char buffer[64], small[8], huge[9000];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		bool found =
		    program_script_path(paths[i].cwd, paths[i].argument, buffer, sizeof(buffer));

		assert_int_equal(found, paths[i].path != NULL);
		if (found)
			assert_string_equal(buffer, paths[i].path);
	}
	assert_false(program_script_path("/home/alice", "x", small, sizeof(small)));
	assert_true(program_script_path("/", "sixsix", small, sizeof(small)));
	assert_false(program_script_path("/", "sevenseven", small, sizeof(small)));
	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	assert_false(program_script_path("/", huge, buffer, sizeof(buffer)));
}

#define INTERPRETER PROGRAM_INTERPRETER
#define SHELL	    (PROGRAM_INTERPRETER | PROGRAM_SHELL)
#define KINDS \
	(PROGRAM_INTERPRETER | PROGRAM_SHELL | PROGRAM_RELAY | PROGRAM_LOGIN | PROGRAM_MULTI_CALL)

static const struct {
	const char *name;
	uint32_t kinds;
} kinds[] = {
	{ "python3.11", INTERPRETER },
	{ "python3.13t", INTERPRETER },
	{ "python2.7", INTERPRETER },
	{ "ruby3.1", INTERPRETER },
	{ "php8.2", INTERPRETER },
	{ "perl5.36.0", INTERPRETER },
	{ "node", INTERPRETER },
	{ "node18", INTERPRETER },
	{ "lua5.4", INTERPRETER },
	{ "luajit-2.1.0-beta3", INTERPRETER },
	{ "java", INTERPRETER },
	{ "tclsh8.6", INTERPRETER },
	{ "beam.smp", INTERPRETER },
	{ "pypy3", INTERPRETER },
	{ "bash", SHELL },
	{ "-zsh", SHELL },
	{ "ksh93", SHELL },
	{ "zsh-5.9", SHELL },
	{ "nc", PROGRAM_RELAY },
	{ "socat1", PROGRAM_RELAY },
	{ "nc.openbsd", PROGRAM_RELAY },
	{ "sshd", PROGRAM_LOGIN },
	{ "gdm3", PROGRAM_LOGIN },
	{ "busybox", PROGRAM_MULTI_CALL },
	/* What only begins like one. */
	{ "node_exporter", 0 },
	{ "node-18-exporter", 0 },
	{ "bunzip2", 0 },
	{ "php-fpm8.2", 0 },
	{ "javaws", 0 },
	{ "javac", 0 },
	{ "lua-implant", 0 },
	{ "node_x", 0 },
	{ "perldoc", 0 },
	{ "pythonic", 0 },
	{ "python3-implant", 0 },
	{ "rubysrv", 0 },
	{ "denox", 0 },
	{ "shred", 0 },
	{ "fishd", 0 },
	{ "ncurses", 0 },
	{ "sshd-keygen", 0 },
	{ "cron", 0 },
	{ "nginx", 0 },
	{ "python3.11-", 0 },
	{ "python-", 0 },
	{ "-", 0 },
	{ "", 0 },
};

static void
names(void **state)
{
	(void)state;
	assert_string_equal(program_name("/usr/bin/nc"), "nc");
	assert_string_equal(program_name("nc"), "nc");
	assert_string_equal(program_name("/usr/bin/"), "");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct program *program = program_find(kinds[i].name);
		uint32_t found = program == NULL ? 0 : program->kinds;

		if ((found & KINDS) != kinds[i].kinds)
			fail_msg("%s: %#x", kinds[i].name, found);
		assert_int_equal(program_is_interpreter(kinds[i].name),
		    (kinds[i].kinds & PROGRAM_INTERPRETER) != 0);
		assert_int_equal(program_is_shell(kinds[i].name),
		    (kinds[i].kinds & PROGRAM_SHELL) != 0);
		assert_int_equal(program_is_relay(kinds[i].name),
		    (kinds[i].kinds & PROGRAM_RELAY) != 0);
		assert_int_equal(program_is_login(kinds[i].name),
		    (kinds[i].kinds & PROGRAM_LOGIN) != 0);
	}
}

static const struct {
	const char *exe, *arguments;
	size_t length;
	const char *name;
} applets[] = {
	{ "/usr/bin/nc", "sh", 3, "nc" },
	{ "/bin/busybox", "nc\0-l", 6, "nc" },
	{ "/bin/busybox", "/bin/busybox\0nc", 16, "nc" },
	{ "/bin/busybox", "busybox", 8, "busybox" },
	{ "/bin/busybox", "-ash", 5, "ash" },
	{ "/bin/busybox", "", 0, "busybox" },
	{ "/bin/toybox", "busybox\0/bin/sh", 16, "sh" },
	{ "", "", 0, "" },
};

static void
multi_call(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(applets); i++)
		assert_string_equal(
		    program_applet(applets[i].exe, applets[i].arguments, applets[i].length),
		    applets[i].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(script_path),
		cmocka_unit_test(names),
		cmocka_unit_test(multi_call),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
