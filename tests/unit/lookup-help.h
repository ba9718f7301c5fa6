/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the lookup share: a place for answers, and a listener to ask about.
 */
#ifndef OVERSTAY_TESTS_LOOKUP_HELP_H
#define OVERSTAY_TESTS_LOOKUP_HELP_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "wire/client.h"

#define HELP_ANSWERS_MAX LOOKUP_INODES_MAX

/*
 * As root: goes on in a PID and mount namespace of its own, with its own /proc, where PID 1
 * is a copy of this program that only reaps. The tests then do not depend on what runs on
 * the host, nor on whether its PID 1 may be searched, and no process outlives them. To be
 * called first in main(); returns only in the namespace, or where it could not be had.
 */
void help_isolate(void);

/* As root: no other process that has called this runs at the same time, until this one's end. For
 * files of a fixed name in the host's own directories. */
void help_take_turns(void);

/* May this process look at PID 1? Else nothing is EXE_SAME, and nothing the kernel's. */
bool help_sees_init(void);

/* Skips the test unless this is root who may look at PID 1. */
void help_need_init(void);

/* No test waits longer than this for anything. */
#define HELP_WAIT_MSEC 20000

struct help_answers {
	size_t count;
	struct {
		uint32_t inode;
		struct owner *owner;
	} answers[HELP_ANSWERS_MAX];
};

/* An lookup_client_function whose argument is a struct help_answers. */
void help_collect(uint32_t inode, struct owner *owner, void *argument);

/*
 * Steps until the request is done. Returns what the last step did; -ETIMEDOUT where none
 * came.
 */
int help_finish(struct lookup_client *owners, struct help_answers *answers);

/* Asks and finishes; *answers is emptied before. */
int help_ask(struct lookup_client *owners, const struct lookup_question *questions, size_t count,
    struct help_answers *answers);

/* The answer for the inode, NULL where it was not told, or told twice. */
struct owner *help_owner(const struct help_answers *answers, uint32_t inode);

void help_release(struct help_answers *answers);

/* A TCP socket that listens on the loopback. It is inherited through execve(). */
int help_listen(uint32_t *ret_inode);

/* The binary that was built beside the tests. */
const char *help_binary(void);

/* Starts help_binary(). NULL where that failed. */
struct lookup_client *help_spawn(void);

/* Closes the connection and reaps the process. Returns its wait status, -1 for an error. */
int help_end(struct lookup_client *owners);

#endif
