/* SPDX-License-Identifier: MIT */
/*
 * Packets of names.h, written and taken apart. All is copied with memcpy(), so nothing depends on
 * alignment. No descriptor and no state, so that a fuzzer can call it.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/names.h"

/* A port's id has the protocol and the family above it. */
#define PORT_PROTOCOL_SHIFT 16
#define PORT_FAMILY_SHIFT   24

uint32_t
names_port(const struct endpoint *endpoint)
{
	return (uint32_t)(endpoint->family == AF_INET6) << PORT_FAMILY_SHIFT |
	    (uint32_t)endpoint->protocol << PORT_PROTOCOL_SHIFT | endpoint->port;
}

int
names_port_parse(uint32_t id, struct endpoint *ret)
{
	uint32_t family = id >> PORT_FAMILY_SHIFT;
	uint32_t protocol = id >> PORT_PROTOCOL_SHIFT & UINT8_MAX;

	if (family > 1 || protocol >= PROTOCOL_COUNT || (id & UINT16_MAX) == 0)
		return -EPROTO;
	*ret = (struct endpoint){
		.family = family == 1 ? AF_INET6 : AF_INET,
		.protocol = (uint8_t)protocol,
		.port = (uint16_t)id,
	};
	return 0;
}

/* Writes header, fixed part and name. Returns the length. */
static size_t
put_packet(char *packet, enum wire_names_type type, uint32_t id, const void *fixed, size_t size,
    const char *name)
{
	size_t name_length = strlen(name);
	struct wire_header header = {
		.version = NAMES_VERSION,
		.type = type,
		.id = id,
		.length = (uint32_t)(sizeof(header) + size + name_length),
	};

	memcpy(packet, &header, sizeof(header));
	memcpy(packet + sizeof(header), fixed, size);
	memcpy(packet + sizeof(header) + size, name, name_length);
	return header.length;
}

size_t
names_encode_question(char *packet, uint32_t id, const struct names_question *question)
{
	struct wire_name_question fixed = {
		.key = question->key,
		.group = question->group,
		.id = question->id,
		.name_length = (uint32_t)strlen(question->name),
	};

	return put_packet(packet, NAMES_QUESTION, id, &fixed, sizeof(fixed), question->name);
}

size_t
names_encode_answer(char *packet, uint32_t id, const struct names_answer *answer)
{
	struct wire_name_answer fixed = {
		.status = answer->status,
		.id = answer->id,
		.name_length = (uint32_t)strlen(answer->name),
	};

	return put_packet(packet, NAMES_ANSWER, id, &fixed, sizeof(fixed), answer->name);
}

/* Takes header and fixed part, if it is such a packet. */
static int
take_packet(const char *packet, size_t length, enum wire_names_type type, uint32_t *ret_id,
    void *fixed, size_t size)
{
	struct wire_header header;

	if (length < sizeof(header) + size)
		return -EPROTO;
	memcpy(&header, packet, sizeof(header));
	if (header.version != NAMES_VERSION || header.type != type || header.length != length)
		return -EPROTO;
	memcpy(fixed, packet + sizeof(header), size);
	*ret_id = header.id;
	return 0;
}

/* Takes the rest of the packet, which has to be a name of that length; name is all zero before. */
static int
take_name(const char *rest, size_t left, uint32_t length, char name[NAMED_MAX + 1])
{
	if (length > NAMED_MAX || length != left || memchr(rest, '\0', left) != NULL)
		return -EPROTO;
	memcpy(name, rest, length);
	return 0;
}

int
names_decode_question(const char *packet, size_t length, uint32_t *ret_id,
    struct names_question *ret)
{
	const size_t before = sizeof(struct wire_header) + sizeof(struct wire_name_question);
	struct wire_name_question fixed;
	int r = take_packet(packet, length, NAMES_QUESTION, ret_id, &fixed, sizeof(fixed));

	if (r < 0)
		return r;
	if (fixed.key >= NAMES_KEY_COUNT || fixed.group > 1 ||
	    (fixed.key != NAMES_BY_NAME) != (fixed.name_length == 0) ||
	    (fixed.key == NAMES_BY_PORT && fixed.group != 0) ||
	    (fixed.key == NAMES_BY_NAME && fixed.id != 0))
		return -EPROTO;
	*ret = (struct names_question){
		.key = (enum names_key)fixed.key,
		.group = fixed.group == 1,
		.id = fixed.id,
	};
	return take_name(packet + before, length - before, fixed.name_length, ret->name);
}

int
names_decode_answer(const char *packet, size_t length, uint32_t *ret_id, struct names_answer *ret)
{
	const size_t before = sizeof(struct wire_header) + sizeof(struct wire_name_answer);
	struct wire_name_answer fixed;
	int r = take_packet(packet, length, NAMES_ANSWER, ret_id, &fixed, sizeof(fixed));

	if (r < 0)
		return r;
	if (fixed.status >= NAMES_STATUS_COUNT ||
	    (fixed.status != NAMES_FOUND && (fixed.id != 0 || fixed.name_length != 0)) ||
	    (fixed.name_length != 0 && fixed.id != 0) || fixed.id == UINT32_MAX)
		return -EPROTO;
	*ret = (struct names_answer){ .status = (enum names_status)fixed.status, .id = fixed.id };
	return take_name(packet + before, length - before, fixed.name_length, ret->name);
}
