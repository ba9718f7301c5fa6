/* SPDX-License-Identifier: MIT */
/*
 * Checks of options and rules against each other. See across.c. Inside config/ only.
 */
#ifndef OVERSTAY_CONFIG_ACROSS_H
#define OVERSTAY_CONFIG_ACROSS_H

#include "config/options.h"
#include "config/rules.h"

/* Options against options. places: where they were set; in a fragment only those count. */
void across_check_options(struct config_context *context, const struct config *config,
    const struct option_place *places, bool fragment);

/* Rules against options; kernel: its range of ports, 0-0 where it is not known. */
void across_check_rules(struct config_context *context, const struct config *config,
    const struct option_place *places, bool fragment, const struct port_range *kernel,
    const struct parsed_rule *rules, size_t count);

#endif
