/* SPDX-License-Identifier: MIT */
/*
 * Requests answered out of a /proc made of plain files while memory is short.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "lookup-fake.h"
#include "lookup-short.h"
#include "lookup/budget.h"
#include "lookup/known.h"
#include "skip.h"

static int
open_fake(void *argument, struct host *ret)
{
	const struct fake *fake = argument;

	*ret = fake->host;
	ret->known = known_new();
	return ret->known == NULL ? -ENOMEM : 0;
}

static void
close_fake(struct host *host)
{
	free(host->known);
}

static void
check(struct fake *fake, const struct wire_question *questions, size_t count, const char *path,
    const char *holds)
{
	const struct short_request request = {
		.questions = questions,
		.count = count,
		.path = path,
		.holds = holds,
		.open = open_fake,
		.close = close_fake,
		.argument = fake,
	};

	short_check(&request);
}

static void
check_one(struct fake *fake, const struct wire_question *question, const char *holds)
{
	check(fake, question, 1, NULL, holds);
}

/* Several of one cgroup, of several and of none, and a path. */
static void
test_holders(void **state)
{
	struct fake *fake = *state;
	struct wire_question questions[6] = { 0 };
	const int pids[] = { PID(1), PID(2) };
	uint64_t cgroup;

	make_process(fake, 1, "init", 1);
	make_link(fake, 1, "root", "/");
	for (int i = 1; i <= 4; i++) {
		make_process(fake, PID(i), "x", 10 + (unsigned)i);
		for (int socket = 0; socket < i; socket++)
			make_socket(fake, PID(i), 3 + socket, 100 + (unsigned)socket);
	}
	cgroup = make_cgroup(fake, "a.service", pids, ARRAY_SIZE(pids));
	for (uint32_t i = 0; i < ARRAY_SIZE(questions); i++)
		questions[i] = (struct wire_question){
			.inode = 100 + i,
			.uid = i,
			.cgroup = i < 2 ? cgroup : i,
		};
	check(fake, questions, ARRAY_SIZE(questions), "/proc/self/exe", "a.service");
	questions[0].flags = LOOKUP_THOROUGH | LOOKUP_CHECKSUM;
	check(fake, questions, ARRAY_SIZE(questions), NULL, NULL);
}

/* More users, and more descriptors than are read at first. */
static void
test_unfinished(void **state)
{
	struct fake *fake = *state;
	struct budget_limits limits = budget_default_limits;
	const struct wire_question questions[] = {
		{ .inode = 100, .flags = LOOKUP_THOROUGH },
		{ .inode = 140, .uid = 7 },
		{ .inode = 141 },
	};

	need_root();
	limits.first = 4;
	limits.second = 8;
	limits.process = 16;
	limits.user = 20;
	fake->host.limits = &limits;
	make_process(fake, 1, "init", 1);
	for (int i = 0; i < 20; i++) {
		char name[32];

		make_process(fake, PID(i), "x", 10 + (unsigned)i);
		for (int fd = 0; fd < i; fd++)
			make_socket(fake, PID(i), fd, 100 + (unsigned)(i == fd + 1 ? 0 : fd));
		(void)snprintf(name, sizeof(name), "%d", PID(i));
		assert_int_equal(fchownat(fake->fd, name, (uid_t)i / 2, 0, 0), 0);
	}
	check(fake, questions, ARRAY_SIZE(questions), NULL, NULL);
}

/* The main process of a unit that was started anew: by what the environment says. */
static void
test_main_process(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef",
			  environment[] = "A=b\0INVOCATION_ID=0123456789abcdef0123456789abcdef";
	struct fake *fake = *state;
	const int pids[] = { PID(1), PID(2) };
	struct wire_question question = { .inode = 100 };

	make_process(fake, 1, "init", 1);
	make_directory(fake, 1, "root");
	make_directory(fake, 1, "root/run");
	make_directory(fake, 1, "root/run/systemd");
	make_directory(fake, 1, "root/run/systemd/units");
	make_link(fake, 1, "root/run/systemd/units/invocation:a.service", id);
	for (int i = 1; i <= 2; i++)
		make_process(fake, PID(i), "x", (unsigned)i);
	make_link(fake, PID(1), "exe", "/usr/bin/main");
	make_file(fake, PID(1), "environ", environment, sizeof(environment));
	make_file(fake, PID(2), "environ", environment, sizeof(environment));
	make_socket(fake, PID(2), 3, 100);
	make_cgroup(fake, "system.slice", NULL, 0);
	question.cgroup = make_cgroup(fake, "system.slice/a.service", pids, ARRAY_SIZE(pids));
	check_one(fake, &question, "/usr/bin/main");
}

/* Sockets that nobody holds: the kernel's perhaps, or another namespace's. */
static void
test_nobody(void **state)
{
	struct fake *fake = *state;
	const int foreign[] = { 0 };
	struct wire_question questions[] = { { .inode = 100, .port = 50001 },
		{ .inode = 101, .protocol = LOOKUP_UDP }, { .inode = 102, .uid = 5 },
		{ .inode = 103, .uid = 6 } };

	make_process(fake, 1, "init", 1);
	make_process(fake, PID(1), "x", 10);
	make_stat_full(fake, PID(1), "lockd", 10, 2, 0x00208040);
	assert_int_equal(mkdirat(fake->fd, "self", 0755), 0);
	assert_int_equal(mkdirat(fake->fd, "self/ns", 0755), 0);
	assert_int_equal(symlinkat("pid:[1]", fake->fd, "self/ns/pid"), 0);
	questions[0].cgroup = make_cgroup(fake, "own.service", NULL, 0);
	questions[1].cgroup = questions[2].cgroup = questions[0].cgroup;
	questions[3].cgroup = make_cgroup(fake, "other.service", foreign, 1);
	(void)make_cgroup(fake, "other.service/below", foreign, 1);
	check(fake, questions, ARRAY_SIZE(questions), NULL, NULL);
}

#define CONTAINER_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* A port that is passed on into a container. */
static void
test_forwarded(void **state)
{
	static const char cmdline[] = "docker-proxy\0-container-ip\000172.17.0.2\0",
			  status[] = "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n",
			  table[] = "  |-- 172.17.0.2\n     /32 host LOCAL\n";
	struct fake *fake = *state;
	const int pids[] = { PID(2) };
	const struct wire_question question = { .inode = 100 };
	char root[96], name[128], command[1024];

	need_root();
	make_process(fake, 1, "init", 1);
	make_directory(fake, 1, "root");
	make_link(fake, 1, "ns/net", "net:[1]");
	/* PID 1 sees the file by the path that it has. */
	(void)snprintf(root, sizeof(root), "%s/1/root", fake->path);
	(void)snprintf(name, sizeof(name), "%s/docker-proxy", root);
	(void)snprintf(command, sizeof(command),
	    "umask 022 && mkdir -p %s%s && cp /bin/true %s && ln %s %s%s", root, root, name, name,
	    root, name);
	assert_int_equal(system(command), 0);
	make_process(fake, PID(1), "docker-proxy", 10);
	make_link(fake, PID(1), "ns/net", "net:[1]");
	make_link(fake, PID(1), "exe", name);
	make_file(fake, PID(1), "cmdline", cmdline, sizeof(cmdline) - 1);
	make_file(fake, PID(1), "status", status, sizeof(status) - 1);
	make_socket(fake, PID(1), 3, 100);
	make_process(fake, PID(2), "inside", 10);
	make_link(fake, PID(2), "ns/net", "net:[2]");
	make_directory(fake, PID(2), "net");
	make_file(fake, PID(2), "net/fib_trie", table, sizeof(table) - 1);
	make_cgroup(fake, "system.slice", NULL, 0);
	make_cgroup(fake, "system.slice/docker-" CONTAINER_ID ".scope", pids, 1);
	check_one(fake, &question, CONTAINER_ID);
}

/* Mounts of its own, and a file below /tmp. */
static void
test_own_mounts(void **state)
{
	static const char mounts[] = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
				     "21 20 8:2 / /tmp rw - tmpfs tmpfs rw\n",
			  own[] = "30 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
				  "31 30 8:2 / /opt rw - tmpfs tmpfs rw\n";
	struct fake *fake = *state;
	const struct wire_question question = { .inode = 100 };

	make_process(fake, 1, "init", 1);
	make_link(fake, 1, "root", "/");
	make_file(fake, 1, "mountinfo", mounts, sizeof(mounts) - 1);
	make_process(fake, PID(1), "x", 10);
	make_link(fake, PID(1), "ns/mnt", "mnt:[7]");
	make_link(fake, PID(1), "exe", "/opt/prog");
	make_file(fake, PID(1), "mountinfo", own, sizeof(own) - 1);
	make_socket(fake, PID(1), 3, 100);
	check_one(fake, &question, "/opt/prog");
}

/* A copy of a shell, which is known by the host's. */
static void
test_known(void **state)
{
	struct fake *fake = *state;
	const struct wire_question question = { .inode = 100 };
	char name[160], command[512];

	need_root();
	make_process(fake, 1, "init", 1);
	make_directory(fake, 1, "root");
	make_directory(fake, 1, "root/usr");
	make_directory(fake, 1, "root/usr/bin");
	(void)snprintf(command, sizeof(command),
	    "cp /bin/sh %s/1/root/usr/bin/sh && cp /bin/sh %s/harmless && "
	    "cp /bin/cat %s/1/root/usr/bin/python3",
	    fake->path, fake->path, fake->path);
	assert_int_equal(system(command), 0);
	make_process(fake, PID(1), "harmless", 10);
	(void)snprintf(name, sizeof(name), "%s/harmless", fake->path);
	make_link(fake, PID(1), "exe", name);
	make_socket(fake, PID(1), 3, 100);
	check_one(fake, &question, "/srvsh");
}

/* What a service manager holds, and starts a shell for. */
static void
test_accepted(void **state)
{
	struct fake *fake = *state;
	const int init[] = { 1 }, shell[] = { PID(1) };
	struct wire_question question = { .inode = 100 };

	make_process(fake, 1, "systemd", 1);
	make_socket(fake, 1, 3, 100);
	make_process(fake, PID(1), "sh", 10);
	make_link(fake, PID(1), "exe", "/bin/sh");
	make_file(fake, PID(1), "cmdline", "sh\0", 3);
	make_cgroup(fake, "init.scope", init, 1);
	make_cgroup(fake, "system.slice", NULL, 0);
	question.cgroup = make_cgroup(fake, "system.slice/x.socket", NULL, 0);
	make_cgroup(fake, "system.slice/x.service", NULL, 0);
	make_cgroup(fake, "system.slice/system-x.slice", NULL, 0);
	make_cgroup(fake, "system.slice/system-x.slice/x@1.service", shell, 1);
	check_one(fake, &question, "x.socket");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_holders, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_unfinished, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_main_process, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_nobody, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_forwarded, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_own_mounts, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_known, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_accepted, fake_setup, fake_teardown),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
