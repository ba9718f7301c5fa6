/* SPDX-License-Identifier: MIT */
/*
 * The classes and the reasons as values: what they are called, how much each counts. Strong reasons
 * alone, weak ones of two kinds make a suspect, those that are only shown never; the class without
 * them says what kind of thing it is. Which of them hold is engine/classify.c's to find.
 *
 * Two weak reasons of one kind say one thing twice: a file that others may write, of another owner.
 * And what is common on honest hosts adds up to nothing: a service on a port the kernel picked
 * whose program an upgrade replaced (JMX after each update of Java), or that an administrator
 * unpacked from somebody's archive.
 */
#include "model/reason.h"

static const struct {
	const char *name;
	enum reason_kind kind;
	const char *text;
} rows[REASON_COUNT] = {
	[REASON_MEMORY] = { "memory", KIND_STRONG, "its program is an in-memory file" },
	[REASON_SHM] = { "shm", KIND_STRONG, "its program is in /dev/shm" },
	[REASON_DISGUISE] = { "disguise", KIND_STRONG, "it uses the name of another program" },
	[REASON_SHELL] = { "shell", KIND_STRONG,
	    "a shell reads from or writes to a network socket" },
	[REASON_STRANGER] = { "stranger", KIND_STRONG,
	    "a shell or similar tool runs as a service" },
	[REASON_NO_OWNER] = { "no-owner", KIND_STRONG,
	    "no process holds it, and it is not a kernel socket" },
	[REASON_DELETED] = { "deleted", KIND_HISTORY, "its program was deleted" },
	[REASON_TEMPORARY] = { "temporary", KIND_PLACE,
	    "its program is in a world-writable directory" },
	[REASON_WRITABLE] = { "writable", KIND_PLACE, "other users can modify its program" },
	[REASON_FOREIGN] = { "foreign", KIND_PLACE, "root runs a program owned by another user" },
	[REASON_CHANGED] = { "changed", KIND_HISTORY, "another program held it earlier" },
	[REASON_EXPOSED] = { "exposed", KIND_EXPOSURE,
	    "it listens on all addresses, on a port chosen by the kernel" },
	[REASON_KERNEL_UNPROVED] = { "kernel-unproved", KIND_SHOWN,
	    "no process holds it, and it may be a kernel socket" },
};

static const char *const class_names[] = {
	[CLASS_UNKNOWN] = "unknown",
	[CLASS_KERNEL] = "kernel",
	[CLASS_SERVICE] = "service",
	[CLASS_USER] = "user",
	[CLASS_SUSPECT] = "suspect",
};

/* The kinds of the reasons, bits 1 << enum reason_kind. */
static unsigned
find_kinds(uint32_t reasons)
{
	unsigned kinds = 0;

	for (unsigned i = 0; i < REASON_COUNT; i++)
		if ((reasons >> i & 1) != 0)
			kinds |= 1U << rows[i].kind;
	return kinds;
}

static bool
weak_make_suspect(uint32_t reasons, bool main_program)
{
	/* Whoever installed a unit chose its program's file, whoever owns that. */
	static const uint32_t of_main_program = 1U << REASON_FOREIGN | 1U << REASON_WRITABLE;
	unsigned kinds = find_kinds(reasons);
	bool place = (kinds >> KIND_PLACE & 1) != 0;

	if (place && (kinds >> KIND_HISTORY & 1) != 0)
		return true;
	if (place && main_program)
		place = (find_kinds(reasons & ~of_main_program) >> KIND_PLACE & 1) != 0;
	return place && (kinds >> KIND_EXPOSURE & 1) != 0;
}

void
classify_reasons(uint32_t reasons, enum listener_class otherwise, bool main_program,
    struct classification *ret)
{
	bool strong = (find_kinds(reasons) >> KIND_STRONG & 1) != 0;

	*ret = (struct classification){
		.class =
		    strong || weak_make_suspect(reasons, main_program) ? CLASS_SUSPECT : otherwise,
		.otherwise = otherwise,
		.reasons = reasons,
		.strong = strong,
		.main_program = main_program,
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
	return rows[reason].kind == KIND_STRONG ? STRENGTH_STRONG :
	    rows[reason].kind == KIND_SHOWN	? STRENGTH_SHOWN :
						  STRENGTH_WEAK;
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
		if ((reasons >> i & 1) != 0 && reason_strength((enum reason)i) > strongest)
			strongest = reason_strength((enum reason)i);
	return strongest;
}
