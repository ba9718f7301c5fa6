/* SPDX-License-Identifier: MIT */
/*
 * Packets about paths: what is written is read back the same, and what makes no sense is refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode-request.h"
#include "model/link.h"
#include "wire/client.h"
#include "wire/encode.h"

/* Writes a number over the packet, parses a copy of exactly its size, and puts it back. */
static int
parse_changed(char *packet, size_t length, size_t at, uint32_t value)
{
	struct lookup_client_packet answer = { 0 };
	uint32_t before;
	char *copy = malloc(length);
	int r;

	assert_non_null(copy);
	memcpy(&before, packet + at, sizeof(before));
	memcpy(packet + at, &value, sizeof(value));
	memcpy(copy, packet, length);
	memcpy(packet + at, &before, sizeof(before));
	r = lookup_client_parse(copy, length, &answer);
	free(copy);
	if (r == 0)
		owner_unref(answer.owner);
	else
		assert_int_equal(r, -EPROTO);
	return r;
}

/* A request for these paths and no socket, as bytes. Returns its length. */
static size_t
make_paths(char *packet, const char *const *paths, uint32_t count, size_t longest)
{
	struct wire_request request = { .path_count = count };
	struct wire_header header = { .version = LOOKUP_VERSION, .type = LOOKUP_REQUEST, .id = 77 };
	size_t at = sizeof(header) + sizeof(request);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t length = (uint32_t)(longest > 0 ? longest : strlen(paths[i]));

		memcpy(packet + at, &length, sizeof(length));
		memcpy(packet + at + sizeof(length), paths[i], strlen(paths[i]));
		at += sizeof(length) + strlen(paths[i]);
	}
	header.length = (uint32_t)at;
	memcpy(packet, &header, sizeof(header));
	memcpy(packet + sizeof(header), &request, sizeof(request));
	return at;
}

static int
decode_paths(const char *packet, size_t length, struct wire_paths *paths)
{
	struct wire_question questions[LOOKUP_INODES_MAX];
	char *copy = malloc(length);
	uint32_t id;
	int r;

	assert_non_null(copy);
	memcpy(copy, packet, length);
	r = decode_request(copy, length, &id, questions, paths);
	free(copy);
	return r;
}

static void
test_paths(void **state)
{
	static const char *const good[] = { "/bin", "/usr/bin/java" };
	static const char *const relative[] = { "bin" };
	static const char *many[LINKS_MAX + 1];
	static char packet[2 * LOOKUP_PACKET_MAX], big[LINKS_BYTES_MAX];
	struct wire_question questions[LOOKUP_INODES_MAX];
	struct wire_paths paths;
	size_t length = make_paths(packet, good, 2, 0), found;
	uint32_t id;

	(void)state;
	assert_int_equal(decode_request(packet, length, &id, questions, &paths), 0);
	assert_int_equal(id, 77);
	assert_memory_equal(paths_next(&paths, &found), "/bin", 4);
	assert_int_equal(found, 4);
	assert_memory_equal(paths_next(&paths, &found), "/usr/bin/java", 13);
	assert_int_equal(found, 13);
	assert_null(paths_next(&paths, &found));
	/* Cut anywhere, or longer than it says. */
	for (size_t cut = 0; cut < length; cut++) {
		uint32_t said = (uint32_t)cut;

		memcpy(packet + offsetof(struct wire_header, length), &said, sizeof(said));
		assert_int_equal(decode_paths(packet, cut, &paths), -EPROTO);
	}
	assert_int_equal(decode_paths(packet, make_paths(packet, relative, 1, 0), &paths), -EPROTO);
	assert_int_equal(decode_paths(packet, make_paths(packet, good, 1, 5), &paths), -EPROTO);
	assert_int_equal(decode_paths(packet, make_paths(packet, good, 1, 3), &paths), -EPROTO);
	assert_int_equal(decode_paths(packet, make_paths(packet, good, 1, UINT32_MAX), &paths),
	    -EPROTO);
	length = make_paths(packet, good, 1, 0);
	packet[length - 1] = '\0';
	assert_int_equal(decode_paths(packet, length, &paths), -EPROTO);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = "/x";
	assert_int_equal(decode_paths(packet, make_paths(packet, many, LINKS_MAX, 0), &paths), 0);
	assert_int_equal(decode_paths(packet, make_paths(packet, many, LINKS_MAX + 1, 0), &paths),
	    -EPROTO);
	/* All together are bounded, and each is. */
	memset(big, 'x', LINK_PATH_MAX - 1);
	big[0] = '/';
	for (size_t i = 0; i < 5; i++)
		many[i] = big;
	assert_int_equal(decode_paths(packet, make_paths(packet, many, 4, 0), &paths), 0);
	assert_int_equal(decode_paths(packet, make_paths(packet, many, 5, 0), &paths), -EPROTO);
	big[LINK_PATH_MAX - 1] = 'x';
	assert_int_equal(decode_paths(packet, make_paths(packet, many, 1, 0), &paths), -EPROTO);
}

/* Where paths lead: written and read back; of what does not fit nobody knows. */
static void
test_links(void **state)
{
	static const char *const asked[] = { "/bin", "/usr/bin/java", "/none" };
	static char request[LOOKUP_PACKET_MAX], packet[LOOKUP_PACKET_MAX];
	static struct lookup_client_packet answer;
	struct wire_question questions[LOOKUP_INODES_MAX];
	static char far[LINK_PATH_MAX];
	struct links_packet links;
	struct wire_paths paths;
	size_t length = make_paths(request, asked, 3, 0);
	uint32_t id;

	(void)state;
	assert_int_equal(decode_request(request, length, &id, questions, &paths), 0);
	encode_links_begin(&links, packet, paths);
	encode_link(&links, "/bin", 4, "/usr/bin");
	encode_link(&links, "/usr/bin/java", 13, "/usr/lib/jvm/java");
	encode_link(&links, "/none", 5, NULL);
	length = encode_links_end(&links, 9);
	assert_int_equal(lookup_client_parse(packet, length, &answer), 0);
	assert_int_equal(answer.id, 9);
	assert_false(answer.done);
	assert_null(answer.owner);
	assert_int_equal(answer.link_count, 3);
	assert_int_equal(answer.links[1].target_length, 17);
	assert_memory_equal(answer.links[1].target, "/usr/lib/jvm/java", 17);
	assert_int_equal(answer.links[2].target_length, 0);
	assert_null(answer.links[2].target);
	for (size_t at = 16; at + 4 <= length; at++) {
		uint32_t values[] = { 0, 1, LINK_PATH_MAX, UINT32_MAX };

		/* Nothing that it says of lengths is believed. */
		for (size_t i = 0; i < ARRAY_SIZE(values); i++)
			(void)parse_changed(packet, length, at, values[i]);
	}
	assert_int_equal(parse_changed(packet, length, 16, 0), -EPROTO);
	assert_int_equal(parse_changed(packet, length, 16, 2), -EPROTO);
	assert_int_equal(parse_changed(packet, length, 16, 4), -EPROTO);
	assert_int_equal(parse_changed(packet, length, 16, LINKS_MAX + 1), -EPROTO);
	/* No path, a relative one, one with a NUL, and the same of what it leads to. */
	assert_int_equal(parse_changed(packet, length, 20, 0), -EPROTO);
	assert_int_equal(parse_changed(packet, length, 28, 0x6e696262), -EPROTO);
	assert_int_equal(parse_changed(packet, length, 28, 0x6e00622f), -EPROTO);
	assert_int_equal(parse_changed(packet, length, 32, 0x72737575), -EPROTO);
	assert_int_equal(parse_changed(packet, length, 32, 0x7200752f), -EPROTO);
	/* The longest there are: the packet is never passed, and each path is answered. */
	memset(far, 'x', sizeof(far) - 1);
	far[0] = '/';
	encode_links_begin(&links, packet, paths);
	links.left = 40 * (sizeof(struct wire_link) + 4);
	for (unsigned i = 0; i < 40; i++)
		encode_link(&links, "/bin", 4, far);
	length = encode_links_end(&links, 9);
	assert_true(length <= LOOKUP_PACKET_MAX);
	assert_int_equal(lookup_client_parse(packet, length, &answer), 0);
	assert_int_equal(answer.link_count, 40);
	assert_int_equal(answer.links[0].target_length, LINK_PATH_MAX - 1);
	assert_int_equal(answer.links[39].target_length, 0);
	assert_null(answer.links[39].target);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_links),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
