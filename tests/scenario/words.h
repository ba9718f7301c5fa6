/* SPDX-License-Identifier: MIT */
/*
 * The lines of a scenario cut into words, and the values that words stand for.
 */
#ifndef OVERSTAY_SCENARIO_WORDS_H
#define OVERSTAY_SCENARIO_WORDS_H

#include <stdint.h>

#include "base/macros.h"
#include "model/listener.h"
#include "model/severity.h"

#define WORDS_MAX      64
#define WORDS_TEXT_MAX 8192

/* A line cut at its blanks; "double quotes" keep blanks, and in them \n, \xNN, \" and \\ work. */
struct words {
	size_t count, next;
	const char *items[WORDS_MAX];
	char text[WORDS_TEXT_MAX];
};

/* Returns 0, or -EINVAL for a quotation without an end and for a line that is too long. */
int words_split(const char *line, struct words *ret) _mustcheck_;

/* A copy of the line with that number for each "$". */
char *words_with_number(const char *line, unsigned long number);

/* The next word, NULL at the end. */
const char *words_next(struct words *words);

/* True, and steps over it, where the next word is `word`. */
bool words_take(struct words *words, const char *word);

/* Each reads the next word. Returns 0, or -EINVAL where it is none or no such value. */
int words_number(struct words *words, uint64_t *ret) _mustcheck_;
int words_duration(struct words *words, uint64_t *ret_usec) _mustcheck_;
/* "0.0.0.0:60855", "[fe80::1%2]:60855": fills family, address, interface and port. */
int words_endpoint(struct words *words, struct endpoint *endpoint) _mustcheck_;

/* True where text is what pattern says; `*` in it stands for any bytes. */
bool pattern_matches(const char *pattern, const char *text);

/* Room for a time as clock_format() writes it. */
#define CLOCK_TEXT_MAX 32

/* "00:10:05", from a day on "3d+00:10:05": time since the scenario began, rounded down. */
const char *clock_format(uint64_t usec, char *buffer);

#endif
