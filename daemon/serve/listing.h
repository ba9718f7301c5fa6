/* SPDX-License-Identifier: MIT */
/*
 * What is printed: the stays of one moment, and what could not be seen.
 */
#ifndef OVERSTAY_SERVE_LISTING_H
#define OVERSTAY_SERVE_LISTING_H

#include "alert/message.h"
#include "engine/view.h"

/* All borrowed. */
struct listing {
	const struct stay_view *views;
	size_t count;
	struct moment moment; /* of the views */
	const struct message_context *context;
	const char *const *incomplete; /* what could not be seen, a clause each; valid UTF-8 */
	size_t incomplete_count;
};

#endif
