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

struct given_advice {
	uint64_t hash;
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

/* What advice is given once for: the endpoint, or the program where the port changes. */
static uint64_t
hash_of(const struct stay *stay, const struct member *member)
{
	const struct endpoint *endpoint = &stay->is.endpoint;
	const struct process *process = owner_first(member->owner);
	uint64_t hash = hash_add(HASH_BEGIN, endpoint->address, sizeof(endpoint->address));

	hash = hash_add(hash, &endpoint->protocol, sizeof(endpoint->protocol));
	hash = hash_add(hash, &member->choice, sizeof(member->choice));
	if (member->choice == CHOICE_AUTO && process != NULL)
		hash = hash_add(hash, process->exe, strlen(process->exe));
	else
		hash = hash_add(hash, &endpoint->port, sizeof(endpoint->port));
	return hash;
}

/* Notes that advice is given. Returns 0; -EEXIST if it was given before; -E2BIG if too much was
 * given already; -ENOMEM. */
static int
note_given(struct advice *advice, uint64_t hash)
{
	struct given_advice *given;

	HASH_FIND(hh, advice->given, &hash, sizeof(hash), given);
	if (given != NULL)
		return -EEXIST;
	if (HASH_COUNT(advice->given) == ADVICE_GIVEN_MAX)
		return -E2BIG;
	given = calloc(1, sizeof(*given));
	if (given == NULL)
		return -ENOMEM;
	given->hash = hash;
	HASH_ADD(hh, advice->given, hash, sizeof(given->hash), given);
	if (table_holds(given))
		return 0;
	free(given);
	return -ENOMEM;
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
	bool asked = member->choice == CHOICE_ASKED;
	int r;

	if (stay->told.advised || !pass->engine->policy->advice || stay->told.suspected ||
	    (stay->is.state != STAY_OVERSTAYING &&
		(stay->is.state != STAY_PERSISTING || !stay->judged.verdict.allowed)))
		return;
	if (asked ? !may_be_taken(&pass->engine->namespace, stay->is.endpoint.port) :
		    member->choice != CHOICE_AUTO || stay->is.endpoint.protocol != PROTOCOL_TCP ||
		    stay->judged.verdict.allowed)
		return;
	r = note_given(advice, hash_of(stay, member));
	/* Without memory it is due again in the next poll. */
	if (r == -ENOMEM) {
		agenda_repeat(&pass->engine->agenda);
		return;
	}
	tell_note_advised(stay, true);
	if (r < 0)
		return;
	if (asked) {
		port_set_add(&advice->advised, stay->is.endpoint.port, stay->is.endpoint.port);
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
	char list[ADVICE_FIELD_MAX - 64];

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
	struct items *items = items_new(ADVICE_NAMED_MAX);
	size_t name_count = count < ADVICE_NAMED_MAX ? count : ADVICE_NAMED_MAX;

	for (size_t i = 0; i < name_count; i++) {
		named[i] = stays[i]->is.endpoint;
		stay_report_item(items, stays[i], pass->poll_usec);
	}
	if (items != NULL)
		items->all = (uint32_t)count;
	outbox_put(&pass->engine->outbox,
	    report_new(line != NULL ? NOTICE_PORTS_NOT_RESERVED : NOTICE_PORTS_CHOSEN,
		SEVERITY_NOTICE,
		FACTS(fact_number(FACT_COUNT, count), fact_text(FACT_ADVICE, line),
		    fact_endpoints(FACT_ENDPOINTS, named, name_count, count), fact_items(items))),
	    &pass->moment);
	(void)items_free(items);
}

static void
advise(struct pass *pass, struct stay *const *stays, size_t count, const char *line)
{
	if (count == 1)
		tell_advice(pass, stays[0], line);
	else if (count > 1)
		advise_many(pass, stays, count, line);
}

void
advice_tell(struct pass *pass)
{
	struct advice *advice = &pass->engine->advice;
	char line[ADVICE_FIELD_MAX];

	if (advice->asked_count > 0) {
		make_line(pass->engine, line, sizeof(line));
		advise(pass, advice->asked, advice->asked_count, line);
	}
	advise(pass, advice->chosen, advice->chosen_count, NULL);
	advice->asked_count = advice->chosen_count = 0;
}
