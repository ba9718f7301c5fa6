/* SPDX-License-Identifier: MIT */
/*
 * The statements `owner` and `also`: who holds sockets, in one line each; and copies of those, as
 * answers have them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/owner.h"
#include "or-die.h"
#include "script.h"

static void
set_text(char **place, const char *text)
{
	if (owner_text_set(place, text) < 0)
		abort();
}

/* Arguments are separated by single blanks; a process keeps each with a NUL behind it. */
static void
set_cmdline(struct process *process, const char *text)
{
	size_t length = strlen(text) + 1;

	process->cmdline = calloc(1, length + 1);
	if (process->cmdline == NULL)
		abort();
	process->cmdline_length = (uint32_t)length;
	for (size_t i = 0; i + 1 < length; i++)
		process->cmdline[i] = text[i] == ' ' ? '\0' : text[i];
}

static int
set_trust(enum exe_trust *trust, const char *word)
{
	static const char *const trusts[] = {
		[EXE_UNVERIFIED] = "unverified",
		[EXE_SAME] = "same",
		[EXE_REPLACED] = "replaced",
	};

	for (size_t i = 0; word != NULL && i < ARRAY_SIZE(trusts); i++)
		if (strcmp(word, trusts[i]) == 0) {
			*trust = (enum exe_trust)i;
			return 0;
		}
	return -EINVAL;
}

static int
set_origin(struct process *process, const char *word)
{
	for (unsigned i = 0; word != NULL && i < ORIGIN_COUNT; i++)
		if (strcmp(origin_name((enum origin)i), word) == 0) {
			process->origin = (enum origin)i;
			return 0;
		}
	return -EINVAL;
}

static int
set_session_type(struct process *process, const char *word)
{
	for (unsigned i = 0; word != NULL && i < SESSION_TYPE_COUNT; i++)
		if (strcmp(session_type_name((enum session_type)i), word) == 0) {
			process->session_type = (enum session_type)i;
			return 0;
		}
	return -EINVAL;
}

/* Words of model/owner.h's facts, joined by commas. */
static int
set_evidence(struct process *process, const char *words)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} facts[] = {
		{ "memory", EVIDENCE_EXE_IN_MEMORY },
		{ "updated", EVIDENCE_EXE_UPDATED },
		{ "open-path", EVIDENCE_EXE_OPEN_PATH },
		{ "open", EVIDENCE_EXE_OPEN },
		{ "hidden-mount", EVIDENCE_EXE_HIDDEN_MOUNT },
		{ "stdio", EVIDENCE_STDIO_NETWORK },
		{ "shell-below", EVIDENCE_SHELL_BELOW },
		{ "argv0", EVIDENCE_NAME_OTHER },
		{ "mounts", EVIDENCE_OTHER_MOUNTS },
		{ "pids", EVIDENCE_OTHER_PIDS },
		{ "users", EVIDENCE_OTHER_USERS },
		{ "terminal", EVIDENCE_TERMINAL },
		{ "manager", EVIDENCE_MANAGER },
		{ "roots", EVIDENCE_EXE_ROOTS },
		{ "own", EVIDENCE_UNIT_OWN },
		{ "login", EVIDENCE_LOGIN },
		{ "exe-own", EVIDENCE_EXE_OWN },
		{ "exe-new", EVIDENCE_EXE_NEW },
		{ "main-own", EVIDENCE_MAIN_OWN },
		{ "own-users", EVIDENCE_OWN_USERS },
	};

	while (*words != '\0') {
		size_t length = strcspn(words, ","), i = 0;

		while (i < ARRAY_SIZE(facts) &&
		    (strlen(facts[i].name) != length || strncmp(facts[i].name, words, length) != 0))
			i++;
		if (i == ARRAY_SIZE(facts))
			return -EINVAL;
		process->evidence |= facts[i].bit;
		words += length + (words[length] == ',');
	}
	return 0;
}

/* Words of what a process has outlived, joined by commas. */
static int
set_outlived(struct process *process, const char *words)
{
	static const struct {
		const char *name;
		uint8_t bit;
	} facts[] = {
		{ "terminal", OUTLIVED_TERMINAL },
		{ "session", OUTLIVED_SESSION },
		{ "parent", OUTLIVED_PARENT },
		{ "directory", OUTLIVED_DIRECTORY },
	};

	while (*words != '\0') {
		size_t length = strcspn(words, ","), i = 0;

		while (i < ARRAY_SIZE(facts) &&
		    (strlen(facts[i].name) != length || strncmp(facts[i].name, words, length) != 0))
			i++;
		if (i == ARRAY_SIZE(facts))
			return -EINVAL;
		process->outlived |= facts[i].bit;
		words += length + (words[length] == ',');
	}
	return 0;
}

static int
add_group(struct process *process, uint64_t id)
{
	if (process->group_count == OWNER_GROUPS_MAX)
		return -EINVAL;
	process->groups[process->group_count++] = (uint32_t)id;
	return 0;
}

/* The attributes that are texts. Returns false where name is none of them. */
static bool
read_text(struct process *process, const char *name, const char *value)
{
	const struct {
		const char *name;
		char **place;
	} texts[] = {
		{ "comm", &process->comm },
		{ "container", &process->place.container },
		{ "forwards-to", &process->forwards_to },
		{ "session", &process->place.session },
		{ "slice", &process->place.slice },
		{ "parent-exe", &process->parent_exe },
		{ "cwd", &process->cwd },
		{ "main", &process->main_exe },
		{ "script", &process->script },
		{ "exe", &process->exe },
		{ "unit", &process->place.unit },
		{ "user-unit", &process->place.user_unit },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (strcmp(name, texts[i].name) == 0) {
			set_text(texts[i].place, value);
			return true;
		}
	return false;
}

/* The attributes that are numbers and spans. */
static int
read_number(struct process *process, const char *name, struct words *words, uint64_t now_usec)
{
	uint64_t value;

	if (strcmp(name, "runs") == 0) {
		if (words_duration(words, &value) < 0 || value > now_usec)
			return -EINVAL;
		process->start_usec = now_usec - value;
		return 0;
	}
	if (words_number(words, &value) < 0)
		return -EINVAL;
	if (strcmp(name, "pid") == 0)
		process->pid = (int32_t)value;
	else if (strcmp(name, "parent") == 0)
		process->parent_pid = (int32_t)value;
	else if (strcmp(name, "uid") == 0)
		process->uid = (uint32_t)value;
	else if (strcmp(name, "gid") == 0)
		process->gid = (uint32_t)value;
	else if (strcmp(name, "login") == 0) {
		/* 4294967295 is nobody, as the kernel has it. */
		process->login_known = true;
		process->login_uid = (uint32_t)value;
	} else if (strcmp(name, "main-pid") == 0)
		process->main_pid = (int32_t)value;
	else if (strcmp(name, "exe-uid") == 0) {
		process->evidence |= EVIDENCE_EXE_KNOWN;
		process->exe_uid = (uint32_t)value;
	} else if (strcmp(name, "exe-inode") == 0) {
		process->evidence |= EVIDENCE_EXE_KNOWN;
		process->exe_inode = value;
	} else if (strcmp(name, "group") == 0)
		return add_group(process, value);
	else
		return -EINVAL;
	return 0;
}

/* What the lookup says of files where distributions put them. */
static void
note_roots(struct process *process)
{
	if ((strncmp(process->exe, "/usr/", 5) == 0 || strncmp(process->exe, "/opt/", 5) == 0) &&
	    process->exe_uid == 0)
		process->evidence |= EVIDENCE_EXE_ROOTS;
}

static int
read_process(struct words *words, uint64_t now_usec, struct process *process)
{
	const char *name;

	process->exe_trust = EXE_SAME;
	process->start_usec = now_usec;
	process->pid = 4242;
	process->uid = 1000;
	while ((name = words_next(words)) != NULL) {
		if (strcmp(name, "deleted") == 0)
			process->exe_deleted = true;
		else if (strcmp(name, "cut") == 0)
			process->cmdline_cut = true;
		else if (words->next == words->count)
			return -EINVAL;
		else if (strcmp(name, "cmdline") == 0)
			set_cmdline(process, words_next(words));
		else if (strcmp(name, "trust") == 0) {
			if (set_trust(&process->exe_trust, words_next(words)) < 0)
				return -EINVAL;
		} else if (strcmp(name, "parent-trust") == 0) {
			if (set_trust(&process->parent_trust, words_next(words)) < 0)
				return -EINVAL;
		} else if (strcmp(name, "session-type") == 0) {
			if (set_session_type(process, words_next(words)) < 0)
				return -EINVAL;
		} else if (strcmp(name, "origin") == 0) {
			if (set_origin(process, words_next(words)) < 0)
				return -EINVAL;
		} else if (strcmp(name, "evidence") == 0) {
			if (set_evidence(process, words_next(words)) < 0)
				return -EINVAL;
		} else if (strcmp(name, "outlived") == 0) {
			if (set_outlived(process, words_next(words)) < 0)
				return -EINVAL;
		} else if (read_text(process, name, words->items[words->next]))
			words->next++;
		else if (read_number(process, name, words, now_usec) < 0)
			return -EINVAL;
	}
	note_roots(process);
	if (process->comm[0] == '\0' && process->exe[0] != '\0') {
		const char *slash = strrchr(process->exe, '/');
		set_text(&process->comm, slash == NULL ? process->exe : slash + 1);
		process->comm[strnlen(process->comm, 15)] = '\0';
	}
	return 0;
}

/* "kernel", "unknown REASON", or the attributes of a process. */
static struct owner *
read_owner(struct words *words, uint64_t now_usec)
{
	struct owner *owner;

	if (words_take(words, "kernel"))
		return owner_new(OWNER_KERNEL, OWNER_REASON_NONE, 0);
	if (words_take(words, "unknown")) {
		const char *word = words_next(words);
		for (unsigned i = 0; word != NULL && i < OWNER_REASON_COUNT; i++)
			if (strcmp(owner_reason_name((enum owner_reason)i), word) == 0)
				return owner_new(OWNER_UNKNOWN, (enum owner_reason)i, 0);
		return NULL;
	}
	owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 1);
	if (owner == NULL)
		abort();
	owner->holders = 1;
	return read_process(words, now_usec, owner->processes[0]) < 0 ? owner_unref(owner) : owner;
}

int
write_owner(struct script *script, const char *rest)
{
	struct world *world = &script->world;
	struct words words;
	struct owner *owner;
	struct who *who;
	const char *name;

	if (words_split(rest, &words) < 0 || (name = words_next(&words)) == NULL)
		return -EINVAL;
	owner = read_owner(&words, world->now_usec);
	if (owner == NULL)
		return -EINVAL;
	who = world_find_who(world, name);
	if (who == NULL) {
		who = calloc(1, sizeof(*who));
		if (who == NULL)
			abort();
		set_text(&who->name, name);
		who->next = world->whos;
		world->whos = who;
	}
	(void)owner_unref(who->owner);
	who->owner = owner;
	return 0;
}

int
write_also(struct script *script, const char *rest)
{
	struct words words;
	struct owner *owner, *more;
	struct who *who;

	if (words_split(rest, &words) < 0 || words.count == 0)
		return -EINVAL;
	who = world_find_who(&script->world, words_next(&words));
	if (who == NULL || who->owner->kind != OWNER_PROCESS ||
	    who->owner->process_count == OWNER_PROCESSES_MAX)
		return -EINVAL;
	owner = who->owner;
	more = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, owner->process_count + 1);
	if (more == NULL)
		abort();
	more->holders = more->process_count;
	/* The processes change hands. */
	for (uint32_t i = 0; i < owner->process_count; i++) {
		struct process *empty = more->processes[i];

		more->processes[i] = owner->processes[i];
		owner->processes[i] = empty;
	}
	(void)owner_unref(owner);
	who->owner = more;
	return read_process(&words, script->world.now_usec,
	    more->processes[more->process_count - 1]);
}

struct owner *
world_copy_owner(const struct owner *from, uint64_t now_usec)
{
	struct owner *owner = or_die(owner_new(from->kind, from->reason, from->process_count));

	owner->observed_usec = now_usec;
	owner->holders = from->holders;
	owner->thorough = true;
	if (place_copy(&owner->place, &from->place) < 0)
		abort();
	for (uint32_t i = 0; i < from->process_count; i++)
		if (process_copy(owner->processes[i], from->processes[i]) < 0)
			abort();
	return owner;
}
