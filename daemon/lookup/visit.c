/* SPDX-License-Identifier: MIT */
/*
 * The links of all descriptors of one process, and the inodes in them searched for among those
 * wanted. Nothing is kept of a process but sixteen bytes for each wanted socket it holds, and
 * only while it is among the OWNER_PROCESSES_MAX that started first, so memory does not depend
 * on what runs on the host. Directories are read as a stream.
 *
 * Threads share their descriptors as a rule, so the first thread's are read. With `threads`
 * those that do not (unshare(CLONE_FILES), or a first thread that has ended) are read too;
 * kcmp(2) says which those are without reading the descriptors.
 *
 * What a descriptor of an io_uring stands for besides, ring.c reads.
 *
 * Cost: 2 to 4 us a descriptor, nearly all of it readlink(2), and 14 us a process.
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

#include "base/cleanup.h"
#include "base/search.h"
#include "lookup/files.h"
#include "lookup/proc.h"
#include "lookup/ring.h"
#include "lookup/visit.h"

/* The process that is examined. */
struct visit {
	struct search *search;
	int process_fd;
	bool stat_known; /* start_usec was read */
	bool denied;	 /* its descriptors may not be read */
	struct holder holder;
};

/* Notes that something could not be read, unless it is gone (ENOENT, ESRCH). */
static void
note_error(struct search *search, int error)
{
	if (error != ENOENT && error != ESRCH)
		search->saw_all = false;
}

int
visit_compare_holders(const struct holder *a, const struct holder *b)
{
	if (a->start_usec != b->start_usec)
		return a->start_usec < b->start_usec ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
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

/* Keeps the holder where it is among the first. */
static void
keep_holder(struct wanted *wanted, const struct holder *holder)
{
	uint32_t at = wanted->kept;

	if (at == OWNER_PROCESSES_MAX) {
		if (visit_compare_holders(holder, &wanted->holder[at - 1]) >= 0)
			return;
		at--;
	} else
		wanted->kept++;
	for (; at > 0 && visit_compare_holders(holder, &wanted->holder[at - 1]) < 0; at--)
		wanted->holder[at] = wanted->holder[at - 1];
	wanted->holder[at] = *holder;
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
		visit->stat_known = true;
	}
	visit->holder.fd = fd;
	visit->holder.in_ring = in_ring;
	wanted->counted_pid = visit->holder.pid;
	if (wanted->holders == 0)
		visit->search->open--;
	wanted->holders++;
	wanted->seen = true;
	keep_holder(wanted, &visit->holder);
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
	int r = ring_read(directory_fd, fd, &visit->search->ring_left_bytes, on_registered, &ring,
	    &hidden);

	if (r < 0)
		note_error(visit->search, -r);
	else
		note_hidden(visit, hidden);
	return !ring.gone;
}

/* Reads the descriptors of one thread: directory_fd is its directory. */
static void
visit_descriptors(struct visit *visit, int directory_fd)
{
	_closedir_ DIR *directory = files_open_directory(directory_fd, "fd");
	struct dirent *entry;

	if (directory == NULL) {
		visit->denied = errno == EACCES || errno == EPERM;
		note_error(visit->search, errno);
		return;
	}
	while (errno = 0, (entry = readdir(directory)) != NULL) {
		char link[64];
		ssize_t length;
		uint32_t inode;

		if (entry->d_name[0] == '.')
			continue;
		length = files_read_link(dirfd(directory), entry->d_name, link, sizeof(link));
		if (length == -EACCES || length == -EPERM) {
			/* The others will not be shown either. */
			visit->denied = true;
			note_error(visit->search, EACCES);
			return;
		}
		/* A socket's link is short. */
		if (length < 0 && length != -ENAMETOOLONG)
			note_error(visit->search, (int)-length);
		inode = length > 0 ? files_socket_inode(link) : 0;
		if (inode > 0 && !visit_socket(visit, atoi(entry->d_name), false, inode))
			return;
		if (length > 0 && strcmp(link, RING_LINK) == 0 &&
		    !visit_ring(visit, directory_fd, atoi(entry->d_name)))
			return;
	}
	if (errno != 0)
		note_error(visit->search, errno);
}

/*
 * Has the thread the same descriptors as the first one? Where the kernel does not say: no.
 */
static bool
shares_descriptors(int32_t pid, int32_t tid)
{
	return syscall(SYS_kcmp, pid, tid, KCMP_FILES, 0, 0) == 0;
}

static void
visit_threads(struct visit *visit)
{
	_closedir_ DIR *directory = files_open_directory(visit->process_fd, "task");
	struct dirent *entry;

	if (directory == NULL) {
		note_error(visit->search, errno);
		return;
	}
	while (errno = 0, (entry = readdir(directory)) != NULL) {
		int32_t tid = files_number(entry->d_name);
		_close_ int task_fd = -1;

		if (tid <= 0 || tid == visit->holder.pid ||
		    shares_descriptors(visit->holder.pid, tid))
			continue;
		task_fd = openat(dirfd(directory), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (task_fd < 0) {
			note_error(visit->search, errno);
			continue;
		}
		visit->holder.tid = tid;
		visit_descriptors(visit, task_fd);
	}
	if (errno != 0)
		note_error(visit->search, errno);
}

void
visit_process(struct search *search, int32_t pid)
{
	struct visit visit = { .search = search, .holder = { .pid = pid, .tid = pid } };
	_close_ int process_fd = proc_open(search->proc_fd, pid);

	if (process_fd < 0) {
		note_error(search, -process_fd);
		return;
	}
	visit.process_fd = process_fd;
	visit_descriptors(&visit, process_fd);
	if (search->threads && !visit.denied)
		visit_threads(&visit);
}
