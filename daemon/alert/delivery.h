/* SPDX-License-Identifier: MIT */
/*
 * Brings one message after the other to where it belongs, waiting where it must. See delivery.c.
 */
#ifndef OVERSTAY_ALERT_DELIVERY_H
#define OVERSTAY_ALERT_DELIVERY_H

#include <stdatomic.h>

#include "alert/sender.h"
#include "alert/sink.h"
#include "alert/terminal.h"
#include "base/worker.h"

struct delivery {
	enum sender_target target;
	const struct sink *journal; /* borrowed */
	struct terminal terminal;
	struct worker *worker; /* borrowed; notifies when the journal came or went */
	int stop_fd;	       /* becomes readable once deadline_usec is set */

	/* Of the thread that delivers. */
	bool journal_seen;	  /* there has been a journal */
	bool terminal_stuck;	  /* its last line did not go out in time */
	uint64_t away_since_usec; /* CLOCK_MONOTONIC, 0 = it is there */
	uint64_t backoff_usec;

	/* Written by one thread, read by the other. */
	atomic_uint_least64_t deadline_usec; /* CLOCK_MONOTONIC; USEC_NEVER = go on */
	atomic_bool journal_available;
	atomic_bool waiting;
	atomic_int last_error;
};

/* Opens the descriptor and probes the journal. Returns 0 or -errno; delivery_clear() either way. */
int delivery_init(struct delivery *delivery, const struct sender_options *options,
    struct worker *worker) _mustcheck_;
void delivery_clear(struct delivery *delivery);

/*
 * Delivers a message, waiting for as long as there is hope. Returns 0, -ECANCELED if the
 * deadline came first, or the -errno for which it was given up.
 */
int delivery_send(struct delivery *delivery, const struct message *message) _mustcheck_;

/* From another thread: whatever waits gives up at deadline_usec (CLOCK_MONOTONIC). */
void delivery_stop(struct delivery *delivery, uint64_t deadline_usec);

#endif
