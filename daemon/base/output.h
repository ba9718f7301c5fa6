/* SPDX-License-Identifier: MIT */
/*
 * The end of what is written for a person or a script. See output.c.
 */
#ifndef OVERSTAY_BASE_OUTPUT_H
#define OVERSTAY_BASE_OUTPUT_H

#include <stdio.h>

#include "base/macros.h"

/* Writes out what the file has in memory. Returns 0, or -errno if that or a write before failed. */
int output_finish(FILE *file) _mustcheck_;

#endif
