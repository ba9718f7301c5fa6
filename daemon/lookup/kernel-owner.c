/* SPDX-License-Identifier: MIT */
/*
 * A socket that no process holds may be the kernel's own: a file server's, a lock manager's. Or it
 * is kept where no descriptor shows it. So that nobody is excused for what cannot be seen, the
 * kernel is named only where it names the port: nfsd in its portlist, lockd and the client of NFSv4
 * by the port they were given, RxRPC in the names of its threads.
 *
 * A kernel thread that serves sockets of ports it does not name proves that there may be such a
 * socket, and not that it is this one: the owner is unknown, for that reason. Tunnels and MPTCP are
 * overstayd's to ask for (kernel/), since only netlink knows their ports.
 *
 * Threads are told from processes that call themselves so by a flag that no process has
 * (PF_KTHREAD); the files are the kernel's. portlist is read as PID 1 sees it: it shows the ports
 * of the network namespace it was mounted in.
 *
 * Cost: 12 us a process; only where a socket is left over after two walks.
 */
#include <dirent.h>
#include <string.h>

#include "base/cleanup.h"
#include "lookup/files.h"
#include "lookup/kernel-owner.h"
#include "lookup/proc.h"

#define TCP (1U << PROTOCOL_TCP)
#define UDP (1U << PROTOCOL_UDP)

/* Kernel threads by how their names begin, and what they serve. */
static const struct {
	const char *prefix;
	uint32_t protocols;
	bool has_port; /* the rest of the name is the port of all that it serves */
} threads[] = {
	{ "krxrpcio/", UDP, true },	  /* AFS, since Linux 6.2 */
	{ "lockd", TCP | UDP, false },	  /* NFS's locks */
	{ "nfsd", TCP | UDP, false },	  /* NFS's server */
	{ "NFSv4 callback", TCP, false }, /* NFS's client, called back */
	{ "nfsv4.", TCP, false },	  /* the same, newer: nfsv4.1-svc */
	{ "ksmbd", TCP, false },	  /* SMB's server */
	{ "iscsi_np", TCP, false },	  /* iSCSI's target */
	{ "nvmet", TCP, false },	  /* NVMe's target */
	{ "krdsd", TCP, false },	  /* RDS */
	{ "dlm", TCP, false },		  /* the lock manager of clusters */
	{ "o2net", TCP, false },	  /* OCFS2 */
	{ "drbd", TCP, false },
	{ "ipvs-", UDP, false }, /* IPVS's synchronisation */
	{ "rxrpc", UDP, false },
	{ "krxrpc", UDP, false }, /* AFS */
	{ "tipc", UDP, false },
};

/* Files below /proc with the one port that a thread's sockets have, 0 = the kernel picks one. They
 * are settings: without the thread nothing has that port, and with it another may still be in use
 * since before. */
static const struct {
	const char *path, *prefix;
	enum protocol protocol;
} port_files[] = {
	{ "sys/fs/nfs/nlm_tcpport", "lockd", PROTOCOL_TCP },
	{ "sys/fs/nfs/nlm_udpport", "lockd", PROTOCOL_UDP },
	{ "sys/fs/nfs/nfs_callback_tcpport", "NFSv4 callback", PROTOCOL_TCP },
	{ "sys/fs/nfs/nfs_callback_tcpport", "nfsv4.", PROTOCOL_TCP },
};

static bool
has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A port in decimal, up to whatever is no digit; 0 where there is none. */
static uint16_t
read_port(const char *text)
{
	char digits[6];
	size_t length = strspn(text, "0123456789");
	int32_t number;

	if (length == 0 || length >= sizeof(digits))
		return 0;
	memcpy(digits, text, length);
	digits[length] = '\0';
	number = files_number(digits);
	return number <= UINT16_MAX ? (uint16_t)number : 0;
}

void
kernel_owner_take_thread(const char *comm, struct kernel_claims *claims)
{
	/* The rescuer of a work queue, which carries its name (since Linux 6.9). */
	static const char rescuer[] = "kworker/R-";

	if (strncmp(comm, rescuer, sizeof(rescuer) - 1) == 0)
		comm += sizeof(rescuer) - 1;
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		size_t length = strlen(threads[i].prefix);

		if (!has_prefix(comm, threads[i].prefix))
			continue;
		if (threads[i].has_port)
			kernel_claims_add_port(claims, PROTOCOL_UDP, read_port(comm + length));
		else
			kernel_claims_add_unproved(claims, threads[i].protocols);
		return;
	}
}

/* Lines "tcp 2049", "udp 2049", "rdma 20049" (svc_xprt_names() in net/sunrpc/svc_xprt.c). */
void
kernel_owner_take_ports(const char *text, size_t length, struct kernel_claims *claims)
{
	const char *end = text + length;

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		char line[64];
		size_t used = (size_t)((stop != NULL ? stop : end) - text);

		if (used < sizeof(line)) {
			memcpy(line, text, used);
			line[used] = '\0';
			if (has_prefix(line, "tcp "))
				kernel_claims_add_port(claims, PROTOCOL_TCP, read_port(line + 4));
			else if (has_prefix(line, "udp "))
				kernel_claims_add_port(claims, PROTOCOL_UDP, read_port(line + 4));
		}
		text += used + 1;
	}
}

void
kernel_owner_take_port(const char *text, size_t length, enum protocol protocol,
    struct kernel_claims *claims)
{
	char line[16];

	if (length >= sizeof(line))
		return;
	memcpy(line, text, length);
	line[length] = '\0';
	kernel_claims_add_port(claims, protocol, read_port(line));
}

/* The files that say more of what this thread serves; *done has a bit for each that was read. */
static void
read_port_files(const struct view *view, const char *comm, uint32_t *done,
    struct kernel_claims *claims)
{
	char text[16];

	for (size_t i = 0; i < ARRAY_SIZE(port_files); i++) {
		ssize_t length;

		if ((*done >> i & 1) != 0 || !has_prefix(comm, port_files[i].prefix))
			continue;
		*done |= 1U << i;
		length = files_read(view->host->proc_fd, port_files[i].path, text, sizeof(text));
		if (length > 0)
			kernel_owner_take_port(text, (size_t)length, port_files[i].protocol,
			    claims);
	}
}

/* Every port of nfsd's. Returns false where they are not known. */
static bool
read_portlist(const struct view *view, struct kernel_claims *claims)
{
	char text[4096];
	ssize_t length =
	    files_read(view->host->proc_fd, "1/root/proc/fs/nfsd/portlist", text, sizeof(text));

	if (length < 0 || (size_t)length == sizeof(text))
		return false;
	kernel_owner_take_ports(text, (size_t)length, claims);
	return true;
}

static void
read_threads(const struct view *view, struct kernel_claims *claims)
{
	_closedir_ DIR *directory = files_open_directory(view->host->proc_fd, ".");
	bool nfsd_known = read_portlist(view, claims);
	struct dirent *entry;
	uint32_t done = 0;

	if (directory == NULL)
		view_lacks_memory(view);
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		int32_t pid = files_number(entry->d_name);
		_close_ int fd = pid > 0 ? proc_open(view->host->proc_fd, pid) : -1;
		struct proc_stat stat;

		if (fd < 0 || proc_read_stat(fd, &stat) < 0 || !stat.is_kernel_thread ||
		    (nfsd_known && strcmp(stat.comm, "nfsd") == 0))
			continue;
		kernel_owner_take_thread(stat.comm, claims);
		read_port_files(view, stat.comm, &done, claims);
	}
}

void
kernel_owner_read(const struct view *view, struct kernel_claims *ret)
{
	kernel_claims_init(ret);
	read_threads(view, ret);
}
