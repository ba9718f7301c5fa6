/* SPDX-License-Identifier: MIT */
/*
 * Files that poll like /proc and a cgroup tree. The answers are read with the parser of the
 * asking side, so each of them is also a well-formed packet.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lookup-fake.h"
#include "lookup/budget.h"

int
fake_setup(void **state)
{
	static struct fake fake;

	(void)snprintf(fake.path, sizeof(fake.path), "/tmp/overstay-proc-XXXXXX");
	if (mkdtemp(fake.path) == NULL)
		return -1;
	fake.fd = open(fake.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fake.fd < 0 || mkdirat(fake.fd, "cgroup", 0755) < 0)
		return -1;
	fake.host = (struct host){
		.proc_fd = fake.fd,
		.limits = &budget_default_limits,
		.cgroup_fd = openat(fake.fd, "cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.systemd_fd = -1,
	};
	*state = &fake;
	return fake.host.cgroup_fd < 0 ? -1 : 0;
}

static int
remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

int
fake_teardown(void **state)
{
	struct fake *fake = *state;

	(void)close(fake->fd);
	(void)close(fake->host.cgroup_fd);
	return nftw(fake->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void
make_directory(struct fake *fake, int pid, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%d/%s", pid, name);
	assert_int_equal(mkdirat(fake->fd, path, 0755), 0);
}

void
make_file(struct fake *fake, int pid, const char *name, const void *bytes, size_t length)
{
	char path[128];
	_close_ int fd = -1;

	(void)snprintf(path, sizeof(path), "%d/%s", pid, name);
	fd = openat(fake->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
}

void
make_link(struct fake *fake, int pid, const char *name, const char *target)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%d/%s", pid, name);
	(void)unlinkat(fake->fd, path, 0);
	assert_int_equal(symlinkat(target, fake->fd, path), 0);
}

void
make_stat_full(struct fake *fake, int pid, const char *comm, unsigned start, int parent,
    unsigned flags)
{
	char line[1024];
	int length = snprintf(line, sizeof(line),
	    "%d (%s) S %d 10 10 0 -1 %u 99 0 0 0 1 2 3 4 "
	    "20 0 1 0 %u 2949120 400 1\n",
	    pid, comm, parent, flags, start);

	make_file(fake, pid, "stat", line, (size_t)length);
}

void
make_stat(struct fake *fake, int pid, const char *comm, unsigned start)
{
	make_stat_full(fake, pid, comm, start, 1, 0);
}

/* A process without descriptors. */
void
make_process(struct fake *fake, int pid, const char *comm, unsigned start)
{
	static const char status[] =
	    "Name:\tx\nUid:\t1000\t1001\t1\t1\nGid:\t1000\t1002\t1\t1\nGroups:\t4 27 \n";
	char name[32];

	make_directory(fake, pid, "");
	make_directory(fake, pid, "fd");
	make_directory(fake, pid, "ns");
	make_directory(fake, pid, "task");
	(void)snprintf(name, sizeof(name), "task/%d", pid);
	make_directory(fake, pid, name);
	make_stat(fake, pid, comm, start);
	make_file(fake, pid, "status", status, sizeof(status) - 1);
	make_file(fake, pid, "cmdline", "prog\0-x\0", 8);
	make_file(fake, pid, "loginuid", "1000", 4);
	make_link(fake, pid, "exe", "/usr/bin/prog");
	make_link(fake, pid, "cwd", "/srv");
	make_link(fake, pid, "ns/mnt", "mnt:[4026531841]");
}

void
make_socket(struct fake *fake, int pid, int fd, unsigned inode)
{
	char name[32], target[32];

	(void)snprintf(name, sizeof(name), "fd/%d", fd);
	(void)snprintf(target, sizeof(target), "socket:[%u]", inode);
	make_link(fake, pid, name, target);
}

static int
collect(const char *packet, size_t length, void *argument)
{
	struct collection *collection = argument;
	struct lookup_client_packet answer;

	assert_false(collection->done);
	assert_int_equal(lookup_client_parse(packet, length, &answer), 0);
	assert_int_equal(answer.id, 5);
	collection->packets++;
	collection->done = answer.done;
	collection->saw_all = answer.saw_all;
	for (uint32_t i = 0; i < answer.inode_count; i++) {
		assert_true(collection->count < ANSWERS_MAX);
		collection->owners[collection->count++] =
		    (struct collected){ answer.inodes[i], owner_ref(answer.owner) };
	}
	owner_unref(answer.owner);
	return 0;
}

uint64_t
make_cgroup(struct fake *fake, const char *path, const int *pids, size_t count)
{
	char name[256], text[1024] = "";
	_close_ int fd = -1;
	struct stat status;
	int used = 0;

	for (size_t i = 0; i < count; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "%d\n", pids[i]);
	(void)snprintf(name, sizeof(name), "cgroup/%s", path);
	assert_int_equal(mkdirat(fake->fd, name, 0755), 0);
	assert_int_equal(fstatat(fake->fd, name, &status, 0), 0);
	(void)snprintf(name, sizeof(name), "cgroup/%s/cgroup.procs", path);
	fd = openat(fake->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, (size_t)used), used);
	for (size_t i = 0; i < count; i++) {
		char line[300];
		int length = snprintf(line, sizeof(line), "0::/%s\n", path);
		if (pids[i] > 0)
			make_file(fake, pids[i], "cgroup", line, (size_t)length);
	}
	return status.st_ino;
}

void
ask_questions(struct fake *fake, const struct wire_question *questions, size_t count,
    struct collection *ret)
{
	const struct wire_paths no_paths = { .count = 0 };

	memset(ret, 0, sizeof(*ret));
	assert_int_equal(answer_request(&fake->host, 5, questions, count, no_paths, collect, ret),
	    0);
	assert_true(ret->done);
	assert_int_equal(ret->count, count);
}

void
ask(struct fake *fake, uint32_t first, size_t count, uint32_t uid, struct collection *ret)
{
	struct wire_question questions[ANSWERS_MAX];

	for (size_t i = 0; i < count; i++)
		questions[i] = (struct wire_question){
			.inode = first + (uint32_t)i,
			.uid = uid,
			.flags = LOOKUP_THOROUGH,
		};
	ask_questions(fake, questions, count, ret);
}

struct owner *
owner_of(const struct collection *collection, uint32_t inode)
{
	for (size_t i = 0; i < collection->count; i++)
		if (collection->owners[i].inode == inode)
			return collection->owners[i].owner;
	fail_msg("inode %u was not answered", inode);
	return NULL;
}

void
release(struct collection *collection)
{
	for (size_t i = 0; i < collection->count; i++)
		owner_unref(collection->owners[i].owner);
}
