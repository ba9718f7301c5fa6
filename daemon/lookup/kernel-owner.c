/* SPDX-License-Identifier: MIT */
/*
 * A socket of root's that no process holds may be the kernel's own: a tunnel's, a file
 * server's. Or it is kept where no descriptor shows it. So that nobody is excused for what
 * cannot be seen, the kernel is named only where something in it that has such sockets is
 * really there: a network device of that kind, or a kernel thread that serves them.
 *
 * What it does not prove is that this very socket is theirs: the kernel tells that of none.
 *
 * Devices are those of PID 1's network namespace, by its /sys; threads are told from
 * processes that call themselves so by a flag that no process has (PF_KTHREAD). Both names
 * come from the kernel.
 *
 * Cost: 25 us a device, 12 us a process; only where a socket of root's is left over after two
 * walks.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/files.h"
#include "lookup/kernel-owner.h"
#include "lookup/proc.h"
#include "wire/protocol.h"

#define TCP (1U << LOOKUP_TCP)
#define UDP (1U << LOOKUP_UDP)

struct kernel_user {
	const char *prefix; /* of a device's kind or a thread's name */
	uint32_t protocols;
};

static const struct kernel_user devices[] = {
	{ "vxlan", UDP },
	{ "geneve", UDP },
	{ "wireguard", UDP },
	{ "gtp", UDP },
	{ "bareudp", UDP },
	{ "amt", UDP },
	{ "ovpn", TCP | UDP },
	{ "l2tp", UDP },
};

static const struct kernel_user threads[] = {
	{ "lockd", TCP | UDP },	   /* NFS's locks */
	{ "nfsd", TCP | UDP },	   /* NFS's server */
	{ "NFSv4 callback", TCP }, /* NFS's client, called back */
	{ "nfsv4.", TCP },	   /* the same, newer: nfsv4.1-svc */
	{ "ksmbd", TCP },	   /* SMB's server */
	{ "iscsi_np", TCP },	   /* iSCSI's target */
	{ "nvmet", TCP },	   /* NVMe's target */
	{ "krdsd", TCP },	   /* RDS */
	{ "dlm", TCP },		   /* the lock manager of clusters */
	{ "o2net", TCP },	   /* OCFS2 */
	{ "drbd", TCP },
	{ "ipvs-", UDP }, /* IPVS's synchronisation */
	{ "rxrpc", UDP },
	{ "krxrpc", UDP }, /* AFS */
	{ "tipc", UDP },
};

static uint32_t
find_prefix(const struct kernel_user *users, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(name, users[i].prefix, strlen(users[i].prefix)) == 0)
			return users[i].protocols;
	return 0;
}

uint32_t
kernel_owner_of_device(const char *type)
{
	return find_prefix(devices, ARRAY_SIZE(devices), type);
}

uint32_t
kernel_owner_of_thread(const char *comm)
{
	/* The rescuer of a work queue, which carries its name (since Linux 6.9). */
	static const char rescuer[] = "kworker/R-";

	if (strncmp(comm, rescuer, sizeof(rescuer) - 1) == 0)
		comm += sizeof(rescuer) - 1;
	return find_prefix(threads, ARRAY_SIZE(threads), comm);
}

/* What one device's uevent file proves. */
static uint32_t
read_device(int devices_fd, const char *name)
{
	static const char key[] = "DEVTYPE=";
	char path[NAME_MAX + sizeof("/uevent")], text[1024], *save = NULL;
	ssize_t length;

	(void)snprintf(path, sizeof(path), "%s/uevent", name);
	length = files_read(devices_fd, path, text, sizeof(text) - 1);
	if (length <= 0)
		return 0;
	text[length] = '\0';
	for (const char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, key, sizeof(key) - 1) == 0)
			return kernel_owner_of_device(line + sizeof(key) - 1);
	return 0;
}

static uint32_t
read_devices(const struct view *view)
{
	_closedir_ DIR *directory =
	    files_open_directory(view->host->proc_fd, "1/root/sys/class/net");
	uint32_t protocols = 0;
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			protocols |= read_device(dirfd(directory), entry->d_name);
	return protocols;
}

static uint32_t
read_threads(const struct view *view)
{
	_closedir_ DIR *directory = files_open_directory(view->host->proc_fd, ".");
	uint32_t protocols = 0;
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		int32_t pid = files_number(entry->d_name);
		_close_ int fd = pid > 0 ? proc_open(view->host->proc_fd, pid) : -1;
		struct proc_stat stat;

		if (fd >= 0 && proc_read_stat(fd, &stat) == 0 && stat.is_kernel_thread)
			protocols |= kernel_owner_of_thread(stat.comm);
	}
	return protocols;
}

uint32_t
kernel_owner_protocols(const struct view *view)
{
	return read_devices(view) | read_threads(view);
}
