/* SPDX-License-Identifier: MIT */
/*
 * Which processes a quick question leads to, and what the cgroup tree tells: out of files.
 * That a process was not looked at shows in the number of holders: each of these tests has
 * one that holds the socket too, where a quick walk has no reason to go.
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

#include "lookup-fake.h"
#include "skip.h"
#include "lookup/cgroup.h"

/* Asks one question and gives its owner, of which answers is to be released. */
static const struct owner *
ask_one(struct fake *fake, uint64_t cgroup, uint32_t uid, uint32_t flags,
    struct collection *answers)
{
	const struct wire_question question = {
		.inode = 100,
		.uid = uid,
		.cgroup = cgroup,
		.flags = flags,
	};

	ask_questions(fake, &question, 1, answers);
	return owner_of(answers, 100);
}

static void
make_holder(struct fake *fake, int pid, unsigned start)
{
	make_process(fake, pid, "worker", start);
	make_socket(fake, pid, 3, 100);
}

/* The processes of the socket's cgroup and of those below, all of them, and no others. */
static void
test_own_cgroup(void **state)
{
	struct fake *fake = *state;
	const int own[] = { PID(1), PID(2) }, below[] = { PID(3) };
	struct collection answers;
	const struct owner *owner;
	uint64_t id;

	make_process(fake, 1, "init", 1);
	make_holder(fake, PID(1), 20);
	make_holder(fake, PID(2), 10);
	make_holder(fake, PID(3), 30);
	make_holder(fake, PID(4), 5);
	(void)make_cgroup(fake, "system.slice", NULL, 0);
	id = make_cgroup(fake, "system.slice/web.service", own, 2);
	(void)make_cgroup(fake, "system.slice/web.service/below", below, 1);

	owner = ask_one(fake, id, 0, 0, &answers);
	assert_int_equal(owner->kind, OWNER_PROCESS);
	assert_int_equal(owner->holders, 3);
	assert_false(owner->thorough);
	assert_int_equal(owner->processes[0]->pid, PID(2));
	assert_int_equal(owner->processes[2]->pid, PID(3));
	assert_string_equal(owner->place.unit, "web.service");
	assert_string_equal(owner->place.slice, "system.slice");
	release(&answers);

	owner = ask_one(fake, id, 0, LOOKUP_THOROUGH, &answers);
	assert_int_equal(owner->holders, 4);
	assert_true(owner->thorough);
	assert_int_equal(owner->processes[0]->pid, PID(4));
	release(&answers);
}

/* A cgroup that is not there, or none: PID 1, then all others till one holds it. */
static void
test_elsewhere(void **state)
{
	struct fake *fake = *state;
	struct collection answers;
	const struct owner *owner;

	make_process(fake, 1, "init", 1);
	make_holder(fake, PID(1), 20);
	make_holder(fake, PID(2), 30);
	/* PID(2), whose number is the largest; of its parents none holds it. */
	owner = ask_one(fake, 4711, 0, 0, &answers);
	assert_int_equal(owner->holders, 1);
	assert_int_equal(owner->processes[0]->pid, PID(2));
	assert_false(owner->thorough);
	release(&answers);
	/* But of its child the parent is looked at, too. */
	make_stat_full(fake, PID(2), "worker", 30, PID(1), 0);
	owner = ask_one(fake, 0, 0, 0, &answers);
	assert_int_equal(owner->holders, 2);
	assert_int_equal(owner->processes[0]->pid, PID(1));
	release(&answers);
	make_socket(fake, 1, 3, 100);
	owner = ask_one(fake, 0, 0, 0, &answers);
	assert_int_equal(owner->holders, 1);
	assert_int_equal(owner->processes[0]->pid, 1);
	release(&answers);
	/* Nobody holds it: all were looked at. */
	owner = ask_one(fake, 0, 0, 0, &answers);
	release(&answers);
	ask(fake, 101, 1, 0, &answers);
	assert_true(owner_of(&answers, 101)->thorough);
	release(&answers);
}

/* A socket unit's listener: the manager has it, and the service that it started. */
static void
test_socket_unit(void **state)
{
	struct fake *fake = *state;
	const int service[] = { PID(1) };
	struct collection answers;
	const struct owner *owner;
	uint64_t id;

	make_process(fake, 1, "systemd", 1);
	make_socket(fake, 1, 30, 100);
	make_holder(fake, PID(1), 20);
	make_holder(fake, PID(2), 30);
	(void)make_cgroup(fake, "system.slice", NULL, 0);
	id = make_cgroup(fake, "system.slice/web.socket", NULL, 0);
	owner = ask_one(fake, id, 0, 0, &answers);
	assert_int_equal(owner->holders, 1);
	assert_int_equal(owner->processes[0]->pid, 1);
	assert_string_equal(owner->place.unit, "web.socket");
	assert_string_equal(owner_place(owner)->unit, "web.socket");
	release(&answers);

	(void)make_cgroup(fake, "system.slice/web.service", service, 1);
	owner = ask_one(fake, id, 0, 0, &answers);
	assert_int_equal(owner->holders, 1);
	assert_int_equal(owner->processes[0]->pid, PID(1));
	assert_string_equal(owner_place(owner)->unit, "web.service");
	assert_string_equal(owner->place.unit, "web.socket");
	release(&answers);
}

/* Sockets of one process that were made in two cgroups keep their places apart. */
static void
test_places_apart(void **state)
{
	struct fake *fake = *state;
	const uint64_t one = make_cgroup(fake, "one.socket", NULL, 0);
	const uint64_t two = make_cgroup(fake, "two.socket", NULL, 0);
	const struct wire_question questions[] = {
		{ .inode = 100, .cgroup = one },
		{ .inode = 101, .cgroup = two },
		{ .inode = 102, .cgroup = one },
		{ .inode = 103, .flags = LOOKUP_THOROUGH },
	};
	struct collection answers;

	make_process(fake, 1, "systemd", 1);
	for (unsigned i = 0; i < 4; i++)
		make_socket(fake, 1, 30 + (int)i, 100 + i);
	ask_questions(fake, questions, ARRAY_SIZE(questions), &answers);
	assert_int_equal(answers.packets, 4);
	assert_ptr_equal(owner_of(&answers, 100), owner_of(&answers, 102));
	assert_string_equal(owner_of(&answers, 100)->place.unit, "one.socket");
	assert_string_equal(owner_of(&answers, 101)->place.unit, "two.socket");
	assert_string_equal(owner_of(&answers, 103)->place.unit, "");
	/* One thorough question makes the walk thorough for all. */
	assert_true(owner_of(&answers, 100)->thorough);
	release(&answers);
}

/* In a cgroup of very many processes the walk ends with what it looked for. */
static void
test_large_cgroup(void **state)
{
	struct fake *fake = *state;
	static int pids[600];
	char text[600 * 12];
	size_t used = 0;
	struct collection answers;
	const struct owner *owner;
	uint64_t id = make_cgroup(fake, "large", NULL, 0);
	FILE *file;

	make_process(fake, 1, "init", 1);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		used +=
		    (size_t)snprintf(text + used, sizeof(text) - used, "%d\n", PID((int)i - 600));
	(void)snprintf(text + used, sizeof(text) - used, "%d\n", PID(1));
	{
		char path[128];
		(void)snprintf(path, sizeof(path), "%s/cgroup/large/cgroup.procs", fake->path);
		file = fopen(path, "we");
		assert_non_null(file);
		assert_true(fputs(text, file) >= 0);
		assert_int_equal(fclose(file), 0);
	}
	make_holder(fake, PID(1), 20);
	make_holder(fake, PID(-10), 10);
	make_holder(fake, PID(-20), 10);
	owner = ask_one(fake, id, 0, 0, &answers);
	assert_int_equal(owner->holders, 1);
	assert_int_equal(owner->processes[0]->pid, PID(1));
	release(&answers);
	make_stat_full(fake, PID(1), "worker", 20, PID(-20), 0);
	owner = ask_one(fake, id, 0, 0, &answers);
	assert_int_equal(owner->holders, 2);
	assert_int_equal(owner->processes[0]->pid, PID(-20));
	release(&answers);
}

/* The main process: PID 1's first child in the service, not who started first. */
static void
test_main_process(void **state)
{
	struct fake *fake = *state;
	const int pids[] = { PID(1), PID(2), PID(3) };
	struct collection answers;
	const struct process *process;

	make_process(fake, 1, "systemd", 1);
	make_holder(fake, PID(1), 10);
	make_process(fake, PID(2), "main", 20);
	make_process(fake, PID(3), "orphan", 30);
	make_link(fake, PID(2), "exe", "/usr/sbin/main (deleted)");
	make_stat_full(fake, PID(1), "first", 10, PID(9), 0);
	(void)make_cgroup(fake, "web.service", pids, 3);
	process = owner_first(ask_one(fake, 0, 0, 0, &answers));
	assert_int_equal(process->main_pid, PID(2));
	assert_string_equal(process->main_exe, "/usr/sbin/main");
	assert_string_equal(process->place.unit, "web.service");
	release(&answers);

	/* Where PID 1 is nobody's parent, who started first. */
	make_stat_full(fake, PID(2), "main", 20, PID(9), 0);
	make_stat_full(fake, PID(3), "orphan", 30, PID(9), 0);
	process = owner_first(ask_one(fake, 0, 0, 0, &answers));
	assert_int_equal(process->main_pid, PID(1));
	assert_string_equal(process->main_exe, "/usr/bin/prog");
	release(&answers);

	/* One that is in another cgroup by now is another process. */
	make_file(fake, PID(1), "cgroup", "0::/web.service/x\n", 18);
	process = owner_first(ask_one(fake, 0, 0, 0, &answers));
	assert_int_equal(process->main_pid, PID(1));
	release(&answers);
	make_stat_full(fake, PID(2), "main", 20, 1, 0);
	make_file(fake, PID(2), "cgroup", "0::/web.service2\n", 17);
	process = owner_first(ask_one(fake, 0, 0, 0, &answers));
	assert_int_equal(process->main_pid, 0);
	assert_string_equal(process->main_exe, "");
	release(&answers);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* In a container it is the one whose parent is outside. */
static void
test_main_of_container(void **state)
{
	struct fake *fake = *state;
	const int pids[] = { PID(1), PID(2) };
	struct collection answers;
	const struct process *process;

	/* A container's cgroup is one that root alone could make. */
	if (geteuid() != 0)
		skip_because("the directories made here would not be root's");
	make_process(fake, 1, "systemd", 1);
	make_holder(fake, PID(1), 10);
	make_process(fake, PID(2), "main", 20);
	make_stat_full(fake, PID(1), "worker", 10, PID(2), 0);
	make_stat_full(fake, PID(2), "main", 20, PID(9), 0);
	(void)make_cgroup(fake, "docker", NULL, 0);
	(void)make_cgroup(fake, "docker/" ID, pids, 2);
	process = owner_first(ask_one(fake, 0, 0, 0, &answers));
	assert_int_equal(process->main_pid, PID(2));
	assert_string_equal(process->place.container, ID);
	assert_int_equal(process->place.container_kind, CONTAINER_DOCKER);
	release(&answers);
}

static void
make_network(struct fake *fake, int pid, const char *namespace, const char *address)
{
	char table[512];
	int length = snprintf(table, sizeof(table),
	    "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n"
	    "     +-- 127.0.0.0/8 2 0 2\n           |-- 127.0.0.1\n"
	    "              /32 host LOCAL\n        |-- %s\n           /32 host LOCAL\n"
	    "        |-- 172.17.255.255\n           /32 link BROADCAST\n",
	    address);

	make_process(fake, pid, "main", 10);
	make_directory(fake, pid, "net");
	make_file(fake, pid, "net/fib_trie", table, (size_t)length);
	make_link(fake, pid, "ns/net", namespace);
}

static void
check_forward(struct fake *fake, const char *arguments, size_t length, const char *wanted)
{
	struct collection answers;
	const struct process *process;

	make_file(fake, PID(1), "cmdline", arguments, length);
	process = owner_first(ask_one(fake, 0, 0, 0, &answers));
	assert_string_equal(process->forwards_to, wanted);
	assert_int_equal(process->forwards_kind,
	    wanted[0] == '\0' ? CONTAINER_NONE : CONTAINER_DOCKER);
	release(&answers);
}

/* The status of a process of that user. */
static void
make_user(struct fake *fake, int pid, unsigned uid)
{
	char text[64];
	int length = snprintf(text, sizeof(text), "Uid:\t%u\t%u\t%u\t%u\n", uid, uid, uid, uid);

	make_file(fake, pid, "status", text, (size_t)length);
}

/* A program that root alone may have put there. Its path is in path, whose end is mkdtemp(3)'s. */
static void
make_roots_program(char *path, size_t size, const char *name)
{
	size_t length;

	assert_non_null(mkdtemp(path));
	assert_int_equal(chmod(path, 0755), 0);
	length = strlen(path);
	(void)snprintf(path + length, size - length, "/%s", name);
	assert_int_equal(close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755)), 0);
}

/* docker-proxy's container, by its address; two with one address are none. */
static void
test_forward(void **state)
{
	struct fake *fake = *state;
	const int one[] = { PID(2) }, two[] = { PID(3) }, alices[] = { PID(6) };
	char proxy[64] = "/run/overstay-forward.XXXXXX", other[64] = "/run/overstay-forward.XXXXXX";
#define ARGUMENTS(option, address) "docker-proxy\0-proto\0tcp\0" option address
#define CHECK(text, wanted)	   check_forward(fake, text, sizeof(text), wanted)

	need_root();
	make_roots_program(proxy, sizeof(proxy), "docker-proxy");
	make_roots_program(other, sizeof(other), "other-proxy");
	make_process(fake, 1, "systemd", 1);
	make_link(fake, 1, "root", "/");
	make_link(fake, 1, "ns/net", "net:[1]");
	make_holder(fake, PID(1), 10);
	make_user(fake, PID(1), 0);
	make_link(fake, PID(1), "exe", proxy);
	make_link(fake, PID(1), "ns/net", "net:[1]");
	make_network(fake, PID(2), "net:[2]", "172.17.0.2");
	make_network(fake, PID(3), "net:[3]", "172.18.0.2");
	make_network(fake, PID(4), "net:[4]", "172.19.0.2");
	(void)make_cgroup(fake, "docker", NULL, 0);
	(void)make_cgroup(fake, "docker/" ID, one, 1);
	(void)make_cgroup(fake,
	    "docker-ffff"
	    ".scope",
	    NULL, 0);
	(void)make_cgroup(fake, "lxc.payload.two", two, 1);

	CHECK(ARGUMENTS("-container-ip\0", "172.17.0.2"), ID);
	CHECK(ARGUMENTS("--container-ip=", "172.17.0.2"), ID);
	CHECK(ARGUMENTS("-container-ip\0", "127.0.0.1"), "");
	CHECK(ARGUMENTS("-container-ip\0", "172.17.255.255"), "");
	CHECK(ARGUMENTS("-container-ip\0", "172.19.0.2"), "");
	CHECK(ARGUMENTS("-container-ip\0", "fd00::2"), "");
	CHECK(ARGUMENTS("-container-ip\0", ""), "");
	CHECK("docker-proxy\0-container-ip", "");
	CHECK("", "");
	make_network(fake, PID(5), "net:[5]", "172.17.0.2");
	(void)make_cgroup(fake, "lxc", NULL, 0);
	make_file(fake, PID(5), "cgroup", "0::/lxc/other\n", 14);
	CHECK(ARGUMENTS("-container-ip\0", "172.17.0.2"), "");
	make_file(fake, PID(5), "cgroup", "0::/no/container\n", 17);
	CHECK(ARGUMENTS("-container-ip\0", "172.17.0.2"), ID);
	/* Anybody may run root's file, and tell only of a container below the own manager. */
	make_user(fake, PID(1), 1000);
	CHECK(ARGUMENTS("-container-ip\0", "172.17.0.2"), "");
	make_network(fake, PID(6), "net:[6]", "172.20.0.2");
	(void)make_cgroup(fake, "user@1000.service", NULL, 0);
	(void)make_cgroup(fake, "user@1000.service/docker-" ID ".scope", alices, 1);
	CHECK(ARGUMENTS("-container-ip\0", "172.20.0.2"), ID);
	make_user(fake, PID(1), 0);
	CHECK(ARGUMENTS("-container-ip\0", "172.20.0.2"), "");
	CHECK(ARGUMENTS("-container-ip\0", "172.17.0.2"), ID);
	/* And anybody may call a file so. */
	assert_int_equal(chown(proxy, 1000, 1000), 0);
	CHECK(ARGUMENTS("-container-ip\0", "172.17.0.2"), "");
	make_link(fake, PID(1), "exe", other);
	CHECK(ARGUMENTS("-container-ip\0", "172.17.0.2"), "");
	for (size_t i = 0; i < 2; i++) {
		char *path = i == 0 ? proxy : other;

		assert_int_equal(unlink(path), 0);
		*strrchr(path, '/') = '\0';
		assert_int_equal(rmdir(path), 0);
	}
}

/* A path that leads out of the tree leads nowhere, and a torn list has no numbers. */
static void
test_cgroup_paths(void **state)
{
	struct fake *fake = *state;
	const int some[] = { 0, 7, 8 };
	struct cgroup wanted[] = { { .id = 0 }, { .id = 0 }, { .id = UINT64_MAX } };
	struct pids pids = { 0 };
	struct stat root;
	bool foreign = false;
	uint64_t id;

	make_process(fake, 7, "x", 1);
	make_process(fake, 8, "x", 1);
	(void)make_cgroup(fake, "a", NULL, 0);
	id = make_cgroup(fake, "a/b", some, 3);
	assert_int_equal(cgroup_read_pids(fake->host.cgroup_fd, "/..", 9, &pids, NULL), -ENOENT);
	assert_int_equal(cgroup_read_pids(fake->host.cgroup_fd, "/../7", 9, &pids, NULL), -ENOENT);
	assert_int_equal(cgroup_read_pids(fake->host.cgroup_fd, "/a", 9, &pids, &foreign), 0);
	assert_int_equal(pids.count, 2);
	assert_true(foreign);
	pids.count = 0;
	assert_int_equal(cgroup_read_pids(fake->host.cgroup_fd, "", 1, &pids, NULL), -E2BIG);
	assert_int_equal(pids.count, 1);
	free(pids.list);

	assert_int_equal(fstat(fake->host.cgroup_fd, &root), 0);
	/* They are sorted by their ids. */
	wanted[root.st_ino > id].id = root.st_ino;
	wanted[root.st_ino < id].id = id;
	assert_int_equal(cgroup_find(fake->host.cgroup_fd, wanted, 3), 0);
	assert_string_equal(wanted[root.st_ino > id].path, "");
	assert_string_equal(wanted[root.st_ino < id].path, "/a/b");
	assert_null(wanted[2].path);
	free(wanted[0].path);
	free(wanted[1].path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_own_cgroup, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_elsewhere, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_socket_unit, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_places_apart, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_large_cgroup, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_main_process, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_main_of_container, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_forward, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_cgroup_paths, fake_setup, fake_teardown),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
