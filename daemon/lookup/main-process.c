/* SPDX-License-Identifier: MIT */
/*
 * The main process of a service, as far as it shows from outside: of all in the service's
 * cgroup the one that started first among those that PID 1 is the parent of; systemd forked
 * it, or took it over where it put itself in the background. In a container it is the first
 * whose parent is outside. A process that loses its parent becomes PID 1's child too, but
 * later.
 *
 * What an earlier run of the service left behind is PID 1's child as well, and older. So only
 * what was started since PID 1 started the unit counts (records.c); where the wall clock was
 * set back since then, and so nothing was, what has that run's $INVOCATION_ID from its start.
 * A unit that PID 1 does not run has no main process. Without such records the one that started
 * first has to do.
 *
 * Numbers are read before what they stand for, so the one that is chosen is read once
 * more through its own directory: the same start, still in that cgroup, the same program
 * before and after. Else the main process is unknown.
 *
 * Bounds: PROCESSES_MAX processes of a cgroup are examined, of a service those that were there
 * first; of a container with more, nothing is said. CACHE_MAX cgroups are remembered in one
 * request; of more, the rest is examined again. Cost: 12 us for each process in the cgroup, once
 * a request and cgroup.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/search.h"
#include "lookup/cgroup.h"
#include "lookup/files.h"
#include "lookup/main-process.h"
#include "lookup/place.h"
#include "lookup/proc.h"
#include "lookup/records.h"

#define PROCESSES_MAX 512
#define CACHE_MAX     128

/* Starts are known to a tick of 10 ms, the time of a file to a jiffy. */
#define START_SLACK_USEC (100 * 1000)

/* The most of a process's environment that is looked through. */
#define ENVIRONMENT_MAX 65536

struct main_process {
	char *path;  /* of the cgroup */
	char *exe;   /* NULL = unknown */
	int32_t pid; /* 0 = unknown */
	struct main_facts facts;
};

struct main_processes {
	size_t count;
	struct main_process list[CACHE_MAX];
};

/* One process of the cgroup. */
struct candidate {
	uint64_t start_usec;
	int32_t pid, parent_pid;
};

static int
compare_pids(const void *a, const void *b)
{
	int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;

	return left < right ? -1 : left > right;
}

/* Is the candidate's parent what starts the main process? pids are sorted. */
static bool
is_started(const struct candidate *candidate, const struct pids *pids, bool is_container)
{
	if (!is_container)
		return candidate->parent_pid == 1;
	return search_find(&candidate->parent_pid, pids->list, pids->count, sizeof(pids->list[0]),
		   compare_pids) == NULL;
}

/* Was the process given this id of a run, and has it that still? */
static bool
has_invocation(const struct view *view, int process_fd, const char *invocation)
{
	static const char name[] = "INVOCATION_ID=";
	_free_ char *text = malloc(ENVIRONMENT_MAX + 1);
	ssize_t length =
	    text == NULL ? -1 : files_read(process_fd, "environ", text, ENVIRONMENT_MAX);

	if (text == NULL)
		view_lacks_memory(view);
	if (length <= 0)
		return false;
	text[length] = '\0';
	for (const char *at = text; at < text + length; at += strlen(at) + 1)
		if (strncmp(at, name, sizeof(name) - 1) == 0)
			return strcmp(at + sizeof(name) - 1, invocation) == 0;
	return false;
}

/* How far a process is of the unit's present run. */
enum standing {
	STANDING_NONE,
	STANDING_CLAIMED, /* by its environment */
	STANDING_STARTED, /* by its start */
};

static enum standing
judge_standing(const struct view *view, int process_fd, const struct candidate *candidate,
    const struct records_run *run)
{
	if (run == NULL || candidate->start_usec + START_SLACK_USEC >= run->start_usec)
		return STANDING_STARTED;
	return has_invocation(view, process_fd, run->invocation) ? STANDING_CLAIMED : STANDING_NONE;
}

/*
 * Chooses among the processes, which it sorts. run: the unit's present one; NULL = not known. pid
 * is 0 where there is none.
 */
static struct candidate
choose(const struct view *view, struct pids *pids, bool is_container, const struct records_run *run)
{
	struct candidate best = { 0 }, first = { 0 };
	enum standing best_standing = STANDING_NONE;

	if (pids->count == 0)
		return best;
	qsort(pids->list, pids->count, sizeof(pids->list[0]), compare_pids);
	for (size_t i = 0; i < pids->count; i++) {
		_close_ int fd = proc_open(view->host->proc_fd, pids->list[i]);
		struct candidate candidate = { .pid = pids->list[i] };
		struct proc_stat stat;

		if (fd < 0 || proc_read_stat(fd, &stat) < 0)
			continue;
		candidate.start_usec = stat.start_usec;
		candidate.parent_pid = stat.parent_pid;
		if (first.pid == 0 || candidate.start_usec < first.start_usec)
			first = candidate;
		if (is_started(&candidate, pids, is_container)) {
			enum standing standing = judge_standing(view, fd, &candidate, run);

			if (standing > best_standing ||
			    (standing == best_standing && standing != STANDING_NONE &&
				candidate.start_usec < best.start_usec)) {
				best = candidate;
				best_standing = standing;
			}
		}
	}
	return best.pid != 0 || run != NULL ? best : first;
}

static bool
is_in_cgroup(const struct view *view, int process_fd, const char *cgroup)
{
	char path[PLACE_PATH_MAX];
	size_t length = strlen(cgroup);

	return view_read_cgroup(view, process_fd, path) && strncmp(path, cgroup, length) == 0 &&
	    (path[length] == '/' || path[length] == '\0');
}

/* Reads what the chosen one runs. Returns 0, also where it is not that one any more; -ENOMEM. */
static int
confirm(const struct view *view, const struct candidate *chosen, struct main_process *ret)
{
	_close_ int fd = proc_open(view->host->proc_fd, chosen->pid);
	char exe[FILES_LINK_MAX];
	struct proc_stat stat;
	ssize_t length;

	if (fd < 0)
		return 0;
	length = files_read_link(fd, "exe", exe, sizeof(exe));
	if (!is_in_cgroup(view, fd, ret->path) || proc_read_stat(fd, &stat) < 0 ||
	    stat.start_usec != chosen->start_usec)
		return 0;
	ret->pid = chosen->pid;
	ret->facts.start_usec = stat.start_usec;
	if (length <= 0)
		return 0;
	files_cut_deleted(exe);
	ret->exe = strdup(exe);
	return ret->exe == NULL ? -ENOMEM : 0;
}

/* Finds the main process of ret->path. Returns 0 or -ENOMEM. */
static int
find(const struct view *view, bool is_container, const char *unit, struct main_process *ret)
{
	_pids_ struct pids pids = { 0 };
	struct records_run run;
	struct candidate chosen;
	int known = is_container ? -ENOSYS : records_read_run(view, unit, &run), r;

	if (!is_container)
		ret->facts.has_timer = records_has_timer(view, unit);
	if (view->host->cgroup_fd < 0 || known == -ENOENT)
		return 0;
	r = cgroup_read_pids(view->host->cgroup_fd, ret->path, PROCESSES_MAX, &pids, NULL);
	/* The kernel lists those first that were there first: the main process is among them. */
	if (r < 0 && (r != -E2BIG || is_container))
		return r == -ENOMEM ? r : 0;
	chosen = choose(view, &pids, is_container, known == 0 ? &run : NULL);
	return chosen.pid == 0 ? 0 : confirm(view, &chosen, ret);
}

static void
clear(struct main_process *main_process)
{
	free(main_process->path);
	free(main_process->exe);
	*main_process = (struct main_process){ 0 };
}

static const struct main_process *
recall(const struct view *view, const char *path, size_t length)
{
	for (size_t i = 0; view->mains != NULL && i < view->mains->count; i++) {
		const struct main_process *known = &view->mains->list[i];

		if (strlen(known->path) == length && memcmp(known->path, path, length) == 0)
			return known;
	}
	return NULL;
}

/* Keeps it, for what else is in that cgroup. Returns whether it could be kept. */
static bool
remember(struct view *view, const struct main_process *found)
{
	if (view->mains == NULL)
		view->mains = calloc(1, sizeof(*view->mains));
	if (view->mains == NULL || view->mains->count == CACHE_MAX)
		return false;
	view->mains->list[view->mains->count++] = *found;
	return true;
}

static int
describe(const struct main_process *found, struct process *process, struct main_facts *ret_facts)
{
	*ret_facts = found->facts;
	process->main_pid = found->pid;
	return owner_text_set(&process->main_exe, found->exe);
}

int
main_process_read(struct view *view, const char *path, size_t group_length, bool is_container,
    struct process *process, struct main_facts *ret_facts)
{
	const struct main_process *known = recall(view, path, group_length);
	struct main_process found = { 0 };
	int r;

	if (known != NULL)
		return describe(known, process, ret_facts);
	found.path = strndup(path, group_length);
	if (found.path == NULL)
		return -ENOMEM;
	r = find(view, is_container, process->place.unit, &found);
	if (r == 0)
		r = describe(&found, process, ret_facts);
	if (r < 0 || !remember(view, &found))
		clear(&found);
	return r;
}

void
main_process_forget(struct view *view)
{
	for (size_t i = 0; view->mains != NULL && i < view->mains->count; i++)
		clear(&view->mains->list[i]);
	free(view->mains);
	view->mains = NULL;
}
