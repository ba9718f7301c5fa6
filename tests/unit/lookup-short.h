/* SPDX-License-Identifier: MIT */
/*
 * A request answered while memory is short. See lookup-short.c.
 */
#ifndef OVERSTAY_TESTS_LOOKUP_SHORT_H
#define OVERSTAY_TESTS_LOOKUP_SHORT_H

#include "lookup/host.h"
#include "wire/protocol.h"

/* What is asked again and again. */
struct short_request {
	const struct wire_question *questions;
	size_t count;
	const char *path;  /* asked for, too; NULL = none */
	const char *holds; /* bytes that stand in the answer, or it is not about what it is to be */
	/* Makes *ret anew for each answer, and ends it. Returns 0 or -ENOMEM. */
	int (*open)(void *argument, struct host *ret);
	void (*close)(struct host *host);
	void *argument;
};

/*
 * Lets each allocation of an answer fail, alone and with those behind it: fails the test unless it
 * ends with -ENOMEM, or with what it ends with when nothing fails, to the byte; and unless all that
 * was sent until then is the beginning of that, and the next answer of the same host all of it.
 */
void short_check(const struct short_request *request);

#endif
