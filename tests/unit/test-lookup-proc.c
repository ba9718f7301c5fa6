/* SPDX-License-Identifier: MIT */
/*
 * Requests answered out of a /proc made of plain files, as hostile as they come. The
 * answers are read with the parser of the asking side, so each of them is also a
 * well-formed packet.
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
#include "kernel/owners.h"
#include "lookup/answer.h"
#include "lookup/process.h"

/* Near the kernel's largest pid, so that no process of this host is meant by chance. */
#define PID(n) (LOOKUP_PID_MAX - 100 + (n))

#define ANSWERS_MAX 64

struct fake {
	char path[64];
	int fd;
};

/* What was sent for one inode. */
struct collected {
	uint32_t inode;
	struct owner *owner;
};

struct collection {
	struct collected owners[ANSWERS_MAX];
	size_t count, packets;
	bool done, saw_all;
};

static int
setup(void **state)
{
	static struct fake fake;

	(void)snprintf(fake.path, sizeof(fake.path), "/tmp/overstay-proc-XXXXXX");
	if (mkdtemp(fake.path) == NULL)
		return -1;
	fake.fd = open(fake.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &fake;
	return fake.fd < 0 ? -1 : 0;
}

static int
remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

static int
teardown(void **state)
{
	struct fake *fake = *state;

	(void)close(fake->fd);
	return nftw(fake->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
make_directory(struct fake *fake, int pid, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%d/%s", pid, name);
	assert_int_equal(mkdirat(fake->fd, path, 0755), 0);
}

static void
make_file(struct fake *fake, int pid, const char *name, const void *bytes, size_t length)
{
	char path[128];
	_close_ int fd = -1;

	(void)snprintf(path, sizeof(path), "%d/%s", pid, name);
	fd = openat(fake->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
}

static void
make_link(struct fake *fake, int pid, const char *name, const char *target)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%d/%s", pid, name);
	(void)unlinkat(fake->fd, path, 0);
	assert_int_equal(symlinkat(target, fake->fd, path), 0);
}

static void
make_stat(struct fake *fake, int pid, const char *comm, unsigned start)
{
	char line[1024];
	int length = snprintf(line, sizeof(line),
	    "%d (%s) S 1 10 10 0 -1 0 99 0 0 0 1 2 3 4 "
	    "20 0 1 0 %u 2949120 400 1\n", pid, comm, start);

	make_file(fake, pid, "stat", line, (size_t)length);
}

/* A process without descriptors. */
static void
make_process(struct fake *fake, int pid, const char *comm, unsigned start)
{
	static const char status[] =
	    "Name:\tx\nUid:\t1000\t1001\t1\t1\nGid:\t1000\t1002\t1\t1\nGroups:\t4 27 \n";

	make_directory(fake, pid, "");
	make_directory(fake, pid, "fd");
	make_directory(fake, pid, "ns");
	make_directory(fake, pid, "task");
	make_stat(fake, pid, comm, start);
	make_file(fake, pid, "status", status, sizeof(status) - 1);
	make_file(fake, pid, "cmdline", "prog\0-x\0", 8);
	make_link(fake, pid, "exe", "/usr/bin/prog");
	make_link(fake, pid, "ns/mnt", "mnt:[4026531841]");
}

static void
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
	struct owners_answer answer;

	assert_false(collection->done);
	assert_int_equal(owners_parse(packet, length, &answer), 0);
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

/* Asks for count inodes from first on, all of sockets of this uid. */
static void
ask(struct fake *fake, uint32_t first, size_t count, uint32_t uid, struct collection *ret)
{
	struct lookup_question questions[ANSWERS_MAX];

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < count; i++)
		questions[i] = (struct lookup_question){
			.inode = first + (uint32_t)i, .uid = uid, .flags = LOOKUP_THOROUGH,
		};
	assert_int_equal(answer_request(fake->fd, 5, questions, count, collect, ret), 0);
	assert_true(ret->done);
	assert_int_equal(ret->count, count);
}

static struct owner *
owner_of(const struct collection *collection, uint32_t inode)
{
	for (size_t i = 0; i < collection->count; i++)
		if (collection->owners[i].inode == inode)
			return collection->owners[i].owner;
	fail_msg("inode %u was not answered", inode);
	return NULL;
}

static void
release(struct collection *collection)
{
	for (size_t i = 0; i < collection->count; i++)
		owner_unref(collection->owners[i].owner);
}

static void
test_one(void **state)
{
	struct fake *fake = *state;
	struct collection answers;
	const struct process *process;

	make_process(fake, 1, "init", 1);
	make_process(fake, PID(1), "a) S 1 (\n\033[2J", 500);
	make_socket(fake, PID(1), 7, 4711);
	make_link(fake, PID(1), "fd/8", "socket:[4711]");
	make_link(fake, PID(1), "fd/9", "/tmp/socket:[4712]");
	make_link(fake, PID(1), "fd/10", "pipe:[4712]");
	ask(fake, 4711, 2, 0, &answers);
	assert_true(answers.saw_all);

	process = owner_first(owner_of(&answers, 4711));
	assert_non_null(process);
	assert_int_equal(owner_of(&answers, 4711)->holders, 1);
	assert_int_equal(process->pid, PID(1));
	assert_int_equal(process->parent_pid, 1);
	assert_int_equal(process->start_usec,
	    500 * USEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	assert_string_equal(process->comm, "a) S 1 (\n\033[2J");
	assert_string_equal(process->exe, "/usr/bin/prog");
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
	assert_int_equal(process->cmdline_length, 8);
	assert_memory_equal(process->cmdline, "prog\0-x\0", 8);
	assert_int_equal(process->uid, 1001);
	assert_int_equal(process->gid, 1002);
	assert_int_equal(process->group_count, 2);
	assert_int_equal(owner_of(&answers, 4712)->kind, OWNER_KERNEL);
	release(&answers);
}

/* What nobody holds, by whose socket it is and how much could be seen. */
static void
test_nobody(void **state)
{
	struct fake *fake = *state;
	struct collection answers;

	make_process(fake, 1, "init", 1);
	ask(fake, 100, 1, 0, &answers);
	assert_int_equal(owner_of(&answers, 100)->kind, OWNER_KERNEL);
	release(&answers);
	ask(fake, 100, 1, 1000, &answers);
	assert_int_equal(owner_of(&answers, 100)->kind, OWNER_UNKNOWN);
	assert_int_equal(owner_of(&answers, 100)->reason, OWNER_REASON_NO_PROCESS);
	release(&answers);

	/*
	 * A process whose descriptors cannot be listed: not a directory, so any error but
	 * "gone".
	 */
	make_directory(fake, PID(1), "");
	make_file(fake, PID(1), "fd", "", 0);
	ask(fake, 100, 1, 0, &answers);
	assert_false(answers.saw_all);
	assert_int_equal(owner_of(&answers, 100)->kind, OWNER_UNKNOWN);
	assert_int_equal(owner_of(&answers, 100)->reason, OWNER_REASON_NO_PERMISSION);
	release(&answers);
}

/*
 * Where PID 1 does not show, /proc is mounted with hidepid= and others do not show either.
 */
static void
test_hidden(void **state)
{
	struct fake *fake = *state;
	struct collection answers;

	make_process(fake, PID(1), "seen", 5);
	make_socket(fake, PID(1), 3, 100);
	ask(fake, 100, 2, 0, &answers);
	assert_false(answers.saw_all);
	assert_int_equal(owner_of(&answers, 100)->kind, OWNER_PROCESS);
	assert_int_equal(owner_of(&answers, 101)->kind, OWNER_UNKNOWN);
	assert_int_equal(owner_of(&answers, 101)->reason, OWNER_REASON_NO_PERMISSION);
	release(&answers);
}

static void
test_gone(void **state)
{
	struct fake *fake = *state;
	struct collection answers;

	make_process(fake, 1, "init", 1);
	/* Directories of processes that end just now. */
	make_directory(fake, PID(1), "");
	make_directory(fake, PID(2), "");
	make_directory(fake, PID(2), "fd");
	make_directory(fake, PID(2), "task");
	make_socket(fake, PID(2), 3, 100);
	ask(fake, 100, 1, 1000, &answers);
	assert_true(answers.saw_all);
	assert_int_equal(owner_of(&answers, 100)->reason, OWNER_REASON_NO_PROCESS);
	release(&answers);
}

/* Many sockets of one process are one packet, and one owner at the other end. */
static void
test_groups(void **state)
{
	struct fake *fake = *state;
	struct collection answers;

	make_process(fake, 1, "init", 1);
	make_process(fake, PID(1), "many", 10);
	make_process(fake, PID(2), "other", 9);
	for (int i = 0; i < 20; i++)
		make_socket(fake, PID(1), 3 + i, (unsigned)(100 + i));
	for (int i = 15; i < 30; i++)
		make_socket(fake, PID(2), 3 + i, (unsigned)(100 + i));
	ask(fake, 100, 32, 1000, &answers);
	/* Those of 1, those of 2, those of both, those of nobody, and done. */
	assert_int_equal(answers.packets, 5);
	for (uint32_t i = 0; i < 32; i++) {
		const struct owner *owner = owner_of(&answers, 100 + i);
		assert_int_equal(owner->holders, (i < 20) + (i >= 15 && i < 30));
		if (i < 15)
			assert_string_equal(owner_first(owner)->comm, "many");
		else if (i < 30)
			assert_string_equal(owner_first(owner)->comm, "other");
		if (i >= 15 && i < 20)
			assert_string_equal(owner->processes[1].comm, "many");
	}
	assert_ptr_equal(owner_of(&answers, 100), owner_of(&answers, 114));
	release(&answers);
}

/*
 * More holders than are described: all are counted, the first to start are named, in order.
 */
static void
test_holders(void **state)
{
	struct fake *fake = *state;
	struct collection answers;
	const struct owner *owner;

	make_process(fake, 1, "init", 1);
	for (int i = 0; i < 40; i++) {
		/* Start times in an order of their own: 7 is prime to 40. */
		make_process(fake, PID(i), "worker", 1000 + (unsigned)(i * 7 % 40));
		make_socket(fake, PID(i), 3, 100);
	}
	ask(fake, 100, 1, 0, &answers);
	owner = owner_of(&answers, 100);
	assert_int_equal(owner->holders, 40);
	assert_int_equal(owner->process_count, OWNER_PROCESSES_MAX);
	for (uint32_t i = 0; i < OWNER_PROCESSES_MAX; i++)
		assert_int_equal(owner->processes[i].start_usec,
		    (1000 + i) * USEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	release(&answers);
}

/*
 * Holders with the longest names there can be: the packet is full, the first three are whole.
 */
static void
test_large(void **state)
{
	struct fake *fake = *state;
	struct collection answers;
	const struct owner *owner;
	char exe[4096], cmdline[OWNER_CMDLINE_MAX + 100];

	memset(exe, 'e', sizeof(exe));
	exe[0] = '/';
	exe[4000] = '\0';
	memset(cmdline, 'c', sizeof(cmdline));
	make_process(fake, 1, "init", 1);
	for (int i = 0; i < 16; i++) {
		make_process(fake, PID(i), "large", 1000 + (unsigned)i);
		make_socket(fake, PID(i), 3, 100);
		make_link(fake, PID(i), "exe", exe);
		make_file(fake, PID(i), "cmdline", cmdline, sizeof(cmdline));
	}
	ask(fake, 100, 1, 0, &answers);
	owner = owner_of(&answers, 100);
	assert_int_equal(owner->holders, 16);
	assert_in_range(owner->process_count, 3, 15);
	for (uint32_t i = 0; i < owner->process_count; i++) {
		const struct process *process = &owner->processes[i];
		assert_string_equal(process->exe, exe);
		assert_true(process->cmdline_cut);
		if (i < 3)
			assert_int_equal(process->cmdline_length, OWNER_CMDLINE_MAX);
	}
	release(&answers);
}

static void
check_cmdline(struct fake *fake, const char *bytes, size_t length, size_t wanted, bool cut)
{
	struct collection answers;
	const struct process *process;

	make_file(fake, PID(1), "cmdline", bytes, length);
	ask(fake, 100, 1, 0, &answers);
	process = owner_first(owner_of(&answers, 100));
	assert_non_null(process);
	assert_int_equal(process->cmdline_length, wanted);
	assert_int_equal(process->cmdline_cut, cut);
	if (wanted > 0) {
		assert_memory_equal(process->cmdline, bytes, wanted - 1);
		assert_int_equal(process->cmdline[wanted - 1], '\0');
	}
	release(&answers);
}

static void
test_cmdline(void **state)
{
	struct fake *fake = *state;
	char bytes[3 * OWNER_CMDLINE_MAX];

	make_process(fake, 1, "init", 1);
	make_process(fake, PID(1), "x", 10);
	make_socket(fake, PID(1), 3, 100);
	check_cmdline(fake, "", 0, 0, false);
	/* setproctitle(): no NUL at the end */
	check_cmdline(fake, "title", 5, 6, false);
	check_cmdline(fake, "a\0\xff\xfe\n\0\0", 7, 7, false);
	memset(bytes, 'b', sizeof(bytes));
	check_cmdline(fake, bytes, sizeof(bytes), OWNER_CMDLINE_MAX, true);
	check_cmdline(fake, bytes, OWNER_CMDLINE_MAX, OWNER_CMDLINE_MAX, true);
	check_cmdline(fake, bytes, OWNER_CMDLINE_MAX - 1, OWNER_CMDLINE_MAX, false);
	bytes[OWNER_CMDLINE_MAX - 1] = '\0';
	check_cmdline(fake, bytes, OWNER_CMDLINE_MAX, OWNER_CMDLINE_MAX, false);
}

/* Files that are missing, empty or torn: unknown, never a crash, never root's. */
static void
test_torn(void **state)
{
	struct fake *fake = *state;
	struct collection answers;
	const struct process *process;

	make_process(fake, 1, "init", 1);
	make_process(fake, PID(1), "x", 10);
	make_socket(fake, PID(1), 3, 100);
	make_file(fake, PID(1), "stat", "4194205 (x", 10);
	make_file(fake, PID(1), "status", "Uid:\t0\t0", 8);
	make_file(fake, PID(1), "cmdline", "", 0);
	make_link(fake, PID(1), "exe", "not a path");
	ask(fake, 100, 1, 0, &answers);
	process = owner_first(owner_of(&answers, 100));
	assert_non_null(process);
	assert_true(process->start_usec == USEC_NEVER);
	assert_string_equal(process->comm, "");
	assert_int_equal(process->uid, UINT32_MAX);
	assert_int_equal(process->cmdline_length, 0);
	assert_string_equal(process->exe, "not a path");
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
	release(&answers);
}

/* A thread that has its descriptors to itself, in a process that has none any more. */
static void
test_thread(void **state)
{
	struct fake *fake = *state;
	struct collection answers;
	const struct process *process;

	make_process(fake, 1, "init", 1);
	make_process(fake, PID(1), "zombie", 10);
	make_file(fake, PID(1), "cmdline", "", 0);
	make_directory(fake, PID(1), "task/77");
	make_directory(fake, PID(1), "task/77/fd");
	make_link(fake, PID(1), "task/77/fd/5", "socket:[100]");
	make_link(fake, PID(1), "task/77/exe", "/usr/bin/prog");
	make_file(fake, PID(1), "task/77/cmdline", "hidden", 7);
	ask(fake, 100, 1, 0, &answers);
	process = owner_first(owner_of(&answers, 100));
	assert_non_null(process);
	assert_int_equal(process->pid, PID(1));
	assert_string_equal(process->comm, "zombie");
	assert_string_equal(process->cmdline, "hidden");
	assert_string_equal(process->exe, "/usr/bin/prog");
	release(&answers);
}

static void
check_exe(struct fake *fake, const char *text, enum exe_trust trust, const char *wanted,
    bool deleted)
{
	struct collection answers;
	const struct process *process;

	make_link(fake, PID(1), "exe", text);
	ask(fake, 100, 1, 0, &answers);
	process = owner_first(owner_of(&answers, 100));
	assert_non_null(process);
	assert_int_equal(process->exe_trust, trust);
	assert_string_equal(process->exe, wanted);
	assert_int_equal(process->exe_deleted, deleted);
	release(&answers);
}

/* The file under the path, a file of another root, and names that end in " (deleted)". */
static void
test_exe(void **state)
{
	struct fake *fake = *state;
	char inside[128], literal[160], link[128];

	make_process(fake, 1, "init", 1);
	make_process(fake, PID(1), "x", 10);
	make_socket(fake, PID(1), 3, 100);
	make_file(fake, 1, "program", "", 0);
	make_file(fake, 1, "program (deleted)", "", 0);
	(void)snprintf(inside, sizeof(inside), "%s/1/program", fake->path);
	(void)snprintf(literal, sizeof(literal), "%s (deleted)", inside);

	/* PID 1's root cannot be entered. */
	check_exe(fake, inside, EXE_UNVERIFIED, inside, false);
	check_exe(fake, literal, EXE_UNVERIFIED, literal, false);

	make_link(fake, 1, "root", "/");
	check_exe(fake, inside, EXE_SAME, inside, false);
	check_exe(fake, literal, EXE_SAME, literal, false);

	/*
	 * Another file stands there for PID 1, or an absolute link that must not lead out.
	 */
	make_directory(fake, 1, "otherroot");
	(void)snprintf(link, sizeof(link), "%s/1/otherroot", fake->path);
	make_link(fake, 1, "root", link);
	check_exe(fake, inside, EXE_UNVERIFIED, inside, false);
	make_link(fake, 1, "otherroot/tmp", "/tmp");
	check_exe(fake, inside, EXE_UNVERIFIED, inside, false);
}

static int
refuse(const char *packet, size_t length, void *argument)
{
	(void)packet;
	(void)length;
	*(unsigned *)argument += 1;
	return -EPIPE;
}

/* A send that fails ends it all at once. */
static void
test_send_fails(void **state)
{
	struct fake *fake = *state;
	const struct lookup_question questions[] = { { .inode = 100 }, { .inode = 101 } };
	unsigned calls = 0;

	make_process(fake, 1, "init", 1);
	make_socket(fake, 1, 3, 100);
	assert_int_equal(answer_request(fake->fd, 5, questions, 2, refuse, &calls), -EPIPE);
	assert_int_equal(calls, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hidden, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
		cmocka_unit_test_setup_teardown(test_holders, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cmdline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_thread, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_send_fails, setup, teardown),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
