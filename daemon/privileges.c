/* SPDX-License-Identifier: MIT */
/*
 * Drops the capabilities. Socket tables, the journal and the daemon's own files need none; looking
 * into other users' processes does, and overstay-lookup does that.
 *
 * What stays is uid 0, which other services obey. Nearly all of them listen on stream sockets, at a
 * path or in the abstract namespace, and overstayd has no use for one: the journal and the service
 * manager take datagrams, both helpers packets. So no stream socket can be made any more, which
 * holds whatever is mounted and however often a service makes its socket anew. Of the other kinds,
 * the abstract ones are closed by Landlock, if the kernel has its scopes (Linux 6.12), and with
 * them signals to other processes. Paths are the unit's business (TemporaryFileSystem=).
 *
 * What it never does: restrict what was started before it, which are the helpers by hand.
 */
#include <cap-ng.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "privileges.h"

/* linux/landlock.h of Linux 6.12; the headers at hand may be older. */
#define LANDLOCK_CREATE_RULESET		     444
#define LANDLOCK_RESTRICT_SELF		     446
#define LANDLOCK_VERSION		     (1U << 0)
#define LANDLOCK_ABI_OF_SCOPES		     6
#define LANDLOCK_SCOPES_ABSTRACT_UNIX_SOCKET (1U << 0)
#define LANDLOCK_SCOPES_SIGNAL		     (1U << 1)

struct landlock_attributes {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

/* Kinds of a socket without the flags (linux/net.h: SOCK_TYPE_MASK). */
#define SOCKET_KIND_MASK 0xf

int
privileges_drop(void)
{
	capng_select_t select = CAPNG_SELECT_CAPS;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (capng_get_caps_process() < 0)
		return -EIO;
	if (capng_have_capabilities(CAPNG_SELECT_BOTH) == CAPNG_NONE)
		return 0;
	/* Without CAP_SETPCAP the bounding set cannot be emptied, and libcap-ng logs an error. */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0)
		select = CAPNG_SELECT_BOTH;
	capng_clear(select);
	return capng_apply(select) < 0 ? -EPERM : 0;
}

/* The lower half of a system call's argument. */
#define ARGUMENT_OFFSET(number)                        \
	(offsetof(struct seccomp_data, args[number]) + \
	    (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0))

/* Calls of another ABI, which have other numbers, are the unit's business
 * (SystemCallArchitectures=). */
static int
refuse_stream_sockets(void)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT_OFFSET(0)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT_OFFSET(1)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SOCKET_KIND_MASK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOCK_STREAM, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = { .len = ARRAY_SIZE(program), .filter = program };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) < 0 ? -errno : 0;
}

/* A kernel without scopes is not an error: overstayd(8) says what that means. */
static int
scope(void)
{
	const struct landlock_attributes attributes = {
		.scoped = LANDLOCK_SCOPES_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPES_SIGNAL,
	};
	_close_ int fd = -1;

	if (syscall(LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION) < LANDLOCK_ABI_OF_SCOPES)
		return 0;
	fd = (int)syscall(LANDLOCK_CREATE_RULESET, &attributes, sizeof(attributes), 0);
	if (fd < 0 || syscall(LANDLOCK_RESTRICT_SELF, fd, 0) < 0)
		return -errno;
	return 0;
}

int
privileges_confine(void)
{
	int r = refuse_stream_sockets();
	int scoped = scope();

	return r < 0 ? r : scoped;
}
