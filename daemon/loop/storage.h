/* SPDX-License-Identifier: MIT */
/*
 * What outlives a restart, in the loop. See storage.c.
 */
#ifndef OVERSTAY_LOOP_STORAGE_H
#define OVERSTAY_LOOP_STORAGE_H

#include "loop/ground.h"
#include "model/gap.h"

struct storage;

/* Both directories are borrowed. state_directory NULL: nothing is kept, and *ret stays NULL.
 * runtime_directory NULL: nothing is kept in memory. */
int storage_new(const struct ground *ground, const char *state_directory,
    const char *runtime_directory, struct storage **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct storage *storage_free(struct storage *storage);

/* For how long nobody watched before this start. Returns false if nothing is kept. */
bool storage_gap(const struct storage *storage, struct gap *ret);

/* The daemon was told to stop. Accepts NULL. */
void storage_note_stop(struct storage *storage);

#endif
