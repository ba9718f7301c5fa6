/* SPDX-License-Identifier: MIT */
/*
 * Does argv[0] or the process's name (comm) belong to another program than the one that runs?
 * Both are the process's own words, so they prove nothing; but what the host has under that name
 * is a fact. An honest name leads to the very file, by whatever links (alternatives, multi-call
 * binaries); or to what an upgrade put in its place; or to a file beside it that runs it (passt
 * and passt.avx2). A name that was given to another program only after the process was started is
 * no lie of its.
 *
 * Where paths begin: at the process's own root. In a mount namespace that it may have made itself
 * (a user namespace of its own, and no container) that is anything it likes, so there the host's
 * root is asked too, and only the host makes a name an honest one.
 *
 * A file is read only to see four bytes, whether it is a program: a name that leads to a script is
 * that of what runs it. What the process may not read itself, and what is on no file system that is
 * read (content.c), is unknown: it is nothing against the name.
 *
 * Cost: nothing where the name is the file's; some 15 us a name else.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "lookup/called.h"
#include "lookup/content.h"
#include "lookup/covered.h"
#include "lookup/path.h"
#include "model/claim.h"
#include "model/identity.h"

/* Where a shell looks for a program by its name alone. */
static const char *const program_directories[] = { "/usr/bin", "/usr/sbin", "/usr/local/bin",
	"/usr/local/sbin", "/bin", "/sbin" };

/* What is known of a name that a process goes by. */
enum called {
	CALLED_NOTHING, /* no such file, or it tells nothing */
	CALLED_SCRIPT,	/* a file that another program runs */
	CALLED_NEAR,	/* its own, or of the same package; anybody could have arranged that */
	CALLED_ITSELF,	/* its own */
	CALLED_OTHER,	/* another program */
};

/* One root, and what stands there where the program's file was. */
struct name_ground {
	const struct subject *subject;
	int root_fd;
	bool opened; /* what follows was read */
	bool has_standing, has_directory;
	struct statx standing, directory;
};

/* ---- files -------------------------------------------------------------------------------- */

/* How the file, which is open to be looked at, begins. */
enum beginning {
	BEGINS_UNKNOWN, /* the process may not read it, or it is not to be read */
	BEGINS_OTHERWISE,
	BEGINS_AS_PROGRAM,
};

static enum beginning
read_beginning(const struct content_reader *reader, int path_fd)
{
	char magic[SELFMAG];
	_close_ int fd = content_open(reader, path_fd);

	if (fd < 0)
		return BEGINS_UNKNOWN;
	return read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) &&
		memcmp(magic, ELFMAG, SELFMAG) == 0 ?
	    BEGINS_AS_PROGRAM :
	    BEGINS_OTHERWISE;
}

static bool
stat_below(int root_fd, const char *path, struct statx *ret)
{
	_close_ int fd = path_open(root_fd, path);

	return fd >= 0 && program_file_stat(fd, "", AT_EMPTY_PATH, ret) == 0;
}

/* The path of the program's directory, with a name behind it where there is one. */
static bool
path_beside(const struct process *process, const char *name, char *ret, size_t size)
{
	size_t length = (size_t)(program_name(process->exe) - process->exe);
	int n = snprintf(ret, size, "%.*s%s", (int)length, process->exe, name);

	return process->exe[0] == '/' && n > 0 && (size_t)n < size;
}

/* Reads what names are compared with, when the first of them has to be. */
static void
open_ground(struct name_ground *ground)
{
	const struct process *process = ground->subject->process;
	char directory[OWNER_PATH_MAX];

	if (ground->opened)
		return;
	ground->opened = true;
	ground->has_standing = process->exe_trust != EXE_SAME &&
	    stat_below(ground->root_fd, process->exe, &ground->standing) &&
	    S_ISREG(ground->standing.stx_mode);
	ground->has_directory = path_beside(process, "", directory, sizeof(directory)) &&
	    stat_below(ground->root_fd, directory, &ground->directory);
}

static bool
is_in_directory(const struct name_ground *ground, const struct path_trace *trace)
{
	return ground->has_directory && trace->name[0] != '\0' &&
	    ground->directory.stx_ino == trace->directory_inode &&
	    ((uint64_t)ground->directory.stx_dev_major << 32 | ground->directory.stx_dev_minor) ==
	    trace->directory_device;
}

/* ---- time --------------------------------------------------------------------------------- */

/* A process's start is told in hundredths of a second, files' times by the kernel's tick. */
#define GRAIN_USEC 20000

/* When the process had been started, as files' times are told; USEC_NEVER = unknown. */
static uint64_t
started_usec(const struct process *process)
{
	uint64_t now_usec = clock_boottime_usec();

	return process->start_usec > now_usec ?
	    USEC_NEVER :
	    clock_realtime_usec() - (now_usec - process->start_usec) + GRAIN_USEC;
}

/*
 * Was the name given to that file only after the process was started: a link changed, or, beside a
 * program that is deleted, the file itself? Of a program that only root could have put there, so
 * that nobody else's upgrade is waited for.
 */
static bool
is_newer(const struct name_ground *ground, const struct path_trace *trace, int fd)
{
	const struct process *process = ground->subject->process;
	uint64_t start_usec = started_usec(process);
	struct statx made;

	if (!claim_is_installed(process) || trace->open || start_usec == USEC_NEVER)
		return false;
	if (trace->link_usec > start_usec)
		return true;
	return process->exe_deleted && is_in_directory(ground, trace) &&
	    statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BTIME | STATX_CTIME, &made) ==
	    0 &&
	    path_made_usec(&made) > start_usec;
}

/* ---- names -------------------------------------------------------------------------------- */

static bool
is_program_directory(const struct process *process)
{
	size_t length = (size_t)(program_name(process->exe) - process->exe);

	for (size_t i = 0; i < ARRAY_SIZE(program_directories); i++)
		if (strlen(program_directories[i]) + 1 == length &&
		    strncmp(process->exe, program_directories[i], length - 1) == 0)
			return true;
	return false;
}

/* Is the file beside the program one that runs it under its own name: in the same directory, its
 * name a part of the other's? In a directory of its package's own any name will do. */
static enum called
judge_beside(const struct name_ground *ground, const struct path_trace *trace,
    const struct statx *file)
{
	const struct process *process = ground->subject->process;

	if (!is_in_directory(ground, trace))
		return CALLED_OTHER;
	if (claim_is_namesake(program_name(process->exe), trace->name))
		return trace->open ? CALLED_NEAR : CALLED_ITSELF;
	return !is_program_directory(process) && !trace->open && file->stx_uid == process->exe_uid ?
	    CALLED_NEAR :
	    CALLED_OTHER;
}

/* What stands at the path, by this root? */
static enum called
judge_path(const struct name_ground *ground, const char *path)
{
	const struct subject *subject = ground->subject;
	const struct content_reader reader = subject_reader(subject);
	struct path_trace trace;
	_close_ int fd = path_open_for(&reader, ground->root_fd, path, &trace);
	enum beginning beginning;
	struct statx file;

	if (fd < 0 || program_file_stat(fd, "", AT_EMPTY_PATH, &file) < 0 ||
	    !S_ISREG(file.stx_mode))
		return CALLED_NOTHING;
	if (program_file_is_same(&file, &subject->program->file) ||
	    (ground->has_standing && program_file_is_same(&file, &ground->standing)) ||
	    (subject->has_loaded && program_file_is_same(&file, &subject->loaded)))
		return trace.open ? CALLED_NEAR : CALLED_ITSELF;
	beginning = trace.denied ? BEGINS_UNKNOWN : read_beginning(&reader, fd);
	if (beginning == BEGINS_UNKNOWN)
		return CALLED_NOTHING;
	if (beginning == BEGINS_OTHERWISE)
		return CALLED_SCRIPT;
	if (is_newer(ground, &trace, fd))
		return CALLED_ITSELF;
	return judge_beside(ground, &trace, &file);
}

/* Programs that run scripts, which give themselves titles of any word: "watch", "time". */
static bool
takes_titles(const struct process *process)
{
	struct identity identity;

	identity_find(process, &identity);
	return program_is_interpreter(identity.name) && !program_is_shell(identity.name);
}

/* A name alone: beside the program, then where a shell would find it. */
static enum called
judge_bare(const struct name_ground *ground, const char *name)
{
	const struct process *process = ground->subject->process;
	char path[2 * OWNER_PATH_MAX];
	enum called found = CALLED_NOTHING;

	if (path_beside(process, name, path, sizeof(path)))
		found = judge_path(ground, path);
	if (found == CALLED_ITSELF || found == CALLED_NEAR)
		return found;
	if (takes_titles(process))
		return CALLED_NOTHING;
	for (size_t i = 0; i < ARRAY_SIZE(program_directories); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", program_directories[i], name);
		found = judge_path(ground, path);
		if (found != CALLED_NOTHING)
			return found;
	}
	return CALLED_NOTHING;
}

static enum called
judge_name(struct name_ground *ground, const char *name)
{
	const char *slash = strrchr(name, '/');
	enum called found;

	if (ground->root_fd < 0)
		return CALLED_NOTHING;
	open_ground(ground);
	if (name[0] == '/')
		return judge_path(ground, name);
	if (slash == NULL)
		return judge_bare(ground, name);
	/* Relative to where it was when it was started, which nobody knows: beside itself? */
	found = judge_bare(ground, slash + 1);
	return found == CALLED_OTHER ? CALLED_NOTHING : found;
}

/* Copies the name up to its first blank or colon: "nginx: worker". False where it is too long. */
static bool
copy_called(const char *name, char *ret, size_t size)
{
	size_t length;

	/* A login shell's has a dash before it. */
	name += name[0] == '-';
	length = strcspn(name, " :");
	if (length == 0 || length >= size)
		return false;
	memcpy(ret, name, length);
	ret[length] = '\0';
	return true;
}

/* ---- the process -------------------------------------------------------------------------- */

/* What is known of the name, by the process's own root and the host's. */
static enum called
judge(struct name_ground *own, struct name_ground *host, const char *text)
{
	const char *program = program_name(own->subject->process->exe);
	char name[OWNER_PATH_MAX];
	enum called found, at_host;

	if (!copy_called(text, name, sizeof(name)) || claim_is_family(program_name(name), program))
		return CALLED_NOTHING;
	found = judge_name(own, name);
	if (!covered_may_be(own->subject->process, EVIDENCE_OTHER_USERS))
		return found;
	at_host = judge_name(host, name);
	if (at_host == CALLED_ITSELF)
		return at_host;
	/* It put itself there. */
	if (at_host == CALLED_OTHER && name[0] == '/' &&
	    covered_is(own->subject, name, &own->subject->program->file))
		return CALLED_OTHER;
	if (found == CALLED_ITSELF || found == CALLED_NEAR)
		return CALLED_NEAR;
	return found == CALLED_OTHER ? found : at_host;
}

/* A script that its interpreter was started for by "#!" has its own name as comm. */
static bool
is_scripts_name(const struct process *process)
{
	char script[OWNER_PATH_MAX];

	return identity_script_path(process, script, sizeof(script)) &&
	    strcmp(program_name(script), process->comm) == 0;
}

void
called_read(const struct subject *subject)
{
	struct process *process = subject->process;
	struct name_ground own = { .subject = subject, .root_fd = subject->own_root_fd };
	struct name_ground host = { .subject = subject, .root_fd = subject->view->init_root_fd };
	enum called found;

	if (subject->program->error < 0 || program_name(process->exe)[0] == '\0' ||
	    (process->evidence & EVIDENCE_EXE_NAMELESS) != 0)
		return;
	found = judge(&own, &host, process->cmdline_length > 0 ? process->cmdline : "");
	if (found == CALLED_ITSELF)
		process->evidence |= EVIDENCE_NAME_OWN;
	if (claim_runs_others(process))
		return;
	if (found == CALLED_OTHER)
		process->evidence |= EVIDENCE_NAME_OTHER;
	/* What the kernel cut off at 15 bytes is no name any more. */
	if (strlen(process->comm) < 15 && !is_scripts_name(process) &&
	    judge(&own, &host, process->comm) == CALLED_OTHER)
		process->evidence |= EVIDENCE_COMM_OTHER;
}
