/* SPDX-License-Identifier: MIT */
/*
 * A listing as JSON. See json.c.
 */
#ifndef OVERSTAY_SERVE_JSON_H
#define OVERSTAY_SERVE_JSON_H

#include <stdio.h>

#include "serve/columns.h"

/* Raised when a key changes its meaning or type or goes; a new key does not raise it. */
#define JSON_SCHEMA 1

/*
 * Prints one object: "schema", "complete", "incomplete" and "listeners", each of these on a line of
 * its own with the chosen keys. Returns 0, -EIO or -ENOMEM.
 */
int json_print(FILE *file, const struct column_choice *choice,
    const struct listing *listing) _mustcheck_;

#endif
