/* SPDX-License-Identifier: MIT */
/*
 * Requests answered out of a /proc made of plain files, as hostile as they come.
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

#include "base/cleanup.h"
#include "lookup-fake.h"
#include "skip.h"

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
	assert_int_equal(process->start_usec, 500 * USEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	assert_string_equal(process->comm, "a) S 1 (\n\033[2J");
	assert_string_equal(process->exe, "/usr/bin/prog");
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
	assert_int_equal(process->cmdline_length, 8);
	assert_memory_equal(process->cmdline, "prog\0-x\0", 8);
	assert_int_equal(process->uid, 1001);
	assert_int_equal(process->gid, 1002);
	assert_int_equal(process->group_count, 2);
	assert_string_equal(process->cwd, "/srv");
	assert_int_equal(process->login_uid, 1000);
	assert_true(process->login_known);
	assert_int_equal(owner_of(&answers, 4712)->kind, OWNER_UNKNOWN);
	release(&answers);
}

static void
check_nobody(struct fake *fake, uint32_t protocol, uint32_t uid, enum owner_kind kind,
    enum owner_reason reason)
{
	const struct wire_question question = {
		.inode = 100,
		.uid = uid,
		.protocol = (uint16_t)protocol,
	};
	struct collection answers;
	const struct owner *owner;

	ask_questions(fake, &question, 1, &answers);
	owner = owner_of(&answers, 100);
	assert_int_equal(owner->kind, kind);
	assert_int_equal(owner->reason, reason);
	assert_int_equal(owner->thorough, answers.saw_all);
	release(&answers);
}

/* Who would have a socket of root's on this port that no process holds. */
static void
check_port(struct fake *fake, uint32_t protocol, uint16_t port, enum owner_kind kind,
    enum owner_reason reason)
{
	const struct wire_question question = { .inode = 100,
		.protocol = (uint16_t)protocol,
		.port = port };
	struct collection answers;

	ask_questions(fake, &question, 1, &answers);
	assert_int_equal(owner_of(&answers, 100)->kind, kind);
	assert_int_equal(owner_of(&answers, 100)->reason, reason);
	release(&answers);
}

/* That a socket may be the kernel's is said only where something in the kernel has such sockets. */
static void
test_kernel(void **state)
{
	struct fake *fake = *state;

	make_process(fake, 1, "init", 1);
	check_nobody(fake, LOOKUP_TCP, 0, OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS);

	/* A process may call itself so; the kernel's own has a flag. */
	make_process(fake, PID(1), "lockd", 10);
	check_nobody(fake, LOOKUP_TCP, 0, OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS);
	make_stat_full(fake, PID(1), "ipvs-m:0:0", 10, 2, 0x00208040);
	check_nobody(fake, LOOKUP_TCP, 0, OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS);
	check_nobody(fake, LOOKUP_UDP, 0, OWNER_UNKNOWN, OWNER_REASON_KERNEL_UNPROVED);
	make_stat_full(fake, PID(1), "lockd", 10, 2, 0x00208040);
	check_nobody(fake, LOOKUP_TCP, 0, OWNER_UNKNOWN, OWNER_REASON_KERNEL_UNPROVED);
	check_nobody(fake, LOOKUP_UDP, 0, OWNER_UNKNOWN, OWNER_REASON_KERNEL_UNPROVED);
	check_nobody(fake, LOOKUP_TCP, 1000, OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS);
	make_stat_full(fake, PID(1), "kworker/R-krdsd", 10, 2, 0x00208040);
	check_nobody(fake, LOOKUP_TCP, 0, OWNER_UNKNOWN, OWNER_REASON_KERNEL_UNPROVED);
	make_stat_full(fake, PID(1), "kthreadd", 10, 2, 0x00208040);
	check_nobody(fake, LOOKUP_TCP, 0, OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS);
	make_stat_full(fake, PID(1), "krxrpcio/50001", 10, 2, 0x00208040);
	check_port(fake, LOOKUP_UDP, 50001, OWNER_KERNEL, OWNER_REASON_NONE);
	check_port(fake, LOOKUP_UDP, 50002, OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS);
	check_port(fake, LOOKUP_TCP, 50001, OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS);
}

static void
make_setting(struct fake *fake, const char *path, const char *text)
{
	_close_ int fd = openat(fake->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* NFS: its server lists its ports, its lock manager has those it was given. */
static void
test_kernel_nfs(void **state)
{
	static const char *const directories[] = { "sys", "sys/fs", "sys/fs/nfs" };
	static const char ports[] = "tcp 50001\nudp 50001\n";
	struct fake *fake = *state;

	make_process(fake, 1, "init", 1);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		assert_int_equal(mkdirat(fake->fd, directories[i], 0755), 0);
	make_setting(fake, "sys/fs/nfs/nlm_tcpport", "50003\n");
	make_setting(fake, "sys/fs/nfs/nlm_udpport", "0\n");
	/* Without the thread the setting is of nothing. */
	check_port(fake, LOOKUP_TCP, 50003, OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS);
	make_process(fake, PID(1), "lockd", 10);
	check_port(fake, LOOKUP_TCP, 50003, OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS);
	make_stat_full(fake, PID(1), "lockd", 10, 2, 0x00208040);
	check_port(fake, LOOKUP_TCP, 50003, OWNER_KERNEL, OWNER_REASON_NONE);
	check_port(fake, LOOKUP_TCP, 50004, OWNER_UNKNOWN, OWNER_REASON_KERNEL_UNPROVED);
	check_port(fake, LOOKUP_UDP, 50003, OWNER_UNKNOWN, OWNER_REASON_KERNEL_UNPROVED);

	make_stat_full(fake, PID(1), "nfsd", 10, 2, 0x00208040);
	check_port(fake, LOOKUP_TCP, 50001, OWNER_UNKNOWN, OWNER_REASON_KERNEL_UNPROVED);
	make_directory(fake, 1, "root");
	make_directory(fake, 1, "root/proc");
	make_directory(fake, 1, "root/proc/fs");
	make_directory(fake, 1, "root/proc/fs/nfsd");
	make_file(fake, 1, "root/proc/fs/nfsd/portlist", ports, sizeof(ports) - 1);
	check_port(fake, LOOKUP_TCP, 50001, OWNER_KERNEL, OWNER_REASON_NONE);
	check_port(fake, LOOKUP_UDP, 50001, OWNER_KERNEL, OWNER_REASON_NONE);
	check_port(fake, LOOKUP_TCP, 50002, OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS);
}

/* A ring of an old kernel's that shows no numbers: any socket of its user's may be in it. */
static void
test_hidden_ring(void **state)
{
	static const char text[] = "UserFiles:\t1\n    0: TCP\nUserBufs:\t0\n";
	const struct wire_question others[] = {
		{ .inode = 100, .uid = geteuid() + 1, .protocol = LOOKUP_TCP },
	};
	struct fake *fake = *state;
	struct collection answers;

	make_process(fake, 1, "init", 1);
	make_process(fake, PID(1), "server", 10);
	make_directory(fake, PID(1), "fdinfo");
	make_file(fake, PID(1), "fdinfo/4", text, sizeof(text) - 1);
	make_link(fake, PID(1), "fd/4", "anon_inode:[io_uring]");
	check_nobody(fake, LOOKUP_TCP, geteuid(), OWNER_UNKNOWN, OWNER_REASON_IO_URING);
	check_nobody(fake, LOOKUP_UDP, geteuid(), OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS);
	ask_questions(fake, others, 1, &answers);
	assert_int_equal(owner_of(&answers, 100)->reason, OWNER_REASON_NO_PROCESS);
	release(&answers);
}

/* In another PID namespace than the first, processes may have no number here. */
static void
test_elsewhere(void **state)
{
	struct fake *fake = *state;
	const int none[] = { 0 };
	const uint64_t empty = make_cgroup(fake, "empty.service", NULL, 0);
	const uint64_t foreign = make_cgroup(fake, "foreign.service", none, 1);
	const struct wire_question questions[] = {
		{ .inode = 100, .cgroup = empty },
		{ .inode = 101, .cgroup = foreign },
		{ .inode = 102, .cgroup = 1 },
		{ .inode = 103 },
	};
	static const enum owner_reason reasons[] = { OWNER_REASON_NO_PROCESS,
		OWNER_REASON_OTHER_PIDS, OWNER_REASON_OTHER_PIDS, OWNER_REASON_OTHER_PIDS };

	make_process(fake, 1, "init", 1);
	assert_int_equal(mkdirat(fake->fd, "self", 0755), 0);
	assert_int_equal(mkdirat(fake->fd, "self/ns", 0755), 0);
	for (int first = 0; first < 2; first++) {
		struct collection answers;

		(void)unlinkat(fake->fd, "self/ns/pid", 0);
		assert_int_equal(symlinkat(first ? "pid:[4026531836]" : "pid:[4026532000]",
				     fake->fd, "self/ns/pid"),
		    0);
		ask_questions(fake, questions, ARRAY_SIZE(questions), &answers);
		for (size_t i = 0; i < ARRAY_SIZE(questions); i++)
			assert_int_equal(owner_of(&answers, questions[i].inode)->reason,
			    first ? OWNER_REASON_NO_PROCESS : reasons[i]);
		/* Who made it is told all the same. */
		assert_string_equal(owner_of(&answers, 101)->place.unit, "foreign.service");
		assert_string_equal(owner_of(&answers, 102)->place.unit, "");
		release(&answers);
	}
}

/* What could not be read for another cause than permission. */
static void
test_not_finished(void **state)
{
	struct fake *fake = *state;
	struct collection answers;

	make_process(fake, 1, "init", 1);
	/*
	 * A process whose descriptors cannot be listed: not a directory, so any error but
	 * "gone".
	 */
	make_directory(fake, PID(1), "");
	make_file(fake, PID(1), "fd", "", 0);
	ask(fake, 100, 1, 0, &answers);
	assert_false(answers.saw_all);
	assert_int_equal(owner_of(&answers, 100)->kind, OWNER_UNKNOWN);
	assert_int_equal(owner_of(&answers, 100)->reason, OWNER_REASON_NOT_FINISHED);
	assert_false(owner_of(&answers, 100)->thorough);
	release(&answers);
}

/* A holder that is ending when it is to be described is none, and keeps nothing from view. */
static void
test_vanished(void **state)
{
	struct fake *fake = *state;
	struct collection answers;
	char path[32];

	make_process(fake, 1, "init", 1);
	make_process(fake, PID(1), "ending", 10);
	make_socket(fake, PID(1), 3, 100);
	(void)snprintf(path, sizeof(path), "%d/exe", PID(1));
	assert_int_equal(unlinkat(fake->fd, path, 0), 0);
	ask(fake, 100, 1, 1001, &answers);
	assert_int_equal(owner_of(&answers, 100)->kind, OWNER_UNKNOWN);
	assert_int_equal(owner_of(&answers, 100)->reason, OWNER_REASON_NO_PROCESS);
	assert_true(owner_of(&answers, 100)->thorough);
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
			assert_string_equal(owner->processes[1]->comm, "many");
	}
	assert_ptr_equal(owner_of(&answers, 100), owner_of(&answers, 114));
	release(&answers);
}

static void
set_user(struct fake *fake, int pid, uid_t uid)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%d", pid);
	assert_int_equal(fchownat(fake->fd, name, uid, uid, 0), 0);
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
		assert_int_equal(owner->processes[i]->start_usec,
		    (1000 + i) * USEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	release(&answers);
}

/* One that started last is described, if it is like no other: another program, user or cgroup. */
static void
test_holders_of_other_kinds(void **state)
{
	struct fake *fake = *state;
	struct collection answers;
	const struct owner *owner;

	need_root();
	make_process(fake, 1, "init", 1);
	for (int i = 0; i < 40; i++) {
		const char *cgroup = i == 38 ? "0::/x.service\n" : "0::/w.service\n";

		make_process(fake, PID(i), "worker", 1000 + (unsigned)i);
		make_link(fake, PID(i), "exe", i == 37 ? "/bin/sh" : "/proc/self/exe");
		make_file(fake, PID(i), "cgroup", cgroup, strlen(cgroup));
		make_socket(fake, PID(i), 3, 100);
	}
	set_user(fake, PID(39), 65534);
	ask(fake, 100, 1, 0, &answers);
	owner = owner_of(&answers, 100);
	assert_int_equal(owner->holders, 40);
	assert_int_equal(owner->process_count, OWNER_PROCESSES_MAX);
	assert_false(owner->unjudged);
	for (int i = 0; i < OWNER_PROCESSES_MAX; i++)
		assert_int_equal(owner->processes[i]->pid, PID(i < 13 ? i : i + 24));
	release(&answers);
}

/* Of more kinds than can be described it is said that there are; and of one nobody knows, which may
 * be any. */
static void
test_holders_of_too_many_kinds(void **state)
{
	struct fake *fake = *state;
	struct collection answers;

	need_root();
	make_process(fake, 1, "init", 1);
	for (int i = 0; i < 17; i++) {
		char cgroup[32];
		int length = snprintf(cgroup, sizeof(cgroup), "0::/%d.service\n", i);

		make_process(fake, PID(i), "worker", 1000 + (unsigned)i);
		make_link(fake, PID(i), "exe", "/proc/self/exe");
		make_file(fake, PID(i), "cgroup", cgroup, (size_t)length);
		make_socket(fake, PID(i), 3, 100);
		make_socket(fake, PID(i), 4, i < 16 ? 101 : 102);
	}
	for (uint32_t inode = 100; inode < 103; inode++) {
		ask(fake, inode, 1, 0, &answers);
		assert_true(owner_of(&answers, inode)->unjudged == (inode == 100));
		release(&answers);
	}
	/* Nobody knows which program it is. */
	for (int i = 0; i < 17; i++)
		make_file(fake, PID(i), "cgroup", "0::/w.service\n", 14);
	ask(fake, 100, 1, 0, &answers);
	assert_false(owner_of(&answers, 100)->unjudged);
	release(&answers);
	for (int i = 0; i < 17; i++)
		make_link(fake, PID(i), "exe", "/none");
	ask(fake, 100, 1, 0, &answers);
	assert_true(owner_of(&answers, 100)->unjudged);
	release(&answers);
}

/* A cgroup that cannot be read is not none. */
static void
test_no_cgroup(void **state)
{
	struct fake *fake = *state;
	struct collection answers;

	make_process(fake, 1, "init", 1);
	for (int i = 0; i < 2; i++) {
		make_process(fake, PID(i), "x", 1000);
		make_socket(fake, PID(i), 3, 100 + (unsigned)i);
	}
	make_file(fake, PID(0), "cgroup", "0::/\n", 5);
	make_directory(fake, PID(1), "cgroup");
	ask(fake, 100, 2, 0, &answers);
	assert_int_equal(owner_of(&answers, 100)->processes[0]->evidence & EVIDENCE_PLACE_UNKNOWN,
	    0);
	assert_int_not_equal(
	    owner_of(&answers, 101)->processes[0]->evidence & EVIDENCE_PLACE_UNKNOWN, 0);
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
	assert_true(owner->process_count >= 3);
	assert_true(owner->process_count <= 15);
	for (uint32_t i = 0; i < owner->process_count; i++) {
		const struct process *process = owner->processes[i];
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
	const struct wire_question questions[] = { { .inode = 100 }, { .inode = 101 } };
	const struct wire_paths no_paths = { .count = 0 };
	unsigned calls = 0;

	make_process(fake, 1, "init", 1);
	make_socket(fake, 1, 3, 100);
	assert_int_equal(answer_request(&fake->host, 5, questions, 2, no_paths, refuse, &calls),
	    -EPIPE);
	assert_int_equal(calls, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_kernel, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_kernel_nfs, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_hidden_ring, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_elsewhere, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_not_finished, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_vanished, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_hidden, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_gone, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_groups, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_holders, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_holders_of_other_kinds, fake_setup,
		    fake_teardown),
		cmocka_unit_test_setup_teardown(test_holders_of_too_many_kinds, fake_setup,
		    fake_teardown),
		cmocka_unit_test_setup_teardown(test_no_cgroup, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_large, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_cmdline, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_torn, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_thread, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_exe, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(test_send_fails, fake_setup, fake_teardown),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
