/* SPDX-License-Identifier: MIT */
/*
 * A path that a process names can lead anywhere: to a file of /sys that does something when it is
 * read, to a file system that whoever serves it lets wait for ever. So there is a list of what may
 * be read: of this kernel's own, on disks and in memory. All others are refused, known or not.
 *
 * What it never does: ask a file system that may not answer what it is. Even statfs(2) waits for a
 * server of NFS, and for one of FUSE that lets all users in. PID 1's table of mounts says what
 * stands on a device without asking anybody. What is not in it is mounted elsewhere alone: a FUSE
 * file system there lets nobody of the host's in, and the kernel says so without its server.
 *
 * What it cannot prevent: to come upon the mount of a dead NFS server, which the kernel itself asks
 * when a path first comes there. The alarm of server.c ends that.
 *
 * The table is that of one request, since a device's number may be another's later.
 *
 * Memory: DEVICES_MAX mounts, 16 bytes each, and the text while it is read. Cost: nothing where
 * nobody asks; then 100 us a request for 100 mounts, and 0.1 us an answer.
 */
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "lookup/file-systems.h"
#include "lookup/files.h"
#include "lookup/mounts.h"

#define DEVICES_MAX 1024

/* By their names in the table of mounts, and what statfs(2) calls them. */
static const struct {
	const char *name;
	uint64_t magic;
	enum file_system_use use;
} listed[] = {
	{ "bcachefs", 0xca451a4e, FILE_SYSTEM_READ },
	{ "btrfs", BTRFS_SUPER_MAGIC, FILE_SYSTEM_READ },
	/* What is in /dev are devices; /dev/shm is below it. */
	{ "devtmpfs", TMPFS_MAGIC, FILE_SYSTEM_PASS },
	{ "erofs", 0xe0f5e1e2, FILE_SYSTEM_READ },
	{ "ext2", EXT4_SUPER_MAGIC, FILE_SYSTEM_READ },
	{ "ext3", EXT4_SUPER_MAGIC, FILE_SYSTEM_READ },
	{ "ext4", EXT4_SUPER_MAGIC, FILE_SYSTEM_READ },
	{ "f2fs", F2FS_SUPER_MAGIC, FILE_SYSTEM_READ },
	/* With what serves it behind a dot: "fuse.sshfs". */
	{ "fuse", FILE_SYSTEM_FUSE, FILE_SYSTEM_REFUSED },
	{ "fuseblk", FILE_SYSTEM_FUSE, FILE_SYSTEM_REFUSED },
	{ "hugetlbfs", HUGETLBFS_MAGIC, FILE_SYSTEM_REFUSED },
	{ "nfs", NFS_SUPER_MAGIC, FILE_SYSTEM_REFUSED },
	{ "nfs4", NFS_SUPER_MAGIC, FILE_SYSTEM_REFUSED },
	{ "overlay", OVERLAYFS_SUPER_MAGIC, FILE_SYSTEM_READ },
	{ "squashfs", SQUASHFS_MAGIC, FILE_SYSTEM_READ },
	{ "tmpfs", TMPFS_MAGIC, FILE_SYSTEM_READ },
	{ "xfs", 0x58465342, FILE_SYSTEM_READ },
	{ "zfs", 0x2fc12fc1, FILE_SYSTEM_READ },
};

struct device {
	uint64_t number; /* major << 32 | minor */
	uint32_t magic;	 /* 0 = none of those listed */
	uint32_t use;	 /* enum file_system_use */
};

struct file_systems {
	int proc_fd;
	bool known; /* the table was read */
	size_t count;
	struct device devices[DEVICES_MAX];
};

struct file_systems *
file_systems_new(int proc_fd)
{
	struct file_systems *systems = malloc(sizeof(*systems));

	if (systems != NULL) {
		systems->proc_fd = proc_fd;
		systems->known = false;
		systems->count = 0;
	}
	return systems;
}

struct file_systems *
file_systems_free(struct file_systems *systems)
{
	free(systems);
	return NULL;
}

/* Takes one line of the table: "36 35 98:0 /root /point options [tags] - type source options". What
 * makes no sense is passed over. */
static void
take_line(struct file_systems *systems, const char *line)
{
	const char *type = strstr(line, " - ");
	struct device *device = &systems->devices[systems->count];
	unsigned major, minor;
	size_t length;

	if (type == NULL || systems->count == DEVICES_MAX ||
	    sscanf(line, "%*u %*u %u:%u ", &major, &minor) != 2)
		return;
	type += strlen(" - ");
	length = strcspn(type, " .");
	*device = (struct device){ .number = (uint64_t)major << 32 | minor };
	for (size_t i = 0; i < ARRAY_SIZE(listed); i++)
		if (strlen(listed[i].name) == length && memcmp(listed[i].name, type, length) == 0) {
			device->magic = (uint32_t)listed[i].magic;
			device->use = listed[i].use;
		}
	systems->count++;
}

static void
read_mounts(struct file_systems *systems)
{
	_free_ char *text = malloc(MOUNTS_TEXT_MAX);
	ssize_t length;
	char *save = NULL;

	if (text == NULL)
		return;
	systems->known = true;
	length = files_read(systems->proc_fd, "1/mountinfo", text, MOUNTS_TEXT_MAX);
	if (length <= 0)
		return;
	text[length - 1] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		take_line(systems, line);
}

static const struct device *
find_device(struct file_systems *systems, const struct statx *file)
{
	uint64_t number = (uint64_t)file->stx_dev_major << 32 | file->stx_dev_minor;

	if (systems == NULL)
		return NULL;
	if (!systems->known)
		read_mounts(systems);
	for (size_t i = 0; i < systems->count; i++)
		if (systems->devices[i].number == number)
			return &systems->devices[i];
	return NULL;
}

uint64_t
file_systems_type(struct file_systems *systems, int fd, const struct statx *file)
{
	const struct device *device = find_device(systems, file);
	struct statfs system;

	if (device != NULL)
		return device->magic;
	return fstatfs(fd, &system) < 0 ? 0 : (uint32_t)system.f_type;
}

bool
file_systems_allow(struct file_systems *systems, int fd, const struct statx *file,
    enum file_system_use use)
{
	const struct device *device = find_device(systems, file);
	uint64_t type;

	if (device != NULL)
		return device->use >= use;
	type = file_systems_type(systems, fd, file);
	for (size_t i = 0; i < ARRAY_SIZE(listed); i++)
		if (listed[i].magic == type && listed[i].use >= use)
			return true;
	return false;
}
