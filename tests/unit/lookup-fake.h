/* SPDX-License-Identifier: MIT */
/*
 * A /proc and a cgroup tree made of plain files, and requests answered out of them.
 */
#ifndef OVERSTAY_TESTS_LOOKUP_FAKE_H
#define OVERSTAY_TESTS_LOOKUP_FAKE_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "lookup/answer.h"
#include "wire/client.h"

/* Near the kernel's largest pid, so that no process of this host is meant by chance. */
#define PID(n) (LOOKUP_PID_MAX - 100 + (n))

#define ANSWERS_MAX 64

struct fake {
	char path[64];
	int fd; /* the /proc; cgroup/ in it is the tree */
	struct host host;
};

/* What was sent for one inode. */
struct collected {
	uint32_t inode;
	struct owner *owner;
};

struct collection {
	struct collected owners[ANSWERS_MAX];
	size_t count, packets;
	bool done, saw_all;
};

/* For cmocka: *state becomes an empty one, and is removed again. */
int fake_setup(void **state);
int fake_teardown(void **state);

/* Below the directory of a process. */
void make_directory(struct fake *fake, int pid, const char *name);
void make_file(struct fake *fake, int pid, const char *name, const void *bytes, size_t length);
void make_link(struct fake *fake, int pid, const char *name, const char *target);
void make_stat(struct fake *fake, int pid, const char *comm, unsigned start);
void make_stat_full(struct fake *fake, int pid, const char *comm, unsigned start, int parent,
    unsigned flags);

/* A process without descriptors, a child of PID 1. */
void make_process(struct fake *fake, int pid, const char *comm, unsigned start);
void make_socket(struct fake *fake, int pid, int fd, unsigned inode);

/*
 * Makes the cgroup at path ("a/b", its parents exist) and puts count processes into it.
 * Returns its id.
 */
uint64_t make_cgroup(struct fake *fake, const char *path, const int *pids, size_t count);

/* Asks out of fake; every packet of the answer was well formed. */
void ask_questions(struct fake *fake, const struct wire_question *questions, size_t count,
    struct collection *ret);

/* Asks thoroughly for count inodes from first on, all of sockets of this uid. */
void ask(struct fake *fake, uint32_t first, size_t count, uint32_t uid, struct collection *ret);

/* The one owner of the inode; a failure of the test where there is none. */
struct owner *owner_of(const struct collection *collection, uint32_t inode);
void release(struct collection *collection);

#endif
