/* SPDX-License-Identifier: MIT */
/*
 * Comparing matches. See covers.c. Inside config/ only.
 */
#ifndef OVERSTAY_CONFIG_COVERS_H
#define OVERSTAY_CONFIG_COVERS_H

#include "base/macros.h"
#include "model/policy.h"

/* A match without its any: of an any the match around it or one of its entries. */
struct branch_part {
	const struct match *match;
	uint32_t first_word, last_word; /* of its ports: those outside are 0 */
};

/* What must hold together. */
struct branch {
	struct branch_part parts[2];
	size_t count;
	uint32_t keys; /* of all parts */
};

size_t branch_count(const struct match *match);
/* place: below branch_count(). It borrows from match. */
void branch_get(const struct match *match, size_t place, struct branch *ret);
/* Finds the words of ports, so that to compare single ports costs one comparison each. */
void branch_find_ports(struct branch *branch);

/*
 * True where whatever the narrow branch matches, the keys of wide alone do, but for its `not` and
 * `any`. What is added to *cost is how many comparisons the answer took.
 */
bool branch_is_covered(const struct match *wide, const struct branch *narrow, uint64_t *cost);

/*
 * True where the narrow keys let more in than the wide ones, not less: exe takes in processes of
 * other mount namespaces only beside container, and container those below a user's own manager only
 * beside user.
 */
bool keys_are_widened(uint32_t wide, uint32_t narrow);

#endif
