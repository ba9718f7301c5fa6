/* SPDX-License-Identifier: MIT */
/*
 * Which hints hold. Why a listener looks forgotten is about the process that an alert names, whose
 * terminal a person would search for; a shell may be below any of its holders.
 *
 * What it never does: change a class, a threshold or a severity.
 *
 * Cost: a table of a few bits.
 */
#include "engine/hint.h"

_Static_assert(HINT_COUNT <= 16, "struct classification has 16 bits of them");

/* What the lookup saw of the process. */
static const struct {
	enum process_outlived outlived;
	enum hint hint;
} facts_of_process[] = {
	{ OUTLIVED_TERMINAL, HINT_TERMINAL },
	{ OUTLIVED_SESSION, HINT_SESSION },
	{ OUTLIVED_PARENT, HINT_PARENT },
	{ OUTLIVED_DIRECTORY, HINT_DIRECTORY },
};

/* As long as that is no reason: then it is said already. */
static bool
runs_shell(const struct hint_facts *facts)
{
	const struct owner *owner = facts->owner;

	for (uint32_t i = 0; i < owner->process_count; i++)
		if (!process_is_init(owner->processes[i]) &&
		    (owner->processes[i]->evidence & EVIDENCE_SHELL_PIPED) != 0)
			return (facts->reasons >> REASON_SHELL & 1) == 0;
	return false;
}

uint16_t
hint_find(const struct hint_facts *facts)
{
	const struct process *process = owner_first(facts->owner);
	uint32_t hints = 0;

	/* A service manager holds sockets for others, and nobody forgets it. */
	for (size_t i = 0;
	     process != NULL && !process_is_manager(process) && i < ARRAY_SIZE(facts_of_process);
	     i++)
		if ((process->outlived & facts_of_process[i].outlived) != 0)
			hints |= 1U << facts_of_process[i].hint;
	if (facts->newer)
		hints |= 1U << HINT_NEWER;
	if (facts->unused)
		hints |= 1U << HINT_UNUSED;
	if (runs_shell(facts))
		hints |= 1U << HINT_SHELL;
	return (uint16_t)(hints & hints_of_class(facts->otherwise));
}
