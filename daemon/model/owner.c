/* SPDX-License-Identifier: MIT */
/*
 * Owners and their processes: their lifetime, their comparison and their words. An owner is filled
 * by wire/answers.c and never changed once others hold a reference; a process neither.
 */
#include <errno.h>
#include <stddef.h>
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
	[OWNER_REASON_NOT_FINISHED] = { "not-finished", "not every process could be searched" },
	[OWNER_REASON_TOO_MANY] = { "too-many", "its user has too many owners to keep" },
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

/* What owners have pointers to: to `process`, that is. */
struct shared_process {
	atomic_uint references;
	struct process process;
};

static struct shared_process *
shared_of(const struct process *process)
{
	uintptr_t address = (uintptr_t)process - offsetof(struct shared_process, process);

	return (struct shared_process *)address;
}

/* As after process_init(), with one reference. Returns NULL without memory. */
static struct process *
process_new(void)
{
	struct shared_process *shared = calloc(1, sizeof(*shared));

	if (shared == NULL)
		return NULL;
	atomic_init(&shared->references, 1);
	process_init(&shared->process);
	return &shared->process;
}

struct process *
process_ref(struct process *process)
{
	(void)atomic_fetch_add(&shared_of(process)->references, 1);
	return process;
}

struct process *
process_unref(struct process *process)
{
	if (process == NULL || atomic_fetch_sub(&shared_of(process)->references, 1) != 1)
		return NULL;
	process_clear(process);
	free(shared_of(process));
	return NULL;
}

bool
process_is_alone(const struct process *process)
{
	return atomic_load(&shared_of(process)->references) == 1;
}

/* What malloc(3) takes for so many bytes. */
static size_t
allocated(size_t bytes)
{
	return bytes + sizeof(size_t) <= 32 ? 32 : (bytes + sizeof(size_t) + 15) & ~(size_t)15;
}

static size_t
strings_bytes(char *const *const *strings, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		if (*strings[i] != no_text)
			bytes += allocated(strlen(*strings[i]) + 1);
	return bytes;
}

static size_t
place_bytes(const struct place *place)
{
	char *const *const strings[] = PLACE_STRINGS(place);

	return strings_bytes(strings, ARRAY_SIZE(strings));
}

size_t
process_bytes(const struct process *process)
{
	char *const *const strings[] = PROCESS_STRINGS(process);

	return allocated(sizeof(struct shared_process)) +
	    (process->cmdline == no_text ? 0 : allocated((size_t)process->cmdline_length + 1)) +
	    strings_bytes(strings, ARRAY_SIZE(strings)) + place_bytes(&process->place);
}

size_t
owner_bytes(const struct owner *owner)
{
	return allocated(sizeof(*owner) + owner->process_count * sizeof(owner->processes[0])) +
	    place_bytes(&owner->place);
}

static bool
strings_equal(char *const *const *a, char *const *const *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(*a[i], *b[i]) != 0)
			return false;
	return true;
}

static bool
places_equal(const struct place *a, const struct place *b)
{
	char *const *const left[] = PLACE_STRINGS(a);
	char *const *const right[] = PLACE_STRINGS(b);

	return a->container_kind == b->container_kind &&
	    strings_equal(left, right, ARRAY_SIZE(left));
}

#define NUMBER(field)                                                                          \
	{                                                                                      \
		offsetof(struct process, field), sizeof(((const struct process *)NULL)->field) \
	}

/* All of a process but its strings and groups. */
static const struct {
	size_t offset, size;
} numbers[] = {
	NUMBER(pid),
	NUMBER(parent_pid),
	NUMBER(start_usec),
	NUMBER(uid),
	NUMBER(gid),
	NUMBER(group_count),
	NUMBER(login_uid),
	NUMBER(login_known),
	NUMBER(exe_trust),
	NUMBER(parent_trust),
	NUMBER(exe_deleted),
	NUMBER(cmdline_cut),
	NUMBER(has_checksum),
	NUMBER(outlived),
	NUMBER(evidence),
	NUMBER(script_evidence),
	NUMBER(exe_uid),
	NUMBER(exe_mode),
	NUMBER(exe_device),
	NUMBER(exe_inode),
	NUMBER(main_pid),
	NUMBER(cmdline_length),
	NUMBER(session_type),
	NUMBER(origin),
	NUMBER(forwards_kind),
	NUMBER(checksum),
};

/* Whoever adds a field adds it above, or to PROCESS_STRINGS. */
_Static_assert(sizeof(void *) != 8 || sizeof(struct process) == 528, "struct process has changed");

bool
process_equal(const struct process *a, const struct process *b)
{
	char *const *const left[] = PROCESS_STRINGS(a);
	char *const *const right[] = PROCESS_STRINGS(b);

	if (a == b)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (memcmp((const char *)a + numbers[i].offset, (const char *)b + numbers[i].offset,
			numbers[i].size) != 0)
			return false;
	return memcmp(a->groups, b->groups, a->group_count * sizeof(a->groups[0])) == 0 &&
	    memcmp(a->cmdline, b->cmdline, a->cmdline_length) == 0 &&
	    strings_equal(left, right, ARRAY_SIZE(left)) && places_equal(&a->place, &b->place);
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
	place_init(&owner->place);
	for (; owner->process_count < process_count; owner->process_count++) {
		owner->processes[owner->process_count] = process_new();
		if (owner->processes[owner->process_count] == NULL)
			return owner_unref(owner);
	}
	return owner;
}

void
owner_shorten(struct owner *owner, uint32_t process_count)
{
	while (owner->process_count > process_count)
		(void)process_unref(owner->processes[--owner->process_count]);
}

bool
owner_is_alone(const struct owner *owner)
{
	return atomic_load(&owner->references) == 1;
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
	owner_shorten(owner, 0);
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
		if (!process_is_manager(owner->processes[i]))
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
		if (!process_is_init(owner->processes[i]))
			return owner->processes[i];
	return owner->processes[0];
}

/* Is it systemd, PID 1 or a user's, in the unit that it keeps for itself? Elsewhere PID 1 may be
 * anything, as in a container, and what a manager forked is where it is going to be. */
static bool
is_systemd(const struct process *process)
{
	const struct place *place = &process->place;
	const char *unit = place->user_unit[0] != '\0' ? place->user_unit : place->unit;

	return process_is_manager(process) && strcmp(unit, "init.scope") == 0;
}

static bool
place_is_unknown(const struct place *place)
{
	return place->unit[0] == '\0' && place->slice[0] == '\0' && place->container[0] == '\0';
}

bool
owner_place_is_unknown(const struct owner *owner)
{
	return owner_is_managers(owner) && is_systemd(owner_first(owner)) &&
	    place_is_unknown(&owner->place);
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
	/* For whom a manager holds them is not known to be the same. */
	if (owner_place_is_unknown(a) || owner_place_is_unknown(b))
		return false;
	/* Whoever else holds them is not known to be the same. */
	if ((a->unsearched || b->unsearched) && !process_same(p, q))
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
