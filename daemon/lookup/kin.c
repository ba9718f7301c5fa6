/* SPDX-License-Identifier: MIT */
/*
 * What an ancestor is. Shells, supervisors, cron and sshd start others, and what they started is
 * what somebody ordered; so they excuse. A name alone excuses nothing:
 *
 *	a program	is the host's own file under that name: root's, in directories that
 *			root alone may write to, and the very file that PID 1 sees there. A
 *			container's programs are its own: there the file is its root's
 *	a script	stands in arguments, which a process may write over. It is believed of
 *			a process that runs as root, and only if the file is root's as above
 *	busybox		and other programs of many names are called by their arguments, too:
 *			as scripts
 *
 * What is read of a process is kept for the request, since one has many children. Whether parent
 * and child belong together (by their starts) is descent.c's to compare.
 *
 * Bounds: KIN_MAX processes a request; of more, nothing is known. Cost: 30 us a process, 20 us
 * more for a program with a role.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/content.h"
#include "lookup/files.h"
#include "lookup/kin.h"
#include "lookup/path.h"
#include "lookup/proc.h"
#include "lookup/program-file.h"
#include "lookup/worker.h"
#include "model/identity.h"
#include "model/program.h"

#define KIN_MAX	  512
#define KIN_SLOTS 1024 /* a power of two */

struct kinship {
	size_t count;
	struct kin slots[KIN_SLOTS]; /* by pid; pid 0 = free */
};

/* ---- names -------------------------------------------------------------------------------- */

struct role_row {
	const char *name; /* a "*" at its end is any rest */
	uint32_t roles;
};

static const struct role_row programs[] = {
	/* What runs one other program. */
	{ "env", ROLE_STARTER },
	{ "timeout", ROLE_STARTER },
	{ "nice", ROLE_STARTER },
	{ "ionice", ROLE_STARTER },
	{ "chrt", ROLE_STARTER },
	{ "taskset", ROLE_STARTER },
	{ "numactl", ROLE_STARTER },
	{ "prlimit", ROLE_STARTER },
	{ "stdbuf", ROLE_STARTER },
	{ "setsid", ROLE_STARTER },
	{ "flock", ROLE_STARTER },
	{ "script", ROLE_STARTER },
	{ "setpriv", ROLE_STARTER },
	{ "gosu", ROLE_STARTER },
	{ "su-exec", ROLE_STARTER },
	{ "chroot", ROLE_STARTER },
	{ "unshare", ROLE_STARTER },
	{ "nsenter", ROLE_STARTER },
	{ "bwrap", ROLE_STARTER },
	{ "firejail", ROLE_STARTER },
	{ "systemd-cat", ROLE_STARTER },
	{ "start-stop-daemon", ROLE_STARTER },
	{ "daemonize", ROLE_STARTER },
	{ "daemon", ROLE_STARTER },
	{ "tini", ROLE_STARTER },
	{ "tini-static", ROLE_STARTER },
	{ "dumb-init", ROLE_STARTER },
	{ "docker-init", ROLE_STARTER },
	{ "catatonit", ROLE_STARTER },
	{ "screen", ROLE_STARTER },
	{ "tmux", ROLE_STARTER },
	{ "dtach", ROLE_STARTER },
	{ "abduco", ROLE_STARTER },
	/* What runs several, and again when they end. */
	{ "runit", ROLE_STARTER },
	{ "runit-init", ROLE_STARTER },
	{ "runsvdir", ROLE_STARTER },
	{ "runsv", ROLE_STARTER },
	{ "chpst", ROLE_STARTER },
	{ "svscan", ROLE_STARTER },
	{ "supervise", ROLE_STARTER },
	{ "setuidgid", ROLE_STARTER },
	{ "s6-*", ROLE_STARTER },
	{ "execlineb", ROLE_STARTER },
	{ "perpd", ROLE_STARTER },
	{ "monit", ROLE_STARTER },
	{ "nomad", ROLE_STARTER },
	{ "sapstartsrv", ROLE_STARTER },
	{ "sapstart", ROLE_STARTER },
	{ "cf-execd", ROLE_STARTER },
	{ "cf-agent", ROLE_STARTER },
	{ "consul-template", ROLE_STARTER },
	{ "envconsul", ROLE_STARTER },
	{ "overmind", ROLE_STARTER },
	{ "hivemind", ROLE_STARTER },
	{ "horust", ROLE_STARTER },
	{ "immortal", ROLE_STARTER },

	{ "sshd", ROLE_SSH },
	{ "sshd-session", ROLE_SSH },
	{ "dropbear", ROLE_SSH },
	{ "dropbearmulti", ROLE_SSH },
	{ "tinysshd", ROLE_SSH },
	{ "login", ROLE_CONSOLE },
	{ "agetty", ROLE_CONSOLE },
	{ "getty", ROLE_CONSOLE },
	{ "mingetty", ROLE_CONSOLE },
	{ "telnetd", ROLE_CONSOLE },
	{ "in.telnetd", ROLE_CONSOLE },
	{ "gdm", ROLE_CONSOLE },
	{ "gdm3", ROLE_CONSOLE },
	{ "gdm-*", ROLE_CONSOLE },
	{ "lightdm", ROLE_CONSOLE },
	{ "sddm", ROLE_CONSOLE },
	{ "sddm-helper", ROLE_CONSOLE },
	{ "xdm", ROLE_CONSOLE },
	{ "greetd", ROLE_CONSOLE },
	{ "xrdp", ROLE_CONSOLE },
	{ "xrdp-sesman", ROLE_CONSOLE },
	{ "su", ROLE_SU | ROLE_STARTER },
	{ "sudo", ROLE_SU | ROLE_STARTER },
	{ "doas", ROLE_SU | ROLE_STARTER },
	{ "pkexec", ROLE_SU | ROLE_STARTER },
	{ "runuser", ROLE_SU | ROLE_STARTER },

	{ "cron", ROLE_CRON },
	{ "crond", ROLE_CRON },
	{ "anacron", ROLE_CRON },
	{ "fcron", ROLE_CRON },
	{ "systemd-cron", ROLE_CRON },
	{ "atd", ROLE_AT },
	{ "slurmd", ROLE_SLURM },
	{ "slurmstepd", ROLE_SLURM },
	{ "gitlab-runner", ROLE_CI },
	{ "buildkite-agent", ROLE_CI },
	{ "drone-runner-exec", ROLE_CI },
	{ "woodpecker-agent", ROLE_CI },
	{ "act_runner", ROLE_CI },
	{ "forgejo-runner", ROLE_CI },
	{ "circleci-runner", ROLE_CI },
	{ "circleci-launch-agent", ROLE_CI },
	{ "Runner.Listener", ROLE_CI },
	{ "Runner.Worker", ROLE_CI },
	{ "Agent.Listener", ROLE_CI },
	{ "Agent.Worker", ROLE_CI },

};

static const struct role_row scripts[] = {
	{ "supervisord", ROLE_STARTER },
	{ "circusd", ROLE_STARTER },
	{ "pm2", ROLE_STARTER },
	{ "god", ROLE_STARTER },
	{ "foreman", ROLE_STARTER },
	{ "honcho", ROLE_STARTER },
	{ "puppet", ROLE_STARTER },
	{ "chef-client", ROLE_STARTER },
	{ "cinc-client", ROLE_STARTER },
	{ "salt-minion", ROLE_STARTER },
	{ "ansible-pull", ROLE_STARTER },
	{ "mcollectived", ROLE_STARTER },
};

static uint32_t
find_roles(const struct role_row *rows, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(rows[i].name);

		if (strcmp(rows[i].name, name) == 0 ||
		    (rows[i].name[length - 1] == '*' &&
			strncmp(rows[i].name, name, length - 1) == 0))
			return rows[i].roles;
	}
	return 0;
}

static uint32_t
program_roles(const char *name)
{
	return program_is_shell(name) ? ROLE_STARTER :
					find_roles(programs, ARRAY_SIZE(programs), name);
}

bool
kin_process_runs_anything(const struct process *process)
{
	struct identity identity;
	enum program_input input;
	const char *script;

	identity_find(process, &identity);
	if (program_is_shell(identity.name) || program_is_relay(identity.name))
		return true;
	input = identity_input(process, &script);
	return (input == INPUT_INLINE || input == INPUT_STDIN) &&
	    !worker_is_python(process->cmdline, process->cmdline_length);
}

bool
kin_runs_anything(const char *exe, const char *arguments, size_t length)
{
	struct program_call call;
	enum program_input input;
	const char *script;

	program_call_init(&call, exe, arguments, length);
	if (program_is_shell(call.name) || program_is_relay(call.name))
		return true;
	input = program_input(&call, &script);
	return (input == INPUT_INLINE || input == INPUT_STDIN) &&
	    !worker_is_python(arguments, length);
}

/* ---- one process -------------------------------------------------------------------------- */

/* What is read of a process before its roles are known. */
struct kin_source {
	const struct view *view;
	int process_fd;
	bool in_container;
	char exe[FILES_LINK_MAX];
	char arguments[OWNER_CMDLINE_MAX + 1];
	size_t length; /* of arguments */
};

static bool
is_roots_file(uint32_t uid, uint32_t mode)
{
	return uid == 0 && S_ISREG(mode) && (mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Is the program that runs the host's own file, which root alone may have put there? */
static bool
is_verified(const struct kin_source *source, char *exe, const struct kin *kin)
{
	struct program_file program;

	if (source->in_container)
		return kin->exe_inode != 0 && (kin->exe_mode & (S_IWGRP | S_IWOTH)) == 0 &&
		    (kin->exe_uid == 0 || kin->exe_uid != kin->uid);
	program_file_judge(source->view, source->process_fd, false, exe, &program);
	if (program.error < 0 || !is_roots_file(program.file.stx_uid, program.file.stx_mode))
		return false;
	/* What an upgrade left was in a directory of root's, too. */
	return program.trust == EXE_REPLACED || (program.trust == EXE_SAME && program.rights.owned);
}

/* Is the script a file of root's, where root alone may put one? */
static bool
is_roots_script(const struct view *view, const char *path)
{
	const struct content_reader reader = { .systems = view->systems };
	struct path_trace trace;
	_close_ int fd = path_open_for(&reader, view->init_root_fd, path, &trace);
	struct statx file;

	return fd >= 0 && trace.owned && program_file_stat(fd, "", AT_EMPTY_PATH, &file) == 0 &&
	    is_roots_file(file.stx_uid, file.stx_mode);
}

/* The roles that the script has which root's interpreter runs, by its arguments. */
static uint32_t
read_script_roles(const struct kin_source *source)
{
	char cwd[FILES_LINK_MAX], path[OWNER_PATH_MAX];
	const char *argument = NULL;
	struct program_call call;
	uint32_t roles;

	program_call_init(&call, source->exe, source->arguments, source->length);
	if (program_input(&call, &argument) != INPUT_SCRIPT || argument == NULL)
		return 0;
	roles = find_roles(scripts, ARRAY_SIZE(scripts), program_name(argument));
	if (roles == 0)
		return 0;
	if (files_read_link(source->process_fd, "cwd", cwd, sizeof(cwd)) <= 0)
		cwd[0] = '\0';
	return program_script_path(cwd, argument, path, sizeof(path)) &&
		is_roots_script(source->view, path) ?
	    roles :
	    0;
}

static void
read_roles(struct kin_source *source, struct kin *kin)
{
	char raw[FILES_LINK_MAX];
	const char *name, *applet;
	uint32_t roles, claimed = 0;

	memcpy(raw, source->exe, sizeof(raw));
	files_cut_deleted(source->exe);
	name = program_name(source->exe);
	applet = program_applet(source->exe, source->arguments, source->length);
	roles = program_roles(name);
	/* By its arguments: root's word alone. */
	if (kin->uid == 0 && strcmp(applet, name) != 0)
		claimed = program_roles(applet);
	else if (kin->uid == 0 && program_is_interpreter(name))
		claimed = read_script_roles(source);
	if ((roles | claimed) != 0 && is_verified(source, raw, kin))
		kin->roles = roles | claimed;
}

static void
read_file(const struct kin_source *source, struct kin *kin)
{
	struct statx file;

	if (program_file_stat(source->process_fd, "exe", 0, &file) < 0)
		return;
	kin->exe_device = (uint64_t)file.stx_dev_major << 32 | file.stx_dev_minor;
	kin->exe_inode = file.stx_ino;
	kin->exe_uid = file.stx_uid;
	kin->exe_mode = file.stx_mode;
}

/* Reads all of it. False where the process is gone. */
static bool
read_process(const struct view *view, int32_t pid, bool in_container, struct kin *kin)
{
	_close_ int fd = proc_open(view->host->proc_fd, pid);
	struct kin_source source = { .view = view, .process_fd = fd, .in_container = in_container };
	struct process status;
	struct proc_stat stat;
	ssize_t length;

	if (fd < 0 || proc_read_stat(fd, &stat) < 0)
		return false;
	*kin = (struct kin){
		.pid = pid,
		.parent_pid = stat.parent_pid,
		.start_usec = stat.start_usec,
		.has_terminal = stat.has_terminal,
	};
	process_init(&status);
	proc_read_status(fd, &status);
	kin->uid = status.uid;
	read_file(&source, kin);
	length = files_read(fd, "cmdline", source.arguments, OWNER_CMDLINE_MAX);
	source.length = length > 0 ? (size_t)length : 0;
	/* program_input() wants each argument ended. */
	if (source.length > 0 && source.arguments[source.length - 1] != '\0')
		source.arguments[source.length++] = '\0';
	kin->arguments = kin_hash_arguments(source.arguments, source.length);
	if (files_read_link(fd, "exe", source.exe, sizeof(source.exe)) <= 0)
		return true;
	read_roles(&source, kin);
	kin->runs_anything = kin_runs_anything(source.exe, source.arguments, source.length);
	return true;
}

/* ---- all of a request --------------------------------------------------------------------- */

uint64_t
kin_hash_arguments(const char *arguments, size_t length)
{
	/* FNV-1a: two that are made to look alike only compare a process with its own child. */
	uint64_t hash = 0xcbf29ce484222325U;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)arguments[i]) * 0x100000001b3U;
	return length > 0 ? hash : 0;
}

const struct kin *
kin_read(struct view *view, int32_t pid, bool in_container)
{
	struct kinship *kinship = view->kinship;
	size_t slot = (uint32_t)pid % KIN_SLOTS;

	if (pid <= 0)
		return NULL;
	if (kinship == NULL)
		kinship = view->kinship = calloc(1, sizeof(*kinship));
	if (kinship == NULL) {
		view_lacks_memory(view);
		return NULL;
	}
	while (kinship->slots[slot].pid != 0) {
		if (kinship->slots[slot].pid == pid)
			return &kinship->slots[slot];
		slot = (slot + 1) % KIN_SLOTS;
	}
	if (kinship->count == KIN_MAX ||
	    !read_process(view, pid, in_container, &kinship->slots[slot]))
		return NULL;
	kinship->count++;
	return &kinship->slots[slot];
}

void
kin_forget(struct view *view)
{
	free(view->kinship);
	view->kinship = NULL;
}
