/* SPDX-License-Identifier: MIT */
/*
 * Verified programs, over a restart. See verified.c.
 */
#ifndef OVERSTAY_LOOP_VERIFIED_H
#define OVERSTAY_LOOP_VERIFIED_H

#include "loop/ground.h"

struct verified_programs;

/* state_directory is borrowed; NULL = nothing is kept, and *ret stays NULL. */
int verified_programs_new(const struct ground *ground, const char *state_directory,
    struct verified_programs **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct verified_programs *verified_programs_free(struct verified_programs *programs);

#endif
