/* SPDX-License-Identifier: MIT */
/*
 * The alert budget: months of ordinary hosts with the default configuration and the packaged rules,
 * and how many lines a person would have to read.
 *
 *	budget [--table] [FILE...]	plays these, else all of tests/scenario/hosts; prints
 *			TAP, a point a file. --table prints the figures alone. With VERBOSE in the
 *			environment, each line that counts
 *
 * A file says what runs on a host (life.c). It is played for 30 days. Of its lines those at warning
 * or graver count: at most DAY_MAX on the first day, MONTH_MAX after that, and no suspect. Silence
 * is no way to get there: what is `bad` on a host has to be reported in time, and what is said of
 * it is not counted.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "life.h"
#include "or-die.h"

#define DAYS	   30
#define DAYS_EXACT 2
#define DAY_MAX	   1
#define MONTH_MAX  3

/* Of the polls; any will do. */
#define KEY 0x9e3779b97f4a7c15

/* Events that are told apart in the table; all others are in the last one. */
static const char *const events[] = { "overstay", "suspect", "hopping", "summary", NULL };

struct tally {
	unsigned day, month;		       /* at warning or graver */
	unsigned suspects;		       /* on both */
	unsigned notices, infos;	       /* at notice, and below */
	unsigned by_event[ARRAY_SIZE(events)]; /* at warning or graver, after the first day */
};

/* As the play goes on. */
static struct tally tally;

static bool verbose;

/* Notes the first alert about each one that is bad. Returns whether the message is about such a
 * one: by its program, or as a summary that counts it. */
static bool
is_about_bad(struct life *life, const struct told *told)
{
	const char *exe = told_field(told, "OVERSTAY_EXE");
	const char *event = told_field(told, "OVERSTAY_EVENT");
	bool about = false;

	for (struct program *program = life->programs; program != NULL; program = program->next) {
		if (!program->bad)
			continue;
		about = about || (program->alerted_usec > 0 && strcmp(event, "summary") == 0);
		if (exe == NULL || strcmp(program->who->owner->processes[0]->exe, exe) != 0)
			continue;
		about = true;
		if (program->alerted_usec == 0 && told->priority <= SEVERITY_WARNING)
			program->alerted_usec = told->at_usec;
	}
	return about;
}

static void
count_told(struct script *script, const struct told *told)
{
	const char *event = told_field(told, "OVERSTAY_EVENT");
	size_t kind = 0;

	if (is_about_bad(script->life, told))
		return;
	if (told->priority == SEVERITY_NOTICE)
		tally.notices++;
	if (told->priority > SEVERITY_NOTICE)
		tally.infos++;
	if (told->priority > SEVERITY_WARNING)
		return;
	if (verbose && script->world.hurried) {
		_free_ char *line = told_format(told);
		const char *message = told_field(told, "MESSAGE");

		(void)printf("# %s %s\n", line, message == NULL ? "" : message);
	}
	while (events[kind] != NULL && strcmp(events[kind], event) != 0)
		kind++;
	tally.suspects += kind == 1;
	if (told->at_usec < USEC_PER_DAY)
		tally.day++;
	else {
		tally.month++;
		tally.by_event[kind]++;
	}
}

static void
count_all(struct script *script)
{
	struct told_list *list = &script->world.told;

	for (; list->next < list->count; list->next++)
		count_told(script, &list->items[list->next]);
	told_forget(list);
}

/* Whoever is bad and was not reported in time. */
static void
check_bad(struct script *script)
{
	char at[CLOCK_TEXT_MAX], when[CLOCK_TEXT_MAX];

	for (const struct program *program = script->life->programs; program != NULL;
	     program = program->next) {
		if (!program->bad)
			continue;
		if (program->alerted_usec == 0)
			complain(script, "%s came at %s and was not reported", program->name,
			    clock_format(program->came_usec, at));
		else if (program->alerted_usec - program->came_usec > program->within_usec)
			complain(script, "%s came at %s and was reported at %s", program->name,
			    clock_format(program->came_usec, at),
			    clock_format(program->alerted_usec, when));
	}
}

/* overstay(7) says what is true: a row has the host's name first, and these two figures last. */
static void
check_manual(struct script *script)
{
	const char *source = getenv("abs_top_srcdir"), *row;
	_free_ char *path = NULL, *begin = NULL, *end = NULL;
	struct script manual = { .path = script->path };
	bool found = false;

	if (asprintf(&path, "%s/daemon/overstay.7", source == NULL ? "." : source) < 0 ||
	    asprintf(&begin, ".It %.*s Ta ", (int)strcspn(script->path, "."), script->path) < 0 ||
	    asprintf(&end, "Ta %u Ta %u", tally.day, tally.month) < 0)
		abort();
	if (script_read(&manual, path) < 0)
		complain(script, "overstay.7 cannot be read");
	for (size_t i = 0; i < manual.line_count && !found; i++) {
		row = manual.lines[i];
		found = strncmp(row, begin, strlen(begin)) == 0 && strlen(row) > strlen(end) &&
		    strcmp(row + strlen(row) - strlen(end), end) == 0;
	}
	if (!found && strncmp(script->path, "bad-", 4) != 0)
		complain(script, "overstay.7 has no row \"%s... %s\"", begin, end);
	script_clear(&manual);
}

static void
check_tally(struct script *script)
{
	if (tally.day > DAY_MAX)
		complain(script, "%u lines at warning or graver on the first day, expected %d",
		    tally.day, DAY_MAX);
	if (tally.month > MONTH_MAX)
		complain(script, "%u lines at warning or graver after that, expected %d",
		    tally.month, MONTH_MAX);
	if (tally.suspects > 0)
		complain(script, "%u suspects, expected none", tally.suspects);
}

/* OVERSTAY_SEED in the environment gives other days. */
static uint64_t
seed_of(const char *name)
{
	const char *seed = getenv("OVERSTAY_SEED");

	return hash_add(HASH_BEGIN, name, strlen(name)) +
	    (seed == NULL ? 0 : strtoull(seed, NULL, 10));
}

static void
configure(struct script *script)
{
	const char *source = getenv("abs_top_srcdir");
	struct config_messages messages = { 0 };
	_free_ char *rules_dir = NULL;

	if (asprintf(&rules_dir, "%s/conf/rules.d", source == NULL ? "." : source) < 0)
		abort();
	if (world_configure_shipped(&script->world, rules_dir, &messages) < 0)
		complain(script, "the packaged rules were refused");
	for (size_t i = 0; i < messages.count; i++)
		complain(script, "%s", messages.items[i].text);
	config_messages_clear(&messages);
	if (script->world.config->policy.rule_count == 0)
		complain(script, "there are no packaged rules");
}

/* Plays a host for so many days. Returns what was told, as one number. */
static uint64_t
play_days(struct script *script, const char *path, unsigned days, bool hurried)
{
	uint64_t told = 0;

	tally = (struct tally){ 0 };
	world_init(&script->world);
	script->world.key = KEY;
	script->world.hurried = hurried;
	script->life = life_new(seed_of(script->path));
	configure(script);
	/* It says how many polls there were. */
	if (days < DAYS)
		script->world.config->policy.heartbeat_usec = USEC_NEVER;
	if (script_read(script, path) < 0)
		complain(script, "cannot be read");
	else if (script_play(script, script->line_count) == 0) {
		life_run(script, days * USEC_PER_DAY, count_all);
		told = script->world.told.sum;
		if (days == DAYS) {
			check_bad(script);
			check_tally(script);
			if (getenv("OVERSTAY_SEED") == NULL)
				check_manual(script);
		}
	}
	script->life = life_free(script->life);
	world_clear(&script->world);
	script_clear(script);
	return told;
}

/*
 * Plays one host. Returns true where it keeps to the budget. The polls that are left out must make
 * no difference: so its first days are played with all of them, too.
 */
static bool
play(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
	struct script script = { .path = name }, all = { .path = name }, some = { .path = name };

	if (play_days(&all, path, DAYS_EXACT, false) != play_days(&some, path, DAYS_EXACT, true))
		complain(&script, "the same days without some of their polls are others");
	(void)play_days(&script, path, DAYS, true);
	return script.complaints == 0;
}

static void
print_row(const char *path, bool table)
{
	const char *slash = strrchr(path, '/');

	(void)printf("%s%-28s %5u %6u %8u %7u %8u %8u %7u %7u %6u\n", table ? "" : "# ",
	    slash == NULL ? path : slash + 1, tally.day, tally.month, tally.suspects, tally.notices,
	    tally.infos, tally.by_event[0], tally.by_event[2], tally.by_event[3],
	    tally.by_event[4]);
}

int
main(int argc, char **argv)
{
	bool table = argc > 1 && strcmp(argv[1], "--table") == 0, fine = true;
	char **paths = argv + 1 + table;
	size_t count = argc < 2 ? 0 : (size_t)argc - 1 - table;
	glob_t all = { 0 };

	(void)setenv("TZ", "UTC", 1);
	tzset();
	verbose = getenv("VERBOSE") != NULL;
	if (count == 0) {
		if (script_find_all("hosts/*.host", &all) < 0) {
			(void)printf("Bail out! no hosts\n");
			return EXIT_FAILURE;
		}
		paths = all.gl_pathv;
		count = all.gl_pathc;
	}
	if (!table)
		(void)printf("1..%zu\n", count);
	(void)printf("%s%-28s %5s %6s %8s %7s %8s %8s %7s %7s %6s\n", table ? "" : "# ", "host",
	    "day 1", "after", "suspects", "notices", "infos", "overstay", "hopping", "summary",
	    "other");
	for (size_t i = 0; i < count; i++) {
		bool passed = play(paths[i]);

		print_row(paths[i], table);
		if (!table)
			(void)printf("%sok %zu - %s\n", passed ? "" : "not ", i + 1,
			    strrchr(paths[i], '/') == NULL ? paths[i] : strrchr(paths[i], '/') + 1);
		(void)fflush(stdout);
		fine = fine && passed;
	}
	globfree(&all);
	return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
