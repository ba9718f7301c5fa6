/* SPDX-License-Identifier: MIT */
/*
 * Both sources against the real kernel, in a network namespace of the test's own (so it needs root)
 * where nothing else has a socket. What they say is held against what was opened.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "kernel/ranges.h"
#include "kernel/source.h"

#define OPENED_MAX   700
#define TIMEOUT_USEC (10 * USEC_PER_SEC)

/* How a socket is opened: bits. */
enum {
	REUSE = 1 << 0, /* SO_REUSEPORT */
	V6_ONLY = 1 << 1,
	ON_LOOPBACK = 1 << 2, /* SO_BINDTODEVICE lo */
	NOT_LISTENING = 1 << 3,
};

struct found {
	struct source_socket sockets[2 * OPENED_MAX];
	size_t count;
};

static struct {
	struct source *netlink, *proc;
	int proc_fd;
	int fds[OPENED_MAX];
	size_t count;
	struct port_filter filter;
} live;

static int
keep_fd(int fd)
{
	assert_true(fd >= 0);
	assert_true(live.count < OPENED_MAX);
	live.fds[live.count++] = fd;
	return fd;
}

static void
set_option(int fd, int level, int option, int value)
{
	assert_int_equal(setsockopt(fd, level, option, &value, sizeof(value)), 0);
}

/* The address as the C library wants it. Returns its length. */
static socklen_t
make_address(int family, const char *text, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *inet = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *inet6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	ret->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		inet->sin_port = htons(port);
		assert_int_equal(inet_pton(family, text, &inet->sin_addr), 1);
		return sizeof(*inet);
	}
	inet6->sin6_port = htons(port);
	assert_int_equal(inet_pton(family, text, &inet6->sin6_addr), 1);
	return sizeof(*inet6);
}

/* A bound socket that listens where it can; port 0 lets the kernel pick. */
static int
open_at(int family, int type, const char *text, uint16_t port, unsigned how)
{
	int fd = keep_fd(socket(family, type | SOCK_CLOEXEC, 0));
	struct sockaddr_storage address;
	socklen_t length = make_address(family, text, port, &address);

	set_option(fd, SOL_SOCKET, SO_REUSEPORT, (how & REUSE) != 0);
	if (family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, (how & V6_ONLY) != 0);
	if ((how & ON_LOOPBACK) != 0)
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, length), 0);
	if (type == SOCK_STREAM && (how & NOT_LISTENING) == 0)
		assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	return ntohs(((const struct sockaddr_in *)&address)->sin_port);
}

static uint64_t
cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length), 0);
	return cookie;
}

static uint32_t
inode_of(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return (uint32_t)status.st_ino;
}

/* What /proc/net has in place of a cookie. */
static uint64_t
stand_in_of(int fd)
{
	return COOKIE_IS_INODE | inode_of(fd);
}

/* A connection to port; returns the client's end, *ret_server the other. */
static int
open_connection(int listening, uint16_t port, int *ret_server)
{
	int fd = keep_fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	struct sockaddr_storage address;
	socklen_t length = make_address(AF_INET, "127.0.0.1", port, &address);

	assert_int_equal(connect(fd, (const struct sockaddr *)&address, length), 0);
	*ret_server = keep_fd(accept4(listening, NULL, NULL, SOCK_CLOEXEC));
	return fd;
}

static void
keep(const struct source_socket *socket, void *argument)
{
	struct found *found = argument;

	assert_true(found->count < ARRAY_SIZE(found->sockets));
	found->sockets[found->count++] = *socket;
}

/* Runs a request that must come back whole. */
static const struct found *
ask(struct source *source, const struct source_request *request)
{
	static struct found found;
	struct source_result result;

	found.count = 0;
	assert_int_equal(source_run(source, request, keep, &found, TIMEOUT_USEC, &result), 0);
	assert_int_equal(result.incomplete, 0);
	assert_int_equal(result.sockets, found.count);
	assert_true(found.count == 0 || result.datagrams > 0);
	return &found;
}

static struct source_request
listeners(enum protocol protocol, int family)
{
	return (struct source_request){
		.protocol = protocol,
		.family = (uint8_t)family,
		.filter = &live.filter,
	};
}

static const struct source_socket *
find_cookie(const struct found *found, uint64_t cookie)
{
	for (size_t i = 0; i < found->count; i++) {
		if (found->sockets[i].listener.cookie == cookie)
			return &found->sockets[i];
	}
	return NULL;
}

/* The socket behind fd must be there and look like fd. */
static const struct listener *
expect_listener(const struct found *found, int fd, const char *address, uint16_t port)
{
	const struct source_socket *socket = find_cookie(found, cookie_of(fd));
	uint8_t bytes[16] = { 0 };

	assert_non_null(socket);
	const struct listener *listener = &socket->listener;
	assert_true(socket->listening);
	assert_false(socket->time_wait);
	assert_int_equal(inet_pton(listener->endpoint.family, address, bytes), 1);
	assert_memory_equal(listener->endpoint.address, bytes, sizeof(bytes));
	assert_int_equal(listener->endpoint.port, port);
	assert_int_equal(listener->endpoint.netns, source_netns(live.netlink));
	assert_int_equal(listener->inode, inode_of(fd));
	assert_int_equal(listener->uid, getuid());
	return listener;
}

static void
tcp_listeners(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	int loopback = open_at(AF_INET, SOCK_STREAM, "127.0.0.1", 50001, 0);
	int any = open_at(AF_INET, SOCK_STREAM, "0.0.0.0", 0, 0);
	int v6only = open_at(AF_INET6, SOCK_STREAM, "::1", 50002, V6_ONLY);
	int dual = open_at(AF_INET6, SOCK_STREAM, "::", 50003, 0);
	int on_device = open_at(AF_INET, SOCK_STREAM, "0.0.0.0", 50004, ON_LOOPBACK);

	(void)state;
	(void)open_at(AF_INET, SOCK_STREAM, "127.0.0.1", 8080, 0);
	(void)open_at(AF_INET, SOCK_STREAM, "127.0.0.1", 50005, NOT_LISTENING);
	const struct found *found = ask(live.netlink, &request);
	assert_int_equal(found->count, 5);
	const struct listener *listener = expect_listener(found, loopback, "127.0.0.1", 50001);
	assert_int_equal(listener->endpoint.family, AF_INET);
	assert_int_equal(listener->endpoint.interface, 0);
	assert_int_equal(listener->v6only, V6ONLY_UNKNOWN);
	assert_int_equal(listener->choice, CHOICE_UNKNOWN);
	(void)expect_listener(found, any, "0.0.0.0", port_of(any));
	listener = expect_listener(found, v6only, "::1", 50002);
	assert_int_equal(listener->endpoint.family, AF_INET6);
	assert_int_equal(listener->v6only, V6ONLY_YES);
	listener = expect_listener(found, dual, "::", 50003);
	assert_int_equal(listener->v6only, V6ONLY_NO);
	listener = expect_listener(found, on_device, "0.0.0.0", 50004);
	assert_int_equal(listener->endpoint.interface, if_nametoindex("lo"));

	request.family = AF_INET;
	assert_int_equal(ask(live.netlink, &request)->count, 3);
	request.family = AF_INET6;
	assert_int_equal(ask(live.netlink, &request)->count, 2);
}

static void
udp_listeners(void **state)
{
	struct source_request request = listeners(PROTOCOL_UDP, AF_INET);
	struct sockaddr_storage address;
	int asked = open_at(AF_INET, SOCK_DGRAM, "127.0.0.1", 50001, 0);
	int picked = open_at(AF_INET, SOCK_DGRAM, "0.0.0.0", 0, 0);
	int connected = open_at(AF_INET, SOCK_DGRAM, "127.0.0.1", 50002, 0);
	int inet6 = open_at(AF_INET6, SOCK_DGRAM, "::", 50003, V6_ONLY);

	(void)state;
	socklen_t length = make_address(AF_INET, "127.0.0.1", 50001, &address);
	assert_int_equal(connect(connected, (const struct sockaddr *)&address, length), 0);
	const struct found *found = ask(live.netlink, &request);
	assert_int_equal(found->count, 2);
	(void)expect_listener(found, asked, "127.0.0.1", 50001);
	(void)expect_listener(found, picked, "0.0.0.0", port_of(picked));
	request.survey = true;
	found = ask(live.netlink, &request);
	assert_int_equal(found->count, 3);
	assert_false(find_cookie(found, cookie_of(connected))->listening);
	assert_true(find_cookie(found, cookie_of(asked))->listening);
	request = listeners(PROTOCOL_UDP, AF_INET6);
	found = ask(live.netlink, &request);
	assert_int_equal(found->count, 1);
	const struct listener *listener = expect_listener(found, inet6, "::", 50003);
	assert_int_equal(listener->v6only, V6ONLY_YES);
	assert_int_equal(listener->endpoint.protocol, PROTOCOL_UDP);
}

static void
reuseport_group(void **state)
{
	struct source_request request = { .protocol = PROTOCOL_TCP, .port = 60855 };
	int fds[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = open_at(AF_INET, SOCK_STREAM, "0.0.0.0", 60855, REUSE);
	(void)open_at(AF_INET, SOCK_STREAM, "0.0.0.0", 60856, REUSE);
	const struct found *found = ask(live.netlink, &request);
	assert_int_equal(found->count, ARRAY_SIZE(fds));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		(void)expect_listener(found, fds[i], "0.0.0.0", 60855);
	assert_int_equal(ask(live.proc, &request)->count, ARRAY_SIZE(fds));
}

static void
survey_with_connections(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	int listening = open_at(AF_INET, SOCK_STREAM, "127.0.0.1", 50001, 0);
	int server, client = open_connection(listening, 50001, &server);
	int closed_server, closed_client = open_connection(listening, 50001, &closed_server);
	uint16_t port = port_of(closed_client);
	uint64_t cookie = cookie_of(closed_client);
	char byte;

	(void)state;
	/* Who closes first keeps TIME_WAIT, with the socket's cookie. */
	assert_int_equal(shutdown(closed_client, SHUT_WR), 0);
	assert_int_equal(read(closed_server, &byte, 1), 0);
	assert_int_equal(shutdown(closed_server, SHUT_WR), 0);
	assert_int_equal(read(closed_client, &byte, 1), 0);
	assert_int_equal(close(closed_client), 0);
	live.fds[live.count - 2] = -1;

	port_set_add(&live.filter.ports, 1024, 65535);
	request.survey = true;
	for (int round = 0; round < 2; round++) {
		const struct found *found = ask(round == 0 ? live.netlink : live.proc, &request);
		size_t waiting = 0;
		/* The listener, two ends, and of the closed one TIME_WAIT and the server's. */
		for (size_t i = 0; i < found->count; i++) {
			const struct source_socket *socket = &found->sockets[i];
			assert_int_equal(socket->listener.endpoint.protocol, PROTOCOL_TCP);
			if (!socket->time_wait)
				continue;
			waiting++;
			assert_int_equal(socket->listener.endpoint.port, port);
			assert_false(socket->listening);
			if (round == 0)
				assert_int_equal(socket->listener.cookie, cookie);
		}
		assert_int_equal(waiting, 1);
		assert_true(
		    find_cookie(found, round == 0 ? cookie_of(listening) : stand_in_of(listening))
			->listening);
		assert_false(
		    find_cookie(found, round == 0 ? cookie_of(client) : stand_in_of(client))
			->listening);
		assert_false(
		    find_cookie(found, round == 0 ? cookie_of(server) : stand_in_of(server))
			->listening);
	}
	request.survey = false;
	assert_int_equal(ask(live.netlink, &request)->count, 1);
}

static void
write_kernel_range(const char *text)
{
	_close_ int fd =
	    openat(live.proc_fd, "sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void
kernel_range_is_followed(void **state)
{
	struct port_range range;

	(void)state;
	write_kernel_range("10000 11000");
	assert_int_equal(ranges_read_kernel(live.proc_fd, &range), 0);
	assert_int_equal(range.first, 10000);
	assert_int_equal(range.last, 11000);
	write_kernel_range("32768 60999");
	assert_int_equal(ranges_read_kernel(live.proc_fd, &range), 0);
	assert_int_equal(range.first, 32768);
	assert_int_equal(range.last, 60999);
}

static void
auto_ports(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	int picked, picked_udp, named;

	(void)state;
	write_kernel_range("10000 11000");
	(void)open_at(AF_INET, SOCK_STREAM, "127.0.0.1", 10500, 0);
	picked = open_at(AF_INET6, SOCK_STREAM, "::", 0, 0);
	picked_udp = open_at(AF_INET, SOCK_DGRAM, "127.0.0.1", 0, 0);
	named = open_at(AF_INET, SOCK_STREAM, "127.0.0.1", 50001, 0);
	write_kernel_range("32768 60999");
	assert_true(port_of(picked) >= 10000);
	assert_true(port_of(picked) <= 11000);
	port_set_add(&live.filter.auto_ports, 10000, 32767);
	const struct found *found = ask(live.netlink, &request);
	assert_int_equal(found->count, 2);
	assert_non_null(find_cookie(found, cookie_of(picked)));
	assert_non_null(find_cookie(found, cookie_of(named)));
	request = listeners(PROTOCOL_UDP, AF_INET);
	found = ask(live.netlink, &request);
	assert_int_equal(found->count, 1);
	assert_non_null(find_cookie(found, cookie_of(picked_udp)));
	/* The other source cannot tell, and leaves them out. */
	request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	found = ask(live.proc, &request);
	assert_int_equal(found->count, 1);
	assert_non_null(find_cookie(found, stand_in_of(named)));
}

static void
choices(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };

	(void)state;
	for (enum protocol protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
		int type = protocol == PROTOCOL_TCP ? SOCK_STREAM : SOCK_DGRAM;
		for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
			const char *address = families[i] == AF_INET ? "127.0.0.1" : "::1";
			struct source_request request = listeners(protocol, families[i]);
			int asked = open_at(families[i], type, address, 50001, 0);
			int picked = open_at(families[i], type, address, 0, 0);
			assert_int_equal(ask(live.netlink, &request)->count, 2);
			request.choice = CHOICE_ASKED;
			const struct found *found = ask(live.netlink, &request);
			assert_int_equal(found->count, 1);
			assert_int_equal(expect_listener(found, asked, address, 50001)->choice,
			    CHOICE_ASKED);
			request.choice = CHOICE_AUTO;
			found = ask(live.netlink, &request);
			assert_int_equal(found->count, 1);
			assert_int_equal(
			    expect_listener(found, picked, address, port_of(picked))->choice,
			    CHOICE_AUTO);
			request.port = port_of(picked);
			assert_int_equal(ask(live.netlink, &request)->count, 1);
			request.choice = CHOICE_ASKED;
			assert_int_equal(ask(live.netlink, &request)->count, 0);
		}
	}
}

/* listen() on a socket that was never bound: the kernel picks, and says so. */
static void
unbound_listener(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	int fd = keep_fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

	(void)state;
	assert_int_equal(listen(fd, 1), 0);
	port_set_add(&live.filter.ports, 32768, 65535);
	request.choice = CHOICE_AUTO;
	(void)expect_listener(ask(live.netlink, &request), fd, "0.0.0.0", port_of(fd));
}

static void
filters(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	const uint16_t ports[] = { 1024, 5000, 5001, 5002, 32767, 50000, 65535 };
	const bool wanted[] = { true, false, true, false, true, true, true };

	(void)state;
	memset(&live.filter, 0, sizeof(live.filter));
	port_set_add(&live.filter.ports, 1024, 1024);
	port_set_add(&live.filter.ports, 5001, 5001);
	port_set_add(&live.filter.ports, 32767, 32768);
	port_set_add(&live.filter.ports, 49152, 65535);
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		(void)open_at(AF_INET, SOCK_STREAM, "127.0.0.1", ports[i], 0);
	for (int round = 0; round < 2; round++) {
		const struct found *found = ask(round == 0 ? live.netlink : live.proc, &request);
		assert_int_equal(found->count, 5);
		for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
			uint64_t cookie =
			    round == 0 ? cookie_of(live.fds[i]) : stand_in_of(live.fds[i]);
			assert_int_equal(find_cookie(found, cookie) != NULL, wanted[i]);
		}
	}
	/* More runs than a program holds: the same answer. */
	for (unsigned port = 6000; port < 30000; port += 2)
		port_set_add(&live.filter.ports, (uint16_t)port, (uint16_t)port);
	(void)open_at(AF_INET, SOCK_STREAM, "127.0.0.1", 6001, 0);
	assert_int_equal(ask(live.netlink, &request)->count, 5);
	memset(&live.filter, 0, sizeof(live.filter));
	assert_int_equal(ask(live.netlink, &request)->count, 0);
}

static int
compare_sockets(const void *a, const void *b)
{
	const struct source_socket *left = a, *right = b;
	int order = endpoint_compare(&left->listener.endpoint, &right->listener.endpoint);

	if (order != 0)
		return order;
	return left->listener.inode < right->listener.inode ?
	    -1 :
	    left->listener.inode > right->listener.inode;
}

/* Both sources must say the same of what both can tell. */
static void
expect_agreement(const struct source_request *request, size_t count)
{
	struct found found = *ask(live.netlink, request);
	struct found other = *ask(live.proc, request);

	assert_int_equal(found.count, count);
	assert_int_equal(other.count, count);
	qsort(found.sockets, found.count, sizeof(found.sockets[0]), compare_sockets);
	qsort(other.sockets, other.count, sizeof(other.sockets[0]), compare_sockets);
	for (size_t i = 0; i < found.count; i++) {
		const struct source_socket *left = &found.sockets[i], *right = &other.sockets[i];
		assert_int_equal(compare_sockets(left, right), 0);
		assert_int_equal(left->listening, right->listening);
		assert_int_equal(left->time_wait, right->time_wait);
		assert_int_equal(left->listener.uid, right->listener.uid);
		assert_int_equal(right->listener.cookie, COOKIE_IS_INODE | right->listener.inode);
	}
}

static void
sources_agree(void **state)
{
	struct source_request request;

	(void)state;
	/* Above the kernel's range: a port there may still be in TIME_WAIT from another test. */
	for (uint16_t i = 0; i < 50; i++) {
		(void)open_at(AF_INET, SOCK_STREAM, "127.0.0.1", 62000 + i, 0);
		(void)open_at(AF_INET6, SOCK_STREAM, "::1", 62000 + i, 0);
		(void)open_at(AF_INET, SOCK_DGRAM, "127.1.2.3", 62000 + i, 0);
		(void)open_at(AF_INET6, SOCK_DGRAM, "::", 62000 + i, V6_ONLY | REUSE);
		(void)open_at(AF_INET6, SOCK_DGRAM, "::", 62000 + i, V6_ONLY | REUSE);
	}
	request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	expect_agreement(&request, 100);
	request = listeners(PROTOCOL_TCP, AF_INET);
	expect_agreement(&request, 50);
	request = listeners(PROTOCOL_TCP, AF_INET6);
	expect_agreement(&request, 50);
	request = listeners(PROTOCOL_UDP, AF_INET);
	expect_agreement(&request, 50);
	request = listeners(PROTOCOL_UDP, AF_INET6);
	expect_agreement(&request, 100);
}

/* An answer of many datagrams, step by step, given up in the middle and asked again. */
static void
many_datagrams(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	static struct found found;
	struct source_result result;

	(void)state;
	for (uint16_t i = 0; i < OPENED_MAX; i++)
		(void)open_at(AF_INET, SOCK_STREAM, "127.0.0.1", 61000 + i, 0);
	found.count = 0;
	assert_int_equal(source_begin(live.netlink, &request), 0);
	assert_int_equal(source_step(live.netlink, keep, &found, &result), 1);
	assert_true(found.count >= 1);
	assert_true(found.count < OPENED_MAX);
	assert_int_equal(source_begin(live.netlink, &request), -EBUSY);
	source_cancel(live.netlink);
	assert_int_equal(ask(live.netlink, &request)->count, OPENED_MAX);

	found.count = 0;
	assert_int_equal(source_run(live.netlink, &request, keep, &found, 0, &result), 0);
	assert_int_equal(result.incomplete, INCOMPLETE_TIMEOUT);
	assert_int_equal(ask(live.netlink, &request)->count, OPENED_MAX);
	assert_int_equal(source_run(live.netlink, &request, keep, &found, TIMEOUT_USEC, &result),
	    0);
	assert_true(result.datagrams >= 2);
	assert_true(result.datagrams <= OPENED_MAX);
	assert_int_equal(ask(live.proc, &request)->count, OPENED_MAX);
}

/* A source stays with its namespace; one that would have to leave it says so. */
static void
another_namespace(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	_close_ int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct source *source = NULL, *stranger = NULL;
	struct source_result result;
	static struct found found;

	(void)state;
	(void)open_at(AF_INET, SOCK_STREAM, "127.0.0.1", 50001, 0);
	assert_int_equal(source_open_netlink(&source), 0);
	assert_int_not_equal(source_netns(source), 0);
	assert_int_equal(source_netns(source), source_netns(live.proc));
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(source_open_netlink(&stranger), 0);
	assert_int_not_equal(source_netns(source), source_netns(stranger));
	assert_int_equal(ask(source, &request)->count, 1);
	assert_int_equal(ask(stranger, &request)->count, 0);
	assert_int_equal(source_run(source, &request, keep, &found, 0, &result), 0);
	assert_int_equal(source_begin(source, &request), -ESTALE);
	source_close(source);
	source_close(stranger);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
}

/* A socket that was opened elsewhere goes on answering for that place. */
static void
from_a_descriptor(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	_close_ int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	_close_ int pipe_end = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct source *source = NULL;
	int fd = source_open_diag();

	(void)state;
	assert_true(fd >= 0);
	(void)open_at(AF_INET, SOCK_STREAM, "127.0.0.1", 50001, 0);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(source_new_netlink(fd, &source), 0);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	assert_int_equal(source_netns(source), source_netns(live.netlink));
	assert_int_equal(ask(source, &request)->count, 1);
	source_close(source);
	assert_int_equal(source_new_netlink(pipe_end, &source), -ENOTSOCK);
	assert_int_equal(source_new_netlink(live.fds[0], &source), -EINVAL);
}

static int
begin_test(void **state)
{
	(void)state;
	memset(&live.filter, 0, sizeof(live.filter));
	port_set_add(&live.filter.ports, 32768, 65535);
	if (source_open_netlink(&live.netlink) < 0)
		return -1;
	return source_open_proc(live.proc_fd, &live.proc);
}

static int
end_test(void **state)
{
	(void)state;
	for (size_t i = 0; i < live.count; i++) {
		if (live.fds[i] >= 0)
			(void)close(live.fds[i]);
	}
	live.count = 0;
	live.netlink = source_close(live.netlink);
	live.proc = source_close(live.proc);
	return 0;
}

/* Namespaces of our own, the loopback up. Returns NULL or what failed. */
static const char *
enter_namespace(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	struct rlimit limit = { 2 * OPENED_MAX, 2 * OPENED_MAX };

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		return "needs root: no network namespace of its own";
	/* The host's /proc/sys may be read-only, a container's is. */
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return "no /proc of its own can be mounted";
	_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return "the loopback interface cannot be set up";
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return "not enough descriptors";
	live.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return live.proc_fd < 0 ? "no /proc" : NULL;
}

#define live_test(function) cmocka_unit_test_setup_teardown(function, begin_test, end_test)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		live_test(tcp_listeners),
		live_test(udp_listeners),
		live_test(reuseport_group),
		live_test(survey_with_connections),
		live_test(kernel_range_is_followed),
		live_test(auto_ports),
		live_test(choices),
		live_test(unbound_listener),
		live_test(filters),
		live_test(sources_agree),
		live_test(many_datagrams),
		live_test(another_namespace),
		live_test(from_a_descriptor),
	};
	const char *problem = enter_namespace();

	if (problem != NULL) {
		printf("1..0 # SKIP %s\n", problem);
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kernel-live", tests, NULL, NULL);
}
