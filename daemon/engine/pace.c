/* SPDX-License-Identifier: MIT */
/*
 * Somebody who shares a port among thousands of processes (SO_REUSEPORT) has all of them judged
 * when one changes, and their owners come in batches. So a stay of more than PACE_MEMBERS sockets
 * rests for a time that grows with their number, 6.5 s for as many as are watched, and nothing is
 * told of it meanwhile: what became of it by then is judged at once.
 *
 * What it never does: delay the first judgement of a stay, or that of another one.
 *
 * Cost: nothing for a stay of fewer sockets, else a walk over PACE_STAYS entries of 24 bytes.
 */
#include <string.h>

#include "engine/pace.h"

uint64_t
pace_again_usec(const struct pace *pace, const struct stay *stay)
{
	if (stay->is.member_count <= PACE_MEMBERS)
		return 0;
	for (size_t i = 0; i < PACE_STAYS; i++)
		if (memcmp(&pace->stays[i].id, &stay->is.id, sizeof(stay->is.id)) == 0)
			return pace->stays[i].again_usec;
	return 0;
}

void
pace_note(struct pace *pace, const struct stay *stay, uint64_t now_usec)
{
	struct paced *place = &pace->stays[0];

	if (stay->is.member_count <= PACE_MEMBERS)
		return;
	for (size_t i = 0; i < PACE_STAYS; i++) {
		struct paced *other = &pace->stays[i];

		if (memcmp(&other->id, &stay->is.id, sizeof(stay->is.id)) == 0) {
			place = other;
			break;
		}
		/* Of those that are gone. */
		if (other->again_usec < place->again_usec)
			place = other;
	}
	place->id = stay->is.id;
	place->again_usec = now_usec + (uint64_t)stay->is.member_count * PACE_MEMBER_USEC;
}
