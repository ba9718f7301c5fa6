/* SPDX-License-Identifier: MIT */
/*
 * The thread that sends: takes reports, makes messages of them and sends them, so that the loop
 * never waits for a journal, a terminal or a name service; and says what became of each. See
 * sender.c.
 */
#ifndef OVERSTAY_ALERT_SENDER_H
#define OVERSTAY_ALERT_SENDER_H

#include <stdint.h>

#include "alert/host.h"
#include "base/macros.h"
#include "model/policy.h"
#include "model/report.h"

/* Reports that were handed over and whose result was not taken yet. */
#define SENDER_QUEUE_MAX 256

struct sender;
struct sink;

enum sender_target {
	/* The journal if there is one, and a terminal on stderr too; else stderr. */
	SENDER_AUTO,
	/* The journal alone; while it is away, reports wait. */
	SENDER_JOURNAL,
	/* stderr alone: "<N>text" lines, or lines with the local time on a terminal. */
	SENDER_STDERR,
};

struct sender_options {
	enum sender_target target;
	enum cmdline_mode cmdline;  /* until the first sender_set() */
	const char *config;	    /* hash of the configuration, copied; NULL = none */
	int stderr_fd;		    /* borrowed; STDERR_FILENO */
	const struct sink *journal; /* borrowed; NULL = the system's journal */
	struct host_names names;    /* its argument is taken, on failure too */
};

struct sender_status {
	bool journal_available; /* at the last try */
	bool stuck;		/* something waits for a sink that does not take it */
	uint32_t queued;	/* reports that wait */
	uint64_t sent;		/* messages that a sink took, each counted once */
	uint64_t failed;	/* messages that were given up */
	int last_error;		/* negative errno of the last try that failed, 0 = none yet */
};

/* "auto", "journal", "stderr". Returns 0 or -EINVAL. */
int sender_target_parse(const char *text, enum sender_target *ret) _mustcheck_;

/*
 * Starts the thread, all signals blocked in it. The journal is probed once before this returns, so
 * that sender_status() is meaningful at once. Returns 0 or -errno.
 */
int sender_start(const struct sender_options *options, struct sender **ret) _mustcheck_;

/*
 * Takes a reference to the report, which is sent under the settings of this moment. Never blocks.
 * Returns 0, or -EAGAIN if SENDER_QUEUE_MAX reports are under way: then take their results first.
 */
int sender_send(struct sender *sender, struct report *report) _mustcheck_;

/* What became of a report. */
struct sender_result {
	struct report *report; /* a reference */
	int error;	       /* 0: a sink took it; else the -errno for which it was given up */
};

/*
 * Takes the result of the oldest report that has one; its reference is the caller's. Returns false
 * if there is none yet.
 */
bool sender_result(struct sender *sender, struct sender_result *ret);

/*
 * A descriptor (the sender's) that becomes readable when there is a result, or when the journal
 * came or went. sender_acknowledge() makes it unreadable again: call it first, then act.
 */
int sender_fd(const struct sender *sender);
void sender_acknowledge(struct sender *sender);

/* New settings for the reports that are sent from now on. config is copied; NULL = none. */
void sender_set(struct sender *sender, enum cmdline_mode cmdline, const char *config);

void sender_status(struct sender *sender, struct sender_status *ret);

/*
 * Sends what still can be sent within timeout_usec, stops the thread and frees all. A thread that
 * hangs in a system call is left behind, it harms nobody and ends with the process. Returns how
 * many reports were not sent. Accepts NULL.
 */
uint32_t sender_stop(struct sender *sender, uint64_t timeout_usec);

#endif
