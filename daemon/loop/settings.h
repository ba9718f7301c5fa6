/* SPDX-License-Identifier: MIT */
/*
 * The configuration in force. See settings.c.
 */
#ifndef OVERSTAY_LOOP_SETTINGS_H
#define OVERSTAY_LOOP_SETTINGS_H

#include "config/config.h"
#include "engine/engine.h"
#include "loop/loop.h"

struct settings;

/* Takes the configuration, on failure too. Returns 0 or -ENOMEM. */
int settings_new(struct loop *loop, struct engine *engine, struct config *config,
    struct settings **ret) _mustcheck_;
/* Accepts NULL; returns NULL. The engine borrows from it: that goes first. */
struct settings *settings_free(struct settings *settings);
/* Borrowed until the next settings_replace(). */
const struct config *settings_config(const struct settings *settings);
/* The names in it, to be asked for: the only part that changes. Borrowed as above. */
struct named_list *settings_names(const struct settings *settings);
/* Something is known now of the users and groups that the rules name: all is judged anew. */
void settings_names_changed(struct settings *settings);
/* Takes in where paths of its rules lead; what was judged without that is judged anew. */
void settings_take_links(struct settings *settings, const struct link_table *links);
/* Puts another configuration (taken) in the place of the one in force, and announces it. */
void settings_replace(struct settings *settings, struct config *config);

#endif
