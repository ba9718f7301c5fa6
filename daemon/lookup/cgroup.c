/* SPDX-License-Identifier: MIT */
/*
 * The kernel gives the cgroup of a socket's creator as a number (INET_DIAG_CGROUP_ID). On a
 * 64-bit machine that is the inode number of the cgroup's directory; there is no way from
 * the number to the directory but to walk the tree (open_by_handle_at(2) can do it, and far
 * too much else). On a 32-bit machine nothing is found, and what depends on it is unknown.
 *
 * The tree is made by whoever was given a part of it: names are bytes, directories come and
 * go under the walk, and there can be very many. So at most DIRECTORIES_MAX are read,
 * DEPTH_MAX deep, and of paths longer than any that systemd makes LONG_BYTES_MAX are kept; what is
 * not found is not found, and the caller examines all processes instead.
 *
 * Directories without any below them show two links, so they need not be opened.
 *
 * Cost: 3 us a directory without others in it, 25 us with.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/search.h"
#include "lookup/cgroup.h"
#include "lookup/files.h"

#define DIRECTORIES_MAX 65536
#define DEPTH_MAX	64
#define PATH_LENGTH_MAX 4096

#define LONG_PATH      512
#define LONG_BYTES_MAX (16U << 20)

/* What is left of what a walk may read. */
struct budget {
	unsigned directories;
	unsigned depth;
	size_t long_bytes;
};

struct tree_walk;

/* What is done with a directory: fd is open and borrowed. */
typedef int directory_function(struct tree_walk *walk, int fd);

struct tree_walk {
	struct budget budget;
	directory_function *enter; /* called for each directory that is opened; or NULL */
	struct cgroup *cgroups;	   /* those searched for, sorted by id */
	size_t count, open;
	struct pids *pids; /* those found */
	size_t max;
	bool foreign;
	size_t length; /* of path */
	char path[PATH_LENGTH_MAX];
};

int
cgroup_open_root(void)
{
	static const char *const places[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		_close_ int fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct statfs system;

		if (fd >= 0 && fstatfs(fd, &system) == 0 && system.f_type == CGROUP2_SUPER_MAGIC)
			return take_fd(&fd);
	}
	return -ENOENT;
}

static int
compare_id(const void *key, const void *element)
{
	uint64_t id = *(const uint64_t *)key, other = ((const struct cgroup *)element)->id;

	return id < other ? -1 : id > other;
}

/* Notes the path of the walk where this is the id of one that is searched for. */
static int
match(struct tree_walk *walk, uint64_t id)
{
	struct cgroup *cgroup =
	    search_find(&id, walk->cgroups, walk->count, sizeof(walk->cgroups[0]), compare_id);

	if (cgroup == NULL || cgroup->path != NULL)
		return 0;
	if (walk->length >= LONG_PATH) {
		if (walk->length > walk->budget.long_bytes)
			return 0;
		walk->budget.long_bytes -= walk->length;
	}
	cgroup->path = strndup(walk->path, walk->length);
	if (cgroup->path == NULL)
		return -ENOMEM;
	walk->open--;
	return 0;
}

static int walk_directory(struct tree_walk *walk, int fd);

/* Reads one entry of the directory. Returns 0 or -errno. */
static int
walk_entry(struct tree_walk *walk, int directory_fd, const char *name)
{
	size_t before = walk->length, length = strlen(name);
	struct stat status;
	int r;

	if (walk->budget.directories == 0 || walk->budget.depth == 0 ||
	    before + 1 + length >= sizeof(walk->path) ||
	    fstatat(directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISDIR(status.st_mode))
		return 0;
	walk->budget.directories--;
	walk->path[before] = '/';
	memcpy(walk->path + before + 1, name, length);
	walk->length = before + 1 + length;
	r = match(walk, status.st_ino);
	/* Not every file system counts the directories in one as links. */
	if (r == 0 && (walk->enter != NULL || status.st_nlink != 2)) {
		_close_ int fd =
		    openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0 && walk->enter != NULL)
			r = walk->enter(walk, fd);
		walk->budget.depth--;
		if (fd >= 0 && r == 0 && status.st_nlink != 2)
			r = walk_directory(walk, fd);
		walk->budget.depth++;
	}
	walk->length = before;
	return r;
}

/* Reads all directories in the one that is open. Returns 0 or -errno. */
static int
walk_directory(struct tree_walk *walk, int fd)
{
	_closedir_ DIR *directory = files_open_directory(fd, ".");
	struct dirent *entry;
	int r = 0;

	/* Gone meanwhile, or not for us. */
	if (directory == NULL)
		return errno == ENOMEM ? -ENOMEM : 0;
	while (
	    r == 0 && (walk->count == 0 || walk->open > 0) && (entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.' &&
		    (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN))
			r = walk_entry(walk, dirfd(directory), entry->d_name);
	return r;
}

int
cgroup_find(int root_fd, struct cgroup *cgroups, size_t count)
{
	struct tree_walk walk = {
		.budget = { DIRECTORIES_MAX, DEPTH_MAX, LONG_BYTES_MAX },
		.cgroups = cgroups,
		.count = count,
		.open = count,
	};
	struct stat status;
	int r;

	if (count == 0 || sizeof(status.st_ino) < sizeof(cgroups->id))
		return 0;
	if (fstat(root_fd, &status) < 0)
		return -errno;
	r = match(&walk, status.st_ino);
	return r < 0 ? r : walk_directory(&walk, root_fd);
}

/*
 * Takes the numbers of whole lines from text. Returns how many bytes it took, or -errno.
 */
static ssize_t
take_lines(struct tree_walk *walk, char *text, size_t length)
{
	char *at = text, *end;

	while ((end = memchr(at, '\n', length - (size_t)(at - text))) != NULL) {
		int32_t pid;
		int r;

		*end = '\0';
		pid = files_number(at);
		walk->foreign |= strcmp(at, "0") == 0;
		at = end + 1;
		if (pid <= 0)
			continue;
		if (walk->pids->count == walk->max)
			return -E2BIG;
		r = pids_add(walk->pids, pid);
		if (r < 0)
			return r;
	}
	return at - text;
}

/* Reads cgroup.procs of one directory. A threaded cgroup has none of its own (EOPNOTSUPP). */
static int
enter_pids(struct tree_walk *walk, int directory_fd)
{
	_close_ int fd = openat(directory_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[4096];
	size_t used = 0;
	ssize_t length;

	if (fd < 0)
		return 0;
	while ((length = read(fd, text + used, sizeof(text) - used)) > 0) {
		ssize_t taken = take_lines(walk, text, used + (size_t)length);

		if (taken < 0)
			return (int)taken;
		used += (size_t)(length - taken);
		memmove(text, text + taken, used);
		/* A line of 4 KiB is no number. */
		if (used == sizeof(text))
			break;
	}
	return 0;
}

/*
 * Of a process outside of this cgroup namespace the kernel says "/../its/path"; that is not
 * in the tree we have.
 */
static bool
leads_out(const char *path)
{
	return strncmp(path, "/..", 3) == 0 && (path[3] == '/' || path[3] == '\0');
}

int
cgroup_read_pids(int root_fd, const char *path, size_t max, struct pids *pids, bool *ret_foreign)
{
	struct tree_walk walk = {
		.budget = { DIRECTORIES_MAX, DEPTH_MAX, 0 },
		.enter = enter_pids,
		.pids = pids,
		.max = max,
	};
	_close_ int fd = -1;
	int r;

	if (leads_out(path))
		return -ENOENT;
	fd = openat(root_fd, path[0] == '\0' || path[1] == '\0' ? "." : path + 1,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	r = enter_pids(&walk, fd);
	if (r == 0)
		r = walk_directory(&walk, fd);
	if (ret_foreign != NULL)
		*ret_foreign = walk.foreign;
	return r;
}
