/* SPDX-License-Identifier: MIT */
/*
 * A host that exists only on paper: its sockets, who holds them, its clock, its overstay-lookup,
 * and the real engine that watches it. See world.c.
 */
#ifndef OVERSTAY_SCENARIO_WORLD_H
#define OVERSTAY_SCENARIO_WORLD_H

#include <stdint.h>

#include "alert/message.h"
#include "config/config.h"
#include "engine/engine.h"
#include "kernel/source.h"
#include "texts.h"
#include "told.h"
#include "wire/client.h"

/* The host had been up for so long when the scenario begins. */
#define WORLD_UPTIME_USEC (1000 * USEC_PER_DAY)

/* The wall clock when the scenario begins: 2030-01-01 00:00:00 UTC. */
#define WORLD_EPOCH_USEC (1893456000ULL * USEC_PER_SEC)

struct row {
	struct listener listener;
	struct who *who;      /* NULL = no process holds it */
	bool connected;	      /* a UDP socket that is no listener for a while */
	uint64_t connections; /* that surveys see on its port */
	uint64_t missed;      /* dumps of the whole range that will not have it */
};

struct who {
	char *name;
	struct owner *owner;	/* as it was written */
	struct owner *answered; /* the copy that is given to all of one answer */
	struct who *next;
};

enum lookup_mode {
	LOOKUP_ANSWERS,
	LOOKUP_HANGS,	 /* takes questions and never answers */
	LOOKUP_NONSENSE, /* answers what is no answer */
	LOOKUP_DEAD,	 /* is not there */
};

struct lookup {
	enum lookup_mode mode;
	uint64_t delay_usec;
	bool connected;
	unsigned failures;
	uint64_t answer_usec;		   /* when the answer comes, USEC_NEVER = none under way */
	uint64_t timer_usec;		   /* no answer in time, or time to connect again */
	struct lookup_question *questions; /* LOOKUP_INODES_MAX */
	size_t asked;
};

/* Some of the requests of a poll. */
struct portion {
	uint8_t protocols; /* bits 1 << enum protocol, 0 = all */
	uint8_t family;	   /* AF_UNSPEC = both */
};

struct world {
	bool sliced;	   /* what the engine does is done stay by stay */
	uint64_t slices;   /* so far */
	uint64_t now_usec; /* CLOCK_BOOTTIME */
	int64_t wall_usec; /* what the wall clock is ahead of the one above */
	struct config *config;
	struct engine *engine;
	unsigned consumer; /* of its reports */
	struct source *source;
	struct port_range kernel_range, kernel_range_read;
	struct port_set reserved;
	struct row *rows;
	size_t row_count, row_room;
	struct who *whos;
	uint64_t next_cookie;
	uint64_t ids;	     /* given to stays so far */
	bool proc;	     /* /proc/net is all there is */
	uint32_t incomplete; /* bits of enum incomplete that the next polls carry */
	uint64_t incomplete_polls;
	uint64_t failing_polls;				    /* the source gives an error */
	struct portion incomplete_portion, failing_portion; /* which requests that concerns */
	uint64_t cut_proofs;  /* one-port answers that come in two datagrams */
	uint64_t proofs;      /* one-port questions that were put so far */
	uint64_t dumps;	      /* dumps of a whole range, of one protocol and family */
	uint64_t poll_usec;   /* when the next poll is taken */
	uint64_t begun_usec;  /* when the last one was */
	uint64_t survey_usec; /* when the next survey is taken, USEC_NEVER = none is */
	uint64_t survey_span_usec;
	bool resumed;
	bool sender_stuck;
	bool peers_asked;
	bool peers_hang; /* questions who is connected are never answered */
	uint64_t held_back;
	struct lookup lookup;
	struct told_list told;
	uint64_t key;	      /* of the polls; 0 = they recognize nothing */
	uint64_t sum;	      /* of what each poll changed, and when the next one was due */
	uint64_t repetitions; /* polls that changed nothing, and were known to */
	bool hurried;	      /* polls that can see nothing new are left out */
	uint64_t end_usec;    /* up to when time passes now */
	uint64_t settled;     /* polls in a row that changed nothing */
	bool prints;	      /* the texts, beside what is compared */
	struct texts texts;
	struct message *message;
	unsigned checked; /* messages whose fields were checked, and more */
	char wrong[512];  /* the first field that is not as the table of fields says */
};

void world_init(struct world *world);
void world_clear(struct world *world);

/* From now on a survey is taken each span, the first one at once; USEC_NEVER = none. */
void world_set_surveys(struct world *world, uint64_t span_usec);

struct moment world_moment(const struct world *world);

/* The time since the scenario began. */
uint64_t world_elapsed_usec(const struct world *world);

/* Lets time pass up to (without) until_usec since the scenario began. */
void world_run(struct world *world, uint64_t until_usec);

/*
 * A new configuration, as at a start or a reload. Returns 0 or -errno, then the messages are in
 * messages and nothing has changed.
 */
int world_configure(struct world *world, const char *text,
    struct config_messages *messages) _mustcheck_;

/* The same of the default configuration with the packaged rules of that directory. */
int world_configure_shipped(struct world *world, const char *rules_dir,
    struct config_messages *messages) _mustcheck_;

/* The daemon is not there for that span, and starts anew: it has forgotten all. */
void world_restart(struct world *world, uint64_t span_usec);

struct row *world_add_row(struct world *world);
struct row *world_find_row(struct world *world, uint64_t cookie);
/* Removes the sockets that `doomed` is true of; returns how many. */
size_t world_close(struct world *world, bool (*doomed)(const struct row *row, const void *what),
    const void *what);

/* A copy, as it was looked up at that time. */
struct owner *world_copy_owner(const struct owner *from, uint64_t now_usec);

struct who *world_find_who(const struct world *world, const char *name);

/* Takes what the engine has to tell, unless the sender is stuck. */
void world_deliver(struct world *world);

/* The host sleeps. */
void world_suspend(struct world *world, uint64_t span_usec);

/* From now on; a lookup that is dead drops its connection at once. */
void world_set_lookup(struct world *world, enum lookup_mode mode, uint64_t delay_usec);

#endif
