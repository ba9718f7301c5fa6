/* SPDX-License-Identifier: MIT */
/*
 * Who is connected to a listener: how connections are sorted, and, in a network namespace of the
 * test's own (so that needs root), what both sources say of real ones.
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
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "kernel/connected.h"
#include "kernel/replay.h"
#include "skip.h"

#define TIMEOUT_USEC (10 * USEC_PER_SEC)
#define SOCKETS_MAX  64

static struct endpoint
at(uint8_t family, const char *address, uint16_t port)
{
	struct endpoint endpoint = {
		.protocol = PROTOCOL_TCP,
		.family = family,
		.port = port,
	};

	assert_int_equal(inet_pton(family, address, endpoint.address), 1);
	return endpoint;
}

static struct source_socket
connection(uint8_t family, const char *local, uint16_t port, const char *remote,
    uint16_t remote_port)
{
	struct source_socket socket = {
		.listener.endpoint = at(family, local, port),
		.remote_port = remote_port,
	};

	assert_int_equal(inet_pton(family, remote, socket.remote_address), 1);
	return socket;
}

static void
belongs(void **state)
{
	static const struct {
		uint8_t family;
		const char *local;
		uint8_t listener_family;
		const char *listener;
		bool expected;
	} cases[] = {
		{ AF_INET, "192.0.2.1", AF_INET, "0.0.0.0", true },
		{ AF_INET, "192.0.2.1", AF_INET, "192.0.2.1", true },
		{ AF_INET, "192.0.2.1", AF_INET, "192.0.2.2", false },
		{ AF_INET, "192.0.2.1", AF_INET, "127.0.0.1", false },
		{ AF_INET6, "2001:db8::1", AF_INET6, "::", true },
		{ AF_INET6, "2001:db8::1", AF_INET6, "2001:db8::1", true },
		{ AF_INET6, "2001:db8::1", AF_INET6, "2001:db8::2", false },
		{ AF_INET6, "2001:db8::1", AF_INET, "0.0.0.0", false },
		/* What a dual-stack listener accepts is mapped; 0.0.0.0 beside it gets its own. */
		{ AF_INET6, "::ffff:192.0.2.1", AF_INET6, "::", true },
		{ AF_INET6, "::ffff:192.0.2.1", AF_INET6, "::ffff:192.0.2.1", true },
		{ AF_INET6, "::ffff:192.0.2.1", AF_INET, "0.0.0.0", false },
		{ AF_INET, "192.0.2.1", AF_INET6, "::", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct source_socket socket = { .listener.endpoint =
						    at(cases[i].family, cases[i].local, 60855) };
		struct endpoint endpoint = at(cases[i].listener_family, cases[i].listener, 60855);

		if (connected_belongs(&socket, &endpoint) != cases[i].expected)
			fail_msg("%s at %s", cases[i].local, cases[i].listener);
		endpoint.port++;
		assert_false(connected_belongs(&socket, &endpoint));
		endpoint.port--;
		endpoint.netns = 7;
		assert_false(connected_belongs(&socket, &endpoint));
		endpoint.netns = 0;
		endpoint.protocol = PROTOCOL_UDP;
		assert_false(connected_belongs(&socket, &endpoint));
	}
}

static void
belongs_to_an_interface(void **state)
{
	struct source_socket socket = connection(AF_INET, "192.0.2.1", 60855, "192.0.2.9", 4000);
	struct endpoint endpoint = at(AF_INET, "0.0.0.0", 60855);

	(void)state;
	socket.listener.endpoint.interface = 3;
	assert_true(connected_belongs(&socket, &endpoint));
	endpoint.interface = 3;
	assert_true(connected_belongs(&socket, &endpoint));
	endpoint.interface = 4;
	assert_false(connected_belongs(&socket, &endpoint));
}

static void
ask(struct source *source, struct connected *connected)
{
	struct source_result result;

	assert_int_equal(source_run(source, &connected->request, connected_socket, connected,
			     TIMEOUT_USEC, &result),
	    0);
	connected_end(connected, result.incomplete);
}

static void
replay_answers(void **state)
{
	struct source_socket table[REPORT_PEERS_MAX + 7];
	const struct endpoint endpoints[] = {
		at(AF_INET, "0.0.0.0", 60855),
		at(AF_INET6, "::", 60856),
		at(AF_INET, "127.0.0.1", 60857),
	};
	struct source *source = NULL;
	struct connected connected;
	struct listener listener = { .endpoint = endpoints[2] };
	size_t count = 0;

	(void)state;
	for (; count < REPORT_PEERS_MAX + 4; count++)
		table[count] =
		    connection(AF_INET, "192.0.2.1", 60855, "192.0.2.9", (uint16_t)(4000 + count));
	table[count++] = connection(AF_INET6, "::ffff:192.0.2.1", 60856, "::ffff:192.0.2.7", 99);
	table[count++] = connection(AF_INET6, "2001:db8::1", 60856, "2001:db8::7", 98);
	table[count++] = connection(AF_INET, "127.0.0.1", 60858, "127.0.0.1", 97);
	assert_int_equal(source_open_replay(&source), 0);
	assert_int_equal(replay_set(source, &listener, 1, 0), 0);
	assert_int_equal(replay_set_connections(source, table, count), 0);
	connected_begin(&connected, endpoints, ARRAY_SIZE(endpoints));
	ask(source, &connected);

	/* All are counted, the first are kept. */
	assert_int_equal(connected.peers[0].count, REPORT_PEERS_MAX + 4);
	assert_int_equal(connected.peers[0].kept, REPORT_PEERS_MAX);
	assert_true(connected.peers[0].complete);
	assert_int_equal(connected.peers[0].peers[15].port, 4015);
	assert_int_equal(connected.peers[0].peers[15].family, AF_INET);
	/* A mapped address is told as what it is. */
	assert_int_equal(connected.peers[1].count, 2);
	assert_int_equal(connected.peers[1].peers[0].family, AF_INET);
	assert_memory_equal(connected.peers[1].peers[0].address,
	    at(AF_INET, "192.0.2.7", 0).address, 16);
	assert_int_equal(connected.peers[1].peers[0].port, 99);
	assert_int_equal(connected.peers[1].peers[1].family, AF_INET6);
	assert_memory_equal(connected.peers[1].peers[1].address,
	    at(AF_INET6, "2001:db8::7", 0).address, 16);
	/* The listener itself is nobody's peer. */
	assert_int_equal(connected.peers[2].count, 0);
	assert_int_equal(connected.peers[2].kept, 0);

	/* A doubtful answer says so, and the next question starts anew. */
	assert_int_equal(replay_set(source, NULL, 0, INCOMPLETE_OVERRUN), 0);
	connected_begin(&connected, endpoints + 1, 1);
	ask(source, &connected);
	assert_int_equal(connected.count, 1);
	assert_int_equal(connected.peers[0].count, 2);
	assert_false(connected.peers[0].complete);
	source_close(source);
}

static void
bounded_question(void **state)
{
	struct endpoint endpoints[CONNECTED_MAX + 1];
	struct connected connected;

	(void)state;
	for (size_t i = 0; i <= CONNECTED_MAX; i++)
		endpoints[i] = at(AF_INET, "0.0.0.0", (uint16_t)(50000 + 2 * i));
	connected_begin(&connected, endpoints, ARRAY_SIZE(endpoints));
	assert_int_equal(connected.count, CONNECTED_MAX);
	assert_int_equal(port_set_count(&connected.filter.ports), CONNECTED_MAX);
	assert_false(port_set_has(&connected.filter.ports, 50000 + 2 * CONNECTED_MAX));
}

static struct {
	int fds[SOCKETS_MAX];
	size_t count;
	int proc_fd;
} live = { .proc_fd = -1 };

static int
keep_fd(int fd)
{
	assert_true(fd >= 0);
	assert_true(live.count < SOCKETS_MAX);
	live.fds[live.count++] = fd;
	return fd;
}

static socklen_t
make_address(const struct endpoint *endpoint, struct sockaddr_storage *ret)
{
	struct sockaddr_in *inet = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *inet6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	ret->ss_family = endpoint->family;
	if (endpoint->family == AF_INET) {
		inet->sin_port = htons(endpoint->port);
		memcpy(&inet->sin_addr, endpoint->address, 4);
		return sizeof(*inet);
	}
	inet6->sin6_port = htons(endpoint->port);
	memcpy(&inet6->sin6_addr, endpoint->address, 16);
	return sizeof(*inet6);
}

static int
open_listener(const struct endpoint *endpoint)
{
	int fd = keep_fd(socket(endpoint->family, SOCK_STREAM | SOCK_CLOEXEC, 0)), yes = 1, no = 0;
	struct sockaddr_storage address;
	socklen_t length = make_address(endpoint, &address);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), 0);
	if (endpoint->family == AF_INET6)
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

/* A client's end; *ret_port is its own port. */
static int
open_client(const struct endpoint *endpoint, uint16_t *ret_port)
{
	int fd = keep_fd(socket(endpoint->family, SOCK_STREAM | SOCK_CLOEXEC, 0));
	struct sockaddr_storage address;
	socklen_t length = make_address(endpoint, &address);

	assert_int_equal(connect(fd, (const struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	/* The port lies at the same place in both families. */
	*ret_port = ntohs(((const struct sockaddr_in *)&address)->sin_port);
	return fd;
}

/* One peer at that endpoint, by that source. */
static void
expect_peer(const struct connected *connected, size_t index, const char *address, uint8_t family,
    uint16_t port)
{
	const struct report_peers *peers = &connected->peers[index];
	struct endpoint expected = at(family, address, port);

	assert_int_equal(peers->count, 1);
	assert_int_equal(peers->kept, 1);
	assert_true(peers->complete);
	assert_int_equal(peers->peers[0].family, family);
	assert_int_equal(peers->peers[0].port, port);
	assert_memory_equal(peers->peers[0].address, expected.address, 16);
}

static void
real_connections(struct source *source)
{
	struct endpoint endpoints[] = {
		at(AF_INET, "0.0.0.0", 50001),	 /* accepted */
		at(AF_INET6, "::", 50002),	 /* dual-stack, IPv4 client not accepted yet */
		at(AF_INET6, "::1", 50003),	 /* half closed by its client */
		at(AF_INET, "127.0.0.1", 50004), /* nobody */
		at(AF_INET, "127.0.0.1", 50005), /* only TIME_WAIT */
		at(AF_INET, "127.0.0.2", 50006), /* the same port at two addresses */
		at(AF_INET, "127.0.0.3", 50006),
	};
	const struct endpoint targets[] = {
		at(AF_INET, "127.0.0.1", 50001),
		at(AF_INET, "127.0.0.1", 50002),
		at(AF_INET6, "::1", 50003),
		at(AF_INET, "127.0.0.1", 50004),
		at(AF_INET, "127.0.0.1", 50005),
		at(AF_INET, "127.0.0.2", 50006),
	};
	int listeners[ARRAY_SIZE(endpoints)], clients[ARRAY_SIZE(targets)];
	uint16_t ports[ARRAY_SIZE(targets)];
	struct connected connected;
	char byte;

	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++)
		listeners[i] = open_listener(&endpoints[i]);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (i != 3)
			clients[i] = open_client(&targets[i], &ports[i]);
	(void)keep_fd(accept4(listeners[0], NULL, NULL, SOCK_CLOEXEC));
	assert_int_equal(shutdown(clients[2], SHUT_WR), 0);
	/* The server closes first, so TIME_WAIT is at its end; then the client reads the end. */
	assert_int_equal(close(accept4(listeners[4], NULL, NULL, SOCK_CLOEXEC)), 0);
	assert_int_equal(read(clients[4], &byte, 1), 0);
	assert_int_equal(shutdown(clients[4], SHUT_RDWR), 0);
	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++)
		endpoints[i].netns = source_netns(source);

	connected_begin(&connected, endpoints, ARRAY_SIZE(endpoints));
	ask(source, &connected);
	expect_peer(&connected, 0, "127.0.0.1", AF_INET, ports[0]);
	expect_peer(&connected, 1, "127.0.0.1", AF_INET, ports[1]);
	expect_peer(&connected, 2, "::1", AF_INET6, ports[2]);
	assert_int_equal(connected.peers[3].count, 0);
	assert_true(connected.peers[3].complete);
	assert_int_equal(connected.peers[4].count, 0);
	expect_peer(&connected, 5, "127.0.0.1", AF_INET, ports[5]);
	assert_int_equal(connected.peers[6].count, 0);
}

static void
netlink_answers(void **state)
{
	struct source *source = NULL;

	(void)state;
	if (live.proc_fd < 0)
		skip_because("needs root: no network namespace of its own");
	assert_int_equal(source_open_netlink(&source), 0);
	real_connections(source);
	source_close(source);
}

static void
proc_answers(void **state)
{
	struct source *source = NULL;

	(void)state;
	if (live.proc_fd < 0)
		skip_because("needs root: no network namespace of its own");
	assert_int_equal(source_open_proc(live.proc_fd, &source), 0);
	real_connections(source);
	source_close(source);
}

static void
only_tcp_has_connections(void **state)
{
	struct endpoint endpoint = at(AF_INET, "0.0.0.0", 50001);
	struct connected connected;
	struct source *source = NULL;

	(void)state;
	assert_int_equal(source_open_replay(&source), 0);
	connected_begin(&connected, &endpoint, 1);
	connected.request.protocol = PROTOCOL_UDP;
	connected.request.family = AF_INET;
	assert_int_equal(source_begin(source, &connected.request), -EINVAL);
	connected_begin(&connected, &endpoint, 1);
	connected.request.choice = CHOICE_AUTO;
	assert_int_equal(source_begin(source, &connected.request), -EINVAL);
	connected_begin(&connected, &endpoint, 1);
	connected.request.survey = true;
	assert_int_equal(source_begin(source, &connected.request), -EINVAL);
	source_close(source);
}

/* A namespace of the test's own, with its loopback up. */
static int
enter_namespace(void **state)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	(void)state;
	if (unshare(CLONE_NEWNET) < 0)
		return 0;
	_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return 0;
	live.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

static int
leave_namespace(void **state)
{
	(void)state;
	for (size_t i = 0; i < live.count; i++)
		(void)close(live.fds[i]);
	live.count = 0;
	if (live.proc_fd >= 0)
		(void)close(live.proc_fd);
	live.proc_fd = -1;
	return 0;
}

#define live_test(function) \
	cmocka_unit_test_setup_teardown(function, enter_namespace, leave_namespace)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(belongs),
		cmocka_unit_test(belongs_to_an_interface),
		cmocka_unit_test(replay_answers),
		cmocka_unit_test(bounded_question),
		cmocka_unit_test(only_tcp_has_connections),
		live_test(netlink_answers),
		live_test(proc_answers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kernel-connected", tests, NULL, NULL);
}
