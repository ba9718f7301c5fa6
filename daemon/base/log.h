/* SPDX-License-Identifier: MIT */
/*
 * Debug lines of the program itself, for a person with --verbose, and what goes wrong before there
 * is anybody to send a message. What an administrator must know of a daemon that runs is no log
 * line but a message (alert/message.h).
 */
#ifndef OVERSTAY_BASE_LOG_H
#define OVERSTAY_BASE_LOG_H

#include <stddef.h>

#include "base/macros.h"

/* Switches the debug lines on or off; off at the start. */
void log_set_verbose(bool verbose);
bool log_is_verbose(void);

/*
 * Writes "<7>subsystem: text" ("subsystem: text" on a terminal) as one line to stderr, escaped, if
 * the debug lines are on.
 * subsystem is a short word that can be searched for ("netlink", "track").
 */
void log_debug(const char *subsystem, const char *format, ...) _printf_(2, 3);

/*
 * Writes "<3>overstayd: text" like that, whether or not the debug lines are on. If stderr is a pipe
 * that is full, it waits a second for the reader, and the line is left out then: a log that hangs
 * must not keep a host from being watched.
 */
void log_start(int priority, const char *format, ...) _printf_(2, 3);

/* Writes lines to stderr as they are; waits as log_start() does, a second for each piece. */
void log_lines(const char *lines, size_t length);

#endif
