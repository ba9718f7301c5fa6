/* SPDX-License-Identifier: MIT */
/*
 * The status line: what is watched and how many listeners there are, and then what each part has
 * to say of itself. It is sent where it differs from the one before.
 *
 * Cost: an update is a few hundred bytes written, and one sendmsg(2) if they changed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "loop/status.h"

/* What stands between a part and what is before it. */
static const char *const separators[STATUS_PART_COUNT] = {
	[STATUS_POLL] = "; ",
	[STATUS_SURVEY] = ", ",
	[STATUS_CONFIG] = "; ",
	[STATUS_CONDITIONS] = "; ",
	[STATUS_RELOAD] = "; ",
};

struct status {
	const struct loop *loop;
	const struct engine *engine;
	const struct settings *settings;
	struct {
		status_function *function;
		void *argument;
	} parts[STATUS_PART_COUNT];
	char line[512]; /* what was last sent as STATUS= */
};

static void
write_watched(const struct status *status, struct text *text)
{
	const struct config *config = settings_config(status->settings);
	struct track_counts counts;
	char ranges[128];

	engine_counts(status->engine, &counts);
	ranges_format(engine_ranges(status->engine), ranges, sizeof(ranges));
	text_printf(text, "%s%s%s %s: %zu listeners, %zu overstay, %zu suspect, %zu allowed",
	    config->protocols[PROTOCOL_TCP] ? "tcp" : "",
	    config->protocols[PROTOCOL_TCP] && config->protocols[PROTOCOL_UDP] ? "+" : "",
	    config->protocols[PROTOCOL_UDP] ? "udp" : "", ranges, counts.stays, counts.overstaying,
	    counts.suspects, counts.allowed);
}

static void
write_config(struct text *text, void *argument)
{
	const struct status *status = argument;

	text_printf(text, "config %s", settings_config(status->settings)->hash);
}

static void
write_part(const struct status *status, enum status_part part, struct text *text)
{
	char buffer[160];
	struct text own;

	text_init(&own, buffer, sizeof(buffer));
	if (status->parts[part].function != NULL)
		status->parts[part].function(&own, status->parts[part].argument);
	if (buffer[0] != '\0')
		text_printf(text, "%s%s", separators[part], buffer);
}

void
status_update(struct status *status)
{
	char line[sizeof(status->line)];
	struct text text;

	if (!loop_is_ready(status->loop))
		return;
	text_init(&text, line, sizeof(line));
	write_watched(status, &text);
	for (unsigned part = 0; part < STATUS_PART_COUNT; part++)
		write_part(status, (enum status_part)part, &text);
	if (strcmp(line, status->line) == 0)
		return;
	memcpy(status->line, line, sizeof(line));
	(void)sd_notifyf(0, "STATUS=%s", line);
}

void
status_provide(struct status *status, enum status_part part, status_function *function,
    void *argument)
{
	status->parts[part].function = function;
	status->parts[part].argument = argument;
}

int
status_new(const struct loop *loop, const struct engine *engine, const struct settings *settings,
    struct status **ret)
{
	struct status *status = calloc(1, sizeof(*status));

	if (status == NULL)
		return -ENOMEM;
	*status = (struct status){ .loop = loop, .engine = engine, .settings = settings };
	status_provide(status, STATUS_CONFIG, write_config, status);
	*ret = status;
	return 0;
}

struct status *
status_free(struct status *status)
{
	free(status);
	return NULL;
}
