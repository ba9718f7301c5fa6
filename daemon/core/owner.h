/* SPDX-License-Identifier: MIT */
/*
 * Who holds a socket, as it was observed at one moment. An owner is immutable once it is published
 * (owner_ref), so the loop and the sending thread may share it.
 *
 * Every string in here was written by a process that may be hostile: raw bytes, bounded, not
 * escaped. text_escape() stands between them and every reader.
 */
#ifndef OVERSTAY_CORE_OWNER_H
#define OVERSTAY_CORE_OWNER_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/macros.h"

/* Bounds of what is kept of one owner; what is longer is cut, and the cut is marked. */
#define OWNER_PROCESSES_MAX 16
#define OWNER_GROUPS_MAX    64
#define OWNER_COMM_MAX	    64		/* the kernel's limit is 16, kernel threads have more */
#define OWNER_PATH_MAX	    4096
#define OWNER_CMDLINE_MAX   4096
#define OWNER_UNIT_MAX	    256		/* systemd's own limit of a unit name */

enum owner_kind {
	OWNER_UNKNOWN,
	OWNER_PROCESS,
	OWNER_KERNEL,
};

/* Why an owner is unknown (OWNER_REASON_NONE where it is known). */
enum owner_reason {
	OWNER_REASON_NONE,
	OWNER_REASON_NOT_ASKED,		/* not looked up yet */
	OWNER_REASON_NO_LOOKUP,		/* overstay-lookup is not running */
	OWNER_REASON_TIMEOUT,		/* it did not answer in time */
	OWNER_REASON_BAD_ANSWER,	/* its answer made no sense */
	OWNER_REASON_NO_PERMISSION,	/* it could not see every process */
	OWNER_REASON_NO_PROCESS,	/* it saw every process; none holds the socket */
	OWNER_REASON_NO_INODE,		/* the socket has no inode: nothing can hold it by name */
	OWNER_REASON_COUNT,
};

/*
 * How far the path in exe is to be believed. A process can make /proc/PID/exe read any path by
 * mounts of its own, so the path alone names nothing.
 */
enum exe_trust {
	EXE_UNVERIFIED,	/* could not be compared, or another file stands under that path */
	EXE_SAME,	/* the very file that PID 1 sees under that path */
	EXE_REPLACED,	/* an upgrade's leftover: PID 1's mount namespace, no links any more,
			   root's, not writable by others, in a directory of root's */
};

struct process {
	int32_t pid;
	int32_t parent_pid;	/* 0 = unknown */
	uint64_t start_usec;	/* CLOCK_BOOTTIME, USEC_NEVER = unknown */
	uint32_t uid;		/* effective */
	uint32_t gid;
	uint32_t groups[OWNER_GROUPS_MAX];	/* supplementary */
	uint32_t group_count;
	enum exe_trust exe_trust;
	bool exe_deleted;	/* the kernel says " (deleted)"; exe is without it */
	bool cmdline_cut;	/* was longer than OWNER_CMDLINE_MAX */
	char *comm;		/* never NULL in a published owner; "" = unknown */
	char *exe;		/* path; "" = unknown */
	char *cmdline;		/* arguments, each ended by a NUL; cmdline_length bytes */
	uint32_t cmdline_length;
	char *unit;		/* system unit; "" = none or unknown */
	char *user_unit;	/* unit of a user manager; "" = none */
};

struct owner {
	atomic_uint references;
	enum owner_kind kind;
	enum owner_reason reason;
	uint64_t observed_usec;	/* CLOCK_BOOTTIME when it was looked up */
	uint32_t holders;	/* processes that hold the socket, all of them */
	uint32_t process_count;	/* of those, how many are described: lowest start time first */
	struct process processes[];
};

/* Who holds this socket? */
struct owner_question {
	uint32_t inode;		/* not 0 */
	uint32_t uid;		/* of the socket's creator: only root's can be the kernel's */
};

/*
 * A new owner with room for process_count processes (at most OWNER_PROCESSES_MAX), one reference,
 * all else zero. Fill it, then publish. Returns NULL without memory.
 */
struct owner *owner_new(enum owner_kind kind, enum owner_reason reason, uint32_t process_count);

/* Take and give back a reference; both accept NULL. owner_unref() returns NULL. */
struct owner *owner_ref(struct owner *owner);
struct owner *owner_unref(struct owner *owner);

/* The process an alert names, PID 1 only where it is alone; NULL where the owner is no process. */
const struct process *owner_first(const struct owner *owner);

/*
 * The design's "same owner": the same exe (believed or not: the path and the file's state), unit
 * and uid. Exposure belongs to the endpoint and is compared there. An unknown owner is never the
 * same as any, not even as itself.
 */
bool owner_same(const struct owner *a, const struct owner *b);

const char *owner_kind_name(enum owner_kind kind);		/* "process", "kernel", "unknown" */
/* One clause for a person: "overstay-lookup is not running". "" for OWNER_REASON_NONE. */
const char *owner_reason_text(enum owner_reason reason);
/* The word in OVERSTAY_OWNER_REASON: "no-lookup". "" for OWNER_REASON_NONE. */
const char *owner_reason_name(enum owner_reason reason);

#endif
