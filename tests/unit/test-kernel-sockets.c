/* SPDX-License-Identifier: MIT */
/*
 * Real sockets of the kernel's, in network namespaces of the test's own: those of a VXLAN device,
 * here and moved away, and of an MPTCP endpoint; beside them a program's own. As root, where ip(8)
 * can make them.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/port-set.h"
#include "kernel/kernel-sockets.h"
#include "kernel/source.h"
#include "skip.h"

static void
keep_socket(const struct source_socket *socket, void *argument)
{
	struct unheld_socket *found = argument;

	*found = (struct unheld_socket){
		.endpoint = socket->listener.endpoint,
		.cookie = socket->listener.cookie,
		.uid = socket->listener.uid,
	};
}

/* The only listener on the port, as a poll sees it. */
static struct unheld_socket
find_listener(enum protocol protocol, uint8_t family, uint16_t port)
{
	const struct source_request request = { .protocol = protocol,
		.family = family,
		.port = port };
	struct unheld_socket found = { 0 };
	struct source_result result;
	struct source *source;

	assert_int_equal(source_open_netlink(&source), 0);
	assert_int_equal(
	    source_run(source, &request, keep_socket, &found, 10 * USEC_PER_SEC, &result), 0);
	assert_null(source_close(source));
	assert_int_equal(result.sockets, 1);
	return found;
}

static enum kernel_claim
claim_of(enum protocol protocol, uint8_t family, uint16_t port)
{
	struct unheld_socket socket = find_listener(protocol, family, port);

	kernel_sockets_ask(&socket, 1);
	return socket.claim;
}

static int
bind_udp(uint8_t family, uint16_t port, int loops)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;

	assert_true(fd >= 0);
	in6.sin6_addr = in6addr_loopback;
	if (family == AF_INET6)
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loops, sizeof(loops)), 0);
	assert_int_equal(family == AF_INET ? bind(fd, (const struct sockaddr *)&in, sizeof(in)) :
					     bind(fd, (const struct sockaddr *)&in6, sizeof(in6)),
	    0);
	return fd;
}

/* A namespace that somebody else stays in; returns its process. */
static pid_t
make_other_namespace(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return pid;
}

static void
end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
vxlan_names_its_port(void **state)
{
	_close_ int same = -1, other = -1, quiet = -1;
	char command[128];
	pid_t pid;

	(void)state;
	need_root();
	if (system("ip link add overstay0 type vxlan id 7 dstport 55432 local 127.0.0.1 dev lo && "
		   "ip link set overstay0 up") != 0)
		skip_because("no VXLAN device can be made");
	assert_int_equal(claim_of(PROTOCOL_UDP, AF_INET, 55432), KERNEL_CLAIM_PROVED);

	/* Beside the device: the same port of the other family, and another port. */
	same = bind_udp(AF_INET6, 55432, 1);
	assert_int_equal(claim_of(PROTOCOL_UDP, AF_INET6, 55432), KERNEL_CLAIM_NONE);
	other = bind_udp(AF_INET, 55433, 1);
	assert_int_equal(claim_of(PROTOCOL_UDP, AF_INET, 55433), KERNEL_CLAIM_NONE);
	/* A program that looks like a tunnel in this, too, cannot be told from one. */
	quiet = bind_udp(AF_INET, 55434, 0);
	assert_int_equal(claim_of(PROTOCOL_UDP, AF_INET, 55434), KERNEL_CLAIM_UNPROVED);

	/* The device goes, its socket stays. */
	pid = make_other_namespace();
	(void)snprintf(command, sizeof(command),
	    "ip link set overstay0 netns %d && nsenter -t %d -n ip link set overstay0 up", (int)pid,
	    (int)pid);
	assert_int_equal(system(command), 0);
	assert_int_equal(claim_of(PROTOCOL_UDP, AF_INET, 55432), KERNEL_CLAIM_UNPROVED);
	assert_int_equal(claim_of(PROTOCOL_UDP, AF_INET, 55433), KERNEL_CLAIM_NONE);
	end(pid);
}

/* A device that was made in another namespace has its socket there. */
static void
foreign_vxlan_names_nothing(void **state)
{
	_close_ int quiet = -1;
	char command[256];
	pid_t pid;

	(void)state;
	need_root();
	pid = make_other_namespace();
	(void)snprintf(command, sizeof(command),
	    "nsenter -t %d -n ip link add overstay1 type vxlan id 8 dstport 55435 local 127.0.0.1 "
	    "&& nsenter -t %d -n ip link set overstay1 netns %d && ip link set overstay1 up",
	    (int)pid, (int)pid, (int)getpid());
	if (system(command) != 0) {
		end(pid);
		skip_because("no VXLAN device can be made");
	}
	quiet = bind_udp(AF_INET, 55435, 0);
	assert_int_equal(claim_of(PROTOCOL_UDP, AF_INET, 55435), KERNEL_CLAIM_UNPROVED);
	assert_int_equal(system("ip link del overstay1"), 0);
	end(pid);
}

/* One that is down has no socket. */
static void
vxlan_that_is_down_names_nothing(void **state)
{
	_close_ int quiet = -1;

	(void)state;
	need_root();
	if (system("ip link add overstay2 type vxlan id 9 dstport 55436 local 127.0.0.1") != 0)
		skip_because("no VXLAN device can be made");
	quiet = bind_udp(AF_INET, 55436, 0);
	assert_int_equal(claim_of(PROTOCOL_UDP, AF_INET, 55436), KERNEL_CLAIM_UNPROVED);
	assert_int_equal(system("ip link del overstay2"), 0);
}

static int
listen_tcp(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void
mptcp_names_its_endpoints(void **state)
{
	_close_ int other = -1;

	(void)state;
	need_root();
	if (system("ip mptcp endpoint add 127.0.0.1 port 55437 signal 2>/dev/null && "
		   "ip mptcp endpoint add ::1 port 55438 signal") != 0)
		skip_because("no MPTCP endpoint can be made");
	assert_int_equal(claim_of(PROTOCOL_TCP, AF_INET, 55437), KERNEL_CLAIM_PROVED);
	assert_int_equal(claim_of(PROTOCOL_TCP, AF_INET6, 55438), KERNEL_CLAIM_PROVED);
	/* The port of an endpoint on another address is another's. */
	other = listen_tcp(55438);
	assert_int_equal(claim_of(PROTOCOL_TCP, AF_INET, 55438), KERNEL_CLAIM_NONE);
	assert_int_equal(system("ip mptcp endpoint flush"), 0);
}

/* What is known already is not less after, and many are asked for at once. */
static void
many_sockets(void **state)
{
	struct unheld_socket sockets[64];
	_close_ int fd = -1;

	(void)state;
	need_root();
	fd = bind_udp(AF_INET, 55439, 1);
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		sockets[i] = find_listener(PROTOCOL_UDP, AF_INET, 55439);
		sockets[i].claim = (enum kernel_claim)(i % 3);
	}
	kernel_sockets_ask(sockets, ARRAY_SIZE(sockets));
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++)
		assert_int_equal(sockets[i].claim, i % 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vxlan_names_its_port),
		cmocka_unit_test(foreign_vxlan_names_nothing),
		cmocka_unit_test(vxlan_that_is_down_names_nothing),
		cmocka_unit_test(mptcp_names_its_endpoints),
		cmocka_unit_test(many_sockets),
	};

	if (geteuid() == 0 &&
	    (unshare(CLONE_NEWNET) < 0 || system("ip link set lo up 2>/dev/null") < 0))
		return EXIT_FAILURE;
	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
