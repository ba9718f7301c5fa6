/* SPDX-License-Identifier: MIT */
/*
 * A directory with the four places of a configuration in it, for the tests that read it from files.
 */
#include "config-expect.h"

#include <sys/stat.h>

#include "base/macros.h"
#include "config-tree.h"

int
config_tree_make(struct config_tree *tree, const char *directory)
{
	char *directories[] = { tree->conf_dir, tree->rules_dir, tree->vendor_dir };

	(void)snprintf(tree->root, sizeof(tree->root), "%s/overstay-config.XXXXXX", directory);
	if (mkdtemp(tree->root) == NULL)
		return -1;
	(void)snprintf(tree->main_file, CONFIG_TREE_PATH_MAX, "%s/overstay.yaml", tree->root);
	(void)snprintf(tree->conf_dir, CONFIG_TREE_PATH_MAX, "%s/conf.d", tree->root);
	(void)snprintf(tree->rules_dir, CONFIG_TREE_PATH_MAX, "%s/rules.d", tree->root);
	(void)snprintf(tree->vendor_dir, CONFIG_TREE_PATH_MAX, "%s/vendor", tree->root);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (mkdir(directories[i], 0700) < 0)
			return -1;
	tree->paths = (struct config_paths){
		.main_file = tree->main_file,
		.conf_dir = tree->conf_dir,
		.rules_dir = tree->rules_dir,
		.vendor_rules_dir = tree->vendor_dir,
	};
	return 0;
}

int
config_tree_remove(const struct config_tree *tree)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf -- '%s'", tree->root);
	return system(command);
}

void
config_tree_write(const struct config_tree *tree, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", tree->root, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fchmod(fileno(file), 0644), 0);
	assert_int_equal(fclose(file), 0);
}
