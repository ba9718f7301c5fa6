/* SPDX-License-Identifier: MIT */
/*
 * The stays as they are now, for who prints a list of them. See view.c.
 */
#ifndef OVERSTAY_ENGINE_VIEW_H
#define OVERSTAY_ENGINE_VIEW_H

#include "engine/engine.h"

struct stay_view {
	struct report_stay stay; /* its own; as a message about it would have it */
	bool allowed;		 /* by the rule */
	bool more_holders;	 /* of one of its sockets, maybe: not every process was searched */
	uint32_t unknown;	 /* why owners of its sockets are unknown: 1 << enum owner_reason */
};

/*
 * A view of each stay that is there, by endpoint; ages are those at moment. *ret is to be given
 * back with views_free(). Returns 0 or -ENOMEM.
 */
int engine_view(const struct engine *engine, const struct moment *moment, struct stay_view **ret,
    size_t *ret_count) _mustcheck_;

/* Accepts NULL; returns NULL. */
struct stay_view *views_free(struct stay_view *views, size_t count);

#endif
