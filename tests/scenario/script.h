/* SPDX-License-Identifier: MIT */
/*
 * A scenario while it is played. The format is described in run.c.
 */
#ifndef OVERSTAY_SCENARIO_SCRIPT_H
#define OVERSTAY_SCENARIO_SCRIPT_H

#include <glob.h>

#include "base/macros.h"
#include "words.h"
#include "world.h"

/* So many complaints about one scenario are printed; the rest is counted. */
#define COMPLAINTS_MAX 30

struct life;

struct script {
	const char *path;
	char **lines; /* without their newlines */
	size_t line_count, line_room;
	size_t at; /* index of the line that is played */
	unsigned complaints;
	bool silent;	     /* they are only counted */
	unsigned long round; /* of the innermost `repeat`, from 0 on */
	size_t expected;     /* messages of the last `expect`: those before told.next */
	unsigned asserted;   /* things compared so far: none is no scenario */
	struct world world;
	struct life *life; /* NULL = all that happens is written line by line */
};

/* All files of the source tree, by a pattern below tests/scenario. Returns 0 or -ENOENT. */
int script_find_all(const char *files, glob_t *ret) _mustcheck_;

/* Reads the file's lines, and those of the files that it includes. Returns 0 or -errno. */
int script_read(struct script *script, const char *path) _mustcheck_;

/* Frees them. */
void script_clear(struct script *script);

/* Prints "# FILE:LINE: ..."; the scenario has failed. */
void complain(struct script *script, const char *format, ...) _printf_(2, 3);

/*
 * Plays the lines from script->at up to (without) `end`. Returns 0, or -EINVAL for a line that
 * makes no sense: then that was complained about and nothing more can be said.
 */
int script_play(struct script *script, size_t end) _mustcheck_;

/* Complains about every message that was told and not expected. */
void check_nothing_left(struct script *script);

/*
 * The statements that compare. rest is what stands behind the statement's word; they return 0 or
 * -EINVAL where it makes no sense.
 */
int check_expect(struct script *script, const char *rest);
int check_field(struct script *script, const char *rest);
int check_nofield(struct script *script, const char *rest);
int check_with(struct script *script, const char *rest);
int check_stay(struct script *script, const char *rest);
int check_counts(struct script *script, const char *rest);

/* The statement `listen`. */
int script_listen(struct script *script, const char *rest);

/* The statements that write owners. */
int write_owner(struct script *script, const char *rest);
int write_also(struct script *script, const char *rest);

#endif
