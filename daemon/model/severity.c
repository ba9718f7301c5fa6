/* SPDX-License-Identifier: MIT */
/*
 * The names of the priorities, in one table. The words are those journalctl -p takes.
 */
#include <errno.h>
#include <string.h>

#include "model/severity.h"

static const char *const names[] = {
	[SEVERITY_EMERG] = "emerg",
	[SEVERITY_ALERT] = "alert",
	[SEVERITY_CRIT] = "crit",
	[SEVERITY_ERR] = "err",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_NOTICE] = "notice",
	[SEVERITY_INFO] = "info",
	[SEVERITY_DEBUG] = "debug",
	[SEVERITY_OFF] = "off",
};

const char *
severity_name(enum severity severity)
{
	return names[severity];
}

int
severity_parse(const char *text, enum severity *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], text) == 0) {
			*ret = (enum severity)i;
			return 0;
		}
	return -EINVAL;
}
