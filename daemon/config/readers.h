/* SPDX-License-Identifier: MIT */
/*
 * What overstayd.service can read, as far as another process can say. See readers.c. Inside config/
 * only.
 */
#ifndef OVERSTAY_CONFIG_READERS_H
#define OVERSTAY_CONFIG_READERS_H

#include <sys/stat.h>

#include "base/macros.h"
#include "config/messages.h"

/*
 * Says the error that a reload would of the file or directory context->file. place: where it lies
 * without links, which is cut, or NULL.
 */
void readers_check(struct config_context *context, const struct stat *status, char *place);

/* What follows a link's target in a message: that the service does not see it, or "". */
const char *readers_hidden_text(const char *target);

#endif
