/* SPDX-License-Identifier: MIT */
/*
 * A situation as the lookup describes it, for the tests of classes and reasons.
 */
#ifndef OVERSTAY_TESTS_ENGINE_SITUATION_H
#define OVERSTAY_TESTS_ENGINE_SITUATION_H

#include <stddef.h>
#include <stdint.h>

#include "engine/classify.h"
#include "model/listener.h"
#include "model/owner.h"
#include "model/reason.h"

#define BIT(reason) (1U << (reason))
#define KNOWN	    EVIDENCE_EXE_KNOWN

struct situation {
	const char *name;
	const char *exe;
	const char *cmdline; /* joined by '|', NULL = exe */
	const char *comm;    /* NULL = exe's name */
	const char *script;
	const char *unit, *user_unit, *session, *container;
	const char *main_exe; /* of the unit; main_pid is another process's */
	uint32_t uid;
	uint32_t evidence;
	uint32_t exe_uid; /* with EVIDENCE_EXE_KNOWN */
	uint32_t exe_mode;
	int32_t parent_pid;
	const char *parent_exe; /* NULL = unknown; */
	enum exe_trust parent_trust;
	enum origin origin;
	bool main_unknown;
	bool deleted;
	bool changed;	     /* another program held it */
	const char *address; /* NULL = 127.0.0.1 */
	enum choice choice;
	enum protocol protocol;
	/* expected */
	enum listener_class class;
	uint32_t reasons;
};

/* Classifies each; a failure of the test where one is not as expected. */
void situations_check(const struct situation *situations, size_t count);

#endif
