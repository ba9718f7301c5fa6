/* SPDX-License-Identifier: MIT */
/*
 * Messages rendered and looked into, for the cmocka tests of daemon/alert/. Whatever is rendered
 * here is held against what every message must be: bounded lines of plain UTF-8.
 */
#ifndef OVERSTAY_TESTS_ALERT_RENDER_H
#define OVERSTAY_TESTS_ALERT_RENDER_H

#include "alert-reports.h"
#include "alert/message.h"

/* The hint about the stay of report_of(). */
#define HINT "; see: journalctl OVERSTAY_STAY=00112233445566778899aabbccddeeff"

/* A host with the users root, alice (1000) and an evil one (666), the interface eth0 (2), and a
 * process 4242 that runs; command lines masked. */
extern const struct message_context host;

/* Render and free the report. The message is malloc()ed. */
struct message *render(struct report *report);
struct message *render_under(struct report *report, const struct message_context *context);

/* The value of the n-th field of that name (n from 0), or of the first; NULL = there is none. */
const char *nth_value(const struct message *message, const char *name, unsigned n);
const char *value(const struct message *message, const char *name);

/* The text of the report, which is freed, is this. */
void check_text(struct report *report, const char *wanted);

#endif
