/* SPDX-License-Identifier: MIT */
/*
 * Asks overstay-names for the users and groups that the rules name. See names.c.
 */
#ifndef OVERSTAY_LOOP_NAMES_H
#define OVERSTAY_LOOP_NAMES_H

#include "loop/ground.h"
#include "wire/names-client.h"

struct names;

/* Takes client, on failure too: the connection that there is already, NULL = none. */
int names_new(const struct ground *ground, const struct names_options *options,
    struct names_client *client, struct names **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct names *names_free(struct names *names);

/*
 * Asks for the names of a configuration that is not in force yet, and calls function (perhaps at
 * once) when they are known, or are not in time. list is borrowed until then.
 */
void names_ask(struct names *names, struct named_list *list, loop_function *function,
    void *argument);

/* Reports the names of the configuration in force that match nobody. */
void names_report(const struct names *names);

#endif
