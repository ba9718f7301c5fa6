/* SPDX-License-Identifier: MIT */
/*
 * The netlink source: NETLINK_SOCK_DIAG dumps over one non-blocking socket. What the answers mean
 * stands in netlink-parse.c.
 *
 * TCP of both families is asked with the legacy TCPDIAG_GETSOCK, the one request that answers for
 * both in a single walk of the established hash, which is most of the cost. A kernel that refuses
 * it is asked twice, family by family, and not again with the old one.
 *
 * A step reads one datagram. The kernel makes no dump datagram larger than the receiver's buffer,
 * nor than 32 KiB (netlink_recvmsg() in net/netlink/af_netlink.c), so that is the size of ours and
 * the longest step. It needs no capability. Memory: buffer, program and port set, 49 KiB.
 *
 * Nothing is read from anybody but the kernel (nl_pid 0). A dump that is given up is left behind
 * with its socket, so an answer with another sequence number has no good reason, and is reported.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "kernel/filter.h"
#include "kernel/netlink.h"
#include "kernel/source-ops.h"

#define BUFFER_SIZE 32768

/* A dump has at most two datagrams queued; asked for in case the system's default is tiny. */
#define QUEUE_SIZE (8 * BUFFER_SIZE)

/* A signal comes in between once, and the kernel has no memory for a piece now and then. Errors
 * that do not end are somebody's who filters system calls, and must not hold the loop. */
#define INTERRUPTIONS_MAX 64
#define OVERRUNS_MAX	  64

struct netlink_source {
	struct source source;
	uint32_t portid;
	uint32_t sequence;
	bool no_legacy;		   /* the kernel refused TCPDIAG_GETSOCK */
	bool second_family;	   /* AF_INET was asked first, AF_INET6 is still to be */
	bool by_family;		   /* the answer is one of two dumps */
	uint32_t first_incomplete; /* of the first of them */
	unsigned overruns;	   /* in this request */
	int broken;		   /* -errno: there is no socket any more */
	uint16_t port;		   /* of the request; 0 = what the program selects */
	struct netlink_dump dump;
	struct port_set selected;
	struct filter_program program;
	_Alignas(struct nlmsghdr) char buffer[BUFFER_SIZE];
};

/* With which the kernel says that it gives no such dump, rather than that one went wrong. */
static bool
is_refusal(int error)
{
	switch (-error) {
	case ENOENT:
	case EINVAL:
	case EPERM:
	case EACCES:
	case EPROTONOSUPPORT:
	case EAFNOSUPPORT:
	case EOPNOTSUPP:
		return true;
	default:
		return false;
	}
}

static struct netlink_source *
netlink_of(struct source *source)
{
	return (struct netlink_source *)source;
}

int
source_open_diag(void)
{
	_close_ int fd =
	    socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int queue_size = QUEUE_SIZE;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &queue_size, sizeof(queue_size));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return take_fd(&fd);
}

/* The port id that the kernel answers to. Returns 0 or -errno; -EINVAL for any other socket. */
static int
read_portid(int fd, uint32_t *ret)
{
	struct sockaddr_nl address = { 0 };
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return -errno;
	if (length != sizeof(address) || address.nl_family != AF_NETLINK || address.nl_pid == 0)
		return -EINVAL;
	*ret = address.nl_pid;
	return 0;
}

/* The body of either request. linux/inet_diag.h: struct inet_diag_req_v2 and inet_diag_req. */
static void
put_request(const struct netlink_source *netlink, struct nlmsghdr *header)
{
	const struct netlink_dump *dump = &netlink->dump;
	uint16_t port = htons(netlink->port);

	if (dump->type == TCPDIAG_GETSOCK) {
		struct inet_diag_req *body = mnl_nlmsg_put_extra_header(header, sizeof(*body));
		body->idiag_states = dump->states;
		body->id.idiag_sport = port;
		return;
	}
	struct inet_diag_req_v2 *body = mnl_nlmsg_put_extra_header(header, sizeof(*body));
	body->sdiag_family = dump->family;
	body->sdiag_protocol = dump->protocol == PROTOCOL_TCP ? IPPROTO_TCP : IPPROTO_UDP;
	body->idiag_states = dump->states;
	body->id.idiag_sport = port;
}

/* Asks for a dump of one family, or of both at once. Returns 0 or -errno. */
static int
ask(struct netlink_source *netlink, uint8_t family)
{
	const struct filter_program *program = &netlink->program;
	struct nlmsghdr *header = mnl_nlmsg_put_header(netlink->buffer);
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct netlink_dump *dump = &netlink->dump;
	unsigned tries = 0;
	ssize_t sent;

	dump->type = family == AF_UNSPEC ? TCPDIAG_GETSOCK : SOCK_DIAG_BY_FAMILY;
	dump->family = family;
	dump->sequence = ++netlink->sequence;
	dump->datagrams = 0;
	dump->error = 0;
	header->nlmsg_type = dump->type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = dump->sequence;
	put_request(netlink, header);
	if (program->count > 0)
		mnl_attr_put(header, INET_DIAG_REQ_BYTECODE,
		    program->count * sizeof(program->operations[0]), program->operations);
	do
		sent = sendto(netlink->source.fd, header, header->nlmsg_len, 0,
		    (const struct sockaddr *)&kernel, sizeof(kernel));
	while (sent < 0 && errno == EINTR && ++tries < INTERRUPTIONS_MAX);
	return sent < 0 ? -errno : 0;
}

static int
netlink_begin(struct source *source, const struct source_request *request)
{
	struct netlink_source *netlink = netlink_of(source);

	if (netlink->broken != 0)
		return netlink->broken;
	filter_compile(request, &netlink->program, &netlink->selected);
	netlink->port = request->port;
	netlink->dump = (struct netlink_dump){
		.portid = netlink->portid,
		.choice = (uint8_t)request->choice,
		.protocol = request->protocol,
		.survey = request->survey,
		.connections = request->connections,
		.states = source_states(request),
		.netns = source->netns,
		.selected = &netlink->selected,
	};
	netlink->second_family = request->family == AF_UNSPEC && netlink->no_legacy;
	netlink->by_family = netlink->second_family;
	netlink->first_incomplete = 0;
	netlink->overruns = 0;
	return ask(netlink, netlink->second_family ? AF_INET : request->family);
}

/* One datagram into the buffer. Returns its length, 0 for a stranger's, or -errno. */
static ssize_t
receive(struct netlink_source *netlink, bool *ret_cut)
{
	struct sockaddr_nl sender = { 0 };
	struct iovec vector = { netlink->buffer, sizeof(netlink->buffer) };
	struct msghdr message = {
		.msg_name = &sender,
		.msg_namelen = sizeof(sender),
		.msg_iov = &vector,
		.msg_iovlen = 1,
	};
	unsigned tries = 0;
	ssize_t length;

	do
		length = recvmsg(netlink->source.fd, &message, 0);
	while (length < 0 && errno == EINTR && ++tries < INTERRUPTIONS_MAX);
	if (length < 0)
		return -errno;
	if (message.msg_namelen != sizeof(sender) || sender.nl_family != AF_NETLINK ||
	    sender.nl_pid != 0)
		return 0;
	*ret_cut = (message.msg_flags & MSG_TRUNC) != 0;
	return length;
}

/* A dump is over. Asks what is still to be asked; returns as source_step(). */
static int
finish_dump(struct netlink_source *netlink)
{
	struct source_result *result = &netlink->source.result;
	struct netlink_dump *dump = &netlink->dump;

	if (dump->error != 0 && is_refusal(dump->error)) {
		if (dump->type != TCPDIAG_GETSOCK)
			return dump->error;
		netlink->no_legacy = netlink->second_family = netlink->by_family = true;
		dump->incomplete = 0;
		int asked = ask(netlink, AF_INET);
		return asked < 0 ? asked : 1;
	}
	if (dump->datagrams > result->datagrams)
		result->datagrams = dump->datagrams;
	if (netlink->second_family) {
		netlink->second_family = false;
		netlink->first_incomplete = dump->incomplete;
		dump->incomplete = 0;
		int asked = ask(netlink, AF_INET6);
		return asked < 0 ? asked : 1;
	}
	return 0;
}

static int
netlink_step(struct source *source, source_function *function, void *argument)
{
	struct netlink_source *netlink = netlink_of(source);
	struct netlink_dump *dump = &netlink->dump;
	bool cut = false;
	ssize_t length = receive(netlink, &cut);
	int more = 1;

	/* The kernel goes on with the dump after it reported that a piece had no memory. */
	if (length == -ENOBUFS && ++netlink->overruns < OVERRUNS_MAX)
		dump->incomplete |= INCOMPLETE_OVERRUN;
	else if (length < 0)
		return (int)length;
	else if (length > 0)
		more =
		    netlink_parse(dump, netlink->buffer, (size_t)length, cut, function, argument);
	if (more == 0)
		more = finish_dump(netlink);
	source->result.incomplete = netlink->first_incomplete | dump->incomplete;
	if (netlink->by_family)
		source->result.spared = source_spared(netlink->first_incomplete, dump->incomplete);
	source->result.sockets = dump->sockets;
	return more;
}

/* See source_cancel(): the old dump goes with the old socket. */
static void
netlink_cancel(struct source *source)
{
	struct netlink_source *netlink = netlink_of(source);
	int fd = source_open_diag();

	netlink->broken = fd < 0 ? fd : read_portid(fd, &netlink->portid);
	if (netlink->broken == 0 && source_netns_of(fd) != source->netns) {
		(void)close(fd);
		fd = -1;
		netlink->broken = -ESTALE;
	}
	if (source->fd >= 0)
		(void)close(source->fd);
	source->fd = fd < 0 ? -1 : fd;
}

static void
netlink_free(struct source *source)
{
	if (source->fd >= 0)
		(void)close(source->fd);
	free(source);
}

int
source_new_netlink(int fd, struct source **ret)
{
	static const struct source_ops ops = {
		.name = "sock_diag",
		.knows_choice = true,
		.begin = netlink_begin,
		.step = netlink_step,
		.cancel = netlink_cancel,
		.free = netlink_free,
	};
	_free_ struct netlink_source *netlink = calloc(1, sizeof(*netlink));

	if (netlink == NULL)
		return -ENOMEM;
	int result = read_portid(fd, &netlink->portid);
	if (result < 0)
		return result;
	netlink->source.ops = &ops;
	netlink->source.fd = fd;
	netlink->source.netns = source_netns_of(fd);
	*ret = &take_ptr(netlink)->source;
	return 0;
}

int
source_open_netlink(struct source **ret)
{
	_close_ int fd = source_open_diag();
	int result = fd < 0 ? fd : source_new_netlink(fd, ret);

	if (result == 0)
		fd = -1;
	return result;
}
