/* SPDX-License-Identifier: MIT */
/*
 * In place of overstay-names: a socket below a directory of the test's own, at which a child
 * process answers what the test wants.
 */
#ifndef OVERSTAY_TESTS_NAMES_HELP_H
#define OVERSTAY_TESTS_NAMES_HELP_H

#include <sys/types.h>

#include "wire/names-client.h"

/* Answers each question on a connection; false ends the connection. */
typedef bool names_help_function(int fd, uint32_t id, const struct names_question *question);

struct names_help {
	char directory[64], socket[96];
	struct names_options options;
	pid_t pid;
};

/* Starts it. Aborts if that is not possible. */
void names_help_start(struct names_help *help, names_help_function *answer);
/* Ends it; its socket is gone. */
void names_help_stop(struct names_help *help);

/* Sends an answer. */
void names_help_send(int fd, uint32_t id, enum names_status status, uint32_t number,
    const char *name);

/* alice is 1000, @developers 2000, the name of 1000 is alice; no answer about "hung". */
bool names_help_answer(int fd, uint32_t id, const struct names_question *question);

#endif
