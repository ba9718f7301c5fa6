/* SPDX-License-Identifier: MIT */
/*
 * The scenarios while memory is short. Each is played once whole, and then once more for each
 * allocation that the daemon's own code makes in it, which fails: alone, or with those behind it.
 *
 *	failing [FILE...]	plays these, else nearly all of tests/scenario/cases; prints
 *			TAP, a point a file. With OVERSTAY_EVERY_ALLOCATION in the
 *			environment each fails, else some, evenly. With VERBOSE, what differs
 *
 * A poll that was not made is one that saw nothing: what is compared with is a play that lacks
 * the same polls. Then all is told that is told there, at most some polls later, or counted: as
 * held back (SUPPRESSED), or as one of the things that there is too little of (SHORT_OF). Nothing
 * else is told, and no more alerts; who holds what, and its rule, are the same in each message;
 * and so is each stay in the end, when memory has been there for a while.
 *
 * What is not compared: the time of a stay's first poll within some polls, which changes who of
 * one owner's listeners speaks for the others; whether a digest comes or those that it would sum
 * up; and in which messages advice is given.
 */
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "engine/pass.h"
#include "failing-calls.h"
#include "failing-memory.h"
#include "or-die.h"
#include "script.h"
#include "valgrind.h"

/* Of the polls; any will do. */
#define KEY 0x9e3779b97f4a7c15

/* So long a play goes on when its scenario is over. */
#define SETTLE_USEC (2 * USEC_PER_MIN)

/* So much later, and so many polls, something may be told. */
#define LATER_USEC  (30 * USEC_PER_SEC)
#define LATER_POLLS (FAILING_POLLS_MAX + 2)

/* Not played unless asked for. */
static const char *const left_out[] = {
	/* The host changes between one poll and the next: what a later poll sees is another. */
	"due-one-owner.scenario",
	"gone-before-its-owner.scenario",
	"hopping-beside-allowed.scenario",
	"hopping-suspect.scenario",
	"incomplete-one-protocol.scenario",
	"joins-allowed.scenario",
	"joins-passed.scenario",
	"nobody-for-a-moment.scenario",
	"summary-eleven.scenario",
	"suspect-allowed.scenario",
	"turns-few.scenario",
	"turns-suspects.scenario",
	"turns.scenario",
	/* They take too long: months, or thousands of listeners. */
	"churn.scenario",
	"fair-away.scenario",
	"fair-crowd.scenario",
	"fair-outbox.scenario",
	"fair-peers.scenario",
	"fair-questions.scenario",
	"group-tenfold-slow.scenario",
	"long-month.scenario",
	"outbox-bounded.scenario",
	"summary-5000.scenario",
	"surge-full.scenario",
	"suspect-thousand.scenario",
	"turns-bounded.scenario",
	"group-rises-again.scenario",
	"joins-daily.scenario",
	"group-tenfold.scenario",
	"remind-daily.scenario",
	"heartbeat.scenario",
	"group-follows.scenario",
};

/* Which allocations fail: of what, how many in a row, and of all of them so many. */
static const struct mode {
	enum calls calls;
	size_t row, samples;
} modes[] = {
	{ CALLS_ENGINE, 1, 5 },
	{ CALLS_ENGINE, 20, 2 },
	{ CALLS_POLL, 1, 2 },
	{ CALLS_POLL, 20, 1 },
};

/* A stay at the end. */
struct final {
	struct endpoint endpoint;
	uint64_t first_seen_usec;
	uint32_t members;
	enum stay_state state;
	bool allowed, suspect, overstayed;
	char holder[OWNER_PATH_MAX], rule[64];
};

struct outcome {
	struct told_list told;
	struct final *finals;
	size_t final_count, allocations;
	uint64_t held_back, short_of, later_usec;
	struct lost lost;
	bool played;
};

/* The play that is compared. */
static struct {
	const char *path;
	size_t failing, row;
	unsigned complaints;
	bool verbose;
} played;

static size_t failed_in_all;

static void differ(const char *format, ...) _printf_(1, 2);

static void
differ(const char *format, ...)
{
	va_list arguments;

	played.complaints++;
	if (!played.verbose)
		return;
	va_start(arguments, format);
	(void)printf("# allocation %zu, %zu in a row: ", played.failing, played.row);
	(void)vprintf(format, arguments);
	(void)printf("\n");
	va_end(arguments);
}

static void
take_finals(const struct engine *engine, struct outcome *ret)
{
	ret->final_count = engine->track.count;
	ret->finals = or_die(calloc(ret->final_count + 1, sizeof(*ret->finals)));
	for (size_t i = 0; i < ret->final_count; i++) {
		const struct stay *stay = engine->track.stays[i];
		const struct process *process = stay_process(stay);
		const struct rule *rule = stay->judged.verdict.rule;
		struct final *final = &ret->finals[i];

		*final = (struct final){
			.endpoint = stay->is.endpoint,
			.first_seen_usec = stay->is.first_seen_usec,
			.members = stay->is.member_count,
			.state = stay->is.state,
			.allowed = stay->judged.verdict.allowed,
			.suspect = stay->judged.verdict.suspect,
			.overstayed = stay->told.overstayed,
		};
		(void)snprintf(final->holder, sizeof(final->holder), "%s",
		    process == NULL ? "" : process->exe);
		(void)snprintf(final->rule, sizeof(final->rule), "%s",
		    rule == NULL ? "" : rule->name);
	}
}

static void
outcome_clear(struct outcome *outcome)
{
	told_clear(&outcome->told);
	free(outcome->finals);
}

/* loses: polls that are not made, NULL = none. */
static void
play(const struct mode *mode, size_t failing, const struct lost *loses, struct outcome *ret)
{
	struct script script = { .path = played.path, .silent = true };
	struct world *world = &script.world;

	*ret = (struct outcome){ 0 };
	failing_calls_begin(mode->calls);
	world_init(world);
	world->key = KEY;
	world->loses = loses;
	world->told.keeps = true;
	if (script_read(&script, played.path) < 0)
		abort();
	memory_arm_row(failing, mode->row);
	ret->played = script_play(&script, script.line_count) == 0;
	ret->allocations = memory_disarm();
	world->sender_stuck = false;
	world->lookup.mode = LOOKUP_ANSWERS;
	world_deliver(world);
	world_run(world, world_elapsed_usec(world) + SETTLE_USEC);
	world_deliver(world);
	take_finals(world->engine, ret);
	ret->told = world->told;
	world->told = (struct told_list){ 0 };
	ret->held_back = world->held_back;
	ret->later_usec = LATER_USEC + LATER_POLLS * world->config->interval_usec;
	ret->lost = world->lost;
	for (unsigned i = 0; i < SHORT_OF_COUNT; i++)
		ret->short_of += engine_short_of(world->engine)[i];
	world_clear(world);
	script_clear(&script);
}

/* "OVERSTAY tcp 0.0.0.0:60855". To be freed. */
static char *
subject_of(const struct told *told)
{
	_free_ char *line = told_format(told);

	/* Behind the time and the priority. */
	return or_die(strdup(strchr(strchr(line, ' ') + 1, ' ') + 1));
}

static bool
is_subject(const struct told *told, const char *subject)
{
	_free_ char *own = subject_of(told);

	return strcmp(own, subject) == 0;
}

static bool
is_near(uint64_t a_usec, uint64_t b_usec, uint64_t later_usec)
{
	return a_usec + later_usec >= b_usec && b_usec + later_usec >= a_usec;
}

/* The message of the whole play that this one is, NULL = none; it is `used` from then on. */
static const struct told *
find_match(const struct outcome *whole, const struct told *told, const char *subject,
    uint64_t later_usec, bool *used)
{
	for (size_t i = 0; i < whole->told.count; i++) {
		const struct told *item = &whole->told.items[i];

		if (used[i] || !is_near(told->at_usec, item->at_usec, later_usec) ||
		    !is_subject(item, subject))
			continue;
		used[i] = true;
		return item;
	}
	return NULL;
}

/* What must not be another one's. */
static void
compare_fields(const char *subject, const struct told *told, const struct told *match)
{
	static const char *const names[] = { "OVERSTAY_EXE", "OVERSTAY_PID", "OVERSTAY_UID",
		"OVERSTAY_UNIT", "OVERSTAY_USER_UNIT", "OVERSTAY_CLASS", "OVERSTAY_RULE",
		"OVERSTAY_SEVERITY", "OVERSTAY_EXPOSURE", "OVERSTAY_THRESHOLD_USEC",
		"OVERSTAY_GROUP", "OVERSTAY_WOULD_ALLOW", "OVERSTAY_PEER_COUNT", "OVERSTAY_NOTE",
		"OVERSTAY_CONTAINER", "OVERSTAY_SESSION", "OVERSTAY_SCRIPT" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = told_field(told, names[i]);
		const char *expected = told_field(match, names[i]);

		if ((value == NULL) != (expected == NULL) ||
		    (value != NULL && strcmp(value, expected) != 0))
			differ("%s: %s is %s, expected %s", subject, names[i],
			    value == NULL ? "not there" : value,
			    expected == NULL ? "none" : expected);
	}
}

static bool
is_grave(const struct told *told)
{
	return told->priority <= SEVERITY_WARNING;
}

/* A digest, or advice: whether one comes hangs on what becomes due in one poll. */
static bool
is_sum(const char *subject)
{
	return strcmp(subject, "OVERSTAY") == 0 || strcmp(subject, "SUSPECT") == 0 ||
	    strncmp(subject, "ADVICE", strlen("ADVICE")) == 0;
}

/* short_of: something was counted as what there was too little of. Returns how many graver ones
 * there are than in the whole play. */
static long
compare_told(const struct outcome *whole, const struct outcome *other, bool short_of, bool *used)
{
	long graver = 0;

	for (size_t i = 0; i < other->told.count; i++) {
		const struct told *told = &other->told.items[i], *match;
		_free_ char *subject = subject_of(told);
		char at[CLOCK_TEXT_MAX];

		if (strcmp(subject, "SUPPRESSED") == 0)
			continue;
		match = find_match(whole, told, subject, other->later_usec, used);
		if (match == NULL) {
			if (!short_of && !is_sum(subject))
				differ("+ %s %s", clock_format(told->at_usec, at), subject);
			continue;
		}
		graver += is_grave(told) - is_grave(match);
		/* Who speaks for its owner's others says more. */
		if (!short_of && told->priority == match->priority)
			compare_fields(subject, told, match);
	}
	return graver;
}

/* What is missing. */
static void
compare_lost(const struct outcome *whole, const struct outcome *other, bool short_of,
    const bool *used, long graver)
{
	uint64_t held_back = other->held_back - whole->held_back, missing = 0;
	bool sums = false;

	for (size_t i = 0; i < whole->told.count; i++) {
		const struct told *told = &whole->told.items[i];
		_free_ char *subject = subject_of(told);
		char at[CLOCK_TEXT_MAX];

		if (used[i] || short_of || strcmp(subject, "SUPPRESSED") == 0)
			continue;
		if (is_sum(subject))
			sums = true;
		else if (++missing > held_back)
			differ("- %s %s", clock_format(told->at_usec, at), subject);
	}
	if ((graver > 0 && !sums) || (graver < 0 && !short_of && (uint64_t)-graver > held_back))
		differ("%ld alerts more", graver);
}

static void
compare_finals(const struct outcome *whole, const struct outcome *other)
{
	if (other->final_count != whole->final_count) {
		differ("%zu stays, expected %zu", other->final_count, whole->final_count);
		return;
	}
	for (size_t i = 0; i < whole->final_count; i++) {
		const struct final *a = &whole->finals[i], *b = &other->finals[i];

		if (endpoint_compare(&a->endpoint, &b->endpoint) != 0 ||
		    !is_near(a->first_seen_usec, b->first_seen_usec, other->later_usec) ||
		    a->members != b->members || a->state != b->state || a->allowed != b->allowed ||
		    a->suspect != b->suspect || a->overstayed != b->overstayed ||
		    strcmp(a->holder, b->holder) != 0 || strcmp(a->rule, b->rule) != 0)
			differ("the stay on port %u is another in the end", b->endpoint.port);
	}
}

static void
compare(const struct outcome *whole, const struct outcome *other)
{
	bool short_of = other->short_of > whole->short_of;
	_free_ bool *used = or_die(calloc(whole->told.count + 1, sizeof(*used)));
	long graver;

	if (!other->played)
		differ("a line makes no sense any more");
	graver = compare_told(whole, other, short_of, used);
	compare_lost(whole, other, short_of, used, graver);
	compare_finals(whole, other);
}

/* One play, compared with one that lacks the same polls. */
static void
fail_one(const struct mode *mode, size_t failing, const struct outcome *whole)
{
	struct outcome other, without;

	played.failing = failing;
	played.row = mode->row;
	play(mode, failing, NULL, &other);
	failed_in_all += mode->row;
	if (other.lost.count == 0) {
		compare(whole, &other);
	} else {
		play(mode, 0, &other.lost, &without);
		compare(&without, &other);
		outcome_clear(&without);
	}
	outcome_clear(&other);
}

static void
fail_each(const struct mode *mode, bool every)
{
	struct outcome whole;
	size_t all, samples;

	play(mode, 0, NULL, &whole);
	all = whole.allocations;
	samples = every || all < mode->samples ? all : mode->samples;
	for (size_t i = 0; i < samples; i++)
		fail_one(mode, 1 + i * all / samples + all / samples / 2, &whole);
	outcome_clear(&whole);
}

static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static bool
is_left_out(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
		if (strcmp(name_of(path), left_out[i]) == 0)
			return true;
	return false;
}

static bool
run_point(const char *path, size_t number, bool every)
{
	played.path = path;
	played.complaints = 0;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		fail_each(&modes[i], every);
	(void)printf("%sok %zu - %s\n", played.complaints == 0 ? "" : "not ", number,
	    name_of(path));
	(void)fflush(stdout);
	return played.complaints == 0;
}

/* The scenarios of the source tree, but for those left out; of them each fourth under valgrind. */
static size_t
find_played(glob_t *ret, char ***ret_paths)
{
	size_t count = 0;

	if (script_find_all("cases/*.scenario", ret) < 0)
		return 0;
	*ret_paths = ret->gl_pathv;
	for (size_t i = 0; i < ret->gl_pathc; i++) {
		char *path = ret->gl_pathv[i];

		if (is_left_out(path) || (is_under_valgrind() && i % 4 != 0))
			continue;
		ret->gl_pathv[i] = ret->gl_pathv[count];
		ret->gl_pathv[count++] = path;
	}
	return count;
}

int
main(int argc, char **argv)
{
	bool every = getenv("OVERSTAY_EVERY_ALLOCATION") != NULL, fine = true;
	size_t count = (size_t)argc - 1;
	char **paths = argv + 1;
	glob_t all = { 0 };

	(void)setenv("TZ", "UTC", 1);
	tzset();
	played.verbose = getenv("VERBOSE") != NULL;
	if (count == 0)
		count = find_played(&all, &paths);
	if (count == 0) {
		(void)printf("Bail out! no scenarios\n");
		return EXIT_FAILURE;
	}
	memory_spare();
	(void)printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++)
		fine = run_point(paths[i], i + 1, every) && fine;
	(void)printf("# %zu allocations failed\n", failed_in_all);
	globfree(&all);
	return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
