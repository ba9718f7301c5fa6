/* SPDX-License-Identifier: MIT */
/*
 * An example of each notice with all its facts, for the tests of daemon/alert/.
 */
#ifndef OVERSTAY_TESTS_ALERT_NOTICES_H
#define OVERSTAY_TESTS_ALERT_NOTICES_H

#include "model/report.h"

/* What a fact may be; it borrows. */
struct fact notice_fact(enum fact_name name);

/* A report with all facts that the notice carries but this one (FACT_NAME_COUNT = all). */
struct report *notice_report(enum notice notice, enum fact_name missing);

#endif
