/* SPDX-License-Identifier: MIT */
/*
 * A process runs one file until it calls execve(2). Whoever was seen to run the very file under its
 * path (EXE_SAME) still runs that program after an upgrade put another file there, whoever owns it
 * and whatever mounts it has; so a rule by `exe` that matched goes on to match.
 *
 * What it never does: believe a path. It is compared with the process (pid and start), the file
 * (device and inode, which a deleted file keeps, and its owner) and the path as it was when it was
 * verified, and only where the kernel says that the file is deleted. The owner, because a process
 * that calls execve(2) lets the inode go: who then makes a file of that number, and lends it the
 * path by mounts of their own, still cannot make it root's.
 *
 * All holders are remembered, but only those are worth a write to the disk whom a rule by `exe`
 * matched and who stayed: a host that tests programs all day must not pay for each of them.
 *
 * Memory: VERIFIED_MAX entries of 48 bytes and their paths. Cost: a binary search for each process
 * of an owner that was looked up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/verified.h"

struct verified_entry {
	struct executable executable;
	uint64_t used; /* verified->clock when it was last of use */
	bool kept;     /* `added` was told of it */
};

void
verified_clear(struct verified *verified)
{
	for (size_t i = 0; i < verified->count; i++)
		free(verified->entries[i].executable.path);
	free(verified->entries);
	verified->entries = NULL;
	verified->count = verified->room = 0;
}

static int
compare(const struct executable *a, const struct executable *b)
{
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return (a->start_usec > b->start_usec) - (a->start_usec < b->start_usec);
}

/* The index of the first entry at or behind the process. */
static size_t
lower_bound(const struct verified *verified, const struct executable *executable)
{
	size_t low = 0, high = verified->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(&verified->entries[middle].executable, executable) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The entry of the process, NULL where it has none. */
static struct verified_entry *
find(const struct verified *verified, const struct executable *executable)
{
	size_t index = lower_bound(verified, executable);

	return index < verified->count &&
		compare(&verified->entries[index].executable, executable) == 0 ?
	    &verified->entries[index] :
	    NULL;
}

static bool
same_file(const struct executable *a, const struct executable *b)
{
	return a->device == b->device && a->inode == b->inode && a->uid == b->uid &&
	    strcmp(a->path, b->path) == 0;
}

static void
remove_oldest(struct verified *verified)
{
	size_t oldest = 0;

	for (size_t i = 1; i < verified->count; i++)
		if (verified->entries[i].used < verified->entries[oldest].used)
			oldest = i;
	free(verified->entries[oldest].executable.path);
	verified->count--;
	memmove(&verified->entries[oldest], &verified->entries[oldest + 1],
	    (verified->count - oldest) * sizeof(*verified->entries));
}

static int
grow(struct verified *verified)
{
	size_t room = verified->room == 0 ? 64 : verified->room * 2;
	struct verified_entry *entries;

	if (verified->count < verified->room)
		return 0;
	entries = reallocarray(verified->entries, room, sizeof(*entries));
	if (entries == NULL)
		return -ENOMEM;
	verified->entries = entries;
	verified->room = room;
	return 0;
}

static int
remember(struct verified *verified, const struct executable *executable, bool kept)
{
	struct verified_entry *entry = find(verified, executable);
	char *path = strdup(executable->path);
	size_t index;

	if (path == NULL)
		return -ENOMEM;
	/* It called execve(2), and runs another file now. */
	if (entry != NULL) {
		free(entry->executable.path);
		entry->executable = *executable;
		entry->executable.path = path;
		entry->used = ++verified->clock;
		entry->kept = kept;
		return 0;
	}
	if (verified->count == VERIFIED_MAX)
		remove_oldest(verified);
	if (grow(verified) < 0) {
		free(path);
		return -ENOMEM;
	}
	index = lower_bound(verified, executable);
	memmove(&verified->entries[index + 1], &verified->entries[index],
	    (verified->count - index) * sizeof(*verified->entries));
	verified->entries[index] = (struct verified_entry){ *executable, ++verified->clock, kept };
	verified->entries[index].executable.path = path;
	verified->count++;
	return 0;
}

int
verified_add(struct verified *verified, const struct executable *executable)
{
	return remember(verified, executable, true);
}

void
verified_tell(struct verified *verified)
{
	for (size_t i = 0; verified->added != NULL && i < verified->count; i++)
		if (verified->entries[i].kept)
			verified->added(&verified->entries[i].executable, verified->argument);
}

/* What names a process and the file it runs; the path is borrowed. */
static struct executable
executable_of(const struct process *process)
{
	return (struct executable){
		.pid = process->pid,
		.start_usec = process->start_usec,
		.device = process->exe_device,
		.inode = process->exe_inode,
		.uid = process->exe_uid,
		.path = process->exe,
	};
}

void
verified_keep(struct verified *verified, const struct owner *owner)
{
	for (uint32_t i = 0; verified->added != NULL && i < owner->process_count; i++) {
		struct executable executable = executable_of(&owner->processes[i]);
		struct verified_entry *entry = find(verified, &executable);

		if (entry == NULL || entry->kept || !same_file(&entry->executable, &executable))
			continue;
		entry->kept = true;
		verified->added(&entry->executable, verified->argument);
	}
}

static void
apply_to_process(struct verified *verified, struct process *process)
{
	struct executable executable = executable_of(process);
	struct verified_entry *entry = find(verified, &executable);
	bool same = entry != NULL && same_file(&entry->executable, &executable);

	if (same)
		entry->used = ++verified->clock;
	if (same && process->exe_trust == EXE_UNVERIFIED && process->exe_deleted)
		process->exe_trust = EXE_REPLACED;
	if (same || process->exe_trust != EXE_SAME)
		return;
	/* Without memory it is remembered the next time. */
	(void)!remember(verified, &executable, false);
}

void
verified_apply(struct verified *verified, struct owner *owner)
{
	for (uint32_t i = 0; i < owner->process_count; i++) {
		struct process *process = &owner->processes[i];

		if ((process->evidence & EVIDENCE_EXE_KNOWN) != 0 && process->exe[0] == '/' &&
		    process->start_usec != USEC_NEVER)
			apply_to_process(verified, process);
	}
}
