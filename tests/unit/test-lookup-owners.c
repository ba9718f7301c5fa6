/* SPDX-License-Identifier: MIT */
/*
 * The asking side against an overstay-lookup that is played by the test: one that answers,
 * one that lies, one that is silent, one that goes away. Every inode asked for is told
 * exactly once.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "decode-request.h"
#include "lookup-help.h"
#include "model/listener.h"
#include "wire/encode.h"
#include "wire/client.h"

struct pair {
	char directory[64];
	struct sockaddr_un address;
	int listener;
	int peer; /* the played side */
	struct lookup_client *owners;
	struct help_answers answers;
};

static int
setup(void **state)
{
	static struct pair pair;

	(void)snprintf(pair.directory, sizeof(pair.directory), "/tmp/overstay-owners-XXXXXX");
	if (mkdtemp(pair.directory) == NULL)
		return -1;
	pair.address.sun_family = AF_UNIX;
	(void)snprintf(pair.address.sun_path, sizeof(pair.address.sun_path), "%s/socket",
	    pair.directory);
	pair.answers.count = 0;
	pair.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (bind(pair.listener, (struct sockaddr *)&pair.address, sizeof(pair.address)) < 0 ||
	    listen(pair.listener, 1) < 0 ||
	    lookup_client_open_path(pair.address.sun_path, &pair.owners) < 0)
		return -1;
	pair.peer = accept(pair.listener, NULL, NULL);
	*state = &pair;
	return pair.peer < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	struct pair *pair = *state;

	help_release(&pair->answers);
	lookup_client_close(pair->owners);
	(void)close(pair->peer);
	(void)close(pair->listener);
	(void)unlink(pair->address.sun_path);
	return rmdir(pair->directory);
}

/* Puts questions for 10, 20 and 30; one stands there twice. */
static void
ask(struct pair *pair)
{
	static const struct lookup_question questions[] = {
		{ .inode = 30, .thorough = true },
		{ .inode = 10, .cgroup = 1ULL << 40 },
		{ .inode = 20, .uid = 5, .endpoint.protocol = PROTOCOL_UDP },
		{ .inode = 30, .checksum = true },
	};

	assert_int_equal(lookup_client_ask(pair->owners, questions, ARRAY_SIZE(questions)), 0);
}

/* Reads the request as overstay-lookup does. Returns its id. */
static uint32_t
read_request(struct pair *pair)
{
	struct wire_question questions[LOOKUP_INODES_MAX];
	struct wire_paths paths;
	char packet[LOOKUP_PACKET_MAX];
	ssize_t length = recv(pair->peer, packet, sizeof(packet), MSG_DONTWAIT);
	uint32_t id;

	assert_true(length > 0);
	assert_int_equal(decode_request(packet, (size_t)length, &id, questions, &paths), 3);
	assert_int_equal(questions[0].inode, 10);
	assert_int_equal(questions[1].inode, 20);
	assert_true(questions[0].cgroup == 1ULL << 40);
	assert_int_equal(questions[0].protocol, LOOKUP_TCP);
	assert_int_equal(questions[0].flags, 0);
	assert_int_equal(questions[1].uid, 5);
	assert_int_equal(questions[1].protocol, LOOKUP_UDP);
	assert_int_equal(questions[2].inode, 30);
	assert_int_equal(questions[2].flags, LOOKUP_THOROUGH | LOOKUP_CHECKSUM);
	return id;
}

static void
send_kernel(struct pair *pair, uint32_t id, uint32_t first, uint32_t second)
{
	struct owner *owner = owner_new(OWNER_KERNEL, OWNER_REASON_NONE, 0);
	const uint32_t inodes[] = { first, second };
	char packet[LOOKUP_PACKET_MAX];
	size_t length;

	assert_non_null(owner);
	owner->thorough = true;
	length = encode_owner(packet, id, owner, inodes, second == 0 ? 1 : 2);
	owner_unref(owner);
	assert_int_equal(send(pair->peer, packet, length, 0), length);
}

static void
send_done(struct pair *pair, uint32_t id)
{
	char packet[LOOKUP_PACKET_MAX];
	size_t length = encode_done(packet, id, LOOKUP_SAW_ALL, 0);

	assert_int_equal(send(pair->peer, packet, length, 0), length);
}

static int
step(struct pair *pair)
{
	return lookup_client_step(pair->owners, 2000, help_collect, &pair->answers);
}

/* All three inodes were told, those that were not answered with this reason. */
static void
check_unknown(struct pair *pair, enum owner_reason reason, unsigned wanted)
{
	unsigned unknown = 0;

	assert_int_equal(pair->answers.count, 3);
	for (uint32_t inode = 10; inode <= 30; inode += 10) {
		const struct owner *owner = help_owner(&pair->answers, inode);
		assert_non_null(owner);
		assert_int_equal(owner->observed_usec, 2000);
		if (owner->kind != OWNER_UNKNOWN)
			continue;
		assert_int_equal(owner->reason, reason);
		unknown++;
	}
	assert_int_equal(unknown, wanted);
}

static void
test_answered(void **state)
{
	struct pair *pair = *state;
	const struct lookup_question other = { 40, 0 };
	uint32_t id;

	ask(pair);
	assert_int_equal(lookup_client_ask(pair->owners, &other, 1), -EBUSY);
	assert_int_equal(step(pair), -EAGAIN);
	id = read_request(pair);
	send_kernel(pair, id, 30, 10);
	send_kernel(pair, id, 20, 0);
	send_done(pair, id);
	assert_int_equal(step(pair), 1);
	assert_int_equal(pair->answers.count, 2);
	assert_ptr_equal(help_owner(&pair->answers, 10), help_owner(&pair->answers, 30));
	assert_int_equal(step(pair), 1);
	assert_int_equal(step(pair), 0);
	check_unknown(pair, OWNER_REASON_NONE, 0);

	/* And once more over the same connection. */
	help_release(&pair->answers);
	ask(pair);
	assert_int_not_equal(read_request(pair), id);
	send_kernel(pair, id + 1, 30, 10);
	assert_int_equal(step(pair), 1);
}

/* Answers for what was asked last: where these paths lead. */
static void
send_links(struct pair *pair, uint32_t id, const char *const (*links)[2], size_t count)
{
	struct links_packet answer;
	char packet[LOOKUP_PACKET_MAX];
	size_t length;

	encode_links_begin(&answer, packet, (struct wire_paths){ .count = 0 });
	for (size_t i = 0; i < count; i++) {
		answer.left = sizeof(struct wire_link) + strlen(links[i][0]);
		encode_link(&answer, links[i][0], strlen(links[i][0]), links[i][1]);
	}
	length = encode_links_end(&answer, id);
	assert_int_equal(send(pair->peer, packet, length, 0), length);
}

/* Puts a request for two paths alone. Returns its id. */
static uint32_t
ask_paths(struct pair *pair)
{
	struct link_table table = { 0 };
	struct wire_question questions[LOOKUP_INODES_MAX];
	char packet[LOOKUP_PACKET_MAX];
	struct wire_paths paths;
	ssize_t length;
	uint32_t id;

	assert_int_equal(link_table_add(&table, "/usr/bin/java", 13), 0);
	assert_int_equal(link_table_add(&table, "/bin", 4), 0);
	assert_int_equal(lookup_client_set_paths(pair->owners, &table), 0);
	link_table_clear(&table);
	assert_int_equal(lookup_client_ask(pair->owners, NULL, 0), 0);
	length = recv(pair->peer, packet, sizeof(packet), MSG_DONTWAIT);
	assert_true(length > 0);
	assert_int_equal(decode_request(packet, (size_t)length, &id, questions, &paths), 0);
	assert_int_equal(paths.count, 2);
	return id;
}

static void
test_links(void **state)
{
	static const char *const links[][2] = { { "/bin", "/usr/bin" }, { "/usr/bin/java", "" } };
	struct pair *pair = *state;
	const struct link_table *found;
	uint32_t id = ask_paths(pair);

	send_links(pair, id, links, 2);
	send_done(pair, id);
	assert_int_equal(step(pair), 1);
	assert_int_equal(step(pair), 0);
	assert_int_equal(pair->answers.count, 0);
	found = lookup_client_links(pair->owners);
	assert_int_equal(found->count, 2);
	assert_string_equal(found->links[0].target, "/usr/bin");
	assert_string_equal(found->links[1].target, "");
}

/* What was not asked, not all that was asked, twice, or never: each ends the connection. */
static void
test_bad_links(void **state)
{
	static const char *const links[][4][2] = {
		{ { "/bin", "/usr/bin" } },
		{ { "/usr/bin/java", "/a" }, { "/bin", "/usr/bin" } },
		{ { "/bin", "/usr/bin" }, { "/bin", "/usr/bin" } },
		{ { "/bin", "/usr/bin" }, { "/usr/bin/perl", "/a" } },
		{ { "/bin", "/usr/bin" }, { "/usr/bin/java", "/a" }, { "/z", "/a" } },
	};
	static const size_t counts[] = { 1, 2, 2, 2, 3 };
	struct pair *pair = *state;

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		send_links(pair, ask_paths(pair), links[i], counts[i]);
		assert_int_equal(step(pair), -EPROTO);
		lookup_client_give_up(pair->owners, OWNER_REASON_BAD_ANSWER, 0, help_collect,
		    &pair->answers);
	}
	/* Done without them. */
	send_done(pair, ask_paths(pair));
	assert_int_equal(step(pair), -EPROTO);
	/* Twice. */
	{
		uint32_t id = ask_paths(pair);

		send_links(pair, id,
		    (const char *const[][2]){ { "/bin", "" }, { "/usr/bin/java", "" } }, 2);
		send_links(pair, id,
		    (const char *const[][2]){ { "/bin", "" }, { "/usr/bin/java", "" } }, 2);
		assert_int_equal(step(pair), 1);
		assert_int_equal(step(pair), -EPROTO);
	}
}

static void
test_bounds(void **state)
{
	struct pair *pair = *state;
	static struct lookup_question questions[LOOKUP_QUESTIONS_MAX + 1] = { { 1, 0 }, { 0, 0 } };

	assert_int_equal(lookup_client_ask(pair->owners, questions, 0), -EINVAL);
	assert_int_equal(lookup_client_ask(pair->owners, questions, 2), -EINVAL);
	for (uint32_t i = 0; i <= LOOKUP_QUESTIONS_MAX; i++)
		questions[i].inode = i + 1;
	assert_int_equal(lookup_client_ask(pair->owners, questions, LOOKUP_QUESTIONS_MAX + 1),
	    -EINVAL);
	assert_int_equal(lookup_client_ask(pair->owners, questions, LOOKUP_INODES_MAX), 0);
}

/* Takes all packets of a request that have come. Returns what the last one did. */
static int
take_packets(struct pair *pair, struct request *request)
{
	char packet[LOOKUP_PACKET_MAX];
	ssize_t length;
	int r = 1;

	while ((length = recv(pair->peer, packet, sizeof(packet), MSG_DONTWAIT)) > 0)
		r = request_take(request, packet, (size_t)length);
	return r;
}

static void
count_answer(uint32_t inode, struct owner *owner, void *argument)
{
	(void)inode;
	(void)owner;
	++*(size_t *)argument;
}

/* Answers all questions of the request but those behind `until`. Returns how many arrived. */
static size_t
answer_packets(struct pair *pair, const struct request *request, size_t until)
{
	struct owner *owner = owner_new(OWNER_KERNEL, OWNER_REASON_NONE, 0);
	char packet[LOOKUP_PACKET_MAX];
	size_t answered = 0;

	assert_non_null(owner);
	owner->thorough = true;
	for (size_t at = 0; at < until; at += LOOKUP_INODES_MAX) {
		uint32_t inodes[LOOKUP_INODES_MAX], count = 0;
		size_t length;

		for (; count < LOOKUP_INODES_MAX && at + count < until; count++)
			inodes[count] = request->questions[at + count].inode;
		length = encode_owner(packet, request->id, owner, inodes, count);
		assert_int_equal(send(pair->peer, packet, length, 0), length);
		assert_int_equal(lookup_client_step(pair->owners, 2000, count_answer, &answered),
		    1);
	}
	owner_unref(owner);
	return answered;
}

/* More than the connection takes at once: they are sent as fast as they are read. */
static void
test_as_many_as_may_be(void **state)
{
	static struct lookup_question questions[LOOKUP_QUESTIONS_MAX];
	struct help_answers answers = { 0 };
	struct pair *pair = *state;
	struct request request = { 0 };
	unsigned pushes = 0;
	int r;

	for (uint32_t i = 0; i < LOOKUP_QUESTIONS_MAX; i++)
		questions[i] =
		    (struct lookup_question){ .inode = LOOKUP_QUESTIONS_MAX - i, .uid = i };
	r = lookup_client_ask(pair->owners, questions, LOOKUP_QUESTIONS_MAX);
	assert_int_equal(r, 1);
	for (; r == 1; pushes++) {
		assert_int_equal(take_packets(pair, &request), 1);
		r = lookup_client_ask_on(pair->owners);
	}
	assert_int_equal(r, 0);
	assert_true(pushes > 1);
	assert_int_equal(take_packets(pair, &request), 0);
	assert_int_equal(request.count, LOOKUP_QUESTIONS_MAX);
	for (uint32_t i = 0; i < LOOKUP_QUESTIONS_MAX; i++) {
		assert_int_equal(request.questions[i].inode, i + 1);
		assert_int_equal(request.questions[i].uid, LOOKUP_QUESTIONS_MAX - i - 1);
	}
	assert_int_equal(lookup_client_ask(pair->owners, questions, 1), -EBUSY);
	assert_int_equal(answer_packets(pair, &request, LOOKUP_QUESTIONS_MAX - 1),
	    LOOKUP_QUESTIONS_MAX - 1);
	/* One is open: who is told of it is told of no other. */
	lookup_client_give_up(pair->owners, OWNER_REASON_TIMEOUT, 2000, help_collect, &answers);
	assert_int_equal(answers.count, 1);
	assert_int_equal(answers.answers[0].inode, LOOKUP_QUESTIONS_MAX);
	help_release(&answers);
	request_clear(&request);
}

/* Who answers what was not asked to its end makes no sense. */
static void
test_answered_too_early(void **state)
{
	static struct lookup_question questions[LOOKUP_QUESTIONS_MAX];
	struct pair *pair = *state;
	struct request request = { 0 };
	size_t told = 0;

	for (uint32_t i = 0; i < LOOKUP_QUESTIONS_MAX; i++)
		questions[i].inode = i + 1;
	assert_int_equal(lookup_client_ask(pair->owners, questions, LOOKUP_QUESTIONS_MAX), 1);
	assert_int_equal(take_packets(pair, &request), 1);
	send_kernel(pair, request.id, 1, 2);
	request_clear(&request);
	assert_int_equal(lookup_client_step(pair->owners, 2000, count_answer, &told), -EPROTO);
	assert_int_equal(told, LOOKUP_QUESTIONS_MAX);
}

static void
test_left_out(void **state)
{
	struct pair *pair = *state;
	uint32_t id;

	ask(pair);
	id = read_request(pair);
	send_kernel(pair, id, 20, 0);
	send_done(pair, id);
	assert_int_equal(step(pair), 1);
	assert_int_equal(step(pair), -EPROTO);
	check_unknown(pair, OWNER_REASON_BAD_ANSWER, 2);
}

/*
 * Inodes nobody asked for, or twice; ids of other requests. Nothing of such a packet is
 * told.
 */
static void
test_lies(void **state)
{
	static const struct {
		uint32_t first, second, id_offset;
	} lies[] = {
		{ 11, 0, 0 },
		{ 10, 11, 0 },
		{ 10, 10, 0 },
		{ 20, 0, 0 },
		{ 10, 20, 0 },
		{ 10, 0, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		struct pair *pair;
		uint32_t id;

		if (i > 0) {
			assert_int_equal(teardown(state), 0);
			assert_int_equal(setup(state), 0);
		}
		pair = *state;
		ask(pair);
		id = read_request(pair);
		send_kernel(pair, id, 20, 0);
		assert_int_equal(step(pair), 1);
		send_kernel(pair, id + lies[i].id_offset, lies[i].first, lies[i].second);
		assert_int_equal(step(pair), -EPROTO);
		check_unknown(pair, OWNER_REASON_BAD_ANSWER, 2);
	}
}

static void
test_garbage(void **state)
{
	struct pair *pair = *state;
	char garbage[LOOKUP_PACKET_MAX + 100];

	ask(pair);
	memset(garbage, 'x', sizeof(garbage));
	assert_true(send(pair->peer, garbage, 40, 0) > 0);
	assert_int_equal(step(pair), -EPROTO);
	check_unknown(pair, OWNER_REASON_BAD_ANSWER, 3);
}

/* A packet longer than any is, with a good one in front. */
static void
test_too_long(void **state)
{
	struct pair *pair = *state;
	static char packet[LOOKUP_PACKET_MAX + 100];
	struct wire_header header = { .version = LOOKUP_VERSION, .type = LOOKUP_DONE };

	ask(pair);
	header.id = read_request(pair);
	header.length = sizeof(packet);
	memcpy(packet, &header, sizeof(header));
	assert_true(send(pair->peer, packet, sizeof(packet), 0) > 0);
	assert_int_equal(step(pair), -EPROTO);
	check_unknown(pair, OWNER_REASON_BAD_ANSWER, 3);
}

static void
test_unasked(void **state)
{
	struct pair *pair = *state;

	send_kernel(pair, 0, 20, 0);
	assert_int_equal(step(pair), -EPROTO);
	assert_int_equal(pair->answers.count, 0);
}

static void
test_gone(void **state)
{
	struct pair *pair = *state;

	ask(pair);
	send_kernel(pair, read_request(pair), 20, 0);
	assert_int_equal(shutdown(pair->peer, SHUT_RDWR), 0);
	assert_int_equal(step(pair), 1);
	assert_int_equal(step(pair), -EPIPE);
	check_unknown(pair, OWNER_REASON_NO_LOOKUP, 2);
}

static void
test_give_up(void **state)
{
	struct pair *pair = *state;

	ask(pair);
	send_kernel(pair, read_request(pair), 20, 0);
	assert_int_equal(step(pair), 1);
	lookup_client_give_up(pair->owners, OWNER_REASON_TIMEOUT, 2000, help_collect,
	    &pair->answers);
	check_unknown(pair, OWNER_REASON_TIMEOUT, 2);
}

static void
test_open_fails(void **state)
{
	struct lookup_client *owners = NULL;
	char path[200];

	(void)state;
	memset(path, 'p', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(lookup_client_open_path(path, &owners), -ENAMETOOLONG);
	assert_int_equal(lookup_client_open_path("/nowhere/socket", &owners), -ENOENT);
	assert_int_equal(lookup_client_spawn("/nowhere/overstay-lookup", &owners), -ENOENT);
	assert_null(owners);
	assert_null(lookup_client_close(NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_as_many_as_may_be, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answered_too_early, setup, teardown),
		cmocka_unit_test_setup_teardown(test_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unasked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_give_up, setup, teardown),
		cmocka_unit_test(test_open_fails),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
