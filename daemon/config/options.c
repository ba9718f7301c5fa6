/* SPDX-License-Identifier: MIT */
/*
 * The option table. A new option is one row here, one line in
 * conf/overstay.yaml and one paragraph in overstay.yaml(5); the lint fails until all three
 * agree.
 *
 * The default of an option is the text an administrator would write, and is read by the
 * same code as the file: a default that its own bounds refuse cannot be shipped.
 *
 * How a file is walked is in options-read.c, how values of each type are read and written in
 * values.c.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/duration.h"
#include "config/options.h"
#include "config/values.h"

/*
 * A bound for every span that has no natural one: longer is a slip, and `never` is a word.
 */
#define LONG_USEC (3650 * USEC_PER_DAY)

static const char *
netns_word(unsigned place)
{
	return place == NETNS_HOST ? "host" : NULL;
}

static const char *
cmdline_word(unsigned place)
{
	return place <= CMDLINE_OFF ? cmdline_mode_name((enum cmdline_mode)place) : NULL;
}

#define AT(member) offsetof(struct config, member)

const struct option options[] = {
	{ "interval", OPTION_DURATION, AT(interval_usec), 100 * USEC_PER_MSEC, USEC_PER_HOUR,
	    .default_text = "5s", .unit = "time span", .reloadable = true,
	    .help = "longest time between two polls of the listeners" },
	{ "survey", OPTION_DURATION, AT(survey_usec), 100 * USEC_PER_MSEC, USEC_PER_DAY,
	    .default_text = "30s", .unit = "time span", .reloadable = true,
	    .help = "time between two surveys of all sockets in the range, at least the interval" },
	{ "ranges", OPTION_RANGES, AT(ranges), .default_text = "[iana, kernel]",
	    .unit = "list of iana, kernel, ports", .reloadable = true, .help = "ports to watch" },
	{ "protocols", OPTION_PROTOCOLS, AT(protocols), .default_text = "[tcp, udp]",
	    .unit = "list of tcp, udp", .reloadable = true, .help = "protocols to watch" },
	{ "netns", OPTION_CHOICE, AT(netns), .word = netns_word, .default_text = "host",
	    .unit = "host", .reloadable = true, .help = "network namespaces to watch" },
	{ "threshold", OPTION_DURATION, AT(policy.threshold_usec), 0, LONG_USEC, true,
	    .default_text = "10min", .unit = "time span or never", .reloadable = true,
	    .help = "threshold for listeners that no rule matches" },
	{ "user.threshold", OPTION_DURATION, AT(policy.user_threshold_usec), 0, LONG_USEC, true,
	    .default_text = "3d", .unit = "time span or never", .reloadable = true,
	    .help = "threshold for listeners of class user, before the other thresholds" },
	{ "udp.threshold", OPTION_DURATION, AT(policy.udp_threshold_usec), 0, LONG_USEC, true,
	    .default_text = "1h", .unit = "time span or never", .reloadable = true,
	    .help = "threshold for UDP ports that the program asked for" },
	{ "udp.auto", OPTION_DURATION, AT(policy.udp_auto_usec), 0, LONG_USEC, true,
	    .default_text = "never", .unit = "time span or never", .reloadable = true,
	    .help = "threshold for UDP ports that the kernel picked, mostly those of clients" },
	{ "loopback.severity", OPTION_SEVERITY, AT(policy.loopback_severity),
	    .default_text = "notice", .unit = "severity", .reloadable = true,
	    .help = "priority if the listener is bound to a loopback address, overrides severity" },
	{ "suspect.threshold", OPTION_DURATION, AT(policy.suspect_threshold_usec), 0, LONG_USEC,
	    true, .default_text = "0s", .unit = "time span or never", .reloadable = true,
	    .help = "threshold for suspects with a strong reason" },
	{ "suspect.severity", OPTION_SEVERITY, AT(policy.suspect_severity), .default_text = "crit",
	    .unit = "severity", .reloadable = true,
	    .help = "priority of suspects with a strong reason" },
	{ "suspect.weak_threshold", OPTION_DURATION, AT(policy.suspect_weak_threshold_usec), 0,
	    LONG_USEC, true, .default_text = "1min", .unit = "time span or never",
	    .reloadable = true, .help = "threshold for suspects with weak reasons only" },
	{ "suspect.weak_severity", OPTION_SEVERITY, AT(policy.suspect_weak_severity),
	    .default_text = "err", .unit = "severity", .reloadable = true,
	    .help = "priority of suspects with weak reasons only" },
	{ "severity", OPTION_SEVERITY, AT(policy.severity), .default_text = "warning",
	    .unit = "severity", .reloadable = true, .help = "priority of alerts" },
	{ "grace", OPTION_DURATION, AT(policy.grace_usec), 0, USEC_PER_DAY, .default_text = "2min",
	    .unit = "time span", .reloadable = true,
	    .help = "a listener that is back within this time is the same stay" },
	{ "remind", OPTION_DURATION, AT(policy.remind_usec), USEC_PER_MIN, LONG_USEC, true,
	    .default_text = "24h", .unit = "time span or never", .reloadable = true,
	    .help = "time between two reminders of listeners that overstay" },
	{ "heartbeat.every", OPTION_DURATION, AT(policy.heartbeat_usec), 10 * USEC_PER_SEC,
	    LONG_USEC, true, .default_text = "24h", .unit = "time span or never",
	    .reloadable = true, .help = "time between two messages that the host is watched" },
	{ "heartbeat.severity", OPTION_SEVERITY, AT(policy.heartbeat_severity),
	    .default_text = "notice", .unit = "severity", .reloadable = true,
	    .help = "priority of the message HEARTBEAT" },
	{ "advice", OPTION_SWITCH, AT(policy.advice), .default_text = "on", .unit = "on or off",
	    .reloadable = true,
	    .help = "report how to keep a port that an outgoing connection may take" },
	{ "hopping", OPTION_PROTOCOL_BITS, AT(policy.hopping), .default_text = "[tcp]",
	    .unit = "list of tcp, udp, or off", .reloadable = true,
	    .help = "report, for these protocols, owners that keep moving to a new port, and "
		    "programs that take turns on one" },
	{ "log.appeared", OPTION_SEVERITY, AT(policy.log_appeared), .never = true,
	    .default_text = "info", .unit = "severity or off", .reloadable = true,
	    .help = "priority of the message APPEARED" },
	{ "log.vanished", OPTION_SEVERITY, AT(policy.log_vanished), .never = true,
	    .default_text = "info", .unit = "severity or off", .reloadable = true,
	    .help = "priority of the message VANISHED" },
	{ "log.udp", OPTION_SEVERITY, AT(policy.log_udp), .never = true, .default_text = "\"off\"",
	    .unit = "severity or off", .reloadable = true,
	    .help = "priority of both messages for UDP" },
	{ "log.after", OPTION_DURATION, AT(policy.log_after_usec), 0, USEC_PER_DAY,
	    .default_text = "1min", .unit = "time span", .reloadable = true,
	    .help = "listeners that close sooner than this cause neither message" },
	{ "cmdline", OPTION_CHOICE, AT(policy.cmdline), .word = cmdline_word,
	    .default_text = "masked", .unit = "masked, full or off", .reloadable = true,
	    .help = "command lines in messages" },
	{ "rules", OPTION_RULES, .default_text = "[]", .unit = "list of rules", .reloadable = true,
	    .help = "rules that allow listeners or set thresholds, the first match decides" },
	{ .name = NULL },
};

_Static_assert(ARRAY_SIZE(options) <= OPTION_COUNT_MAX, "OPTION_COUNT_MAX is too small");

const struct option *
option_find(const char *name)
{
	const struct option *option = options;

	while (strcmp(option->name, name) != 0)
		option++;
	return option;
}

int
options_set_defaults(struct config *config)
{
	struct config_messages messages = { 0 };
	struct config_context context = { .messages = &messages, .file = "default" };
	bool fine = true;

	for (const struct option *option = options; option->name != NULL; option++) {
		struct node node;

		if (option->type == OPTION_RULES)
			continue;
		fine = node_parse(&context, option->default_text, strlen(option->default_text),
			   &node) &&
		    value_read(&context, &node, option, config) && fine;
		node_clear(&node);
	}
	config_messages_clear(&messages);
	return fine ? 0 : -ENOMEM;
}

/* "Time span, 100ms to 1h; default 5s." */
static void
dump_help(const struct option *option, const char *indent, FILE *file)
{
	char least[DURATION_TEXT_MAX], most[DURATION_TEXT_MAX];

	(void)fprintf(file, "%s# %c%s: %s", indent, toupper((unsigned char)option->help[0]),
	    option->help + 1, option->unit);
	if (option->type == OPTION_DURATION)
		(void)fprintf(file, ", %s to %s", duration_format(option->minimum, least),
		    duration_format(option->maximum, most));
	(void)fprintf(file, "; default %s\n", option->default_text);
}

void
options_dump(const struct config *config, bool help, FILE *file)
{
	const char *group = "";
	size_t group_length = 0;

	for (const struct option *option = options; option->name != NULL; option++) {
		const char *dot = strchr(option->name, '.');
		size_t length = dot == NULL ? 0 : (size_t)(dot - option->name);

		if (option->type == OPTION_RULES)
			continue;
		if (length > 0 &&
		    (length != group_length || strncmp(option->name, group, length) != 0))
			(void)fprintf(file, "%.*s:\n", (int)length, option->name);
		group = option->name;
		group_length = length;
		if (help)
			dump_help(option, length > 0 ? "  " : "", file);
		(void)fprintf(file, "%s%s: ", length > 0 ? "  " : "",
		    dot == NULL ? option->name : dot + 1);
		value_dump(config, option, file);
		(void)fputc('\n', file);
	}
}
