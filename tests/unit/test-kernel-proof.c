/* SPDX-License-Identifier: MIT */
/*
 * Which questions are put about missing sockets, and whose sockets stay unproved: fair to every
 * user, whatever another one has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "help.h"
#include "kernel/proof.h"

static const struct proof_table nothing = { NULL, 0 };

static struct listener
missing_at(uint16_t port, uint32_t uid)
{
	struct listener listener = help_listener(PROTOCOL_TCP, "127.0.0.1", port, port);

	listener.uid = uid;
	return listener;
}

static void
add(struct proofs *proofs, uint16_t port, uint32_t uid)
{
	struct listener missing = missing_at(port, uid);

	assert_int_equal(proofs_add(proofs, &missing, &nothing), 0);
}

static bool
is_asked(const struct proofs *proofs, uint16_t port)
{
	for (size_t i = 0; i < proofs->count; i++)
		if (proofs->list[i].place.endpoint.port == port)
			return true;
	return false;
}

static void
one_users_many_do_not_delay_anothers(void **state)
{
	struct proofs proofs = { 0 };

	(void)state;
	for (uint16_t i = 0; i < 5000; i++)
		add(&proofs, (uint16_t)(40000 + i), 1000);
	add(&proofs, 60000, 0);
	add(&proofs, 60001, 1001);
	/* One at an endpoint that the first of all has, too. */
	add(&proofs, 44999, 1001);
	proofs_choose(&proofs, 10 * 1000);
	assert_int_equal(proofs.count, 10);
	assert_true(is_asked(&proofs, 60000));
	assert_true(is_asked(&proofs, 60001));
	assert_true(is_asked(&proofs, 44999));
	/* Each user's first comes before anybody's second. */
	assert_int_equal(proofs.list[0].rank + proofs.list[1].rank + proofs.list[2].rank, 0);
	proofs_close(&proofs);
	for (size_t i = 1; i < proofs.count; i++)
		assert_true(endpoint_compare(&proofs.list[i - 1].place.endpoint,
				&proofs.list[i].place.endpoint) < 0);
	proofs_clear(&proofs);
}

static void
within_the_budget_all_are_asked_once(void **state)
{
	struct proofs proofs = { 0 };

	(void)state;
	for (uint16_t i = 0; i < 100; i++) {
		add(&proofs, (uint16_t)(40000 + i), 1000);
		add(&proofs, (uint16_t)(40000 + i), 1001);
	}
	proofs_choose(&proofs, 100 * 1000);
	assert_int_equal(proofs.count, 100);
	proofs_clear(&proofs);
	/* However dear, one is asked. */
	add(&proofs, 40000, 1000);
	add(&proofs, 40001, 1000);
	proofs_choose(&proofs, 1);
	assert_int_equal(proofs.count, 1);
	proofs_clear(&proofs);
}

static void
only_what_was_asked_is_proved(void **state)
{
	struct proofs proofs = { 0 };
	struct listener first = missing_at(40000, 1000), second = missing_at(40001, 1000);

	(void)state;
	assert_false(proofs_prove(&proofs, &first));
	add(&proofs, 40000, 1000);
	proofs_choose(&proofs, PROOF_COST_MAX);
	assert_false(proofs_prove(&proofs, &first));
	proofs.list[0].succeeded = true;
	assert_true(proofs_prove(&proofs, &first));
	assert_false(proofs_prove(&proofs, &second));
	first.endpoint.interface = 1;
	assert_false(proofs_prove(&proofs, &first));
	proofs_clear(&proofs);
}

static void
each_user_keeps_as_many(void **state)
{
	enum { MANY = 1000, FEW = 7 };
	struct listener sockets[2 * MANY + FEW];
	size_t count = 0, of_user[3] = { 0 };
	struct proof_surplus surplus;

	(void)state;
	for (uint16_t i = 0; i < MANY; i++) {
		sockets[count++] = missing_at((uint16_t)(40000 + i), 1);
		sockets[count++] = missing_at((uint16_t)(50000 + i), 2);
	}
	for (uint16_t i = 0; i < FEW; i++)
		sockets[count++] = missing_at((uint16_t)(60000 + i), 0);
	surplus = proof_bound(sockets, &count, 2 * MANY + FEW);
	assert_int_equal(surplus.count, 0);
	surplus = proof_bound(sockets, &count, 500 + FEW);
	assert_int_equal(count, 500 + FEW);
	assert_int_equal(surplus.count, 1500);
	for (size_t i = 0; i < count; i++)
		of_user[sockets[i].uid]++;
	assert_int_equal(of_user[0], FEW);
	assert_int_equal(of_user[1], 250);
	assert_int_equal(of_user[2], 250);
	surplus = proof_bound(sockets, &count, 0);
	assert_int_equal(count, 0);
	assert_int_equal(surplus.count, 500 + FEW);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_users_many_do_not_delay_anothers),
		cmocka_unit_test(within_the_budget_all_are_asked_once),
		cmocka_unit_test(only_what_was_asked_is_proved),
		cmocka_unit_test(each_user_keeps_as_many),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kernel-proof", tests, NULL, NULL);
}
