/* SPDX-License-Identifier: MIT */
/*
 * Paths of match keys that are written as a shell would take them, or a unit file: with arguments,
 * several in one string, with variables. The kernel knows a program by its path alone.
 *
 * Nearly all of that can be a name. Where --check asks, a file that exists is right; without that
 * nothing is said.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "config/files.h"
#include "config/match.h"

/* What kind of file a path without a wildcard is, as in st_mode; 0 for none, or if nobody asks. */
static mode_t
kind_of_file(const struct match_filling *filling, const struct key_row *key, const char *text)
{
	const struct config_context *context = filling->context;
	char inside[2 * PATH_MAX];
	struct stat status;
	_close_ int fd = -1;

	if (!context->examine || key->type != KEY_PATHS || text[0] != '/' ||
	    strpbrk(text, "*?\\") != NULL)
		return 0;
	(void)snprintf(inside, sizeof(inside), "%s%s", context->root == NULL ? "" : context->root,
	    text);
	fd = file_open(context, inside, O_PATH);
	return fd >= 0 && fstat(fd, &status) == 0 ? status.st_mode & S_IFMT : 0;
}

bool
match_has_file(const struct match_filling *filling, const struct key_row *key, const char *text)
{
	return kind_of_file(filling, key, text) != 0;
}

static bool
is_directory(const struct match_filling *filling, const struct key_row *key, const char *text)
{
	return text[strlen(text) - 1] == '/' || kind_of_file(filling, key, text) == S_IFDIR;
}

static bool
has_ending(const char *text, const char *ending)
{
	size_t length = strlen(text), wanted = strlen(ending);

	return length > wanted && strcmp(text + length - wanted, ending) == 0;
}

/* Another absolute path behind one of the separators, and blanks. */
static bool
has_second_path(const char *text)
{
	for (const char *at = strpbrk(text, ",;:|"); at != NULL; at = strpbrk(at + 1, ",;:|"))
		if (at[1 + strspn(at + 1, " ")] == '/')
			return true;
	return false;
}

/* $USER, @APP@ */
static bool
has_variable(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
	const char *dollar = strchr(text, '$'), *at_sign = strchr(text, '@');
	size_t length = at_sign == NULL ? 0 : strspn(at_sign + 1, letters);

	return (dollar != NULL && dollar[1] != '\0' && strchr(letters, dollar[1]) != NULL) ||
	    (length > 0 && at_sign[1 + length] == '@');
}

/* Warns of a text that is most likely more than a path. */
static bool
warn_path_text(struct match_filling *filling, const struct key_row *key, const struct node *item)
{
	const char *text = item->text, *wrong;

	if (has_ending(text, " (deleted)"))
		wrong = "is no path, expected it without \"(deleted)\"";
	else if (strstr(text, " #") != NULL)
		wrong = "has a comment, expected a path alone";
	else if (has_second_path(text))
		wrong = "is a list in a string, expected one in brackets";
	else if (has_variable(text))
		wrong = "has a variable, which is not replaced, expected a path";
	else if (strchr(text, ' ') != NULL)
		wrong = "has arguments, expected a path alone, and the key cmdline";
	else
		return false;
	if (!filling->context->examine || strpbrk(text, "*?\\") != NULL ||
	    match_has_file(filling, key, text))
		return false;
	context_warn(filling->context, item, "%s %s %s", key->name, QUOTE(text), wrong);
	return true;
}

/* Bash has more of them. */
void
match_warn_wildcards(struct match_filling *filling, const struct key_row *key,
    const struct node *item)
{
	const char *found = strpbrk(item->text, "[{");

	if (found != NULL && key->type != KEY_TEXTS)
		context_warn(filling->context, item,
		    "%s %s: %c is not a wildcard, expected *, ** or ?", key->name,
		    QUOTE(item->text), *found);
}

void
match_check_path(struct match_filling *filling, const struct key_row *key, const struct node *item)
{
	const char *text = item->text;
	const char *slash = text[strlen(text) - 1] == '/' ? "" : "/";
	char buffer[QUOTE_SIZE];

	if (is_directory(filling, key, text) && strlen(text) + 3 <= sizeof(buffer))
		context_warn(filling->context, item,
		    "%s %s is a directory and matches no program, did you mean %s?", key->name,
		    QUOTE(text),
		    QUOTE((snprintf(buffer, sizeof(buffer), "%s%s*", text, slash), buffer)));
	else if (is_directory(filling, key, text))
		context_warn(filling->context, item, "%s %s is a directory and matches no program",
		    key->name, QUOTE(text));
	else if (strstr(text, " -") != NULL)
		context_warn(filling->context, item,
		    "%s %s has arguments, expected a path alone, and the key cmdline", key->name,
		    QUOTE(text));
	/* Others are followed on the host, which makes them plain. */
	else if (key->key == MATCH_SCRIPT &&
	    (strstr(text, "//") != NULL || strstr(text, "/../") != NULL ||
		strstr(text, "/./") != NULL))
		context_warn(filling->context, item,
		    "%s %s matches nothing, expected a path without //, /./ and /../", key->name,
		    QUOTE(text));
	else if (!warn_path_text(filling, key, item))
		match_warn_wildcards(filling, key, item);
}
