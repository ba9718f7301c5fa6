/* SPDX-License-Identifier: MIT */
/*
 * Facts about a process that its strings do not say (enum process_evidence, model/owner.h).
 */
#ifndef OVERSTAY_LOOKUP_EVIDENCE_H
#define OVERSTAY_LOOKUP_EVIDENCE_H

#include <sys/stat.h>

#include "base/macros.h"
#include "lookup/subject.h"

/*
 * Fills evidence, what EVIDENCE_EXE_KNOWN stands for, and known_as, in a process whose pid, uid,
 * exe, exe_trust and exe_deleted are known, and subject->root_uid. The names and the arguments are
 * called.c's and named-file.c's. Returns 0 or -ENOMEM.
 */
int evidence_read(struct subject *subject) _mustcheck_;

/*
 * The pure part. root_uid is who is root to the process, by its user namespace.
 */

/* May others than root and uid write to the file? */
bool evidence_is_open(const struct statx *file, uint32_t uid, uint32_t root_uid);

/*
 * Had the file never a name: does it have no link, and lie where memfd_create(2) makes its
 * own (memory_device, 0 = unknown)? text is what its link reads, type its file system's.
 */
bool evidence_is_memory(const struct statx *file, const char *text, uint64_t type,
    uint64_t memory_device);

/* Is `now`, which stands where `before` was deleted, what an upgrade would leave there? */
bool evidence_is_update(const struct statx *before, const struct statx *now, uint32_t root_uid);

/* Is that what NFS calls a file that was removed while it is in use (".nfs000000000000abcd")?
 * type is its file system's. */
bool evidence_is_nameless(const char *name, uint64_t type);

/* Who is root by the text of /proc/PID/uid_map; UINT32_MAX = nobody that this side knows. */
uint32_t evidence_parse_root(const char *text, size_t length);

#endif
