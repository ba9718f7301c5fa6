/* SPDX-License-Identifier: MIT */
/*
 * Requests as overstay-lookup reads them, of one packet and of several: what is let through, and
 * what ends the connection.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decode-request.h"

struct asked {
	struct wire_header header;
	struct wire_request request;
	struct wire_question questions[LOOKUP_INODES_MAX];
} __attribute__((packed));

static int
decode(struct asked *request, size_t count)
{
	struct wire_question questions[LOOKUP_INODES_MAX];
	struct wire_paths paths;
	uint32_t id = 0;
	size_t length = offsetof(struct asked, questions) + count * sizeof(request->questions[0]);
	int r;

	request->header.length = (uint32_t)length;
	r = decode_request((const char *)request, length, &id, questions, &paths);
	if (r > 0) {
		assert_int_equal(id, 77);
		for (int i = 1; i < r; i++)
			assert_true(questions[i].inode > questions[i - 1].inode);
	}
	return r;
}

static void
test_request(void **state)
{
	struct asked request = {
		.header = { .version = LOOKUP_VERSION, .type = LOOKUP_REQUEST, .id = 77 },
		.request = { .count = 3 },
		.questions = {
			{ .inode = 30 },
			{ .inode = 10, .uid = 1, .protocol = LOOKUP_UDP },
			{ .inode = 20, .uid = 2, .flags = LOOKUP_QUESTION_FLAGS },
		},
	};
	struct wire_question questions[LOOKUP_INODES_MAX];
	struct wire_paths paths;
	uint32_t id;

	(void)state;
	assert_int_equal(decode(&request, 3), 3);
	assert_int_equal(decode(&request, 2), -EPROTO);
	assert_int_equal(decode(&request, 4), -EPROTO);
	request.questions[2].inode = 10;
	assert_int_equal(decode(&request, 3), -EPROTO);
	request.questions[2].inode = 0;
	assert_int_equal(decode(&request, 3), -EPROTO);
	request.questions[2].inode = 5;
	request.questions[1].protocol = LOOKUP_PROTOCOL_COUNT;
	assert_int_equal(decode(&request, 3), -EPROTO);
	request.questions[1].protocol = LOOKUP_TCP;
	request.questions[1].flags = LOOKUP_QUESTION_FLAGS + 1;
	assert_int_equal(decode(&request, 3), -EPROTO);
	request.questions[1].flags = 0;
	assert_int_equal(decode(&request, 3), 3);
	request.header.version++;
	assert_int_equal(decode(&request, 3), -EPROTO);
	request.header.version--;
	request.header.type = LOOKUP_OWNER;
	assert_int_equal(decode(&request, 3), -EPROTO);
	request.header.type = LOOKUP_REQUEST;
	request.request.count = 0;
	assert_int_equal(decode(&request, 0), -EPROTO);
	request.request.count = LOOKUP_INODES_MAX + 1;
	assert_int_equal(decode(&request, LOOKUP_INODES_MAX), -EPROTO);
	request.request.count = UINT32_MAX;
	assert_int_equal(decode(&request, 3), -EPROTO);
	for (size_t length = 0; length < offsetof(struct asked, questions); length++)
		assert_int_equal(decode_request((char *)&request, length, &id, questions, &paths),
		    -EPROTO);
}

/* Takes a packet with so many questions, from `first` on, and so many that are to follow. */
static int
take(struct request *request, uint32_t first, uint32_t count, uint32_t left, uint32_t id)
{
	static struct asked packet;
	size_t length = offsetof(struct asked, questions) + count * sizeof(packet.questions[0]);

	packet = (struct asked){
		.header = { LOOKUP_VERSION, LOOKUP_REQUEST, id, (uint32_t)length },
		.request = { .count = count, .left = left },
	};
	for (uint32_t i = 0; i < count; i++)
		packet.questions[i].inode = first + i;
	return request_take(request, (const char *)&packet, length);
}

/* A request of several packets: full ones, one behind the other, of one request, to the last. */
static void
test_request_of_several_packets(void **state)
{
	const uint32_t full = LOOKUP_INODES_MAX;
	static const struct {
		uint32_t first, count, left, id;
		int wanted;
	} seconds[] = {
		{ 1, 5, 0, 77, 0 },	  /* the rest */
		{ 1, 5, 0, 78, -EPROTO }, /* of another request */
		{ 1, 4, 0, 77, -EPROTO }, /* not all */
		{ 1, 4, 1, 77, -EPROTO }, /* not full */
		{ 1, 6, 0, 77, -EPROTO }, /* too many */
		{ 2, 5, 0, 77, -EPROTO }, /* one was in the first, too */
		{ 1, 0, 5, 77, -EPROTO }, /* none, for ever */
		{ 1, 5, UINT32_MAX, 77, -EPROTO },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
		struct request request = { 0 };

		assert_int_equal(take(&request, 6, full, 5, 77), 1);
		assert_int_equal(take(&request, seconds[i].first, seconds[i].count, seconds[i].left,
				     seconds[i].id),
		    seconds[i].wanted);
		if (seconds[i].wanted == 0)
			for (size_t at = 0; at < request.count; at++)
				assert_int_equal(request.questions[at].inode, at + 1);
		request_clear(&request);
	}
}

static void
test_largest_request(void **state)
{
	const uint32_t full = LOOKUP_INODES_MAX;
	struct request request = { 0 };

	(void)state;
	assert_int_equal(take(&request, 1, full, LOOKUP_QUESTIONS_MAX - full + 1, 1), -EPROTO);
	assert_int_equal(take(&request, 1, full - 1, full, 1), -EPROTO);
	for (uint32_t first = 0; first < LOOKUP_QUESTIONS_MAX; first += full)
		assert_int_equal(
		    take(&request, first + 1, full, LOOKUP_QUESTIONS_MAX - full - first, 1),
		    first + full < LOOKUP_QUESTIONS_MAX);
	assert_int_equal(request.count, LOOKUP_QUESTIONS_MAX);
	assert_int_equal(request.left, 0);
	request_clear(&request);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_request_of_several_packets),
		cmocka_unit_test(test_largest_request),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
