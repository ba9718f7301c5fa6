/* SPDX-License-Identifier: MIT */
/*
 * One place of a crowded port, asked of the real kernel in a network namespace of the test's own:
 * the sockets there are found, and no others.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "kernel/source.h"
#include "skip.h"

#define PORT	     50001
#define CROWD	     300
#define TIMEOUT_USEC (10 * USEC_PER_SEC)

struct found {
	struct listener listeners[2 * CROWD];
	size_t count;
};

struct opened {
	int family, type;
	bool on_loopback; /* SO_BINDTODEVICE lo */
	const char *address;
	size_t count; /* so many of these */
	uint64_t cookie;
};

static void
set_option(int fd, int level, int option, int value)
{
	assert_int_equal(setsockopt(fd, level, option, &value, sizeof(value)), 0);
}

/* All that were opened, to be closed. */
static int sockets[CROWD + 16];
static size_t socket_count;

static uint64_t
open_at(const struct opened *opened)
{
	struct sockaddr_in6 inet6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	struct sockaddr_in inet = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	bool is_inet6 = opened->family == AF_INET6;
	int fd = socket(opened->family, opened->type | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	assert_true(fd >= 0);
	assert_true(socket_count < ARRAY_SIZE(sockets));
	sockets[socket_count++] = fd;
	set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (is_inet6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY,
		    strncmp(opened->address, "::ffff:", 7) != 0);
	if (opened->on_loopback)
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
	assert_int_equal(inet_pton(opened->family, opened->address,
			     is_inet6 ? (void *)&inet6.sin6_addr : &inet.sin_addr),
	    1);
	assert_int_equal(
	    bind(fd, is_inet6 ? (const struct sockaddr *)&inet6 : (const struct sockaddr *)&inet,
		is_inet6 ? sizeof(inet6) : sizeof(inet)),
	    0);
	if (opened->type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length), 0);
	return cookie;
}

static void
keep(const struct source_socket *socket, void *argument)
{
	struct found *found = argument;

	assert_true(found->count < ARRAY_SIZE(found->listeners));
	found->listeners[found->count++] = socket->listener;
}

/* Returns the listener with that cookie, NULL = none. */
static const struct listener *
ask(struct source *source, const struct source_request *request, uint64_t cookie,
    struct found *found)
{
	struct source_result result;

	found->count = 0;
	assert_int_equal(source_run(source, request, keep, found, TIMEOUT_USEC, &result), 0);
	assert_int_equal(result.incomplete, 0);
	for (size_t i = 0; i < found->count; i++)
		if (found->listeners[i].cookie == cookie)
			return &found->listeners[i];
	return NULL;
}

static void
expect_place(struct source *source, const struct opened *opened)
{
	static struct port_filter filter;
	static struct found found;
	struct source_place place = { 0 };
	struct source_request request = {
		.protocol = opened->type == SOCK_DGRAM ? PROTOCOL_UDP : PROTOCOL_TCP,
		.family = (uint8_t)opened->family,
		.port = PORT,
		.filter = &filter,
	};
	const struct listener *listener = ask(source, &request, opened->cookie, &found);
	uint64_t cgroup;

	assert_non_null(listener);
	place.endpoint = listener->endpoint;
	cgroup = listener->cgroup;
	request.place = &place;
	assert_non_null(ask(source, &request, opened->cookie, &found));
	assert_int_equal(found.count, opened->count);
	place.cgroup = cgroup;
	assert_non_null(ask(source, &request, opened->cookie, &found));
	assert_int_equal(found.count, opened->count);
	/* Before Linux 5.8 no socket has one. */
	place.cgroup = cgroup + 1;
	if (cgroup != 0)
		assert_null(ask(source, &request, opened->cookie, &found));
	request.family = AF_UNSPEC;
	assert_int_equal(source_begin(source, &request), -EINVAL);
}

static void
one_place_of_a_crowded_port(void **state)
{
	static struct opened opened[] = {
		{ AF_INET, SOCK_DGRAM, false, "127.0.0.2", 2, 0 },
		{ AF_INET, SOCK_DGRAM, true, "127.0.0.2", 1, 0 },
		{ AF_INET, SOCK_DGRAM, false, "0.0.0.0", 1, 0 },
		{ AF_INET6, SOCK_DGRAM, false, "::", 1, 0 },
		{ AF_INET6, SOCK_DGRAM, false, "::ffff:127.0.0.2", 1, 0 },
		{ AF_INET, SOCK_STREAM, false, "127.0.0.2", 2, 0 },
		{ AF_INET, SOCK_STREAM, true, "127.0.0.2", 1, 0 },
		{ AF_INET6, SOCK_STREAM, false, "::1", 1, 0 },
		{ AF_INET6, SOCK_STREAM, false, "::ffff:127.0.0.2", 1, 0 },
		{ AF_INET, SOCK_STREAM, false, "127.0.0.3", CROWD / 2, 0 },
		{ AF_INET, SOCK_DGRAM, false, "127.0.0.3", CROWD / 2, 0 },
	};
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	struct source *source = NULL;

	(void)state;
	need_root();
	if (unshare(CLONE_NEWNET) < 0)
		skip_because("no network namespace of its own");
	_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &up), 0);
	assert_int_equal(source_open_netlink(&source), 0);
	for (size_t i = 0; i < ARRAY_SIZE(opened); i++)
		for (size_t j = 0; j < opened[i].count; j++)
			opened[i].cookie = open_at(&opened[i]);
	for (size_t i = 0; i < ARRAY_SIZE(opened); i++)
		expect_place(source, &opened[i]);
	while (socket_count > 0)
		(void)close(sockets[--socket_count]);
	(void)source_close(source);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_place_of_a_crowded_port),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kernel-place", tests, NULL, NULL);
}
