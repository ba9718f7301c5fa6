/* SPDX-License-Identifier: MIT */
/*
 * Several owners of one endpoint who are due at once. See together.c.
 */
#ifndef OVERSTAY_ENGINE_TOGETHER_H
#define OVERSTAY_ENGINE_TOGETHER_H

#include "engine/stay.h"
#include "model/report.h"

struct pass;

/*
 * An alert about the stay is to be made, which names the owners in `others` (borrowed), too: theirs
 * is not made by itself. Returns how many there are.
 */
size_t together_name(struct pass *pass, struct stay *stay, struct owner *others[REPORT_BESIDE_MAX]);

/* True where the owner that the stay is about was named, and is no graver than what was told. */
bool together_is_named(const struct stay *stay);

#endif
