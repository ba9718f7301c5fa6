/* SPDX-License-Identifier: MIT */
/*
 * Every option: its default, good values, values out of bounds and of the wrong kind, each
 * with the exact message.
 */
#include "config-expect.h"

#include "base/macros.h"
#include "config/options.h"

#define SPAN	   "a time span such as 90s or 1h 30min"
#define SPAN_NEVER SPAN ", or never"
#define SEVERITIES "emerg, alert, crit, err, warning, notice, info"

static void
test_defaults(void **state)
{
	struct config *config = load_expect("", "");
	struct policy policy;

	(void)state;
	policy_init(&policy);
	assert_int_equal(config->interval_usec, 5 * USEC_PER_SEC);
	assert_int_equal(config->survey_usec, 30 * USEC_PER_SEC);
	assert_true(config->ranges.iana && config->ranges.kernel);
	assert_int_equal(port_set_count(&config->ranges.explicit_ports), 0);
	assert_true(config->protocols[PROTOCOL_TCP] && config->protocols[PROTOCOL_UDP]);
	assert_int_equal(config->netns, NETNS_HOST);
	assert_int_equal(config->policy.threshold_usec, 10 * USEC_PER_MIN);
	assert_int_equal(config->policy.remind_usec, USEC_PER_DAY);
	assert_int_equal(config->policy.rule_count, 0);
	/* The table and the policy tell the same defaults. */
#define SAME(member) assert_true(config->policy.member == policy.member)
	SAME(threshold_usec);
	SAME(user_threshold_usec);
	SAME(udp_threshold_usec);
	SAME(udp_auto_usec);
	SAME(severity);
	SAME(loopback_severity);
	SAME(suspect_threshold_usec);
	SAME(suspect_severity);
	SAME(suspect_weak_threshold_usec);
	SAME(suspect_weak_severity);
	SAME(advice);
	SAME(hopping);
	SAME(grace_usec);
	SAME(remind_usec);
	SAME(heartbeat_usec);
	SAME(heartbeat_severity);
	SAME(log_appeared);
	SAME(log_vanished);
	SAME(log_udp);
	SAME(log_after_usec);
	SAME(cmdline);
#undef SAME
	(void)config_free(config);
}

/* The default of each row is what an empty configuration has, and the row is complete. */
static void
test_table(void **state)
{
	struct config *config = load_expect("", "");

	(void)state;
	for (const struct option *option = options; option->name != NULL; option++) {
		assert_non_null(option->default_text);
		assert_non_null(option->unit);
		assert_non_null(option->help);
		assert_ptr_equal(option_find(option->name), option);
		if (option->type == OPTION_DURATION)
			assert_true(option->minimum < option->maximum);
	}
	assert_non_null(strstr(option_find("rules")->default_text, "[]"));
	(void)config_free(config);
}

static void
test_durations(void **state)
{
	static const struct {
		const char *name;
		size_t offset;
		const char *least, *below; /* below NULL: nothing is */
		const char *most, *above;
		uint64_t least_usec, most_usec;
		bool never;
	} rows[] = {
		{ "interval", offsetof(struct config, interval_usec), "100ms", "99ms", "1h",
		    "1h 1us", 100 * USEC_PER_MSEC, USEC_PER_HOUR, false },
		{ "survey", offsetof(struct config, survey_usec), "100ms", "99999us", "1d",
		    "86401s", 100 * USEC_PER_MSEC, USEC_PER_DAY, false },
		{ "threshold", offsetof(struct config, policy.threshold_usec), "0s", NULL, "3650d",
		    "3651d", 0, 3650 * USEC_PER_DAY, true },
		{ "user: {threshold", offsetof(struct config, policy.user_threshold_usec), "0s",
		    NULL, "3650d", "3651d", 0, 3650 * USEC_PER_DAY, true },
		{ "udp: {threshold", offsetof(struct config, policy.udp_threshold_usec), "0s", NULL,
		    "3650d", "3651d", 0, 3650 * USEC_PER_DAY, true },
		{ "udp: {auto", offsetof(struct config, policy.udp_auto_usec), "0s", NULL, "3650d",
		    "3651d", 0, 3650 * USEC_PER_DAY, true },
		{ "suspect: {threshold", offsetof(struct config, policy.suspect_threshold_usec),
		    "0s", NULL, "3650d", "3651d", 0, 3650 * USEC_PER_DAY, true },
		{ "suspect: {weak_threshold",
		    offsetof(struct config, policy.suspect_weak_threshold_usec), "0s", NULL,
		    "3650d", "3651d", 0, 3650 * USEC_PER_DAY, true },
		{ "grace", offsetof(struct config, policy.grace_usec), "0s", NULL, "1d", "25h", 0,
		    USEC_PER_DAY, false },
		{ "remind", offsetof(struct config, policy.remind_usec), "1min", "59s", "3650d",
		    "3651d", USEC_PER_MIN, 3650 * USEC_PER_DAY, true },
		{ "heartbeat: {every", offsetof(struct config, policy.heartbeat_usec), "10s", "9s",
		    "3650d", "3651d", 10 * USEC_PER_SEC, 3650 * USEC_PER_DAY, true },
		{ "log: {after", offsetof(struct config, policy.log_after_usec), "0s", NULL, "1d",
		    "25h", 0, USEC_PER_DAY, false },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *end = strchr(rows[i].name, '{') != NULL ? "}" : "";
		/* So that the other side of the comparison never is in the way. */
		const char *beside = i == 0 ? "survey: 1d\n" :
		    i == 1		    ? "interval: "
					      "100ms\n" :
					      "";
		const char *values[] = { rows[i].least, rows[i].most, "never", rows[i].below,
			rows[i].above, "5x", "-1s", "[1s]", "" };
		uint64_t usec[] = { rows[i].least_usec, rows[i].most_usec, USEC_NEVER };

		for (size_t j = 0; j < ARRAY_SIZE(values); j++) {
			struct config_messages messages = { 0 };
			struct config *config = NULL;
			bool good = j < 2 || (j == 2 && rows[i].never);
			int r;

			if (values[j] == NULL)
				continue;
			(void)snprintf(text, sizeof(text),
			    "%s%s: "
			    "%s%s\n",
			    beside, rows[i].name, values[j], end);
			r = config_load_text(text, strlen(text), "t.yaml", &config, &messages);
			if (r != (good ? 0 : -EINVAL))
				print_error("# read: %s", text);
			assert_int_equal(r, good ? 0 : -EINVAL);
			assert_int_equal(messages.counts[CONFIG_ERROR], good ? 0 : 1);
			if (good) {
				const void *value = (char *)config + rows[i].offset;
				assert_true(*(const uint64_t *)value == usec[j]);
			}
			(void)config_free(config);
			config_messages_clear(&messages);
		}
	}
}

/* Every spelling of off and on, quoted or not, wherever off or on is a value. */
static void
test_booleans(void **state)
{
	static const char *const words[][2] = { { "false", "true" }, { "False", "True" },
		{ "FALSE", "TRUE" }, { "no", "yes" }, { "No", "Yes" }, { "NO", "YES" },
		{ "off", "on" }, { "Off", "On" }, { "OFF", "ON" }, { "\"false\"", "\"true\"" },
		{ "'no'", "'yes'" } };
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const char *off = words[i][0];
		struct config *config;

		(void)snprintf(text, sizeof(text),
		    "log: {appeared: %s, vanished: %s, udp: %s}\ncmdline: %s\nhopping: %s\n"
		    "advice: %s\nrules:\n- {name: a, match: {port: 50000, user: alice}, "
		    "threshold: 1h, enabled: %s}\n"
		    "- {name: b, match: {port: 50001, user: alice}, threshold: 1h, enabled: %s}\n",
		    off, off, off, off, off, off, off, words[i][1]);
		config = load_expect(text, "");
		assert_int_equal(config->policy.log_appeared, SEVERITY_OFF);
		assert_int_equal(config->policy.log_vanished, SEVERITY_OFF);
		assert_int_equal(config->policy.log_udp, SEVERITY_OFF);
		assert_int_equal(config->policy.cmdline, CMDLINE_OFF);
		assert_int_equal(config->policy.hopping, 0);
		assert_false(config->policy.advice);
		assert_false(config->policy.rules[0].enabled);
		assert_true(config->policy.rules[1].enabled);
		(void)config_free(config);
		(void)snprintf(text, sizeof(text), "advice: %s\nhopping: [%s]\n", words[i][1], off);
		config = load_expect(text, "");
		assert_true(config->policy.advice);
		assert_int_equal(config->policy.hopping, 0);
		(void)config_free(config);
	}
}

static void
test_duration_messages(void **state)
{
	static const struct expectation expectations[] = {
		{ "interval: 10ms\n",
		    "t.yaml:1:11: error: interval is \"10ms\", expected 100ms "
		    "to 1h\n" },
		{ "interval: 5x\n",
		    "t.yaml:1:11: error: interval is \"5x\", expected "
		    "" SPAN "\n" },
		{ "interval: [5s]\n", "t.yaml:1:11: error: found a list, expected " SPAN "\n" },
		{ "interval: {}\n", "t.yaml:1:11: error: found a map, expected " SPAN "\n" },
		{ "interval:\n", "t.yaml:1:10: error: found no value, expected " SPAN "\n" },
		{ "interval: never\n",
		    "t.yaml:1:11: error: interval is \"never\", expected 100ms "
		    "to 1h\n" },
		{ "threshold: ''\n",
		    "t.yaml:1:12: error: threshold is \"\", expected "
		    "" SPAN_NEVER "\n" },
		{ "threshold: 200000d\n",
		    "t.yaml:1:12: error: threshold is \"200000d\", expected 0s to 3650d, or "
		    "never\n" },
		{ "udp:\n    auto: soon\n",
		    "t.yaml:2:11: error: udp.auto is \"soon\", expected " SPAN_NEVER "\n" },
		{ "remind: 1s\n",
		    "t.yaml:1:9: error: remind is \"1s\", expected 1min to 3650d, or never\n" },
		{ "interval: 1min\n",
		    "t.yaml:1:1: error: survey is 30s by default, expected at least the interval "
		    "(1min)\n" },
		{ "interval: 2min\nsurvey: 90s\n",
		    "t.yaml:2:1: error: survey is 1min 30s, expected at least the interval "
		    "(2min)\n" },
		{ "survey: 4s\n",
		    "t.yaml:1:1: error: survey is 4s, expected at least the interval (5s)\n" },
		{ "survey: 4s\ninterval: x\n",
		    "t.yaml:2:11: error: interval is \"x\", expected " SPAN "\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

static void
test_severities(void **state)
{
	static const struct expectation expectations[] = {
		{ "severity: emerg\nloopback: {severity: debug}\n", "" },
		{ "severity: WARNING\n",
		    "t.yaml:1:11: error: severity is \"WARNING\", did you mean \"warning\"?\n" },
		{ "severity: off\n",
		    "t.yaml:1:11: error: severity is \"off\", expected " SEVERITIES " or "
		    "debug\n" },
		{ "loopback: {severity: 4}\n",
		    "t.yaml:1:22: error: loopback.severity is \"4\", did you mean "
		    "\"warning\"?\n" },
		{ "log: {appeared: off, vanished: \"off\", udp: debug}\n", "" },
		{ "log: {appeared: yes, vanished: never, udp: [info]}\n",
		    "t.yaml:1:17: error: log.appeared is \"yes\", expected " SEVERITIES ", debug "
		    "or off\n"
		    "t.yaml:1:32: error: log.vanished is \"never\", expected " SEVERITIES
		    ", debug or off\n"
		    "t.yaml:1:44: error: found a list, expected " SEVERITIES ", debug or off\n" },
		{ "suspect: {severity: alert, weak_severity: debug, threshold: 5s}\n", "" },
		{ "suspect: {weak_severity: grave}\n",
		    "t.yaml:1:26: error: suspect.weak_severity is \"grave\", expected " SEVERITIES
		    " or debug\n" },
		{ "suspect: {severity: off}\n",
		    "t.yaml:1:21: error: suspect.severity is \"off\", expected " SEVERITIES " or "
		    "debug\n" },
	};
	struct config *config;

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
	config = load_expect(
	    "log: {appeared: off, udp: notice}\nseverity: alert\n"
	    "loopback: {severity: err}\nsuspect: {severity: err, weak_severity: info}\n",
	    "");
	assert_int_equal(config->policy.log_appeared, SEVERITY_OFF);
	assert_int_equal(config->policy.log_vanished, SEVERITY_INFO);
	assert_int_equal(config->policy.log_udp, SEVERITY_NOTICE);
	assert_int_equal(config->policy.severity, SEVERITY_ALERT);
	assert_int_equal(config->policy.loopback_severity, SEVERITY_ERR);
	assert_int_equal(config->policy.suspect_severity, SEVERITY_ERR);
	assert_int_equal(config->policy.suspect_weak_severity, SEVERITY_INFO);
	(void)config_free(config);
}

static void
test_ranges(void **state)
{
	static const struct expectation expectations[] = {
		{ "ranges: []\n",
		    "t.yaml:1:9: error: found an empty list, expected iana, kernel, a "
		    "port or a range "
		    "such as 50000-59999\n" },
		{ "ranges:\n",
		    "t.yaml:1:8: error: found no value, expected iana, kernel, a port or a "
		    "range such as 50000-59999\n" },
		{ "ranges: [all]\n",
		    "t.yaml:1:10: error: range is \"all\", expected iana, "
		    "kernel, a port from 1 to 65535, or a "
		    "range such as 50000-59999\n" },
		{ "ranges: [iana, 9-3, 0, 70000, {}]\n",
		    "t.yaml:1:31: error: found a map, expected iana, kernel, a port or a "
		    "range such as 50000-59999\n" },
		{ "ranges: [iana, 9-3, 0]\n",
		    "t.yaml:1:16: error: port \"9-3\" is an empty range, expected the lower port "
		    "first\n"
		    "t.yaml:1:21: error: range is \"0\", expected iana, kernel, a port from "
		    "1 to 65535, or a range such as 50000-59999\n" },
	};
	struct config *config;

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
	config = load_expect("ranges: [\"40000-40009\", 50000, kernel]\n", "");
	assert_false(config->ranges.iana);
	assert_true(config->ranges.kernel);
	assert_int_equal(port_set_count(&config->ranges.explicit_ports), 11);
	assert_true(port_set_has(&config->ranges.explicit_ports, 40009));
	(void)config_free(config);
	config = load_expect("ranges: 7\n", "");
	assert_false(config->ranges.iana || config->ranges.kernel);
	assert_int_equal(port_set_count(&config->ranges.explicit_ports), 1);
	(void)config_free(config);
}

static void
test_words(void **state)
{
	static const struct expectation expectations[] = {
		{ "protocols: [tcp, sctp]\n",
		    "t.yaml:1:18: error: protocol is \"sctp\", expected tcp or udp\n" },
		{ "protocols: []\n",
		    "t.yaml:1:12: error: found an empty list, expected tcp or udp\n" },
		{ "protocols: {tcp: udp}\n",
		    "t.yaml:1:12: error: found a map, expected tcp or udp\n" },
		{ "netns: host\n", "" },
		{ "netns: all\n",
		    "t.yaml:1:8: error: netns \"all\" is not supported yet, expected "
		    "host\n" },
		{ "netns: none\n", "t.yaml:1:8: error: netns is \"none\", expected host\n" },
		{ "cmdline: none\n",
		    "t.yaml:1:10: error: cmdline is \"none\", expected masked, "
		    "full or off\n" },
		{ "cmdline: [off]\n",
		    "t.yaml:1:10: error: found a list, expected masked, full or "
		    "off\n" },
	};
	static const char *const modes[] = { "cmdline: masked\n", "cmdline: full\n",
		"cmdline: off\n" };
	struct config *config;

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
	config = load_expect("protocols: udp\n", "");
	assert_false(config->protocols[PROTOCOL_TCP]);
	assert_true(config->protocols[PROTOCOL_UDP]);
	(void)config_free(config);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		config = load_expect(modes[i], "");
		assert_int_equal(config->policy.cmdline, (enum cmdline_mode)i);
		(void)config_free(config);
	}
}

static void
test_advice(void **state)
{
	static const struct expectation expectations[] = {
		{ "advice: maybe\n",
		    "t.yaml:1:9: error: advice is \"maybe\", expected on or off\n" },
		{ "advice: [on]\n", "t.yaml:1:9: error: found a list, expected on or off\n" },
		{ "advice:\n", "t.yaml:1:8: error: found no value, expected on or off\n" },
	};
	static const struct {
		const char *text;
		bool on;
	} values[] = {
		{ "advice: on\n", true },
		{ "advice: \"on\"\n", true },
		{ "advice: yes\n", true },
		{ "advice: true\n", true },
		{ "advice: off\n", false },
		{ "advice: no\n", false },
		{ "advice: false\n", false },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct config *config = load_expect(values[i].text, "");

		assert_int_equal(config->policy.advice, values[i].on);
		free(dump_fixed(config));
		(void)config_free(config);
	}
}

static void
test_hopping(void **state)
{
	static const struct expectation expectations[] = {
		{ "hopping: sctp\n",
		    "t.yaml:1:10: error: hopping is \"sctp\", expected tcp, udp or "
		    "off\n" },
		{ "hopping: []\n",
		    "t.yaml:1:10: error: found an empty list, expected tcp, udp or off\n" },
		{ "hopping: [tcp, off]\n",
		    "t.yaml:1:10: error: hopping lists protocols and off, "
		    "expected either protocols or off\n" },
	};
	static const struct {
		const char *text;
		uint32_t protocols;
	} values[] = {
		{ "hopping: tcp\n", 1U << PROTOCOL_TCP },
		{ "hopping: [udp]\n", 1U << PROTOCOL_UDP },
		{ "hopping: [udp, tcp]\n", 1U << PROTOCOL_TCP | 1U << PROTOCOL_UDP },
		{ "hopping: off\n", 0 },
		{ "hopping: [\"off\"]\n", 0 },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct config *config = load_expect(values[i].text, "");

		assert_int_equal(config->policy.hopping, values[i].protocols);
		free(dump_fixed(config));
		(void)config_free(config);
	}
}

static void
test_keys(void **state)
{
	static const struct expectation expectations[] = {
		{ "intervall: 5s\n",
		    "t.yaml:1:1: error: unknown key \"intervall\", did you mean \"interval\"?\n" },
		{ "treshold: 5s\n",
		    "t.yaml:1:1: error: unknown key \"treshold\", did you mean \"threshold\"?\n" },
		{ "proto: tcp\n",
		    "t.yaml:1:1: error: unknown key \"proto\", did you mean \"protocols\"?\n" },
		{ "udp.auto: 5s\n",
		    "t.yaml:1:1: error: unknown key \"udp.auto\", expected udp: {auto: ...}\n" },
		{ "udp: {after: 5s}\n",
		    "t.yaml:1:7: error: unknown key \"after\", expected one of threshold, "
		    "auto\n" },
		{ "udp: {automatic: 5s}\n",
		    "t.yaml:1:7: error: unknown key \"automatic\", expected one of threshold, "
		    "auto\n" },
		{ "udp: {\"a.b\": 5s}\n",
		    "t.yaml:1:7: error: unknown key \"a.b\", expected one of threshold, auto\n" },
		{ "udp: 5s\n",
		    "t.yaml:1:6: error: found a single value, expected a map such as "
		    "udp: {threshold: ...}\n" },
		{ "udp: [auto]\n",
		    "t.yaml:1:6: error: found a list, expected a map such as "
		    "udp: {threshold: ...}\n" },
		{ "udp:\nlog:\nsuspect: {}\nrules:\n", "" },
		{ "udp: {severity: err, auto: 1d}\nrules: 5\n",
		    "t.yaml:1:7: error: unknown key \"severity\", expected one of threshold, "
		    "auto\n"
		    "t.yaml:2:8: error: found a single value, expected a list of rules\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_booleans),
		cmocka_unit_test(test_duration_messages),
		cmocka_unit_test(test_severities),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_advice),
		cmocka_unit_test(test_hopping),
		cmocka_unit_test(test_keys),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-options", tests, NULL, NULL);
}
