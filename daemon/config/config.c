/* SPDX-License-Identifier: MIT */
/*
 * Loads the configuration: which files, in which order, and what becomes of them.
 *
 *	options: the main file, then conf.d by name; the last that says something wins
 *	rules:	 rules.d by name, the main file, the vendor's rules.d; the first match wins
 *
 * A file in rules.d stands instead of the vendor's file of the same name, so an empty one
 * (or a link to /dev/null) masks it.
 *
 * Everything is read into a fresh struct config, which is handed over whole or not at all:
 * a bad file can never leave half of itself behind. Nothing here keeps state between two
 * loads.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "config/across.h"
#include "config/dump.h"
#include "config/files.h"
#include "config/hostname.h"
#include "config/keys.h"
#include "config/links.h"
#include "config/options.h"
#include "config/requires.h"
#include "config/rules.h"

const struct config_paths config_default_paths = {
	.main_file = SYSCONFDIR "/overstay/overstay.yaml",
	.main_optional = true,
	.conf_dir = SYSCONFDIR "/overstay/conf.d",
	.rules_dir = SYSCONFDIR "/overstay/rules.d",
	.vendor_rules_dir = DATADIR "/overstay/rules.d",
};

/* What may stand in a file. */
enum file_role {
	ROLE_MAIN,  /* options and rules; a fragment given to --check too */
	ROLE_CONF,  /* options */
	ROLE_RULES, /* rules */
};

struct load {
	struct config_context context;
	struct port_range kernel; /* to be examined; 0-0 = not known */
	bool whole;		  /* the main file is the dump of a whole configuration */
	bool unlisted;		  /* a directory could not be read */
	const char *prefix;	  /* of every file's name: the staged tree, or "" */
	struct config *config;
	struct hostname host;
	struct option_place places[OPTION_COUNT_MAX];
	char **files; /* the names of all files, which messages and places borrow */
	size_t file_count;
	size_t first_file;	    /* behind the name of the staged tree */
	struct rule_table rules[3]; /* of rules.d, of the main file, of the vendor */
	size_t rule_total;
	struct file_list masks; /* files of rules.d that are empty */
	size_t errors_before;
};

static void
name_list_clear(struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
}

struct config *
config_free(struct config *config)
{
	if (config == NULL)
		return NULL;
	for (size_t i = 0; config->rule_texts != NULL && i < config->policy.rule_count; i++)
		rule_text_clear(&config->rule_texts[i]);
	free(config->rule_texts);
	name_list_clear(&config->newer);
	name_list_clear(&config->exposed);
	policy_clear(&config->policy);
	free(config);
	return NULL;
}

/* The inode of the network namespace this process is in, 0 if it is not known. */
static uint64_t
own_netns(void)
{
	struct stat status;

	return stat("/proc/self/ns/net", &status) == 0 ? status.st_ino : 0;
}

static int
load_begin(struct load *load, struct config_messages *messages, const struct config_paths *paths)
{
	*load = (struct load){
		.context = {
			.messages = messages,
			.root = paths->root,
			.starting = paths->starting,
			.examine = paths->examine,
			.verbose = paths->verbose,
			.service = paths->examine && paths->root == NULL && !paths->main_outside &&
			    geteuid() == 0,
			.now_usec = clock_realtime_usec(),
			.netns = paths->root != NULL ? 0 : own_netns(),
		},
		.kernel = paths->kernel,
		.prefix = "",
		.config = calloc(1, sizeof(*load->config)),
		.errors_before = messages->counts[CONFIG_ERROR],
	};
	if (load->config == NULL)
		return -ENOMEM;
	hostname_read("/etc/hosts", &load->host);
	load->context.host = &load->host;
	load->context.newer = &load->config->newer;
	load->context.exposed = &load->config->exposed;
	policy_init(&load->config->policy);
	load->context.names = &load->config->policy.names;
	load->context.names->root = paths->root;
	return options_set_defaults(load->config);
}

static void
load_end(struct load *load)
{
	for (size_t i = 0; i < ARRAY_SIZE(load->rules); i++)
		rule_table_clear(&load->rules[i]);
	for (size_t i = 0; i < load->file_count; i++)
		free(load->files[i]);
	free(load->files);
	file_list_clear(&load->masks);
	(void)config_free(load->config);
}

/*
 * Makes "directory/name" (or name alone) the file that messages are about. Returns false without
 * memory, also where it was missing before: what is not known whole (which files are masked, say)
 * is not read on, or messages would speak of what nobody wrote.
 */
static bool
load_enter(struct load *load, const char *directory, const char *name)
{
	char *path;

	if (load->context.no_memory)
		return false;
	if (array_fit(&load->files, load->file_count + 1) < 0 ||
	    asprintf(&path, "%s%s%s%s", load->prefix, directory, directory[0] == '\0' ? "" : "/",
		name) < 0) {
		context_no_memory(&load->context);
		return false;
	}
	load->files[load->file_count++] = path;
	load->context.file = path;
	return true;
}

/* A file of rules.d is a map with the key rules and no other but `requires`. */
static void
check_rules_file(struct config_context *context, const struct node *tree)
{
	static const char *const names[] = { "rules", REQUIRES_KEY, NULL };

	if (tree->kind == NODE_EMPTY || tree->kind == NODE_BROKEN)
		return;
	if (tree->kind != NODE_MAP) {
		context_error(context, tree,
		    "found %s, expected a map with rules:", node_kind_text(tree));
		return;
	}
	for (size_t i = 0; i < tree->count; i += 2)
		if (tree->items[i].kind == NODE_SCALAR && !node_is(&tree->items[i], "rules") &&
		    !node_is(&tree->items[i], REQUIRES_KEY))
			key_refuse(context, &tree->items[i], LEVEL_RULES, names);
}

static void
load_rules(struct load *load, const struct node *tree, struct rule_table *table)
{
	if (tree->kind != NODE_MAP)
		return;
	for (size_t i = 0; i < tree->count; i += 2)
		if (node_is(&tree->items[i], "rules"))
			rules_read(&load->context, &tree->items[i + 1], table, &load->rule_total);
}

static void
note_mask(struct load *load)
{
	const char *slash = strrchr(load->context.file, '/');

	if (array_fit(&load->masks.names, load->masks.count + 1) < 0 ||
	    (load->masks.names[load->masks.count] = strdup(slash + 1)) == NULL)
		context_no_memory(&load->context);
	else
		load->masks.count++;
}

/* A text that config_dump() wrote says where its rules came from. */
static void
begin_text(struct load *load, const char *text, size_t size, enum file_role role)
{
	const size_t head = sizeof(DUMP_HEAD) - 1;
	bool dumped = size >= head && memcmp(text, DUMP_HEAD, head) == 0;

	load->context.dumped = dumped ? text : NULL;
	load->context.dumped_end = dumped ? text + size : NULL;
	load->context.dumped_line = 1;
	load->whole = load->whole || (dumped && role == ROLE_MAIN);
}

/* Takes a text of the file entered last. table is NULL where no rules are expected. */
static void
load_text(struct load *load, const char *text, size_t size, enum file_role role,
    struct rule_table *table)
{
	struct message_mark before = messages_mark(load->context.messages);
	struct node tree;

	begin_text(load, text, size, role);
	/* What could be read of a text with errors is judged too: all errors at once. */
	(void)node_parse(&load->context, text, size, &tree);
	if (!requires_met(&load->context, &tree, &before)) {
		node_clear(&tree);
		return;
	}
	if (role == ROLE_RULES && tree.kind == NODE_EMPTY && !load->context.packaged)
		note_mask(load);
	if (role == ROLE_RULES)
		check_rules_file(&load->context, &tree);
	else
		options_read(&load->context, &tree, role == ROLE_MAIN, load->config, load->places);
	if (role != ROLE_CONF)
		load_rules(load, &tree, table);
	node_clear(&tree);
	messages_sort(load->context.messages, before.count);
}

static void
load_file(struct load *load, const char *directory, const char *name, bool optional,
    enum file_role role, struct rule_table *table)
{
	_free_ char *text = NULL;
	size_t size = 0;

	if (!load_enter(load, directory, name))
		return;
	switch (file_read(&load->context, &text, &size)) {
	case FILE_READ:
		load_text(load, text, size, role, table);
		break;
	case FILE_MISSING:
		if (!optional)
			context_message(&load->context, CONFIG_ERROR, 1, 1, "cannot be read: %s",
			    strerror(ENOENT));
		break;
	case FILE_LEFT_OUT:
	case FILE_FAILED:
		break;
	}
}

static void
load_input(struct load *load)
{
	_free_ char *text = NULL;
	size_t size = 0;

	if (load_enter(load, "", "<stdin>") &&
	    file_read_input(&load->context, &text, &size) == FILE_READ)
		load_text(load, text, size, ROLE_MAIN, &load->rules[1]);
}

/* Lists a directory, NULL being an empty one. */
static bool
load_list(struct load *load, const char *directory, struct file_list *ret)
{
	*ret = (struct file_list){ 0 };
	if (directory == NULL)
		return true;
	if (!load_enter(load, "", directory))
		return false;
	if (!file_list_read(&load->context, ret))
		load->unlisted = true;
	return true;
}

static void
load_directory(struct load *load, const char *directory, const struct file_list *list,
    const struct file_list *masks, enum file_role role, struct rule_table *table)
{
	for (size_t i = 0; i < list->count; i++)
		if (masks == NULL || !file_list_has(masks, list->names[i]))
			load_file(load, directory, list->names[i], false, role, table);
}

/* A tree that is not there has no files, and nothing in it is wrong. False with that said. */
static bool
check_root(struct load *load, const char *root)
{
	_close_ int fd = -1;

	if (root == NULL || !load_enter(load, "", root))
		return true;
	fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		context_message(&load->context, CONFIG_ERROR, 1, 1, "cannot be read: %s",
		    strerror(errno));
	load->first_file = load->file_count;
	return fd >= 0;
}

static bool
is_missing(const struct load *load, const char *path)
{
	_close_ int fd = file_open(&load->context, path, O_PATH | O_DIRECTORY);

	return fd == -ENOENT || fd == -ENOTDIR;
}

/*
 * The directory of the configuration, context.file: named as the daemon, or missing in a tree that
 * has no packaged rules either, which is most likely another than was meant.
 */
static void
check_directory(struct load *load, const struct config_paths *paths)
{
	const char *directory = load->context.file, *vendor = paths->vendor_rules_dir;
	char like_daemon[PATH_MAX], packaged[PATH_MAX];

	(void)snprintf(like_daemon, sizeof(like_daemon), "%sd", directory);
	(void)snprintf(packaged, sizeof(packaged), "%s%s", load->prefix,
	    vendor == NULL ? "" : vendor);
	if (paths->root != NULL && is_missing(load, directory) &&
	    (vendor == NULL || is_missing(load, packaged)))
		context_message(&load->context, CONFIG_WARNING, 1, 1,
		    "directory does not exist in this tree, nor do packaged rules: nothing is "
		    "checked");
	if (!is_missing(load, like_daemon))
		context_message(&load->context, CONFIG_WARNING, 1, 1,
		    "directory %s is ignored, expected its files here", QUOTE(like_daemon));
}

/* What lies beside the main file of this host and is not read: overstay.yml. */
static void
check_beside(struct load *load, const struct config_paths *paths)
{
	const char *slash = strrchr(paths->main_file, '/');
	const char *known[] = { slash == NULL ? "" : slash + 1, "conf.d", "rules.d", NULL };
	char directory[PATH_MAX];

	if (slash == NULL || paths->main_outside || paths->conf_dir == NULL)
		return;
	(void)snprintf(directory, sizeof(directory), "%.*s", (int)(slash - paths->main_file),
	    paths->main_file);
	if (!load_enter(load, "", directory))
		return;
	if (paths->examine)
		check_directory(load, paths);
	file_check_beside(&load->context, known);
}

/* A file that stands for a packaged one of its name and has no rules, where there is none. */
static void
check_masks(struct load *load, const char *directory, const struct file_list *vendor)
{
	_free_ const char **names = calloc(vendor->count + 1, sizeof(*names));

	if (names == NULL) {
		context_no_memory(&load->context);
		return;
	}
	for (size_t i = 0; i < vendor->count; i++)
		names[i] = vendor->names[i];
	for (size_t i = 0; i < load->masks.count && vendor->count > 0; i++) {
		const char *mask = load->masks.names[i], *nearest = nearest_name(mask, names);

		if (file_list_has(vendor, mask) || !load_enter(load, directory, mask))
			continue;
		context_message(&load->context, CONFIG_WARNING, 1, 1,
		    "file is empty and disables no packaged file, %s%s%s",
		    nearest == NULL ? "expected the name of one" : "did you mean \"",
		    nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?");
	}
}

static void
load_paths(struct load *load, const struct config_paths *paths)
{
	const char *root = paths->root == NULL ? "" : paths->root;
	struct file_list conf, rules, vendor;

	load->prefix = paths->main_outside ? "" : root;
	load_file(load, "", paths->main_file, paths->main_optional, ROLE_MAIN, &load->rules[1]);
	check_beside(load, paths);
	load->prefix = root;
	(void)load_list(load, paths->conf_dir, &conf);
	load_directory(load, paths->conf_dir, &conf, NULL, ROLE_CONF, NULL);
	(void)load_list(load, paths->rules_dir, &rules);
	load_directory(load, paths->rules_dir, &rules, NULL, ROLE_RULES, &load->rules[0]);
	load->context.packaged = true;
	(void)load_list(load, load->whole ? NULL : paths->vendor_rules_dir, &vendor);
	load_directory(load, paths->vendor_rules_dir, &vendor, &rules, ROLE_RULES, &load->rules[2]);
	load->context.packaged = false;
	check_masks(load, paths->rules_dir, &vendor);
	file_list_clear(&conf);
	file_list_clear(&rules);
	file_list_clear(&vendor);
}

/* Moves the rules of all tables into the first, in the order in which they are asked. */
static bool
join_rules(struct load *load, struct rule_table *ret)
{
	size_t count = 0;

	*ret = (struct rule_table){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(load->rules); i++)
		count += load->rules[i].count;
	if (count == 0)
		return true;
	ret->rules = calloc(count, sizeof(*ret->rules));
	if (ret->rules == NULL)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(load->rules); i++) {
		struct rule_table *table = &load->rules[i];

		for (size_t j = 0; j < table->count; j++)
			ret->rules[ret->count++] = table->rules[j];
		table->count = 0;
	}
	return true;
}

/* Moves the joined rules into the configuration. */
static int
set_rules(struct config *config, struct rule_table *joined)
{
	size_t count = joined->count;

	if (count == 0)
		return 0;
	config->policy.rules = calloc(count, sizeof(*config->policy.rules));
	config->rule_texts = calloc(count, sizeof(*config->rule_texts));
	if (config->policy.rules == NULL || config->rule_texts == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		config->policy.rules[i] = joined->rules[i].rule;
		config->rule_texts[i] = joined->rules[i].text;
	}
	config->policy.rule_count = count;
	joined->count = 0;
	return 0;
}

/* The rules of all files, checked against each other and put in place. */
static int
finish_rules(struct load *load, bool fragment)
{
	struct rule_table joined;
	int r = -ENOMEM;

	if (join_rules(load, &joined)) {
		/* Which files are masked is not known otherwise, nor which rule comes first. */
		if (!load->unlisted)
			rules_check_reach(&load->context, joined.rules, joined.count);
		across_check_rules(&load->context, load->config, load->places, fragment,
		    &load->kernel, joined.rules, joined.count);
		r = set_rules(load->config, &joined);
	}
	rule_table_clear(&joined);
	return r;
}

/* What of the rules is to be followed through links. */
static int
collect_links(struct load *load)
{
	int r = links_collect(&load->config->policy);

	if (r != -E2BIG)
		return r;
	load->context.file = load->files[load->first_file];
	context_message(&load->context, CONFIG_WARNING, 1, 1,
	    "too many paths in exe and parent of all rules together, expected at most %d, of %d "
	    "bytes: links in the others are not followed",
	    LINKS_MAX, LINKS_BYTES_MAX);
	return 0;
}

/* What has come of the load so far: 0, -EINVAL with every error said, -ENOMEM. */
static int
load_result(const struct load *load)
{
	if (load->context.no_memory)
		return -ENOMEM;
	return load->context.messages->counts[CONFIG_ERROR] > load->errors_before ? -EINVAL : 0;
}

/* After the last file: checks across files, and the result. */
static int
load_finish(struct load *load, bool fragment, struct config **ret)
{
	int r;

	if (!load->context.no_memory)
		across_check_options(&load->context, load->config, load->places, fragment);
	/* Of what could be read: an error hides no warning. */
	r = load->context.no_memory ? -ENOMEM : finish_rules(load, fragment);
	if (r == 0)
		r = collect_links(load);
	if (r == 0)
		r = load_result(load);
	if (r == 0)
		r = config_set_hash(load->config);
	if (r == -EFBIG) {
		load->context.file = load->files[load->first_file];
		context_message(&load->context, CONFIG_ERROR, 1, 1,
		    "the configuration of all files together is too large, expected at most "
		    "%d bytes without comments",
		    YAML_SIZE_MAX);
	} else if (r < 0) {
		/* What could be read is of use to who asks for its names. */
		if (r == -EINVAL && load->context.examine)
			*ret = take_ptr(load->config);
		return r;
	}
	/* Of the last checks, too, no message may be lost. */
	r = load_result(load);
	if (r == 0)
		*ret = take_ptr(load->config);
	return r;
}

int
config_load(const struct config_paths *paths, struct config **ret, struct config_messages *messages)
{
	struct load load;
	int r = load_begin(&load, messages, paths);

	if (r == 0) {
		if (check_root(&load, paths->root))
			load_paths(&load, paths);
		r = load_finish(&load, false, ret);
	}
	load_end(&load);
	return r;
}

int
config_load_text(const char *text, size_t size, const char *name, struct config **ret,
    struct config_messages *messages)
{
	const struct config_paths paths = { 0 };
	struct load load;
	int r = load_begin(&load, messages, &paths);

	if (r == 0) {
		if (load_enter(&load, "", name))
			load_text(&load, text, size, ROLE_MAIN, &load.rules[1]);
		r = load_finish(&load, false, ret);
	}
	load_end(&load);
	return r;
}

int
config_check_file(const struct config_paths *paths, const char *path, struct config **ret,
    struct config_messages *messages)
{
	struct load load;
	int r = load_begin(&load, messages, paths);

	if (r == 0) {
		(void)check_root(&load, paths->root);
		load.context.alone = true;
		load.context.service = false;
		if (strcmp(path, CONFIG_STDIN) == 0)
			load_input(&load);
		else
			load_file(&load, "", path, false, ROLE_MAIN, &load.rules[1]);
		r = load_finish(&load, true, ret);
	}
	load_end(&load);
	return r;
}
