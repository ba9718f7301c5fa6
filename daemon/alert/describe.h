/* SPDX-License-Identifier: MIT */
/*
 * The words about listeners and their owners that texts and fields share. Each function appends to
 * a text, escaped and bounded; nothing appended = not known. See describe.c.
 */
#ifndef OVERSTAY_ALERT_DESCRIBE_H
#define OVERSTAY_ALERT_DESCRIBE_H

#include "alert/message.h"
#include "base/text.h"

/* "alice", or "uid 1000" for who has no name; at most max bytes. */
void describe_user(struct text *text, uint32_t uid, const struct message_context *context,
    size_t max);

/* "eth0", or "index 3" for one that is gone. */
void describe_interface(struct text *text, uint32_t index,
    const struct message_context *context);

/* "0.0.0.0:60855", "[fe80::1%eth0]:60855". */
void describe_endpoint(struct text *text, const struct endpoint *endpoint,
    const struct message_context *context);

/* " (all addresses, 4 sockets of 2 users)"; nothing where there is nothing to say. */
void describe_binding(struct text *text, const struct report_stay *stay,
    const struct message_context *context);

/*
 * Arguments of the command line from number `from` on, each behind one space but the first, masked
 * as context->cmdline says, at most max bytes. Nothing with CMDLINE_OFF.
 */
void describe_arguments(struct text *text, const struct process *process, unsigned from,
    const struct message_context *context, size_t max);

/*
 * A unit's name; at most max bytes. One that systemd could have given is written as it is, with
 * its backslashes, so that it can be searched for; what else stands there is escaped.
 */
void describe_unit(struct text *text, const char *unit, size_t max);
bool is_unit_name(const char *unit);

/* "python3.11 /home/alice/srv.py [4242] of alice in session-3.scope", "unknown owner (why), ..." */
void describe_owner(struct text *text, const struct report_stay *stay,
    const struct message_context *context);

#endif
