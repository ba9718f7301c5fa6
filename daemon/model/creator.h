/* SPDX-License-Identifier: MIT */
/* Who made a socket, beside who holds it. See creator.c. */
#ifndef OVERSTAY_MODEL_CREATOR_H
#define OVERSTAY_MODEL_CREATOR_H

#include "model/owner.h"

/* True where processes are known to hold the socket, and none of them is the user's who made it:
 * he may hold it all the same, where no search finds it. uid: as the kernel says it of the socket.
 */
bool creator_is_absent(const struct owner *owner, uint32_t uid);

/* owner_same(), for sockets that users a_uid and b_uid made: one of an absent creator is the same
 * owner's only as another one of that creator. */
bool creator_same(const struct owner *a, uint32_t a_uid, const struct owner *b, uint32_t b_uid);

#endif
