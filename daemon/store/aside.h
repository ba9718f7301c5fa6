/* SPDX-License-Identifier: MIT */
/*
 * Why a database that was found was put aside and a new one begun, and how its name ends then.
 */
#ifndef OVERSTAY_STORE_ASIDE_H
#define OVERSTAY_STORE_ASIDE_H

enum store_aside {
	STORE_ASIDE_NONE,
	STORE_ASIDE_DAMAGED,
	STORE_ASIDE_OTHER, /* of another version */
};

#define STORE_SUFFIX_DAMAGED ".corrupt"
#define STORE_SUFFIX_OTHER   ".other-version"

#endif
