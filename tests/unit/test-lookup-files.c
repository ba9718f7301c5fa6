/* SPDX-License-Identifier: MIT */
/*
 * The lines and names of /proc as overstay-lookup reads them, well formed and not.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lookup/files.h"
#include "lookup/proc.h"

/*
 * Fields 4 to 52, of a real line; 22 is 4321, 28 is 140721111111111, 48 is 140722222222222.
 */
#define STAT_TAIL                                                                    \
	" S 77 10 10 0 -1 4194304 99 0 0 0 1 2 3 4 20 0 1 0 4321 2949120 400 "       \
	"18446744073709551615 1 1 140721111111111 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 " \
	"94 95 96 140722222222222 140722222222300 97 98 0\n"

static int
parse(const char *line, struct proc_stat *ret)
{
	return proc_parse_stat(line, strlen(line), ret);
}

static void
test_stat(void **state)
{
	struct proc_stat stat;
	uint64_t hertz = (uint64_t)sysconf(_SC_CLK_TCK);

	(void)state;
	assert_int_equal(parse("4242 (sshd)" STAT_TAIL, &stat), 0);
	assert_string_equal(stat.comm, "sshd");
	assert_int_equal(stat.parent_pid, 77);
	assert_int_equal(stat.start_usec, 4321 * USEC_PER_SEC / hertz);
	assert_int_equal(stat.stack_start, 140721111111111);
	assert_int_equal(stat.arguments_start, 140722222222222);
}

static void
test_stat_hostile_name(void **state)
{
	static const char *const names[] = { "a) S 1 (b", ") R 0 0 0", "(", ")", "", " ", "\n",
		"x\n1 (init) S 0", "\033[2J", "\xff\xfe", "((((((", "))))))" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct proc_stat stat;
		char line[1024];
		(void)snprintf(line, sizeof(line), "4242 (%s)" STAT_TAIL, names[i]);
		assert_int_equal(parse(line, &stat), 0);
		assert_string_equal(stat.comm, names[i]);
		assert_int_equal(stat.parent_pid, 77);
	}
}

static void
test_stat_long_name(void **state)
{
	struct proc_stat stat;
	char line[1024], name[200];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	(void)snprintf(line, sizeof(line), "4242 (%s)" STAT_TAIL, name);
	assert_int_equal(parse(line, &stat), 0);
	assert_int_equal(strlen(stat.comm), OWNER_COMM_MAX - 1);
}

/* However short a line is cut, it is refused or gives what the whole line gives. */
static void
test_stat_truncated(void **state)
{
	static const char line[] = "4242 (a) b)" STAT_TAIL;
	struct proc_stat whole;
	unsigned refused = 0;

	(void)state;
	assert_int_equal(parse(line, &whole), 0);
	for (size_t length = 0; length < sizeof(line) - 1; length++) {
		struct proc_stat stat = { .parent_pid = -5 };
		int r = proc_parse_stat(line, length, &stat);
		if (r < 0) {
			assert_int_equal(r, -EBADMSG);
			assert_int_equal(stat.parent_pid, -5);
			refused++;
			continue;
		}
		assert_string_equal(stat.comm, "a) b");
		assert_int_equal(stat.start_usec, whole.start_usec);
		assert_int_equal(stat.parent_pid, whole.parent_pid);
	}
	/* Up to and with the blank behind field 22. */
	assert_int_equal(refused, strstr(line, " 4321 ") + sizeof(" 4321 ") - 1 - line);
}

static void
test_stat_nonsense(void **state)
{
	static const char *const lines[] = {
		"",
		"\n",
		"4242",
		"4242 (",
		"4242 )(",
		"4242 (x)",
		"4242 (x) ",
		"4242 (x) S",
		"4242 (x) S a b c",
		"4242 (x)S 1 2 3",
		("4242 (x) S 77 10 10 0 -1 4194304 99 0 0 0 1 2 3 4 20 0 1 0 "
		 "99999999999999999999 1\n"),
	};
	struct proc_stat stat;
	char large[8192];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(parse(lines[i], &stat), -EBADMSG);
	memset(large, '1', sizeof(large));
	assert_int_equal(proc_parse_stat(large, sizeof(large), &stat), -EBADMSG);
	/* A start that no clock reaches is unknown, not a small number. */
	assert_int_equal(parse("1 (x) S 77 10 10 0 -1 4194304 99 0 0 0 1 2 3 4 20 0 1 0 "
			       "18446744073709551615 1\n",
			     &stat),
	    0);
	assert_true(stat.start_usec == USEC_NEVER);
}

static void
parse_status(const char *text, struct process *process)
{
	*process = (struct process){ .uid = 7, .gid = 8 };
	proc_parse_status(text, strlen(text), process);
}

static void
test_status(void **state)
{
	struct process process;

	(void)state;
	parse_status("Name:\tx\nUmask:\t0022\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n"
		     "FDSize:\t64\nGroups:\t10 20 4294967295 \nNStgid:\t1\n",
	    &process);
	assert_int_equal(process.uid, 2);
	assert_int_equal(process.gid, 6);
	assert_int_equal(process.group_count, 3);
	assert_int_equal(process.groups[0], 10);
	assert_int_equal(process.groups[2], UINT32_MAX);

	/* No groups: the next line is not read for some. */
	parse_status("Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t \nNStgid:\t1\n", &process);
	assert_int_equal(process.group_count, 0);

	/* The kernel escapes the name; only a whole line counts. */
	parse_status("Name:\tUid:\t0\t0\t0\t0\nUid:\t1\t2\t3\t4\n", &process);
	assert_int_equal(process.uid, 2);
}

static void
test_status_hostile(void **state)
{
	char text[8192] = "Groups:\t";
	struct process process;

	(void)state;
	parse_status("", &process);
	assert_int_equal(process.uid, 7);
	parse_status("Uid:\t1", &process);
	assert_int_equal(process.uid, 7);
	parse_status("Uid:\t1\t2", &process);
	assert_int_equal(process.uid, 7);
	parse_status("Uid:\t1\t99999999999\n", &process);
	assert_int_equal(process.uid, 7);
	parse_status("Uid:\t1\t-2\n", &process);
	assert_int_equal(process.uid, 7);
	/* More groups than are kept, in more text than is read. */
	for (size_t at = strlen(text); at + 8 < sizeof(text); at += 7)
		memcpy(text + at, "123456 ", 8);
	parse_status(text, &process);
	assert_int_equal(process.group_count, OWNER_GROUPS_MAX);
	assert_int_equal(process.groups[OWNER_GROUPS_MAX - 1], 123456);
	/* The last id of a cut text may be half of one. */
	parse_status("Groups:\t12 34", &process);
	assert_int_equal(process.group_count, 1);
}

static void
test_names(void **state)
{
	static const char *const no_number[] = { "", "0", "01", "-1", "+1", " 1", "1 ", "1x",
		"self", "2147483648", "99999999999999999999", ".", ".." };
	static const char *const no_socket[] = { "", "socket", "socket:[]", "socket:[0",
		"socket:[12", "socket:[12]x", "socket:[-1]", "socket:[4294967296]", "socket:[01]",
		"pipe:[12]", "/tmp/socket:[12]", "socket:[12] (deleted)", "anon_inode:[eventfd]" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(no_number); i++)
		assert_int_equal(files_number(no_number[i]), 0);
	assert_int_equal(files_number("1"), 1);
	assert_int_equal(files_number("2147483647"), INT32_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(no_socket); i++)
		assert_int_equal(files_socket_inode(no_socket[i]), 0);
	assert_int_equal(files_socket_inode("socket:[12]"), 12);
	assert_int_equal(files_socket_inode("socket:[4294967295]"), UINT32_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_stat_hostile_name),
		cmocka_unit_test(test_stat_long_name),
		cmocka_unit_test(test_stat_truncated),
		cmocka_unit_test(test_stat_nonsense),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_status_hostile),
		cmocka_unit_test(test_names),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
