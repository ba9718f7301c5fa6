/* SPDX-License-Identifier: MIT */
/*
 * What is said of a key that stands where it means nothing. See keys.c. Inside config/ only.
 */
#ifndef OVERSTAY_CONFIG_KEYS_H
#define OVERSTAY_CONFIG_KEYS_H

#include "config/messages.h"
#include "config/yaml.h"
#include "model/policy.h"

/* The names of the keys, each list ended by NULL; match keys in the order of enum match_key. */
#define RULE_KEY_COUNT 9
extern const char *const rule_key_names[RULE_KEY_COUNT + 1];
extern const char *const match_key_names[MATCH_KEY_COUNT + 3];

/* Where a key stands. */
enum key_level {
	LEVEL_OPTIONS, /* the top of a file */
	LEVEL_GROUP,   /* a map of options, such as udp */
	LEVEL_RULES,   /* the top of a file of rules.d */
	LEVEL_RULE,
	LEVEL_MATCH,
};

/*
 * Says that the key is unknown there, and where it belongs, or the nearest of names, or all of
 * them.
 */
void key_refuse(struct config_context *context, const struct node *key, enum key_level level,
    const char *const *names);

#endif
