/* SPDX-License-Identifier: MIT */
/*
 * Shells that talk to somebody elsewhere. See shell.c.
 */
#ifndef OVERSTAY_LOOKUP_SHELL_H
#define OVERSTAY_LOOKUP_SHELL_H

#include <stddef.h>

#include "base/macros.h"
#include "lookup/view.h"
#include "model/owner.h"

/*
 * Adds what it finds of shells to the evidence of a holder, of which program, arguments, user,
 * trust and file are known already: EVIDENCE_STDIO_NETWORK, EVIDENCE_SUPER_SERVER,
 * EVIDENCE_SHELL_BELOW, EVIDENCE_SHELL_PIPED. process_fd: its /proc/PID; task_fd: that, or the
 * /proc/PID/task/TID that holds; both borrowed. cgroup: the path of its cgroup as
 * view_read_cgroup() has it, NULL = unknown.
 */
void shell_read(const struct view *view, int process_fd, int task_fd, const char *cgroup,
    struct process *process);

/* What is remembered of cgroups while a request is answered; NULL without memory. Free accepts
 * NULL and returns it. */
struct shell_orphans *shell_orphans_new(void);
struct shell_orphans *shell_orphans_free(struct shell_orphans *orphans);

/*
 * True where a service that systemd starts for each connection to a socket unit (Accept=yes) is
 * itself a shell on its connection. cgroup: the path of the socket unit's cgroup.
 */
bool shell_is_accepted(const struct view *view, const char *cgroup);

/*
 * Is this a shell by the path of its program, what that is a copy of ("" = nothing known) and its
 * arguments, each ended by a NUL, length bytes in all?
 */
bool shell_is_program(const char *exe, const char *known_as, const char *arguments, size_t length);

#endif
