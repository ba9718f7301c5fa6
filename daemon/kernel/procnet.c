/* SPDX-License-Identifier: MIT */
/*
 * The /proc/net source, for kernels that give no sock_diag: the same questions, answered from
 * net/tcp, net/tcp6, net/udp and net/udp6. The lines are read in procnet-parse.c.
 *
 * It knows less: no cookies (the inode stands in), nothing of who chose a port (auto_ports are left
 * out), no interface, and it always walks the whole table, which costs five to ten times as much.
 * The tables are those of the calling thread's network namespace when a request begins
 * (thread-self, proc(5)).
 *
 * A step is one read(2), to which seq_file gives about a page. The kernel resumes its walk with
 * every page, so an entry may be missed between two of them even where a single one has data: the
 * count of datagrams (here: pages with data) is a weaker proof of absence than sock_diag's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "kernel/filter.h"
#include "kernel/procnet.h"
#include "kernel/source-ops.h"

#define BUFFER_SIZE 65536

static const struct {
	enum protocol protocol;
	uint8_t family;
	const char *path;
} tables[] = {
	{ PROTOCOL_TCP, AF_INET, "thread-self/net/tcp" },
	{ PROTOCOL_TCP, AF_INET6, "thread-self/net/tcp6" },
	{ PROTOCOL_UDP, AF_INET, "thread-self/net/udp" },
	{ PROTOCOL_UDP, AF_INET6, "thread-self/net/udp6" },
};

struct procnet_source {
	struct source source;
	int proc_fd;		/* borrowed */
	int fd;			/* of the table that is read */
	uint8_t family;		/* of the request */
	size_t next;		/* index of the first table that was not opened yet */
	size_t kept;		/* bytes of an unfinished line at the beginning of buffer */
	uint32_t incomplete[2]; /* of the tables of IPv4 and of IPv6 */
	uint32_t reads;		/* of the open table that brought a socket */
	struct procnet_table table;
	struct port_set selected;
	char buffer[BUFFER_SIZE];
};

static struct procnet_source *
procnet_of(struct source *source)
{
	return (struct procnet_source *)source;
}

static void
close_table(struct procnet_source *procnet)
{
	if (procnet->fd >= 0)
		(void)close(procnet->fd);
	procnet->fd = -1;
}

/*
 * Opens the next table that belongs to the request. No IPv6, no table of it: that is an empty one.
 * Returns 1 = opened, 0 = there is none left, or -errno.
 */
static int
open_next(struct procnet_source *procnet)
{
	for (; procnet->next < ARRAY_SIZE(tables); procnet->next++) {
		uint8_t family = tables[procnet->next].family;

		if (tables[procnet->next].protocol != procnet->table.protocol ||
		    (procnet->family != AF_UNSPEC && procnet->family != family))
			continue;
		procnet->fd =
		    openat(procnet->proc_fd, tables[procnet->next].path, O_RDONLY | O_CLOEXEC);
		if (procnet->fd < 0 && errno == ENOENT && family == AF_INET6)
			continue;
		if (procnet->fd < 0)
			return -errno;
		procnet->next++;
		procnet->table.family = family;
		procnet->table.after_header = procnet->table.skipping = false;
		procnet->kept = 0;
		procnet->reads = 0;
		return 1;
	}
	return 0;
}

static int
procnet_begin(struct source *source, const struct source_request *request)
{
	struct procnet_source *procnet = procnet_of(source);

	filter_select(request, &procnet->selected);
	procnet->family = request->family;
	procnet->next = 0;
	memset(procnet->incomplete, 0, sizeof(procnet->incomplete));
	procnet->table = (struct procnet_table){
		.protocol = request->protocol,
		.survey = request->survey,
		.connections = request->connections,
		.states = source_states(request),
		.netns = source->netns,
		.selected = &procnet->selected,
	};
	int opened = open_next(procnet);
	return opened < 0 ? opened : 0;
}

/* Reads once behind what was kept. Returns 1 = there may be more, 0 = the end, or -errno. */
static int
read_piece(struct procnet_source *procnet, source_function *function, void *argument)
{
	struct procnet_table *table = &procnet->table;
	uint64_t sockets = table->sockets;
	ssize_t length;

	do
		length = read(procnet->fd, procnet->buffer + procnet->kept,
		    sizeof(procnet->buffer) - procnet->kept);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	if (length == 0) {
		procnet_end(table, procnet->kept);
		return 0;
	}
	size_t filled = procnet->kept + (size_t)length;
	size_t done = procnet_take(table, procnet->buffer, filled, function, argument);
	procnet->kept = filled - done;
	memmove(procnet->buffer, procnet->buffer + done, procnet->kept);
	procnet->reads += table->sockets > sockets;
	return 1;
}

static int
procnet_step(struct source *source, source_function *function, void *argument)
{
	struct procnet_source *procnet = procnet_of(source);
	struct source_result *result = &source->result;
	int more = procnet->fd < 0 ? 0 : read_piece(procnet, function, argument);

	procnet->incomplete[procnet->table.family == AF_INET6] |= procnet->table.incomplete;
	procnet->table.incomplete = 0;
	result->incomplete = procnet->incomplete[0] | procnet->incomplete[1];
	if (procnet->family == AF_UNSPEC)
		result->spared = source_spared(procnet->incomplete[0], procnet->incomplete[1]);
	result->sockets = procnet->table.sockets;
	if (procnet->reads > result->datagrams)
		result->datagrams = procnet->reads;
	if (more == 1)
		return 1;
	close_table(procnet);
	return more < 0 ? more : open_next(procnet);
}

static void
procnet_cancel(struct source *source)
{
	close_table(procnet_of(source));
}

static void
procnet_free(struct source *source)
{
	close_table(procnet_of(source));
	free(source);
}

/* SO_NETNS_COOKIE of the calling thread's namespace, 0 = unknown. */
static uint64_t
thread_netns(void)
{
	_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? 0 : source_netns_of(fd);
}

int
source_open_proc(int proc_fd, struct source **ret)
{
	static const struct source_ops ops = {
		.name = "/proc/net",
		.knows_choice = false,
		.begin = procnet_begin,
		.step = procnet_step,
		.cancel = procnet_cancel,
		.free = procnet_free,
	};

	if (faccessat(proc_fd, tables[0].path, R_OK, 0) < 0)
		return -errno;
	struct procnet_source *procnet = calloc(1, sizeof(*procnet));
	if (procnet == NULL)
		return -ENOMEM;
	procnet->source = (struct source){ .ops = &ops, .fd = -1, .netns = thread_netns() };
	procnet->proc_fd = proc_fd;
	procnet->fd = -1;
	*ret = &procnet->source;
	return 0;
}
