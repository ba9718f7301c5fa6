/* SPDX-License-Identifier: MIT */
/*
 * How much of one search each user's processes may take. See budget.c.
 */
#ifndef OVERSTAY_LOOKUP_BUDGET_H
#define OVERSTAY_LOOKUP_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "lookup/ledger.h"

/* In descriptors; and the time that a search may take. A test has smaller ones. */
struct budget_limits {
	uint32_t first;	  /* of each process, before any is given more, */
	uint32_t second;  /* and then, */
	uint32_t process; /* and at last */
	uint32_t user;	  /* of all processes of one user, */
	uint32_t root;	  /* and of root */
	uint32_t opened;  /* what it counts as to open a process that is not root's */
	/* Of a user other than root the searches before count, too: */
	uint32_t least;	    /* so many there are in any search, whatever those have read, */
	uint32_t burst;	    /* and so many more as are left of these: */
	uint64_t usec_each; /* one is made up for in so long */
	uint64_t quick_usec;
	uint64_t thorough_usec; /* of all searches of one request */
};

extern const struct budget_limits budget_default_limits;

/* What is left to one user. */
struct account {
	uint32_t uid;
	uint32_t given, left;
	uint32_t unopened; /* processes that nothing was left for */
	size_t ring_left_bytes;
	uint32_t hidden; /* protocols whose sockets are in rings of his that show no numbers */
};

struct budgets {
	const struct budget_limits *limits; /* borrowed */
	struct ledger *ledger;		    /* borrowed; NULL = the searches before do not count */
	uint64_t begun_usec, until_usec;    /* CLOCK_MONOTONIC */
	uint32_t unchecked;		    /* descriptors since the clock was read */
	bool over;			    /* it is later than that */
	bool lost;			    /* there was no memory for some account */
	struct account *accounts;	    /* owned; sorted by uid */
	size_t count, room;
	struct account others; /* of all users beyond ACCOUNTS_MAX together */
};

void budget_init(struct budgets *budget, const struct budget_limits *limits, struct ledger *ledger,
    uint64_t until_usec);
/* The search is over: what it took of each user is entered in the ledger. */
void budget_clear(struct budgets *budget);

/* The user's account, which stays where it is until another one is asked for. */
struct account *budget_account(struct budgets *budget, uint32_t uid);

/* Takes one descriptor. Returns false where there is none left, or no time. */
bool budget_take(struct budgets *budget, struct account *account);

/* True where something is left of the user's; else the process that is next counts as unopened. */
bool budget_may_open(const struct budgets *budget, struct account *account);

/* Takes what it is to open a process. Returns false where nothing is left, or no time; then the
 * process was counted as unopened. */
bool budget_open(struct budgets *budget, struct account *account);

#endif
