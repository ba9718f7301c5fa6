/* SPDX-License-Identifier: MIT */
/*
 * Whether a listener belongs there. One table of tests, a reason each (model/reason.h), of facts
 * that overstay-lookup observed (model/owner.h) and the stay remembers.
 *
 * What it never does: guess. A fact that was not seen is no reason, and what several facts say of
 * one thing counts once: a program of alice's that root runs is `foreign`, not `writable` too.
 *
 * What is benign has to stay so, and stands in the tests of the reasons: an upgrade that replaced a
 * running program (EVIDENCE_EXE_UPDATED), what go and AppImage put in /tmp, Python's own helper
 * processes, sessions below sshd where no logind is.
 *
 * Cost: a few string comparisons, when an owner was looked up; nothing per poll.
 */
#include <string.h>
#include <sys/stat.h>

#include "engine/classify.h"
#include "model/account.h"
#include "model/claim.h"
#include "model/creator.h"
#include "model/identity.h"
#include "model/program.h"

typedef bool reason_function(const struct circumstances *circumstances,
    const struct process *process);

static bool
has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool
has_suffix(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

static bool
has_some_prefix(const char *text, const char *const *prefixes)
{
	for (; *prefixes != NULL; prefixes++)
		if (has_prefix(text, *prefixes))
			return true;
	return false;
}

static bool
has_evidence(const struct process *process, uint32_t bits)
{
	return (process->evidence & bits) == bits;
}

static bool
has_script(const struct process *process, uint32_t bit)
{
	return (process->script_evidence & bit) != 0;
}

/* PID 1's own unit. A user's own manager has one of that name below its unit. */
static bool
is_init_scope(const struct place *place)
{
	return place->user_unit[0] == '\0' && strcmp(place->unit, "init.scope") == 0;
}

/* A unit of the system manager's that is a service: neither a session nor a user's manager. */
static bool
is_system_service(const struct place *place)
{
	return place->unit[0] != '\0' && !has_prefix(place->unit, "user@") &&
	    place->session[0] == '\0' && !is_init_scope(place);
}

/* The file that the arguments name, a script or what a wrapper runs, is judged by its place as the
 * program is: it is what decides what runs. */
static bool
is_script_below(const struct process *process, const char *const *places)
{
	return has_script(process, SCRIPT_PLACED) && has_some_prefix(process->script, places);
}

/* ---- strong reasons ----------------------------------------------------------------------- */

static bool
in_memory(const struct circumstances *circumstances, const struct process *process)
{
	(void)circumstances;
	return has_evidence(process, EVIDENCE_EXE_IN_MEMORY) ||
	    has_script(process, SCRIPT_IN_MEMORY);
}

static bool
in_shm(const struct circumstances *circumstances, const struct process *process)
{
	static const char *const places[] = { "/dev/shm/", "/run/shm/", NULL };

	(void)circumstances;
	return has_some_prefix(process->exe, places) || is_script_below(process, places) ||
	    has_script(process, SCRIPT_IN_SHM) || has_evidence(process, EVIDENCE_EXE_SHM);
}

static bool
is_disguised(const struct circumstances *circumstances, const struct process *process)
{
	struct claim claim;

	(void)circumstances;
	return claim_find_false(process, &claim);
}

static const char *
name_of(const struct process *process)
{
	struct identity identity;

	identity_find(process, &identity);
	return identity.name[0] != '\0' || process->exe[0] != '\0' ? identity.name : process->comm;
}

/* Runs what anybody may tell it: a shell, a relay, code that stands in no file. */
static bool
runs_anything(const struct process *process)
{
	const char *name = name_of(process), *script;
	enum program_input input;

	if (program_is_shell(name) || program_is_relay(name))
		return true;
	input = identity_input(process, &script);
	return input == INPUT_INLINE || input == INPUT_STDIN;
}

/* Somebody's job: a person's by cron, at, or as another user; anybody's by a job runner. */
static bool
is_job(const struct process *process)
{
	switch (process->origin) {
	case ORIGIN_SLURM:
	case ORIGIN_CI:
		return true;
	case ORIGIN_CRON:
	case ORIGIN_AT:
	case ORIGIN_SU:
		return account_is_person(process->uid);
	case ORIGIN_UNKNOWN:
	case ORIGIN_SSH:
	case ORIGIN_CONSOLE:
	case ORIGIN_CONTAINER:
	case ORIGIN_UNIT:
	case ORIGIN_TIMER:
	case ORIGIN_COUNT:
		break;
	}
	return false;
}

/* A job by cron or at of the system's own accounts, which may run in a session. */
static bool
is_systems_job(const struct process *process)
{
	return (process->origin == ORIGIN_CRON || process->origin == ORIGIN_AT) &&
	    !account_is_person(process->uid);
}

/* The main process of its unit or container, or what belongs to it (EVIDENCE_UNIT_OWN). */
static bool
is_units_own(const struct process *process)
{
	return (process->main_pid != 0 && process->pid == process->main_pid) ||
	    has_evidence(process, EVIDENCE_UNIT_OWN);
}

/* Code that its runtime started for itself. */
static bool
is_worker(const struct process *process)
{
	return process->pid != process->main_pid && has_evidence(process, EVIDENCE_UNIT_OWN) &&
	    !program_is_shell(name_of(process)) && !program_is_relay(name_of(process));
}

static bool
is_same_unit(const struct place *a, const struct place *b)
{
	return strcmp(a->unit, b->unit) == 0 && strcmp(a->container, b->container) == 0;
}

/* What holds a socket for its unit: what belongs to it, or another program of the host's. */
static bool
is_units_holder(const struct process *process)
{
	return is_units_own(process) ||
	    (has_evidence(process, EVIDENCE_EXE_ROOTS) && !runs_anything(process));
}

/* Does it hold the socket only beside its unit's holder, which was there before: a hook? */
static bool
is_further_holder(const struct owner *owner, const struct process *process)
{
	for (uint32_t i = 0; i < owner->process_count; i++) {
		const struct process *other = owner->processes[i];

		if (other != process && is_units_holder(other) &&
		    other->start_usec <= process->start_usec &&
		    is_same_unit(&other->place, &process->place))
			return true;
	}
	return false;
}

/* A shell for whoever connects, itself or below. Below a server that has its own code only what is
 * on the network counts: servers run commands through pipes and give people terminals. */
static bool
is_shell_on_network(const struct circumstances *circumstances, const struct process *process)
{
	bool scripted = has_evidence(process, EVIDENCE_SUPER_SERVER) && process->script[0] != '\0';

	return has_evidence(process, EVIDENCE_SHELL_BELOW) ||
	    (has_evidence(process, EVIDENCE_STDIO_NETWORK) && !scripted &&
		program_is_shell(name_of(process))) ||
	    (has_evidence(process, EVIDENCE_SHELL_PIPED) && runs_anything(process) &&
		!is_worker(process) && !is_further_holder(circumstances->owner, process));
}

/* Somebody who logged in, and became an account of the system's. */
static bool
is_after_login(const struct process *process)
{
	if (process->origin == ORIGIN_SU)
		return true;
	return process->place.session[0] != '\0' &&
	    (process->origin == ORIGIN_SSH || process->origin == ORIGIN_CONSOLE) &&
	    process->login_uid != UINT32_MAX && process->login_uid != process->uid;
}

/*
 * Who may stand in a unit: what belongs to it, somebody who logged in, somebody's job. Where the
 * unit's main process is not known, only accounts of the system have nobody else to be run by.
 */
static bool
is_stranger(const struct circumstances *circumstances, const struct process *process)
{
	const struct place *place = &process->place;
	bool service_account = account_is_service(process->uid);

	if (!runs_anything(process) || is_job(process))
		return false;
	/* Nothing but PID 1 belongs there. */
	if (is_init_scope(place))
		return true;
	if (!is_system_service(place) && place->container[0] == '\0')
		return (service_account && !is_after_login(process)) || is_systems_job(process);
	if (is_units_own(process) || (has_evidence(process, EVIDENCE_LOGIN) && !service_account) ||
	    is_further_holder(circumstances->owner, process))
		return false;
	return process->main_pid != 0 || service_account;
}

/* ---- a program of the service's own account ----------------------------------------------- */

/* May the service's account change this program, while the unit was started for another one? */
static bool
is_own_file(const struct process *process)
{
	return is_system_service(&process->place) && process->place.container[0] == '\0' &&
	    process->main_pid != 0 && !is_units_own(process) && !is_job(process) &&
	    has_evidence(process, EVIDENCE_EXE_KNOWN | EVIDENCE_EXE_OWN) &&
	    !has_evidence(process, EVIDENCE_LOGIN);
}

static bool
is_new_own_file(const struct circumstances *circumstances, const struct process *process)
{
	static const char *const places[] = { "/tmp/", "/var/tmp/", "/dev/shm/", NULL };

	(void)circumstances;
	return is_own_file(process) && has_evidence(process, EVIDENCE_EXE_NEW) &&
	    (has_some_prefix(process->exe, places) ||
		(process->evidence & (EVIDENCE_EXE_TEMPORARY | EVIDENCE_EXE_SHM)) != 0);
}

/* Where the main program is that account's, too, the whole installation is: Oracle's, SAP's. */
static bool
is_old_own_file(const struct circumstances *circumstances, const struct process *process)
{
	return is_own_file(process) && !has_evidence(process, EVIDENCE_MAIN_OWN) &&
	    !is_new_own_file(circumstances, process);
}

static bool
has_no_owner(const struct circumstances *circumstances, const struct process *process)
{
	const struct owner *owner = circumstances->owner;

	(void)process;
	return owner->kind == OWNER_UNKNOWN && owner->reason == OWNER_REASON_NO_PROCESS &&
	    owner->thorough && circumstances->seen_since;
}

/* ---- reasons that are only told ---- */

static bool
is_unproved(const struct circumstances *circumstances, const struct process *process)
{
	const struct owner *owner = circumstances->owner;

	(void)process;
	return owner->kind == OWNER_UNKNOWN && owner->reason == OWNER_REASON_KERNEL_UNPROVED &&
	    owner->thorough;
}

/* ---- weak reasons ------------------------------------------------------------------------- */

static bool
is_deleted(const struct circumstances *circumstances, const struct process *process)
{
	(void)circumstances;
	return process->exe_deleted &&
	    (process->evidence & (EVIDENCE_EXE_UPDATED | EVIDENCE_EXE_IN_MEMORY)) == 0;
}

/* Is the parent the host's own go, where root alone may have put it? */
static bool
is_below_go(const struct process *process)
{
	static const char *const places[] = { "/usr/", "/opt/", "/snap/", "/nix/store/", NULL };

	return process->parent_trust != EXE_UNVERIFIED &&
	    has_some_prefix(process->parent_exe, places) &&
	    strcmp(program_name(process->parent_exe), "go") == 0;
}

/* `go run` and `go test` build below a directory of their own: /tmp/go-build4711/b001/exe/main.
 * Anybody may call a directory so; what go has built it starts itself. */
static bool
is_of_go(const struct process *process)
{
	const char *at = strstr(process->exe, "/go-build");

	if (at == NULL || !is_below_go(process))
		return false;
	at += strlen("/go-build");
	at += strspn(at, "0123456789");
	return has_prefix(at, "/b") && (strstr(at, "/exe/") != NULL || has_suffix(at, ".test")) &&
	    has_evidence(process, EVIDENCE_EXE_KNOWN) &&
	    (process->exe_uid == process->uid || process->exe_uid == 0);
}

/* An AppImage runs from a file system mounted for its user alone: /tmp/.mount_NameXXXXXX/. */
static bool
is_of_appimage(const struct process *process)
{
	return has_prefix(process->exe, "/tmp/.mount_") &&
	    has_evidence(process, EVIDENCE_EXE_HIDDEN_MOUNT);
}

/* Jenkins writes a shell step into /tmp. The name of the file is anybody's choice, the unit and the
 * runner are root's. */
static bool
is_step(const struct process *process)
{
	static const char *const steps[] = { "/tmp/jenkins", "/tmp/hudson", NULL };
	static const char *const units[] = { "jenkins", "hudson", NULL };

	return has_some_prefix(process->script, steps) && has_suffix(process->script, ".sh") &&
	    program_is_shell(name_of(process)) &&
	    (process->origin == ORIGIN_CI ||
		(is_system_service(&process->place) &&
		    has_some_prefix(process->place.unit, units)));
}

/* A job runner writes what it is to run into its spool, which is not everybody's: at(1), cron(8),
 * Slurm, Torque, Grid Engine. */
static bool
is_spooled(const struct process *process)
{
	static const char *const spools[] = { "/var/spool/", NULL };

	return has_some_prefix(process->script, spools) && !has_script(process, SCRIPT_OPEN_PATH);
}

static bool
is_temporary(const struct circumstances *circumstances, const struct process *process)
{
	static const char *const places[] = { "/tmp/", "/var/tmp/", "/run/user/", NULL };

	/* /dev/shm is such a place too, but that is said already. */
	if (in_shm(circumstances, process))
		return false;
	if (!is_step(process) &&
	    (is_script_below(process, places) || has_script(process, SCRIPT_OPEN_PATH)))
		return true;
	if (!has_some_prefix(process->exe, places) &&
	    (process->evidence & (EVIDENCE_EXE_OPEN_PATH | EVIDENCE_EXE_TEMPORARY)) == 0)
		return false;
	return account_is_service(process->uid) || (!is_of_go(process) && !is_of_appimage(process));
}

/* Mounts that only a user namespace of its own allowed it to make. */
static bool
made_own_mounts(const struct process *process)
{
	return process->place.container[0] == '\0' &&
	    has_evidence(process, EVIDENCE_OTHER_MOUNTS | EVIDENCE_OWN_USERS);
}

static bool
has_own_mounts(const struct circumstances *circumstances, const struct process *process)
{
	(void)circumstances;
	return made_own_mounts(process) && account_is_service(process->uid);
}

static bool
is_foreign(const struct circumstances *circumstances, const struct process *process)
{
	(void)circumstances;
	return process->uid == 0 && has_evidence(process, EVIDENCE_EXE_KNOWN) &&
	    process->exe_uid != 0;
}

static bool
is_writable(const struct circumstances *circumstances, const struct process *process)
{
	if (has_script(process, SCRIPT_OPEN) && !is_step(process) && !is_spooled(process))
		return true;
	/* A file in memory belongs to nobody else, whatever its mode. */
	if (!has_evidence(process, EVIDENCE_EXE_KNOWN | EVIDENCE_EXE_OPEN) ||
	    has_evidence(process, EVIDENCE_EXE_IN_MEMORY))
		return false;
	return (process->exe_mode & S_IWOTH) != 0 || !is_foreign(circumstances, process);
}

static bool
has_changed(const struct circumstances *circumstances, const struct process *process)
{
	(void)process;
	return circumstances->program_changed;
}

static bool
is_exposed(const struct circumstances *circumstances, const struct process *process)
{
	const struct listener *listener = circumstances->listener;

	(void)process;
	/* A UDP port the kernel picked is a client's: a resolver has dozens. */
	return listener->endpoint.protocol == PROTOCOL_TCP && listener->choice == CHOICE_AUTO &&
	    endpoint_exposure(&listener->endpoint) == EXPOSURE_ANY;
}

/* ---- the table ---------------------------------------------------------------------------- */

/* Whom a test is asked about. */
enum reason_subject {
	ABOUT_HOLDER,	/* each described holder */
	ABOUT_PROCESS,	/* each but PID 1 */
	ABOUT_LISTENER, /* once; process is NULL */
};

static const struct {
	enum reason_subject subject;
	reason_function *function;
} tests[REASON_COUNT] = {
	[REASON_MEMORY] = { ABOUT_PROCESS, in_memory },
	[REASON_SHM] = { ABOUT_PROCESS, in_shm },
	[REASON_DISGUISE] = { ABOUT_PROCESS, is_disguised },
	[REASON_SHELL] = { ABOUT_HOLDER, is_shell_on_network },
	[REASON_STRANGER] = { ABOUT_PROCESS, is_stranger },
	[REASON_OWN_FILE_NEW] = { ABOUT_PROCESS, is_new_own_file },
	[REASON_NO_OWNER] = { ABOUT_LISTENER, has_no_owner },
	[REASON_DELETED] = { ABOUT_PROCESS, is_deleted },
	[REASON_TEMPORARY] = { ABOUT_PROCESS, is_temporary },
	[REASON_WRITABLE] = { ABOUT_PROCESS, is_writable },
	[REASON_OWN_FILE] = { ABOUT_PROCESS, is_old_own_file },
	[REASON_OWN_MOUNTS] = { ABOUT_PROCESS, has_own_mounts },
	[REASON_FOREIGN] = { ABOUT_PROCESS, is_foreign },
	[REASON_CHANGED] = { ABOUT_LISTENER, has_changed },
	[REASON_EXPOSED] = { ABOUT_LISTENER, is_exposed },
	[REASON_KERNEL_UNPROVED] = { ABOUT_LISTENER, is_unproved },
};

static bool
holds_for_some(const struct circumstances *circumstances, enum reason_subject subject,
    reason_function *function)
{
	const struct owner *owner = circumstances->owner;

	for (uint32_t i = 0; i < owner->process_count; i++)
		if ((subject == ABOUT_HOLDER || !process_is_init(owner->processes[i])) &&
		    function(circumstances, owner->processes[i]))
			return true;
	return false;
}

static uint32_t
find_reasons(const struct circumstances *circumstances)
{
	uint32_t reasons = 0;

	/* What is the kernel's own has no program and no places. */
	if (circumstances->owner->kind == OWNER_KERNEL)
		return 0;
	for (unsigned i = 0; i < REASON_COUNT; i++)
		if (tests[i].subject == ABOUT_LISTENER ?
			tests[i].function(circumstances, NULL) :
			holds_for_some(circumstances, tests[i].subject, tests[i].function))
			reasons |= 1U << i;
	return reasons;
}

static bool
is_wrapped(const struct process *process)
{
	struct identity identity;

	identity_find(process, &identity);
	return identity.wrapped;
}

/* Is it a program that nobody but root could have put there? */
static bool
is_roots_program(const struct circumstances *circumstances, const struct process *process)
{
	static const char *const places[] = { "/usr/", "/bin/", "/sbin/", "/lib/", "/lib32/",
		"/lib64/", "/opt/", "/snap/", "/nix/store/", "/gnu/store/", NULL };

	/* What ld.so is given is the program. */
	if (is_wrapped(process) && process->script[0] != '\0' &&
	    (!has_some_prefix(process->script, places) ||
		has_script(process, SCRIPT_OPEN_PATH | SCRIPT_OPEN)))
		return false;
	return has_evidence(process, EVIDENCE_EXE_ROOTS) && !made_own_mounts(process) &&
	    !in_shm(circumstances, process) && !has_evidence(process, EVIDENCE_EXE_TEMPORARY);
}

static bool
is_persons(const struct process *process, const struct place *place)
{
	if (is_systems_job(process))
		return false;
	if (place->user_unit[0] != '\0' || has_prefix(place->unit, "user@") ||
	    has_evidence(process, EVIDENCE_LOGIN) || place->session[0] != '\0' || is_job(process))
		return true;
	return account_is_person(process->uid) && !is_system_service(place) &&
	    !is_init_scope(place) && place->container[0] == '\0';
}

static enum listener_class
find_class(const struct circumstances *circumstances)
{
	const struct owner *owner = circumstances->owner;
	const struct process *process = owner_first(owner);
	const struct place *place;

	if (owner->kind == OWNER_KERNEL)
		return CLASS_KERNEL;
	/* Whose it is nobody knows where whoever made it is not among the holders. */
	if (process == NULL || creator_is_absent(owner, circumstances->listener->uid))
		return CLASS_UNKNOWN;
	place = owner_place(owner);
	if (is_persons(process, place))
		return CLASS_USER;
	if ((is_system_service(place) || place->container[0] != '\0' || is_systems_job(process)) &&
	    is_roots_program(circumstances, process))
		return CLASS_SERVICE;
	return CLASS_UNKNOWN;
}

/* Each holder that is known, PID 1 aside, is what its unit or container was started for. */
static bool
is_main_program(const struct owner *owner)
{
	uint32_t known = 0;

	for (uint32_t i = 0; i < owner->process_count; i++) {
		const struct process *process = owner->processes[i];

		if (process_is_init(process))
			continue;
		if (process->main_pid != process->pid)
			return false;
		known++;
	}
	return known > 0;
}

void
classify(const struct circumstances *circumstances, struct classification *ret)
{
	classify_reasons(find_reasons(circumstances), find_class(circumstances),
	    is_main_program(circumstances->owner) &&
		!creator_is_absent(circumstances->owner, circumstances->listener->uid),
	    ret);
}
