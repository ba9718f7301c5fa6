/* SPDX-License-Identifier: MIT */
/*
 * Advice, for listeners that are there to stay: older than their threshold, or allowed.
 *
 *	asked for	the port lies in the kernel's own range and is not reserved: one day a
 *			connection has it when the program wants it. The line for sysctl.d is given
 *			whole, with what is reserved already and what was advised before, so that
 *			the last one can be taken as it stands.
 *	picked by	only where no rule allows it: fix the port, or allow the program.
 *	the kernel
 *
 * What it never does: repeat itself. An endpoint is spoken of once, a program whose port changes at
 * each start too, and what comes at once is one message. `advice: off` says nothing.
 *
 * Memory: fixed. Cost: a few bit tests a poll for what was not advised, one pass over the port sets
 * for a message.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/engine-state.h"

/* What a field of the journal holds (alert/message.h) beside its name. */
#define ADVICE_LINE_MAX 3900

/* What advice is given once for: the endpoint, or the program where the port changes. Never 0. */
static uint64_t
hash_of(const struct stay *stay, const struct member *member)
{
	const struct endpoint *endpoint = &stay->endpoint;
	const struct process *process = owner_first(member->owner);
	uint64_t hash = hash_add(HASH_BEGIN, endpoint->address, sizeof(endpoint->address));

	hash = hash_add(hash, &endpoint->protocol, sizeof(endpoint->protocol));
	hash = hash_add(hash, &member->choice, sizeof(member->choice));
	if (member->choice == CHOICE_AUTO && process != NULL)
		hash = hash_add(hash, process->exe, strlen(process->exe));
	else
		hash = hash_add(hash, &endpoint->port, sizeof(endpoint->port));
	return hash == 0 ? 1 : hash;
}

/* Notes that advice is given. Returns false where it was before, or there is no place. */
static bool
is_first(struct advice *advice, uint64_t hash)
{
	size_t place = hash % ADVICE_TOLD_MAX;

	for (size_t i = 0; i < ADVICE_TOLD_MAX; i++, place = (place + 1) % ADVICE_TOLD_MAX) {
		if (advice->told[place] == hash)
			return false;
		if (advice->told[place] == 0)
			break;
	}
	if (advice->told_count == ADVICE_TOLD_MAX - 1)
		return false;
	advice->told[place] = hash;
	advice->told_count++;
	return true;
}

static bool
may_be_taken(const struct namespace *namespace, uint16_t port)
{
	return namespace->kernel_range.first != 0 && port >= namespace->kernel_range.first &&
	    port <= namespace->kernel_range.last && !port_set_has(&namespace->reserved, port);
}

void
pass_note_advice(struct pass *pass, struct stay *stay)
{
	struct advice *advice = &pass->engine->advice;
	const struct member *member = &stay->members[stay->worst];
	bool asked = member->choice == CHOICE_ASKED;

	if (stay->advised || !pass->engine->policy->advice || stay->suspected ||
	    (stay->state != STAY_OVERSTAYING &&
		(stay->state != STAY_PERSISTING || !stay->verdict.allowed)))
		return;
	if (asked ? !may_be_taken(&pass->engine->namespace, stay->endpoint.port) :
		    member->choice != CHOICE_AUTO || stay->endpoint.protocol != PROTOCOL_TCP ||
		    stay->verdict.allowed)
		return;
	stay->advised = pass->open = true;
	if (!is_first(advice, hash_of(stay, member)))
		return;
	if (asked) {
		port_set_add(&advice->advised, stay->endpoint.port, stay->endpoint.port);
		if (advice->asked_count++ < ADVICE_NAMED_MAX)
			advice->asked[advice->asked_count - 1] = stay;
	} else if (advice->chosen_count++ < ADVICE_NAMED_MAX)
		advice->chosen[advice->chosen_count - 1] = stay;
}

/* The line for sysctl.d, "" if it is too long for a message. */
static void
make_line(const struct engine *engine, char *buffer, size_t size)
{
	const struct advice *advice = &engine->advice;
	struct port_set all = engine->namespace.reserved;
	char list[ADVICE_LINE_MAX - 64];

	for (size_t i = 0; i < ARRAY_SIZE(all.words); i++)
		all.words[i] |= advice->advised.words[i];
	if (port_set_format(&all, list, sizeof(list)))
		(void)snprintf(buffer, size, "net.ipv4.ip_local_reserved_ports = %s", list);
	else
		buffer[0] = '\0';
}

/* One message for several: line NULL = their ports were the kernel's choice. */
static void
advise_many(struct pass *pass, struct stay *const *stays, size_t count, const char *line)
{
	struct endpoint named[ADVICE_NAMED_MAX];
	size_t name_count = count < ADVICE_NAMED_MAX ? count : ADVICE_NAMED_MAX;

	for (size_t i = 0; i < name_count; i++)
		named[i] = stays[i]->endpoint;
	outbox_put(&pass->engine->outbox,
	    report_new(line != NULL ? NOTICE_PORTS_NOT_RESERVED : NOTICE_PORTS_CHOSEN,
		SEVERITY_NOTICE,
		FACTS(fact_number(FACT_COUNT, count), fact_text(FACT_ADVICE, line),
		    fact_endpoints(FACT_ENDPOINTS, named, name_count, count))),
	    &pass->moment);
}

static void
advise(struct pass *pass, struct stay *const *stays, size_t count, const char *line)
{
	if (count == 1)
		pass_tell(pass, stays[0],
		    &(struct telling){
			.kind = EVENT_ADVICE,
			.priority = SEVERITY_NOTICE,
			.advice = line,
		    });
	else if (count > 1)
		advise_many(pass, stays, count, line);
}

void
pass_advise(struct pass *pass)
{
	struct advice *advice = &pass->engine->advice;
	char line[ADVICE_LINE_MAX];

	if (advice->asked_count > 0) {
		make_line(pass->engine, line, sizeof(line));
		advise(pass, advice->asked, advice->asked_count, line);
	}
	advise(pass, advice->chosen, advice->chosen_count, NULL);
	advice->asked_count = advice->chosen_count = 0;
}
