/* SPDX-License-Identifier: MIT */
/*
 * A socket may have any number of holders, and OWNER_PROCESSES_MAX of them are described. Who
 * forks as many workers as a service has, or hands it its socket, must not be excused because
 * others stand before him: so of each kind (program file, user, cgroup) the first to start is kept,
 * and besides those that started first. Of more kinds than can be kept the last are not, and it
 * is said that not all are judged.
 *
 * What it never does: take holders for alike of which one could not be read.
 *
 * Cost: 12 us for each process that holds a socket; for one more than are kept some comparisons.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/sha256.h"
#include "lookup/files.h"
#include "lookup/holders.h"
#include "lookup/place.h"
#include "lookup/program-file.h"

struct holder_kind
holders_read_kind(int process_fd, uint32_t uid)
{
	static const struct holder_kind unknown;
	char cgroup[PLACE_FILE_MAX];
	uint8_t digest[SHA256_BYTES];
	struct holder_kind kind;
	struct sha256 sum;
	struct statx exe;
	ssize_t length = files_read(process_fd, "cgroup", cgroup, sizeof(cgroup));

	if (length <= 0 || (size_t)length == sizeof(cgroup) ||
	    program_file_stat(process_fd, "exe", 0, &exe) < 0)
		return unknown;
	sha256_begin(&sum);
	sha256_add(&sum, &exe.stx_dev_major, sizeof(exe.stx_dev_major));
	sha256_add(&sum, &exe.stx_dev_minor, sizeof(exe.stx_dev_minor));
	sha256_add(&sum, &exe.stx_ino, sizeof(exe.stx_ino));
	sha256_add(&sum, &uid, sizeof(uid));
	sha256_add(&sum, cgroup, (size_t)length);
	sha256_end(&sum, digest);
	memcpy(&kind, digest, sizeof(kind));
	return kind;
}

int
holders_compare(const struct holder *a, const struct holder *b)
{
	if (a->start_usec != b->start_usec)
		return a->start_usec < b->start_usec ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

static bool
are_alike(const struct holder_kind *a, const struct holder_kind *b)
{
	return (a->words[0] != 0 || a->words[1] != 0) && a->words[0] == b->words[0] &&
	    a->words[1] == b->words[1];
}

/* The last of so many that is like one before it; without one, count. */
static uint32_t
find_spare(const struct holder *holders, uint32_t count)
{
	for (uint32_t last = count; last-- > 1;)
		for (uint32_t i = 0; i < last; i++)
			if (are_alike(&holders[i].kind, &holders[last].kind))
				return last;
	return count;
}

void
holders_keep(struct wanted *wanted, const struct holder *holder)
{
	struct holder all[OWNER_PROCESSES_MAX + 1];
	uint32_t at = wanted->kept, count = wanted->kept + 1, spare = count;

	memcpy(all, wanted->holder, wanted->kept * sizeof(all[0]));
	for (; at > 0 && holders_compare(holder, &all[at - 1]) < 0; at--)
		all[at] = all[at - 1];
	all[at] = *holder;
	if (count > OWNER_PROCESSES_MAX) {
		spare = find_spare(all, count);
		wanted->unjudged |= spare == count;
		if (spare == count)
			spare--;
		memmove(all + spare, all + spare + 1, (count - spare - 1) * sizeof(all[0]));
		count--;
	}
	memcpy(wanted->holder, all, count * sizeof(all[0]));
	wanted->kept = count;
}
