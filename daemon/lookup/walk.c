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
 * The other kind examines every process, whatever it finds, and every thread.
 *
 * A process with many descriptors is left after the first of them, until every other process had
 * its turn, and so is who has many processes: of each user the first is examined, the one with the
 * fewest descriptors, then of each the second, those of the sockets' users before all others.
 * budget.c has the bounds. What is unfinished in the end is said of the sockets that may be there
 * (unsearched.c).
 *
 * A process that ends under the walk is skipped, and one that starts is found by a second
 * reading of the list. A process that may not be examined makes the walk incomplete, and so
 * does a /proc that hides processes (hidepid=): PID 1 is always there, so where it is
 * missing others are too.
 *
 * Memory: one bit for each process number there can be (512 KiB, of which the kernel gives
 * what is touched), 52 bytes for each process, 24 of them while they are sorted. Cost: visit.c's
 * for each process examined; 1 us a process for the list, 2 us for whose each one is.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/search.h"
#include "lookup/files.h"
#include "lookup/proc.h"
#include "lookup/unsearched.h"
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

static bool
was_visited(const struct walk *walk, int32_t pid)
{
	return pid > 0 && pid <= LOOKUP_PID_MAX && (walk->visited[pid / 64] >> (pid % 64) & 1) != 0;
}

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
list_processes(const struct walk *walk, struct pids *pids)
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

static int
compare_uids(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* The users of sockets that have no holder yet, sorted. Returns how many. */
static size_t
list_users(const struct search *search, uint32_t *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < search->count; i++)
		if (!is_found(&search->wanted[i]) &&
		    (count == 0 || ret[count - 1] != search->wanted[i].uid))
			ret[count++] = search->wanted[i].uid;
	qsort(ret, count, sizeof(ret[0]), compare_uids);
	return count;
}

/* A process that is to be examined, in its turn. */
struct turn {
	int32_t pid;
	uint32_t uid;
	uint64_t open; /* descriptors, since Linux 6.2; 0 = unknown */
	uint32_t rank; /* how many of the same user come before it */
	bool likely;   /* a user's of a socket that has no holder yet */
};

struct turns {
	struct turn *list; /* owned */
	size_t count, room;
};

static void
cleanup_turns(struct turns *turns)
{
	free(turns->list);
}

static int
compare_users(const void *a, const void *b)
{
	const struct turn *left = a, *right = b;

	if (left->uid != right->uid)
		return left->uid < right->uid ? -1 : 1;
	if (left->open != right->open)
		return left->open < right->open ? -1 : 1;
	return left->pid > right->pid ? -1 : left->pid < right->pid;
}

static int
compare_turns(const void *a, const void *b)
{
	const struct turn *left = a, *right = b;

	if (left->likely != right->likely)
		return left->likely ? -1 : 1;
	if (left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	return left->pid > right->pid ? -1 : left->pid < right->pid;
}

/* Puts them in the order of their turns. Returns 0 or -ENOMEM. */
static int
order(const struct walk *walk, struct turns *turns)
{
	_free_ uint32_t *users = calloc(walk->search.count + 1, sizeof(users[0]));
	struct turn *list = turns->list;
	size_t user_count;

	if (users == NULL)
		return -ENOMEM;
	if (turns->count == 0)
		return 0;
	user_count = list_users(&walk->search, users);
	qsort(list, turns->count, sizeof(list[0]), compare_users);
	for (size_t i = 0; i < turns->count; i++) {
		bool same = i > 0 && list[i].uid == list[i - 1].uid;

		list[i].rank = same ? list[i - 1].rank + 1 : 0;
		list[i].likely = same ? list[i - 1].likely :
					search_find(&list[i].uid, users, user_count,
					    sizeof(users[0]), compare_uids) != NULL;
	}
	qsort(list, turns->count, sizeof(list[0]), compare_turns);
	return 0;
}

/* Reads what their order depends on. Of root's processes not how much they have open: they are the
 * most on most hosts, and none of them is to be feared. Returns false where it is gone. */
static bool
read_turn(const struct walk *walk, int32_t pid, struct turn *ret)
{
	char name[24];
	struct stat status;

	(void)snprintf(name, sizeof(name), "%" PRIi32, pid);
	if (fstatat(walk->host->proc_fd, name, &status, 0) < 0)
		return false;
	*ret = (struct turn){ .pid = pid, .uid = status.st_uid };
	(void)snprintf(name, sizeof(name), "%" PRIi32 "/fd", pid);
	if (ret->uid != 0 && fstatat(walk->host->proc_fd, name, &status, 0) == 0)
		ret->open = (uint64_t)status.st_size;
	return true;
}

/* Lists the processes that were not examined yet. *saw_init: PID 1 is among all. */
static int
list_turns(const struct walk *walk, struct turns *ret, bool *saw_init)
{
	_pids_ struct pids pids = { 0 };
	int r = list_processes(walk, &pids);

	for (size_t i = 0; i < pids.count && r == 0; i++) {
		struct turn turn;

		*saw_init |= pids.list[i] == 1;
		if (was_visited(walk, pids.list[i]) || !read_turn(walk, pids.list[i], &turn))
			continue;
		r = array_reserve(&ret->list, &ret->room, ret->count + 1, LOOKUP_PID_MAX);
		if (r == 0)
			ret->list[ret->count++] = turn;
	}
	return r < 0 ? r : order(walk, ret);
}

/* Where nothing is left to its user it is not even opened. */
static void
visit_turn(struct walk *walk, const struct turn *turn)
{
	if (is_new(walk, turn->pid) && visit_may_open(&walk->search, turn->uid))
		visit_process(&walk->search, turn->pid);
}

/* Examines every process that was not yet, in turns; until_found: while a socket has no holder. */
static int
visit_all(struct walk *walk, bool until_found, bool *saw_init)
{
	const struct budget_limits *limits = walk->search.budget.limits;
	const uint32_t slices[] = { limits->second, limits->process };

	for (int round = 0; round < 2; round++) {
		_cleanup_(cleanup_turns) struct turns turns = { 0 };
		int r = list_turns(walk, &turns, saw_init);

		if (r < 0)
			return r;
		for (size_t i = 0; i < turns.count; i++) {
			if (until_found && walk->search.open == 0)
				return 0;
			visit_turn(walk, &turns.list[i]);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(slices); i++)
		visit_unfinished(&walk->search, slices[i], until_found);
	return 0;
}

/* *ret_saw_all: every process has been examined, as far as its user's account reached. *ret_blind:
 * not even PID 1 is there to be seen. */
static int
walk_quickly(struct walk *walk, const struct walk_plan *plan, bool *ret_saw_all, bool *ret_blind)
{
	int r = 0;

	*ret_saw_all = *ret_blind = false;
	for (size_t i = 0; i < plan->cgroup_count && r == 0; i++)
		if (plan->cgroups[i].path != NULL && !cgroup_is_found(walk, plan->cgroups[i].id))
			r = visit_cgroup(walk, &plan->cgroups[i]);
	if (r < 0 || walk->search.open == 0)
		return r;
	visit(walk, 1);
	r = visit_all(walk, true, ret_saw_all);
	if (r < 0)
		return r;
	visit_all_parents(walk);
	*ret_blind = !*ret_saw_all;
	*ret_saw_all &= walk->search.open > 0;
	return 0;
}

static void
forget_holders(struct wanted *wanted)
{
	wanted->holders = 0;
	wanted->kept = 0;
	wanted->unjudged = false;
	wanted->counted_pid = 0;
}

/* Notes of each socket who may hold it besides. A quick walk that found a holder does not ask. Of a
 * socket that nobody was found for in an earlier walk either, that one counts, too. Returns 0 or
 * -ENOMEM. */
static int
note_unsearched(struct search *search, bool quick)
{
	struct unsearched unsearched;
	int r = unsearched_collect(&unsearched, search);

	for (size_t i = 0; i < search->count && r == 0; i++) {
		struct wanted *wanted = &search->wanted[i];
		uint32_t uid;
		bool found;

		if (wanted->answered)
			continue;
		found = !(quick && wanted->kept > 0) && unsearched_find(&unsearched, wanted, &uid);
		if (found)
			wanted->unsearched_uid = uid;
		wanted->unsearched = found || (wanted->unsearched && wanted->kept == 0);
	}
	unsearched_clear(&unsearched);
	return r;
}

int
walk_processes(const struct host *host, struct wanted *wanted, size_t count,
    const struct walk_plan *plan, struct walk_result *ret)
{
	_free_ uint64_t *visited = calloc(LOOKUP_PID_MAX / 64 + 1, sizeof(visited[0]));
	struct walk walk = {
		.search = {
			.proc_fd = host->proc_fd, .wanted = wanted, .count = count,
			.threads = plan->kind == WALK_THOROUGH, .saw_all = true,
		},
		.host = host, .visited = visited,
	};
	bool saw_all = false, blind;
	int r;

	if (visited == NULL)
		return -ENOMEM;
	budget_init(&walk.search.budget, host->limits, host->ledger, plan->until_usec);
	for (size_t i = 0; i < count; i++)
		if (!wanted[i].answered) {
			forget_holders(&wanted[i]);
			walk.search.open++;
		}
	if (plan->kind == WALK_QUICK)
		r = walk_quickly(&walk, plan, &saw_all, &blind);
	else {
		r = visit_all(&walk, false, &saw_all);
		blind = !saw_all;
	}
	ret->denied = blind || walk.search.denied;
	ret->unfinished = visit_is_unfinished(&walk.search);
	ret->saw_all = saw_all && walk.search.saw_all && !ret->unfinished;
	if (r == 0)
		r = note_unsearched(&walk.search, plan->kind == WALK_QUICK);
	/* Who was not seen for want of memory may hold anything. */
	if (r == 0 && (walk.search.lost || walk.search.budget.lost))
		r = -ENOMEM;
	visit_clear(&walk.search);
	return r;
}
