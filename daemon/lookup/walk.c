/* SPDX-License-Identifier: MIT */
/*
 * In which order the processes are examined, and when that ends.
 *
 * A quick walk is for a listener that has just appeared, whose owner is wanted soon: first
 * the processes in the cgroups of the sockets' creators, with all that are below; of a
 * .socket unit's also those of the service it starts. Then PID 1, then the processes of the
 * sockets' users, then all others; the largest numbers first, because what listens newly
 * mostly runs newly. It ends when every socket has a holder. A cgroup is searched to
 * its end where it has FINISH_MAX processes at most, so that workers that share a listener
 * are counted; of larger ones, and where a holder was found elsewhere, its parents are
 * examined, because that is where a socket was made that a child has.
 *
 * The other walks examine every process, whatever they find.
 *
 * A process that ends under the walk is skipped, and one that starts is found by a second
 * reading of the list. A process that may not be examined makes the walk incomplete, and so
 * does a /proc that hides processes (hidepid=): PID 1 is always there, so where it is
 * missing others are too.
 *
 * Memory: one bit for each process number there can be (512 KiB, of which the kernel gives
 * what is touched), four bytes for each process. Cost: visit.c's for each process examined;
 * 1 us a process for the list, 2 us for whose each one is.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "lookup/files.h"
#include "lookup/proc.h"
#include "lookup/ring.h"
#include "lookup/walk.h"
#include "wire/protocol.h"

/* The largest cgroup that is searched to its end. */
#define FINISH_MAX 512

/* How many parents of a holder are examined. */
#define PARENTS_MAX 16

struct walk {
	struct search search;
	const struct host *host;
	uint64_t *visited; /* one bit a process number */
};

/* The first time: notes that the process is examined. */
static bool
is_new(struct walk *walk, int32_t pid)
{
	uint64_t *word, bit = 1ULL << (pid % 64);

	if (pid <= 0 || pid > LOOKUP_PID_MAX)
		return false;
	word = &walk->visited[pid / 64];
	if ((*word & bit) != 0)
		return false;
	*word |= bit;
	return true;
}

static void
visit(struct walk *walk, int32_t pid)
{
	if (is_new(walk, pid))
		visit_process(&walk->search, pid);
}

/* Reads the numbers of all processes. Returns 0 or -errno. */
static int
list_processes(struct walk *walk, struct pids *pids)
{
	_closedir_ DIR *directory = files_open_directory(walk->host->proc_fd, ".");
	struct dirent *entry;
	int r = 0;

	if (directory == NULL)
		return -errno;
	while (r == 0 && (errno = 0, (entry = readdir(directory)) != NULL)) {
		int32_t pid = files_number(entry->d_name);

		if (pid > 0)
			r = pids_add(pids, pid);
	}
	return r == 0 && errno != 0 ? -errno : r;
}

static bool
has_pid(const struct pids *pids, int32_t wanted)
{
	for (size_t i = 0; i < pids->count; i++)
		if (pids->list[i] == wanted)
			return true;
	return false;
}

/*
 * Examines every process that was not yet. *ret_saw_all says whether none was kept from
 * view. Returns 0 or -errno.
 */
static int
walk_rest(struct walk *walk, bool *ret_saw_all)
{
	bool saw_init = false;

	for (int round = 0; round < 2; round++) {
		_pids_ struct pids pids = { 0 };
		int r = list_processes(walk, &pids);

		if (r < 0)
			return r;
		for (size_t i = 0; i < pids.count; i++)
			visit(walk, pids.list[i]);
		saw_init |= has_pid(&pids, 1);
	}
	*ret_saw_all = saw_init && walk->search.saw_all;
	return 0;
}

static bool
is_found(const struct wanted *wanted)
{
	return wanted->answered || wanted->kept > 0;
}

static int32_t
parent_of(const struct walk *walk, int32_t pid)
{
	_close_ int fd = proc_open(walk->host->proc_fd, pid);
	struct proc_stat stat;

	return fd >= 0 && proc_read_stat(fd, &stat) == 0 ? stat.parent_pid : 0;
}

/* Examines the parents of a process, but PID 1, which is everybody's at last. */
static void
visit_parents(struct walk *walk, int32_t pid)
{
	for (int i = 0; i < PARENTS_MAX; i++) {
		pid = parent_of(walk, pid);
		if (pid <= 1)
			return;
		visit(walk, pid);
	}
}

/* Examines the parents of who was found first to hold each socket. */
static void
visit_all_parents(struct walk *walk)
{
	const struct search *search = &walk->search;

	for (size_t i = 0; i < search->count; i++)
		if (!search->wanted[i].answered && search->wanted[i].kept > 0)
			visit_parents(walk, search->wanted[i].holder[0].pid);
}

/* Has every socket of this cgroup a holder? */
static bool
cgroup_is_found(const struct walk *walk, uint64_t id)
{
	const struct search *search = &walk->search;

	for (size_t i = 0; i < search->count; i++)
		if (search->wanted[i].cgroup == id && !is_found(&search->wanted[i]))
			return false;
	return true;
}

/* Examines the processes in one directory of the tree, for the sockets of cgroup id. */
static int
visit_directory(struct walk *walk, uint64_t id, const char *path)
{
	_pids_ struct pids pids = { 0 };
	int r = cgroup_read_pids(walk->host->cgroup_fd, path, LOOKUP_PID_MAX, &pids, NULL);

	/* Gone meanwhile, or unreadable: the rest of the walk finds what was in it. */
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	pids_sort_newest(&pids);
	for (size_t i = 0; i < pids.count; i++) {
		size_t open = walk->search.open;

		if (pids.count > FINISH_MAX && cgroup_is_found(walk, id))
			break;
		visit(walk, pids.list[i]);
		if (pids.count > FINISH_MAX && walk->search.open < open)
			visit_parents(walk, pids.list[i]);
	}
	return 0;
}

static int
visit_cgroup(struct walk *walk, const struct cgroup *cgroup)
{
	static const char socket_suffix[] = ".socket", service_suffix[] = ".service";
	size_t length = strlen(cgroup->path), suffix = sizeof(socket_suffix) - 1;
	_free_ char *service = NULL;
	int r = visit_directory(walk, cgroup->id, cgroup->path);

	if (r < 0 || length <= suffix || strcmp(cgroup->path + length - suffix, socket_suffix) != 0)
		return r;
	service = malloc(length + sizeof(service_suffix));
	if (service == NULL)
		return -ENOMEM;
	memcpy(service, cgroup->path, length - suffix);
	memcpy(service + length - suffix, service_suffix, sizeof(service_suffix));
	return visit_directory(walk, cgroup->id, service);
}

/* Is this the user of a socket that has no holder yet? */
static bool
is_users(const struct search *search, uint32_t uid)
{
	for (size_t i = 0; i < search->count; i++)
		if (search->wanted[i].uid == uid && !is_found(&search->wanted[i]))
			return true;
	return false;
}

static bool
is_process_of_users(const struct walk *walk, int32_t pid)
{
	char name[16];
	struct stat status;

	(void)snprintf(name, sizeof(name), "%" PRIi32, pid);
	return fstatat(walk->host->proc_fd, name, &status, 0) == 0 &&
	    is_users(&walk->search, status.st_uid);
}

/* Examines all processes until every socket has a holder, those of their users first. */
static int
visit_likely(struct walk *walk)
{
	_pids_ struct pids pids = { 0 };
	int r = list_processes(walk, &pids);

	if (r < 0)
		return r;
	pids_sort_newest(&pids);
	for (size_t i = 0; i < pids.count && walk->search.open > 0; i++)
		if (is_process_of_users(walk, pids.list[i]))
			visit(walk, pids.list[i]);
	for (size_t i = 0; i < pids.count && walk->search.open > 0; i++)
		visit(walk, pids.list[i]);
	return 0;
}

static int
walk_quickly(struct walk *walk, const struct cgroup *cgroups, size_t cgroup_count,
    bool *ret_saw_all)
{
	int r = 0;

	*ret_saw_all = false;
	for (size_t i = 0; i < cgroup_count && r == 0; i++)
		if (cgroups[i].path != NULL && !cgroup_is_found(walk, cgroups[i].id))
			r = visit_cgroup(walk, &cgroups[i]);
	if (r < 0 || walk->search.open == 0)
		return r;
	visit(walk, 1);
	if (walk->search.open > 0)
		r = visit_likely(walk);
	if (r < 0)
		return r;
	visit_all_parents(walk);
	return walk->search.open > 0 ? walk_rest(walk, ret_saw_all) : 0;
}

static void
forget_holders(struct wanted *wanted)
{
	wanted->holders = 0;
	wanted->kept = 0;
	wanted->counted_pid = 0;
}

int
walk_processes(const struct host *host, struct wanted *wanted, size_t count,
    const struct cgroup *cgroups, size_t cgroup_count, enum walk_kind kind, bool *ret_saw_all)
{
	_free_ uint64_t *visited = calloc(LOOKUP_PID_MAX / 64 + 1, sizeof(visited[0]));
	struct walk walk = {
		.search = {
			.proc_fd = host->proc_fd, .wanted = wanted, .count = count,
			.threads = kind == WALK_THREADS, .saw_all = true,
			.ring_left_bytes = RING_BYTES_MAX,
		},
		.host = host, .visited = visited,
	};

	if (visited == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (!wanted[i].answered) {
			forget_holders(&wanted[i]);
			walk.search.open++;
		}
	if (kind == WALK_QUICK)
		return walk_quickly(&walk, cgroups, cgroup_count, ret_saw_all);
	return walk_rest(&walk, ret_saw_all);
}
