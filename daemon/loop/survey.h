/* SPDX-License-Identifier: MIT */
/*
 * The passes over the whole table. See survey.c.
 */
#ifndef OVERSTAY_LOOP_SURVEY_H
#define OVERSTAY_LOOP_SURVEY_H

#include "loop/ground.h"

struct survey;

int survey_new(const struct ground *ground, struct survey **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct survey *survey_free(struct survey *survey);

#endif
