/* SPDX-License-Identifier: MIT */
/*
 * Each allocation of an answer fails once: alone, with the one behind it that would do in its
 * place, and with many.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "failing-memory.h"
#include "lookup-short.h"
#include "lookup/answer.h"
#include "wire/client.h"

/* What is printed of a test that fails: more places say no more. */
#define PLACES_SHOWN 10

#define SENT_MAX (256 * 1024)

/* So many fail in a row. */
static const size_t rows[] = { 1, 2, 20 };

/* The packets of an answer, one behind the other. */
struct sent {
	char bytes[SENT_MAX];
	size_t used;
	bool done, bad; /* bad: what is no packet of an answer */
};

static struct sent whole, tried;

static int
keep(const char *packet, size_t length, void *argument)
{
	struct sent *sent = argument;
	struct lookup_client_packet answer;
	struct wire_done done;

	memory_spare();
	sent->bad |= sent->done || sent->used + length > sizeof(sent->bytes) ||
	    lookup_client_parse(packet, length, &answer) < 0;
	if (sent->bad) {
		memory_spare_end();
		return -EPROTO;
	}
	memcpy(sent->bytes + sent->used, packet, length);
	sent->done = answer.done;
	if (answer.done) {
		/* The CPU time is another each time. */
		char *at = sent->bytes + sent->used + sizeof(struct wire_header);

		memcpy(&done, at, sizeof(done));
		done.flags &= (1U << LOOKUP_CPU_SHIFT) - 1;
		memcpy(at, &done, sizeof(done));
	}
	sent->used += length;
	owner_unref(answer.owner);
	memory_spare_end();
	return 0;
}

static int
answer(const struct short_request *request, const struct host *host, struct sent *ret)
{
	char text[LINK_PATH_MAX + sizeof(uint32_t)];
	struct wire_paths paths = { .count = 0 };

	if (request->path != NULL) {
		uint32_t length = (uint32_t)strlen(request->path);

		memcpy(text, &length, sizeof(length));
		memcpy(text + sizeof(length), request->path, length);
		paths = (struct wire_paths){ text, 1 };
	}
	ret->used = 0;
	ret->done = ret->bad = false;
	return answer_request(host, 5, request->questions, request->count, paths, keep, ret);
}

/* Says what is wrong with *tried, NULL = nothing. */
static const char *
find_fault(int r)
{
	if (tried.bad)
		return "a bad packet";
	if (r != 0 && r != -ENOMEM)
		return "another error";
	if ((r == 0) != tried.done)
		return "no end";
	if (tried.used > whole.used || memcmp(tried.bytes, whole.bytes, tried.used) != 0)
		return "another answer";
	return r == 0 && tried.used != whole.used ? "a part of the answer" : NULL;
}

/* Tries once. Returns what is wrong, NULL = nothing, and how many allocations there were. */
static const char *
try(const struct short_request *request, size_t failing, size_t row, size_t *ret_count)
{
	struct host host = { 0 };
	const char *fault;
	int r;

	memory_arm_row(failing, row);
	r = request->open(request->argument, &host);
	if (r == 0) {
		r = answer(request, &host, &tried);
		*ret_count = memory_disarm();
		fault = find_fault(r);
		r = answer(request, &host, &tried);
		if (fault == NULL && (r != 0 || find_fault(r) != NULL))
			fault = "the next one is another answer";
		request->close(&host);
		return fault;
	}
	*ret_count = memory_disarm();
	return r == -ENOMEM ? NULL : "another error";
}

static void
answer_whole(const struct short_request *request)
{
	struct host host;

	assert_int_equal(request->open(request->argument, &host), 0);
	assert_int_equal(answer(request, &host, &whole), 0);
	assert_true(whole.done);
	if (request->holds != NULL)
		assert_non_null(
		    memmem(whole.bytes, whole.used, request->holds, strlen(request->holds)));
	request->close(&host);
}

void
short_check(const struct short_request *request)
{
	size_t count = 0, faults = 0, tries = 0;

	answer_whole(request);
	assert_null(try(request, 0, 1, &count));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t failing = 1;; failing++) {
			const char *fault = try(request, failing, rows[i], &count);

			if (fault != NULL && faults++ < PLACES_SHOWN)
				print_message("allocation %zu, %zu in a row: %s\n", failing,
				    rows[i], fault);
			if (count < failing)
				break;
			tries++;
		}
	print_message("%zu answers without some of their memory\n", tries);
	assert_int_equal(faults, 0);
}
