/* SPDX-License-Identifier: MIT */
/*
 * The names of users, groups and interfaces of a scenario's host. See world-names.c.
 */
#ifndef OVERSTAY_SCENARIO_WORLD_NAMES_H
#define OVERSTAY_SCENARIO_WORLD_NAMES_H

#include <stdint.h>

#include "base/macros.h"
#include "config/config.h"

/* Answers for all that the rules name. */
void world_answer_names(const struct config *config);

/* NULL where there is none of that number. */
const char *world_user_name(uint32_t uid, void *argument);
const char *world_interface_name(uint32_t index, void *argument);

#endif
