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
 * Memory: VERIFIED_MAX entries of some 160 bytes, and their paths. Cost: a hash for each process of
 * an owner that was looked up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/cleanup.h"
#include "base/table.h"
#include "engine/verified.h"

struct process_key {
	uint64_t pid, start_usec;
};

struct verified_entry {
	struct process_key key; /* of the executable */
	struct executable executable;
	bool kept;			    /* `added` was told of it */
	struct verified_entry *prev, *next; /* in the order in which they were last of use */
	UT_hash_handle hh;
};

static void
drop(struct verified *verified, struct verified_entry *entry)
{
	HASH_DEL(verified->entries, entry);
	DL_DELETE(verified->oldest, entry);
	free(entry->executable.path);
	free(entry);
}

void
verified_clear(struct verified *verified)
{
	struct verified_entry *entry, *next;

	HASH_ITER (hh, verified->entries, entry, next)
		drop(verified, entry);
}

static struct process_key
key_of(const struct executable *executable)
{
	return (struct process_key){ (uint64_t)executable->pid, executable->start_usec };
}

/* The entry of the process, NULL where it has none. */
static struct verified_entry *
find(const struct verified *verified, const struct executable *executable)
{
	struct process_key key = key_of(executable);
	struct verified_entry *entry;

	HASH_FIND(hh, verified->entries, &key, sizeof(key), entry);
	return entry;
}

static bool
same_file(const struct executable *a, const struct executable *b)
{
	return a->device == b->device && a->inode == b->inode && a->uid == b->uid &&
	    strcmp(a->path, b->path) == 0;
}

/* It is the one that was of use last. */
static void
note_use(struct verified *verified, struct verified_entry *entry)
{
	DL_DELETE(verified->oldest, entry);
	DL_APPEND(verified->oldest, entry);
}

/* The new entry of a process that has none. Returns NULL without memory. */
static struct verified_entry *
append(struct verified *verified, const struct executable *executable)
{
	struct verified_entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL)
		return NULL;
	if (HASH_COUNT(verified->entries) == VERIFIED_MAX)
		drop(verified, verified->oldest);
	entry->key = key_of(executable);
	HASH_ADD(hh, verified->entries, key, sizeof(entry->key), entry);
	if (!table_holds(entry)) {
		free(entry);
		return NULL;
	}
	DL_APPEND(verified->oldest, entry);
	return entry;
}

static int
remember(struct verified *verified, const struct executable *executable, bool kept)
{
	_free_ char *path = strdup(executable->path);
	struct verified_entry *entry = find(verified, executable);

	if (path == NULL)
		return -ENOMEM;
	/* One that is there called execve(2), and runs another file now. */
	if (entry == NULL)
		entry = append(verified, executable);
	if (entry == NULL)
		return -ENOMEM;
	free(entry->executable.path);
	entry->executable = *executable;
	entry->executable.path = take_ptr(path);
	entry->kept = kept;
	note_use(verified, entry);
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
	const struct verified_entry *entry = verified->entries;

	for (; verified->added != NULL && entry != NULL; entry = entry->hh.next)
		if (entry->kept)
			verified->added(&entry->executable, verified->argument);
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
		struct executable executable = executable_of(owner->processes[i]);
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
		note_use(verified, entry);
	if (same && process->exe_trust == EXE_UNVERIFIED && process->exe_deleted)
		process->exe_trust = EXE_REPLACED;
	if (same || process->exe_trust != EXE_SAME)
		return;
	/* Without memory it is remembered in the next pass. */
	if (remember(verified, &executable, false) < 0)
		verified->missed = true;
}

void
verified_apply(struct verified *verified, struct owner *owner)
{
	for (uint32_t i = 0; i < owner->process_count; i++) {
		struct process *process = owner->processes[i];

		if ((process->evidence & EVIDENCE_EXE_KNOWN) != 0 && process->exe[0] == '/' &&
		    process->start_usec != USEC_NEVER)
			apply_to_process(verified, process);
	}
}
