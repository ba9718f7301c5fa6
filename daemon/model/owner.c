/* SPDX-License-Identifier: MIT */
/*
 * Owners: their lifetime, their comparison and their words. An owner is filled by wire/answers.c
 * and never changed once others hold a reference.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/identity.h"
#include "model/owner.h"

static const char *const kind_names[] = {
	[OWNER_UNKNOWN] = "unknown",
	[OWNER_PROCESS] = "process",
	[OWNER_KERNEL] = "kernel",
};

static const struct {
	const char *name, *text;
} reasons[] = {
	[OWNER_REASON_NONE] = { "", "" },
	[OWNER_REASON_NOT_ASKED] = { "not-asked", "not looked up yet" },
	[OWNER_REASON_NO_LOOKUP] = { "no-lookup", "overstay-lookup is not running" },
	[OWNER_REASON_TIMEOUT] = { "timeout", "overstay-lookup did not answer in time" },
	[OWNER_REASON_BAD_ANSWER] = { "bad-answer", "overstay-lookup sent an invalid answer" },
	[OWNER_REASON_NO_PERMISSION] = { "no-permission",
	    "no permission to inspect every process" },
	[OWNER_REASON_NO_PROCESS] = { "no-process", "no process holds the socket" },
	[OWNER_REASON_KERNEL_UNPROVED] = { "kernel-unproved",
	    "no process holds the socket, but the kernel may" },
	[OWNER_REASON_IO_URING] = { "io-uring",
	    "no process has it open, but an io_uring may hold it" },
	[OWNER_REASON_OTHER_PIDS] = { "other-pid-namespace",
	    "its process may be in another PID namespace" },
	[OWNER_REASON_EXITED] = { "exited", "closed before it could be looked up" },
	[OWNER_REASON_NOT_SEARCHED] = { "not-searched",
	    "not searched, too many file descriptors are open" },
	[OWNER_REASON_NO_INODE] = { "no-inode", "the socket has no inode" },
	[OWNER_REASON_NOT_IN_TIME] = { "not-in-time",
	    "its user has too many listeners to look them up in time" },
};

static const char *const container_names[] = {
	[CONTAINER_NONE] = "",
	[CONTAINER_DOCKER] = "docker",
	[CONTAINER_PODMAN] = "podman",
	[CONTAINER_CONTAINERD] = "containerd",
	[CONTAINER_CRIO] = "crio",
	[CONTAINER_LXC] = "lxc",
	[CONTAINER_NSPAWN] = "nspawn",
};

static const char *const session_type_names[] = {
	[SESSION_UNKNOWN] = "",
	[SESSION_UNSPECIFIED] = "unspecified",
	[SESSION_TTY] = "tty",
	[SESSION_X11] = "x11",
	[SESSION_WAYLAND] = "wayland",
	[SESSION_MIR] = "mir",
	[SESSION_WEB] = "web",
};

_Static_assert(ARRAY_SIZE(session_type_names) == SESSION_TYPE_COUNT, "a session type has no name");

static const char *const origin_names[] = {
	[ORIGIN_UNKNOWN] = "",
	[ORIGIN_SSH] = "ssh",
	[ORIGIN_CONSOLE] = "console",
	[ORIGIN_CRON] = "cron",
	[ORIGIN_AT] = "at",
	[ORIGIN_SLURM] = "slurm",
	[ORIGIN_CI] = "ci",
	[ORIGIN_SU] = "su",
	[ORIGIN_CONTAINER] = "container",
	[ORIGIN_UNIT] = "unit",
	[ORIGIN_TIMER] = "timer",
};

/* What every string is until it is known. Never written to. */
static char no_text[1];

static void
free_text(char **string)
{
	if (*string != no_text)
		free(*string);
	*string = no_text;
}

int
owner_text_set(char **string, const char *text)
{
	char *copy = text == NULL || text[0] == '\0' ? no_text : strdup(text);

	free_text(string);
	if (copy != NULL)
		*string = copy;
	return copy == NULL ? -ENOMEM : 0;
}

void
place_init(struct place *place)
{
	*place = (struct place){
		.unit = no_text,
		.user_unit = no_text,
		.slice = no_text,
		.session = no_text,
		.container = no_text,
	};
}

void
process_init(struct process *process)
{
	*process = (struct process){
		.start_usec = USEC_NEVER,
		.uid = UINT32_MAX,
		.gid = UINT32_MAX,
		.login_uid = UINT32_MAX,
		.comm = no_text,
		.exe = no_text,
		.cmdline = no_text,
		.cwd = no_text,
		.script = no_text,
		.known_as = no_text,
		.parent_comm = no_text,
		.parent_exe = no_text,
		.main_exe = no_text,
		.forwards_to = no_text,
	};
	place_init(&process->place);
}

/* The strings of a place, for what is done to all of them. */
#define PLACE_STRINGS(place)                                                             \
	{                                                                                \
		&(place)->unit, &(place)->user_unit, &(place)->slice, &(place)->session, \
		    &(place)->container                                                  \
	}

/* Those of a process that end with a NUL; cmdline has NULs inside. */
#define PROCESS_STRINGS(process)                                                         \
	{                                                                                \
		&(process)->comm, &(process)->exe, &(process)->cwd, &(process)->script,  \
		    &(process)->known_as, &(process)->parent_comm, &(process)->main_exe, \
		    &(process)->parent_exe, &(process)->forwards_to                      \
	}

int
place_copy(struct place *to, const struct place *from)
{
	char *const *const sources[] = PLACE_STRINGS(from);
	char **const targets[] = PLACE_STRINGS(to);

	to->container_kind = from->container_kind;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (owner_text_set(targets[i], *sources[i]) < 0)
			return -ENOMEM;
	return 0;
}

int
process_copy(struct process *to, const struct process *from)
{
	char *const *const sources[] = PROCESS_STRINGS(from);
	char **const targets[] = PROCESS_STRINGS(to);

	*to = *from;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		*targets[i] = no_text;
	place_init(&to->place);
	to->cmdline = malloc((size_t)from->cmdline_length + 1);
	if (to->cmdline == NULL) {
		to->cmdline = no_text;
		to->cmdline_length = 0;
		return -ENOMEM;
	}
	memcpy(to->cmdline, from->cmdline, from->cmdline_length);
	to->cmdline[from->cmdline_length] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (owner_text_set(targets[i], *sources[i]) < 0)
			return -ENOMEM;
	return place_copy(&to->place, &from->place);
}

void
place_clear(struct place *place)
{
	char **const strings[] = PLACE_STRINGS(place);

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		free_text(strings[i]);
	place_init(place);
}

void
process_clear(struct process *process)
{
	char **const strings[] = PROCESS_STRINGS(process);

	free_text(&process->cmdline);
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		free_text(strings[i]);
	place_clear(&process->place);
	process_init(process);
}

struct owner *
owner_new(enum owner_kind kind, enum owner_reason reason, uint32_t process_count)
{
	struct owner *owner;

	if (process_count > OWNER_PROCESSES_MAX)
		return NULL;
	owner = calloc(1, sizeof(*owner) + process_count * sizeof(owner->processes[0]));
	if (owner == NULL)
		return NULL;
	atomic_init(&owner->references, 1);
	owner->kind = kind;
	owner->reason = reason;
	owner->process_count = process_count;
	place_init(&owner->place);
	for (uint32_t i = 0; i < process_count; i++)
		process_init(&owner->processes[i]);
	return owner;
}

struct owner *
owner_ref(struct owner *owner)
{
	if (owner != NULL)
		atomic_fetch_add(&owner->references, 1);
	return owner;
}

struct owner *
owner_unref(struct owner *owner)
{
	if (owner == NULL || atomic_fetch_sub(&owner->references, 1) != 1)
		return NULL;
	for (uint32_t i = 0; i < owner->process_count; i++)
		process_clear(&owner->processes[i]);
	place_clear(&owner->place);
	free(owner);
	return NULL;
}

bool
process_is_manager(const struct process *process)
{
	return process->pid == 1 || (process->evidence & EVIDENCE_MANAGER) != 0;
}

bool
process_is_init(const struct process *process)
{
	/* exec_spawn() of systemd; a user's manager, which stays one, is in a unit of its own. What
	 * forks before it starts the generators, as do its forks, stays in PID 1's. */
	return process->pid == 1 ||
	    (process_is_manager(process) &&
		(process->parent_pid == 1 ? strncmp(process->place.unit, "user@", 5) != 0 :
					    strcmp(process->place.unit, "init.scope") == 0));
}

bool
owner_is_managers(const struct owner *owner)
{
	for (uint32_t i = 0; i < owner->process_count; i++)
		if (!process_is_manager(&owner->processes[i]))
			return false;
	return owner->kind == OWNER_PROCESS && owner->process_count > 0;
}

const struct process *
owner_first(const struct owner *owner)
{
	if (owner->kind != OWNER_PROCESS || owner->process_count == 0)
		return NULL;
	/* PID 1 holds what it activates services with; the service is the one to name. */
	for (uint32_t i = 0; i < owner->process_count; i++)
		if (!process_is_init(&owner->processes[i]))
			return &owner->processes[i];
	return &owner->processes[0];
}

const struct place *
owner_place(const struct owner *owner)
{
	const struct process *first = owner_first(owner);

	if (first == NULL || (process_is_init(first) && owner->place.unit[0] != '\0'))
		return &owner->place;
	/* A user's manager holds the sockets of its own .socket units. */
	if (owner->place.user_unit[0] != '\0' && owner_is_managers(owner))
		return &owner->place;
	return &first->place;
}

/* A container that was made anew has another id; its engine says which is which, not this. */
static bool
same_place(const struct place *a, const struct place *b)
{
	return strcmp(a->unit, b->unit) == 0 && strcmp(a->user_unit, b->user_unit) == 0 &&
	    strcmp(a->container, b->container) == 0;
}

bool
owner_same(const struct owner *a, const struct owner *b)
{
	const struct process *p, *q;

	if (a->kind == OWNER_UNKNOWN || a->kind != b->kind)
		return false;
	if (a->kind == OWNER_KERNEL)
		return true;
	p = owner_first(a);
	q = owner_first(b);
	if (p == NULL || q == NULL || p->exe[0] == '\0')
		return false;
	/*
	 * exe_trust is left out on purpose: an upgrade that replaced the file before a restart
	 * must not make a stranger of the same service.
	 */
	return p->uid == q->uid && strcmp(p->exe, q->exe) == 0 &&
	    same_place(owner_place(a), owner_place(b)) &&
	    strcmp(p->forwards_to, q->forwards_to) == 0 && identity_same_code(p, q);
}

const char *
container_kind_name(enum container_kind kind)
{
	return container_names[kind];
}

const char *
session_type_name(enum session_type type)
{
	return session_type_names[type];
}

const char *
origin_name(enum origin origin)
{
	return origin_names[origin];
}

const char *
owner_kind_name(enum owner_kind kind)
{
	return kind_names[kind];
}

const char *
owner_reason_text(enum owner_reason reason)
{
	return reasons[reason].text;
}

bool
owner_reason_is_nobody(enum owner_reason reason)
{
	return reason == OWNER_REASON_NO_PROCESS || reason == OWNER_REASON_KERNEL_UNPROVED ||
	    reason == OWNER_REASON_IO_URING;
}

const char *
owner_reason_name(enum owner_reason reason)
{
	return reasons[reason].name;
}
