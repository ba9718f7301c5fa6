/* SPDX-License-Identifier: MIT */
/*
 * A kernel of the test's own behind the netlink source: the linker hands recvmsg() and sendto()
 * over to netlink-play.c (-Wl,--wrap), which plays datagrams from a list and keeps the questions.
 */
#ifndef OVERSTAY_TESTS_NETLINK_PLAY_H
#define OVERSTAY_TESTS_NETLINK_PLAY_H

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "kernel/source.h"

#define DATAGRAMS_MAX 8
#define DATAGRAM_SIZE 40000

struct datagram {
	_Alignas(8) char bytes[DATAGRAM_SIZE];
	size_t length;
	uint32_t sender;
	int flags;
	int error; /* instead of a datagram */
	bool mute; /* its messages keep the sequence number they have */
};

struct played {
	struct datagram list[DATAGRAMS_MAX];
	size_t count, next;
	char questions[4][1024];
	size_t question_count;
	uint32_t portid;
	struct source_socket sockets[600];
	size_t socket_count;
};

extern struct played played;

/* The index'th question that was put. */
const struct nlmsghdr *question(size_t index);

struct datagram *add_datagram(void);

/* Appends a message with length bytes of body. */
struct nlmsghdr *add_message(struct datagram *datagram, uint16_t type, const void *body,
    size_t length);
struct nlmsghdr *add_done(struct datagram *datagram, int error);
void add_error(struct datagram *datagram, int error);

struct inet_diag_msg socket_body(uint8_t family, uint8_t state, uint16_t port);
struct nlmsghdr *add_socket(struct datagram *datagram, uint16_t type, uint8_t family, uint8_t state,
    uint16_t port);

/* Appends an attribute to the datagram's last message. */
struct nlattr *add_attribute(struct datagram *datagram, struct nlmsghdr *header, uint16_t type,
    const void *data, uint16_t length);

/* A source_function that fills played.sockets. */
void keep(const struct source_socket *socket, void *argument);

/* The listeners of 49152-65535. */
struct source_request listeners(enum protocol protocol, uint8_t family);

/* cmocka's set-up and tear-down: *state is the source. */
int open_source(void **state);
int close_source(void **state);

/* Forgets all that was prepared and said. */
void play_again(void);

/* Runs the request over what was prepared, until there is nothing more. As source_step(). */
int answer(struct source *source, const struct source_request *request, struct source_result *ret);

/* A TCP dump of both families must end, with these bits and so many sockets. */
void expect_answer(struct source *source, uint32_t incomplete, size_t sockets);

#define with_source(function) cmocka_unit_test_setup_teardown(function, open_source, close_source)

#endif
