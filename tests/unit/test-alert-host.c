/* SPDX-License-Identifier: MIT */
/*
 * Names of users in messages: asked for once, kept, and not lost because nobody answers now.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/host.h"
#include "base/clock.h"

static struct {
	unsigned asked;
	int result;
} played;

static int
ask(uint32_t uid, char ret[HOST_USER_NAME_MAX], void *argument)
{
	assert_ptr_equal(argument, &played);
	played.asked++;
	if (played.result == 0)
		(void)snprintf(ret, HOST_USER_NAME_MAX, "user%u", uid);
	return played.result;
}

static struct host_cache *
make(void)
{
	struct host_cache *host = calloc(1, sizeof(*host));

	assert_non_null(host);
	memset(&played, 0, sizeof(played));
	host->names = (struct host_names){ .ask = ask, .argument = &played };
	return host;
}

/* Makes all that is remembered so old. */
static void
age(struct host_cache *host, uint64_t age_usec)
{
	for (size_t i = 0; i < HOST_USERS_MAX; i++)
		if (host->users[i].asked_usec > 0)
			host->users[i].asked_usec -= age_usec;
}

static void
test_asked_once(void **state)
{
	struct host_cache *host = make();

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_string_equal(host_user_name(1000, host), "user1000");
	assert_int_equal(played.asked, 1);
	age(host, HOST_KNOWN_USEC + 1);
	assert_string_equal(host_user_name(1000, host), "user1000");
	assert_int_equal(played.asked, 2);
	/* More than are remembered: each is asked for, the first again. */
	for (uint32_t uid = 0; uid < HOST_USERS_MAX; uid++)
		(void)host_user_name(uid, host);
	assert_int_equal(played.asked, 2 + HOST_USERS_MAX);
	assert_string_equal(host_user_name(1000, host), "user1000");
	assert_int_equal(played.asked, 3 + HOST_USERS_MAX);
	free(host);
}

static void
test_none(void **state)
{
	struct host_cache *host = make();

	(void)state;
	played.result = -ENOENT;
	assert_null(host_user_name(1000, host));
	assert_null(host_user_name(1000, host));
	assert_int_equal(played.asked, 1);
	played.result = 0;
	age(host, HOST_UNKNOWN_USEC + 1);
	assert_string_equal(host_user_name(1000, host), "user1000");
	/* He is gone. */
	played.result = -ENOENT;
	age(host, HOST_KNOWN_USEC + 1);
	assert_null(host_user_name(1000, host));
	free(host);
}

static void
test_nobody_answers(void **state)
{
	struct host_cache *host = make();

	(void)state;
	assert_string_equal(host_user_name(1000, host), "user1000");
	played.result = -EAGAIN;
	age(host, HOST_KNOWN_USEC + 1);
	assert_string_equal(host_user_name(1000, host), "user1000");
	assert_null(host_user_name(1001, host));
	/* The place of another is no name of this one. */
	for (uint32_t uid = 2000; uid < 2000 + HOST_USERS_MAX; uid++)
		assert_null(host_user_name(uid, host));
	assert_null(host_user_name(1000, host));
	free(host);
}

/* Nobody is there to be asked: numbers. */
static void
test_no_names(void **state)
{
	struct host_cache host = { 0 };

	(void)state;
	assert_null(host_user_name(0, &host));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asked_once),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_nobody_answers),
		cmocka_unit_test(test_no_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("alert-host", tests, NULL, NULL);
}
