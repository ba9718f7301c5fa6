/* SPDX-License-Identifier: MIT */
/*
 * What is reported of a listener and counts for nothing: most say why it looks forgotten. One
 * table, in hint.c.
 */
#ifndef OVERSTAY_MODEL_HINT_H
#define OVERSTAY_MODEL_HINT_H

#include <stdint.h>

#include "base/macros.h"
#include "model/reason.h"

/* In the order of the table. */
enum hint {
	HINT_TERMINAL,	/* it has the descriptors of a terminal that is no more */
	HINT_SESSION,	/* whoever logged in and started it is gone */
	HINT_PARENT,	/* what started it has ended */
	HINT_DIRECTORY, /* the directory it was started in is no more */
	HINT_NEWER,	/* it was started once more since, and listens elsewhere */
	HINT_UNUSED,	/* nobody was seen to be connected to it for long */
	HINT_SHELL,	/* a shell below it is fed by it, and not by the network itself */
	HINT_COUNT,
};

const char *hint_name(enum hint hint); /* "terminal-ended" */
const char *hint_text(enum hint hint); /* a clause for a person */

/* Bits 1 << enum hint: those that are of interest with a listener of this class, which is the one
 * it has without its reasons. */
uint32_t hints_of_class(enum listener_class otherwise);

#endif
