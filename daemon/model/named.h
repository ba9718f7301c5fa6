/* SPDX-License-Identifier: MIT */
/*
 * The users and groups that the configuration names, and what this host says of them. See named.c.
 */
#ifndef OVERSTAY_MODEL_NAMED_H
#define OVERSTAY_MODEL_NAMED_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* The longest name; LOGIN_NAME_MAX is 256 on Linux. */
#define NAMED_MAX 256

enum named_state {
	NAMED_UNASKED, /* nobody has answered yet: matches nobody */
	NAMED_KNOWN,
	NAMED_ABSENT, /* this host has none of that name: matches nobody */
};

struct named {
	char *name; /* raw, to be escaped */
	bool group;
	enum named_state state;
	uint32_t id;   /* while it is known */
	char *where;   /* "overstay.yaml:12:20", where it stands first; raw */
	bool packaged; /* packaged rules alone name it: that it is absent is no news to anybody */
};

/* Each name once. Start with all zero. */
struct named_list {
	struct named **items; /* they stay where they are: a match points to them */
	size_t count;
	const char *root; /* borrowed; of a tree that is going to be a host's, NULL = this host */
};

/* The one of that name, NULL = it is not there. */
struct named *named_list_find(const struct named_list *list, const char *name, bool group);

/* Appends one that is not there yet. Copies the texts. Returns NULL without memory. */
struct named *named_list_add(struct named_list *list, const char *name, bool group,
    const char *where);

/* How many are in that state. */
size_t named_list_count(const struct named_list *list, enum named_state state);

/* Takes over what is known of the same names in another list. */
void named_list_inherit(struct named_list *list, const struct named_list *other);

/* Frees all that the list holds. */
void named_list_clear(struct named_list *list);

/* Takes in an answer; id is that of a known one. Returns true if it is another than before. */
bool named_answer(struct named *named, enum named_state state, uint32_t id);

#endif
