/* SPDX-License-Identifier: MIT */
/*
 * Lines on standard error: the priority in front is for programs, a terminal gets none; whatever is
 * in a line, it is one line.
 */
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "skip.h"

/* Writes lines with fd in the place of stderr, and reads from other what came of them. */
static void
write_lines(int fd, int other, char *ret, size_t size)
{
	int kept = dup(STDERR_FILENO);
	size_t length = 0;

	assert_true(kept >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	log_start(LOG_ERR, "cannot read %s", "a\nb");
	log_debug("poll", "%d", 1);
	log_set_verbose(true);
	log_debug("poll", "%d", 2);
	log_set_verbose(false);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	(void)close(kept);
	/* A terminal may give each line by itself. */
	do {
		ssize_t got = read(other, ret + length, size - 1 - length);

		assert_true(got > 0);
		length += (size_t)got;
		ret[length] = '\0';
	} while (strstr(ret, "poll: 2") == NULL || ret[length - 1] != '\n');
	(void)close(fd);
	(void)close(other);
}

static void
test_program(void **state)
{
	char text[256];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	write_lines(fds[1], fds[0], text, sizeof(text));
	assert_string_equal(text, "<3>overstayd: cannot read a\\nb\n<7>poll: 2\n");
}

static void
test_terminal(void **state)
{
	char text[256];
	int own, terminal;

	(void)state;
	if (openpty(&own, &terminal, NULL, NULL, NULL) < 0)
		skip_because("no terminal can be made here");
	write_lines(terminal, own, text, sizeof(text));
	assert_string_equal(text, "overstayd: cannot read a\\nb\r\npoll: 2\r\n");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_program),
		cmocka_unit_test(test_terminal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
