/* SPDX-License-Identifier: MIT */
/*
 * What PID 1 and logind keep in files, below a root made of plain files.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "lookup-fake.h"
#include "lookup/records.h"

#define ID "0123456789abcdef0123456789abcdef"

/* A view of the fake whose PID 1 has a root with these directories, each below the one before. */
static void
open_root(struct fake *fake, struct view *view, const char *const *directories)
{
	char path[128];

	make_directory(fake, 1, "");
	make_directory(fake, 1, "root");
	for (; *directories != NULL; directories++) {
		(void)snprintf(path, sizeof(path), "root/%s", *directories);
		make_directory(fake, 1, path);
	}
	assert_int_equal(view_open(view, &fake->host), 0);
	assert_true(view->init_root_fd >= 0);
}

static void
runs_of_units(void **state)
{
	static const char *const none[] = { "run", NULL };
	static const char *const units[] = { "run/systemd", "run/systemd/units", NULL };
	struct fake *fake = *state;
	struct records_run run;
	struct view view;
	uint64_t now_usec;

	open_root(fake, &view, none);
	assert_int_equal(records_read_run(&view, "web.service", &run), -ENOSYS);
	for (size_t i = 0; units[i] != NULL; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "root/%s", units[i]);
		make_directory(fake, 1, path);
	}
	assert_int_equal(records_read_run(&view, "web.service", &run), -ENOENT);
	make_link(fake, 1, "root/run/systemd/units/invocation:web.service", ID);
	assert_int_equal(records_read_run(&view, "web.service", &run), 0);
	assert_string_equal(run.invocation, ID);
	now_usec = clock_boottime_usec();
	assert_true(run.start_usec <= now_usec + USEC_PER_SEC);
	assert_true(run.start_usec + 60 * USEC_PER_SEC >= now_usec);
	assert_int_equal(records_read_run(&view, "other.service", &run), -ENOENT);
	/* An id that is none is not cut to one. */
	make_link(fake, 1, "root/run/systemd/units/invocation:web.service", ID "0");
	assert_int_equal(records_read_run(&view, "web.service", &run), -ENOENT);
	view_close(&view);
}

static void
times(void **state)
{
	uint64_t now_usec = clock_realtime_usec(), boot_usec = clock_boottime_usec(), found;

	(void)state;
	found = records_boottime((int64_t)(now_usec / USEC_PER_SEC), 0);
	assert_true(found <= boot_usec + USEC_PER_SEC && found + 2 * USEC_PER_SEC >= boot_usec);
	/* Before boot, and before 1970. */
	assert_true(records_boottime(0, 0) == 0);
	assert_true(records_boottime(-1, 999999999) == 0);
	/* A clock that was set back makes files of the future. */
	assert_true(records_boottime((int64_t)(now_usec / USEC_PER_SEC) + 3600, 0) > boot_usec);
}

static void
timers(void **state)
{
	static const char *const directories[] = { "etc", "etc/systemd", "etc/systemd/system",
		"run", "run/systemd", "run/systemd/transient", NULL };
	struct fake *fake = *state;
	struct view view;

	open_root(fake, &view, directories);
	make_file(fake, 1, "root/etc/systemd/system/backup.timer", "", 0);
	make_file(fake, 1, "root/etc/systemd/system/scrub@.timer", "", 0);
	make_file(fake, 1, "root/run/systemd/transient/once.timer", "", 0);
	assert_true(records_has_timer(&view, "backup.service"));
	assert_true(records_has_timer(&view, "scrub@data.service"));
	assert_true(records_has_timer(&view, "once.service"));
	assert_false(records_has_timer(&view, "web.service"));
	assert_false(records_has_timer(&view, "backup.scope"));
	assert_false(records_has_timer(&view, ".service"));
	assert_false(records_has_timer(&view, ""));
	view_close(&view);
}

static void
sessions(void **state)
{
	static const char *const directories[] = { "run", "run/systemd", "run/systemd/sessions",
		NULL };
	static const struct {
		const char *service;
		enum origin origin;
	} rows[] = {
		{ "sshd", ORIGIN_SSH },
		{ "login", ORIGIN_CONSOLE },
		{ "gdm-password", ORIGIN_CONSOLE },
		{ "su-l", ORIGIN_SU },
		{ "sudo", ORIGIN_SU },
		{ "crond", ORIGIN_CRON },
		{ "atd", ORIGIN_AT },
		{ "else", ORIGIN_UNKNOWN },
	};
	struct fake *fake = *state;
	struct view view;

	open_root(fake, &view, directories);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[128];
		int length = snprintf(text, sizeof(text), "UID=1000\nXSERVICE=sshd\nSERVICE=%s\n",
		    rows[i].service);

		make_file(fake, 1, "root/run/systemd/sessions/3", text, (size_t)length);
		if (records_session_origin(&view, "3") != rows[i].origin)
			fail_msg("%s", rows[i].service);
	}
	assert_int_equal(records_session_origin(&view, "4"), ORIGIN_UNKNOWN);
	assert_int_equal(records_session_origin(&view, "../sessions/3"), ORIGIN_UNKNOWN);
	assert_int_equal(records_session_origin(&view, ""), ORIGIN_UNKNOWN);
	view_close(&view);
}

static void
types_of_sessions(void **state)
{
	static const char *const directories[] = { "run", "run/systemd", "run/systemd/sessions",
		NULL };
	static const struct {
		const char *text;
		enum session_type type;
	} rows[] = {
		{ "UID=1000\nTYPE=tty\nCLASS=user\n", SESSION_TTY },
		{ "UID=1000\nTYPE=x11\n", SESSION_X11 },
		{ "UID=1000\nTYPE=wayland", SESSION_WAYLAND },
		{ "UID=1000\nTYPE=mir\n", SESSION_MIR },
		{ "UID=1000\nTYPE=web\n", SESSION_WEB },
		{ "UID=1000\nTYPE=unspecified\n", SESSION_UNSPECIFIED },
		{ "UID=1000\nTYPE=ttys\n", SESSION_UNKNOWN },
		{ "UID=1000\nTYPE=\n", SESSION_UNKNOWN },
		{ "UID=1000\nORIGINAL_TYPE=tty\n", SESSION_UNKNOWN },
	};
	struct fake *fake = *state;
	struct view view;

	open_root(fake, &view, directories);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make_file(fake, 1, "root/run/systemd/sessions/3", rows[i].text,
		    strlen(rows[i].text));
		if (records_session_type(&view, "3") != rows[i].type)
			fail_msg("%s", rows[i].text);
	}
	assert_int_equal(records_session_type(&view, "4"), SESSION_UNKNOWN);
	assert_int_equal(records_session_type(&view, "../sessions/3"), SESSION_UNKNOWN);
	assert_int_equal(records_session_type(&view, ""), SESSION_UNKNOWN);
	view_close(&view);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(runs_of_units, fake_setup, fake_teardown),
		cmocka_unit_test(times),
		cmocka_unit_test_setup_teardown(timers, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(sessions, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(types_of_sessions, fake_setup, fake_teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
