/* SPDX-License-Identifier: MIT */
/*
 * A child that holds a listener, and what overstay-lookup says of it.
 */
#ifndef OVERSTAY_TESTS_LOOKUP_CHILD_H
#define OVERSTAY_TESTS_LOOKUP_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"
#include "lookup-help.h"

/* The program that children run: it does nothing, for long enough. */
#define PROGRAM "/bin/sleep"
#define SECONDS "600"

struct fixture {
	struct lookup_client *owners;
	struct help_answers answers;
	char directory[64];
	char program[4096]; /* the real path of PROGRAM */
	char copy[96];	    /* a copy of it, in directory */
	pid_t child;
	uint32_t inode;
};

/* For cmocka. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

int copy_file(const char *from, const char *to);
void end_child(pid_t *child);
void wait_a_little(void);

/* What a child does before it runs the program. Returns 0, or -1: give up. */
typedef int prepare_function(struct fixture *fixture);

/* Starts a child that holds a listener and runs the program at path under this argv[0]. */
void start_child(struct fixture *fixture, const char *path, const char *argument,
    prepare_function *prepare);

/* Asks thoroughly for the child's listener. */
const struct owner *ask(struct fixture *fixture, uint32_t uid);

/* The same, as this question says but for the inode. */
const struct owner *ask_question(struct fixture *fixture, struct lookup_question question);

/* The child, who is the only holder. */
const struct process *ask_child(struct fixture *fixture);

/*
 * Makes a cgroup of this name in the cgroup v2 tree, where that is free to be used. Returns
 * whether it could; path gets its directory (to be removed by the caller).
 */
bool make_real_cgroup(const char *name, char path[256]);

#endif
