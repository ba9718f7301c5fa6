/* SPDX-License-Identifier: MIT */
/*
 * A library that is loaded before others (LD_PRELOAD) and gives a program of the system tests a
 * kernel that fails: clocks that are set and hosts that slept, netlink that is refused. What it
 * does is in the file that FAULTS names, and changes when that is written (faults.py).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* faults.py has the same. */
struct faults {
	int64_t realtime_usec; /* added to CLOCK_REALTIME: the clock was set */
	int64_t boottime_usec; /* added to CLOCK_BOOTTIME: the host slept */
	int32_t make_errno;    /* netlink sockets cannot be made, */
	int32_t send_errno;    /* nothing can be asked, */
	int32_t receive_errno; /* and no answer read */
	int32_t every;	       /* only each so-maniest send and receive fails; 0 or 1: all */
};

static const struct faults none;
static const volatile struct faults *faults = &none;
static unsigned calls;

__attribute__((constructor)) static void
load(void)
{
	const char *path = getenv("FAULTS");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	const void *mapped;

	if (fd < 0)
		return;
	mapped = mmap(NULL, sizeof(*faults), PROT_READ, MAP_SHARED, fd, 0);
	if (mapped != MAP_FAILED)
		faults = mapped;
	close(fd);
}

int
clock_gettime(clockid_t clock, struct timespec *ret)
{
	int64_t usec = clock == CLOCK_REALTIME ? faults->realtime_usec :
	    clock == CLOCK_BOOTTIME	       ? faults->boottime_usec :
						 0;
	int result = (int)syscall(SYS_clock_gettime, clock, ret);

	if (result < 0 || usec == 0)
		return result;
	usec += (int64_t)ret->tv_sec * 1000000 + ret->tv_nsec / 1000;
	ret->tv_sec = usec / 1000000;
	ret->tv_nsec = usec % 1000000 * 1000;
	return 0;
}

static int
is_netlink(int fd)
{
	int domain = 0;
	socklen_t length = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_NETLINK;
}

/* Whether this call fails, with that error. */
static int
fails(int fd, int error)
{
	if (error == 0 || !is_netlink(fd) ||
	    (faults->every > 1 && ++calls % (unsigned)faults->every != 0))
		return 0;
	errno = error;
	return 1;
}

int
socket(int domain, int type, int protocol)
{
	if (domain == AF_NETLINK && faults->make_errno != 0) {
		errno = faults->make_errno;
		return -1;
	}
	return (int)syscall(SYS_socket, domain, type, protocol);
}

ssize_t
sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
    socklen_t length)
{
	return fails(fd, faults->send_errno) ?
	    -1 :
	    syscall(SYS_sendto, fd, data, size, flags, to, length);
}

ssize_t
recvmsg(int fd, struct msghdr *message, int flags)
{
	return fails(fd, faults->receive_errno) ? -1 : syscall(SYS_recvmsg, fd, message, flags);
}
