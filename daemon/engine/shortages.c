/* SPDX-License-Identifier: MIT */
/*
 * Counts what users lack of what they share, and whose they are: who has more than an eighth of one
 * shortage is always among those that are told apart. A user that is not takes the place of the one
 * with the fewest and goes on counting where that one was ("Space-Saving", Metwally and others,
 * 2005).
 *
 * What it never does: say who gets what (fair.c), or report (loop/shortage.c).
 *
 * Cost: eight comparisons each time; 800 bytes.
 */
#include <stddef.h>
#include <string.h>

#include "engine/shortages.h"

void
shortages_note(struct shortages *shortages, enum short_of kind, uint32_t uid, uint64_t many)
{
	struct shortage_user *users, *user;

	if (shortages == NULL || many == 0)
		return;
	shortages->counts[kind] += many;
	users = user = shortages->users[kind];
	for (unsigned i = 0; i < SHORTAGE_USERS_MAX; i++) {
		if (users[i].count > 0 && users[i].uid == uid) {
			user = &users[i];
			break;
		}
		if (users[i].count < user->count)
			user = &users[i];
	}
	user->uid = uid;
	user->count += many;
}

uint32_t
shortages_user(const struct shortages *shortages, enum short_of kind)
{
	const struct shortage_user *users = shortages->users[kind], *most = users;

	for (unsigned i = 1; i < SHORTAGE_USERS_MAX; i++)
		if (users[i].count > most->count)
			most = &users[i];
	return most->uid;
}

void
shortages_forget_users(struct shortages *shortages)
{
	memset(shortages->users, 0, sizeof(shortages->users));
}
