/* SPDX-License-Identifier: MIT */
/*
 * Asks the kernel which sockets without a holder are its own, without holding the loop. See
 * unheld.c.
 */
#ifndef OVERSTAY_LOOP_UNHELD_H
#define OVERSTAY_LOOP_UNHELD_H

#include "engine/unheld.h"
#include "loop/ground.h"
#include "wire/names-link.h"

struct unheld;

/* Called once for each question: with its sockets, filled in. */
typedef void unheld_function(const struct unheld_socket *sockets, size_t count, void *argument);

/* names: asked for what was registered with rpcbind; taken, NULL = nobody is. */
int unheld_new(const struct ground *ground, struct names_link *names, unheld_function *function,
    void *argument, struct unheld **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct unheld *unheld_free(struct unheld *unheld);

/*
 * Asks for count sockets (1 to UNHELD_MAX), one question at a time. function is called later; at
 * once where the question cannot be put, with all that is not known unproved.
 */
void unheld_ask(struct unheld *unheld, const struct unheld_socket *sockets, size_t count);

/* function is not called any more for the question under way, if there is one. */
void unheld_cancel(struct unheld *unheld);

#endif
