/* SPDX-License-Identifier: MIT */
/*
 * A listing as a table for people, or as lines for scripts. See table.c.
 */
#ifndef OVERSTAY_SERVE_TABLE_H
#define OVERSTAY_SERVE_TABLE_H

#include <stdio.h>

#include "serve/columns.h"

struct table_options {
	bool raw;	  /* one space between values, spaces in them escaped, numbers plain */
	bool no_headings; /* nor is any column left out then */
};

/*
 * Prints the chosen columns; those of the default that have nothing to say are left out. LC_CTYPE
 * says what the terminal can show. Nothing is printed where there is no listener. Returns 0, -EIO
 * or -ENOMEM.
 */
int table_print(FILE *file, const struct column_choice *choice, const struct listing *listing,
    const struct table_options *options) _mustcheck_;

#endif
