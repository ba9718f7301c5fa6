/* SPDX-License-Identifier: MIT */
/*
 * The lifetime of a policy. What it says is judge.c's to apply, what may be written in it is
 * config/'s to check. Nothing here can fail.
 */
#include <stdlib.h>
#include <string.h>

#include "model/listener.h"
#include "model/policy.h"

static const char *const cmdline_mode_names[] = {
	[CMDLINE_MASKED] = "masked",
	[CMDLINE_FULL] = "full",
	[CMDLINE_OFF] = "off",
};

void
policy_init(struct policy *policy)
{
	*policy = (struct policy){
		.threshold_usec = 10 * USEC_PER_MIN,
		.user_threshold_usec = 3 * USEC_PER_DAY,
		.udp_threshold_usec = USEC_PER_HOUR,
		.udp_auto_usec = USEC_NEVER,
		.severity = SEVERITY_WARNING,
		.loopback_severity = SEVERITY_NOTICE,
		.suspect_threshold_usec = 0,
		.suspect_severity = SEVERITY_CRIT,
		.suspect_weak_threshold_usec = USEC_PER_MIN,
		.suspect_weak_severity = SEVERITY_ERR,
		.advice = true,
		.hopping = 1U << PROTOCOL_TCP,
		.grace_usec = 2 * USEC_PER_MIN,
		.remind_usec = USEC_PER_DAY,
		.heartbeat_usec = USEC_PER_DAY,
		.heartbeat_severity = SEVERITY_NOTICE,
		.log_appeared = SEVERITY_INFO,
		.log_vanished = SEVERITY_INFO,
		.log_udp = SEVERITY_OFF,
		.log_after_usec = USEC_PER_MIN,
		.cmdline = CMDLINE_MASKED,
	};
}

static void
glob_list_clear(struct glob_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->globs[i]);
	free(list->globs);
}

bool
id_list_has(const struct id_list *list, uint32_t id)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->ids[i] == id)
			return true;
	for (size_t i = 0; i < list->name_count; i++)
		if (list->names[i]->state == NAMED_KNOWN && list->names[i]->id == id)
			return true;
	return false;
}

static void
id_list_clear(struct id_list *list)
{
	free(list->ids);
	free(list->names);
}

void
match_clear(struct match *match)
{
	if (match == NULL)
		return;
	free(match->ports);
	free(match->addresses);
	glob_list_clear(&match->exe);
	glob_list_clear(&match->comm);
	glob_list_clear(&match->cmdline);
	glob_list_clear(&match->unit);
	glob_list_clear(&match->user_unit);
	glob_list_clear(&match->script);
	glob_list_clear(&match->container);
	glob_list_clear(&match->slice);
	glob_list_clear(&match->parent);
	glob_list_clear(&match->interface);
	glob_list_clear(&match->hostname);
	id_list_clear(&match->uids);
	id_list_clear(&match->gids);
	id_list_clear(&match->login_uids);
	match_clear(match->not );
	free(match->not );
	for (size_t i = 0; i < match->any_count; i++)
		match_clear(&match->any[i]);
	free(match->any);
	memset(match, 0, sizeof(*match));
}

void
rule_clear(struct rule *rule)
{
	if (rule == NULL)
		return;
	free(rule->name);
	free(rule->where);
	free(rule->note);
	match_clear(&rule->match);
	memset(rule, 0, sizeof(*rule));
}

void
policy_clear(struct policy *policy)
{
	if (policy == NULL)
		return;
	for (size_t i = 0; i < policy->rule_count; i++)
		rule_clear(&policy->rules[i]);
	free(policy->rules);
	named_list_clear(&policy->names);
	link_table_clear(&policy->links);
	memset(policy, 0, sizeof(*policy));
}

const char *
cmdline_mode_name(enum cmdline_mode mode)
{
	return cmdline_mode_names[mode];
}
