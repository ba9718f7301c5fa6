/* SPDX-License-Identifier: MIT */
/*
 * Whether a listener belongs there: finds its class and the reasons for it.
 */
#ifndef OVERSTAY_ENGINE_CLASSIFY_H
#define OVERSTAY_ENGINE_CLASSIFY_H

#include "model/listener.h"
#include "model/owner.h"
#include "model/reason.h"

/* What is asked about: one listener, one owner, and what the stay knows beside them. */
struct circumstances {
	const struct listener *listener;
	const struct owner *owner;
	bool program_changed; /* another program held the endpoint earlier in this stay */
	bool seen_since;      /* the socket was there in a poll after its owner was looked up */
};

/* Pure; ret is whole afterwards. The reasons are those of any described holder. */
void classify(const struct circumstances *circumstances, struct classification *ret);

#endif
