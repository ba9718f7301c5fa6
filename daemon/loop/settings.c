/* SPDX-License-Identifier: MIT */
/*
 * The configuration in force, and the only place where another one takes its place. The engine has
 * its policy before anybody else hears of it.
 *
 * Invariant: the old one is freed when all subscribers have gone over to the new one, since stays
 * that are forgotten meanwhile are reported with the names of its rules.
 */
#include <errno.h>
#include <stdlib.h>

#include "loop/settings.h"

struct settings {
	struct loop *loop;
	struct engine *engine;
	struct config *config;
};

int
settings_new(struct loop *loop, struct engine *engine, struct config *config, struct settings **ret)
{
	struct settings *settings = calloc(1, sizeof(*settings));

	if (settings == NULL) {
		(void)config_free(config);
		return -ENOMEM;
	}
	*settings = (struct settings){ .loop = loop, .engine = engine, .config = config };
	engine_set_policy(engine, &config->policy);
	*ret = settings;
	return 0;
}

struct settings *
settings_free(struct settings *settings)
{
	if (settings != NULL)
		(void)config_free(settings->config);
	free(settings);
	return NULL;
}

const struct config *
settings_config(const struct settings *settings)
{
	return settings->config;
}

struct named_list *
settings_names(const struct settings *settings)
{
	return &settings->config->policy.names;
}

void
settings_names_changed(struct settings *settings)
{
	engine_set_policy(settings->engine, &settings->config->policy);
	loop_announce(settings->loop, LOOP_CHANGED);
}

void
settings_take_links(struct settings *settings, const struct link_table *links)
{
	struct link_table *own = &settings->config->policy.links;
	bool open = link_table_is_open(own);

	/*
	 * A verdict that rests on where a link led holds until its owner is looked up again.
	 * Without memory the next answer is taken in.
	 */
	if (link_table_take(own, links) > 0 && open)
		engine_set_policy(settings->engine, &settings->config->policy);
}

void
settings_replace(struct settings *settings, struct config *config)
{
	struct config *old = settings->config;

	/* What is not known yet is asked for: loop/lookup.c. */
	(void)!link_table_take(&config->policy.links, &old->policy.links);
	settings->config = config;
	engine_set_policy(settings->engine, &config->policy);
	loop_announce(settings->loop, LOOP_SETTINGS);
	(void)config_free(old);
}
