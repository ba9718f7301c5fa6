/* SPDX-License-Identifier: MIT */
/*
 * The links of all descriptors of one process, and the inodes in them searched for among those
 * wanted. Nothing is kept of a process but some bytes for each wanted socket it holds, and only
 * while it is among the OWNER_PROCESSES_MAX that are kept of it (holders.c), so memory does not
 * depend on what runs on the host. Directories are read as a stream.
 *
 * Threads share their descriptors as a rule, so the first thread's are read. With `threads`
 * those that do not (unshare(CLONE_FILES), or a first thread that has ended) are read too;
 * kcmp(2) says which those are without reading the descriptors. Where the kernel has no kcmp(2),
 * every thread's are read.
 *
 * Of no process more is read than budget.c has for its user. One with more descriptors is left and
 * gone on with later, from where its directory was left, or never; then it is known what it was
 * seen with so far. Who runs a setuid program is its real user.
 *
 * What a descriptor of an io_uring stands for besides, ring.c reads.
 *
 * Cost: 2 to 6 us a descriptor, nearly all of it readlink(2), and 14 us a process; with `threads`
 * 1 us more, and 1 to 6 us a thread.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/search.h"
#include "lookup/files.h"
#include "lookup/holders.h"
#include "lookup/proc.h"
#include "lookup/ring.h"
#include "lookup/visit.h"

/* The process that is examined. */
struct visit {
	struct search *search;
	struct account *account;
	int process_fd;
	uint32_t left;	 /* descriptors that are read this time */
	long position;	 /* as in struct unfinished */
	bool stat_known; /* start_usec was read */
	bool denied;	 /* its descriptors may not be read */
	bool stopped;	 /* nothing was left */
	struct holder holder;
};

/* Notes that something could not be read, unless it is gone (ENOENT, ESRCH). */
static void
note_error(struct search *search, int error)
{
	if (error != ENOENT && error != ESRCH)
		search->saw_all = false;
	if (error == EACCES || error == EPERM)
		search->denied = true;
}

static int
compare_wanted(const void *key, const void *element)
{
	uint32_t inode = *(const uint32_t *)key, other = ((const struct wanted *)element)->inode;

	return inode < other ? -1 : inode > other;
}

static struct wanted *
find_wanted(const struct search *search, uint32_t inode)
{
	return search_find(&inode, search->wanted, search->count, sizeof(search->wanted[0]),
	    compare_wanted);
}

/* It was counted before: its directory was made anew while it was left. */
static bool
is_kept(const struct wanted *wanted, int32_t pid)
{
	for (uint32_t i = 0; i < wanted->kept; i++)
		if (wanted->holder[i].pid == pid)
			return true;
	return false;
}

/* Whoever runs a setuid program with all his descriptors does not take from root. */
static uint32_t
find_payer(int process_fd, uint32_t uid)
{
	uint32_t real_uid;

	return uid == 0 && proc_read_real_uid(process_fd, &real_uid) == 0 ? real_uid : uid;
}

/* Remembers that the process that is read was seen with the socket. */
static void
note_held(struct search *search, const struct wanted *wanted)
{
	if (array_reserve(&search->held, &search->held_room, search->held_count + 1,
		ARRAY_UNBOUNDED) < 0)
		search->lost = true;
	else
		search->held[search->held_count++] = (uint32_t)(wanted - search->wanted);
}

/*
 * A descriptor of the visited process is a socket. Returns false where the process is gone.
 */
static bool
visit_socket(struct visit *visit, int fd, bool in_ring, uint32_t inode)
{
	struct wanted *wanted = find_wanted(visit->search, inode);
	struct proc_stat stat;
	int r;

	if (wanted == NULL || wanted->answered || wanted->counted_pid == visit->holder.pid)
		return true;
	if (!visit->stat_known) {
		r = proc_read_stat(visit->process_fd, &stat);
		if (r < 0 && r != -EBADMSG) {
			note_error(visit->search, -r);
			return false;
		}
		visit->holder.start_usec = r < 0 ? USEC_NEVER : stat.start_usec;
		visit->holder.kind = holders_read_kind(visit->process_fd,
		    find_payer(visit->process_fd, visit->holder.uid));
		visit->stat_known = true;
	}
	wanted->counted_pid = visit->holder.pid;
	note_held(visit->search, wanted);
	if (is_kept(wanted, visit->holder.pid))
		return true;
	visit->holder.fd = fd;
	visit->holder.in_ring = in_ring;
	if (wanted->holders == 0)
		visit->search->open--;
	wanted->holders++;
	wanted->seen = true;
	holders_keep(wanted, &visit->holder);
	return true;
}

/* An io_uring of the visited process. */
struct ring_visit {
	struct visit *visit;
	int fd;
	bool gone;
};

static bool
on_registered(uint32_t inode, void *argument)
{
	struct ring_visit *ring = argument;

	ring->gone = !visit_socket(ring->visit, ring->fd, true, inode);
	return !ring->gone;
}

/* Its ring shows sockets without their numbers: any of its user's may be one of them. */
static void
note_hidden(struct visit *visit, uint32_t protocols)
{
	struct search *search = visit->search;
	struct stat status;

	if (protocols == 0 || fstat(visit->process_fd, &status) < 0)
		return;
	/* The sockets are marked once for all rings of a user. */
	if (visit->account->uid == status.st_uid) {
		protocols &= ~visit->account->hidden;
		visit->account->hidden |= protocols;
	}
	if (protocols == 0)
		return;
	for (size_t i = 0; i < search->count; i++) {
		struct wanted *wanted = &search->wanted[i];

		if ((protocols >> wanted->protocol & 1) != 0 &&
		    (wanted->uid == 0 || wanted->uid == status.st_uid))
			wanted->in_ring = true;
	}
}

/* Returns false where the process is gone. */
static bool
visit_ring(struct visit *visit, int directory_fd, int fd)
{
	struct ring_visit ring = { .visit = visit, .fd = fd };
	uint32_t hidden;
	int r = ring_read(directory_fd, fd, &visit->account->ring_left_bytes, on_registered, &ring,
	    &hidden);

	if (r == -EFBIG)
		visit->stopped = true;
	else if (r < 0)
		note_error(visit->search, -r);
	else
		note_hidden(visit, hidden);
	return !ring.gone;
}

/* One descriptor, by its name. Returns false where no other of the directory's has to be read. */
static bool
visit_descriptor(struct visit *visit, int task_fd, int directory_fd, const char *name)
{
	char link[64];
	ssize_t length = files_read_link(directory_fd, name, link, sizeof(link));
	uint32_t inode;

	if (length == -EACCES || length == -EPERM) {
		/* The others will not be shown either. */
		visit->denied = true;
		note_error(visit->search, EACCES);
		return false;
	}
	/* A socket's link is short. */
	if (length < 0 && length != -ENAMETOOLONG)
		note_error(visit->search, (int)-length);
	inode = length > 0 ? files_socket_inode(link) : 0;
	if (inode > 0 && !visit_socket(visit, atoi(name), false, inode))
		return false;
	return length <= 0 || strcmp(link, RING_LINK) != 0 ||
	    visit_ring(visit, task_fd, atoi(name));
}

/* Opens a directory of the process. NULL where that failed, which is noted. What the kernel has no
 * memory for may be a process's doing (ring.c), a directory is not. */
static DIR *
open_directory(struct visit *visit, int directory_fd, const char *name)
{
	DIR *directory = files_open_directory(directory_fd, name);

	if (directory == NULL) {
		visit->search->lost |= errno == ENOMEM;
		note_error(visit->search, errno);
	}
	return directory;
}

/* Reads the descriptors of one thread, from a position on: task_fd is its directory. */
static void
visit_descriptors(struct visit *visit, int task_fd, long position)
{
	_closedir_ DIR *directory = open_directory(visit, task_fd, "fd");
	struct dirent *entry;

	if (directory == NULL) {
		visit->denied = errno == EACCES || errno == EPERM;
		return;
	}
	if (position > 0)
		seekdir(directory, position);
	while (errno = 0, (entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (visit->left == 0 || !budget_take(&visit->search->budget, visit->account)) {
			visit->stopped = true;
			visit->position = position;
			return;
		}
		visit->left--;
		if (!visit_descriptor(visit, task_fd, dirfd(directory), entry->d_name))
			return;
		position = telldir(directory);
	}
	if (errno != 0)
		note_error(visit->search, errno);
}

/* Have both threads the same descriptors? Where the kernel does not say: no. */
static bool
share_descriptors(int32_t tid, int32_t other)
{
	return syscall(SYS_kcmp, tid, other, KCMP_FILES, 0, 0) == 0;
}

/* Has the process but one thread? The kernel tells by the links of the directory of them. */
static bool
is_alone(const struct visit *visit)
{
	struct stat status;

	return fstatat(visit->process_fd, "task", &status, 0) == 0 && status.st_nlink == 3;
}

static void
visit_threads(struct visit *visit)
{
	_closedir_ DIR *directory = open_directory(visit, visit->process_fd, "task");
	int32_t pid = visit->holder.pid, apart = pid; /* whose descriptors were read last */
	struct dirent *entry;

	if (directory == NULL)
		return;
	while (errno = 0, !visit->stopped && (entry = readdir(directory)) != NULL) {
		int32_t tid = files_number(entry->d_name);
		_close_ int task_fd = -1;

		if (tid <= 0 || tid == pid || share_descriptors(pid, tid) ||
		    (apart != pid && share_descriptors(apart, tid)))
			continue;
		task_fd = openat(dirfd(directory), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (task_fd < 0) {
			note_error(visit->search, errno);
			continue;
		}
		visit->holder.tid = apart = tid;
		visit_descriptors(visit, task_fd, 0);
	}
	visit->holder.tid = pid;
	if (errno != 0)
		note_error(visit->search, errno);
}

/* ---- from the beginning to the end -------------------------------------------------------- */

/* Reads on. Returns whether it was read to its end; else *unfinished says how far. */
static bool
read_on(struct search *search, int process_fd, uint32_t uid, uint32_t descriptors,
    struct unfinished *unfinished)
{
	int32_t pid = unfinished->pid;
	struct visit visit = {
		.search = search,
		.account = budget_account(&search->budget, unfinished->uid),
		.process_fd = process_fd,
		.left = descriptors,
		.position = unfinished->position,
		.holder = { .pid = pid, .tid = pid, .uid = uid },
	};

	if (visit.position >= 0)
		visit_descriptors(&visit, process_fd, visit.position);
	if (!visit.stopped && search->threads && !visit.denied && !is_alone(&visit)) {
		visit.position = -1;
		visit_threads(&visit);
	}
	unfinished->position = visit.position;
	unfinished->held_count = search->held_count - unfinished->first_held;
	/* Of one that is finished nothing need be remembered. */
	if (!visit.stopped)
		search->held_count = unfinished->first_held;
	return !visit.stopped;
}

bool
visit_may_open(struct search *search, uint32_t uid)
{
	return budget_may_open(&search->budget, budget_account(&search->budget, uid));
}

void
visit_process(struct search *search, int32_t pid)
{
	_close_ int process_fd = proc_open(search->proc_fd, pid);
	struct unfinished unfinished = { .pid = pid, .first_held = search->held_count };
	struct account *account;
	struct stat status;

	if (process_fd < 0 || fstat(process_fd, &status) < 0) {
		note_error(search, process_fd < 0 ? -process_fd : errno);
		return;
	}
	account = budget_account(&search->budget, status.st_uid);
	if (!budget_open(&search->budget, account))
		return;
	unfinished.uid = status.st_uid;
	unfinished.inode = status.st_ino;
	if (read_on(search, process_fd, status.st_uid, search->budget.limits->first, &unfinished))
		return;
	unfinished.uid = find_payer(process_fd, status.st_uid);
	if (array_reserve(&search->unfinished, &search->unfinished_room,
		search->unfinished_count + 1, ARRAY_UNBOUNDED) < 0)
		search->lost = true;
	else
		search->unfinished[search->unfinished_count++] = unfinished;
}

/* Takes over what the process was seen with before, so that all of it stands together. */
static void
take_held(struct search *search, struct unfinished *unfinished)
{
	size_t first = unfinished->first_held;

	unfinished->first_held = search->held_count;
	for (size_t i = 0; i < unfinished->held_count; i++) {
		struct wanted *wanted = &search->wanted[search->held[first + i]];

		wanted->counted_pid = unfinished->pid;
		note_held(search, wanted);
	}
}

/* Goes on with one process. Returns whether nothing is left to be read of it. */
static bool
resume(struct search *search, struct unfinished *unfinished, uint32_t descriptors)
{
	_close_ int process_fd = proc_open(search->proc_fd, unfinished->pid);
	struct stat status;

	if (process_fd < 0 || fstat(process_fd, &status) < 0) {
		note_error(search, process_fd < 0 ? -process_fd : errno);
		return true;
	}
	if (status.st_ino != unfinished->inode) {
		unfinished->inode = status.st_ino;
		unfinished->position = 0;
		unfinished->held_count = 0;
	}
	take_held(search, unfinished);
	return read_on(search, process_fd, status.st_uid, descriptors, unfinished);
}

void
visit_unfinished(struct search *search, uint32_t descriptors, bool until_found)
{
	size_t kept = 0;

	for (size_t i = 0; i < search->unfinished_count; i++) {
		struct unfinished unfinished = search->unfinished[i];
		bool wanted = !search->budget.over && (!until_found || search->open > 0);

		if (!wanted || budget_account(&search->budget, unfinished.uid)->left == 0 ||
		    !resume(search, &unfinished, descriptors))
			search->unfinished[kept++] = unfinished;
	}
	search->unfinished_count = kept;
}

bool
visit_is_unfinished(const struct search *search)
{
	bool found = search->unfinished_count > 0 || search->budget.others.unopened > 0;

	for (size_t i = 0; i < search->budget.count; i++)
		found = found || search->budget.accounts[i].unopened > 0;
	return found;
}

void
visit_clear(struct search *search)
{
	budget_clear(&search->budget);
	free(search->unfinished);
	free(search->held);
}
