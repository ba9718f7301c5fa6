/* SPDX-License-Identifier: MIT */
/*
 * The matcher of globs. fnmatch(3) knows no ** and takes exponential time on hostile text; this
 * one remembers one place for `*` and one for `**`, so it costs at most glob times text times
 * slashes, and it allocates nothing.
 *
 * Why two places are enough: if a later * cannot be stretched to a match, stretching an earlier *
 * of the same kind cannot help either; only ** can, because it passes the slashes where * stopped.
 */
#include "model/glob.h"

struct resume {
	const char *glob; /* behind the star, NULL = none yet */
	const char *text; /* what the star has not eaten yet */
};

/* Tries again with the star at *resume eating one more byte. False where it cannot. */
static bool
stretch(struct resume *resume, bool stop_at_slash, const char **glob, const char **text)
{
	if (resume->glob == NULL || *resume->text == '\0')
		return false;
	if (stop_at_slash && *resume->text == '/')
		return false;
	*text = ++resume->text;
	*glob = resume->glob;
	return true;
}

/* Steps over a star (or two) and remembers where to try again. */
static const char *
take_star(const char *glob, const char *text, enum glob_kind kind, struct resume *star,
    struct resume *double_star)
{
	bool path = kind == GLOB_PATH, two = glob[1] == '*';

	glob += two ? 2 : 1;
	if (!path || two) {
		*double_star = (struct resume){ .glob = glob, .text = text };
		*star = (struct resume){ 0 };
	} else
		*star = (struct resume){ .glob = glob, .text = text };
	return glob;
}

bool
glob_match(const char *glob, const char *text, enum glob_kind kind)
{
	struct resume star = { 0 }, double_star = { 0 };

	for (;;) {
		if (*glob == '*') {
			glob = take_star(glob, text, kind, &star, &double_star);
			continue;
		}
		if (*glob == '\0' && *text == '\0')
			return true;
		if (*text != '\0' && *glob == '?' && !(kind == GLOB_PATH && *text == '/')) {
			glob++;
			text++;
			continue;
		}
		if (*text != '\0' && *glob != '\0' && *glob != '?') {
			bool quotes = *glob == '\\' && glob[1] != '\0' && kind != GLOB_NAME;
			const char *plain = quotes ? glob + 1 : glob;

			if (*plain == *text) {
				glob = plain + 1;
				text++;
				continue;
			}
		}
		if (stretch(&star, kind == GLOB_PATH, &glob, &text))
			continue;
		star = (struct resume){ 0 };
		if (!stretch(&double_star, false, &glob, &text))
			return false;
	}
}
