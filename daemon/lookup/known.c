/* SPDX-License-Identifier: MIT */
/*
 * A shell, interpreter or relay stays what it is when somebody copies it under another name. Those
 * of the host are looked for by the names of model/program.h in the directories where a shell looks
 * for programs, and nowhere else, and their build ids are read (build-id.c). A file with the build
 * id of one is a copy of it.
 *
 * What is not recognized: a program that was built without an id, another build than the host's,
 * and a copy whose id was changed. A table that others than root may have written to would let them
 * choose what is recognized, so only root's files are taken.
 *
 * The directories are listed when they have changed; each request asks anew whether a file has.
 * What was found of a running file is remembered for one request.
 *
 * Files are opened by content.c: not all can be read.
 *
 * Bounds: KNOWN_MAX programs, NAMES_MAX entries of a directory, CANDIDATES_MAX of the names.
 * Memory: 12 KiB, and 11 KiB more while directories are listed. Cost: 70 us a request; 1 to 5 ms
 * when a directory has changed; 3 us a file that is not remembered.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/build-id.h"
#include "lookup/content.h"
#include "lookup/files.h"
#include "lookup/known.h"
#include "lookup/path.h"
#include "model/owner.h"
#include "model/program.h"

#define NAMES_MAX      65536
#define CANDIDATES_MAX 256
#define REMEMBERED_MAX 64

static const char *const directories[] = { "/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin",
	"/sbin", "/usr/local/sbin" };

/* What makes one program of a script: the runtime's file, and the script behind it. */
static const char *const runtimes[] = { "node", "nodejs", "deno", "bun" };

/* Which file it is, and in which state. */
struct file_state {
	uint64_t device, inode, changed_usec, size;
};

/* A name in a directory that program.h knows. */
struct known_name {
	char name[OWNER_KNOWN_MAX];
	unsigned directory, rank;
	bool link;
};

/* A program of the host's. */
struct known_program {
	struct known_name found;
	struct file_state state;
	struct build_id id;
};

/* What a running file was found to be. */
struct remembered {
	struct file_state state; /* all zero: none */
	const struct known_program *entry;
};

struct known_programs {
	size_t count;
	struct file_state directories[ARRAY_SIZE(directories)];
	struct known_program entries[KNOWN_MAX];
	struct remembered remembered[REMEMBERED_MAX];
};

/* ---- files -------------------------------------------------------------------------------- */

static struct file_state
state_of(const struct statx *file)
{
	return (struct file_state){
		.device = (uint64_t)file->stx_dev_major << 32 | file->stx_dev_minor,
		.inode = file->stx_ino,
		.changed_usec =
		    (uint64_t)file->stx_ctime.tv_sec * 1000000 + file->stx_ctime.tv_nsec / 1000,
		.size = file->stx_size,
	};
}

/* Returns 0 or -errno. What the kernel knows is enough, as in program-file.c. */
static int
stat_file(int directory_fd, const char *name, int flags, struct statx *ret)
{
	flags |= AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
	return statx(directory_fd, name, flags, STATX_BASIC_STATS, ret) < 0 ? -errno : 0;
}

static bool
is_same(const struct file_state *a, const struct file_state *b)
{
	return a->inode == b->inode && a->device == b->device &&
	    a->changed_usec == b->changed_usec && a->size == b->size;
}

/* Opens what the candidate's path leads to, to be looked at. Returns a descriptor or -errno. */
static int
open_candidate(int root_fd, const struct known_name *candidate, struct statx *ret)
{
	char path[64 + OWNER_KNOWN_MAX];
	_close_ int fd = -1;
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", directories[candidate->directory],
	    candidate->name);
	fd = path_open(root_fd, path);
	if (fd < 0)
		return fd;
	r = stat_file(fd, "", AT_EMPTY_PATH, ret);
	return r < 0 ? r : take_fd(&fd);
}

/* Reads the id of a file that is open (O_PATH). Returns 0 or -errno. */
static int
read_id(const struct content_reader *reader, int path_fd, const struct file_state *state,
    struct build_id *ret)
{
	_close_ int fd = content_open(reader, path_fd);
	struct file_state opened;
	struct statx file;
	int r;

	if (fd < 0)
		return fd;
	r = stat_file(fd, "", AT_EMPTY_PATH, &file);
	if (r < 0)
		return r;
	opened = state_of(&file);
	return is_same(&opened, state) ? build_id_read(fd, ret) : -ESTALE;
}

/* ---- the table ---------------------------------------------------------------------------- */

/* Shells and relays are what a host has few of and what hides: they come first. */
static bool
read_rank(const char *name, unsigned *ret)
{
	const struct program *program = program_find(name);
	const uint32_t kinds = program != NULL ? program->kinds : 0;

	if ((kinds & (PROGRAM_INTERPRETER | PROGRAM_RELAY | PROGRAM_MULTI_CALL)) == 0)
		return false;
	*ret = (kinds & (PROGRAM_SHELL | PROGRAM_RELAY | PROGRAM_MULTI_CALL)) != 0 ? 0 : 1;
	return true;
}

/* Lists one directory behind the *count candidates that there are. Returns 0 or -ENOMEM. */
static int
list_directory(int fd, unsigned number, struct known_name *candidates, size_t *count)
{
	_closedir_ DIR *directory = fd >= 0 ? files_open_directory(fd, ".") : NULL;
	struct dirent *entry;

	if (fd >= 0 && directory == NULL && errno == ENOMEM)
		return -ENOMEM;
	for (unsigned names = 0; directory != NULL && names < NAMES_MAX &&
	     *count < CANDIDATES_MAX && (entry = readdir(directory)) != NULL;
	     names++) {
		struct known_name candidate = {
			.directory = number,
			.link = entry->d_type != DT_REG,
		};

		if (strlen(entry->d_name) >= sizeof(candidate.name) || entry->d_name[0] == '-' ||
		    !read_rank(entry->d_name, &candidate.rank))
			continue;
		memcpy(candidate.name, entry->d_name, strlen(entry->d_name) + 1);
		candidates[(*count)++] = candidate;
	}
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct known_name *left = a, *right = b;

	if (left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	/* A file's own name before those of links to it. */
	if (left->link != right->link)
		return left->link ? 1 : -1;
	if (left->directory != right->directory)
		return left->directory < right->directory ? -1 : 1;
	return strcmp(left->name, right->name);
}

static const struct known_program *
find_id(const struct known_programs *known, const struct build_id *id)
{
	for (size_t i = 0; i < known->count; i++)
		if (build_id_is_same(&known->entries[i].id, id))
			return &known->entries[i];
	return NULL;
}

/* Takes the candidate in where it is root's, and no other name of what is there already. */
static void
add(struct known_programs *known, int root_fd, const struct known_name *candidate,
    struct file_systems *systems)
{
	const struct content_reader reader = { .systems = systems };
	struct known_program entry = { .found = *candidate };
	_close_ int fd = -1;
	struct statx file;

	fd = open_candidate(root_fd, candidate, &file);
	if (fd < 0 || !S_ISREG(file.stx_mode) || file.stx_uid != 0 ||
	    (file.stx_mode & (S_IWGRP | S_IWOTH)) != 0)
		return;
	entry.state = state_of(&file);
	for (size_t i = 0; i < known->count; i++)
		if (is_same(&known->entries[i].state, &entry.state))
			return;
	if (read_id(&reader, fd, &entry.state, &entry.id) < 0 || find_id(known, &entry.id) != NULL)
		return;
	known->entries[known->count++] = entry;
}

static int
fill(struct known_programs *known, int root_fd, const int *fds, struct file_systems *systems)
{
	_free_ struct known_name *candidates = calloc(CANDIDATES_MAX, sizeof(*candidates));
	size_t count = 0;
	int r = candidates == NULL ? -ENOMEM : 0;

	known->count = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(directories) && r == 0; i++)
		r = list_directory(fds[i], i, candidates, &count);
	if (r < 0)
		return r;
	qsort(candidates, count, sizeof(candidates[0]), compare);
	for (size_t i = 0; i < count && known->count < KNOWN_MAX; i++)
		add(known, root_fd, &candidates[i], systems);
	return 0;
}

/* Opens the directories, each once, and notes their states; of one that is there by another name,
 * or not at all, the descriptor is -1 and the state zero. */
static void
open_directories(int root_fd, int *fds, struct file_state *states)
{
	for (unsigned i = 0; i < ARRAY_SIZE(directories); i++) {
		_close_ int fd = path_open(root_fd, directories[i]);
		struct statx file;
		bool again = false;

		fds[i] = -1;
		states[i] = (struct file_state){ 0 };
		if (fd < 0 || stat_file(fd, "", AT_EMPTY_PATH, &file) < 0)
			continue;
		states[i] = state_of(&file);
		/* /bin is mostly /usr/bin once more. */
		for (unsigned j = 0; j < i; j++)
			again |= states[j].inode == states[i].inode &&
			    states[j].device == states[i].device;
		if (again)
			states[i] = (struct file_state){ 0 };
		else
			fds[i] = take_fd(&fd);
	}
}

static bool
entry_is_current(const struct known_program *entry, int root_fd, const int *fds)
{
	struct file_state state;
	struct statx file;

	if (entry->found.link) {
		_close_ int fd = open_candidate(root_fd, &entry->found, &file);

		if (fd < 0)
			return false;
	} else if (stat_file(fds[entry->found.directory], entry->found.name, AT_SYMLINK_NOFOLLOW,
		       &file) < 0)
		return false;
	state = state_of(&file);
	return is_same(&state, &entry->state);
}

/* Are the files that the table was made of as they were? */
static bool
is_current(const struct known_programs *known, int root_fd, const int *fds)
{
	for (size_t i = 0; i < known->count; i++)
		if (!entry_is_current(&known->entries[i], root_fd, fds))
			return false;
	return true;
}

struct known_programs *
known_new(void)
{
	return calloc(1, sizeof(struct known_programs));
}

int
known_refresh(struct known_programs *known, int root_fd, struct file_systems *systems)
{
	struct file_state states[ARRAY_SIZE(directories)];
	int fds[ARRAY_SIZE(directories)], r = 0;

	if (known == NULL)
		return 0;
	memset(known->remembered, 0, sizeof(known->remembered));
	if (root_fd < 0) {
		known->count = 0;
		return 0;
	}
	open_directories(root_fd, fds, states);
	if (memcmp(states, known->directories, sizeof(states)) != 0 ||
	    !is_current(known, root_fd, fds)) {
		memcpy(known->directories, states, sizeof(states));
		r = fill(known, root_fd, fds, systems);
	}
	/* To be listed again. */
	if (r < 0)
		memset(known->directories, 0, sizeof(known->directories));
	for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	return r;
}

/* ---- a file ------------------------------------------------------------------------------- */

static const struct known_program *
recognize(const struct known_programs *known, const struct content_reader *reader, int fd,
    const struct file_state *state)
{
	struct build_id id;

	/* The host's own. */
	for (size_t i = 0; i < known->count; i++)
		if (is_same(&known->entries[i].state, state))
			return &known->entries[i];
	return read_id(reader, fd, state, &id) == 0 ? find_id(known, &id) : NULL;
}

static bool
is_runtime(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++)
		if (program_find(name) == program_find(runtimes[i]))
			return true;
	return false;
}

/* What the file is, remembered where the kernel runs it. What a process named is neither taken from
 * there nor put there: another might not read it, or he might. */
static const struct known_program *
remember(struct known_programs *known, const struct content_reader *reader, int fd,
    const struct file_state *state)
{
	struct remembered *remembered =
	    &known->remembered[(state->inode ^ state->device) % REMEMBERED_MAX];

	if (reader->process != NULL)
		return recognize(known, reader, fd, state);
	if (!is_same(&remembered->state, state))
		*remembered = (struct remembered){
			*state,
			recognize(known, reader, fd, state),
		};
	return remembered->entry;
}

struct known_match
known_find(struct known_programs *known, const struct content_reader *reader, int fd,
    const struct statx *file)
{
	struct file_state state = state_of(file);
	const struct known_program *entry;

	if (known == NULL || known->count == 0 || !S_ISREG(file->stx_mode) || file->stx_ino == 0)
		return (struct known_match){ NULL, false };
	entry = remember(known, reader, fd, &state);
	if (entry == NULL)
		return (struct known_match){ NULL, false };
	return (struct known_match){
		.name = entry->found.name,
		.appended = state.size > entry->state.size && is_runtime(entry->found.name),
	};
}
