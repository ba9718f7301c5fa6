/* SPDX-License-Identifier: MIT */
/*
 * A process by its ancestors: whether it is its unit's own, whether somebody who logged in started
 * it, and where it comes from. Each parent was started before its child, or it is another process
 * that got the number; what a program is known to start is kin.c's, and verified there.
 *
 *	own	the main process; a worker: its program's own file again, with its arguments or
 *		with none that make it run anything else; and what a starter (a shell, a supervisor)
 *		that is own itself started. Below a program that is no starter nothing is own but
 *		its workers: what an intruder starts stands there
 *	login	logind's session; or below a program that logs people in, with an audit session or
 *		a terminal that says so. In the unit of such a program, without that descent, an
 *		audit session says it; where there is neither logind nor such a session a person's
 *		process does, as root alone can have put it there
 *	origin	the container; the job runner; cron, at; who logged in; else the unit
 *
 * Bounds: DEPTH_MAX ancestors. Cost: kin.c's.
 */
#include <fnmatch.h>
#include <string.h>

#include "base/cleanup.h"
#include "lookup/descent.h"
#include "lookup/kin.h"
#include "lookup/path.h"
#include "lookup/records.h"
#include "lookup/worker.h"
#include "model/account.h"
#include "model/program.h"

#define DEPTH_MAX 32
#define NO_MAIN	  DEPTH_MAX

struct descent {
	struct view *view;
	const struct process *process;
	const struct kin *ancestors[DEPTH_MAX]; /* the parent first */
	size_t count;
	size_t main_at;		/* the unit's main process among them, or NO_MAIN */
	const struct kin *main; /* that process also where it is no ancestor; NULL = unknown */
	const char *cgroup;
	enum origin session_origin; /* as logind has it; ORIGIN_UNKNOWN = none */
};

static bool
has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Goes up to PID 1, or to the main process of a container, whose parents are not in it. */
static void
climb(const struct proc_stat *stat, struct descent *descent)
{
	const struct process *process = descent->process;
	bool in_container = process->place.container_kind != CONTAINER_NONE;
	uint64_t start_usec = stat->start_usec;
	int32_t pid = stat->parent_pid;

	descent->main_at = NO_MAIN;
	if (in_container && process->pid == process->main_pid)
		return;
	while (descent->count < DEPTH_MAX && pid > 1) {
		const struct kin *kin = kin_read(descent->view, pid, in_container);

		if (kin == NULL || kin->start_usec > start_usec)
			return;
		if (pid == process->main_pid)
			descent->main_at = descent->count;
		descent->ancestors[descent->count++] = kin;
		if (in_container && pid == process->main_pid)
			return;
		start_usec = kin->start_usec;
		pid = kin->parent_pid;
	}
}

/*
 * What an ancestor is known to start for others: only where root runs it, or the unit was started
 * for it. Anybody can start the host's own sshd or job runner.
 */
static uint32_t
roles_of(const struct descent *descent, size_t i)
{
	const struct kin *kin = descent->ancestors[i];

	return kin->uid == 0 || i == descent->main_at ? kin->roles : 0;
}

/* ---- the unit's own ----------------------------------------------------------------------- */

/* The process itself, as its ancestors are. */
static struct kin
as_kin(const struct process *process)
{
	return (struct kin){
		.pid = process->pid,
		.exe_device = process->exe_device,
		.exe_inode = process->exe_inode,
		.arguments = kin_hash_arguments(process->cmdline, process->cmdline_length),
		.runs_anything = kin_process_runs_anything(process),
	};
}

/* Did the parent start the child in the course of what it is for? */
static bool
is_ordered(const struct kin *parent, const struct kin *child)
{
	if ((parent->roles & ROLE_STARTER) != 0)
		return true;
	return parent->exe_inode != 0 && parent->exe_inode == child->exe_inode &&
	    parent->exe_device == child->exe_device &&
	    (!child->runs_anything ||
		(child->arguments != 0 && child->arguments == parent->arguments));
}

/*
 * Supervisors that are scripts, or files of the account that they run as, cannot be told by their
 * process; PID 1 has the names of their units from root. "?" is any letter, "*" any rest.
 */
static bool
is_supervisors_unit(const char *unit)
{
	static const char *const units[] = { "pm2.service", "pm2-*", "supervisor.service",
		"supervisord.service", "puppet.service", "chef-client.service",
		"cinc-client.service", "salt-minion.service", "SAP???_??.service" };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (fnmatch(units[i], unit, 0) == 0)
			return true;
	return false;
}

static bool
is_own(const struct descent *descent)
{
	const struct process *process = descent->process;
	struct kin self = as_kin(process);

	if (process->main_pid != 0 && process->pid == process->main_pid)
		return true;
	if (descent->main_at == NO_MAIN)
		return false;
	for (size_t i = descent->main_at + 1; i > 0; i--) {
		const struct kin *child = i == 1 ? &self : descent->ancestors[i - 2];
		bool supervisor =
		    i == descent->main_at + 1 && is_supervisors_unit(process->place.unit);

		if (!supervisor && !is_ordered(descent->ancestors[i - 1], child))
			return false;
	}
	return true;
}

/* May the process's own user write to the main program, too, or is that only a wrapper? */
static bool
is_main_own(const struct descent *descent)
{
	const struct process *process = descent->process;

	return descent->main != NULL &&
	    ((descent->main->roles & ROLE_STARTER) != 0 ||
		(descent->main->exe_inode != 0 && descent->main->exe_uid == process->uid));
}

/* ---- logins ------------------------------------------------------------------------------- */

/* Is logind there? Its directories are made by others, too. */
static bool
has_logind(const struct view *view)
{
	_close_ int fd =
	    view->init_root_fd < 0 ? -1 : path_open(view->init_root_fd, "/run/systemd/seats/seat0");
	struct records_run run;

	return fd >= 0 || records_read_run(view, "systemd-logind.service", &run) == 0;
}

/* The roles of whoever the unit is for: of its main process, or by PID 1's name of the unit. */
static uint32_t
unit_roles(const struct descent *descent)
{
	static const char *const units[] = { "ssh.service", "sshd.service", "dropbear.service" };
	const struct process *process = descent->process;

	if (process->pid == process->main_pid || process->place.container[0] != '\0')
		return 0;
	if (descent->main != NULL)
		return descent->main->roles;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strcmp(process->place.unit, units[i]) == 0)
			return ROLE_SSH;
	return 0;
}

/* The roles of the process's ancestors and of its unit. */
static uint32_t
all_roles(const struct descent *descent)
{
	uint32_t roles = unit_roles(descent);

	for (size_t i = 0; i < descent->count; i++)
		roles |= roles_of(descent, i);
	return roles;
}

/* Is it below a program that logs people in, with a terminal or an audit session of a login? */
static bool
is_below_login(const struct descent *descent)
{
	bool said = descent->process->login_uid != UINT32_MAX ||
	    (descent->process->evidence & EVIDENCE_TERMINAL) != 0;

	for (size_t i = 0; i < descent->count; i++) {
		if ((roles_of(descent, i) & ROLE_LOGIN) != 0)
			return said;
		said = said || descent->ancestors[i]->has_terminal;
	}
	return false;
}

/* PAM opens sessions for the jobs of cron and at, too, on some distributions. */
static bool
is_jobs_session(const struct descent *descent)
{
	return descent->session_origin == ORIGIN_CRON || descent->session_origin == ORIGIN_AT ||
	    (descent->session_origin == ORIGIN_UNKNOWN &&
		(all_roles(descent) & (ROLE_CRON | ROLE_AT)) != 0);
}

static bool
is_login(const struct descent *descent)
{
	const struct process *process = descent->process;

	if (process->place.session[0] != '\0')
		return !is_jobs_session(descent);
	if (is_below_login(descent))
		return true;
	if ((unit_roles(descent) & ROLE_LOGIN) == 0)
		return false;
	return process->login_uid != UINT32_MAX ||
	    (account_is_person(process->uid) && !has_logind(descent->view));
}

/* ---- where it comes from ------------------------------------------------------------------ */

/* A job's cgroup, which slurmstepd made: below its own scope, or in a tree of its own. */
static bool
is_slurms_cgroup(const char *cgroup)
{
	static const char slice[] = "/system.slice/", scope[] = "slurmstepd.scope/job_";
	const char *at = strstr(cgroup, scope);

	if (has_prefix(cgroup, "/slurm/uid_"))
		return true;
	/* The scope's own name, or NODE_slurmstepd.scope. */
	return has_prefix(cgroup, slice) && at != NULL &&
	    memchr(cgroup + sizeof(slice) - 1, '/', (size_t)(at - cgroup) - sizeof(slice) + 1) ==
	    NULL;
}

/* Runners that are installed below a user's home are known by the names of their units, root's. */
static bool
is_runners_unit(const struct process *process)
{
	static const char *const units[] = { "actions.runner.*.service", "vsts.agent.*.service",
		"gitlab-runner*.service", "jenkins-*.service", "buildkite-agent*.service",
		"teamcity-agent*.service", "bamboo-agent*.service", "go-agent*.service",
		"concourse-worker*.service", "drone-runner*.service", "woodpecker-agent*.service",
		"forgejo-runner*.service", "gitea-runner*.service", "act_runner*.service",
		"circleci*.service" };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (fnmatch(units[i], process->place.unit, 0) == 0)
			return process->main_pid != 0 && process->pid != process->main_pid;
	return false;
}

/* Who logged in, or became another user after that. */
static enum origin
login_origin(const struct descent *descent, uint32_t roles)
{
	enum origin origin = descent->session_origin;

	for (size_t i = 0; i < descent->count; i++) {
		uint32_t role = roles_of(descent, i);

		if ((role & ROLE_SU) != 0)
			return ORIGIN_SU;
		if ((role & ROLE_LOGIN) != 0)
			return (role & ROLE_SSH) != 0 ? ORIGIN_SSH : ORIGIN_CONSOLE;
	}
	if (origin != ORIGIN_UNKNOWN)
		return origin;
	return (roles & ROLE_SSH) != 0	? ORIGIN_SSH :
	    (roles & ROLE_CONSOLE) != 0 ? ORIGIN_CONSOLE :
					  ORIGIN_UNKNOWN;
}

static bool
is_in_service(const struct place *place)
{
	size_t length = strlen(place->unit);

	return place->user_unit[0] != '\0' ||
	    (place->session[0] == '\0' && length > 8 &&
		strcmp(place->unit + length - 8, ".service") == 0);
}

static enum origin
find_origin(const struct descent *descent, const struct main_facts *main)
{
	const struct process *process = descent->process;
	uint32_t roles = all_roles(descent);

	if (process->place.container[0] != '\0')
		return ORIGIN_CONTAINER;
	if ((roles & ROLE_SLURM) != 0 || is_slurms_cgroup(descent->cgroup))
		return ORIGIN_SLURM;
	if ((roles & ROLE_CI) != 0 || is_runners_unit(process))
		return ORIGIN_CI;
	if ((roles & ROLE_AT) != 0 || descent->session_origin == ORIGIN_AT)
		return ORIGIN_AT;
	if ((roles & ROLE_CRON) != 0 || descent->session_origin == ORIGIN_CRON)
		return ORIGIN_CRON;
	if ((process->evidence & EVIDENCE_LOGIN) != 0)
		return login_origin(descent, roles);
	if (is_in_service(&process->place))
		return main->has_timer ? ORIGIN_TIMER : ORIGIN_UNIT;
	if ((roles & ROLE_SU) != 0)
		return ORIGIN_SU;
	return process->place.unit[0] != '\0' && strcmp(process->place.unit, "init.scope") != 0 ?
	    ORIGIN_UNIT :
	    ORIGIN_UNKNOWN;
}

void
descent_read(struct view *view, const struct proc_stat *stat, const char *cgroup,
    const struct main_facts *main, struct process *process)
{
	struct descent descent = { .view = view, .process = process, .cgroup = cgroup };

	/* PID 1 descends from nobody, and what it holds is its units'. */
	if (process->pid == 1) {
		process->origin = ORIGIN_UNIT;
		return;
	}
	descent.session_origin = records_session_origin(view, process->place.session);
	climb(stat, &descent);
	if (process->main_pid > 1)
		descent.main = kin_read(view, process->main_pid,
		    process->place.container_kind != CONTAINER_NONE);
	if (is_own(&descent))
		process->evidence |= EVIDENCE_UNIT_OWN;
	if (is_main_own(&descent))
		process->evidence |= EVIDENCE_MAIN_OWN;
	if (is_login(&descent))
		process->evidence |= EVIDENCE_LOGIN;
	process->origin = find_origin(&descent, main);
}
