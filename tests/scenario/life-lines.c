/* SPDX-License-Identifier: MIT */
/*
 * Reads what a host's programs do. The statements are described in life.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "life.h"
#include "model/owner.h"
#include "or-die.h"

/* "A..B" or "A", of spans of time or of numbers. */
static int
read_span(struct words *words, bool time, struct span *ret)
{
	const char *word = words_next(words), *dots = word == NULL ? NULL : strstr(word, "..");
	char first[32];

	if (word == NULL || strlen(word) >= sizeof(first))
		return -EINVAL;
	(void)snprintf(first, sizeof(first), "%s", word);
	if (dots != NULL)
		first[dots - word] = '\0';
	dots = dots == NULL ? word : dots + 2;
	if (time) {
		if (duration_parse(first, &ret->least) < 0 || duration_parse(dots, &ret->most) < 0)
			return -EINVAL;
	} else {
		ret->least = strtoull(first, NULL, 10);
		ret->most = strtoull(dots, NULL, 10);
	}
	return ret->least <= ret->most && ret->most > 0 ? 0 : -EINVAL;
}

/* "WORD A..B" */
static int
read_named(struct words *words, const char *name, struct span *ret)
{
	return words_take(words, name) ? read_span(words, true, ret) : -EINVAL;
}

/* "A-B", "A+", "A", "auto" */
static int
read_ports(const char *text, struct life_listen *listen)
{
	char *end;

	if (strcmp(text, "auto") == 0)
		return 0;
	listen->first = listen->last = (uint32_t)strtoul(text, &end, 10);
	listen->lowest = *end == '+';
	if (*end == '-')
		listen->last = (uint32_t)strtoul(end + 1, &end, 10);
	else if (*end == '+') {
		listen->last = PORT_COUNT - 1;
		end++;
	}
	return *end == '\0' && listen->first > 0 && listen->first <= listen->last &&
		listen->last < PORT_COUNT ?
	    0 :
	    -EINVAL;
}

static int
read_listen(struct script *script, struct program *program, const char *rest)
{
	struct life_listen *listen = &program->listens[program->listen_count];
	const char *blank, *colon, *many = strstr(rest, " many ");
	struct words words;
	char ports[32];
	size_t length;

	(void)script;
	blank = strchr(rest, ' ');
	length = blank == NULL ? 0 : strcspn(blank + 1, " ");
	if (length == 0 || program->listen_count == LIFE_LISTENS_MAX)
		return -EINVAL;
	colon = memrchr(blank, ':', length + 1);
	if (colon == NULL || (size_t)(blank + 1 + length - colon) > sizeof(ports))
		return -EINVAL;
	(void)snprintf(ports, sizeof(ports), "%.*s", (int)(blank + length - colon), colon + 1);
	listen->many = (struct span){ 1, 1 };
	if (many != NULL &&
	    (words_split(many, &words) < 0 || !words_take(&words, "many") ||
		read_span(&words, false, &listen->many) < 0))
		return -EINVAL;
	listen->before = or_die(strndup(rest, (size_t)(colon - rest)));
	rest = blank + 1 + length;
	listen->after = or_die(strndup(rest, many == NULL ? strlen(rest) : (size_t)(many - rest)));
	program->listen_count++;
	return read_ports(ports, listen);
}

static struct program *
find_program(const struct life *life, const char *name)
{
	for (struct program *program = life->programs; program != NULL; program = program->next)
		if (strcmp(program->name, name) == 0)
			return program;
	return NULL;
}

static int
read_owner_line(struct script *script, struct program *program, const char *rest, bool more)
{
	char line[2048];

	(void)snprintf(line, sizeof(line), "%s %s", program->name, rest);
	if ((more ? write_also : write_owner)(script, line) < 0)
		return -EINVAL;
	program->who = world_find_who(&script->world, program->name);
	return 0;
}

static int
read_owner(struct script *script, struct program *program, const char *rest)
{
	return read_owner_line(script, program, rest, false);
}

static int
read_also(struct script *script, struct program *program, const char *rest)
{
	return read_owner_line(script, program, rest, true);
}

/* The main process has no number yet: it gets its own. */
static int
read_main(struct script *script, struct program *program, const char *rest)
{
	struct process *process;

	(void)script;
	(void)rest;
	if (program->who == NULL || program->who->owner->process_count == 0)
		return -EINVAL;
	process = program->who->owner->processes[0];
	process->evidence |= EVIDENCE_UNIT_OWN;
	process->main_pid = process->pid;
	return owner_text_set(&process->main_exe, process->exe);
}

static int
read_users(struct script *script, struct program *program, const char *rest)
{
	unsigned long long first, last;

	(void)script;
	if (sscanf(rest, "%llu-%llu", &first, &last) != 2 || last < first)
		return -EINVAL;
	program->uids = (struct span){ first, last };
	return 0;
}

static int
read_starts(struct script *script, struct program *program, const char *rest)
{
	struct words words;

	(void)script;
	return words_split(rest, &words) < 0 ? -EINVAL : read_span(&words, true, &program->starts);
}

static int
read_restarts(struct script *script, struct program *program, const char *rest)
{
	struct words words;

	(void)script;
	return words_split(rest, &words) < 0 ||
		read_named(&words, "every", &program->restarts) < 0 ?
	    -EINVAL :
	    read_named(&words, "away", &program->away);
}

static int
read_upgraded(struct script *script, struct program *program, const char *rest)
{
	struct words words;

	(void)script;
	return words_split(rest, &words) < 0 ||
		read_named(&words, "every", &program->upgrades) < 0 ?
	    -EINVAL :
	    read_named(&words, "lags", &program->lags);
}

static int
read_comes(struct script *script, struct program *program, const char *rest)
{
	struct words words;

	(void)script;
	if (words_split(rest, &words) < 0 || read_named(&words, "every", &program->comes) < 0)
		return -EINVAL;
	if (words_take(&words, "hours") &&
	    sscanf(words_next(&words), "%u-%u", &program->hour_first, &program->hour_last) != 2)
		return -EINVAL;
	program->weekdays = words_take(&words, "weekdays");
	return read_named(&words, "stays", &program->stays);
}

static int
read_of(struct script *script, struct program *program, const char *rest)
{
	program->of = find_program(script->life, rest);
	return program->of == NULL ? -EINVAL : 0;
}

static int
read_bad(struct script *script, struct program *program, const char *rest)
{
	struct span at, within;
	struct words words;

	(void)script;
	if (words_split(rest, &words) < 0 || read_named(&words, "at", &at) < 0 ||
	    read_named(&words, "within", &within) < 0)
		return -EINVAL;
	program->bad = program->once = true;
	program->due_usec = at.least;
	program->within_usec = within.least;
	return 0;
}

static int
read_container(struct script *script, struct program *program, const char *rest)
{
	(void)script;
	program->container = or_die(strdup(rest));
	return 0;
}

static int
read_forwards(struct script *script, struct program *program, const char *rest)
{
	program->forwards = true;
	return read_container(script, program, rest);
}

static const struct {
	const char *word;
	int (*function)(struct script *script, struct program *program, const char *rest);
} lines[] = {
	{ "also", read_also },
	{ "bad", read_bad },
	{ "comes", read_comes },
	{ "container", read_container },
	{ "forwards", read_forwards },
	{ "listen", read_listen },
	{ "main", read_main },
	{ "of", read_of },
	{ "owner", read_owner },
	{ "restarts", read_restarts },
	{ "starts", read_starts },
	{ "upgraded", read_upgraded },
	{ "users", read_users },
};

static int
read_line(struct script *script, struct program *program)
{
	const char *line = script->lines[script->at] + strspn(script->lines[script->at], " \t");
	size_t length = strcspn(line, " \t");
	const char *rest = line + length + strspn(line + length, " \t");

	if (line[0] == '\0' || line[0] == '#')
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (strlen(lines[i].word) == length && strncmp(lines[i].word, line, length) == 0)
			return lines[i].function(script, program, rest);
	return -EINVAL;
}

int
life_program(struct script *script, const char *name, size_t end)
{
	struct program *program = or_die(calloc(1, sizeof(*program)));
	struct life *life = script->life;

	program->name = or_die(strdup(name));
	program->starts = (struct span){ 2 * USEC_PER_SEC, 40 * USEC_PER_SEC };
	*life->last = program;
	life->last = &program->next;
	for (script->at++; script->at < end; script->at++)
		if (read_line(script, program) < 0)
			return -EINVAL;
	return program->who != NULL || program->of != NULL ? 0 : -EINVAL;
}

int
life_reboots(struct script *script, const char *rest)
{
	struct words words;

	return words_split(rest, &words) < 0 ||
		read_named(&words, "every", &script->life->reboots) < 0 ?
	    -EINVAL :
	    read_named(&words, "off", &script->life->off);
}

int
life_sleeps(struct script *script, const char *rest)
{
	struct words words;
	uint64_t hour;

	if (words_split(rest, &words) < 0 || !words_take(&words, "at") ||
	    words_number(&words, &hour) < 0)
		return -EINVAL;
	script->life->sleep_hour = (unsigned)hour;
	return read_named(&words, "for", &script->life->sleeps);
}

int
life_daemon(struct script *script, const char *rest)
{
	struct words words;

	return words_split(rest, &words) < 0 || !words_take(&words, "restarts") ?
	    -EINVAL :
	    read_named(&words, "every", &script->life->daemons);
}
