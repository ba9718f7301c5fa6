/* SPDX-License-Identifier: MIT */
/*
 * Where messages go: the journal, or in a test something that plays it.
 */
#ifndef OVERSTAY_ALERT_SINK_H
#define OVERSTAY_ALERT_SINK_H

#include "alert/message.h"

struct sink {
	/*
	 * Whether somebody listens now. Returns 0 and in *ret_fd a descriptor (the caller's to
	 * close) that polls as writable once a message can be sent without waiting, -1 =
	 * always; or -errno.
	 */
	int (*probe)(void *argument, int *ret_fd);
	/* Sends a message; may block in spite of the probe. Returns 0 or -errno. */
	int (*send)(void *argument, const struct message *message);
	void *argument;
};

/* The system's journal. See journal.c. */
extern const struct sink journal_sink;

#endif
