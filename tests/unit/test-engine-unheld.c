/* SPDX-License-Identifier: MIT */
/*
 * What the kernel claims, and what becomes of owners that no process is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "help.h"
#include "engine/unheld.h"

static struct kernel_claims claims;

static enum kernel_claim
find(enum protocol protocol, const char *address, uint16_t port, bool trusted)
{
	struct listener listener = help_listener(protocol, address, port, 1);

	return kernel_claims_find(&claims, &listener.endpoint, trusted);
}

static void
ports_are_of_a_protocol_and_an_address(void **state)
{
	struct kernel_port port = { .port = 50000, .protocol = PROTOCOL_UDP, .family = AF_INET };

	(void)state;
	kernel_claims_init(&claims);
	assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 50000, true), KERNEL_CLAIM_NONE);
	kernel_claims_add(&claims, &port);
	assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 50000, false), KERNEL_CLAIM_PROVED);
	assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 50001, true), KERNEL_CLAIM_NONE);
	assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 50000, true), KERNEL_CLAIM_NONE);
	assert_int_equal(find(PROTOCOL_UDP, "127.0.0.1", 50000, true), KERNEL_CLAIM_NONE);
	assert_int_equal(find(PROTOCOL_UDP, "::", 50000, true), KERNEL_CLAIM_NONE);

	/* One that is bound to its address, or to all. */
	port.address[0] = 127;
	port.address[3] = 1;
	port.either = true;
	kernel_claims_init(&claims);
	kernel_claims_add(&claims, &port);
	assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 50000, true), KERNEL_CLAIM_PROVED);
	assert_int_equal(find(PROTOCOL_UDP, "127.0.0.1", 50000, true), KERNEL_CLAIM_PROVED);
	assert_int_equal(find(PROTOCOL_UDP, "127.0.0.2", 50000, true), KERNEL_CLAIM_NONE);

	/* One whose address nobody said. */
	kernel_claims_add_port(&claims, PROTOCOL_TCP, 50002);
	assert_int_equal(find(PROTOCOL_TCP, "::1", 50002, true), KERNEL_CLAIM_PROVED);
	assert_int_equal(find(PROTOCOL_TCP, "192.0.2.1", 50002, true), KERNEL_CLAIM_PROVED);

	/* No port is none. */
	kernel_claims_add_port(&claims, PROTOCOL_TCP, 0);
	assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 0, true), KERNEL_CLAIM_NONE);
}

static void
what_is_not_named_is_unproved(void **state)
{
	struct kernel_port port = { .port = 50000,
		.protocol = PROTOCOL_TCP,
		.family = AF_UNSPEC,
		.unproved = true };

	(void)state;
	kernel_claims_init(&claims);
	kernel_claims_add_unproved(&claims, 1U << PROTOCOL_UDP);
	assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 50000, true), KERNEL_CLAIM_UNPROVED);
	assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 50000, true), KERNEL_CLAIM_NONE);
	/* Of anybody's socket only what is named counts. */
	assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 50000, false), KERNEL_CLAIM_NONE);
	kernel_claims_add(&claims, &port);
	assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 50000, false), KERNEL_CLAIM_UNPROVED);
	assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 50001, false), KERNEL_CLAIM_NONE);
	/* Proved is more, in whatever order it was said. */
	kernel_claims_add_port(&claims, PROTOCOL_TCP, 50000);
	kernel_claims_add(&claims, &port);
	assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 50000, false), KERNEL_CLAIM_PROVED);
}

static void
too_many_ports_are_unproved(void **state)
{
	(void)state;
	kernel_claims_init(&claims);
	for (unsigned i = 0; i < KERNEL_PORTS_MAX; i++)
		kernel_claims_add_port(&claims, PROTOCOL_UDP, (uint16_t)(50000 + i));
	assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 49999, true), KERNEL_CLAIM_NONE);
	kernel_claims_add_port(&claims, PROTOCOL_UDP, 49998);
	assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 49999, true), KERNEL_CLAIM_UNPROVED);
	assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 49999, true), KERNEL_CLAIM_NONE);
	assert_int_equal(claims.count, KERNEL_PORTS_MAX);
}

static struct owner *
nobody(enum owner_reason reason)
{
	struct owner *owner = owner_new(OWNER_UNKNOWN, reason, 0);

	assert_non_null(owner);
	owner->thorough = true;
	owner->observed_usec = 7;
	assert_int_equal(owner_text_set(&owner->place.unit, "foo.service"), 0);
	return owner;
}

/* Every reason under every claim: only these change. */
static void
owners_become_the_kernels(void **state)
{
	(void)state;
	for (unsigned i = 0; i < OWNER_REASON_COUNT; i++)
		for (unsigned claim = KERNEL_CLAIM_NONE; claim <= KERNEL_CLAIM_PROVED; claim++) {
			enum owner_reason reason = (enum owner_reason)i;
			struct owner *owner = nobody(reason);
			bool is = i == OWNER_REASON_NO_PROCESS || i == OWNER_REASON_IO_URING ||
			    i == OWNER_REASON_KERNEL_UNPROVED || i == OWNER_REASON_OTHER_PIDS;
			bool proved = is && claim == KERNEL_CLAIM_PROVED;

			assert_int_equal(unheld_is(owner), is);
			unheld_apply(&owner, (enum kernel_claim)claim);
			assert_int_equal(owner->kind, proved ? OWNER_KERNEL : OWNER_UNKNOWN);
			if (i == OWNER_REASON_NO_PROCESS && claim == KERNEL_CLAIM_UNPROVED)
				reason = OWNER_REASON_KERNEL_UNPROVED;
			assert_int_equal(owner->reason, proved ? OWNER_REASON_NONE : reason);
			assert_true(owner->thorough);
			assert_int_equal(owner->observed_usec, 7);
			assert_string_equal(owner->place.unit, "foo.service");
			(void)owner_unref(owner);
		}
}

static void
others_stay_as_they_are(void **state)
{
	struct owner *process = help_owner("/usr/sbin/nginx", 0), *before = process;
	struct owner *unseen = nobody(OWNER_REASON_NO_PROCESS);

	(void)state;
	assert_false(unheld_is(process));
	unheld_apply(&process, KERNEL_CLAIM_PROVED);
	assert_ptr_equal(process, before);
	unseen->thorough = false;
	assert_false(unheld_is(unseen));
	unheld_apply(&unseen, KERNEL_CLAIM_PROVED);
	assert_int_equal(unseen->kind, OWNER_UNKNOWN);
	(void)owner_unref(process);
	(void)owner_unref(unseen);
}

static void
a_request_is_taken_in(void **state)
{
	struct lookup_question questions[3] = {
		{ .inode = 12, .uid = 1000, .cookie = 120 },
		{ .inode = 10, .uid = 0, .cookie = 100 },
		{ .inode = 11, .uid = 0, .cookie = 110 },
	};
	struct lookup_answer answers[3] = {
		{ 10, nobody(OWNER_REASON_NO_PROCESS) },
		{ 11, help_owner("/usr/sbin/nginx", 0) },
		{ 12, nobody(OWNER_REASON_KERNEL_UNPROVED) },
	};
	struct unheld_socket sockets[UNHELD_MAX];
	size_t count;

	(void)state;
	unheld_sort(questions, 3);
	count = unheld_collect(questions, 3, answers, 3, sockets);
	assert_int_equal(count, 2);
	assert_int_equal(sockets[0].cookie, 100);
	assert_int_equal(sockets[0].uid, 0);
	assert_int_equal(sockets[0].claim, KERNEL_CLAIM_NONE);
	assert_int_equal(sockets[1].cookie, 120);
	assert_int_equal(sockets[1].uid, 1000);
	assert_int_equal(sockets[1].claim, KERNEL_CLAIM_UNPROVED);
	sockets[1].claim = KERNEL_CLAIM_PROVED;
	/* What was not asked for is unproved. */
	unheld_take_in(answers, 3, sockets, 0);
	assert_int_equal(answers[0].owner->reason, OWNER_REASON_KERNEL_UNPROVED);
	assert_int_equal(answers[2].owner->reason, OWNER_REASON_KERNEL_UNPROVED);
	unheld_take_in(answers, 3, sockets, count);
	assert_int_equal(answers[0].owner->kind, OWNER_UNKNOWN);
	assert_int_equal(answers[1].owner->kind, OWNER_PROCESS);
	assert_int_equal(answers[2].owner->kind, OWNER_KERNEL);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		(void)owner_unref(answers[i].owner);
}

static void
many_are_asked_for(void **state)
{
	static struct lookup_question questions[UNHELD_MAX + 2];
	static struct lookup_answer answers[UNHELD_MAX + 2];
	static struct unheld_socket sockets[UNHELD_MAX];
	size_t count;

	(void)state;
	for (uint32_t i = 0; i < UNHELD_MAX + 2; i++) {
		questions[i].inode = answers[i].inode = i + 1;
		answers[i].owner = nobody(OWNER_REASON_NO_PROCESS);
	}
	count = unheld_collect(questions, UNHELD_MAX + 2, answers, UNHELD_MAX + 2, sockets);
	assert_int_equal(count, UNHELD_MAX);
	unheld_take_in(answers, UNHELD_MAX + 2, sockets, count);
	for (uint32_t i = 0; i < UNHELD_MAX + 2; i++) {
		assert_int_equal(answers[i].owner->reason,
		    i < UNHELD_MAX ? OWNER_REASON_NO_PROCESS : OWNER_REASON_KERNEL_UNPROVED);
		(void)owner_unref(answers[i].owner);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_of_a_protocol_and_an_address),
		cmocka_unit_test(what_is_not_named_is_unproved),
		cmocka_unit_test(too_many_ports_are_unproved),
		cmocka_unit_test(owners_become_the_kernels),
		cmocka_unit_test(others_stay_as_they_are),
		cmocka_unit_test(a_request_is_taken_in),
		cmocka_unit_test(many_are_asked_for),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
