/* SPDX-License-Identifier: MIT */
/*
 * What is right by itself and wrong beside something else: one option against another, a rule
 * against the options. Asked after the last file, since any of them may set either.
 *
 * Of a fragment only what the fragment itself sets is compared.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/duration.h"
#include "config/across.h"

static const struct option_place *
place_of(const struct option_place *places, const char *name)
{
	return &places[option_find(name) - options];
}

/* The one of both that was set later in the order of the files, or the one that was set. */
static const struct option_place *
place_set(const struct option_place *a, const struct option_place *b)
{
	return a->line > 0 ? a : b;
}

static void
check_survey(struct config_context *context, const struct config *config,
    const struct option_place *places, bool fragment)
{
	const struct option_place *interval = place_of(places, "interval");
	const struct option_place *survey = place_of(places, "survey");
	const struct option_place *place = place_set(survey, interval);
	char interval_text[DURATION_TEXT_MAX], survey_text[DURATION_TEXT_MAX];

	if (config->survey_usec >= config->interval_usec || interval->failed || survey->failed)
		return;
	if (fragment && (interval->line == 0 || survey->line == 0))
		return;
	context->file = place->file;
	context_message(context, CONFIG_ERROR, place->line, place->column,
	    "survey is %s%s, expected at least the interval (%s)",
	    duration_format(config->survey_usec, survey_text),
	    survey->line == 0 ? " by default" : "",
	    duration_format(config->interval_usec, interval_text));
}

/* A time that no poll can meet; 0s says "at once" and is met as well as can be. */
static bool
is_below_interval(const struct config *config, uint64_t threshold_usec)
{
	return threshold_usec > 0 && threshold_usec < config->interval_usec;
}

static void
check_thresholds(struct config_context *context, const struct config *config,
    const struct option_place *places, bool fragment)
{
	static const char *const names[] = { "threshold", "user.threshold", "udp.threshold",
		"udp.auto", "suspect.threshold", "suspect.weak_threshold" };
	const struct option_place *interval = place_of(places, "interval");
	char text[DURATION_TEXT_MAX], interval_text[DURATION_TEXT_MAX];

	if (interval->failed || (fragment && interval->line == 0))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct option *option = option_find(names[i]);
		const struct option_place *place = &places[option - options];
		uint64_t usec =
		    *(const uint64_t *)(const void *)((const char *)config + option->offset);

		if (place->line == 0 || place->failed || !is_below_interval(config, usec))
			continue;
		context->file = place->file;
		context_message(context, CONFIG_WARNING, place->line, place->column,
		    "%s is %s, expected at least the interval (%s), or 0s for the next poll",
		    names[i], duration_format(usec, text),
		    duration_format(config->interval_usec, interval_text));
	}
}

/* At its default nobody meant it: a shorter threshold shortens it (engine/tell.c). */
static void
check_log_after(struct config_context *context, const struct config *config,
    const struct option_place *places, bool fragment)
{
	const struct policy *policy = &config->policy;
	const struct option_place *after = place_of(places, "log.after");
	const struct option_place *threshold = place_of(places, "threshold");
	char text[DURATION_TEXT_MAX], threshold_text[DURATION_TEXT_MAX];

	if (after->line == 0 || after->failed || threshold->failed ||
	    (fragment && threshold->line == 0))
		return;
	if (policy->log_after_usec <= policy->threshold_usec ||
	    policy->log_appeared == SEVERITY_OFF)
		return;
	context->file = after->file;
	context_message(context, CONFIG_WARNING, after->line, after->column,
	    "log.after is %s, expected at most the threshold (%s): listeners overstay before "
	    "APPEARED is logged",
	    duration_format(policy->log_after_usec, text),
	    duration_format(policy->threshold_usec, threshold_text));
}

/* Options about a protocol that is not watched. */
static void
check_protocols(struct config_context *context, const struct config *config,
    const struct option_place *places)
{
	static const struct {
		const char *name;
		enum protocol protocol;
	} about[] = {
		{ "udp.threshold", PROTOCOL_UDP },
		{ "udp.auto", PROTOCOL_UDP },
		{ "log.udp", PROTOCOL_UDP },
	};
	const struct option_place *protocols = place_of(places, "protocols");
	const struct option_place *hopping = place_of(places, "hopping");
	uint32_t watched = config_protocols(config);

	if (protocols->line == 0 || protocols->failed)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(about); i++) {
		const struct option_place *place = place_of(places, about[i].name);

		if (place->line == 0 || (watched >> about[i].protocol & 1) != 0)
			continue;
		context->file = place->file;
		context_message(context, CONFIG_WARNING, place->line, place->column,
		    "%s has no effect: %s is not watched, see the option protocols", about[i].name,
		    protocol_name(about[i].protocol));
	}
	if (hopping->line == 0 || hopping->failed || config->policy.hopping == 0 ||
	    (config->policy.hopping & watched) != 0)
		return;
	context->file = hopping->file;
	context_message(context, CONFIG_WARNING, hopping->line, hopping->column,
	    "hopping has no effect: %s is not watched, see the option protocols",
	    protocol_name((watched >> PROTOCOL_TCP & 1) != 0 ? PROTOCOL_UDP : PROTOCOL_TCP));
}

void
across_check_options(struct config_context *context, const struct config *config,
    const struct option_place *places, bool fragment)
{
	check_survey(context, config, places, fragment);
	check_thresholds(context, config, places, fragment);
	check_log_after(context, config, places, fragment);
	check_protocols(context, config, places);
}

/* Finds the first run of ports none of which is watched. */
static bool
find_unwatched(const struct port_set *ports, const struct ranges *ranges, struct port_range *ret)
{
	for (uint32_t from = 0; port_set_next(ports, from, ret); from = ret->last + 1U) {
		bool watched = false;

		for (uint32_t port = ret->first; port <= ret->last && !watched; port++)
			watched = ranges_source(ranges, (uint16_t)port) != 0;
		if (!watched)
			return true;
	}
	return false;
}

/* The first run of the match and of what its any has inside. */
static bool
find_unwatched_of(const struct match *match, const struct ranges *ranges, struct port_range *ret)
{
	if (match->ports != NULL && find_unwatched(match->ports, ranges, ret))
		return true;
	for (size_t i = 0; i < match->any_count; i++)
		if (match->any[i].ports != NULL && find_unwatched(match->any[i].ports, ranges, ret))
			return true;
	return false;
}

static void
check_rule_ports(struct config_context *context, const struct parsed_rule *parsed,
    const struct ranges *ranges)
{
	struct port_range run;
	char watched[128], last[16] = "";

	if (!find_unwatched_of(&parsed->rule.match, ranges, &run))
		return;
	ranges_format(ranges, watched, sizeof(watched));
	if (run.last > run.first)
		(void)snprintf(last, sizeof(last), "-%u", run.last);
	context->file = parsed->file;
	context_warn(context, parsed, "port %u%s is not watched, expected one of %s", run.first,
	    last, watched);
}

/* A rule about what is not watched; one that names more than that is fine. */
static void
check_rule_protocols(struct config_context *context, const struct config *config,
    const struct parsed_rule *parsed)
{
	const struct match *match = &parsed->rule.match;
	const uint32_t all = (1U << PROTOCOL_COUNT) - 1;
	uint32_t watched = config_protocols(config), wanted = match->any_count == 0 ? all : 0;

	for (size_t i = 0; i < match->any_count; i++)
		wanted |=
		    (match->any[i].keys >> MATCH_PROTOCOL & 1) == 0 ? all : match->any[i].protocols;
	if ((match->keys >> MATCH_PROTOCOL & 1) != 0)
		wanted &= match->protocols;
	if ((wanted & watched) != 0 || wanted == 0)
		return;
	context->file = parsed->file;
	context_warn(context, parsed,
	    "rule can never match: %s is not watched, see the option protocols",
	    protocol_name((wanted >> PROTOCOL_TCP & 1) != 0 ? PROTOCOL_TCP : PROTOCOL_UDP));
}

static void
check_rule_threshold(struct config_context *context, const struct config *config,
    const struct parsed_rule *parsed)
{
	char text[DURATION_TEXT_MAX], interval_text[DURATION_TEXT_MAX];

	if ((parsed->rule.values & RULE_THRESHOLD) == 0 ||
	    !is_below_interval(config, parsed->rule.threshold_usec))
		return;
	context->file = parsed->file;
	context_warn(context, parsed,
	    "threshold is %s, expected at least the interval (%s), or 0s for the next poll",
	    duration_format(parsed->rule.threshold_usec, text),
	    duration_format(config->interval_usec, interval_text));
}

static int
compare_rule_names(const void *a, const void *b)
{
	const struct parsed_rule *const *first = a, *const *second = b;
	int order = strcmp((*first)->rule.name, (*second)->rule.name);

	/* Rules lie in the order in which they are asked. */
	return order != 0 ? order : *first < *second ? -1 : 1;
}

/* Messages name the rule: of two with one name nobody knows which. */
static void
check_rule_names(struct config_context *context, const struct parsed_rule *rules, size_t count)
{
	_free_ const struct parsed_rule **sorted = NULL;
	size_t used = 0;

	sorted = calloc(count > 0 ? count : 1, sizeof(*sorted));
	if (sorted == NULL) {
		context_no_memory(context);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (!rules[i].packaged)
			sorted[used++] = &rules[i];
	qsort(sorted, used, sizeof(*sorted), compare_rule_names);
	for (size_t i = 1; i < used; i++) {
		if (strcmp(sorted[i]->rule.name, sorted[i - 1]->rule.name) != 0 ||
		    sorted[i]->repeated)
			continue;
		context->file = sorted[i]->file;
		context_warn(context, sorted[i],
		    "rule has the same name as the one at %s, expected a name of its own",
		    QUOTE_PATH(sorted[i - 1]->rule.where));
	}
}

void
across_check_rules(struct config_context *context, const struct config *config,
    const struct option_place *places, bool fragment, const struct port_range *kernel,
    const struct parsed_rule *rules, size_t count)
{
	const struct option_place *interval = place_of(places, "interval");
	const struct option_place *wanted = place_of(places, "ranges");
	const struct option_place *protocols = place_of(places, "protocols");
	bool times = !interval->failed && !(fragment && interval->line == 0);
	bool ports = context->examine && kernel->last > 0 && !wanted->failed &&
	    !(fragment && wanted->line == 0);
	struct ranges ranges;

	ranges_resolve(&config->ranges, kernel, &ranges);
	if (context->examine)
		check_rule_names(context, rules, count);
	for (size_t i = 0; i < count; i++) {
		if (!rules[i].rule.enabled || rules[i].packaged)
			continue;
		if (protocols->line > 0 && !protocols->failed)
			check_rule_protocols(context, config, &rules[i]);
		if (times)
			check_rule_threshold(context, config, &rules[i]);
		if (ports)
			check_rule_ports(context, &rules[i], &ranges);
	}
}
