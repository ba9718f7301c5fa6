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
 * An owner of a port whose other owner has an alert that names it is an entry, too (together.c).
 *
 * What it never does: tell a suspect, which stands alone (tell.c).
 *
 * Cost: three sums and two sorts of those that are due.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/company-owners.h"
#include "engine/company.h"
#include "engine/due.h"
#include "engine/pass.h"
#include "engine/summary.h"
#include "engine/tell.h"
#include "engine/together.h"

/* What a sum over what makes an owner costs, in steps of a slice. */
#define KEY_STEPS 8

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
	ROLE_NAMED,  /* and that names it, or one about another owner of the port did */
};

/* Where a stay stands among those that are due. */
struct place_of_owner {
	struct group_key key; /* of whom it is */
	uint32_t index;	      /* of the stay */
	bool known;	      /* one that nobody knows is alone */
};

/* What a stay that is due is told as. */
struct told_as {
	uint8_t role;	 /* enum role */
	uint8_t sum;	 /* enum sum that would speak for its alert */
	uint32_t leader; /* index of the alert that speaks for it */
	uint32_t place;	 /* of its owner's first */
	uint32_t alert;	 /* of that one: index + 1 of the owner's alert, 0 = none yet */
};

struct batch {
	struct pass *pass;
	struct stay **stays; /* the pass's `due`, gravest and most exposed first */
	size_t count;
	unsigned step;		       /* of what is done with them, */
	size_t at;		       /* and at which */
	size_t first;		       /* place of that one's owner */
	struct told_as *parts;	       /* of each */
	struct place_of_owner *places; /* by owner, and those of one in the order of `stays` */
	size_t alerts[SUM_COUNT];
	struct stay **gathered; /* room for as many: those of one digest or alert */
	enum severity gravest;	/* of fewer than half of the alerts at once, else SEVERITY_OFF */
	bool summed[SUM_COUNT]; /* a digest speaks for those */
	unsigned sum;		/* whose digest is made */
};

/* True while those that are due wait for the owner of one of them. */
static bool
due_waits(struct pass *pass)
{
	struct engine *engine = pass->engine;
	uint64_t now_usec = pass->moment.boottime_usec;

	if ((pass->due_count > 0 && pass->waiting) ||
	    (pass->resting && engine->waiting_usec != 0)) {
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

/* All join before any is compared: how many there are is known to the first. */
static bool
join_all(struct batch *batch)
{
	struct groups *groups = &batch->pass->engine->groups;

	for (; batch->at < batch->count; batch->at++) {
		struct stay *stay = batch->stays[batch->at];

		if (slice_is_over(batch->pass->slice))
			return false;
		/* Without memory none is told: all are due again in the next poll. */
		if (company_join(groups, stay) == NULL && group_key_knows(stay) &&
		    groups_have_room(groups, stay)) {
			agenda_repeat(&batch->pass->engine->agenda);
			batch->count = 0;
			return true;
		}
		slice_spend(batch->pass->slice, KEY_STEPS);
	}
	return true;
}

static bool
sort_all(struct batch *batch)
{
	struct pass *pass = batch->pass;

	if (!pass->sorts)
		surge_sort(&pass->sorting, batch->stays, batch->count);
	pass->sorts = !sorting_go_on(&pass->sorting, pass->slice);
	return !pass->sorts;
}

/* Before any is told: whose user has spent what he has is not summed up once more. */
static enum sum
find_sum(const struct batch *batch, const struct stay *stay)
{
	const struct engine *engine = batch->pass->engine;

	if (!surge_has_room(&engine->surge, stay, batch->pass->moment.boottime_usec))
		return SUM_OF_USER;
	if (engine->overslept)
		return SUM_AFTER_RESUME;
	return stay->is.baseline && !stay->judged.beside ? SUM_AT_START : SUM_AT_ONCE;
}

static bool
find_owners(struct batch *batch)
{
	for (; batch->at < batch->count; batch->at++) {
		const struct stay *stay = batch->stays[batch->at];

		if (slice_is_over(batch->pass->slice))
			return false;
		batch->places[batch->at] = (struct place_of_owner){
			.key = group_key_of_program(stay),
			.index = (uint32_t)batch->at,
			.known = group_key_knows(stay),
		};
		batch->parts[batch->at].sum = (uint8_t)find_sum(batch, stay);
		slice_spend(batch->pass->slice, KEY_STEPS);
	}
	return true;
}

/* Puts them in the order of their owners. */
static bool
sort_owners(struct batch *batch)
{
	struct pass *pass = batch->pass;

	if (!pass->sorts)
		sorting_begin(&pass->sorting, batch->places, batch->count, sizeof(*batch->places),
		    compare_place);
	pass->sorts = !sorting_go_on(&pass->sorting, pass->slice);
	return !pass->sorts;
}

/* The sum that would speak for a stay: that of its owner's alert. */
static enum sum
sum_of(const struct batch *batch, size_t index)
{
	return (enum sum)batch->parts[batch->parts[index].leader].sum;
}

/* One of an owner's, in their order: the first that is news has the alert, and speaks for what else
 * is news, or would be but for it. In the poll of a HOPPING none may be. */
static void
find_role(struct batch *batch, uint32_t first, uint32_t index)
{
	uint64_t now_usec = batch->pass->moment.boottime_usec;
	struct told_as *part = &batch->parts[index],
		       *head = &batch->parts[batch->places[first].index];
	struct stay *stay = batch->stays[index];
	struct group *group = stay->told.group;
	bool news = group_is_news(group, stay, now_usec);

	part->place = first;
	part->leader = index;
	if (news)
		group_note_report(group, stay, 0, now_usec);
	if (news && together_is_named(stay))
		part->role = ROLE_NAMED;
	else if (news && head->alert == 0) {
		head->alert = index + 1;
		part->role = ROLE_ALERT;
		batch->alerts[part->sum]++;
	} else if (head->alert != 0 &&
	    (news || (group != NULL && group->reported_usec == now_usec))) {
		part->leader = head->alert - 1;
		part->role = ROLE_BESIDE;
	}
}

static bool
find_roles(struct batch *batch)
{
	for (; batch->at < batch->count; batch->at++) {
		struct place_of_owner *place = &batch->places[batch->at];

		if (slice_is_over(batch->pass->slice))
			return false;
		if (batch->at == 0 || !same_owner(place - 1, place))
			batch->first = batch->at;
		find_role(batch, (uint32_t)batch->first, place->index);
	}
	return true;
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
		enum severity severity;

		if (batch->parts[i].role != ROLE_ALERT || sum_of(batch, i) != SUM_AT_ONCE)
			continue;
		severity = batch->stays[i]->judged.verdict.severity;
		if (severity < batch->gravest)
			batch->gravest = severity;
		as_grave += severity == batch->gravest;
	}
	if (2 * as_grave >= alerts)
		batch->gravest = SEVERITY_OFF;
}

static bool
find_summed(struct batch *batch)
{
	find_gravest(batch, batch->alerts[SUM_AT_ONCE]);
	for (unsigned sum = 0; sum < SUM_COUNT; sum++)
		batch->summed[sum] = batch->alerts[sum] > sums[sum].min;
	return true;
}

/* The one place that says which stays a digest sums up. Returns how many, in `gathered`. */
static size_t
gather_digest(struct batch *batch, enum sum sum)
{
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++)
		if (batch->parts[i].role != ROLE_ENTRY && sum_of(batch, i) == sum)
			batch->gathered[count++] = batch->stays[i];
	return count;
}

static bool
tell_digests(struct batch *batch)
{
	struct pass *pass = batch->pass;

	for (; batch->sum < SUM_COUNT; batch->sum++) {
		if (!batch->summed[batch->sum])
			continue;
		if (pass->summing == NULL)
			pass->summing = summing_of_overstays(batch->gathered,
			    gather_digest(batch, (enum sum)batch->sum));
		if (pass->summing != NULL && !summing_go_on(pass->summing, pass->slice))
			return false;
		outbox_put(&pass->engine->outbox,
		    summary_of_overstays(sums[batch->sum].notice, pass->summing,
			pass->moment.boottime_usec),
		    &pass->moment);
		pass->summing = summing_free(pass->summing);
	}
	return true;
}

/* Those that the alert at `index` names, too. */
static size_t
gather_others(struct batch *batch, size_t index)
{
	const struct place_of_owner *places = batch->places;
	size_t count = 0;

	for (size_t i = batch->parts[index].place; i < batch->count; i++) {
		struct told_as *part = &batch->parts[places[i].index];

		if (part->place != batch->parts[index].place)
			break;
		if (part->role != ROLE_BESIDE || part->leader != index)
			continue;
		part->role = ROLE_NAMED;
		batch->gathered[count++] = batch->stays[places[i].index];
	}
	slice_spend(batch->pass->slice, count);
	return count;
}

static void
tell_one(struct batch *batch, size_t index)
{
	struct stay *stay = batch->stays[index];
	const struct told_as *part = &batch->parts[index];
	bool summed = batch->summed[sum_of(batch, index)];
	struct owner *beside[REPORT_BESIDE_MAX];
	bool alert = part->role == ROLE_ALERT && !summed;
	struct telling telling = {
		.kind = EVENT_OVERSTAY,
		.priority = alert ? stay->judged.verdict.severity : SEVERITY_INFO,
		.in_summary = !alert,
	};

	if (alert) {
		telling.other_count = gather_others(batch, index);
		telling.others = batch->gathered;
	}
	/* What becomes an entry speaks for nobody. */
	if (alert &&
	    surge_has_room(&batch->pass->engine->surge, stay, batch->pass->moment.boottime_usec)) {
		telling.beside = beside;
		telling.beside_count = together_name(batch->pass, stay, beside);
	}
	if (part->role == ROLE_ALERT && summed &&
	    surge_admit(&batch->pass->engine->surge, stay, batch->pass->moment.boottime_usec) &&
	    sum_of(batch, index) == SUM_AT_ONCE && stay->judged.verdict.severity == batch->gravest)
		telling.priority = stay->judged.verdict.severity;
	/* One that was reported by itself is counted as such, however grave it became. */
	telling.entry = part->role == ROLE_ENTRY;
	if (telling.entry && (company_is_stranger(stay) || stay->told.entered))
		group_note_entry(stay->told.group, stay);
	tell_alert(batch->pass, stay, &telling);
}

static bool
tell_all(struct batch *batch)
{
	for (; batch->at < batch->count; batch->at++) {
		if (slice_is_over(batch->pass->slice))
			return false;
		tell_one(batch, batch->at);
	}
	return true;
}

/* Each is over when it returned true. */
static bool (*const steps[])(struct batch *batch) = {
	join_all,
	sort_all,
	find_owners,
	sort_owners,
	find_roles,
	find_summed,
	tell_digests,
	tell_all,
};

static struct batch *
batch_free(struct batch *batch)
{
	if (batch == NULL)
		return NULL;
	free(batch->parts);
	free(batch->places);
	free(batch->gathered);
	free(batch);
	return NULL;
}

static struct batch *
batch_new(struct pass *pass)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	size_t count = pass->due_count;

	if (batch == NULL)
		return NULL;
	batch->pass = pass;
	batch->stays = pass->due;
	batch->count = count;
	batch->parts = calloc(count, sizeof(*batch->parts));
	batch->places = calloc(count, sizeof(*batch->places));
	batch->gathered = calloc(count, sizeof(struct stay *));
	if (batch->parts != NULL && batch->places != NULL && batch->gathered != NULL)
		return batch;
	return batch_free(batch);
}

/* Returns true when all are told. */
static bool
batch_go_on(struct batch *batch)
{
	for (; batch->step < ARRAY_SIZE(steps); batch->step++) {
		if (!steps[batch->step](batch))
			return false;
		batch->at = 0;
	}
	return true;
}

bool
due_tell(struct pass *pass)
{
	if (pass->batch == NULL && !due_waits(pass) && !pass->due_lacks && pass->due_count > 0) {
		pass->batch = batch_new(pass);
		/* Without memory they are due again in the next poll. */
		if (pass->batch == NULL)
			agenda_repeat(&pass->engine->agenda);
	}
	if (pass->batch != NULL) {
		if (!newer_make(&pass->newer, &pass->engine->track, pass->slice) ||
		    !batch_go_on(pass->batch))
			return false;
	}
	due_clear(pass);
	return true;
}

void
due_clear(struct pass *pass)
{
	pass->batch = batch_free(pass->batch);
	free(pass->due);
	pass->due = NULL;
	pass->due_count = pass->due_room = 0;
	pass->due_lacks = false;
}
