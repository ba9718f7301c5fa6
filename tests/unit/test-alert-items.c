/* SPDX-License-Identifier: MIT */
/*
 * OVERSTAY_ITEMS: valid JSON whatever a process calls itself, whole entries, the values of fields.
 */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "alert-render.h"
#include "alert/items.h"
#include "base/cleanup.h"

static struct item
item_of(struct owner *owner, uint16_t port)
{
	return (struct item){
		.stay = { 0x00, 0x11, 0xfe },
		.endpoint = { .family = AF_INET, .port = port, .protocol = PROTOCOL_TCP },
		.severity = SEVERITY_WARNING,
		.class = CLASS_USER,
		.age_usec = 604000000,
		.uid = 1001,
		.owner = owner,
	};
}

static void
add(struct items *items, struct owner *owner, uint16_t port)
{
	struct item item = item_of(owner, port);

	items_add(items, &item);
	(void)owner_unref(owner);
}

/* The message of a digest of these, which are freed. */
static struct message *
digest(struct items *items)
{
	struct message *message = render_for(NULL,
	    report_new(NOTICE_OVERSTAYS_AT_ONCE, SEVERITY_WARNING,
		FACTS(fact_number(FACT_COUNT, items->all), fact_number(FACT_PROGRAMS, 1),
		    fact_items(items))),
	    &host);

	(void)items_free(items);
	return message;
}

static json_t *
parse(const struct message *message)
{
	json_error_t error;
	json_t *root = json_loads(value(message, "OVERSTAY_ITEMS"), JSON_REJECT_DUPLICATES, &error);

	if (root == NULL)
		fail_msg("%s: %s", error.text, value(message, "OVERSTAY_ITEMS"));
	assert_true(json_is_array(root));
	return root;
}

static void
check_string(const json_t *object, const char *key, const char *wanted)
{
	const char *got = json_string_value(json_object_get(object, key));

	if (got == NULL || strcmp(got, wanted) != 0)
		fail_msg("%s is %s, expected %s", key, got == NULL ? "no string" : got, wanted);
}

static void
check_number(const json_t *object, const char *key, json_int_t wanted)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	assert_int_equal(json_integer_value(json_object_get(object, key)), wanted);
}

static void
test_values(void **state)
{
	struct items *items = items_new(2);
	_free_ struct message *message = NULL;
	json_t *root, *first, *second;

	(void)state;
	assert_non_null(items);
	add(items, report_process("/usr/bin/python3.11", "python3|srv.py", "web.service"), 50000);
	add(items, NULL, 50001);
	message = digest(items);
	root = parse(message);
	assert_int_equal(json_array_size(root), 2);
	first = json_array_get(root, 0);
	second = json_array_get(root, 1);
	check_string(first, "stay", "0011fe00000000000000000000000000");
	check_string(first, "severity", "warning");
	check_string(first, "protocol", "tcp");
	check_string(first, "address", "0.0.0.0");
	check_number(first, "port", 50000);
	check_string(first, "exposure", "any");
	check_number(first, "age_usec", 604000000);
	check_string(first, "class", "user");
	check_string(first, "owner", "process");
	check_number(first, "pid", 4242);
	check_string(first, "exe", "/usr/bin/python3.11");
	check_number(first, "uid", 1000);
	check_string(first, "user", "alice");
	check_string(first, "unit", "web.service");
	/* What is not known has no key: never null or empty. */
	check_number(second, "port", 50001);
	check_number(second, "uid", 1001);
	assert_null(json_object_get(second, "pid"));
	assert_null(json_object_get(second, "owner"));
	assert_null(json_object_get(second, "user"));
	assert_null(value(message, "OVERSTAY_ITEMS_OMITTED"));
	json_decref(root);
}

/* Quotes, backslashes, control characters, no UTF-8 at all: as the fields have them. */
static void
test_hostile(void **state)
{
	static const char *const names[] = { "a\"b\\c", "\x1b[31m\n", "\xff\xfe\xc0\xaf",
		"\xe2\x80\xae", "\"},{\"port\":1", "\xc3\xa4", "\xf0\x9f" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct items *items = items_new(1);
		struct owner *owner = report_process(names[i], "x", names[i]);
		_free_ struct message *alone =
		    render_for(NULL, report_of(EVENT_OVERSTAY, "0.0.0.0", owner_ref(owner)), &host);
		_free_ struct message *message = NULL;
		json_t *root;

		assert_non_null(items);
		add(items, owner, 50000);
		message = digest(items);
		root = parse(message);
		assert_int_equal(json_array_size(root), 1);
		check_string(json_array_get(root, 0), "exe", value(alone, "OVERSTAY_EXE"));
		check_string(json_array_get(root, 0), "unit", value(alone, "OVERSTAY_UNIT"));
		check_number(json_array_get(root, 0), "port", 50000);
		json_decref(root);
	}
}

/* Five thousand, and long names: cut between two, and what is left out is counted. */
static void
test_many(void **state)
{
	static char name[4096];

	(void)state;
	memset(name, '"', sizeof(name) - 1);
	for (unsigned is_long = 0; is_long < 2; is_long++) {
		struct items *items = items_new(5000);
		_free_ struct message *message = NULL;
		json_t *root;
		size_t size;

		assert_non_null(items);
		for (uint16_t i = 0; i < 5000; i++)
			add(items,
			    report_process(is_long != 0 ? name : "/usr/bin/x", "x", "web.service"),
			    (uint16_t)(50000 + i));
		message = digest(items);
		root = parse(message);
		size = json_array_size(root);
		assert_true(strlen(value(message, "OVERSTAY_ITEMS")) <= ITEMS_JSON_MAX);
		assert_true(size >= (is_long != 0 ? 15 : 50));
		assert_int_equal(atoi(value(message, "OVERSTAY_ITEMS_OMITTED")), 5000 - size);
		/* Those at the front, in their order. */
		for (size_t i = 0; i < size; i++)
			check_number(json_array_get(root, i), "port", (json_int_t)(50000 + i));
		assert_false(message->cut);
		json_decref(root);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_many),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("items", tests, NULL, NULL);
}
