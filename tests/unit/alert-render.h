/* SPDX-License-Identifier: MIT */
/*
 * Messages rendered and looked into, for the cmocka tests of daemon/alert/. Whatever is rendered
 * here is held against what every message must be: bounded lines of plain UTF-8.
 */
#ifndef OVERSTAY_TESTS_ALERT_RENDER_H
#define OVERSTAY_TESTS_ALERT_RENDER_H

#include "alert-reports.h"
#include "alert/message.h"

/* What ends an alert's line, about the stay of report_of(). */
#define HINT "journalctl OVERSTAY_STAY=00112233445566778899aabbccddeeff"

/* A host with the users root, alice (1000) and an evil one (666), the interface eth0 (2), and a
 * process 4242 that runs; command lines masked. */
extern const struct message_context host;

/*
 * Render and free the report. The message is malloc()ed. Its text is handed to tests/golden, under
 * the name of the function that asks for it (NULL = nobody would read it): no test compares words.
 */
#define render(report)		      render_for(__func__, report, &host)
#define render_under(report, context) render_for(__func__, report, context)
struct message *render_for(const char *test, struct report *report,
    const struct message_context *context);

/* The value of the n-th field of that name (n from 0), or of the first; NULL = there is none. */
const char *nth_value(const struct message *message, const char *name, unsigned n);
const char *value(const struct message *message, const char *name);

/*
 * The text of the report, which is freed, begins with the first piece and has the others behind it,
 * in this order. Pieces are what the report brings (addresses, names, numbers), never words.
 */
#define check_pieces(report, ...) \
	check_pieces_for(__func__, report, &host, (const char *const[]){ __VA_ARGS__, NULL })
#define check_pieces_under(report, context, ...) \
	check_pieces_for(__func__, report, context, (const char *const[]){ __VA_ARGS__, NULL })
void check_pieces_for(const char *test, struct report *report,
    const struct message_context *context, const char *const *pieces);

/* The line ends with this. */
void check_end(const struct message *message, const char *end);

#endif
