/* SPDX-License-Identifier: MIT */
/*
 * One thing that is to be written: an item of the queue between the loop and the store's thread.
 */
#ifndef OVERSTAY_STORE_CHANGE_H
#define OVERSTAY_STORE_CHANGE_H

#include "engine/verified.h"
#include "model/gap.h"

enum change_kind {
	CHANGE_EXECUTABLE,
	CHANGE_GAP,
	CHANGE_POLLED,	/* there is a later mark: memory alone */
	CHANGE_STOPPED, /* and one that goes to the disk, too */
};

struct change {
	struct change *next;
	enum change_kind kind;
	union {
		struct executable executable;
		struct gap gap;
	};
};

#endif
