/* SPDX-License-Identifier: MIT */
/*
 * A host that lives by itself: what its programs do is written once, by how often and how long, and
 * the same seed gives the same days. The statements, beside those of run.c:
 *
 *	program NAME ... end
 *		owner ATTRIBUTES	as run.c has them; each run has a pid of its own
 *		also ATTRIBUTES		one more process
 *		main			it is its unit's main process
 *		container ID	each run is another container, ID with a number behind it
 *		forwards ID	each run forwards to another container
 *		users A-B	each run is one of these users'
 *		listen PROTOCOL ADDRESS:PORTS WORDS	at its start. PORTS is a port, A-B (any
 *			free one of them), A+ (the first free one from A), or auto (the kernel's
 *			choice); many A..B = so many of these
 *		starts A..B	so long after the host's start (2s..40s)
 *		restarts every A..B away A..B
 *		upgraded every A..B lags A..B	its file is replaced, and it is restarted so
 *			much later
 *		comes every A..B [hours A-B] [weekdays] stays A..B	it is no service but comes
 *			and goes, also several at once. Each doubling between A and B is as likely:
 *			most jobs are short
 *		of NAME		what it listens on is held by the process of that program, as long
 *			as that runs
 *		bad at SPAN within SPAN	comes once, stays, and has to be reported in that time at
 *			warning or graver
 *	reboots every A..B off A..B
 *	sleeps at HOUR for A..B		each night
 *	daemon restarts every A..B	overstayd is started anew
 *
 * A..B is any value between A and B, each as likely; a single value stands for both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "life.h"
#include "model/owner.h"
#include "or-die.h"

/* The whole id of a container. */
#define CONTAINER_DIGITS 64

/* ---- chance ------------------------------------------------------------------------------- */

/* The generator of java.util.SplittableRandom: a counter and two multiplications. */
static uint64_t
draw(struct life *life)
{
	uint64_t x = life->random += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static uint64_t
draw_span(struct life *life, const struct span *span)
{
	return span->least + draw(life) % (span->most - span->least + 1);
}

/* Any of the doublings between both ends, and any value in that one. */
static uint64_t
draw_stay(struct life *life, const struct span *span)
{
	uint64_t from_usec = span->least > 0 ? span->least : 1, doublings = 1;
	struct span part;

	while (from_usec << doublings < span->most)
		doublings++;
	part.least = from_usec << draw(life) % doublings;
	part.most = part.least * 2 < span->most ? part.least * 2 : span->most;
	return draw_span(life, &part);
}

/* ---- programs that run -------------------------------------------------------------------- */

static bool
is_taken(const struct world *world, uint8_t protocol, uint32_t port)
{
	for (size_t i = 0; i < world->row_count; i++)
		if (world->rows[i].listener.endpoint.port == port &&
		    world->rows[i].listener.endpoint.protocol == protocol)
			return true;
	return false;
}

static uint32_t
choose_port(struct script *script, const struct life_listen *listen)
{
	const struct world *world = &script->world;
	uint32_t first = listen->first, last = listen->last, port = first;
	uint8_t protocol = listen->before[0] == 'u' ? PROTOCOL_UDP : PROTOCOL_TCP;

	if (first == 0) {
		first = world->kernel_range.first;
		last = world->kernel_range.last;
	}
	/* A fixed port that is taken stays so, as with SO_REUSEPORT. */
	for (unsigned tries = 0; tries < 1000; tries++) {
		if (!listen->lowest)
			port = first + (uint32_t)(draw(script->life) % (last - first + 1));
		if (!is_taken(world, protocol, port))
			break;
		port += listen->lowest;
	}
	return port;
}

static void
open_listeners(struct script *script, const struct program *program, const struct who *who)
{
	for (size_t i = 0; i < program->listen_count; i++) {
		const struct life_listen *listen = &program->listens[i];
		uint64_t many = draw_span(script->life, &listen->many);

		for (uint64_t j = 0; j < many; j++) {
			char line[512];

			(void)snprintf(line, sizeof(line), "%s:%u%s %s owner %s", listen->before,
			    choose_port(script, listen), listen->after,
			    listen->first == 0 ? "auto" : "asked", who->name);
			if (script_listen(script, line) < 0) {
				(void)fprintf(stderr, "%s\n", line);
				abort();
			}
		}
	}
}

/* Each container has an id, which ends in the number of the run, and a scope of that name. */
static void
set_container(struct life *life, const struct program *program, struct process *process)
{
	char id[OWNER_CONTAINER_MAX], unit[OWNER_UNIT_MAX];
	const char *dot = strrchr(process->place.unit, '.');
	int digits = CONTAINER_DIGITS - (int)strlen(program->container);

	(void)snprintf(id, sizeof(id), "%s%0*llx", program->container, digits,
	    (unsigned long long)life->numbers);
	if (program->forwards) {
		process->forwards_kind = CONTAINER_DOCKER;
		if (owner_text_set(&process->forwards_to, id) < 0)
			abort();
		return;
	}
	process->place.container_kind = CONTAINER_DOCKER;
	(void)snprintf(unit, sizeof(unit), "%.*s-%s%s",
	    dot == NULL ? 0 : (int)(dot - process->place.unit), process->place.unit, id,
	    dot == NULL ? "" : dot);
	if (owner_text_set(&process->place.container, id) < 0 ||
	    owner_text_set(&process->place.unit, unit) < 0)
		abort();
}

/* A process of that program, begun now. */
static struct who *
new_who(struct script *script, const struct program *program)
{
	struct life *life = script->life;
	struct world *world = &script->world;
	struct who *who = or_die(calloc(1, sizeof(*who)));
	struct owner *owner = world_copy_owner(program->who->owner, world->now_usec);
	uint32_t uid = (uint32_t)draw_span(life, &program->uids);

	if (asprintf(&who->name, "%s#%llu", program->name, (unsigned long long)++life->numbers) < 0)
		abort();
	for (uint32_t i = 0; i < owner->process_count; i++) {
		struct process *process = owner->processes[i];
		bool is_main = process->main_pid != 0 && process->main_pid == process->pid;

		process->pid = life->next_pid++;
		process->start_usec = world->now_usec;
		if (is_main)
			process->main_pid = process->pid;
		if (program->container != NULL)
			set_container(life, program, process);
		if (program->uids.most > 0)
			process->uid = process->login_uid = uid;
	}
	who->owner = owner;
	who->next = world->whos;
	world->whos = who;
	return who;
}

static void
drop_who(struct world *world, struct who *who)
{
	struct who **place = &world->whos;

	while (*place != who)
		place = &(*place)->next;
	*place = who->next;
	(void)owner_unref(who->owner);
	free(who->name);
	free(who);
}

static struct instance *
find_instance(const struct life *life, const struct program *program)
{
	for (size_t i = 0; i < life->instance_count; i++)
		if (life->instances[i].program == program)
			return &life->instances[i];
	return NULL;
}

/* The sockets of one run. Those of what runs `of` another are told apart by their cookies. */
static void
begin(struct script *script, struct program *program, uint64_t ends_usec)
{
	struct life *life = script->life;
	const struct instance *host = program->of == NULL ? NULL : find_instance(life, program->of);
	struct instance *instance;
	struct who *who;
	size_t first = script->world.row_count;

	if (program->of != NULL && host == NULL)
		return;
	who = host == NULL ? new_who(script, program) : host->who;
	if (array_reserve(&life->instances, &life->instance_room, life->instance_count + 1,
		ARRAY_UNBOUNDED) < 0)
		abort();
	instance = &life->instances[life->instance_count++];
	*instance = (struct instance){ .program = program, .who = who, .ends_usec = ends_usec };
	open_listeners(script, program, who);
	instance->first_cookie = instance->last_cookie = 0;
	if (script->world.row_count > first) {
		instance->first_cookie = script->world.rows[first].listener.cookie;
		instance->last_cookie = script->world.next_cookie - 1;
	}
}

static bool
is_instances(const struct row *row, const void *what)
{
	const struct instance *instance = what;

	return row->listener.cookie >= instance->first_cookie &&
	    row->listener.cookie <= instance->last_cookie;
}

static void
end_instance(struct script *script, size_t index)
{
	struct life *life = script->life;
	struct instance instance = life->instances[index];

	(void)world_close(&script->world, is_instances, &instance);
	life->instances[index] = life->instances[--life->instance_count];
	if (instance.program->of != NULL)
		return;
	/* What its process held beside goes, too. */
	for (size_t i = life->instance_count; i-- > 0;)
		if (life->instances[i].who == instance.who)
			end_instance(script, i);
	drop_who(&script->world, instance.who);
}

/* Its file was replaced while it runs, as a package's upgrade does. */
static void
upgrade(struct script *script, struct program *program)
{
	struct instance *instance = find_instance(script->life, program);
	struct owner *owner;

	if (instance == NULL)
		return;
	owner = world_copy_owner(instance->who->owner, script->world.now_usec);
	for (uint32_t i = 0; i < owner->process_count; i++) {
		owner->processes[i]->exe_deleted = true;
		owner->processes[i]->exe_trust = EXE_REPLACED;
		owner->processes[i]->evidence |= EVIDENCE_EXE_UPDATED;
	}
	(void)owner_unref(instance->who->owner);
	instance->who->owner = owner;
	instance->ends_usec = script->world.now_usec + draw_span(script->life, &program->lags);
}

/* ---- time --------------------------------------------------------------------------------- */

static uint64_t
now_of(const struct script *script)
{
	return world_elapsed_usec(&script->world);
}

/* 2030-01-01 is a Tuesday. */
static bool
is_weekend(uint64_t usec)
{
	return (usec / USEC_PER_DAY + 1) % 7 >= 5;
}

/* The time, or the next one that is allowed. */
static uint64_t
allowed_usec(struct life *life, const struct program *program, uint64_t usec)
{
	static const struct span hour = { 0, USEC_PER_HOUR };

	if (program->hour_last == 0)
		return usec;
	for (;;) {
		uint64_t day_usec = usec / USEC_PER_DAY * USEC_PER_DAY;
		unsigned at = (unsigned)((usec - day_usec) / USEC_PER_HOUR);

		if (program->weekdays && is_weekend(usec))
			usec = day_usec + USEC_PER_DAY;
		else if (at < program->hour_first)
			usec =
			    day_usec + program->hour_first * USEC_PER_HOUR + draw_span(life, &hour);
		else if (at >= program->hour_last)
			usec = day_usec + USEC_PER_DAY;
		else
			return usec;
	}
}

static void
plan(struct life *life, struct program *program, uint64_t now_usec)
{
	if (program->once)
		return;
	if (program->comes.most == 0)
		program->due_usec = now_usec + draw_span(life, &program->starts);
	else
		program->due_usec =
		    allowed_usec(life, program, now_usec + draw_span(life, &program->comes));
}

/* A program starts, or one more job of it comes. */
static void
on_program(struct script *script, struct program *program)
{
	struct life *life = script->life;
	uint64_t now_usec = now_of(script), ends_usec = USEC_NEVER;

	program->due_usec = USEC_NEVER;
	program->came_usec = now_usec;
	if (program->comes.most > 0) {
		plan(life, program, now_usec);
		ends_usec = now_usec + draw_stay(life, &program->stays);
	} else if (program->restarts.most > 0)
		ends_usec = now_usec + draw_span(life, &program->restarts);
	begin(script, program, ends_usec);
	if (program->upgrades.most > 0 && program->upgrade_usec < now_usec)
		program->upgrade_usec = now_usec + draw_span(life, &program->upgrades);
}

static void
on_end(struct script *script, size_t index)
{
	struct life *life = script->life;
	struct program *program = life->instances[index].program;
	uint64_t now_usec = now_of(script);

	end_instance(script, index);
	if (program->comes.most == 0)
		program->due_usec = now_usec +
		    (program->away.most > 0 ? draw_span(life, &program->away) : 2 * USEC_PER_SEC);
}

static void
on_reboot(struct script *script)
{
	struct life *life = script->life;
	struct world *world = &script->world;

	while (life->instance_count > 0)
		end_instance(script, life->instance_count - 1);
	world_restart(world, draw_span(life, &life->off));
	for (struct program *program = life->programs; program != NULL; program = program->next)
		plan(life, program, now_of(script));
	life->reboot_usec = now_of(script) + draw_span(life, &life->reboots);
}

/* Timers of programs stand still meanwhile, too. */
static void
on_sleep(struct script *script)
{
	struct life *life = script->life;
	uint64_t span_usec = draw_span(life, &life->sleeps);

	world_suspend(&script->world, span_usec);
	for (size_t i = 0; i < life->instance_count; i++)
		if (life->instances[i].ends_usec != USEC_NEVER)
			life->instances[i].ends_usec += span_usec;
	for (struct program *program = life->programs; program != NULL; program = program->next)
		if (program->comes.most > 0 && program->due_usec < now_of(script))
			plan(life, program, now_of(script));
	life->sleep_usec += USEC_PER_DAY;
}

static void
on_daemon(struct script *script)
{
	struct life *life = script->life;

	world_restart(&script->world, 2 * USEC_PER_SEC);
	life->daemon_usec = now_of(script) + draw_span(life, &life->daemons);
}

/* What comes next. */
struct event {
	uint64_t due_usec;
	struct program *program; /* starts, or is upgraded */
	size_t instance;
	enum {
		EVENT_NOTHING,
		EVENT_START,
		EVENT_UPGRADE,
		EVENT_END,
		EVENT_REBOOT,
		EVENT_SLEEP,
		EVENT_DAEMON
	} kind;
};

static void
consider(struct event *event, uint64_t due_usec, int kind, struct program *program, size_t instance)
{
	if (due_usec < event->due_usec) {
		event->due_usec = due_usec;
		event->program = program;
		event->instance = instance;
		event->kind = kind;
	}
}

static struct event
find_event(const struct life *life, uint64_t until_usec)
{
	struct event event = { .due_usec = until_usec };

	if (life->reboots.most > 0)
		consider(&event, life->reboot_usec, EVENT_REBOOT, NULL, 0);
	if (life->sleeps.most > 0)
		consider(&event, life->sleep_usec, EVENT_SLEEP, NULL, 0);
	if (life->daemons.most > 0)
		consider(&event, life->daemon_usec, EVENT_DAEMON, NULL, 0);
	for (size_t i = 0; i < life->instance_count; i++)
		consider(&event, life->instances[i].ends_usec, EVENT_END, NULL, i);
	for (struct program *program = life->programs; program != NULL; program = program->next) {
		consider(&event, program->due_usec, EVENT_START, program, 0);
		if (program->upgrades.most > 0)
			consider(&event, program->upgrade_usec, EVENT_UPGRADE, program, 0);
	}
	return event;
}

static void
play_event(struct script *script, const struct event *event)
{
	struct life *life = script->life;

	switch (event->kind) {
	case EVENT_NOTHING:
		break;
	case EVENT_START:
		on_program(script, event->program);
		break;
	case EVENT_UPGRADE:
		upgrade(script, event->program);
		event->program->upgrade_usec =
		    now_of(script) + draw_span(life, &event->program->upgrades);
		break;
	case EVENT_END:
		on_end(script, event->instance);
		break;
	case EVENT_REBOOT:
		on_reboot(script);
		break;
	case EVENT_SLEEP:
		on_sleep(script);
		break;
	case EVENT_DAEMON:
		on_daemon(script);
		break;
	}
}

/* What runs always runs when overstayd is started for the first time. */
static void
first_day(struct script *script)
{
	struct life *life = script->life;

	for (struct program *program = life->programs; program != NULL; program = program->next) {
		if (program->upgrades.most > 0)
			program->upgrade_usec = draw_span(life, &program->upgrades);
		if (program->once)
			continue;
		if (program->comes.most > 0)
			plan(life, program, 0);
		else
			on_program(script, program);
	}
	life->reboot_usec = draw_span(life, &life->reboots);
	life->daemon_usec = draw_span(life, &life->daemons);
	life->sleep_usec = life->sleep_hour * USEC_PER_HOUR;
}

void
life_run(struct script *script, uint64_t until_usec, void (*each)(struct script *script))
{
	first_day(script);
	for (;;) {
		struct event event = find_event(script->life, until_usec);

		if (event.due_usec > now_of(script))
			world_run(&script->world, event.due_usec);
		each(script);
		if (event.kind == EVENT_NOTHING)
			break;
		play_event(script, &event);
	}
}

struct life *
life_new(uint64_t seed)
{
	struct life *life = or_die(calloc(1, sizeof(*life)));

	life->random = seed;
	life->last = &life->programs;
	life->next_pid = 1000;
	return life;
}

struct life *
life_free(struct life *life)
{
	if (life == NULL)
		return NULL;
	while (life->programs != NULL) {
		struct program *program = life->programs;

		life->programs = program->next;
		for (size_t i = 0; i < program->listen_count; i++) {
			free(program->listens[i].before);
			free(program->listens[i].after);
		}
		free(program->container);
		free(program->name);
		free(program);
	}
	free(life->instances);
	free(life);
	return NULL;
}
