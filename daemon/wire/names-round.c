/* SPDX-License-Identifier: MIT */
/*
 * Every question is on its own, so that a name for which a service hangs keeps nobody else from
 * being known. What is not answered, or cannot be said now, stays what it was.
 */
#include <errno.h>
#include <string.h>

#include "wire/names-round.h"

void
names_round_begin(struct names_round *round, struct named_list *list)
{
	*round = (struct names_round){ .list = list };
}

/* Puts the next question. Returns 0 or -errno. */
static int
ask_next(struct names_round *round, struct names_client *client)
{
	struct named *named = round->list->items[round->next];
	struct names_question question = { .key = NAMES_BY_NAME, .group = named->group };
	uint32_t number;
	int r;

	memcpy(question.name, named->name, strlen(named->name));
	r = names_client_ask(client, &question, &number);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(round->open); i++)
		if (round->open[i].number == 0) {
			round->open[i].number = number;
			round->open[i].named = named;
			round->next++;
			break;
		}
	return r;
}

static void
take_answer(struct names_round *round, uint32_t number, const struct names_answer *answer)
{
	for (size_t i = 0; i < ARRAY_SIZE(round->open); i++) {
		if (round->open[i].number != number)
			continue;
		round->open[i].number = 0;
		if (answer->status != NAMES_FAILED)
			round->changed += named_answer(round->open[i].named,
			    answer->status == NAMES_FOUND ? NAMED_KNOWN : NAMED_ABSENT, answer->id);
	}
}

static bool
is_done(const struct names_round *round)
{
	for (size_t i = 0; i < ARRAY_SIZE(round->open); i++)
		if (round->open[i].number != 0)
			return false;
	return round->next == round->list->count;
}

int
names_round_step(struct names_round *round, struct names_client *client)
{
	struct names_answer answer;
	uint32_t number;
	int r = 0;

	while (r == 0) {
		while (r == 0 && round->next < round->list->count)
			r = ask_next(round, client);
		if (r < 0 && r != -EAGAIN)
			return r;
		r = names_client_step(client, &number, &answer);
		if (r == 0)
			take_answer(round, number, &answer);
	}
	if (r != -EAGAIN)
		return r;
	return !is_done(round);
}

void
names_round_end(struct names_round *round, struct names_client *client)
{
	round->list = NULL;
	if (client != NULL)
		names_client_give_up(client);
}
