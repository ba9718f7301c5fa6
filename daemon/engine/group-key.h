/* SPDX-License-Identifier: MIT */
/*
 * What makes two listeners those of one owner, and what makes two owners of one kind. See
 * group-key.c.
 */
#ifndef OVERSTAY_ENGINE_GROUP_KEY_H
#define OVERSTAY_ENGINE_GROUP_KEY_H

#include "engine/stay.h"

/* False for an owner that nobody knows: it is never the same as any. */
bool group_key_knows(const struct stay *stay);
bool group_key_knows_owner(const struct owner *owner);

/* An owner that holds a socket with this uid. */
struct group_key group_key_of_holder(const struct owner *owner, uint32_t uid);

/* True where the owner of a member is the one with that key, or the same as far as can be told. */
bool group_key_is_of(const struct group_key *key, const struct owner *owner,
    const struct member *member);

/* Whose it is, on this host: the same for all listeners of an owner. */
struct group_key group_key_of_owner(const struct stay *stay);

/* The same of a program: other arguments of an interpreter without a script are another one. An
 * owner of whom one thing is said at a time: one alert, one place in a digest. */
struct group_key group_key_of_program(const struct stay *stay);
struct group_key group_key_of_program_holder(const struct owner *owner, uint32_t uid);

/* The same where it is judged alike, too: of one class, and with nothing else about its program. */
struct group_key group_key_of_judged(const struct stay *stay);

/* The same of a suspect: it is the process, for these reasons. */
struct group_key group_key_of_suspect(const struct stay *stay);

/* What is reported as OVERSTAY_GROUP: the same on every host for the same kind of owner. */
struct group_key group_key_reported(const struct stay *stay);

#endif
