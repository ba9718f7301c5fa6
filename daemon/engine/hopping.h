/* SPDX-License-Identifier: MIT */
/*
 * Owners that keep leaving a port and taking another. See hopping.c.
 */
#ifndef OVERSTAY_ENGINE_HOPPING_H
#define OVERSTAY_ENGINE_HOPPING_H

#include "engine/fair.h"
#include "engine/track.h"
#include "model/report.h"

/* Chains that are remembered at once, shared by the users: one alone has room for three eighths of
 * them, and each that has an account (fair.h) for so many. Beyond it the user's own one that was
 * left longest ago is dropped, of those that never took another port if there are any: who leaves
 * many ports once drives out nobody. */
#define HOPPING_CHAINS_MAX     1024
#define HOPPING_CHAINS_OWN_MAX 4

/* So often it has to take another port: once is a restart. */
#define HOPPING_HOPS_MIN 2

/* Comparisons of one pass to find out who opened the next port before it left one: some 1 ms,
 * 10 ms where all owners are nearly alike. */
#define HOPPING_BUDGET 32768

/* Owners that share a port with others at once, shared by the users, too; who comes beyond it is
 * not followed there. */
#define HOPPING_TENURES_MAX	1024
#define HOPPING_TENURES_OWN_MAX 4

/* The stays and tenures of one owner that followed each other within the grace. */
struct chain {
	struct owner *owner;   /* a reference: of the first of them */
	uint64_t until_usec;   /* when the last stay that left was last there */
	uint64_t newest_usec;  /* when the one with the newest port came */
	uint64_t covered_usec; /* how long any of them was there, those that left only */
	uint32_t live;	       /* stays and tenures that point here */
	uint32_t hops;	       /* how often another port was taken than the one before, */
	uint32_t told_hops;    /* and how many of those were reported or counted */
	uint32_t port_count;
	uint16_t ports[REPORT_PORTS_MAX]; /* oldest first; the newest replaces the last */
	uint8_t protocol;
	uint8_t exposure, severity; /* the most exposed and the gravest of them */
	uint8_t account;	    /* of the user who pays for it */
	bool told;
};

/* One owner's time on a port: among several that share it, or (hopping_tenure_of()) a stay's. */
struct tenure {
	struct stay *stay;
	struct owner *owner;   /* a reference; of a stay's borrowed, NULL where nobody knows */
	struct chain *chain;   /* NULL = none */
	uint64_t from_usec;    /* the first of its sockets came */
	uint64_t present_usec; /* the last poll that saw it, 0 = the last one did */
	uint32_t uid;	       /* of its first socket */
	uint8_t severity;      /* SEVERITY_OFF = not to be counted */
	uint8_t account;       /* of that user: tenures.c's */
};

struct hopping {
	struct chain *chains[HOPPING_CHAINS_MAX];
	size_t count;
	struct tenure *tenures; /* tenures.c's */
	size_t tenure_count, tenure_room;
	struct fair_accounts chain_accounts, tenure_accounts;
	struct shortages *shortages; /* NULL = nobody counts them */
};

void hopping_clear(struct hopping *hopping);

/* A stay whose owner is known now: joins the chain that its owner left no longer than grace_usec
 * before it came. */
void hopping_join(struct hopping *hopping, struct stay *stay, uint64_t grace_usec);

/* A stay left its port (it is AWAY) without having overstayed: begins a chain or lengthens its. */
void hopping_leave(struct hopping *hopping, struct stay *stay, uint64_t grace_usec);

/* The stay as a tenure. */
struct tenure hopping_tenure_of(struct stay *stay);

/* Makes sure that there is a chain for one that is about to leave, unless there are too many.
 * Returns 0 or -ENOMEM. */
int hopping_prepare(struct hopping *hopping, const struct tenure *tenure,
    uint64_t grace_usec) _mustcheck_;

/* The same of a tenure. What points to the chain is the caller's. */
void hopping_join_tenure(struct hopping *hopping, struct tenure *tenure, uint64_t grace_usec);
void hopping_lengthen(struct hopping *hopping, const struct tenure *tenure, uint64_t until_usec,
    uint64_t grace_usec);

/* The one that left may have opened its next port before it closed that one: the last that came
 * after it and is there still joins the chain, where nobody else lives in it. *budget: comparisons
 * that are left, each counts. */
void hopping_follow(struct hopping *hopping, const struct track *track, const struct tenure *left,
    size_t *budget);

/* How exposed and grave the chain is with this tenure, one of its own. */
void hopping_note_rank(const struct tenure *tenure);

/* New rules: how grave a chain is shows anew. */
void hopping_forget_rules(struct hopping *hopping);

/* The stay does not belong to its chain any more: it is allowed, moved, ended or forgotten. */
void hopping_drop(struct stay *stay);

/* For how long the chain's stays were there together, until now_usec, with the one that came at
 * from_usec and is there still. */
uint64_t hopping_span_usec(const struct chain *chain, uint64_t from_usec, uint64_t now_usec);

/* Forgets the chains that nobody went on with for longer than grace_usec. Returns when it has the
 * next one to forget, USEC_NEVER = that is not known. */
uint64_t hopping_sweep(struct hopping *hopping, uint64_t now_usec, uint64_t grace_usec);

#endif
