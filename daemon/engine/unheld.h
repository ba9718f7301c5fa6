/* SPDX-License-Identifier: MIT */
/*
 * Answers that name no holder, and what the kernel's claims make of them. See unheld.c.
 */
#ifndef OVERSTAY_ENGINE_UNHELD_H
#define OVERSTAY_ENGINE_UNHELD_H

#include "engine/lookup.h"
#include "model/kernel-claims.h"

/* Sockets of one packet that the kernel is asked for: all that one is about, so that nobody's
 * sockets keep another one from being asked for. Those beyond have it unproved. */
#define UNHELD_MAX 1024

/* True for an owner of a socket that the kernel may be asked for: everything was searched, and no
 * process holds it. Global for the tests. */
bool unheld_is(const struct owner *owner);

/*
 * Changes *owner (a reference, exchanged) by the claim: to the kernel, or to unknown because that
 * cannot be proved. Without memory it stays as it is. Global for the tests.
 */
void unheld_apply(struct owner **owner, enum kernel_claim claim);

/* Sorts questions by inode, as unheld_collect() wants them. */
void unheld_sort(struct lookup_question *questions, size_t count);

/* Fills sockets (room for UNHELD_MAX) with what is to be asked of the answers to these questions,
 * which are sorted. Returns how many there are. */
size_t unheld_collect(const struct lookup_question *questions, size_t question_count,
    const struct lookup_answer *answers, size_t answer_count, struct unheld_socket *sockets);

/* Takes in the claims of what unheld_collect() returned of the same answers. */
void unheld_take_in(struct lookup_answer *answers, size_t answer_count,
    const struct unheld_socket *sockets, size_t count);

#endif
