/* SPDX-License-Identifier: MIT */
/*
 * What config.c needs of dump.c beside config.h.
 */
#ifndef OVERSTAY_CONFIG_DUMP_H
#define OVERSTAY_CONFIG_DUMP_H

#include "config/config.h"

/* The first line of a dump: nothing else is read beside the rest of it. */
#define DUMP_HEAD "# overstayd --dump-config: the whole configuration, packaged rules included\n"

/* The line above a rule begins with this; behind it stands where the rule came from. */
#define DUMP_ORIGIN "  # from "

/*
 * Works out config->hash. Returns 0, -ENOMEM, or -EFBIG where what config_dump() writes is
 * more than can be read back.
 */
int config_set_hash(struct config *config) _mustcheck_;

#endif
