/* SPDX-License-Identifier: MIT */
/*
 * Globs of rules. See glob.c.
 */
#ifndef OVERSTAY_MODEL_GLOB_H
#define OVERSTAY_MODEL_GLOB_H

#include "base/macros.h"

enum glob_kind {
	GLOB_TEXT, /* * matches any bytes */
	GLOB_PATH, /* * and ? stop at a slash, ** does not */
	GLOB_NAME, /* as text, but a backslash is a letter: names of units have some */
};

/*
 * True where the whole of text matches glob. `*` any run, `?` any byte, `\` takes the next byte as
 * it is, but in a name; there are no character classes. Case counts.
 */
bool glob_match(const char *glob, const char *text, enum glob_kind kind);

#endif
