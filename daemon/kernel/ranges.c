/* SPDX-License-Identifier: MIT */
/*
 * net.ipv4.ip_local_port_range (Documentation/networking/ip-sysctl.rst; it serves IPv6 too). It is
 * opened anew each time: a tick costs three system calls, and the file follows the namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/ranges.h"

/* Room for "65535\t65535\n" and for noticing that there is more. */
#define RANGE_TEXT_MAX 32

/* Reads a port of at most five digits and steps over it. Returns 0 where there is none. */
static uint32_t
take_port(const char **text)
{
	uint32_t port = 0;

	for (int digits = 0; digits < 5 && **text >= '0' && **text <= '9'; digits++)
		port = port * 10 + (uint32_t)(*(*text)++ - '0');
	return port < PORT_COUNT ? port : 0;
}

/* Returns 0 or -EINVAL. */
static int
parse_range(const char *text, struct port_range *ret)
{
	uint32_t first = take_port(&text);

	if (*text++ != '\t')
		return -EINVAL;
	uint32_t last = take_port(&text);
	if (strcmp(text, "\n") != 0 || first == 0 || last < first)
		return -EINVAL;
	*ret = (struct port_range){ (uint16_t)first, (uint16_t)last };
	return 0;
}

int
ranges_read_kernel(int proc_fd, struct port_range *ret)
{
	_close_ int fd =
	    openat(proc_fd, "sys/net/ipv4/ip_local_port_range", O_RDONLY | O_CLOEXEC);
	char text[RANGE_TEXT_MAX];
	ssize_t length;

	if (fd < 0)
		return -errno;
	do
		length = read(fd, text, sizeof(text) - 1);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	text[length] = '\0';
	if (strlen(text) != (size_t)length)
		return -EINVAL;
	return parse_range(text, ret);
}
