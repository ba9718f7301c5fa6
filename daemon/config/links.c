/* SPDX-License-Identifier: MIT */
/*
 * Paths of programs in rules: which of them are to be followed, and who may lead them elsewhere.
 *
 * A path is followed by overstay-lookup, for each question anew (lookup/links.c); here is only
 * collected what to ask. That a directory on the way is another user's changes nothing of what the
 * rule matches: it is said when the configuration is checked, since the rule covers whatever that
 * user puts there.
 *
 * A wildcard that is a directory stands for those that match it today (expand.c), and for those
 * that users have by custom, whoever is a user today.
 *
 * Cost of the check: two system calls a component.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/expand.h"
#include "config/links.h"
#include "model/glob.h"

/* As many as the kernel follows. */
#define LINKS_FOLLOWED_MAX 40

static int
collect_globs(const struct glob_list *list, struct link_table *links)
{
	for (size_t i = 0; i < list->count; i++) {
		size_t length = link_length(list->globs[i]);
		int r = length == 0 ? 0 : link_table_add(links, list->globs[i], length);

		if (r < 0)
			return r;
	}
	return 0;
}

static int
collect(const struct match *match, struct link_table *links)
{
	int r = collect_globs(&match->exe, links);

	if (r == 0)
		r = collect_globs(&match->parent, links);
	if (r == 0 && match->not != NULL)
		r = collect(match->not, links);
	for (size_t i = 0; i < match->any_count && r == 0; i++)
		r = collect(&match->any[i], links);
	return r;
}

int
links_collect(struct policy *policy)
{
	int r = 0;

	for (size_t i = 0; i < policy->rule_count && r == 0; i++)
		r = collect(&policy->rules[i].match, &policy->links);
	return r;
}

/* Who may change a directory or file, for a message; "" = root alone. */
struct changer {
	char place[PATH_MAX];
	const char *kind; /* NULL = root alone */
	uint32_t id;
	bool all;
};

/*
 * Group staff is Debian's, for /usr/local: who is in it may become root (Debian policy, 9.1.2).
 * What belongs to whoever stages a tree is going to be root's.
 */
static bool
note_changer(const struct stat *status, const char *place, bool staged, struct changer *changer)
{
	enum { STAFF = 50 };
	bool sticky = S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX) != 0;
	bool roots_group = status->st_gid == 0 || sticky ||
	    (staged && status->st_gid == getegid()) ||
	    (status->st_gid == STAFF && (status->st_mode & S_ISGID) != 0);

	changer->all = (status->st_mode & S_IWOTH) != 0;
	if (status->st_uid != 0 && !(staged && status->st_uid == geteuid())) {
		changer->kind = "user";
		changer->id = status->st_uid;
	} else if ((status->st_mode & S_IWGRP) != 0 && !roots_group) {
		changer->kind = "group";
		changer->id = status->st_gid;
	}
	(void)snprintf(changer->place, sizeof(changer->place), "%s", place);
	return changer->all || changer->kind != NULL;
}

/* A path that is followed: where we are, and what is still to come. */
struct way {
	const char *root;    /* of the staged tree, or "" */
	char here[PATH_MAX]; /* "" is the root; no links are in it */
	char rest[PATH_MAX];
	unsigned links;
};

/* Puts a link's text before the rest. False where that leads nowhere. */
static bool
take_link(struct way *way, const char *path)
{
	char text[PATH_MAX], rest[PATH_MAX];
	ssize_t length = readlink(path, text, sizeof(text) - 1);

	if (length <= 0 || ++way->links > LINKS_FOLLOWED_MAX)
		return false;
	text[length] = '\0';
	memcpy(rest, way->rest, sizeof(rest));
	if ((size_t)snprintf(way->rest, sizeof(way->rest), "%s/%s", text, rest) >=
	    sizeof(way->rest))
		return false;
	if (text[0] == '/')
		way->here[0] = '\0';
	return true;
}

/* Takes the next component off the rest. False at its end. */
static bool
take_name(struct way *way, char name[NAME_MAX + 1])
{
	const char *at = way->rest + strspn(way->rest, "/");
	size_t length = strcspn(at, "/");

	if (length == 0 || length > NAME_MAX)
		return false;
	memcpy(name, at, length);
	name[length] = '\0';
	memmove(way->rest, at + length, strlen(at + length) + 1);
	return true;
}

/* One name further. True to go on; not where it ends, or another may change what is there. */
static bool
step(struct way *way, const char *name, struct changer *changer)
{
	char next[PATH_MAX], place[2 * PATH_MAX];
	struct stat status;
	char *slash;

	if (strcmp(name, ".") == 0)
		return true;
	if (strcmp(name, "..") == 0) {
		slash = strrchr(way->here, '/');
		if (slash != NULL)
			*slash = '\0';
		return true;
	}
	if (strlen(way->here) + 1 + strlen(name) >= sizeof(next))
		return false;
	(void)snprintf(next, sizeof(next), "%.*s/%s", (int)(sizeof(next) - NAME_MAX - 2), way->here,
	    name);
	(void)snprintf(place, sizeof(place), "%s%s", way->root, next);
	if (lstat(place, &status) < 0)
		return false;
	if (S_ISLNK(status.st_mode))
		return take_link(way, place);
	memcpy(way->here, next, sizeof(next));
	return !note_changer(&status, next, way->root[0] != '\0', changer) &&
	    S_ISDIR(status.st_mode);
}

/* Who but root may put something else on the way of a path. False: nobody, as far as it is seen. */
static bool
find_changer(const struct config_context *context, const char *path, size_t length,
    struct changer *changer)
{
	struct way way = { .root = context->root == NULL ? "" : context->root };
	char name[NAME_MAX + 1];

	*changer = (struct changer){ .kind = NULL };
	if (length == 0 || length >= sizeof(way.rest))
		return false;
	memcpy(way.rest, path, length);
	while (take_name(&way, name) && step(&way, name, changer))
		;
	return changer->kind != NULL || changer->all;
}

static void
warn_changer(struct config_context *context, const struct parsed_rule *parsed, const char *glob,
    const struct changer *changer)
{
	if (changer->all)
		context_warn(context, parsed,
		    "exe %s: all users may change %s: the rule covers whatever any user puts "
		    "there; name user or unit",
		    QUOTE(glob), QUOTE(changer->place));
	else
		context_warn(context, parsed,
		    "exe %s: %s %u may change %s: the rule covers whatever that %s puts there; "
		    "name user or unit",
		    QUOTE(glob), changer->kind, changer->id, QUOTE(changer->place), changer->kind);
}

/* What a file is found to be that the glob's last wildcard matches says too little: at(1) is its
 * own user's. */
struct behind {
	struct changer *changer;
	bool directories; /* alone */
};

static bool
is_changed(const struct config_context *context, const char *path, void *data)
{
	const struct behind *behind = data;
	char place[2 * PATH_MAX];
	struct stat status;

	(void)snprintf(place, sizeof(place), "%s%s", context->root == NULL ? "" : context->root,
	    path);
	if (behind->directories && (lstat(place, &status) < 0 || !S_ISDIR(status.st_mode)))
		return false;
	return find_changer(context, path, strlen(path), behind->changer);
}

/* True where the directories that match the glob today are another's, or the files behind them. */
static bool
find_changer_behind(const struct config_context *context, const char *glob, struct changer *changer)
{
	const char *last = strrchr(glob, '/');
	struct behind behind = { .changer = changer };
	char directories[PATH_MAX];

	if (last == NULL ||
	    (size_t)snprintf(directories, sizeof(directories), "%s", glob) >= sizeof(directories))
		return false;
	behind.directories = strpbrk(last, "*?\\") != NULL;
	if (behind.directories && strstr(last, "**") == NULL)
		directories[last - glob] = '\0';
	return strpbrk(directories, "*?\\") != NULL &&
	    expand_glob(context, directories, is_changed, &behind);
}

/* Could the glob match a name of any user's that is in the directory, or below? */
static bool
reaches_into(const char *glob, const char *directory)
{
	char name[RULE_TEXT_MAX + 1], here[NAME_MAX + 1];
	size_t place = 0;

	for (; *glob == '/'; glob += strcspn(glob, "/")) {
		size_t length = strcspn(++glob, "/"), part;

		place += directory[place] == '/';
		if (length >= sizeof(name))
			return false;
		memcpy(name, glob, length);
		name[length] = '\0';
		if (directory[place] == '\0')
			return strpbrk(name, "*?") != NULL;
		/* What stands before it decides: /h** has /home. */
		if (strstr(name, "**") != NULL)
			return strncmp(name, directory + place, strcspn(name, "*?")) == 0;
		part = strcspn(directory + place, "/");
		(void)snprintf(here, sizeof(here), "%.*s", (int)part, directory + place);
		if (!glob_match(name, here, GLOB_TEXT))
			return false;
		place += part;
	}
	return false;
}

/* The place where any user has files and that the glob has, NULL for none. */
static const char *
find_users_place(const char *glob)
{
	static const char *const places[] = { "/home", "/tmp", "/var/tmp", "/dev/shm",
		"/run/user" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (reaches_into(glob, places[i]))
			return places[i];
	return NULL;
}

static bool
check_glob(struct config_context *context, const struct parsed_rule *parsed, const char *glob)
{
	const char *place = find_users_place(glob);
	struct changer changer;

	if (find_changer(context, glob, link_length(glob), &changer) ||
	    (place == NULL && find_changer_behind(context, glob, &changer)))
		warn_changer(context, parsed, glob, &changer);
	else if (strncmp(glob, "**", 2) == 0)
		context_warn(context, parsed,
		    "exe %s matches in every directory: the rule covers whatever any user puts "
		    "there; name user or unit",
		    QUOTE(glob));
	else if (place != NULL)
		context_warn(context, parsed,
		    "exe %s matches in %s: the rule covers whatever any user puts there; name "
		    "user or unit",
		    QUOTE(glob), place);
	else
		return false;
	return true;
}

/* keys: those of the match and of that around it. */
static bool
check_match(struct config_context *context, const struct parsed_rule *parsed,
    const struct match *match, uint32_t keys)
{
	const uint32_t named =
	    1U << MATCH_USER | 1U << MATCH_UNIT | 1U << MATCH_USER_UNIT | 1U << MATCH_CONTAINER;

	if ((keys & named) != 0)
		return false;
	for (size_t i = 0; i < match->exe.count; i++)
		if (check_glob(context, parsed, match->exe.globs[i]))
			return true;
	return false;
}

void
rule_check_path(struct config_context *context, const struct parsed_rule *parsed)
{
	const struct rule *rule = &parsed->rule;
	const struct match *match = &rule->match;

	if (!context->examine || context->packaged || !rule->enabled ||
	    (rule->action != ACTION_ALLOW && (rule->values & RULE_THRESHOLD) == 0))
		return;
	if (check_match(context, parsed, match, match->keys))
		return;
	for (size_t i = 0; i < match->any_count; i++)
		if (check_match(context, parsed, &match->any[i], match->keys | match->any[i].keys))
			return;
}
