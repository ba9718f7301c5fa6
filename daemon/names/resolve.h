/* SPDX-License-Identifier: MIT */
/*
 * The name services' answer to one question. See resolve.c.
 */
#ifndef OVERSTAY_NAMES_RESOLVE_H
#define OVERSTAY_NAMES_RESOLVE_H

#include "wire/names.h"

/* Takes as long as the name services do, and may never return. */
void names_resolve(const struct names_question *question, struct names_answer *ret);

#endif
