/* SPDX-License-Identifier: MIT */
/*
 * What overstayd and overstay-names say to each other, over a Unix socket of type SOCK_SEQPACKET,
 * by the rules of wire/protocol.h (one packet is one message, numbers in the host's order):
 *
 *	question  header, wire_name_question, name
 *	answer    header, wire_name_answer, name
 *
 * A question is about one user or group: by its name it asks for the number, by the number for
 * the name. Or it is about a port that no process holds: it asks who registered it with rpcbind for
 * a service of the kernel. Each is answered by one packet with the same id, in any order, or not at
 * all: what hangs is ended with its question. The name has no terminating NUL, and its length
 * stands in the struct before.
 */
#ifndef OVERSTAY_WIRE_NAMES_H
#define OVERSTAY_WIRE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "model/listener.h"
#include "model/named.h"
#include "wire/protocol.h"

/* "OVN" and a number. */
#define NAMES_VERSION 0x4f564e02U

/* Questions that are answered at once, each by a process of its own; the others wait for them. */
#define NAMES_OPEN_MAX 32

/* A process that answers one question is ended after this. */
#define NAMES_SECONDS_MAX 3

enum wire_names_type {
	NAMES_QUESTION = 1,
	NAMES_ANSWER,
};

enum names_key {
	NAMES_BY_NAME,
	NAMES_BY_ID,
	NAMES_BY_PORT, /* as names_port() makes the id */
	NAMES_KEY_COUNT,
};

struct wire_name_question {
	uint32_t key;	      /* enum names_key */
	uint32_t group;	      /* 0: of a user, 1: of a group; 0 with a port */
	uint32_t id;	      /* 0 with a name */
	uint32_t name_length; /* 1 to NAMED_MAX, 0 with an id */
};

enum names_status {
	NAMES_FOUND,
	NAMES_ABSENT, /* the name services know none */
	NAMES_FAILED, /* they cannot say now */
	NAMES_STATUS_COUNT,
};

struct wire_name_answer {
	uint32_t status; /* enum names_status */
	uint32_t id;	 /* of one that was asked for by name and found, else 0 */
	uint32_t
	    name_length; /* of one that was asked for by id and found, 1 to NAMED_MAX, else 0 */
};

#define NAMES_PACKET_MAX \
	(sizeof(struct wire_header) + sizeof(struct wire_name_question) + NAMED_MAX)

/* The same, taken apart. */
struct names_question {
	enum names_key key;
	bool group;
	uint32_t id;
	char name[NAMED_MAX + 1];
};

struct names_answer {
	enum names_status status;
	uint32_t id;
	char name[NAMED_MAX + 1]; /* "" = there is none */
};

/* The id of a port, of all addresses of its family; and back. Returns 0, -EPROTO if it is none. */
uint32_t names_port(const struct endpoint *endpoint);
int names_port_parse(uint32_t id, struct endpoint *ret) _mustcheck_;

/* Write a packet of at most NAMES_PACKET_MAX bytes. Return its length. */
size_t names_encode_question(char *packet, uint32_t id, const struct names_question *question);
size_t names_encode_answer(char *packet, uint32_t id, const struct names_answer *answer);

/* Take a packet apart, every byte of which is doubted. Return 0 or -EPROTO. */
int names_decode_question(const char *packet, size_t length, uint32_t *ret_id,
    struct names_question *ret) _mustcheck_;
int names_decode_answer(const char *packet, size_t length, uint32_t *ret_id,
    struct names_answer *ret) _mustcheck_;

#endif
