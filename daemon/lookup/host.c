/* SPDX-License-Identifier: MIT */
/*
 * What is opened once. A file in memory is made and closed again, because only that shows the
 * file system such files live on: a mount the kernel has to itself, so that no file under
 * another name can be on it. The system call filter does not let it be done later.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/budget.h"
#include "lookup/cgroup.h"
#include "lookup/host.h"
#include "lookup/known.h"
#include "lookup/ledger.h"

/* 0 where the kernel has no files in memory, or says nothing of them. */
static uint64_t
find_memory_device(void)
{
	_close_ int fd = memfd_create("overstay-lookup", MFD_CLOEXEC);
	struct statx file;

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &file) < 0)
		return 0;
	return (uint64_t)file.stx_dev_major << 32 | file.stx_dev_minor;
}

int
host_open(struct host *ret)
{
	*ret = (struct host){
		.cgroup_fd = -1,
		.systemd_fd = -1,
		.limits = &budget_default_limits,
	};
	ret->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->proc_fd < 0)
		return -errno;
	ret->cgroup_fd = cgroup_open_root();
	ret->systemd_fd = open("/sys/fs/cgroup/systemd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ret->memory_device = find_memory_device();
	ret->ledger = ledger_new();
	ret->known = ret->ledger == NULL ? NULL : known_new();
	if (ret->known == NULL) {
		free(ret->ledger);
		(void)close(ret->proc_fd);
		if (ret->cgroup_fd >= 0)
			(void)close(ret->cgroup_fd);
		if (ret->systemd_fd >= 0)
			(void)close(ret->systemd_fd);
		return -ENOMEM;
	}
	return 0;
}
