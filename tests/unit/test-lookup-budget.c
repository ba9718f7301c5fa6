/* SPDX-License-Identifier: MIT */
/*
 * Who has too many descriptors does not keep the search from anybody else: out of files, with
 * bounds so small that a few links are too many. Users are told apart by who owns a directory, so
 * as another user than root all is one user's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lookup-fake.h"
#include "lookup/budget.h"
#include "skip.h"

#define SERVICE	 33
#define ATTACKER 65534

/* Sockets. */
enum {
	SERVED = 100, /* the service's */
	LAST = 101,   /* the last descriptor of a large process */
	THEIRS = 102, /* the attacker's, with a holder that is easily found */
	NOBODYS = 103,
};

static const struct budget_limits small = {
	.first = 4,
	.second = 8,
	.process = 16,
	.user = 60,
	.root = 120,
	.least = 20,
	.burst = 200,
	.usec_each = 100000000,
	.quick_usec = 10000000,
	.thorough_usec = 10000000,
};

static const struct wire_question questions[] = {
	{ .inode = SERVED, .uid = SERVICE, .flags = LOOKUP_THOROUGH },
	{ .inode = THEIRS, .uid = ATTACKER, .flags = LOOKUP_THOROUGH },
	{ .inode = NOBODYS, .uid = 1000, .flags = LOOKUP_THOROUGH },
};

/* A process of this user with so many descriptors, from number 3 on, that are no sockets. */
static void
make_large(struct fake *fake, int pid, unsigned uid, int count)
{
	char name[32];

	make_process(fake, pid, "large", 10);
	for (int i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "fd/%d", 3 + i);
		make_link(fake, pid, name, "/dev/null");
	}
	(void)snprintf(name, sizeof(name), "%d", pid);
	assert_int_equal(fchownat(fake->fd, name, uid, uid, 0), 0);
}

static void
make_attack(struct fake *fake)
{
	need_root();
	fake->host.limits = &small;
	make_process(fake, 1, "init", 1);
	make_large(fake, PID(0), SERVICE, 2);
	make_socket(fake, PID(0), 90, SERVED);
	make_large(fake, PID(30), ATTACKER, 2);
	make_socket(fake, PID(30), 90, THEIRS);
	for (int i = 2; i < 20; i++)
		make_large(fake, PID(i), ATTACKER, 40);
}

static void
test_of_others(void **state)
{
	struct fake *fake = *state;
	struct collection answers;
	const struct owner *owner;

	make_attack(fake);
	ask_questions(fake, questions, ARRAY_SIZE(questions), &answers);
	assert_false(answers.saw_all);
	owner = owner_of(&answers, SERVED);
	assert_int_equal(owner->kind, OWNER_PROCESS);
	assert_int_equal(owner->processes[0]->pid, PID(0));
	assert_false(owner->thorough);
	assert_false(owner->unsearched);
	/* He may have hidden who serves. */
	owner = owner_of(&answers, THEIRS);
	assert_int_equal(owner->kind, OWNER_PROCESS);
	assert_int_equal(owner->processes[0]->pid, PID(30));
	assert_true(owner->unsearched);
	assert_int_equal(owner->unsearched_uid, ATTACKER);
	/* And anybody may have given him a socket. */
	owner = owner_of(&answers, NOBODYS);
	assert_int_equal(owner->kind, OWNER_UNKNOWN);
	assert_int_equal(owner->reason, OWNER_REASON_NOT_SEARCHED);
	assert_int_equal(owner->unsearched_uid, ATTACKER);
	release(&answers);
}

/* A quick question does not wait for them either, and says no less of what it did not find. */
static void
test_quickly(void **state)
{
	struct fake *fake = *state;
	struct wire_question quick[ARRAY_SIZE(questions)];
	struct collection answers;

	make_attack(fake);
	memcpy(quick, questions, sizeof(quick));
	for (size_t i = 0; i < ARRAY_SIZE(quick); i++)
		quick[i].flags = 0;
	ask_questions(fake, quick, ARRAY_SIZE(quick), &answers);
	assert_int_equal(owner_of(&answers, SERVED)->processes[0]->pid, PID(0));
	assert_false(owner_of(&answers, SERVED)->unsearched);
	assert_int_equal(owner_of(&answers, NOBODYS)->reason, OWNER_REASON_NOT_SEARCHED);
	release(&answers);
}

/* How many descriptors of the attacker's a search has read, by what is left of them. */
static uint32_t
read_of(const struct fake *fake, uint32_t uid, uint32_t before)
{
	return before - ledger_left(fake->host.ledger, uid, small.burst, small.usec_each, 0);
}

/* Searches remember what they have read of a user's, and of those of others no less is read. */
static void
test_again_and_again(void **state)
{
	struct fake *fake = *state;

	make_attack(fake);
	fake->host.ledger = ledger_new();
	assert_non_null(fake->host.ledger);
	for (unsigned i = 0; i < 10; i++) {
		uint32_t before =
		    ledger_left(fake->host.ledger, ATTACKER, small.burst, small.usec_each, 0);
		struct collection answers;

		ask_questions(fake, questions, ARRAY_SIZE(questions), &answers);
		assert_int_equal(owner_of(&answers, SERVED)->processes[0]->pid, PID(0));
		assert_false(owner_of(&answers, SERVED)->unsearched);
		/* His small process comes first. */
		assert_int_equal(owner_of(&answers, THEIRS)->processes[0]->pid, PID(30));
		assert_true(owner_of(&answers, THEIRS)->unsearched);
		assert_int_equal(owner_of(&answers, NOBODYS)->reason, OWNER_REASON_NOT_SEARCHED);
		if (i < 3)
			assert_int_equal(read_of(fake, ATTACKER, before), small.user);
		else
			assert_true(read_of(fake, ATTACKER, before) <= small.least);
		release(&answers);
	}
	free(fake->host.ledger);
	fake->host.ledger = NULL;
}

/* What is within the bounds is read to its end, in pieces, and each process counts once. */
static void
test_in_pieces(void **state)
{
	struct fake *fake = *state;
	struct collection answers;
	const struct owner *owner;

	fake->host.limits = &small;
	make_process(fake, 1, "init", 1);
	make_process(fake, PID(1), "large", 10);
	make_process(fake, PID(2), "large", 20);
	for (int i = 0; i < 24; i++)
		make_socket(fake, PID(1), 3 + i, i == 23 ? LAST : SERVED);
	for (int i = 0; i < 12; i++)
		make_socket(fake, PID(2), 3 + i, SERVED);
	ask(fake, SERVED, 2, 0, &answers);
	assert_true(answers.saw_all);
	owner = owner_of(&answers, SERVED);
	assert_true(owner->thorough);
	assert_int_equal(owner->holders, 2);
	assert_int_equal(owner->processes[0]->pid, PID(1));
	owner = owner_of(&answers, LAST);
	assert_int_equal(owner->holders, 1);
	assert_int_equal(owner->processes[0]->pid, PID(1));
	release(&answers);
}

/* The rest of a process that is known to hold the socket does not matter for that socket. */
static void
test_known_holder(void **state)
{
	struct fake *fake = *state;
	struct collection answers;

	fake->host.limits = &small;
	need_root();
	make_process(fake, 1, "init", 1);
	make_process(fake, PID(1), "large", 10);
	for (int i = 0; i < 40; i++)
		make_socket(fake, PID(1), 3 + i, SERVED);
	ask(fake, SERVED, 2, 1000, &answers);
	assert_false(owner_of(&answers, SERVED)->thorough);
	assert_false(owner_of(&answers, SERVED)->unsearched);
	assert_int_equal(owner_of(&answers, LAST)->reason, OWNER_REASON_NOT_SEARCHED);
	release(&answers);
	/* But of another process's it does. The files say that their real user is 1000. */
	make_process(fake, PID(2), "small", 20);
	make_socket(fake, PID(2), 3, LAST);
	ask(fake, SERVED, 2, 1000, &answers);
	assert_false(owner_of(&answers, SERVED)->unsearched);
	assert_true(owner_of(&answers, LAST)->unsearched);
	release(&answers);
}

/* Without time there is an answer all the same. */
static void
test_time(void **state)
{
	struct fake *fake = *state;
	static struct budget_limits hasty;
	struct collection answers;

	hasty = budget_default_limits;
	hasty.quick_usec = hasty.thorough_usec = 0;
	fake->host.limits = &hasty;
	make_process(fake, 1, "init", 1);
	make_process(fake, PID(1), "large", 10);
	for (int i = 0; i < 200; i++)
		make_socket(fake, PID(1), 3 + i, SERVED);
	ask(fake, SERVED, 2, 0, &answers);
	assert_int_equal(owner_of(&answers, SERVED)->kind, OWNER_PROCESS);
	assert_int_equal(owner_of(&answers, LAST)->reason, OWNER_REASON_NOT_SEARCHED);
	release(&answers);
}

/* The first search had no time, the second saw all: what the first did not see may have been there
 * then. */
static void
test_time_of_the_first(void **state)
{
	struct fake *fake = *state;
	const struct wire_question quick = { .inode = NOBODYS };
	static struct budget_limits hasty;
	struct collection answers;

	hasty = budget_default_limits;
	hasty.quick_usec = 0;
	fake->host.limits = &hasty;
	make_process(fake, 1, "init", 1);
	make_process(fake, PID(1), "large", 10);
	for (int i = 0; i < 200; i++)
		make_socket(fake, PID(1), 3 + i, SERVED);
	ask_questions(fake, &quick, 1, &answers);
	assert_int_equal(owner_of(&answers, NOBODYS)->reason, OWNER_REASON_NOT_SEARCHED);
	assert_false(owner_of(&answers, NOBODYS)->thorough);
	release(&answers);
}

/* Who starts a setuid program with all he has open pays for it himself. */
static void
test_setuid(void **state)
{
	struct fake *fake = *state;
	const struct wire_question question = { .inode = SERVED, .flags = LOOKUP_THOROUGH };
	struct collection answers;

	need_root();
	fake->host.limits = &small;
	make_process(fake, 1, "init", 1);
	make_process(fake, PID(0), "service", 10);
	make_socket(fake, PID(0), 3, SERVED);
	/* The files say that their real user is 1000. */
	for (int i = 2; i < 20; i++)
		make_large(fake, PID(i), 0, 40);
	ask_questions(fake, &question, 1, &answers);
	assert_int_equal(owner_of(&answers, SERVED)->kind, OWNER_PROCESS);
	assert_false(owner_of(&answers, SERVED)->unsearched);
	release(&answers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)
		TEST(test_of_others),
		TEST(test_quickly),
		TEST(test_again_and_again),
		TEST(test_in_pieces),
		TEST(test_known_holder),
		TEST(test_time),
		TEST(test_time_of_the_first),
		TEST(test_setuid),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
