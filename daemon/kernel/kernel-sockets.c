/* SPDX-License-Identifier: MIT */
/*
 * A socket that no process holds may be a tunnel's or an MPTCP endpoint's. Netlink tells their
 * ports: rtnetlink those of VXLAN, Geneve, bare UDP, AMT and GTP, generic netlink those of MPTCP's
 * endpoints and of FOU and GUE. It is asked only where such a socket was found.
 *
 * What it never does: name the kernel because something of a kind exists. Where the kernel does not
 * name the port but has a driver that opens such sockets (a device may have been moved to another
 * network namespace, and its socket stays behind), that is unproved. Of UDP this is said only where
 * the socket does not send multicast to its own host: the kernel switches that off for each of its
 * tunnels (setup_udp_tunnel_sock()) and programs that leave it on cannot be one.
 *
 * No capability is needed. The port of a WireGuard device is told only to those who may change it
 * (CAP_NET_ADMIN, which overstayd never has), and with it the private key: WireGuard's is unproved.
 * SMC's listeners are the TCP half of a process's socket of another number: unproved, too, whoever
 * made them.
 *
 * A kernel thread that serves ports it does not name (the lookup found one) may have registered
 * them with rpcbind: overstay-names asks it (names/rpcbind.c).
 *
 * Whoever may not ask, or gets no whole answer, has nothing excluded: unproved.
 *
 * Cost: 0.1 ms, and 3 us a network device; 30 KiB. The kernel answers in the calling thread, but
 * may be waited for as long as somebody changes a network device, so this is no function for the
 * event loop.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fou.h>
#include <linux/genetlink.h>
#include <linux/inet_diag.h>
#include <linux/mptcp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "kernel/kernel-messages.h"
#include "kernel/kernel-sockets.h"
#include "kernel/netlink.h"

/* As the kernel's own largest datagram of a dump. */
#define BUFFER_SIZE 32768

/* For all questions together. */
#define ASK_USEC (2 * USEC_PER_SEC)

#define TCP (1U << PROTOCOL_TCP)
#define UDP (1U << PROTOCOL_UDP)

/* Accounts of the system up to here may have the kernel open sockets in their name:
 * systemd-networkd makes tunnels. */
#define SYSTEM_UID_MAX 999

/* States of a socket, as bits (net/tcp_states.h). */
#define STATES_CLOSE (1U << 7)
#define STATES_ALL   (~0U)

/* linux/smc_diag.h, without the headers of RDMA that it includes. */
struct smc_question {
	uint8_t family;
	uint8_t padding[2];
	uint8_t extensions;
	struct inet_diag_sockid id;
};

struct ask {
	struct kernel_messages messages;
	uint64_t until_usec; /* CLOCK_MONOTONIC */
	uint32_t sequence;
	_Alignas(struct nlmsghdr) char buffer[BUFFER_SIZE];
};

/* Drivers that open sockets, by their directories in /sys/module: it is there while the driver is,
 * also where it is built in and has parameters. */
static const struct {
	const char *path;
	uint32_t protocols;
} drivers[] = {
	{ "/sys/module/vxlan", UDP },
	{ "/sys/module/geneve", UDP },
	{ "/sys/module/wireguard", UDP },
	{ "/sys/module/bareudp", UDP },
	{ "/sys/module/amt", UDP },
	{ "/sys/module/gtp", UDP },
	{ "/sys/module/fou", UDP },
	{ "/sys/module/l2tp_core", UDP },
	{ "/sys/module/ovpn", UDP },
	{ "/sys/module/rdma_rxe", UDP },
	{ "/sys/module/rxrpc", UDP },
	{ "/sys/module/sctp", UDP },
	{ "/sys/module/tipc", UDP },
	{ "/sys/module/siw", TCP },
};

/* ---- one question ------------------------------------------------------------------------- */

static int
open_netlink(int protocol)
{
	_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	const struct timeval second = { .tv_sec = 1 };
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int size = 8 * BUFFER_SIZE;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second)) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return take_fd(&fd);
}

/* Begins a dump in the buffer. */
static struct nlmsghdr *
begin(struct ask *ask, uint16_t type)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(ask->buffer);

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = ++ask->sequence;
	return header;
}

/* Reads one datagram of the kernel's into the buffer. Returns its length or -errno. */
static ssize_t
receive(struct ask *ask, int fd)
{
	struct sockaddr_nl sender = { 0 };
	socklen_t size = sizeof(sender);
	ssize_t length;

	if (clock_monotonic_usec() > ask->until_usec)
		return -ETIMEDOUT;
	length = recvfrom(fd, ask->buffer, sizeof(ask->buffer), MSG_TRUNC,
	    (struct sockaddr *)&sender, &size);
	if (length < 0)
		return -errno;
	if (size != sizeof(sender) || sender.nl_pid != 0)
		return -EPROTO;
	return (size_t)length > sizeof(ask->buffer) ? -EMSGSIZE : length;
}

/* Sends what begin() began and takes the answers in. Returns 0 or -errno. */
static int
finish(struct ask *ask, int protocol, uint16_t type, kernel_message_function *function)
{
	const struct nlmsghdr *header = (const void *)ask->buffer;
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	_close_ int fd = open_netlink(protocol);
	int more = 1;

	if (fd < 0)
		return fd;
	if (sendto(fd, header, header->nlmsg_len, 0, (const struct sockaddr *)&kernel,
		sizeof(kernel)) < 0)
		return -errno;
	while (more == 1) {
		ssize_t length = receive(ask, fd);

		if (length < 0)
			return (int)length;
		more = kernel_messages_walk(&ask->messages, ask->buffer, (size_t)length,
		    ask->sequence, type, function);
	}
	return more;
}

/* ---- what is asked ------------------------------------------------------------------------ */

static int
ask_links_once(struct ask *ask)
{
	struct nlmsghdr *header = begin(ask, RTM_GETLINK);

	(void)mnl_nlmsg_put_extra_header(header, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(header, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	ask->messages.changed = false;
	return finish(ask, NETLINK_ROUTE, RTM_NEWLINK, kernel_take_link);
}

/* A device that came or went meanwhile may have pushed another one out of the answer. */
static void
ask_links(struct ask *ask)
{
	int r = ask_links_once(ask);

	if (r == 0 && ask->messages.changed)
		r = ask_links_once(ask);
	if (r < 0 || ask->messages.changed)
		kernel_claims_add_unproved(&ask->messages.claims, UDP);
}

static int
ask_generic(struct ask *ask, uint16_t family, uint8_t command, kernel_message_function *function)
{
	struct genlmsghdr *generic =
	    mnl_nlmsg_put_extra_header(begin(ask, family), sizeof(*generic));

	generic->cmd = command;
	generic->version = 1;
	return finish(ask, NETLINK_GENERIC, family, function);
}

static void
ask_smc(struct ask *ask)
{
	struct smc_question *body;

	if (ask->messages.families[FAMILY_SMC] == 0)
		return;
	body = mnl_nlmsg_put_extra_header(begin(ask, SOCK_DIAG_BY_FAMILY), sizeof(*body));
	body->family = AF_SMC;
	if (finish(ask, NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, kernel_take_smc) < 0)
		kernel_claims_add_unproved(&ask->messages.claims, TCP);
}

static void
ask_families(struct ask *ask)
{
	const uint16_t *families = ask->messages.families;
	struct kernel_claims *claims = &ask->messages.claims;

	if (ask_generic(ask, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, kernel_take_family) < 0)
		kernel_claims_add_unproved(claims, TCP | UDP);
	if (families[FAMILY_MPTCP] != 0 &&
	    ask_generic(ask, families[FAMILY_MPTCP], MPTCP_PM_CMD_GET_ADDR, kernel_take_mptcp) < 0)
		kernel_claims_add_unproved(claims, TCP);
	if (families[FAMILY_FOU] != 0 &&
	    ask_generic(ask, families[FAMILY_FOU], FOU_CMD_GET, kernel_take_fou) < 0)
		kernel_claims_add_unproved(claims, UDP);
	ask_smc(ask);
}

static void
note_drivers(struct ask *ask)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		if (access(drivers[i].path, F_OK) == 0)
			kernel_claims_add_unproved(&ask->messages.claims, drivers[i].protocols);
}

/* Whether this UDP socket can be a tunnel's. */
static bool
may_be_tunnel(struct ask *ask, const struct unheld_socket *question)
{
	struct inet_diag_req_v2 *body;

	ask->messages.cookie = question->cookie;
	ask->messages.multicast_loop = MULTICAST_LOOP_UNKNOWN;
	body = mnl_nlmsg_put_extra_header(begin(ask, SOCK_DIAG_BY_FAMILY), sizeof(*body));
	body->sdiag_family = question->endpoint.family;
	body->sdiag_protocol = IPPROTO_UDP;
	body->idiag_states = STATES_CLOSE;
	body->id.idiag_sport = htons(question->endpoint.port);
	return finish(ask, NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, kernel_take_udp) < 0 ||
	    ask->messages.multicast_loop != MULTICAST_LOOP_ON;
}

static enum kernel_claim
find_claim(struct ask *ask, const struct unheld_socket *question)
{
	enum kernel_claim claim = kernel_claims_find(&ask->messages.claims, &question->endpoint,
	    question->uid <= SYSTEM_UID_MAX);

	if (claim == KERNEL_CLAIM_NONE ||
	    (question->endpoint.protocol == PROTOCOL_UDP && !may_be_tunnel(ask, question)))
		return KERNEL_CLAIM_NONE;
	return claim;
}

void
kernel_sockets_ask(struct unheld_socket *sockets, size_t count)
{
	_free_ struct ask *ask = calloc(1, sizeof(*ask));

	for (size_t i = 0; ask == NULL && i < count; i++)
		if (sockets[i].claim == KERNEL_CLAIM_NONE && sockets[i].uid <= SYSTEM_UID_MAX)
			sockets[i].claim = KERNEL_CLAIM_UNPROVED;
	if (ask == NULL)
		return;
	ask->until_usec = clock_monotonic_usec() + ASK_USEC;
	note_drivers(ask);
	ask_links(ask);
	ask_families(ask);
	for (size_t i = 0; i < count; i++) {
		enum kernel_claim claim = find_claim(ask, &sockets[i]);

		if (claim > sockets[i].claim)
			sockets[i].claim = claim;
	}
}
