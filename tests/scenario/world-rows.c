/* SPDX-License-Identifier: MIT */
/*
 * The sockets of a world, who holds them, and the polls that it lost.
 */
#include <string.h>

#include "base/array.h"
#include "or-die.h"
#include "world.h"

struct row *
world_add_row(struct world *world)
{
	if (array_reserve(&world->rows, &world->row_room, world->row_count + 1, ARRAY_UNBOUNDED) <
	    0)
		(void)or_die(NULL);
	world->rows[world->row_count] = (struct row){ .listener.endpoint.netns = 1 };
	return &world->rows[world->row_count++];
}

struct row *
world_find_row(struct world *world, uint64_t cookie)
{
	for (size_t i = 0; i < world->row_count; i++)
		if (world->rows[i].listener.cookie == cookie)
			return &world->rows[i];
	return NULL;
}

size_t
world_close(struct world *world, bool (*doomed)(const struct row *row, const void *what),
    const void *what)
{
	size_t kept = 0, closed;

	for (size_t i = 0; i < world->row_count; i++)
		if (!doomed(&world->rows[i], what))
			world->rows[kept++] = world->rows[i];
	closed = world->row_count - kept;
	world->row_count = kept;
	return closed;
}

struct who *
world_find_who(const struct world *world, const char *name)
{
	for (struct who *who = world->whos; who != NULL; who = who->next)
		if (strcmp(who->name, name) == 0)
			return who;
	return NULL;
}

void
world_note_lost(struct world *world, enum lost_stage stage)
{
	struct lost *lost = &world->lost;

	if (lost->count < WORLD_LOST_MAX) {
		lost->items[lost->count].at_usec = world->now_usec;
		lost->items[lost->count++].stage = stage;
	}
}

bool
world_loses(const struct world *world, enum lost_stage stage)
{
	for (size_t i = 0; world->loses != NULL && i < world->loses->count; i++)
		if (world->loses->items[i].at_usec == world->now_usec &&
		    world->loses->items[i].stage == stage)
			return true;
	return false;
}
