/* SPDX-License-Identifier: MIT */
/*
 * Values around an any and in it that no process has both. See disjoint.c. Inside config/ only.
 */
#ifndef OVERSTAY_CONFIG_DISJOINT_H
#define OVERSTAY_CONFIG_DISJOINT_H

#include "base/macros.h"
#include "config/covers.h"

/* The name of the first key with such values, NULL if there is none. */
const char *branch_find_disjoint(const struct branch *branch);

#endif
