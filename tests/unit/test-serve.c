/* SPDX-License-Identifier: MIT */
/*
 * The table of columns against the table of fields, how names are read, and what JSON and the table
 * make of one stay.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "alert-reports.h"
#include "serve/json.h"
#include "serve/table.h"

static const struct message_context context = { .cmdline = CMDLINE_FULL };

/* What is printed of one owner, in a listing of one stay; to be freed. */
struct printed {
	struct report *report;
	struct stay_view view;
	struct listing listing;
	char *text;
	size_t size;
	FILE *file;
};

static void
begin(struct printed *printed, struct owner *owner)
{
	*printed = (struct printed){ .report = report_of(EVENT_OVERSTAY, "0.0.0.0", owner) };
	printed->view.stay = *printed->report->stay;
	printed->listing = (struct listing){
		.views = &printed->view,
		.count = 1,
		.moment = { REPORT_BOOTTIME_USEC, REPORT_REALTIME_USEC },
		.context = &context,
	};
	printed->file = open_memstream(&printed->text, &printed->size);
	assert_non_null(printed->file);
}

static void
end(struct printed *printed)
{
	(void)report_unref(printed->report);
	free(printed->text);
}

static json_t *
as_json(struct printed *printed, const struct column_choice *choice)
{
	json_error_t error;
	json_t *whole;

	assert_int_equal(json_print(printed->file, choice, &printed->listing), 0);
	assert_int_equal(fclose(printed->file), 0);
	whole = json_loads(printed->text, JSON_REJECT_DUPLICATES, &error);
	if (whole == NULL)
		fail_msg("%s: %s", error.text, printed->text);
	return whole;
}

static const char *
as_table(struct printed *printed, const char *names, const struct table_options *options)
{
	struct column_choice choice;
	const char *wrong;
	size_t length;

	assert_int_equal(columns_choose(names, &choice, &wrong, &length), 0);
	assert_int_equal(table_print(printed->file, &choice, &printed->listing, options), 0);
	assert_int_equal(fclose(printed->file), 0);
	return printed->text;
}

static void
test_every_column_has_a_value_and_a_name_of_its_own(void **state)
{
	struct column_choice all;
	size_t count = 0;

	(void)state;
	columns_choose_all(&all);
	for (const struct column *column = columns; column->name != NULL; column++, count++) {
		if ((column->fill == NULL) != (all.list[count].field != NULL))
			fail_msg("%s: no field and no function, or both", column->name);
		assert_true(strlen(column->name) < COLUMN_NAME_MAX);
		for (const struct column *other = columns; other != column; other++)
			assert_string_not_equal(other->name, column->name);
		if (column->type == COLUMN_SPAN)
			assert_string_equal(column->name + strlen(column->name) - 5, "_usec");
	}
	assert_int_equal(all.count, count);
	/* All of them may be asked for beside the default ones. */
	columns_choose_default(&all);
	assert_true(all.count >= 10 && all.count < COLUMNS_MAX);
	assert_string_equal(all.list[0].column->name, "protocol");
	assert_string_equal(all.list[all.count - 1].column->name, "rule");
}

static void
test_names_are_read(void **state)
{
	struct column_choice choice, standard;
	const char *wrong = NULL;
	size_t length = 0;

	(void)state;
	assert_int_equal(
	    columns_choose("port,OWNER_reason,threshold,AGE_USEC", &choice, &wrong, &length), 0);
	assert_int_equal(choice.count, 4);
	assert_string_equal(choice.list[1].column->name, "owner_reason");
	assert_string_equal(choice.list[2].column->name, "threshold_usec");
	assert_string_equal(choice.list[3].column->name, "age_usec");
	assert_true(choice.list[0].by_name);

	columns_choose_default(&standard);
	assert_int_equal(columns_choose("+cmdline", &choice, &wrong, &length), 0);
	assert_int_equal(choice.count, standard.count + 1);
	assert_false(choice.list[0].by_name);
	assert_true(choice.list[standard.count].by_name);
	assert_string_equal(choice.list[standard.count].column->name, "cmdline");
}

/* Also one that is shown anyway: it is not left out of a table any more. */
static void
test_a_column_is_shown_once(void **state)
{
	struct column_choice choice, standard;
	char many[5 * (COLUMNS_MAX + 1) + 1] = "pid";
	const char *wrong = NULL;
	size_t length = 0;

	(void)state;
	columns_choose_default(&standard);
	assert_int_equal(columns_choose("+cmdline,Port,CMDLINE", &choice, &wrong, &length), 0);
	assert_int_equal(choice.count, standard.count + 1);
	for (size_t i = 0; i < standard.count; i++) {
		assert_ptr_equal(choice.list[i].column, standard.list[i].column);
		assert_int_equal(choice.list[i].by_name,
		    strcmp(choice.list[i].column->name, "port") == 0);
	}
	for (unsigned i = 0; i < COLUMNS_MAX; i++)
		strcat(many, ",port");
	assert_int_equal(columns_choose(many, &choice, &wrong, &length), 0);
	assert_int_equal(choice.count, 2);
	assert_string_equal(choice.list[1].column->name, "port");
}

static void
test_wrong_names_are_refused(void **state)
{
	static const struct {
		const char *list, *wrong;
	} cases[] = {
		{ "", "" },
		{ "+", "" },
		{ "port,", "" },
		{ ",port", "" },
		{ "port,por,pid", "por" },
		{ "ports", "ports" },
		{ "port pid", "port pid" },
		{ "port,+pid", "+pid" },
		/* Numbers that are no time spans keep their ending. */
		{ "first_seen", "first_seen" },
	};
	struct column_choice choice;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *wrong = NULL;
		size_t length = 0;

		assert_int_equal(columns_choose(cases[i].list, &choice, &wrong, &length), -EINVAL);
		assert_int_equal(length, strlen(cases[i].wrong));
		assert_memory_equal(wrong, cases[i].wrong, length);
	}
}

static bool
has_type(const json_t *value, enum column_type type)
{
	switch (type) {
	case COLUMN_NUMBER:
	case COLUMN_SPAN:
		return json_is_integer(value);
	case COLUMN_SWITCH:
		return json_is_boolean(value);
	case COLUMN_WORDS:
	case COLUMN_NUMBERS:
		return json_is_array(value);
	case COLUMN_TEXT:
	case COLUMN_WORD:
	case COLUMN_TYPE_COUNT:
		break;
	}
	return json_is_string(value);
}

/* Every key is there, and is null or of its type. */
static void
check_types(struct owner *owner)
{
	struct column_choice all;
	struct printed printed;
	json_t *whole, *row;

	begin(&printed, owner);
	columns_choose_all(&all);
	whole = as_json(&printed, &all);
	row = json_array_get(json_object_get(whole, "listeners"), 0);
	assert_int_equal(json_object_size(row), all.count);
	for (size_t i = 0; i < all.count; i++) {
		const json_t *value = json_object_get(row, all.list[i].column->name);

		assert_non_null(value);
		if (!json_is_null(value) && !has_type(value, all.list[i].column->type))
			fail_msg("%s has another type", all.list[i].column->name);
	}
	assert_int_equal(json_integer_value(json_object_get(row, "port")), 60855);
	assert_int_equal(json_array_size(json_object_get(row, "reasons")), 0);
	json_decref(whole);
	end(&printed);
}

static void
test_keys_have_their_types(void **state)
{
	(void)state;
	check_types(report_process("/usr/bin/x", "x|-l", "x.service"));
	check_types(report_nobody(OWNER_UNKNOWN, OWNER_REASON_NO_PERMISSION));
	check_types(report_nobody(OWNER_KERNEL, OWNER_REASON_NONE));
}

/* All bytes in every string that a process may choose. */
static void
test_json_is_valid_whatever_a_process_is_called(void **state)
{
	char every[256], command[300];
	struct column_choice all;
	struct printed printed;
	struct owner *owner;
	const char *comm;
	json_t *whole;

	(void)state;
	for (unsigned i = 1; i < sizeof(every); i++)
		every[i - 1] = (char)i;
	every[sizeof(every) - 1] = '\0';
	(void)snprintf(command, sizeof(command), "x|%s", every);
	owner = report_process(every, command, every);
	assert_int_equal(owner_text_set(&owner->processes[0]->comm, "\xff\"\n\x1b[2J\xe2\x80\xae"),
	    0);
	assert_int_equal(owner_text_set(&owner->processes[0]->script, every), 0);
	assert_int_equal(owner_text_set(&owner->processes[0]->cwd, every), 0);
	assert_int_equal(owner_text_set(&owner->processes[0]->place.container, every), 0);
	begin(&printed, owner);
	columns_choose_all(&all);
	whole = as_json(&printed, &all);
	comm = json_string_value(
	    json_object_get(json_array_get(json_object_get(whole, "listeners"), 0), "comm"));
	assert_string_equal(comm, "\\xff\"\\n\\x1b[2J\\xe2\\x80\\xae");
	for (const char *c = printed.text; *c != '\0'; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	json_decref(whole);
	end(&printed);
}

static void
test_what_could_not_be_seen_stands_on_top(void **state)
{
	static const char *const reasons[] = { "one \"thing\"", "another" };
	struct column_choice all;
	struct printed printed;
	json_t *whole, *list;

	(void)state;
	begin(&printed, report_process("/usr/bin/x", NULL, ""));
	printed.listing.incomplete = reasons;
	printed.listing.incomplete_count = 2;
	columns_choose_all(&all);
	whole = as_json(&printed, &all);
	assert_int_equal(json_integer_value(json_object_get(whole, "schema")), JSON_SCHEMA);
	assert_true(json_is_false(json_object_get(whole, "complete")));
	list = json_object_get(whole, "incomplete");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_array_get(list, 0)), reasons[0]);
	json_decref(whole);
	end(&printed);
}

static void
test_a_list_of_pids(void **state)
{
	static const struct table_options raw = { .raw = true, .no_headings = true };
	static const struct table_options plain = { .no_headings = true };
	struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 2);
	struct printed printed;

	(void)state;
	assert_non_null(owner);
	owner->holders = 5;
	owner->processes[0]->pid = 11;
	owner->processes[1]->pid = 12;
	begin(&printed, owner_ref(owner));
	assert_string_equal(as_table(&printed, "pid", &raw), "11,12\n");
	end(&printed);
	begin(&printed, owner);
	assert_string_equal(as_table(&printed, "pid", &plain), "11 (+4)\n");
	end(&printed);
}

static void
test_a_table_writes_time_spans_and_raw_lines_numbers(void **state)
{
	static const struct table_options raw = { .raw = true }, plain = { 0 };
	struct printed printed;

	(void)state;
	begin(&printed, report_process("/usr/bin/x", NULL, ""));
	assert_string_equal(as_table(&printed, "threshold_usec", &plain), "THRESHOLD\n    10min\n");
	end(&printed);
	begin(&printed, report_process("/usr/bin/x", NULL, ""));
	assert_string_equal(as_table(&printed, "threshold", &raw), "THRESHOLD_USEC\n600000000\n");
	end(&printed);
	begin(&printed, report_process("/usr/bin/x", NULL, ""));
	printed.view.stay.threshold_usec = USEC_NEVER;
	assert_string_equal(as_table(&printed, "threshold", &raw), "THRESHOLD_USEC\nnever\n");
	end(&printed);
	begin(&printed, report_process("/usr/bin/x", NULL, ""));
	printed.view.stay.threshold_usec = USEC_NEVER;
	printed.view.allowed = true;
	assert_string_equal(as_table(&printed, "threshold", &raw), "THRESHOLD_USEC\nallowed\n");
	end(&printed);
}

static void
test_a_cell_is_one_line(void **state)
{
	static const struct table_options raw = { .raw = true, .no_headings = true };
	struct owner *owner = report_process("/usr/bin/a b\n\xc3\xaf", NULL, "");
	struct printed printed;

	(void)state;
	begin(&printed, owner);
	/* The locale of a test is C: it has no letters beyond ASCII. */
	assert_string_equal(as_table(&printed, "exe,script", &raw),
	    "/usr/bin/a\\x20b\\x5cn\\x5cxc3\\x5cxaf -\n");
	end(&printed);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_column_has_a_value_and_a_name_of_its_own),
		cmocka_unit_test(test_names_are_read),
		cmocka_unit_test(test_a_column_is_shown_once),
		cmocka_unit_test(test_wrong_names_are_refused),
		cmocka_unit_test(test_keys_have_their_types),
		cmocka_unit_test(test_json_is_valid_whatever_a_process_is_called),
		cmocka_unit_test(test_what_could_not_be_seen_stands_on_top),
		cmocka_unit_test(test_a_list_of_pids),
		cmocka_unit_test(test_a_table_writes_time_spans_and_raw_lines_numbers),
		cmocka_unit_test(test_a_cell_is_one_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
