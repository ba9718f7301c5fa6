/* SPDX-License-Identifier: MIT */
/*
 * The classes and the reasons as values: what they are called, how much each counts. Strong reasons
 * alone, weak ones by two make a suspect, those that are only shown never; the class without them
 * says what kind of thing it is. Which of them hold is engine/classify.c's to find.
 */
#include "model/reason.h"

static const struct {
	const char *name;
	enum reason_strength strength;
	const char *text;
} rows[REASON_COUNT] = {
	[REASON_MEMORY] = { "memory", STRENGTH_STRONG, "its program is an in-memory file" },
	[REASON_SHM] = { "shm", STRENGTH_STRONG, "its program is in /dev/shm" },
	[REASON_DISGUISE] = { "disguise", STRENGTH_STRONG, "it uses the name of another program" },
	[REASON_SHELL] = { "shell", STRENGTH_STRONG,
	    "a shell reads from or writes to a network socket" },
	[REASON_STRANGER] = { "stranger", STRENGTH_STRONG,
	    "a shell or similar tool runs as a service" },
	[REASON_NO_OWNER] = { "no-owner", STRENGTH_STRONG,
	    "no process holds it, and it is not a kernel socket" },
	[REASON_DELETED] = { "deleted", STRENGTH_WEAK, "its program was deleted" },
	[REASON_TEMPORARY] = { "temporary", STRENGTH_WEAK,
	    "its program is in a world-writable directory" },
	[REASON_WRITABLE] = { "writable", STRENGTH_WEAK, "other users can modify its program" },
	[REASON_FOREIGN] = { "foreign", STRENGTH_WEAK,
	    "root runs a program owned by another user" },
	[REASON_CHANGED] = { "changed", STRENGTH_WEAK, "another program held it earlier" },
	[REASON_EXPOSED] = { "exposed", STRENGTH_WEAK,
	    "it listens on all addresses, on a port chosen by the kernel" },
	[REASON_KERNEL_UNPROVED] = { "kernel-unproved", STRENGTH_SHOWN,
	    "no process holds it, and it may be a kernel socket" },
};

static const char *const class_names[] = {
	[CLASS_UNKNOWN] = "unknown",
	[CLASS_KERNEL] = "kernel",
	[CLASS_SERVICE] = "service",
	[CLASS_USER] = "user",
	[CLASS_SUSPECT] = "suspect",
};

void
classify_reasons(uint32_t reasons, enum listener_class otherwise, struct classification *ret)
{
	unsigned strong = 0, weak = 0;

	for (unsigned i = 0; i < REASON_COUNT; i++) {
		if ((reasons >> i & 1) == 0)
			continue;
		if (rows[i].strength == STRENGTH_STRONG)
			strong++;
		else if (rows[i].strength == STRENGTH_WEAK)
			weak++;
	}
	*ret = (struct classification){
		.class = strong > 0 || weak > 1 ? CLASS_SUSPECT : otherwise,
		.otherwise = otherwise,
		.reasons = reasons,
		.strong = strong > 0,
	};
}

const char *class_name(enum listener_class class)
{
	return class_names[class];
}

const char *
reason_name(enum reason reason)
{
	return rows[reason].name;
}

const char *
reason_text(enum reason reason)
{
	return rows[reason].text;
}

enum reason_strength
reason_strength(enum reason reason)
{
	return rows[reason].strength;
}

const char *
reason_strength_name(enum reason_strength strength)
{
	static const char *const names[] = {
		[STRENGTH_SHOWN] = "shown",
		[STRENGTH_WEAK] = "weak",
		[STRENGTH_STRONG] = "strong",
	};

	return names[strength];
}

enum reason_strength
reasons_strength(uint32_t reasons)
{
	enum reason_strength strongest = STRENGTH_SHOWN;

	for (unsigned i = 0; i < REASON_COUNT; i++)
		if ((reasons >> i & 1) != 0 && rows[i].strength > strongest)
			strongest = rows[i].strength;
	return strongest;
}
