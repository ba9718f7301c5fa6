/* SPDX-License-Identifier: MIT */
/*
 * All owners that were looked up and are still of use, and their processes, each once. See kept.c.
 */
#ifndef OVERSTAY_ENGINE_KEPT_H
#define OVERSTAY_ENGINE_KEPT_H

#include "engine/fair.h"
#include "model/owner.h"

/* Bytes of all owners and processes together, */
#define KEPT_BYTES_MAX (64U * 1024 * 1024)
/* of which a user has more than so many only while there is room for as many again, */
#define KEPT_OWN_BYTES (256U * 1024)
/* so that all who have an account have at least that; and so many more for suspects alone, which a
 * user's other programs cannot take. */
#define KEPT_SUSPECT_BYTES (128U * 1024)
#define KEPT_USUAL_BYTES   (KEPT_BYTES_MAX - FAIR_ACCOUNTS_MAX * KEPT_SUSPECT_BYTES)
#define KEPT_SHARED_BYTES  (KEPT_USUAL_BYTES - FAIR_ACCOUNTS_MAX * KEPT_OWN_BYTES)

struct kept_place;
struct kept_owner;

struct kept {
	struct kept_place *places; /* a table, by process */
	struct kept_owner *owners;
	size_t owner_count, owner_room;
	struct fair_accounts bytes;    /* without those of */
	struct fair_accounts suspects; /* that there was no other room for */
	bool full;		       /* sweeping again before the next answers brings nothing */
	struct owner *refused;	       /* the last answer of that kind; a reference, NULL = none */
	size_t refused_count;	       /* of those, how many are still of use */
	uint64_t swept_usec;	       /* CLOCK_BOOTTIME */
};

/* Frees what it holds, not the struct, which is as one of zeros. */
void kept_clear(struct kept *kept);

/*
 * Takes in an owner that nobody else has a reference to, of a socket of this user's. Returns a new
 * reference: to the owner, which shares its processes now, or, without room, to one that is unknown
 * for that reason. NULL without memory. The second time it returns the like of the first. suspect:
 * what it is by itself makes its listeners suspects, whatever they are.
 */
struct owner *kept_take(struct kept *kept, struct owner *owner, uint32_t uid, bool suspect);

/* True where the user's next owner may be refused. Costs nothing. */
bool kept_is_nearly_full(const struct kept *kept, uint32_t uid);

/* Forgets what nobody else has a reference to. */
void kept_sweep(struct kept *kept, uint64_t now_usec);

/* True where the user's next owner would hardly be refused. At most once a second it costs a
 * sweep. */
bool kept_has_room(struct kept *kept, uint32_t uid, uint64_t now_usec);

/* True while somebody uses an owner that was refused; costs the same. */
bool kept_is_short(struct kept *kept, uint64_t now_usec);

#endif
