/* SPDX-License-Identifier: MIT */
/*
 * What is told of the stays that became due in one poll. While some of them wait for their owner's
 * name the others wait with them, so that what happened at once is told at once:
 *
 *	alert     the gravest and most exposed listener of an owner that is news (group.c), with
 *	          all the others of that owner that are due. One an owner, though what is reported
 *	          of it may be several kinds of news
 *	digest    instead of the alerts, if there are several of what was present at start or of
 *	          what overslept, and if there are more than ENGINE_SUMMARY_MIN of anything else.
 *	          So it always speaks of several owners, each with all its listeners
 *	entry     at info, for each stay that no alert is about: its own fields can be found. Those
 *	          that are graver than most of what came at once keep their priority
 *
 * What it never does: tell a suspect, which stands alone (tell.c).
 *
 * Cost: three sums and two sorts of those that are due.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/company.h"
#include "engine/due.h"
#include "engine/pass.h"
#include "engine/summary.h"
#include "engine/tell.h"

/* Which sum would speak for it. */
enum sum {
	SUM_AT_START,
	SUM_AT_ONCE,
	SUM_AFTER_RESUME,
	SUM_OF_USER, /* surge.c's: the user has too many alerts */
	SUM_COUNT,
};

static const struct {
	enum notice notice;
	size_t min; /* more alerts than that are summed up */
} sums[SUM_COUNT] = {
	[SUM_AT_START] = { NOTICE_OVERSTAYS_AT_START, 1 },
	[SUM_AT_ONCE] = { NOTICE_OVERSTAYS_AT_ONCE, ENGINE_SUMMARY_MIN },
	[SUM_AFTER_RESUME] = { NOTICE_OVERSTAYS_AFTER_RESUME, 1 },
	[SUM_OF_USER] = { NOTICE_NONE, SIZE_MAX },
};

/* What a stay is told as. */
enum role {
	ROLE_ENTRY,  /* its owner was reported earlier */
	ROLE_ALERT,  /* or a place in a digest */
	ROLE_BESIDE, /* its owner has an alert in this poll */
	ROLE_NAMED,  /* and that names it */
};

/* Where a stay stands among those that are due. */
struct place_of_owner {
	struct group_key key; /* of whom it is */
	uint32_t index;	      /* of the stay */
	bool known;	      /* one that nobody knows is alone */
};

struct batch {
	struct pass *pass;
	struct stay **stays; /* the pass's `due`, gravest and most exposed first */
	size_t count;
	uint8_t *roles;		       /* enum role of each */
	uint8_t *sums;		       /* enum sum that would speak for its alert */
	uint32_t *leaders;	       /* index of the alert that speaks for it */
	struct place_of_owner *places; /* by owner, and those of one in the order of `stays` */
	struct stay **gathered;	       /* room for as many: those of one digest or alert */
	enum severity gravest;	/* of fewer than half of the alerts at once, else SEVERITY_OFF */
	bool summed[SUM_COUNT]; /* a digest speaks for those */
};

/* True while those that are due wait for the owner of one of them. */
static bool
due_waits(struct pass *pass)
{
	struct engine *engine = pass->engine;
	uint64_t now_usec = pass->moment.boottime_usec;

	if (pass->due_count > 0 && pass->waiting) {
		if (engine->waiting_usec == 0)
			engine->waiting_usec = now_usec;
		if (now_usec < engine->waiting_usec + ENGINE_OWNER_WAIT_USEC) {
			agenda_plan(&engine->agenda, engine->waiting_usec, ENGINE_OWNER_WAIT_USEC);
			return true;
		}
	}
	engine->waiting_usec = 0;
	return false;
}

static int
compare_place(const void *one, const void *other)
{
	const struct place_of_owner *a = one, *b = other;
	int order = memcmp(&a->key, &b->key, sizeof(a->key));

	return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

static bool
same_owner(const struct place_of_owner *a, const struct place_of_owner *b)
{
	return a->known && b->known && memcmp(&a->key, &b->key, sizeof(a->key)) == 0;
}

/* Puts them in the order of their owners. */
static void
find_places(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		batch->places[i] = (struct place_of_owner){
			.key = group_key_of_program(batch->stays[i]),
			.index = (uint32_t)i,
			.known = group_key_knows(batch->stays[i]),
		};
	qsort(batch->places, batch->count, sizeof(*batch->places), compare_place);
}

/* Before any is told: whose user has spent what he has is not summed up once more. */
static void
find_sums(struct batch *batch)
{
	const struct engine *engine = batch->pass->engine;
	uint64_t now_usec = batch->pass->moment.boottime_usec;

	for (size_t i = 0; i < batch->count; i++) {
		const struct stay *stay = batch->stays[i];

		if (!surge_has_room(&engine->surge, stay, now_usec))
			batch->sums[i] = SUM_OF_USER;
		else if (engine->overslept)
			batch->sums[i] = SUM_AFTER_RESUME;
		else
			batch->sums[i] =
			    stay->is.baseline && !stay->judged.beside ? SUM_AT_START : SUM_AT_ONCE;
	}
}

/* The sum that would speak for a stay: that of its owner's alert. */
static enum sum
sum_of(const struct batch *batch, size_t index)
{
	return (enum sum)batch->sums[batch->leaders[index]];
}

/* Those of one owner, `count` from `places`: the first that is news has the alert, and speaks for
 * what else is news, or would be but for it. In the poll of a HOPPING none may be. Returns false
 * where none is. */
static bool
find_roles_of_owner(struct batch *batch, const struct place_of_owner *places, size_t count)
{
	uint64_t now_usec = batch->pass->moment.boottime_usec;
	const uint32_t *leader = NULL;

	for (size_t i = 0; i < count; i++) {
		uint32_t index = places[i].index;
		struct stay *stay = batch->stays[index];
		struct group *group = stay->told.group;
		bool news = group_is_news(group, stay, now_usec);

		batch->leaders[index] = index;
		if (news)
			group_note_report(group, stay, 0, now_usec);
		if (news && leader == NULL) {
			leader = &places[i].index;
			batch->roles[index] = ROLE_ALERT;
		} else if (leader != NULL &&
		    (news || (group != NULL && group->reported_usec == now_usec))) {
			batch->leaders[index] = *leader;
			batch->roles[index] = ROLE_BESIDE;
		}
	}
	return leader != NULL;
}

static size_t
count_of_owner(const struct batch *batch, size_t first)
{
	size_t count = 1;

	while (first + count < batch->count &&
	    same_owner(&batch->places[first], &batch->places[first + count]))
		count++;
	return count;
}

/* What is graver than most of what became due at once keeps its priority in its entry: nobody hides
 * it behind many of his own. At the start and after a resume one line is enough. */
static void
find_gravest(struct batch *batch, size_t alerts)
{
	size_t as_grave = 0;

	batch->gravest = SEVERITY_OFF;
	/* They are in the order of their gravity. */
	for (size_t i = 0; i < batch->count; i++) {
		enum severity severity = batch->stays[i]->judged.verdict.severity;

		if (batch->roles[i] != ROLE_ALERT || sum_of(batch, i) != SUM_AT_ONCE)
			continue;
		if (severity < batch->gravest)
			batch->gravest = severity;
		as_grave += severity == batch->gravest;
	}
	if (2 * as_grave >= alerts)
		batch->gravest = SEVERITY_OFF;
}

static void
find_roles(struct batch *batch)
{
	size_t alerts[SUM_COUNT] = { 0 }, count;

	find_places(batch);
	find_sums(batch);
	for (size_t i = 0; i < batch->count; i += count) {
		count = count_of_owner(batch, i);
		if (!find_roles_of_owner(batch, &batch->places[i], count))
			continue;
		for (size_t j = i; j < i + count; j++)
			if (batch->roles[batch->places[j].index] == ROLE_ALERT)
				alerts[sum_of(batch, batch->places[j].index)]++;
	}
	find_gravest(batch, alerts[SUM_AT_ONCE]);
	for (unsigned sum = 0; sum < SUM_COUNT; sum++)
		batch->summed[sum] = alerts[sum] > sums[sum].min;
}

/* The one place that says which stays a digest sums up. Returns how many, in `gathered`. */
static size_t
gather_digest(struct batch *batch, enum sum sum)
{
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++)
		if (batch->roles[i] != ROLE_ENTRY && sum_of(batch, i) == sum)
			batch->gathered[count++] = batch->stays[i];
	return count;
}

/* Those that the alert at `index` names, too. */
static size_t
gather_others(struct batch *batch, size_t index)
{
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++)
		if (batch->roles[i] == ROLE_BESIDE && batch->leaders[i] == index) {
			batch->roles[i] = ROLE_NAMED;
			batch->gathered[count++] = batch->stays[i];
		}
	return count;
}

static void
tell_one(struct batch *batch, size_t index)
{
	struct stay *stay = batch->stays[index];
	bool summed = batch->summed[sum_of(batch, index)];
	bool alert = batch->roles[index] == ROLE_ALERT && !summed;
	struct telling telling = {
		.kind = EVENT_OVERSTAY,
		.priority = alert ? stay->judged.verdict.severity : SEVERITY_INFO,
		.in_summary = !alert,
	};

	if (alert) {
		telling.other_count = gather_others(batch, index);
		telling.others = batch->gathered;
	}
	if (batch->roles[index] == ROLE_ALERT && summed &&
	    surge_admit(&batch->pass->engine->surge, stay, batch->pass->moment.boottime_usec) &&
	    sum_of(batch, index) == SUM_AT_ONCE && stay->judged.verdict.severity == batch->gravest)
		telling.priority = stay->judged.verdict.severity;
	/* One that was reported by itself is counted as such, however grave it became. */
	telling.entry = batch->roles[index] == ROLE_ENTRY;
	if (telling.entry && (company_is_stranger(stay) || stay->told.entered))
		group_note_entry(stay->told.group, stay);
	tell_alert(batch->pass, stay, &telling);
}

static void
tell_batch(struct batch *batch)
{
	struct pass *pass = batch->pass;

	/* All join before any is compared: how many there are is known to the first. */
	for (size_t i = 0; i < batch->count; i++)
		(void)groups_join(&pass->engine->groups, batch->stays[i]);
	surge_sort(batch->stays, batch->count);
	find_roles(batch);
	for (unsigned sum = 0; sum < SUM_COUNT; sum++)
		if (batch->summed[sum])
			outbox_put(&pass->engine->outbox,
			    summary_of_overstays(sums[sum].notice, batch->gathered,
				gather_digest(batch, (enum sum)sum), pass->poll_usec),
			    &pass->moment);
	for (size_t i = 0; i < batch->count; i++)
		tell_one(batch, i);
}

void
due_tell(struct pass *pass)
{
	struct engine *engine = pass->engine;
	struct batch batch = { .pass = pass, .stays = pass->due, .count = pass->due_count };
	bool waits = due_waits(pass);

	if (!waits && batch.count > 0) {
		batch.roles = calloc(batch.count, sizeof(*batch.roles));
		batch.sums = calloc(batch.count, sizeof(*batch.sums));
		batch.leaders = calloc(batch.count, sizeof(*batch.leaders));
		batch.places = calloc(batch.count, sizeof(*batch.places));
		batch.gathered = calloc(batch.count, sizeof(struct stay *));
		/* Without memory they are due again in the next poll. */
		if (batch.roles != NULL && batch.sums != NULL && batch.leaders != NULL &&
		    batch.places != NULL && batch.gathered != NULL)
			tell_batch(&batch);
		else
			agenda_repeat(&engine->agenda);
		free(batch.roles);
		free(batch.sums);
		free(batch.leaders);
		free(batch.places);
		free(batch.gathered);
	}
	free(pass->due);
	pass->due = NULL;
	pass->due_count = pass->due_room = 0;
}
