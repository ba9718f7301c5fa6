/* SPDX-License-Identifier: MIT */
/*
 * What is kept of owners: each process once, all within a bound, each user's within a share; and
 * what becomes of a socket whose owner there is no room for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "help.h"
#include "engine/engine.h"
#include "engine/kept.h"
#include "engine/pass.h"

#define SECOND USEC_PER_SEC

/* References that a test has. */
static struct owner **held;
static size_t held_count, held_room;
static struct kept kept;
static int32_t next_pid;

static struct owner *
hold(struct owner *owner)
{
	assert_non_null(owner);
	assert_int_equal(array_reserve(&held, &held_room, held_count + 1, ARRAY_UNBOUNDED), 0);
	held[held_count++] = owner;
	return owner;
}

static void
drop_held(void)
{
	while (held_count > 0)
		(void)owner_unref(held[--held_count]);
}

static int
begin(void **state)
{
	(void)state;
	kept = (struct kept){ 0 };
	next_pid = 1000;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	drop_held();
	free(held);
	held = NULL;
	held_room = 0;
	kept_clear(&kept);
	return 0;
}

/* As an answer has it: processes of this number and on, some 16 KiB each if large. */
static struct owner *
make(int32_t pid, uint32_t count, bool large)
{
	static char text[OWNER_PATH_MAX];
	struct owner *owner = help_owner_of("/usr/bin/nc", 1000, count);

	(void)memset(text, 'x', sizeof(text) - 1);
	for (uint32_t i = 0; i < count; i++) {
		struct process *process = owner->processes[i];

		process->pid = pid + (int32_t)i;
		process->start_usec = (uint64_t)process->pid;
		assert_int_equal(owner_text_set(&process->cwd, large ? text : "/"), 0);
		assert_int_equal(owner_text_set(&process->main_exe, large ? text : "/x"), 0);
		assert_int_equal(owner_text_set(&process->script, large ? text : ""), 0);
	}
	owner->observed_usec = 7 * SECOND;
	return owner;
}

/* Takes it in, and gives the reference to it back. */
static struct owner *
take(struct owner *owner, uint32_t uid)
{
	struct owner *taken = kept_take(&kept, owner, uid, false);

	(void)owner_unref(owner);
	return hold(taken);
}

static bool
is_refused(const struct owner *owner)
{
	return owner->kind == OWNER_UNKNOWN && owner->reason == OWNER_REASON_TOO_MANY;
}

/* Takes in as many large ones of its own as there is room for. Returns their bytes. */
static size_t
fill(uint32_t uid)
{
	size_t bytes = 0;

	for (;;) {
		struct owner *owner = take(make(next_pid, 1, true), uid);

		next_pid++;
		if (is_refused(owner))
			return bytes;
		bytes += owner_bytes(owner) + process_bytes(owner->processes[0]);
	}
}

/* At most, and not much less. */
static bool
is_nearly(size_t bytes, size_t most)
{
	return bytes <= most && bytes > most - most / 16;
}

static void
a_process_is_kept_once(void **state)
{
	const struct owner *first = take(make(10, 14, true), 1000);
	uint32_t before = kept.bytes.total;
	const struct owner *second = take(make(11, 14, true), 1000);

	(void)state;
	assert_int_equal(first->keeping, OWNER_KEPT);
	for (uint32_t i = 0; i < 13; i++)
		assert_ptr_equal(second->processes[i]->cwd, first->processes[i + 1]->cwd);
	/* One process more, and the owner. */
	assert_true(kept.bytes.total - before <= 15 * 1024);
	before = kept.bytes.total;
	for (unsigned i = 0; i < 1000; i++)
		(void)take(make(10 + (int32_t)(i % 2), 14, true), 1000 + i);
	assert_true(kept.bytes.total - before <= 1000 * 512);
}

/* What a process was seen to be is not what it was seen to be before. */
static void
what_changed_is_another(void **state)
{
	struct owner *owners[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		owners[i] = make(10, 1, false);
		owners[i]->processes[0]->cmdline[0] = (char)('a' + i / 2 % 3);
		owners[i]->processes[0]->has_checksum = i >= 6;
		owners[i] = take(owners[i], 1000);
	}
	assert_ptr_equal(owners[0]->processes[0], owners[1]->processes[0]);
	assert_ptr_not_equal(owners[1]->processes[0], owners[2]->processes[0]);
	assert_ptr_equal(owners[4]->processes[0], owners[5]->processes[0]);
	assert_int_equal(owners[0]->processes[0]->cmdline[0], 'a');
	assert_int_equal(owners[2]->processes[0]->cmdline[0], 'b');
	/* The same arguments as the first, and a checksum. */
	assert_int_equal(owners[6]->processes[0]->cmdline[0], 'a');
	assert_ptr_not_equal(owners[6]->processes[0], owners[0]->processes[0]);
	assert_ptr_equal(owners[6]->processes[0], owners[7]->processes[0]);
	/* Another one of the same number is no version of it. */
	owners[0] = make(10, 1, false);
	owners[0]->processes[0]->start_usec++;
	assert_ptr_not_equal(take(owners[0], 1000)->processes[0], owners[7]->processes[0]);
}

static void
nobody_has_more_than_half_of_what_is_left(void **state)
{
	size_t first = fill(1000), second = fill(1001);

	(void)state;
	assert_true(is_nearly(first, KEPT_SHARED_BYTES / 2));
	assert_true(is_nearly(second, KEPT_SHARED_BYTES / 4));
	/* Subordinate users are one. */
	(void)fill(100000);
	for (uint32_t uid = 100001; uid < 100100; uid++)
		assert_int_equal(fill(uid), 0);
	assert_false(is_refused(take(make(1, OWNER_PROCESSES_MAX, false), 1002)));
}

static void
each_has_some_room_of_its_own(void **state)
{
	(void)state;
	for (uint32_t uid = 0; uid < FAIR_ACCOUNTS_MAX - 2; uid++)
		assert_true(fill(uid) > KEPT_OWN_BYTES - (size_t)32 * 1024);
	assert_true(kept.bytes.total <= KEPT_BYTES_MAX);
	assert_true(fill(1000) > KEPT_OWN_BYTES - (size_t)32 * 1024);
	/* All others have one account together. */
	assert_true(fill(1001) > KEPT_OWN_BYTES - (size_t)32 * 1024);
	assert_int_equal(fill(1002), 0);
	assert_true(kept.bytes.total <= KEPT_BYTES_MAX);
}

/* Nobody hides what his own suspect is behind a crowd of his own, however many suspects there are
 * of others. */
static void
suspects_have_room_of_their_own(void **state)
{
	struct owner *owner;
	unsigned taken = 0;

	(void)state;
	assert_true(fill(1000) > 0);
	assert_true(fill(1001) > 0);
	do {
		owner = make(next_pid++, 1, false);
		(void)hold(owner);
		owner = hold(kept_take(&kept, owner, 1000, true));
		taken += !is_refused(owner);
	} while (!is_refused(owner));
	assert_true(taken >= 16);
	assert_true(is_refused(take(make(next_pid++, 1, true), 1001)));
	owner = hold(make(next_pid++, 1, true));
	assert_false(is_refused(hold(kept_take(&kept, owner, 1001, true))));
	assert_true(kept.bytes.total + kept.suspects.total <= KEPT_BYTES_MAX);
	drop_held();
	kept_sweep(&kept, 100 * SECOND);
	assert_int_equal(kept.suspects.total, 0);
	assert_int_equal(kept.bytes.total, 0);
}

static void
what_is_not_used_is_forgotten(void **state)
{
	struct owner *refused, *again, *owner;

	(void)state;
	assert_true(fill(1000) > 0);
	owner = hold(make(next_pid, 1, true));
	refused = hold(kept_take(&kept, owner, 1000, false));
	assert_true(is_refused(refused));
	assert_int_equal(refused->observed_usec, owner->observed_usec);
	/* For each socket of an answer the same. */
	again = hold(kept_take(&kept, owner, 1000, false));
	assert_ptr_equal(again, refused);
	assert_false(kept_has_room(&kept, 1000, 100 * SECOND));
	assert_true(kept_is_short(&kept, 100 * SECOND));
	assert_true(kept_has_room(&kept, 1001, 100 * SECOND));
	drop_held();
	assert_true(kept_has_room(&kept, 1000, 101 * SECOND));
	assert_false(kept_is_short(&kept, 101 * SECOND));
	assert_int_equal(kept.bytes.total, 0);
	assert_int_equal(kept.owner_count, 0);
	assert_null(kept.places);
	/* There is room at once for who comes before the next sweep. */
	assert_true(fill(1000) > 0);
	drop_held();
	kept.full = false;
	assert_false(is_refused(take(make(1, 16, true), 1000)));
}

/* ---- by the engine ------------------------------------------------------------------------ */

static struct engine *engine;
static struct policy policy;
static uint64_t now_usec, ids;

static int
begin_engine(void **state)
{
	struct range_wanted wanted = { 0 };
	struct moment when;
	struct ranges ranges;

	(void)begin(state);
	now_usec = 1000 * SECOND;
	when = (struct moment){ now_usec, now_usec };
	engine = engine_new(help_make_id, &ids);
	assert_non_null(engine);
	policy_init(&policy);
	policy.advice = false;
	policy.threshold_usec = policy.user_threshold_usec = USEC_NEVER;
	engine_set_policy(engine, &policy);
	port_set_add(&wanted.explicit_ports, 50000, 60000);
	ranges_resolve(&wanted, NULL, &ranges);
	engine_set_watched(engine, &ranges, 1 << PROTOCOL_TCP, &when);
	return 0;
}

static int
end_engine(void **state)
{
	drop_held();
	engine = engine_free(engine);
	return end(state);
}

/* A poll that sees the socket; answers the question that follows, if one does. Returns what the
 * answer became, NULL = nothing was asked. */
static struct owner *
poll_and_answer(const struct listener *listener)
{
	struct moment when = { now_usec, now_usec };
	struct lookup_question question;
	struct lookup_answer answer;
	struct owner *owner;

	assert_int_equal(engine_observe(engine, help_poll(now_usec, listener, 1), false), 0);
	engine_advance(engine, &when);
	if (engine_lookup_questions(engine, &question, 1, now_usec) == 0)
		return NULL;
	owner = make(next_pid++, 1, true);
	owner->observed_usec = now_usec;
	answer = (struct lookup_answer){ 1, engine_keep_owner(engine, owner, question.uid) };
	(void)owner_unref(owner);
	engine_lookup_answers(engine, &answer, 1, now_usec);
	engine_advance(engine, &when);
	return hold(answer.owner);
}

static void
fill_engine(uint32_t uid)
{
	struct owner *taken;

	do {
		struct owner *owner = make(next_pid++, 1, true);

		taken = hold(engine_keep_owner(engine, owner, uid));
		(void)owner_unref(owner);
	} while (!is_refused(taken));
}

/* The engine sees by itself what is a suspect. */
static void
a_suspect_is_kept_beside_a_crowd_of_its_user(void **state)
{
	struct owner *suspect = make(next_pid++, 1, true), *other = make(next_pid++, 1, true);

	(void)state;
	fill_engine(1000);
	suspect->processes[0]->evidence |= EVIDENCE_EXE_IN_MEMORY;
	assert_false(is_refused(hold(engine_keep_owner(engine, suspect, 1000))));
	assert_true(is_refused(hold(engine_keep_owner(engine, other, 1000))));
	(void)owner_unref(suspect);
	(void)owner_unref(other);
}

static void
who_is_not_kept_is_asked_for_again(void **state)
{
	struct listener nc = help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1);

	(void)state;
	fill_engine(nc.uid);
	assert_true(is_refused(poll_and_answer(&nc)));
	assert_int_equal(engine_short_of(engine)[SHORT_OF_OWNERS], 1);
	assert_true(engine_lacks_owners(engine, now_usec));
	assert_int_equal(engine_short_user(engine, SHORT_OF_OWNERS), nc.uid);
	/* Every process is searched before it is told. */
	now_usec += 61 * SECOND;
	assert_true(is_refused(poll_and_answer(&nc)));
	/* Not while there is no room. */
	for (int i = 0; i < 5; i++) {
		now_usec += 61 * SECOND;
		assert_null(poll_and_answer(&nc));
		assert_true(engine_due_usec(engine) <= now_usec + 60 * SECOND);
	}
	drop_held();
	now_usec += 61 * SECOND;
	assert_int_equal(poll_and_answer(&nc)->kind, OWNER_PROCESS);
	now_usec += 61 * SECOND;
	assert_null(poll_and_answer(&nc));
	drop_held();
	assert_false(engine_lacks_owners(engine, now_usec));
	assert_int_equal(engine_short_of(engine)[SHORT_OF_OWNERS], 2);
}

/* One user's crowd does nothing to another's owner. */
static void
another_user_is_kept(void **state)
{
	struct listener nc = help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1);

	(void)state;
	fill_engine(nc.uid + 1);
	assert_int_equal(poll_and_answer(&nc)->kind, OWNER_PROCESS);
	assert_int_equal(engine_short_of(engine)[SHORT_OF_OWNERS], 0);
}

/* Nobody is excused by what was seen before the answer that was not kept; nobody who was reported
 * is forgotten for it. */
static void
a_refused_answer_excuses_nobody(void **state)
{
	static const struct {
		bool thorough, allowed, reported, suspect, stays;
	} cases[] = {
		{ false, false, false, false, false },
		{ false, true, false, false, false },
		{ true, true, false, false, false },
		{ true, false, false, false, true },
		{ false, false, true, false, true },
		{ true, true, true, false, true },
		{ false, false, false, true, true },
	};
	struct listener nc = help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1);
	struct owner *refused = hold(owner_new(OWNER_UNKNOWN, OWNER_REASON_TOO_MANY, 0));
	struct lookup_answer answer = { 1, refused };
	struct lookup_question question;

	(void)state;
	assert_int_equal(poll_and_answer(&nc)->kind, OWNER_PROCESS);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct stay *stay = engine->track.stays[0];
		struct member *member = &stay->is.members[0];

		(void)owner_unref(member->owner);
		member->owner = make(7, 1, false);
		member->owner->thorough = cases[i].thorough;
		member->allowed = cases[i].allowed;
		member->reported = cases[i].reported;
		stay->judged.classification.class = cases[i].suspect ? CLASS_SUSPECT : CLASS_USER;
		lookup_want(stay, member, DEPTH_THOROUGH);
		assert_int_equal(engine_lookup_questions(engine, &question, 1, now_usec), 1);
		engine_lookup_answers(engine, &answer, 1, now_usec);
		if ((member->owner->kind == OWNER_PROCESS) != cases[i].stays)
			fail_msg("case %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_process_is_kept_once, begin, end),
		cmocka_unit_test_setup_teardown(what_changed_is_another, begin, end),
		cmocka_unit_test_setup_teardown(nobody_has_more_than_half_of_what_is_left, begin,
		    end),
		cmocka_unit_test_setup_teardown(each_has_some_room_of_its_own, begin, end),
		cmocka_unit_test_setup_teardown(suspects_have_room_of_their_own, begin, end),
		cmocka_unit_test_setup_teardown(what_is_not_used_is_forgotten, begin, end),
		cmocka_unit_test_setup_teardown(a_suspect_is_kept_beside_a_crowd_of_its_user,
		    begin_engine, end_engine),
		cmocka_unit_test_setup_teardown(who_is_not_kept_is_asked_for_again, begin_engine,
		    end_engine),
		cmocka_unit_test_setup_teardown(a_refused_answer_excuses_nobody, begin_engine,
		    end_engine),
		cmocka_unit_test_setup_teardown(another_user_is_kept, begin_engine, end_engine),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("engine-kept", tests, NULL, NULL);
}
