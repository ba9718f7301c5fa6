/* SPDX-License-Identifier: MIT */
/*
 * A stay as a report has it: what a message about it and a list of all say alike. See
 * stay-report.c.
 */
#ifndef OVERSTAY_ENGINE_STAY_REPORT_H
#define OVERSTAY_ENGINE_STAY_REPORT_H

#include "base/moment.h"
#include "engine/stay.h"
#include "model/range.h"
#include "model/report.h"

/*
 * Fills all of *ret with the stay as it stands at moment; what only some messages have is left
 * unknown. To be cleared with report_stay_clear(), whatever is returned: 0; or -ENOMEM: then texts
 * or the owner are missing.
 */
int stay_report_fill(struct report_stay *ret, const struct stay *stay, const struct ranges *ranges,
    const struct moment *moment) _mustcheck_;

/* Adds the stay to those that a message sums up, as it stood at now_usec (CLOCK_BOOTTIME). Accepts
 * items NULL: nothing is added. */
void stay_report_item(struct items *items, const struct stay *stay, uint64_t now_usec);

#endif
