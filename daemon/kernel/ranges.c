/* SPDX-License-Identifier: MIT */
/*
 * net.ipv4.ip_local_port_range and ip_local_reserved_ports (Documentation/networking/ip-sysctl.rst;
 * they serve IPv6 too). They are opened anew each time: a poll costs three system calls for each,
 * and the files follow the namespace.
 *
 * The kernel gives the whole list to the first read(2) and nothing to a second one, cut where the
 * buffer ends, so a buffer that was filled says nothing: it is read anew into the largest that can
 * be needed. That one is not taken at once, because the kernel makes one as large for itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "kernel/ranges.h"

/* Room for "65535\t65535\n" and for noticing that there is more. */
#define RANGE_TEXT_MAX 32

/* Room for what people reserve, and for every other port (191,053 bytes), which is the most. */
#define RESERVED_TEXT_USUAL 4096
#define RESERVED_TEXT_MAX   (192 * 1024)

/* RFC 6335's own range has as many ports; with fewer a busy client runs out of them. */
#define RANGE_SIZE_MIN (IANA_LAST - IANA_FIRST + 1)

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

/*
 * Reads a file into text, NUL-terminated. Returns the length, -EFBIG where size - 1 bytes were not
 * enough or just so, -EINVAL for what has a NUL in it, another -errno.
 */
static ssize_t
read_text(int proc_fd, const char *name, char *text, size_t size)
{
	_close_ int fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	do
		length = read(fd, text, size - 1);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	text[length] = '\0';
	if (strlen(text) != (size_t)length)
		return -EINVAL;
	return (size_t)length == size - 1 ? -EFBIG : length;
}

int
ranges_read_kernel(int proc_fd, struct port_range *ret)
{
	char text[RANGE_TEXT_MAX];
	ssize_t length = read_text(proc_fd, "sys/net/ipv4/ip_local_port_range", text, sizeof(text));

	if (length < 0)
		return length == -EFBIG ? -EINVAL : (int)length;
	return parse_range(text, ret);
}

/* Reads a port, 0 among them, without zeros in front. Returns false where there is none. */
static bool
take_any_port(const char **text, uint16_t *ret)
{
	bool zero = **text == '0';

	*ret = zero ? 0 : (uint16_t)take_port(text);
	*text += zero;
	return zero || *ret != 0;
}

/* Returns 0 or -EINVAL. */
static int
parse_reserved(const char *text, struct port_set *ret)
{
	uint16_t first, last;

	port_set_clear(ret);
	if (strcmp(text, "\n") == 0)
		return 0;
	do {
		if (!take_any_port(&text, &first))
			return -EINVAL;
		last = first;
		if (*text == '-') {
			text++;
			if (!take_any_port(&text, &last) || last < first)
				return -EINVAL;
		}
		port_set_add(ret, first, last);
	} while (*text++ == ',');
	return text[-1] == '\n' && text[0] == '\0' ? 0 : -EINVAL;
}

int
ranges_read_reserved(int proc_fd, struct port_set *ret)
{
	static const char name[] = "sys/net/ipv4/ip_local_reserved_ports";
	char usual[RESERVED_TEXT_USUAL];
	_free_ char *whole = NULL;
	const char *text = usual;
	struct port_set set;
	ssize_t length = read_text(proc_fd, name, usual, sizeof(usual));

	if (length == -EFBIG) {
		whole = malloc(RESERVED_TEXT_MAX);
		if (whole == NULL)
			return -ENOMEM;
		length = read_text(proc_fd, name, whole, RESERVED_TEXT_MAX);
		text = whole;
	}
	if (length < 0)
		return length == -EFBIG ? -EINVAL : (int)length;
	if (parse_reserved(text, &set) < 0)
		return -EINVAL;
	*ret = set;
	return 0;
}

uint32_t
ranges_oddities(const struct port_range *kernel)
{
	uint32_t oddities = 0;

	if (kernel->last == 0)
		return 0;
	if (kernel->first < KERNEL_RANGE_FLOOR)
		oddities |= RANGE_REACHES_LOW;
	if (kernel->last - kernel->first + 1 < RANGE_SIZE_MIN)
		oddities |= RANGE_IS_SMALL;
	return oddities;
}
