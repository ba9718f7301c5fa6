/* SPDX-License-Identifier: MIT */
/*
 * What makes two listeners those of one owner, and what makes two owners of one kind. See
 * group-key.c.
 */
#ifndef OVERSTAY_ENGINE_GROUP_KEY_H
#define OVERSTAY_ENGINE_GROUP_KEY_H

#include "engine/stay.h"

#define GROUP_KEY_BYTES REPORT_GROUP_BYTES

struct group_key {
	uint8_t bytes[GROUP_KEY_BYTES];
};

/* False for an owner that nobody knows: it is never the same as any. */
bool group_key_knows(const struct stay *stay);

/* Whose it is, on this host: the same for all listeners of an owner. */
struct group_key group_key_of_owner(const struct stay *stay);

/* The same of a program: other arguments of an interpreter without a script are another one. An
 * owner of whom one thing is said at a time: one alert, one place in a digest. */
struct group_key group_key_of_program(const struct stay *stay);

/* The same where it is judged alike, too: of one class, and with nothing else about its program. */
struct group_key group_key_of_judged(const struct stay *stay);

/* The same of a suspect: it is the process, for these reasons. */
struct group_key group_key_of_suspect(const struct stay *stay);

/* What is reported as OVERSTAY_GROUP: the same on every host for the same kind of owner. */
struct group_key group_key_reported(const struct stay *stay);

#endif
