/* SPDX-License-Identifier: MIT */
/*
 * The names of the rules while the daemon runs: asked for at a reload and again, judged anew when
 * an answer changes, and never waited for longer than they are worth.
 */
#include "config-expect.h"

#include <poll.h>

#include "base/clock.h"
#include "loop/names.h"
#include "names-help.h"

#define DEADLINE_USEC (30 * USEC_PER_SEC)

static struct {
	struct names_help help;
	struct ground ground;
	struct names *names;
	struct event *deadline;
	unsigned asked;	   /* calls of on_asked() */
	unsigned reported; /* texts */
	char text[CONFIG_NAMES_TEXT_MAX];
	enum severity severity;
	const char *wanted; /* ends the loop where it is in a text; NULL = the call does */
} played;

void __wrap_outlet_put(struct outlet *outlet, struct report *report);

void
__wrap_outlet_put(struct outlet *outlet, struct report *report)
{
	(void)outlet;
	assert_non_null(report);
	(void)snprintf(played.text, sizeof(played.text), "%s",
	    report_fact(report, FACT_DIAGNOSTIC)->text);
	played.severity = report->priority;
	played.reported++;
	(void)report_unref(report);
	if (played.wanted != NULL && strstr(played.text, played.wanted) != NULL)
		loop_stop(played.ground.loop);
}

static void
on_deadline(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	(void)argument;
	loop_stop(played.ground.loop);
}

static void
on_asked(void *argument)
{
	(void)argument;
	played.asked++;
	if (played.wanted == NULL)
		loop_stop(played.ground.loop);
}

static struct config *
load(const char *text)
{
	struct config_messages messages = { 0 };
	struct config *config = NULL;

	assert_int_equal(config_load_text(text, strlen(text), "t.yaml", &config, &messages), 0);
	config_messages_clear(&messages);
	return config;
}

static void
start(const char *text, const struct names_options *options)
{
	assert_int_equal(loop_new(&played.ground.loop), 0);
	played.ground.engine = engine_new(NULL, NULL);
	assert_non_null(played.ground.engine);
	assert_int_equal(settings_new(played.ground.loop, played.ground.engine, load(text),
			     &played.ground.settings),
	    0);
	assert_int_equal(loop_add_timer(played.ground.loop, on_deadline, NULL, &played.deadline),
	    0);
	assert_int_equal(names_new(&played.ground, options, NULL, &played.names), 0);
}

static void
run(void)
{
	loop_arm(played.deadline, DEADLINE_USEC);
	assert_int_equal(loop_run(played.ground.loop), 0);
}

static int
set_up(void **state)
{
	(void)state;
	memset(&played, 0, sizeof(played));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)names_free(played.names);
	loop_drop(&played.deadline);
	(void)engine_free(played.ground.engine);
	(void)settings_free(played.ground.settings);
	(void)loop_free(played.ground.loop);
	if (played.help.pid > 0)
		names_help_stop(&played.help);
	return 0;
}

#define RULE(users) "rules: [{name: a, action: allow, match: {port: 1, user: [" users "]}}]\n"

/* A new configuration is in force when its names are known. */
static void
test_asked(void **state)
{
	struct config *config = load(RULE("alice, carol, \"@developers\""));

	(void)state;
	names_help_start(&played.help, names_help_answer);
	start("", &played.help.options);
	names_ask(played.names, &config->policy.names, on_asked, NULL);
	/* They may have come already. */
	if (played.asked == 0)
		run();
	assert_int_equal(played.asked, 1);
	assert_int_equal(config->policy.names.items[0]->id, 1000);
	assert_int_equal(config->policy.names.items[1]->state, NAMED_ABSENT);
	assert_int_equal(config->policy.names.items[2]->id, 2000);
	assert_int_equal(played.reported, 0);
	(void)config_free(config);
}

/* None to be asked for: nothing is waited for, be there an overstay-names or not. */
static void
test_none(void **state)
{
	struct config *config = load(RULE("1000"));

	(void)state;
	start("", &(struct names_options){ .program = "/nonexistent" });
	names_ask(played.names, &config->policy.names, on_asked, NULL);
	assert_int_equal(played.asked, 1);
	(void)config_free(config);
	config = load(RULE("alice"));
	names_ask(played.names, &config->policy.names, on_asked, NULL);
	assert_int_equal(played.asked, 2);
	assert_int_equal(config->policy.names.items[0]->state, NAMED_UNASKED);
	(void)config_free(config);
}

/* One that hangs is waited for, but not for ever; the loop turns meanwhile. */
static void
test_hung(void **state)
{
	struct config *config = load(RULE("hung, alice"));
	uint64_t begun_usec = clock_monotonic_usec();

	(void)state;
	names_help_start(&played.help, names_help_answer);
	start("", &played.help.options);
	names_ask(played.names, &config->policy.names, on_asked, NULL);
	run();
	assert_int_equal(played.asked, 1);
	assert_true(clock_monotonic_usec() - begun_usec < 10 * USEC_PER_SEC);
	assert_int_equal(config->policy.names.items[0]->state, NAMED_UNASKED);
	assert_int_equal(config->policy.names.items[1]->id, 1000);
	assert_true(loop_longest_hold_usec(played.ground.loop) < USEC_PER_SEC);
	(void)config_free(config);
}

/* A user who comes after the start is found, reported, and matched. */
static void
test_comes_later(void **state)
{
	(void)state;
	names_help_start(&played.help, names_help_answer);
	start(RULE("alice"), &played.help.options);
	assert_int_equal(settings_names(played.ground.settings)->items[0]->state, NAMED_UNASKED);
	played.wanted = "known here";
	loop_announce(played.ground.loop, LOOP_READY);
	/* At first nobody has answered. */
	assert_int_equal(played.severity, SEVERITY_WARNING);
	assert_string_equal(played.text,
	    "1 name not resolved, overstay-names gave no answer: \"alice\" (t.yaml:1:58)");
	run();
	assert_string_equal(played.text, "1 name known here: \"alice\" (1000)");
	assert_int_equal(played.severity, SEVERITY_INFO);
	assert_int_equal(played.reported, 2);
	assert_true(id_list_has(
	    &settings_config(played.ground.settings)->policy.rules[0].match.uids, 1000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hung, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_comes_later, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("loop-names", tests, NULL, NULL);
}
