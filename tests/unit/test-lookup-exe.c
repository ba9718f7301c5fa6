/* SPDX-License-Identifier: MIT */
/*
 * Which file a process runs: real processes in real namespaces, as upgraded services have them
 * and as who wants to look like one makes them. What needs root, or a PID 1 that may be looked
 * at, is left out without.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lookup-child.h"
#include "skip.h"

/* What an upgrade leaves: the file is gone, and only root could have put it there. */
static void
test_deleted(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;

	start_child(fixture, fixture->copy, "x", NULL);
	assert_int_equal(unlink(fixture->copy), 0);
	process = ask_child(fixture);
	assert_string_equal(process->exe, fixture->copy);
	assert_true(process->exe_deleted);
	help_need_init();
	assert_int_equal(process->exe_trust, EXE_REPLACED);

	/* A new file of that name is another one. */
	assert_int_equal(copy_file(fixture->program, fixture->copy), 0);
	process = ask_child(fixture);
	assert_true(process->exe_deleted);
	assert_int_equal(process->exe_trust, EXE_REPLACED);

	assert_int_equal(chmod(fixture->directory, 0777), 0);
	process = ask_child(fixture);
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
	assert_int_equal(chmod(fixture->directory, 0755), 0);
}

/* Deleted, but not an upgrade's: another user's file, and one that others may write. */
static void
test_deleted_of_others(void **state)
{
	struct fixture *fixture = *state;

	help_need_init();
	for (int round = 0; round < 2; round++) {
		const struct process *process;

		if (round == 0)
			assert_int_equal(chown(fixture->copy, 65534, 65534), 0);
		else
			assert_int_equal(chmod(fixture->copy, 0775), 0);
		start_child(fixture, fixture->copy, "x", NULL);
		assert_int_equal(unlink(fixture->copy), 0);
		process = ask_child(fixture);
		assert_true(process->exe_deleted);
		assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
		end_child(&fixture->child);
		assert_int_equal(copy_file(fixture->program, fixture->copy), 0);
	}
}

/* A file that is called so is not deleted, whatever its name says. */
static void
test_called_deleted(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;
	char name[128], other[128];

	help_need_init();
	(void)snprintf(name, sizeof(name), "%s (deleted)", fixture->copy);
	(void)snprintf(other, sizeof(other), "%s/other", fixture->directory);
	assert_int_equal(rename(fixture->copy, name), 0);
	start_child(fixture, name, "x", NULL);
	process = ask_child(fixture);
	assert_string_equal(process->exe, name);
	assert_false(process->exe_deleted);
	assert_int_equal(process->exe_trust, EXE_SAME);

	/* Now it is deleted indeed, while another name keeps the file. */
	assert_int_equal(link(name, other), 0);
	assert_int_equal(unlink(name), 0);
	process = ask_child(fixture);
	assert_string_equal(process->exe, name);
	assert_true(process->exe_deleted);
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
	assert_int_equal(unlink(other), 0);
}

/* An ordinary user's way to look like another program: mounts of its own. */
static int
imitate(struct fixture *fixture)
{
	if (setgid(65534) < 0 || setuid(65534) < 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount(fixture->copy, fixture->program, NULL, MS_BIND, NULL) < 0 ?
	    -1 :
	    0;
}

/* The same as root, where users may not have namespaces. */
static int
imitate_as_root(struct fixture *fixture)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount(fixture->copy, fixture->program, NULL, MS_BIND, NULL) < 0 ?
	    -1 :
	    0;
}

static int
own_mounts(struct fixture *fixture)
{
	(void)fixture;
	return unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ?
	    -1 :
	    0;
}

static int
bind_directory(struct fixture *fixture)
{
	return own_mounts(fixture) < 0 ||
		mount(fixture->directory, "/mnt", NULL, MS_BIND, NULL) < 0 ?
	    -1 :
	    0;
}

static int
own_users(struct fixture *fixture)
{
	(void)fixture;
	return setgid(65534) < 0 || setuid(65534) < 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ?
	    -1 :
	    0;
}

/* A root below which all is as before. */
static int
own_root(struct fixture *fixture)
{
	return own_users(fixture) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("/", "/mnt", NULL, MS_BIND | MS_REC, NULL) < 0 || chroot("/mnt") < 0 ||
		chdir("/") < 0 ?
	    -1 :
	    0;
}

static bool
users_have_namespaces(void)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(setuid(65534) < 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static void
test_imitation(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;

	help_need_init();
	start_child(fixture, fixture->program, "sleep",
	    users_have_namespaces() ? imitate : imitate_as_root);
	process = ask_child(fixture);
	assert_string_equal(process->exe, fixture->program);
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
	end_child(&fixture->child);

	/* Mounts of its own alone are no imitation: services with PrivateTmp= have them. */
	start_child(fixture, fixture->program, "sleep", own_mounts);
	process = ask_child(fixture);
	assert_int_equal(process->exe_trust, EXE_SAME);
	end_child(&fixture->child);

	/* Nor when the file is an upgrade's leftover: it is where PID 1 sees that path, too. */
	start_child(fixture, fixture->copy, "sleep", own_mounts);
	assert_int_equal(unlink(fixture->copy), 0);
	process = ask_child(fixture);
	assert_string_equal(process->exe, fixture->copy);
	assert_int_equal(process->exe_trust, EXE_REPLACED);
}

/* A deleted file under a borrowed name, by root's mounts (a setuid program's, at worst). */
static void
test_imitation_deleted(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;

	help_need_init();
	start_child(fixture, fixture->program, "sleep", imitate_as_root);
	assert_int_equal(unlink(fixture->copy), 0);
	process = ask_child(fixture);
	assert_string_equal(process->exe, fixture->program);
	assert_true(process->exe_deleted);
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
	end_child(&fixture->child);

	/* A whole directory bound over another one. */
	assert_int_equal(copy_file(fixture->program, fixture->copy), 0);
	start_child(fixture, "/mnt/a) S 1 (\n\033[2J\xff", "sleep", bind_directory);
	assert_int_equal(unlink(fixture->copy), 0);
	process = ask_child(fixture);
	assert_int_equal(strncmp(process->exe, "/mnt/", 5), 0);
	assert_true(process->exe_deleted);
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
}

/* ---- an ordinary user's mounts over the host's programs ------------------------------------ */

static const char *cover_source, *cover_target;

static int
cover(struct fixture *fixture)
{
	char source[128];

	(void)snprintf(source, sizeof(source), "%s/%s", fixture->directory, cover_source);
	return own_users(fixture) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount(source, cover_target, NULL, MS_BIND, NULL) < 0 ?
	    -1 :
	    0;
}

static void
run_there(struct fixture *fixture, const char *command)
{
	char line[512];

	(void)snprintf(line, sizeof(line), "cd %s && %s", fixture->directory, command);
	if (system(line) != 0)
		fail_msg("%s", line);
}

static void
test_covers(void **state)
{
	static const struct {
		const char *source, *target, *run, *argument;
		uint32_t wanted;
	} rows[] = {
		/* Somebody's own file, and another's. */
		{ "x", "/usr/bin/tac", "/usr/bin/tac", "x", EVIDENCE_EXE_COVERS },
		{ "x", "/usr/bin/tac", "/usr/bin/tac", "tac", EVIDENCE_EXE_COVERS },
		{ "other", "/usr/bin/tac", "/usr/bin/tac", "tac", EVIDENCE_EXE_COVERS },
		/* Run beside it, under that name. */
		{ "x", "/usr/bin/tac", "x", "/usr/bin/tac", EVIDENCE_NAME_OTHER },
		/* Root's, under its own name and under another. */
		{ "bin/tac", "/usr/bin/tac", "/usr/bin/tac", "tac", 0 },
		{ "roots", "/usr/bin/tac", "/usr/bin/tac", "tac", EVIDENCE_EXE_COVERS },
		/* A directory that packages share, and one of another package's own. */
		{ "own", "/usr/bin", "/usr/bin/tac", "tac", EVIDENCE_EXE_COVERS },
		{ "own", "/usr/lib/overstay-test/bin", "/usr/lib/overstay-test/bin/tac", "tac", 0 },
		{ "x", "/usr/lib/overstay-test/bin/tac", "/usr/lib/overstay-test/bin/tac", "tac",
		    EVIDENCE_EXE_COVERS },
		/* Not the system's; nothing that was covered. */
		{ "x", "/opt/overstay-test", "/opt/overstay-test", "x", 0 },
		{ "x", "/usr/bin/tac", "/usr/bin/sleep", "sleep", 0 },
	};
	const uint32_t bits = EVIDENCE_EXE_COVERS | EVIDENCE_NAME_OTHER;
	struct fixture *fixture = *state;

	help_need_init();
	if (!users_have_namespaces())
		skip_because("users have no namespaces of their own");
	run_there(fixture,
	    "cp /bin/sleep x && cp x other && cp x roots && mkdir bin own && cp x bin/tac && "
	    "cp x own/tac && chown -R 65534 x own && chown 4711 other && "
	    "mkdir -p /usr/lib/overstay-test/bin && cp x /usr/lib/overstay-test/bin/tac && "
	    "cp x /opt/overstay-test");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char run[128];
		const struct process *process;

		cover_source = rows[i].source;
		cover_target = rows[i].target;
		(void)snprintf(run, sizeof(run), "%s%s%s",
		    rows[i].run[0] == '/' ? "" : fixture->directory,
		    rows[i].run[0] == '/' ? "" : "/", rows[i].run);
		start_child(fixture, run, rows[i].argument, cover);
		process = ask_child(fixture);
		if ((process->evidence & bits) != rows[i].wanted)
			fail_msg("%s over %s: %#x", cover_source, cover_target, process->evidence);
		end_child(&fixture->child);
	}
	run_there(fixture,
	    "rm -rf x other roots bin own /usr/lib/overstay-test /opt/overstay-test");
}

static int
bind_below(struct fixture *fixture)
{
	char from[96], to[96];

	(void)snprintf(from, sizeof(from), "%s/from", fixture->directory);
	(void)snprintf(to, sizeof(to), "%s/to", fixture->directory);
	return own_mounts(fixture) < 0 || mount(from, to, NULL, MS_BIND, NULL) < 0 ? -1 : 0;
}

/* A mount whose directory is removed is taken away, and paths on it get shorter. */
static void
test_imitation_detached(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;
	char from[96], inner[100], file[104], to[96], name[110];

	help_need_init();
	(void)snprintf(from, sizeof(from), "%s/from", fixture->directory);
	(void)snprintf(inner, sizeof(inner), "%s/mnt", from);
	(void)snprintf(file, sizeof(file), "%s/x", inner);
	(void)snprintf(to, sizeof(to), "%s/to", fixture->directory);
	(void)snprintf(name, sizeof(name), "%s/mnt/x", to);
	assert_int_equal(mkdir(from, 0755), 0);
	assert_int_equal(mkdir(inner, 0755), 0);
	assert_int_equal(mkdir(to, 0755), 0);
	assert_int_equal(copy_file(fixture->program, file), 0);
	start_child(fixture, name, "x", bind_below);
	assert_int_equal(rmdir(to), 0);
	assert_int_equal(unlink(file), 0);
	process = ask_child(fixture);
	/* /mnt is root's directory for PID 1, and no mount changed it. */
	assert_string_equal(process->exe, "/mnt/x");
	assert_true(process->exe_deleted);
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
	assert_int_equal(rmdir(inner), 0);
	assert_int_equal(rmdir(from), 0);
}

/*
 * An ordinary user's own namespaces. Root's file, under its own path, is what it is there as
 * well, and stays it when it is replaced; a borrowed name does not get better by that.
 */
static void
test_deleted_in_user_namespace(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;

	help_need_init();
	if (!users_have_namespaces())
		skip_because("users have no namespaces here");
	start_child(fixture, fixture->copy, "sleep", own_users);
	assert_int_equal(unlink(fixture->copy), 0);
	process = ask_child(fixture);
	assert_int_equal(process->exe_trust, EXE_REPLACED);
	assert_true((process->evidence & EVIDENCE_OTHER_USERS) != 0);
	assert_true((process->evidence & EVIDENCE_OTHER_MOUNTS) != 0);
	end_child(&fixture->child);

	assert_int_equal(copy_file(fixture->program, fixture->copy), 0);
	start_child(fixture, fixture->program, "sleep", imitate);
	assert_int_equal(unlink(fixture->copy), 0);
	process = ask_child(fixture);
	assert_string_equal(process->exe, fixture->program);
	assert_true(process->exe_deleted);
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
	end_child(&fixture->child);

	/* With another root than its mounts' the two texts need not agree. */
	assert_int_equal(copy_file(fixture->program, fixture->copy), 0);
	start_child(fixture, fixture->copy, "sleep", own_root);
	assert_int_equal(unlink(fixture->copy), 0);
	process = ask_child(fixture);
	assert_true(process->exe_deleted);
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
}

/* Other names of a file are other paths: the one it was started by is told. */
static void
test_links(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;
	char name[128];

	help_need_init();
	(void)snprintf(name, sizeof(name), "%s/other", fixture->directory);
	assert_int_equal(link(fixture->copy, name), 0);
	start_child(fixture, name, "x", NULL);
	process = ask_child(fixture);
	assert_string_equal(process->exe, name);
	assert_int_equal(process->exe_trust, EXE_SAME);
	end_child(&fixture->child);
	assert_int_equal(unlink(name), 0);

	assert_int_equal(symlink(fixture->copy, name), 0);
	start_child(fixture, name, "x", NULL);
	process = ask_child(fixture);
	assert_string_equal(process->exe, fixture->copy);
	assert_int_equal(process->exe_trust, EXE_SAME);
	assert_int_equal(unlink(name), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		TEST(test_deleted),
		TEST(test_deleted_of_others),
		TEST(test_called_deleted),
		TEST(test_imitation),
		TEST(test_imitation_deleted),
		TEST(test_imitation_detached),
		TEST(test_covers),
		TEST(test_deleted_in_user_namespace),
		TEST(test_links),
	};

	help_isolate();
	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
