/* SPDX-License-Identifier: MIT */
/*
 * The paths of programs in rules that may lead elsewhere by links. See links.c.
 */
#ifndef OVERSTAY_CONFIG_LINKS_H
#define OVERSTAY_CONFIG_LINKS_H

#include "base/macros.h"
#include "config/rules.h"

/* Fills policy->links from its rules. Returns 0 or -ENOMEM. */
int links_collect(struct policy *policy) _mustcheck_;

/*
 * Warns of a rule that allows, or gives more time, by a path on which another user than root may
 * put something else. Reads the host's directories: for --check.
 */
void rule_check_path(struct config_context *context, const struct parsed_rule *rule);

#endif
