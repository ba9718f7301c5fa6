/* SPDX-License-Identifier: MIT */
/*
 * The words about listeners and their owners that texts and fields share. Each function appends to
 * a text, escaped and bounded; nothing appended = not known. See describe.c (listeners) and
 * describe-owner.c (owners).
 */
#ifndef OVERSTAY_ALERT_DESCRIBE_H
#define OVERSTAY_ALERT_DESCRIBE_H

#include "alert/message.h"
#include "base/text.h"

/* "alice", "uid 1000" for who has no name, "an unknown user" for UINT32_MAX; at most max bytes. */
void describe_user(struct text *text, uint32_t uid, const struct message_context *context,
    size_t max);

/* "eth0", or "index 3" for one that is gone. */
void describe_interface(struct text *text, uint32_t index, const struct message_context *context);

/* "0.0.0.0", "[fe80::1%eth0]". */
void describe_address(struct text *text, const struct endpoint *endpoint,
    const struct message_context *context);

/* "0.0.0.0:60855", "[fe80::1%eth0]:60855". */
void describe_endpoint(struct text *text, const struct endpoint *endpoint,
    const struct message_context *context);

/* " (all addresses, 4 sockets of 2 users)"; nothing if there is nothing to say. */
void describe_binding(struct text *text, const struct report_stay *stay,
    const struct message_context *context);

/*
 * Arguments of the command line from number `from` on, each behind one space but the first, masked
 * as context->cmdline says, at most max bytes. Nothing with CMDLINE_OFF.
 */
void describe_arguments(struct text *text, const struct process *process, unsigned from,
    const struct message_context *context, size_t max);

/* The title that the process wrote over its arguments, as those; nothing where it has none. */
void describe_title(struct text *text, const struct process *process,
    const struct message_context *context, size_t max);

/*
 * The name that a process of the owner's goes by and has no right to, at most max bytes, masked as
 * its arguments are; with CMDLINE_OFF no more than the name.
 */
void describe_claim(struct text *text, const struct owner *owner,
    const struct message_context *context, size_t max);

/*
 * A unit's name; at most max bytes. One that systemd could have given is written as it is, with
 * its backslashes, so that it can be searched for; what else stands there is escaped.
 */
void describe_unit(struct text *text, const char *unit, size_t max);
bool is_unit_name(const char *unit);

/*
 * "python3.11 /home/alice/srv.py [4242] of alice in session-3.scope", "foo.socket, held by systemd
 * [1]", "owner unknown (why), made in foo.service by alice".
 */
void describe_owner(struct text *text, const struct report_stay *stay,
    const struct message_context *context);

/* "/usr/bin/x in app.service": what a person would call it tomorrow; "its owner" = unknown. */
void describe_owner_briefly(struct text *text, const struct owner *owner);

/* "/opt/b [78] of bob in b.service": one of several; owner has a process. */
void describe_beside(struct text *text, const struct owner *owner,
    const struct message_context *context);

/* "apache2 [801]"; process->parent_pid is not 0. */
void describe_parent(struct text *text, const struct process *process);

/* A line for sysctl.d that is longer is no reading; it stands in OVERSTAY_ADVICE alone. */
#define ADVICE_TEXT_MAX 600

/* A line for sysctl.d; NULL or "", one that is too long for a message, in words. */
const char *describe_advice(const char *line);

/* "nginx 50080 (nginx.service)", "python3.11 of bob 5 ports"; with `many` instead of "ports", and
 * instead of the port of the only one: "python3.11 of bob 1 more". */
void describe_listed(struct text *text, const struct fact_owner *item, const char *many,
    const struct message_context *context);

/* "192.0.2.1:4444", "[2001:db8::1]:4444". */
void describe_peer(struct text *text, const struct report_peer *peer);

/* "192.0.2.1:4444, 192.0.2.2:1, 192.0.2.3:1, ... (12)"; peers->count is not 0. */
void describe_peers(struct text *text, const struct report_peers *peers);

/* "a shell or similar tool runs as a service, its program was deleted": bits 1 << enum reason. */
void describe_reasons(struct text *text, uint32_t reasons);

/* "its terminal has ended, no connection seen in 240 surveys since 2026-11-27 (short ones can be
 * missed)". */
void describe_hints(struct text *text, const struct report_stay *stay);

#endif
