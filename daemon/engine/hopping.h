/* SPDX-License-Identifier: MIT */
/*
 * Owners that keep leaving a port and taking another. See hopping.c.
 */
#ifndef OVERSTAY_ENGINE_HOPPING_H
#define OVERSTAY_ENGINE_HOPPING_H

#include "engine/track.h"
#include "model/report.h"

/* Chains that are remembered at once; beyond it the one that was left longest ago is dropped, of
 * those that never took another port if there are any: who leaves many ports once drives out
 * nobody. */
#define HOPPING_CHAINS_MAX 1024

/* So often it has to take another port: once is a restart. */
#define HOPPING_HOPS_MIN 2

/* Comparisons of one pass to find out who opened the next port before it left one: some 2 ms. */
#define HOPPING_BUDGET 65536

/* The stays of one owner that followed each other within the grace. */
struct chain {
	struct owner *owner;   /* a reference: of the last stay */
	uint64_t until_usec;   /* when the last stay that left was last there */
	uint64_t covered_usec; /* how long any of them was there, those that left only */
	uint32_t live;	       /* stays that point here */
	uint32_t hops;	       /* how often another port was taken than the one before, */
	uint32_t told_hops;    /* and how many of those were reported or counted */
	uint32_t port_count;
	uint16_t ports[REPORT_PORTS_MAX]; /* oldest first; the newest replaces the last */
	uint8_t protocol;
	uint8_t exposure, severity; /* the most exposed and the gravest of them */
	bool told;
};

struct hopping {
	struct chain *chains[HOPPING_CHAINS_MAX];
	size_t count;
};

void hopping_clear(struct hopping *hopping);

/* A stay whose owner is known now: joins the chain that its owner left no longer than grace_usec
 * before it came. */
void hopping_join(struct hopping *hopping, struct stay *stay, uint64_t grace_usec);

/* A stay left its port (it is AWAY) without having overstayed: begins a chain or lengthens its. */
void hopping_leave(struct hopping *hopping, struct stay *stay, uint64_t grace_usec);

/* The one that left may have opened its next port before it closed that one: the last that came
 * after it and is there still joins the chain, where nobody else lives in it. *budget: comparisons
 * that are left, each counts. */
void hopping_follow(struct hopping *hopping, const struct track *track, const struct stay *left,
    size_t *budget);

/* How exposed and grave the chain is with this stay, one of its own, as it is judged now. */
void hopping_note_rank(const struct stay *stay);

/* New rules: how grave a chain is shows anew. */
void hopping_forget_rules(struct hopping *hopping);

/* The stay does not belong to its chain any more: it is allowed, moved, ended or forgotten. */
void hopping_drop(struct stay *stay);

/* For how long the chain's stays were there together, until now_usec, the live one among them. */
uint64_t hopping_span_usec(const struct stay *stay, uint64_t now_usec);

/* Forgets the chains that nobody went on with for longer than grace_usec. Returns when it has the
 * next one to forget, USEC_NEVER = that is not known. */
uint64_t hopping_sweep(struct hopping *hopping, uint64_t now_usec, uint64_t grace_usec);

#endif
