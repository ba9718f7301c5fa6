/* SPDX-License-Identifier: MIT */
/*
 * One poll at the listeners: which questions are put to a source, in which order, and what their
 * answers prove. It drives no source itself. See poll-steps.c.
 *
 *	poll_steps_new() ... while ((request = poll_steps_request(steps)) != NULL) {
 *		source_begin(source, request);
 *		source_step(source, poll_steps_socket, steps, &result) ... until 0
 *		poll_steps_answered(steps, &result);
 *	}
 *	snapshot = poll_steps_finish(steps);
 */
#ifndef OVERSTAY_KERNEL_POLL_STEPS_H
#define OVERSTAY_KERNEL_POLL_STEPS_H

#include "kernel/source.h"

/* More endpoints than this are asked for in stretches, */
#define POLL_SINGLE_MAX 8
/* and more than these are not asked for one by one (40 us each) before another full dump was. */
#define POLL_PORTS_MAX 256

/* A socket that so many complete polls in a row lacked is gone, even where a crowd on its endpoint
 * hides it from every shorter question. */
#define POLL_LACKING_MAX 3

/* Sockets that are not proved to be gone: more than these are taken as gone. */
#define POLL_UNPROVED_MAX 8192

struct poll_steps;

struct poll_steps_options {
	const struct snapshot *last;	  /* borrowed; NULL = this is the first poll */
	const struct port_filter *filter; /* borrowed */
	uint32_t protocols;		  /* bits 1 << enum protocol */
	bool knows_choice;		  /* source_knows_choice() */
	uint64_t taken_usec;		  /* CLOCK_BOOTTIME */
	uint64_t key; /* secret and random, the same in every poll; 0 = recognize nothing */
};

/* Returns NULL without memory. */
struct poll_steps *poll_steps_new(const struct poll_steps_options *options);
/* Accepts NULL; returns NULL. */
struct poll_steps *poll_steps_free(struct poll_steps *steps);

/* The request to put next, valid until poll_steps_answered(); NULL = everything was asked. */
const struct source_request *poll_steps_request(const struct poll_steps *steps);

/* A source_function: argument is the poll. */
void poll_steps_socket(const struct source_socket *socket, void *steps);

/* The request was answered. */
void poll_steps_answered(struct poll_steps *steps, const struct source_result *result);

/* True if the request to put next is one to prove that sockets are gone. */
bool poll_steps_prove(const struct poll_steps *steps);
/* These took their time: nothing more is asked to prove that sockets are gone. */
void poll_steps_hurry(struct poll_steps *steps);

/*
 * The source failed at the request, and may be another one for the next: what this one asked for
 * stays unseen, for these reasons (bits of enum incomplete).
 */
void poll_steps_failed(struct poll_steps *steps, uint32_t reasons);

/*
 * Seals what was seen and frees the poll. Where that is what the last poll had, and nothing else,
 * the snapshot only `repeats` it. Else what the last poll had and this one lacks is absent for
 * certain, unless it is carried on as `carried` (but for the `surplus`). It may have up to twice
 * CROWD_WATCHED_MAX listeners: then surplus_drop() is next, and nothing is known for the next
 * poll yet. Returns the snapshot, to be freed; NULL without memory: then there was no poll.
 */
struct snapshot *poll_steps_finish(struct poll_steps *steps);

#endif
