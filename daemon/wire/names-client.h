/* SPDX-License-Identifier: MIT */
/*
 * The client of overstay-names. Made for an event loop: nothing waits. See names-client.c.
 */
#ifndef OVERSTAY_WIRE_NAMES_CLIENT_H
#define OVERSTAY_WIRE_NAMES_CLIENT_H

#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"
#include "wire/names.h"

struct names_client;

/* Where overstay-names is; borrowed. */
struct names_options {
	const char *socket;  /* NULL = start the program */
	const char *program; /* an absolute path */
};

/* Connects, or starts it (wire/connect.h). Returns 0 or -errno. */
int names_client_open(const struct names_options *options, struct names_client **ret) _mustcheck_;
/* Closes the connection; accepts NULL, returns NULL. A started process is not waited for. */
struct names_client *names_client_close(struct names_client *client);
/* Becomes readable when a step can be made. */
int names_client_fd(const struct names_client *client);

/*
 * Puts a question. Returns 0 and its number; -EAGAIN while NAMES_OPEN_MAX are open or the other end
 * does not read; another -errno: the connection is unusable, close it.
 */
int names_client_ask(struct names_client *client, const struct names_question *question,
    uint32_t *ret_number) _mustcheck_;

/*
 * Takes one answer. Returns 0, and the number of its question; -EAGAIN = there is none now; another
 * -errno (-EPROTO: it made no sense): the connection is unusable, close it.
 */
int names_client_step(struct names_client *client, uint32_t *ret_number,
    struct names_answer *ret) _mustcheck_;

/* Nobody waits any more for the questions that are open: their places are free again. */
void names_client_give_up(struct names_client *client);

#endif
