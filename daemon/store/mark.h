/* SPDX-License-Identifier: MIT */
/*
 * Until when the host was watched, as a value, and what follows from it at the next start. Pure.
 * See mark.c.
 */
#ifndef OVERSTAY_STORE_MARK_H
#define OVERSTAY_STORE_MARK_H

#include "base/macros.h"
#include "base/moment.h"
#include "model/gap.h"

#define BOOT_ID_SIZE 40

struct mark {
	char boot_id[BOOT_ID_SIZE]; /* "" = there is no mark */
	struct moment polled;	    /* when the last complete poll was made */
	bool stopped;		    /* the daemon was stopped after it */
};

/* What an earlier run left behind. */
struct last_run {
	struct mark saved;     /* with what was written to the disk last */
	struct mark last_poll; /* of the last poll, if it was of this boot */
	bool is_lost;	       /* the database was put aside */
};

/* For how long nobody watched until now, in the boot of that id, and why. */
struct gap mark_gap(const struct last_run *last_run, const char *boot_id, const struct moment *now);

#endif
