/* SPDX-License-Identifier: MIT */
/*
 * What netlink says of the kernel's own sockets, turned into ports that the kernel names.
 *
 * A tunnel's device opens its socket when it is switched on, in the namespace that it was made in:
 * one that is down, or was made elsewhere (IFLA_LINK_NETNSID) and moved here, names nothing. Which
 * families a device has a socket of follows from its addresses. vxlan_open(), geneve_open(),
 * bareudp_open(), amt_dev_open() and gtp_create_sock() below drivers/net/.
 *
 * What it never does: believe a length. Every byte is the kernel's, and read as if it were not: a
 * message whose attributes do not fit it says nothing.
 *
 * Cost: a microsecond a device.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/amt.h>
#include <linux/fou.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/mptcp.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/kernel-messages.h"
#include "kernel/netlink.h"

/* More than any attribute that is read here has. */
#define ATTRIBUTES_MAX 64

/* The ports that GTP has by its standard, which the kernel binds by itself (include/net/gtp.h). */
#define GTP0_PORT  3386
#define GTP1U_PORT 2152

/* linux/smc_diag.h, without the headers of RDMA that it includes. */
#define SMC_STATE_LISTEN 10
struct smc_answer {
	uint8_t family, state, mode, shutdown;
	struct inet_diag_sockid id;
};

/* The attributes of one level, by their type; NULL = it is not there. */
struct attributes {
	const struct nlattr *at[ATTRIBUTES_MAX];
};

/* Fills ret from the bytes between. Returns false where they are not well-formed. */
static bool
parse_attributes(const void *from, const char *end, struct attributes *ret)
{
	const struct nlattr *attribute = from;

	memset(ret, 0, sizeof(*ret));
	while (mnl_attr_ok(attribute, (int)(end - (const char *)attribute))) {
		if (mnl_attr_get_type(attribute) < ATTRIBUTES_MAX)
			ret->at[mnl_attr_get_type(attribute)] = attribute;
		attribute = mnl_attr_next(attribute);
	}
	/* The last one may lack its padding. */
	return (const char *)attribute >= end;
}

/* Those of a message behind its fixed part of that size. */
static bool
parse_message(const struct nlmsghdr *header, size_t size, struct attributes *ret)
{
	size_t offset = MNL_NLMSG_HDRLEN + MNL_ALIGN(size);

	if (header->nlmsg_len < offset)
		return false;
	return parse_attributes((const char *)header + offset,
	    (const char *)header + header->nlmsg_len, ret);
}

static bool
parse_nested(const struct nlattr *nest, struct attributes *ret)
{
	const char *payload;

	if (nest == NULL)
		return false;
	payload = mnl_attr_get_payload(nest);
	return parse_attributes(payload, payload + mnl_attr_get_payload_len(nest), ret);
}

/* Copies a value of exactly this size. Returns false where there is none. */
static bool
read_value(const struct attributes *attributes, unsigned type, void *ret, size_t size)
{
	const struct nlattr *attribute = attributes->at[type];

	if (attribute == NULL || mnl_attr_get_payload_len(attribute) != size)
		return false;
	memcpy(ret, mnl_attr_get_payload(attribute), size);
	return true;
}

/* A port as it stands on the wire, in the host's order; 0 = none. */
static uint16_t
read_port(const struct attributes *attributes, unsigned type)
{
	uint16_t port = 0;

	return read_value(attributes, type, &port, sizeof(port)) ? ntohs(port) : 0;
}

static bool
is_text(const struct nlattr *attribute, const char *text)
{
	size_t length = strlen(text);

	return attribute != NULL && mnl_attr_get_payload_len(attribute) >= length &&
	    mnl_attr_get_payload_len(attribute) <= length + 1 &&
	    memcmp(mnl_attr_get_payload(attribute), text, length) == 0;
}

/* ---- devices ------------------------------------------------------------------------------ */

#define IPV4 1U
#define IPV6 2U

static void
add_any(struct kernel_claims *claims, uint16_t port, unsigned families)
{
	struct kernel_port claim = { .port = port, .protocol = PROTOCOL_UDP, .family = AF_INET };

	if ((families & IPV4) != 0)
		kernel_claims_add(claims, &claim);
	claim.family = AF_INET6;
	if ((families & IPV6) != 0)
		kernel_claims_add(claims, &claim);
}

static void
take_vxlan(struct kernel_messages *messages, const struct attributes *data)
{
	struct kernel_port claim = { .port = read_port(data, IFLA_VXLAN_PORT),
		.protocol = PROTOCOL_UDP,
		.family = AF_INET,
		.either = true };
	uint8_t metadata = 0;

	(void)read_value(data, IFLA_VXLAN_COLLECT_METADATA, &metadata, sizeof(metadata));
	if (metadata != 0) {
		add_any(&messages->claims, claim.port, IPV4 | IPV6);
		return;
	}
	/* It may be bound to its own address (IFLA_VXLAN_LOCALBIND, since Linux 6.14). */
	if (data->at[IFLA_VXLAN_GROUP6] != NULL || data->at[IFLA_VXLAN_LOCAL6] != NULL) {
		claim.family = AF_INET6;
		(void)read_value(data, IFLA_VXLAN_LOCAL6, claim.address, 16);
	} else
		(void)read_value(data, IFLA_VXLAN_LOCAL, claim.address, 4);
	kernel_claims_add(&messages->claims, &claim);
}

static void
take_geneve(struct kernel_messages *messages, const struct attributes *data)
{
	unsigned families = data->at[IFLA_GENEVE_REMOTE6] != NULL ? IPV6 : IPV4;

	if (data->at[IFLA_GENEVE_COLLECT_METADATA] != NULL)
		families = IPV4 | IPV6;
	add_any(&messages->claims, read_port(data, IFLA_GENEVE_PORT), families);
}

static void
take_bareudp(struct kernel_messages *messages, const struct attributes *data)
{
	/* One socket of IPv6 for both, of IPv4 where there is no IPv6. */
	add_any(&messages->claims, read_port(data, IFLA_BAREUDP_PORT), IPV4 | IPV6);
}

static void
take_amt(struct kernel_messages *messages, const struct attributes *data)
{
	add_any(&messages->claims, read_port(data, IFLA_AMT_RELAY_PORT), IPV4);
}

static void
take_gtp(struct kernel_messages *messages, const struct attributes *data)
{
	(void)data;
	add_any(&messages->claims, GTP0_PORT, IPV4 | IPV6);
	add_any(&messages->claims, GTP1U_PORT, IPV4 | IPV6);
}

/* Whoever asks for the port of a WireGuard device has to be allowed to change it. */
static void
take_unproved(struct kernel_messages *messages, const struct attributes *data)
{
	(void)data;
	kernel_claims_add_unproved(&messages->claims, 1U << PROTOCOL_UDP);
}

/* Kinds of devices that have a socket, and who reads what they say of it. */
static const struct {
	const char *kind;
	void (*take)(struct kernel_messages *messages, const struct attributes *data);
} devices[] = {
	{ "vxlan", take_vxlan },
	{ "geneve", take_geneve },
	{ "bareudp", take_bareudp },
	{ "amt", take_amt },
	{ "gtp", take_gtp },
	{ "wireguard", take_unproved },
	{ "l2tpeth", take_unproved },
	{ "ovpn", take_unproved },
};

void
kernel_take_link(struct kernel_messages *messages, const struct nlmsghdr *header)
{
	struct attributes link, information, data = { 0 };
	struct ifinfomsg fixed;

	if (!parse_message(header, sizeof(fixed), &link))
		return;
	memcpy(&fixed, mnl_nlmsg_get_payload(header), sizeof(fixed));
	if ((fixed.ifi_flags & IFF_UP) == 0 || link.at[IFLA_LINK_NETNSID] != NULL ||
	    !parse_nested(link.at[IFLA_LINKINFO], &information))
		return;
	if (information.at[IFLA_INFO_DATA] != NULL &&
	    !parse_nested(information.at[IFLA_INFO_DATA], &data))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if (is_text(information.at[IFLA_INFO_KIND], devices[i].kind))
			devices[i].take(messages, &data);
}

/* ---- generic netlink ---------------------------------------------------------------------- */

/* Families: those that are asked, and those that only say that something may have sockets. */
static const struct {
	const char *name;
	enum kernel_family family; /* FAMILY_COUNT = not asked */
	uint32_t unproved;	   /* protocols */
} families[] = {
	{ MPTCP_PM_NAME, FAMILY_MPTCP, 0 },
	{ FOU_GENL_NAME, FAMILY_FOU, 0 },
	{ "wireguard", FAMILY_COUNT, 1U << PROTOCOL_UDP },
	{ "SMC_GEN_NETLINK", FAMILY_SMC, 0 },
	{ "l2tp", FAMILY_COUNT, 1U << PROTOCOL_UDP },
	{ "gtp", FAMILY_COUNT, 1U << PROTOCOL_UDP },
	{ "ovpn", FAMILY_COUNT, 1U << PROTOCOL_UDP },
	{ "TIPCv2", FAMILY_COUNT, 1U << PROTOCOL_UDP },
};

void
kernel_take_family(struct kernel_messages *messages, const struct nlmsghdr *header)
{
	struct attributes attributes;
	uint16_t number = 0;

	if (!parse_message(header, sizeof(struct genlmsghdr), &attributes) ||
	    !read_value(&attributes, CTRL_ATTR_FAMILY_ID, &number, sizeof(number)))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (!is_text(attributes.at[CTRL_ATTR_FAMILY_NAME], families[i].name))
			continue;
		if (families[i].family < FAMILY_COUNT)
			messages->families[families[i].family] = number;
		kernel_claims_add_unproved(&messages->claims, families[i].unproved);
	}
}

void
kernel_take_mptcp(struct kernel_messages *messages, const struct nlmsghdr *header)
{
	struct attributes attributes, address;
	struct kernel_port claim = { .protocol = PROTOCOL_TCP };
	uint16_t family = 0;

	if (!parse_message(header, sizeof(struct genlmsghdr), &attributes) ||
	    !parse_nested(attributes.at[MPTCP_PM_ATTR_ADDR], &address) ||
	    !read_value(&address, MPTCP_PM_ADDR_ATTR_FAMILY, &family, sizeof(family)) ||
	    !read_value(&address, MPTCP_PM_ADDR_ATTR_PORT, &claim.port, sizeof(claim.port)))
		return;
	claim.family = (uint8_t)family;
	if (family == AF_INET ? read_value(&address, MPTCP_PM_ADDR_ATTR_ADDR4, claim.address, 4) :
				family == AF_INET6 &&
		    read_value(&address, MPTCP_PM_ADDR_ATTR_ADDR6, claim.address, 16))
		kernel_claims_add(&messages->claims, &claim);
}

void
kernel_take_fou(struct kernel_messages *messages, const struct nlmsghdr *header)
{
	struct attributes attributes;
	struct kernel_port claim = { .protocol = PROTOCOL_UDP };

	if (!parse_message(header, sizeof(struct genlmsghdr), &attributes) ||
	    !read_value(&attributes, FOU_ATTR_AF, &claim.family, sizeof(claim.family)) ||
	    (claim.family != AF_INET && claim.family != AF_INET6))
		return;
	claim.port = read_port(&attributes, FOU_ATTR_PORT);
	if (claim.family == AF_INET)
		(void)read_value(&attributes, FOU_ATTR_LOCAL_V4, claim.address, 4);
	else
		(void)read_value(&attributes, FOU_ATTR_LOCAL_V6, claim.address, 16);
	kernel_claims_add(&messages->claims, &claim);
}

/* ---- sockets ------------------------------------------------------------------------------ */

/* The TCP half of a socket of SMC's, which a process has under another number. */
void
kernel_take_smc(struct kernel_messages *messages, const struct nlmsghdr *header)
{
	struct smc_answer answer;

	if (header->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(answer))
		return;
	memcpy(&answer, mnl_nlmsg_get_payload(header), sizeof(answer));
	if (answer.state == SMC_STATE_LISTEN)
		kernel_claims_add(&messages->claims,
		    &(struct kernel_port){
			.port = ntohs(answer.id.idiag_sport),
			.protocol = PROTOCOL_TCP,
			.family = AF_UNSPEC,
			.unproved = true,
		    });
}

void
kernel_take_udp(struct kernel_messages *messages, const struct nlmsghdr *header)
{
	struct attributes attributes;
	struct inet_diag_sockopt options;
	struct inet_diag_msg answer;
	uint64_t cookie;

	if (!parse_message(header, sizeof(answer), &attributes))
		return;
	memcpy(&answer, mnl_nlmsg_get_payload(header), sizeof(answer));
	cookie = (uint64_t)answer.id.idiag_cookie[1] << 32 | answer.id.idiag_cookie[0];
	if (cookie == messages->cookie &&
	    read_value(&attributes, INET_DIAG_SOCKOPT, &options, sizeof(options)))
		messages->multicast_loop =
		    options.mc_loop != 0 ? MULTICAST_LOOP_ON : MULTICAST_LOOP_OFF;
}

/* ---- datagrams ---------------------------------------------------------------------------- */

/* The number that an end or an error carries, 0 or a negative errno. */
static int
read_error(const struct nlmsghdr *header)
{
	int error;

	if (header->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(error))
		return -EPROTO;
	memcpy(&error, mnl_nlmsg_get_payload(header), sizeof(error));
	return error > 0 ? -EPROTO : error;
}

int
kernel_messages_walk(struct kernel_messages *messages, const void *data, size_t length,
    uint32_t sequence, uint16_t type, kernel_message_function *function)
{
	const struct nlmsghdr *header = data;
	int rest = (int)length;

	for (; netlink_message_ok(header, rest); header = mnl_nlmsg_next(header, &rest)) {
		if (header->nlmsg_seq != sequence)
			return -EPROTO;
		messages->changed |= (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
			return read_error(header);
		if (header->nlmsg_type == type)
			function(messages, header);
		else if (header->nlmsg_type != NLMSG_NOOP)
			return -EPROTO;
	}
	return rest > 0 ? -EPROTO : 1;
}
