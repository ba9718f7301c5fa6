/* SPDX-License-Identifier: MIT */
/*
 * Ports that programs of one occupant take in turns. See turns.c.
 */
#ifndef OVERSTAY_ENGINE_TURNS_H
#define OVERSTAY_ENGINE_TURNS_H

#include "base/port-set.h"
#include "base/table.h"
#include "engine/fair.h"
#include "engine/group-key.h"

/* So many stays are an occupation. */
#define TURNS_MIN 2

/* Occupations that are remembered at once; beyond it the user who has most of them pays: the
 * shortest of his occupant that has most of them is dropped. */
#define TURNS_MAX 4096

/* And of one occupant; beyond it its own shortest is dropped. */
#define TURNS_OF_OCCUPANT_MAX 1024

/* Programs that are told apart and named, and bytes of a name. */
#define TURNS_TAKERS_MAX REPORT_TAKERS_MAX
#define TURNS_NAME_MAX	 256

/* Where a port is, whatever its address. */
struct turns_port {
	uint64_t netns;
	uint32_t protocol; /* enum protocol */
	uint32_t port;
};

/* A program that took a turn. */
struct taker {
	struct group_key program;
	struct group_key owner; /* its owner group */
	bool has_owner;
	char *name; /* its path, or that of its script */
};

/* The stays of one occupant on one port that followed each other within the grace. */
struct occupation {
	struct turns_port at;
	struct occupant *occupant;
	uint64_t until_usec;	 /* when the last of its stays was last there */
	uint64_t covered_usec;	 /* how long they were there together */
	uint64_t spent_usec;	 /* the same as a part of threshold_usec */
	uint64_t threshold_usec; /* of the last stay, 0 = none */
	uint64_t newest_usec;	 /* when the last of them came */
	uint64_t kept_usec;	 /* CLOCK_BOOTTIME: a stay was in it then */
	uint32_t stays;
	uint32_t turns;	     /* that ended */
	uint32_t told_turns; /* so many when it was last told */
	uint8_t severity;    /* enum severity: the gravest, */
	uint8_t exposure;    /* and enum exposure: the most exposed */
	uint8_t taker_count;
	bool more;  /* programs than takers has room for */
	bool ruled; /* a rule speaks of its port */
	bool told;
	struct taker *takers; /* oldest first */
	UT_hash_handle hh;
};

/* A container, else a unit, else a user; with the ports of it. */
struct occupant {
	struct group_key key;
	struct occupation *ports; /* a hash table (base/table.h) */
	uint32_t uid;		  /* who pays for them: the user of the first of its sockets, */
	unsigned account;	  /* and that one's account */
	UT_hash_handle hh;
};

struct occupations {
	struct occupant *occupants; /* a hash table */
	size_t count;		    /* of occupations */
	struct port_set ports;	    /* those, and for a while more */
	struct fair_accounts accounts;
	struct shortages *shortages; /* NULL = nobody counts them */
};

void turns_clear(struct occupations *turns);

/* The occupation that the stay goes on with; NULL = none: one has to have left the port before.
 * Costs a bit of a bitmap where nobody has. */
struct occupation *turns_find(const struct occupations *turns, const struct stay *stay,
    uint64_t grace_usec);

/* The stay was there at poll_usec, or at least its absence is not proved. */
int turns_note(struct occupation *occupation, const struct stay *stay,
    uint64_t poll_usec) _mustcheck_;
void turns_keep(struct occupation *occupation, uint64_t now_usec);

/* A judged stay left its port (it is AWAY): begins an occupation or lengthens its. Returns 0 or
 * -ENOMEM, then it may be called again. */
int turns_leave(struct occupations *turns, const struct stay *stay,
    uint64_t grace_usec) _mustcheck_;

/* True where its owner is known: else its time counts for nothing. */
bool turns_is_certain(const struct stay *stay);

/* True where it took part of its threshold alone, or somebody else spoke of it: it is allowed, was
 * reported by itself, or has moved here from another port. */
bool turns_is_apart(const struct stay *stay);

/* How grave it is to be reported: at most a notice where one program took all turns, or where a
 * rule speaks of the port. */
enum severity turns_severity(const struct occupation *occupation);

/* The owner group of the occupant. */
struct group_key turns_group_key(const struct occupation *occupation);

/* New rules: what the old ones said counts no more. */
void turns_forget_rules(struct occupations *turns);

/* Forgets the occupations that nobody went on with for longer than grace_usec. Returns when it has
 * the next one to forget, USEC_NEVER = that is not known. */
uint64_t turns_sweep(struct occupations *turns, uint64_t now_usec, uint64_t grace_usec);

#endif
