/* SPDX-License-Identifier: MIT */
/*
 * What a process calls itself, compared with files.
 */
#ifndef OVERSTAY_LOOKUP_CALLED_H
#define OVERSTAY_LOOKUP_CALLED_H

#include "base/macros.h"
#include "lookup/subject.h"

/*
 * Sets EVIDENCE_NAME_OTHER, _COMM_OTHER and _NAME_OWN. What is known of the program and the script
 * has to be in the process already.
 */
void called_read(const struct subject *subject);

#endif
