/* SPDX-License-Identifier: MIT */
/*
 * Which hints hold for a listener (model/hint.h). See hint.c.
 */
#ifndef OVERSTAY_ENGINE_HINT_H
#define OVERSTAY_ENGINE_HINT_H

#include "model/hint.h"
#include "model/owner.h"

struct hint_facts {
	const struct owner *owner;
	uint32_t reasons;	       /* of the listener, bits 1 << enum reason */
	enum listener_class otherwise; /* the listener's class without its reasons */
	bool newer;		       /* newer_holds() */
	bool unused;		       /* usage_is_unused() */
};

/* Pure. Returns bits 1 << enum hint. */
uint16_t hint_find(const struct hint_facts *facts);

#endif
