/* SPDX-License-Identifier: MIT */
/*
 * Advice, for listeners of services that are there to stay: older than their threshold, or
 * allowed, on a port that the program asked for. The port lies in the kernel's own range and is not
 * reserved: one day a connection has it when the program wants it. The line for sysctl.d is given
 * whole, with what is reserved already and what was advised before, so that the last one can be
 * taken as it stands.
 *
 * What it never does: speak of what a person's program does, or of a port that the kernel picked;
 * or repeat itself. An endpoint is spoken of once, and what comes at once is one message. A program
 * that takes ever other ports (a relay, a container engine) picks them itself: after the first few
 * it is left alone.
 * `advice: off` says nothing.
 *
 * Memory: at most ADVICE_GIVEN_MAX entries of 64 bytes. Cost: a few bit tests a poll for what was
 * not advised, one pass over the port sets for a message.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/table.h"
#include "engine/pass.h"
#include "engine/stay-report.h"
#include "engine/tell.h"

/* What a field of the journal holds (alert/message.h) beside its name. */
#define ADVICE_FIELD_MAX 3900

/* An endpoint, or a program. */
struct given_advice {
	uint64_t hash;
	unsigned count; /* of the program's endpoints */
	UT_hash_handle hh;
};

void
advice_clear(struct advice *advice)
{
	struct given_advice *given, *next;

	HASH_ITER (hh, advice->given, given, next) {
		HASH_DEL(advice->given, given);
		free(given);
	}
}

/* What advice is given once for. */
static uint64_t
hash_of(const struct endpoint *endpoint)
{
	uint64_t hash = hash_add(HASH_BEGIN, endpoint->address, sizeof(endpoint->address));

	hash = hash_add(hash, &endpoint->protocol, sizeof(endpoint->protocol));
	return hash_add(hash, &endpoint->port, sizeof(endpoint->port));
}

/* The program, in its unit: all containers of an engine are published by one. */
static uint64_t
hash_of_program(const struct process *process)
{
	uint64_t hash = hash_add(HASH_BEGIN, process->exe, strlen(process->exe) + 1);

	hash = hash_add(hash, process->script, strlen(process->script) + 1);
	return hash_add(hash, process->place.unit, strlen(process->place.unit) + 1);
}

/* Returns 0; -EEXIST if there is one; -E2BIG if there are too many; -ENOMEM. */
static int
note_hash(struct advice *advice, uint64_t hash, struct given_advice **ret)
{
	struct given_advice *given;

	HASH_FIND(hh, advice->given, &hash, sizeof(hash), given);
	*ret = given;
	if (given != NULL)
		return -EEXIST;
	if (HASH_COUNT(advice->given) == ADVICE_GIVEN_MAX)
		return -E2BIG;
	given = calloc(1, sizeof(*given));
	if (given == NULL)
		return -ENOMEM;
	given->hash = hash;
	HASH_ADD(hh, advice->given, hash, sizeof(given->hash), given);
	if (table_holds(given)) {
		*ret = given;
		return 0;
	}
	free(given);
	return -ENOMEM;
}

/* Notes that advice is given about the stay. Returns 0; -EEXIST if it was given before; -E2BIG if
 * too much was given already, in all or to the program; -ENOMEM. */
static int
note_given(struct advice *advice, const struct stay *stay, const struct process *process)
{
	struct given_advice *given;
	int r = note_hash(advice, hash_of_program(process), &given);

	if (r < 0 && r != -EEXIST)
		return r;
	if (given->count == ADVICE_PROGRAM_MAX)
		return -E2BIG;
	r = note_hash(advice, hash_of(&stay->is.endpoint), &(struct given_advice *){ NULL });
	given->count += r == 0;
	return r;
}

static bool
may_be_taken(const struct namespace *namespace, uint16_t port)
{
	return namespace->kernel_range.first != 0 && port >= namespace->kernel_range.first &&
	    port <= namespace->kernel_range.last && !port_set_has(&namespace->reserved, port);
}

void
advice_note(struct pass *pass, struct stay *stay)
{
	struct advice *advice = &pass->engine->advice;
	const struct member *member = &stay->is.members[stay->judged.worst];
	const struct process *process;
	int r;

	if (stay->told.advised || !pass->engine->policy->advice || stay->told.suspected ||
	    (stay->is.state != STAY_OVERSTAYING &&
		(stay->is.state != STAY_PERSISTING || !stay->judged.verdict.allowed)))
		return;
	if (stay->judged.classification.class != CLASS_SERVICE || member->choice != CHOICE_ASKED ||
	    !may_be_taken(&pass->engine->namespace, stay->is.endpoint.port))
		return;
	process = owner_first(member->owner);
	if (process == NULL)
		return;
	r = note_given(advice, stay, process);
	/* Without memory it is due again in the next poll. */
	if (r == -ENOMEM) {
		agenda_repeat(&pass->engine->agenda);
		return;
	}
	tell_note_advised(stay);
	if (r < 0)
		return;
	port_set_add(&advice->advised, stay->is.endpoint.port, stay->is.endpoint.port);
	if (advice->count++ < ADVICE_NAMED_MAX)
		advice->stays[advice->count - 1] = stay;
}

/* The line for sysctl.d, "" if it is too long for a message. */
static void
make_line(const struct engine *engine, char *buffer, size_t size)
{
	const struct advice *advice = &engine->advice;
	struct port_set all = engine->namespace.reserved;
	char list[ADVICE_FIELD_MAX - 64];

	for (size_t i = 0; i < ARRAY_SIZE(all.words); i++)
		all.words[i] |= advice->advised.words[i];
	if (port_set_format(&all, list, sizeof(list)))
		(void)snprintf(buffer, size, "net.ipv4.ip_local_reserved_ports = %s", list);
	else
		buffer[0] = '\0';
}

/* One message for several. */
static void
advise_many(struct pass *pass, const struct advice *advice, const char *line)
{
	struct fact_owner named[ADVICE_NAMED_MAX];
	struct items *items = items_new(ADVICE_NAMED_MAX);
	size_t count = advice->count < ADVICE_NAMED_MAX ? advice->count : ADVICE_NAMED_MAX;

	for (size_t i = 0; i < count; i++) {
		const struct stay *stay = advice->stays[i];
		const struct member *member = &stay->is.members[stay->judged.worst];

		stay_report_item(items, stay, pass->moment.boottime_usec);
		named[i] = (struct fact_owner){ member->owner, member->uid, 1,
			stay->is.endpoint.port, false };
	}
	if (items != NULL)
		items->all = (uint32_t)advice->count;
	outbox_put(&pass->engine->outbox,
	    report_new(NOTICE_PORTS_NOT_RESERVED, SEVERITY_NOTICE,
		FACTS(fact_number(FACT_COUNT, advice->count), fact_text(FACT_ADVICE, line),
		    fact_owners(FACT_OWNERS, named, count, advice->count), fact_items(items))),
	    &pass->moment);
	(void)items_free(items);
}

void
advice_tell(struct pass *pass)
{
	struct advice *advice = &pass->engine->advice;
	char line[ADVICE_FIELD_MAX];

	if (advice->count == 0)
		return;
	make_line(pass->engine, line, sizeof(line));
	if (advice->count == 1)
		tell_advice(pass, advice->stays[0], line);
	else
		advise_many(pass, advice, line);
	advice->count = 0;
}
