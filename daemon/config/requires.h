/* SPDX-License-Identifier: MIT */
/*
 * `requires:` of a file. See requires.c. Inside config/ only.
 */
#ifndef OVERSTAY_CONFIG_REQUIRES_H
#define OVERSTAY_CONFIG_REQUIRES_H

#include "config/messages.h"
#include "config/yaml.h"

#define REQUIRES_KEY "requires"

/*
 * Returns false for a file that requires a later version: a warning is all that is then said of
 * it since `before`, and it is noted as left out. What is no version is an error.
 */
bool requires_met(struct config_context *context, const struct node *tree,
    const struct message_mark *before);

#endif
