/* SPDX-License-Identifier: MIT */
/*
 * SIGHUP, and the last good copy. See reload.c.
 */
#ifndef OVERSTAY_LOOP_RELOAD_H
#define OVERSTAY_LOOP_RELOAD_H

#include "loop/ground.h"
#include "loop/names.h"

struct reload;

/* names, paths and state_directory (NULL = nothing is kept) are borrowed. */
int reload_new(const struct ground *ground, struct names *names, const struct config_paths *paths,
    const char *state_directory, struct reload **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct reload *reload_free(struct reload *reload);
/* Tells that the configuration in force is the copy that was kept, because the files are wrong. */
void reload_tell_last_good(struct reload *reload);
/* Tells what was said of the files at a start, and which of them are left out. */
void reload_tell_start(struct reload *reload, const struct config_messages *messages);

#endif
