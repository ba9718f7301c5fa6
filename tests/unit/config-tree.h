/* SPDX-License-Identifier: MIT */
/*
 * A directory with the four places of a configuration in it. See config-tree.c.
 */
#ifndef OVERSTAY_TESTS_CONFIG_TREE_H
#define OVERSTAY_TESTS_CONFIG_TREE_H

#include "config/config.h"

#define CONFIG_TREE_PATH_MAX 96

struct config_tree {
	char root[64];
	char main_file[CONFIG_TREE_PATH_MAX];  /* overstay.yaml; not there at first */
	char conf_dir[CONFIG_TREE_PATH_MAX];   /* conf.d */
	char rules_dir[CONFIG_TREE_PATH_MAX];  /* rules.d */
	char vendor_dir[CONFIG_TREE_PATH_MAX]; /* vendor */
	struct config_paths paths;	       /* all four */
};

/* Makes it in the directory. Returns 0 or -1. */
int config_tree_make(struct config_tree *tree, const char *directory);

/* Removes it with all that is in it. Returns 0, else something else. */
int config_tree_remove(const struct config_tree *tree);

/* Writes a file, of mode 0644; name is relative to the root. */
void config_tree_write(const struct config_tree *tree, const char *name, const char *text);

#endif
