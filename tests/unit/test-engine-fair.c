/* SPDX-License-Identifier: MIT */
/*
 * Few places and many who want one: who gets them, whatever one user does, and what it costs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/fair.h"
#include "engine/shortages.h"

#define PLACES 1024
#define START  (1000 * USEC_PER_SEC)

/* So many of one user's, one a second from since_usec on; the later ones are offered first. */
static void
offer(struct fair *fair, uint32_t uid, unsigned count, uint64_t since_usec)
{
	for (unsigned i = count; i > 0; i--)
		fair_offer(fair, uid, since_usec + i * USEC_PER_SEC, NULL, uid);
}

/* How many places the user has; each of them older than older_usec. */
static size_t
count_of(const struct fair *fair, uint32_t uid, uint64_t older_usec)
{
	size_t count = 0;

	for (size_t i = 0; i < fair->count; i++)
		if (fair->items[i].index == uid) {
			assert_true(fair->items[i].since_usec < older_usec);
			count++;
		}
	return count;
}

static void
all_get_one_where_there_are_enough(void **state)
{
	struct fair fair;

	(void)state;
	fair_init(&fair, PLACES);
	offer(&fair, 1000, 500, START);
	offer(&fair, 0, 3, START);
	assert_int_equal(fair_choose(&fair), 503);
	assert_int_equal(count_of(&fair, 1000, USEC_NEVER), 500);
	assert_int_equal(count_of(&fair, 0, USEC_NEVER), 3);
	fair_clear(&fair);
}

/* What one does not need, the others get; of each the oldest. */
static void
each_gets_the_same(void **state)
{
	struct fair fair;

	(void)state;
	fair_init(&fair, PLACES);
	offer(&fair, 1000, 100000, START);
	offer(&fair, 0, 24, START);
	offer(&fair, 1001, 50000, START);
	assert_int_equal(fair_choose(&fair), PLACES);
	assert_int_equal(count_of(&fair, 0, USEC_NEVER), 24);
	assert_int_equal(count_of(&fair, 1000, START + 501 * USEC_PER_SEC), 500);
	assert_int_equal(count_of(&fair, 1001, START + 501 * USEC_PER_SEC), 500);
	/* Never more in memory than twice as many as there are places. */
	assert_true(fair.room <= 2 * PLACES);
	assert_int_equal(fair.offered, 150024);
	fair_clear(&fair);
}

/* All 65,536 subordinate users of one person, with several each, and that person. */
static void
subordinate_users_are_no_crowd(void **state)
{
	struct fair fair;
	size_t root, other;

	(void)state;
	fair_init(&fair, PLACES);
	offer(&fair, 1000, 5000, START);
	for (uint32_t uid = 100000; uid < 165536; uid++)
		offer(&fair, uid, 3, START);
	offer(&fair, 0, 200, START);
	offer(&fair, 1001, 200, START);
	assert_int_equal(fair_choose(&fair), PLACES);
	root = count_of(&fair, 0, USEC_NEVER);
	other = count_of(&fair, 1001, USEC_NEVER);
	assert_int_equal(root, 200);
	assert_int_equal(other, 200);
	/* They are two blocks, which have what that person has. */
	assert_int_equal(count_of(&fair, 1000, USEC_NEVER), 208);
	fair_clear(&fair);
}

/* People of a directory service: one's many listeners, the other's one. */
static void
a_block_is_shared_fairly(void **state)
{
	struct fair fair;

	(void)state;
	fair_init(&fair, PLACES);
	offer(&fair, 1710001234, 5000, START);
	offer(&fair, 1710001235, 3, START + USEC_PER_HOUR);
	assert_int_equal(fair_choose(&fair), PLACES);
	assert_int_equal(count_of(&fair, 1710001235, USEC_NEVER), 3);
	fair_clear(&fair);
}

/* More users than places: whose oldest have waited longest come first, so nobody waits for ever. */
static void
who_waits_longest_comes_first(void **state)
{
	struct fair fair;

	(void)state;
	fair_init(&fair, 64);
	for (uint32_t uid = 1; uid <= 3000; uid++)
		offer(&fair, uid, 2, START);
	offer(&fair, 60000, 2, START - USEC_PER_SEC);
	assert_int_equal(fair_choose(&fair), 64);
	assert_int_equal(count_of(&fair, 60000, USEC_NEVER), 1);
	fair_clear(&fair);
}

static void
one_place(void **state)
{
	struct fair fair;

	(void)state;
	fair_init(&fair, 1);
	assert_int_equal(fair_choose(&fair), 0);
	offer(&fair, 1000, 10, START);
	offer(&fair, 1001, 10, START - USEC_PER_SEC);
	assert_int_equal(fair_choose(&fair), 1);
	assert_int_equal(count_of(&fair, 1001, USEC_NEVER), 1);
	fair_clear(&fair);
}

static void
accounts_are_bounded(void **state)
{
	struct fair_accounts accounts = { 0 };
	unsigned number = fair_account(&accounts, 1000);
	unsigned charged = 0;

	(void)state;
	for (; fair_may_have(&accounts, number, 100, 1000); charged++)
		fair_charge(&accounts, number, 1000);
	assert_int_equal(charged, 100);
	assert_int_equal(fair_account(&accounts, 1000), number);
	/* Those who find no number of their own share one. */
	for (uint32_t uid = 0; uid < 10000; uid++) {
		unsigned other = fair_account(&accounts, uid + 2000);

		assert_true(other < FAIR_ACCOUNTS_MAX);
		assert_int_not_equal(other, number);
		if (fair_may_have(&accounts, other, 100, 1000))
			fair_charge(&accounts, other, uid + 2000);
	}
	assert_true(accounts.total < 1000);
	for (; charged > 0; charged--)
		fair_release(&accounts, number);
	/* It is free for the next. */
	assert_int_equal(fair_account(&accounts, 65000), number);
}

/* A new account always has its own room, whoever came before. */
static void
each_account_has_a_share(void **state)
{
	struct fair_accounts accounts = { 0 };

	(void)state;
	for (uint32_t uid = 1; uid < FAIR_ACCOUNTS_MAX; uid++) {
		unsigned number = fair_account(&accounts, uid);

		while (fair_has_share(&accounts, number, 1, 4, 1024))
			fair_charge(&accounts, number, uid);
		assert_true(accounts.accounts[number].count >= 4);
		if (uid == 1)
			assert_int_equal(accounts.accounts[number].count, 384);
	}
	assert_true(fair_has_share(&accounts, fair_account(&accounts, 1000), 4, 4, 1024));
	assert_false(fair_has_share(&accounts, fair_account(&accounts, 1000), 5, 4, 1024));
	assert_true(accounts.total <= 1024);
}

/* Whose most of a shortage is, is known among however many others. */
static void
who_lacks_most_is_known(void **state)
{
	struct shortages shortages = { 0 };

	(void)state;
	assert_int_equal(shortages_user(&shortages, SHORT_OF_AWAY), 0);
	for (uint32_t i = 0; i < 1000; i++) {
		shortages_note(&shortages, SHORT_OF_AWAY, 10000 + i, 1);
		shortages_note(&shortages, SHORT_OF_AWAY, i % 2 == 0 ? 1000 : 20000 + i, 1);
		shortages_note(&shortages, SHORT_OF_PEERS, 1001, 0);
	}
	assert_int_equal(shortages_user(&shortages, SHORT_OF_AWAY), 1000);
	assert_int_equal(shortages.counts[SHORT_OF_AWAY], 2000);
	assert_int_equal(shortages.counts[SHORT_OF_PEERS], 0);
	shortages_forget_users(&shortages);
	shortages_note(&shortages, SHORT_OF_AWAY, 1002, 1);
	assert_int_equal(shortages_user(&shortages, SHORT_OF_AWAY), 1002);
	assert_int_equal(shortages.counts[SHORT_OF_AWAY], 2001);
	/* Nobody counts them. */
	shortages_note(NULL, SHORT_OF_AWAY, 1002, 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_get_one_where_there_are_enough),
		cmocka_unit_test(each_gets_the_same),
		cmocka_unit_test(subordinate_users_are_no_crowd),
		cmocka_unit_test(a_block_is_shared_fairly),
		cmocka_unit_test(who_waits_longest_comes_first),
		cmocka_unit_test(one_place),
		cmocka_unit_test(accounts_are_bounded),
		cmocka_unit_test(each_account_has_a_share),
		cmocka_unit_test(who_lacks_most_is_known),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("fair", tests, NULL, NULL);
}
