/* SPDX-License-Identifier: MIT */
/*
 * The types of option values: read from a node, written as YAML. See values.c, and
 * port-values.c for ports.
 */
#ifndef OVERSTAY_CONFIG_VALUES_H
#define OVERSTAY_CONFIG_VALUES_H

#include <stdio.h>

#include "base/macros.h"
#include "config/options.h"

/*
 * Reads the value of option into config. Returns true, or says the error and leaves config
 * as it was.
 */
bool value_read(struct config_context *context, const struct node *node,
    const struct option *option, struct config *config);

/* Writes the value of option, without its name and a newline. */
void value_dump(const struct config *config, const struct option *option, FILE *file);

/*
 * Reads `a list of words` into bits, each the place of its word; what: "protocol",
 * expected: "tcp or udp". Returns true, or says the error.
 */
bool words_read(struct config_context *context, const struct node *node, const char *what,
    word_function *word, uint32_t *ret_bits);

/* Writes "[tcp, udp]". */
void words_dump(word_function *word, uint32_t bits, FILE *file);

/* The words of enum protocol: "tcp", "udp". */
word_function protocol_word;

/* More entries in a list of ranges or words say nothing new. */
#define VALUE_LIST_MAX 1024

/* Reads one "p" or "a-b" into the set. Returns true, or says the error. */
bool ports_read(struct config_context *context, const struct node *node, struct port_set *set);

/* Writes "80, 49152-65535"; with comma also one before the first. */
void ports_dump(const struct port_set *set, bool comma, FILE *file);

/* Reads the list of `ranges`. Returns true, or says the error and leaves *ranges as it was. */
bool ranges_read(struct config_context *context, const struct node *node,
    struct range_wanted *ranges);

/* Writes "[iana, kernel, 8080]". */
void ranges_dump(const struct range_wanted *ranges, FILE *file);

#endif
