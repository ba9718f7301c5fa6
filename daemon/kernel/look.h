/* SPDX-License-Identifier: MIT */
/*
 * One look at the listeners: which questions are put to a source, in which order, and what their
 * answers prove. It drives no source itself. See look.c.
 *
 *	look_new() ... while ((request = look_request(look)) != NULL) {
 *		source_begin(source, request);
 *		source_step(source, look_socket, look, &result) ... until 0
 *		look_answered(look, &result);
 *	}
 *	snapshot = look_finish(look);
 */
#ifndef OVERSTAY_KERNEL_LOOK_H
#define OVERSTAY_KERNEL_LOOK_H

#include "kernel/source.h"

/* More ports than this are not asked for one by one (40 us each) before a full dump was. */
#define LOOK_PORTS_MAX 256

/* Listeners beyond which a look is cut off: a hostile user's sockets must not fill the memory. */
#define LOOK_LISTENERS_MAX 262144

struct look;

struct look_options {
	const struct snapshot *last;	  /* borrowed; NULL = this is the first look */
	const struct port_filter *filter; /* borrowed */
	uint32_t protocols;		  /* bits 1 << enum protocol */
	bool knows_choice;		  /* source_knows_choice() */
	uint64_t taken_usec;		  /* CLOCK_BOOTTIME */
	uint64_t key; /* secret and random, the same in every look; 0 = recognize nothing */
};

/* Returns NULL without memory. */
struct look *look_new(const struct look_options *options);
/* Accepts NULL; returns NULL. */
struct look *look_free(struct look *look);

/* The request to put next, valid until look_answered(); NULL = everything was asked. */
const struct source_request *look_request(const struct look *look);

/* A source_function: argument is the look. */
void look_socket(const struct source_socket *socket, void *look);

/* The request was answered. */
void look_answered(struct look *look, const struct source_result *result);

/*
 * The source failed at the request, and may be another one for the next: what this one asked for
 * stays unseen, for these reasons (bits of enum incomplete).
 */
void look_failed(struct look *look, uint32_t reasons);

/*
 * Seals what was seen and frees the look. Where that is what the last look had, and nothing else,
 * the snapshot only `repeats` it. Else what the last look had and this one lacks is absent for
 * certain, unless it is carried on as `unproven`. Returns the snapshot, to be freed; NULL without
 * memory: then there was no look.
 */
struct snapshot *look_finish(struct look *look);

#endif
