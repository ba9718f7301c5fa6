/* SPDX-License-Identifier: MIT */
/*
 * What netlink says of the kernel's own sockets: constructed as the kernel writes it, for devices
 * and families that the kernel at hand need not have; then cut and garbled.
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
#include <linux/sock_diag.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "help.h"
#include "kernel/kernel-messages.h"

#define SEQUENCE 7

static _Alignas(struct nlmsghdr) char buffer[4096];
static struct kernel_messages messages;

static enum kernel_claim
find(enum protocol protocol, const char *address, uint16_t port)
{
	struct listener listener = help_listener(protocol, address, port, 1);

	return kernel_claims_find(&messages.claims, &listener.endpoint, true);
}

static struct nlmsghdr *
begin(uint16_t type)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

	header->nlmsg_type = type;
	header->nlmsg_seq = SEQUENCE;
	return header;
}

static void
forget(void)
{
	memset(&messages, 0, sizeof(messages));
}

/* ---- devices ------------------------------------------------------------------------------ */

struct device {
	const char *kind;
	unsigned flags;
	bool foreign;
};

/* A device up to the attributes of its kind, which end_device() ends. */
static struct nlmsghdr *
begin_device(const struct device *device, struct nlattr **ret_information, struct nlattr **ret_data)
{
	struct nlmsghdr *header = begin(RTM_NEWLINK);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(header, sizeof(*link));

	link->ifi_index = 5;
	link->ifi_flags = device->flags;
	mnl_attr_put_strz(header, IFLA_IFNAME, "a0");
	if (device->foreign)
		mnl_attr_put_u32(header, IFLA_LINK_NETNSID, 0);
	*ret_information = mnl_attr_nest_start(header, IFLA_LINKINFO);
	mnl_attr_put_strz(header, IFLA_INFO_KIND, device->kind);
	*ret_data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
	return header;
}

static void
end_device(struct nlmsghdr *header, struct nlattr *information, struct nlattr *data)
{
	mnl_attr_nest_end(header, data);
	mnl_attr_nest_end(header, information);
	kernel_take_link(&messages, header);
}

/* A device whose kind has the port in this attribute, and one more of so many bytes. */
static void
take_device(const struct device *device, uint16_t type, uint16_t port, uint16_t other,
    size_t length)
{
	static const uint8_t bytes[16] = { 127, 0, 0, 1 };
	struct nlattr *information, *data;
	struct nlmsghdr *header = begin_device(device, &information, &data);

	forget();
	mnl_attr_put_u16(header, type, htons(port));
	if (other != 0)
		mnl_attr_put(header, other, length, bytes);
	end_device(header, information, data);
}

static void
devices_name_their_ports(void **state)
{
	static const struct {
		const char *kind;
		uint16_t type, other;
		size_t length;
		bool ipv4, ipv6;
	} cases[] = {
		{ "vxlan", IFLA_VXLAN_PORT, 0, 0, true, false },
		{ "vxlan", IFLA_VXLAN_PORT, IFLA_VXLAN_LOCAL, 4, true, false },
		{ "vxlan", IFLA_VXLAN_PORT, IFLA_VXLAN_GROUP6, 16, false, true },
		{ "vxlan", IFLA_VXLAN_PORT, IFLA_VXLAN_LOCAL6, 16, false, true },
		{ "geneve", IFLA_GENEVE_PORT, IFLA_GENEVE_REMOTE, 4, true, false },
		{ "geneve", IFLA_GENEVE_PORT, IFLA_GENEVE_REMOTE6, 16, false, true },
		{ "geneve", IFLA_GENEVE_PORT, IFLA_GENEVE_COLLECT_METADATA, 0, true, true },
		{ "bareudp", IFLA_BAREUDP_PORT, 0, 0, true, true },
		{ "amt", IFLA_AMT_RELAY_PORT, 0, 0, true, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct device device = { .kind = cases[i].kind, .flags = IFF_UP };

		take_device(&device, cases[i].type, 50000, cases[i].other, cases[i].length);
		assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 50000) == KERNEL_CLAIM_PROVED,
		    cases[i].ipv4);
		assert_int_equal(find(PROTOCOL_UDP, "::", 50000) == KERNEL_CLAIM_PROVED,
		    cases[i].ipv6);
		assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 50001), KERNEL_CLAIM_NONE);
		assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 50000), KERNEL_CLAIM_NONE);
		assert_int_equal(messages.claims.unproved, 0);
		/* One that is down, or whose socket is in another namespace. */
		device.flags = 0;
		take_device(&device, cases[i].type, 50000, cases[i].other, cases[i].length);
		assert_int_equal(messages.claims.count, 0);
		device.flags = IFF_UP;
		device.foreign = true;
		take_device(&device, cases[i].type, 50000, cases[i].other, cases[i].length);
		assert_int_equal(messages.claims.count, 0);
	}
}

static void
vxlan_addresses(void **state)
{
	const struct device vxlan = { .kind = "vxlan", .flags = IFF_UP };
	struct nlattr *information, *data;
	struct nlmsghdr *header;

	(void)state;
	take_device(&vxlan, IFLA_VXLAN_PORT, 50000, IFLA_VXLAN_LOCAL, 4);
	assert_int_equal(find(PROTOCOL_UDP, "127.0.0.1", 50000), KERNEL_CLAIM_PROVED);
	assert_int_equal(find(PROTOCOL_UDP, "127.0.0.2", 50000), KERNEL_CLAIM_NONE);
	/* A byte that is there and 0 is no metadata. */
	for (uint8_t metadata = 0; metadata < 2; metadata++) {
		forget();
		header = begin_device(&vxlan, &information, &data);
		mnl_attr_put_u8(header, IFLA_VXLAN_COLLECT_METADATA, metadata);
		mnl_attr_put_u16(header, IFLA_VXLAN_PORT, htons(50000));
		end_device(header, information, data);
		assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 50000), KERNEL_CLAIM_PROVED);
		assert_int_equal(find(PROTOCOL_UDP, "::", 50000),
		    metadata != 0 ? KERNEL_CLAIM_PROVED : KERNEL_CLAIM_NONE);
	}
}

static void
devices_without_ports(void **state)
{
	static const char *const kinds[] = { "l2tpeth", "ovpn", "wireguard" };
	static const char *const others[] = { "bridge", "veth", "vxlan6", "vxla", "" };
	struct device device = { .flags = IFF_UP };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		device.kind = kinds[i];
		take_device(&device, 1, 50000, 0, 0);
		assert_int_equal(messages.claims.count, 0);
		assert_int_equal(messages.claims.unproved, 1U << PROTOCOL_UDP);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		device.kind = others[i];
		take_device(&device, IFLA_VXLAN_PORT, 50000, 0, 0);
		assert_int_equal(messages.claims.count, 0);
		assert_int_equal(messages.claims.unproved, 0);
	}
	device.kind = "gtp";
	take_device(&device, 1, 50000, 0, 0);
	assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 2152), KERNEL_CLAIM_PROVED);
	assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 3386), KERNEL_CLAIM_PROVED);
	assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 50000), KERNEL_CLAIM_NONE);
	/* A port of no or another size. */
	device.kind = "vxlan";
	take_device(&device, 1, 50000, 0, 0);
	assert_int_equal(messages.claims.count, 0);
	take_device(&device, 1, 50000, IFLA_VXLAN_PORT, 4);
	assert_int_equal(messages.claims.count, 0);
}

/* ---- generic netlink ---------------------------------------------------------------------- */

static struct nlmsghdr *
begin_generic(void)
{
	struct nlmsghdr *header = begin(25);

	(void)mnl_nlmsg_put_extra_header(header, sizeof(struct genlmsghdr));
	return header;
}

static void
families_are_found(void **state)
{
	static const struct {
		const char *name;
		enum kernel_family family;
		uint32_t unproved;
	} cases[] = {
		{ "mptcp_pm", FAMILY_MPTCP, 0 },
		{ "fou", FAMILY_FOU, 0 },
		{ "wireguard", FAMILY_COUNT, 1U << PROTOCOL_UDP },
		{ "SMC_GEN_NETLINK", FAMILY_SMC, 0 },
		{ "l2tp", FAMILY_COUNT, 1U << PROTOCOL_UDP },
		{ "TIPCv2", FAMILY_COUNT, 1U << PROTOCOL_UDP },
		{ "nlctrl", FAMILY_COUNT, 0 },
		{ "fou2", FAMILY_COUNT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nlmsghdr *header = begin_generic();

		forget();
		mnl_attr_put_strz(header, CTRL_ATTR_FAMILY_NAME, cases[i].name);
		mnl_attr_put_u16(header, CTRL_ATTR_FAMILY_ID, 31);
		kernel_take_family(&messages, header);
		for (unsigned family = 0; family < FAMILY_COUNT; family++)
			assert_int_equal(messages.families[family],
			    family == cases[i].family ? 31 : 0);
		assert_int_equal(messages.claims.unproved, cases[i].unproved);
	}
}

static void
take_mptcp(uint16_t family, const uint8_t *address, size_t length, uint16_t port)
{
	struct nlmsghdr *header = begin_generic();
	struct nlattr *nest = mnl_attr_nest_start(header, MPTCP_PM_ATTR_ADDR);

	forget();
	mnl_attr_put_u16(header, MPTCP_PM_ADDR_ATTR_FAMILY, family);
	mnl_attr_put(header, length == 4 ? MPTCP_PM_ADDR_ATTR_ADDR4 : MPTCP_PM_ADDR_ATTR_ADDR6,
	    length, address);
	/* In the host's order. */
	if (port != 0)
		mnl_attr_put_u16(header, MPTCP_PM_ADDR_ATTR_PORT, port);
	mnl_attr_nest_end(header, nest);
	kernel_take_mptcp(&messages, header);
}

static void
mptcp_endpoints(void **state)
{
	static const uint8_t address[16] = { 192, 0, 2, 1 }, loopback6[16] = { [15] = 1 };

	(void)state;
	take_mptcp(AF_INET, address, 4, 50000);
	assert_int_equal(find(PROTOCOL_TCP, "192.0.2.1", 50000), KERNEL_CLAIM_PROVED);
	assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 50000), KERNEL_CLAIM_NONE);
	assert_int_equal(find(PROTOCOL_TCP, "192.0.2.2", 50000), KERNEL_CLAIM_NONE);
	assert_int_equal(find(PROTOCOL_UDP, "192.0.2.1", 50000), KERNEL_CLAIM_NONE);
	take_mptcp(AF_INET6, loopback6, 16, 50000);
	assert_int_equal(find(PROTOCOL_TCP, "::1", 50000), KERNEL_CLAIM_PROVED);
	assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 50000), KERNEL_CLAIM_NONE);
	/* Most endpoints have no port, and no listener. */
	take_mptcp(AF_INET, address, 4, 0);
	assert_int_equal(messages.claims.count, 0);
	take_mptcp(AF_INET, address, 16, 50000);
	assert_int_equal(messages.claims.count, 0);
	take_mptcp(AF_INET6, address, 4, 50000);
	assert_int_equal(messages.claims.count, 0);
	take_mptcp(AF_UNIX, address, 4, 50000);
	assert_int_equal(messages.claims.count, 0);
}

static void
take_fou(uint8_t family, uint16_t type, size_t length, const uint8_t *address)
{
	struct nlmsghdr *header = begin_generic();

	forget();
	mnl_attr_put_u16(header, FOU_ATTR_PORT, htons(50000));
	mnl_attr_put_u8(header, FOU_ATTR_AF, family);
	if (length > 0)
		mnl_attr_put(header, type, length, address);
	kernel_take_fou(&messages, header);
}

static void
fou_ports(void **state)
{
	static const uint8_t address[16] = { 192, 0, 2, 1 };

	(void)state;
	take_fou(AF_INET, 0, 0, NULL);
	assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 50000), KERNEL_CLAIM_PROVED);
	assert_int_equal(find(PROTOCOL_UDP, "::", 50000), KERNEL_CLAIM_NONE);
	take_fou(AF_INET6, 0, 0, NULL);
	assert_int_equal(find(PROTOCOL_UDP, "::", 50000), KERNEL_CLAIM_PROVED);
	take_fou(AF_INET, FOU_ATTR_LOCAL_V4, 4, address);
	assert_int_equal(find(PROTOCOL_UDP, "192.0.2.1", 50000), KERNEL_CLAIM_PROVED);
	assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 50000), KERNEL_CLAIM_NONE);
	take_fou(AF_UNIX, 0, 0, NULL);
	assert_int_equal(messages.claims.count, 0);
}

/* ---- sockets ------------------------------------------------------------------------------ */

static void
smc_listeners(void **state)
{
	struct nlmsghdr *header = begin(SOCK_DIAG_BY_FAMILY);
	/* struct smc_diag_msg: family, state, mode, shutdown, then the id. */
	uint8_t *bytes = mnl_nlmsg_put_extra_header(header, 4 + sizeof(struct inet_diag_sockid));
	uint16_t port = htons(50000);

	(void)state;
	bytes[1] = 10;
	memcpy(bytes + 4, &port, sizeof(port));
	forget();
	kernel_take_smc(&messages, header);
	assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 50000), KERNEL_CLAIM_UNPROVED);
	assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 50001), KERNEL_CLAIM_NONE);
	forget();
	bytes[1] = 1;
	kernel_take_smc(&messages, header);
	assert_int_equal(messages.claims.count, 0);
}

static void
udp_options(void **state)
{
	struct inet_diag_sockopt options = { .mc_loop = 1, .mc_all = 1 };
	struct inet_diag_msg *answer;
	struct nlmsghdr *header;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		header = begin(SOCK_DIAG_BY_FAMILY);
		answer = mnl_nlmsg_put_extra_header(header, sizeof(*answer));
		answer->id.idiag_cookie[0] = 5;
		answer->id.idiag_cookie[1] = 6;
		options.mc_loop = i == 1;
		if (i < 3)
			mnl_attr_put(header, INET_DIAG_SOCKOPT, sizeof(options), &options);
		forget();
		/* The third is another socket. */
		messages.cookie = i == 2 ? 5 : (uint64_t)6 << 32 | 5;
		kernel_take_udp(&messages, header);
		assert_int_equal(messages.multicast_loop,
		    i == 0     ? MULTICAST_LOOP_OFF :
			i == 1 ? MULTICAST_LOOP_ON :
				 MULTICAST_LOOP_UNKNOWN);
	}
}

/* ---- datagrams ---------------------------------------------------------------------------- */

static int
walk(const void *data, size_t length)
{
	return kernel_messages_walk(&messages, data, length, SEQUENCE, RTM_NEWLINK,
	    kernel_take_link);
}

static void
dumps_end(void **state)
{
	struct nlmsghdr *header = begin(NLMSG_DONE);
	int *error = mnl_nlmsg_put_extra_header(header, sizeof(*error));

	(void)state;
	forget();
	assert_int_equal(walk(buffer, 0), 1);
	assert_int_equal(walk(header, header->nlmsg_len), 0);
	assert_false(messages.changed);
	header->nlmsg_flags = NLM_F_DUMP_INTR;
	assert_int_equal(walk(header, header->nlmsg_len), 0);
	assert_true(messages.changed);
	*error = -EPERM;
	assert_int_equal(walk(header, header->nlmsg_len), -EPERM);
	header->nlmsg_type = NLMSG_ERROR;
	assert_int_equal(walk(header, header->nlmsg_len), -EPERM);
	*error = 1;
	assert_int_equal(walk(header, header->nlmsg_len), -EPROTO);
	*error = 0;
	header->nlmsg_seq = SEQUENCE + 1;
	assert_int_equal(walk(header, header->nlmsg_len), -EPROTO);
	header->nlmsg_seq = SEQUENCE;
	header->nlmsg_type = 4711;
	assert_int_equal(walk(header, header->nlmsg_len), -EPROTO);
	header->nlmsg_type = NLMSG_NOOP;
	assert_int_equal(walk(header, header->nlmsg_len), 1);
	header->nlmsg_len = UINT32_MAX;
	assert_int_equal(walk(header, 20), -EPROTO);
}

/* Whatever the bytes are, nothing behind them is read, and what is kept is within its bounds. */
static void
garbled_messages(void **state)
{
	static kernel_message_function *const functions[] = { kernel_take_link, kernel_take_family,
		kernel_take_mptcp, kernel_take_fou, kernel_take_smc, kernel_take_udp };
	const struct device vxlan = { .kind = "vxlan", .flags = IFF_UP };
	uint64_t seed = help_seed();
	char whole[sizeof(buffer)];
	size_t length;

	(void)state;
	take_device(&vxlan, IFLA_VXLAN_PORT, 50000, IFLA_VXLAN_LOCAL, 4);
	length = ((struct nlmsghdr *)buffer)->nlmsg_len;
	memcpy(whole, buffer, length);
	for (unsigned i = 0; i < 50000; i++) {
		size_t cut = (size_t)help_below(&seed, length + 1);
		char *copy = malloc(cut + 1);

		assert_non_null(copy);
		memcpy(copy, whole, cut);
		for (unsigned k = (unsigned)help_below(&seed, 6); k > 0 && cut > 0; k--)
			copy[help_below(&seed, cut)] = (char)help_random(&seed);
		/* As often as not the length of the message is right. */
		if (cut >= sizeof(struct nlmsghdr) && help_below(&seed, 2) == 0)
			memcpy(copy, &(uint32_t){ (uint32_t)cut }, sizeof(uint32_t));
		forget();
		assert_true(kernel_messages_walk(&messages, copy, cut, SEQUENCE, RTM_NEWLINK,
				functions[help_below(&seed, ARRAY_SIZE(functions))]) <= 1);
		assert_true(messages.claims.count <= KERNEL_PORTS_MAX);
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_name_their_ports),
		cmocka_unit_test(vxlan_addresses),
		cmocka_unit_test(devices_without_ports),
		cmocka_unit_test(families_are_found),
		cmocka_unit_test(mptcp_endpoints),
		cmocka_unit_test(fou_ports),
		cmocka_unit_test(smc_listeners),
		cmocka_unit_test(udp_options),
		cmocka_unit_test(dumps_end),
		cmocka_unit_test(garbled_messages),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
