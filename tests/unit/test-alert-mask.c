/* SPDX-License-Identifier: MIT */
/*
 * Secrets in command lines: what must be hidden, what must stay, and that hostile input breaks
 * nothing. In the tables one '|' stands for the NUL between two arguments.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/mask.h"
#include "base/cleanup.h"

struct mask_case {
	const char *input, *wanted;
};

/* Masks a case's input, with memory of exactly the size that is promised to suffice. */
static void
check(const char *input, const char *wanted)
{
	size_t length = strlen(input) + 1, used;
	_free_ char *cmdline = strdup(input);
	_free_ char *masked = malloc(MASK_ROOM(length));

	assert_non_null(cmdline);
	assert_non_null(masked);
	for (size_t i = 0; i + 1 < length; i++)
		if (cmdline[i] == '|')
			cmdline[i] = '\0';
	used = mask_secrets(cmdline, length, masked, MASK_ROOM(length));
	assert_true(used > 0 && masked[used - 1] == '\0');
	for (size_t i = 0; i + 1 < used; i++)
		if (masked[i] == '\0')
			masked[i] = '|';
	if (strcmp(masked, wanted) != 0)
		fail_msg("\"%s\"\n  became \"%s\"\n  wanted \"%s\"", input, masked, wanted);
}

static void
check_all(const struct mask_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(cases[i].input, cases[i].wanted);
}

static void
test_with_separator(void **state)
{
	static const struct mask_case cases[] = {
		{ "srv|--password=hunter2", "srv|--password=***" },
		{ "srv|--password=correct horse", "srv|--password=***" },
		{ "srv|--Password=x", "srv|--Password=***" },
		{ "srv|--db-password=x|-v", "srv|--db-password=***|-v" },
		{ "srv|--dbPassword=x", "srv|--dbPassword=***" },
		{ "srv|--DBPASSWORD=x", "srv|--DBPASSWORD=***" },
		{ "srv|-password=x", "srv|-password=***" },
		{ "srv|-Dspring.datasource.password=x", "srv|-Dspring.datasource.password=***" },
		{ "env|PGPASSWORD=x|psql", "env|PGPASSWORD=***|psql" },
		{ "env|AWS_SECRET_ACCESS_KEY=a/b+c=|x", "env|AWS_SECRET_ACCESS_KEY=***|x" },
		{ "srv|password:x", "srv|password:***" },
		{ "srv|--api-key=x", "srv|--api-key=***" },
		{ "srv|--apikey=x", "srv|--apikey=***" },
		{ "srv|--api_key=x", "srv|--api_key=***" },
		{ "srv|--passphrase=x", "srv|--passphrase=***" },
		{ "srv|--pass-phrase=x", "srv|--pass-phrase=***" },
		{ "srv|--passwd=x|--pwd=y", "srv|--passwd=***|--pwd=***" },
		{ "srv|--client-secret=x", "srv|--client-secret=***" },
		{ "srv|--secret-id=x", "srv|--secret-id=***" },
		{ "srv|--token=x", "srv|--token=***" },
		{ "srv|--auth-token=x", "srv|--auth-token=***" },
		{ "srv|--credentials=a:b", "srv|--credentials=***" },
		{ "srv|PASSWORD2=x", "srv|PASSWORD2=***" },
		{ "srv|--passwords=x,y", "srv|--passwords=***" },
		{ "srv|--password==x", "srv|--password==***" },
		{ "srv|user[password]=x", "srv|user[password]=***" },
		{ "srv|--requirepass=x", "srv|--requirepass=***" },
		{ "srv|host=db user=u password=x dbname=d",
		    "srv|host=db user=u password=*** dbname=d" },
		{ "srv|host=db;password=x;y", "srv|host=db;password=***" },
		{ "srv|--env=PASSWORD=a b", "srv|--env=PASSWORD=***" },
		{ "srv|{\"user\":\"u\",\"password\":\"x y\",\"port\":1}",
		    "srv|{\"user\":\"u\",\"password\":***,\"port\":1}" },
		{ "srv|{\"password\": 5, \"port\": 1}", "srv|{\"password\": ***\"port\": 1}" },
		{ "srv|http://h/?token=x&a=b", "srv|http://h/?token=***&a=b" },
		{ "srv|http://h/?a=b&api_key=x", "srv|http://h/?a=b&api_key=***" },
	};

	(void)state;
	check_all(cases, ARRAY_SIZE(cases));
}

static void
test_next_word(void **state)
{
	static const struct mask_case cases[] = {
		{ "srv|--password|x|-v", "srv|--password|***|-v" },
		{ "srv|--password|x y|-v", "srv|--password|***|-v" },
		{ "srv|--password|-x|-v", "srv|--password|***|-v" },
		{ "srv|--token|--password|x|y", "srv|--token|***|***|y" },
		{ "srv|-token|x", "srv|-token|***" },
		{ "srv|--api-key|x|--port|1", "srv|--api-key|***|--port|1" },
		{ "mysqladmin|password|x", "mysqladmin|password|***" },
		{ "srv|--password", "srv|--password" },
		{ "srv|--password|", "srv|--password|" },
		{ "sh|-c|mysql --password x db", "sh|-c|mysql --password *** db" },
		{ "sh|-c|mysql --password 'x y' db", "sh|-c|mysql --password *** db" },
		{ "sh|-c|mysql --password 'x y'z db", "sh|-c|mysql --password *** db" },
		{ "sh|-c|mysql --token --password x db", "sh|-c|mysql --token *** db" },
		{ "sh|-c|x --password|y", "sh|-c|x --password|***" },
		{ "sh|-c|PASSWORD=x srv -p 1", "sh|-c|PASSWORD=***" },
		{ "sh|-c|a PASSWORD=x\\ y b", "sh|-c|a PASSWORD=*** b" },
		{ "sh|-c|a PASSWORD=\"x y\" b", "sh|-c|a PASSWORD=*** b" },
		{ "sh|-c|a \"{\\\"password\\\": \\\"x y\\\"}\" b",
		    "sh|-c|a \"{\\\"password\\\": ***}\" b" },
		{ "sh|-c|a PASSWORD=\"x y", "sh|-c|a PASSWORD=***" },
		{ "sh|-c|a password = x b", "sh|-c|a password = *** b" },
	};

	(void)state;
	check_all(cases, ARRAY_SIZE(cases));
}

static void
test_headers(void **state)
{
	static const struct mask_case cases[] = {
		{ "curl|-H|Authorization: Bearer x", "curl|-H|Authorization: ***" },
		{ "curl|-HAuthorization: Bearer x", "curl|-HAuthorization: ***" },
		{ "curl|--header=Authorization: Bearer x", "curl|--header=Authorization: ***" },
		{ "curl|-H|Authorization:|Bearer|x|u", "curl|-H|Authorization:|***|***|u" },
		{ "curl|-H|authorization: Basic dTpw", "curl|-H|authorization: ***" },
		{ "curl|-H|X-Api-Key: x y", "curl|-H|X-Api-Key: ***" },
		{ "curl|-H|Cookie: a=b", "curl|-H|Cookie: ***" },
		{ "curl|-H|X: Bearer x", "curl|-H|X: Bearer ***" },
		{ "curl|Bearer|x", "curl|Bearer|***" },
		{ "sh|-c|curl -H 'Authorization: Bearer x' u",
		    "sh|-c|curl -H 'Authorization: ***' u" },
		{ "sh|-c|curl -H Authorization: Bearer x u", "sh|-c|curl -H Authorization: *** u" },
		{ "sh|-c|curl -H Authorization: Bearer|x", "sh|-c|curl -H Authorization: ***|***" },
	};

	(void)state;
	check_all(cases, ARRAY_SIZE(cases));
}

static void
test_urls(void **state)
{
	static const struct mask_case cases[] = {
		{ "srv|postgres://u:pw@h:5432/d", "srv|postgres://u:***@h:5432/d" },
		{ "srv|--dsn=postgres://u:pw@h/d?x=y", "srv|--dsn=postgres://u:***@h/d?x=y" },
		{ "srv|redis://:pw@h", "srv|redis://:***@h" },
		{ "srv|http://u:p@w@h/", "srv|http://u:***@h/" },
		{ "srv|http://u:p/w@h/", "srv|http://u:***@h/" },
		{ "srv|a+b://u:12@h", "srv|a+b://u:***@h" },
		{ "sh|-c|x 'amqp://u:pw@h' y", "sh|-c|x 'amqp://u:***@h' y" },
		{ "srv|http://u:p@h http://v:q@i", "srv|http://u:***@h http://v:***@i" },
		{ "srv|http://u:@h/", "srv|http://u:@h/" },
		{ "srv|http://u@h:80/a", "srv|http://u@h:80/a" },
		{ "srv|http://h:80/@scope/x", "srv|http://h:80/@scope/x" },
		{ "srv|http://h/a:b@c", "srv|http://h/a:b@c" },
	};

	(void)state;
	check_all(cases, ARRAY_SIZE(cases));
}

static void
test_kept(void **state)
{
	static const struct mask_case cases[] = {
		{ "python3|-m|http.server|60855", "python3|-m|http.server|60855" },
		{ "srv|--password-file=/etc/pw", "srv|--password-file=/etc/pw" },
		{ "srv|--password-file|/etc/pw", "srv|--password-file|/etc/pw" },
		{ "srv|passwordFile=/etc/pw", "srv|passwordFile=/etc/pw" },
		{ "srv|--token-ttl|5m", "srv|--token-ttl|5m" },
		{ "srv|--max-tokens=4096", "srv|--max-tokens=4096" },
		{ "srv|--tokenizer|mistral", "srv|--tokenizer|mistral" },
		{ "srv|--no-password|x", "srv|--no-password|x" },
		{ "srv|--ask-pass|x", "srv|--ask-pass|x" },
		{ "srv|--password=", "srv|--password=" },
		{ "srv|--keyboard=us", "srv|--keyboard=us" },
		{ "srv|/etc/ssl/private.key|x", "srv|/etc/ssl/private.key|x" },
		{ "/usr/bin/passwd|alice", "/usr/bin/passwd|alice" },
		{ "token|x", "token|x" },
		{ "srv|key|x", "srv|key|x" },
		{ "srv|--port=60855|--bind|0.0.0.0", "srv|--port=60855|--bind|0.0.0.0" },
		{ "srv||--|-|=|:|x", "srv||--|-|=|:|x" },
		{ "", "" },
	};

	(void)state;
	check_all(cases, ARRAY_SIZE(cases));
}

/* What is not text, never ends or has no room does no harm, and shows nothing it should not. */
static void
test_hostile(void **state)
{
	static const char no_end[] = { 's', '\0', '-', '-', 'k', 'e', 'y', '=', 'x' };
	static const char not_text[] = "s\0\xff\x1b[31m--password=\xfe\n\x80\0z";
	char out[64], tiny[5];
	size_t used;

	(void)state;
	used = mask_secrets(no_end, sizeof(no_end), out, sizeof(out));
	assert_int_equal(used, 12);
	assert_memory_equal(out, "s\0--key=***\0", 12);
	used = mask_secrets(not_text, sizeof(not_text), out, sizeof(out));
	assert_null(memmem(out, used, "\xfe", 1));
	assert_memory_equal(out + used - 2, "z", 2);
	used = mask_secrets("s\0--key=x", 10, tiny, sizeof(tiny));
	assert_int_equal(used, sizeof(tiny));
	assert_int_equal(mask_secrets("", 0, out, sizeof(out)), 0);
}

/* The shortest names with the shortest values grow most: the promised room must suffice. */
static void
test_room(void **state)
{
	static const char *const pieces[] = { "key=a", "&key=a", " key=a", "a://b:c@", "--key|a|",
		"bearer|a|", "pwd:a ", "?psk=a" };
	enum { REPEAT = 500 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		size_t length = strlen(pieces[i]) * REPEAT + 2, used;
		_free_ char *input = malloc(length), *masked = malloc(MASK_ROOM(length));

		assert_non_null(input);
		assert_non_null(masked);
		memcpy(input, "s", 2);
		for (size_t at = 2; at < length; at += strlen(pieces[i]))
			memcpy(input + at, pieces[i], strlen(pieces[i]));
		for (size_t at = 0; at < length; at++)
			input[at] = input[at] == '|' ? '\0' : input[at];
		used = mask_secrets(input, length, masked, MASK_ROOM(length));
		assert_true(used < MASK_ROOM(length));
	}
}

/* Openings that nothing closes, as many as are kept of a command line: bounded work. */
static void
test_length(void **state)
{
	enum { LENGTH = 4096 };
	static const char *const pieces[] = { "a://", "key=\"", "\\\"key:", "--key ", "a " };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		_free_ char *input = malloc(LENGTH), *masked = malloc(MASK_ROOM(LENGTH));

		assert_non_null(input);
		assert_non_null(masked);
		for (size_t at = 0; at < LENGTH; at++)
			input[at] = pieces[i][at % strlen(pieces[i])];
		assert_true(mask_secrets(input, LENGTH, masked, MASK_ROOM(LENGTH)) > 0);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_separator),
		cmocka_unit_test(test_next_word),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_length),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("alert/mask", tests, NULL, NULL);
}
