/* SPDX-License-Identifier: MIT */
/*
 * The five verbs put together: polls go in, reports come out. See engine.c.
 *
 * With thousands of listeners it takes long to take in a poll, and to advance. Both may be done in
 * slices: engine_begin_observe() and engine_begin_advance() begin, engine_go_on() goes on until it
 * returns true. Invariant: until then nothing else is taken in, since a pass sees one state. The
 * caller holds back what comes meanwhile; what comes all the same finishes first what is under way,
 * in one go. Reports go out at any time.
 */
#ifndef OVERSTAY_ENGINE_ENGINE_H
#define OVERSTAY_ENGINE_ENGINE_H

#include "base/slice.h"
#include "engine/lookup.h"
#include "engine/occupancy.h"
#include "engine/outbox.h"
#include "engine/snapshot.h"
#include "engine/summary.h"
#include "engine/verified.h"
#include "model/policy.h"
#include "model/range.h"

/* How long a stay that reached its threshold waits for its owner's name. */
#define ENGINE_OWNER_WAIT_USEC (5 * USEC_PER_SEC)

/* How long a new socket waits for its owner to be looked up at all; longer than a lookup that
 * hangs is waited for. After it, who holds it is unknown. */
#define ENGINE_OWNER_BOUND_USEC (15 * USEC_PER_SEC)

/* An owner that was observed longer ago than this is looked up again before an alert. */
#define ENGINE_OWNER_FRESH_USEC USEC_PER_SEC

/* More overstays than this in one poll make one summary. */
#define ENGINE_SUMMARY_MIN 10

struct engine;

struct engine *engine_new(void (*make_id)(struct stay_id *ret, void *argument), void *argument);
/* Accepts NULL; returns NULL. */
struct engine *engine_free(struct engine *engine);

/*
 * New rules and thresholds (borrowed until the next call); every stay is judged anew at the next
 * engine_advance(). To be called before the first poll.
 */
void engine_set_policy(struct engine *engine, const struct policy *policy);

/*
 * New ranges and protocols (bits 1 << enum protocol; ranges is copied). Stays outside are
 * forgotten: one that overstayed is reported as cleared, none as ended.
 */
void engine_set_watched(struct engine *engine, const struct ranges *ranges, uint32_t protocols,
    const struct moment *moment);
const struct ranges *engine_ranges(const struct engine *engine);

/* The last poll taken in, NULL before the first. Borrowed until the next engine_observe(). */
const struct snapshot *engine_last_poll(const struct engine *engine);

/*
 * Takes in a sealed snapshot (taken over on success), in which whatever is missing was proved
 * absent. resumed: the host slept since the last poll, so nothing overstays in this poll. What
 * there is no memory for is left out, as of an incomplete poll.
 * Returns 0 or -ENOMEM, then the snapshot is still the caller's.
 */
int engine_observe(struct engine *engine, struct snapshot *snapshot, bool resumed) _mustcheck_;

/*
 * Judges, moves every stay as far as it goes at moment, and reports what follows. To be called
 * after engine_observe() and after owners were answered.
 */
void engine_advance(struct engine *engine, const struct moment *moment);

/* The same in slices. engine_begin_observe() takes the snapshot over: without memory for all that
 * changed the poll counts as missed. */
void engine_begin_observe(struct engine *engine, struct snapshot *snapshot, bool resumed);
void engine_begin_advance(struct engine *engine, const struct moment *moment);
/* Returns true when nothing is under way any more. */
bool engine_go_on(struct engine *engine, struct slice *slice);

/*
 * Takes in a complete survey of the whole table (borrowed for the call) that began at taken_usec
 * (CLOCK_BOOTTIME): who is connected to which port.
 */
void engine_take_survey(struct engine *engine, const struct occupancy *occupancy,
    uint64_t taken_usec);

/* When engine_advance() may have something to do by itself (CLOCK_BOOTTIME), USEC_NEVER = never. */
uint64_t engine_due_usec(const struct engine *engine);

/* From now on each question is for every holder: who waits for the answers anyway asks once. */
void engine_search_all(struct engine *engine);

/* As lookup_questions(); costs nothing where no owner is wanted. */
size_t engine_lookup_questions(struct engine *engine, struct lookup_question *questions, size_t max,
    uint64_t now_usec);

/*
 * Takes in an owner as it was answered for a socket of this user's, before anybody else has a
 * reference to it. Returns a reference to what is to be handed on in its place, see kept_take().
 * Without memory that is the owner, and it is not counted.
 */
struct owner *engine_keep_owner(struct engine *engine, struct owner *owner, uint32_t uid);

/* The questions that were returned last took overstay-lookup so much CPU time. */
void engine_lookup_took(struct engine *engine, uint64_t cpu_usec, uint64_t now_usec);

/* As lookup_answers() and its like, lookup_failed() and lookup_retry(). */
void engine_lookup_answers(struct engine *engine, struct lookup_answer *answers, size_t count,
    uint64_t now_usec);
void engine_lookup_some_answers(struct engine *engine, struct lookup_answer *answers, size_t count,
    uint64_t now_usec);
void engine_lookup_failed(struct engine *engine, enum owner_reason reason, uint64_t now_usec);
void engine_lookup_retry(struct engine *engine);

/*
 * Fills endpoints with at most max TCP listeners of suspects whose peers are wanted; they count as
 * asked from now on. Costs nothing where there are none. Returns how many.
 */
size_t engine_peer_questions(struct engine *engine, struct endpoint *endpoints, size_t max);

/* Once for each endpoint that was asked for: peers is copied, NULL = not to be had. */
void engine_peer_answers(struct engine *engine, const struct endpoint *endpoint,
    const struct report_peers *peers);

/* ip_local_reserved_ports and ip_local_port_range (0-0 = not known) as they are now; copied. */
void engine_set_reserved(struct engine *engine, const struct port_set *reserved,
    const struct port_range *kernel_range);

/* Who is told of each process that was seen to run the file under its path, and is to be kept. */
void engine_set_verified(struct engine *engine,
    void (*added)(const struct executable *executable, void *argument), void *argument);

/* Tells them of all again: what was kept of them is lost. */
void engine_tell_verified(struct engine *engine);

/* One that was seen by an earlier run of the daemon, since the host started. Returns 0, -ENOMEM. */
int engine_add_verified(struct engine *engine, const struct executable *executable) _mustcheck_;

/*
 * Who says the name of an interface by its index, NULL = nobody knows. The name is used before the
 * next call. Asked only for sockets that are bound to one, where a rule matches interfaces.
 */
void engine_set_interface_name(struct engine *engine,
    const char *(*name)(uint32_t index, void *argument), void *argument);

/*
 * What a heartbeat says of this host: when in the hour it speaks, the version of the program, the
 * hash of the configuration (copied).
 */
void engine_set_heartbeat(struct engine *engine, uint64_t offset_usec, const char *version,
    const char *config);

/* The conditions that hold now (bits 1 << enum condition), and polls that were not made or gave
 * nothing to engine_observe(): heartbeats tell of them. */
void engine_note_conditions(struct engine *engine, uint32_t conditions);
void engine_note_missed(struct engine *engine, uint64_t polls);

/* Puts a report about no stay (taken, may be NULL) behind those that wait. */
void engine_put(struct engine *engine, struct report *report, const struct moment *moment);

/* How many reports that only inform are made, at most, in a window of time; without: all. */
void engine_set_limit(struct engine *engine, uint64_t burst, uint64_t window_usec);

/* As outbox_add_consumer(), outbox_next(), outbox_taken(), outbox_delivered() and
 * outbox_suppressed(). */
int engine_add_consumer(struct engine *engine, unsigned *ret) _mustcheck_;
struct report *engine_next(struct engine *engine, unsigned consumer);
void engine_taken(struct engine *engine, unsigned consumer);
void engine_delivered(struct engine *engine, const struct report *report, int error);
void engine_suppressed(struct engine *engine, const struct moment *moment, bool at_once);

/* How often there was too little of what is shared among all users (enum short_of), since the
 * start. */
const uint64_t *engine_short_of(const struct engine *engine);

/* Who lacked most of it, since the last call of the second. */
uint32_t engine_short_user(const struct engine *engine, enum short_of kind);
void engine_forget_short_users(struct engine *engine);

/* True while owners are unknown that were too many to keep. */
bool engine_lacks_owners(struct engine *engine, uint64_t now_usec);

/* How many answers said, since the start, that not all could be searched, and of the last one whose
 * processes those are. */
uint64_t engine_unsearched(const struct engine *engine, uint32_t *ret_uid);

void engine_counts(const struct engine *engine, struct track_counts *ret);
/* What the last poll changed. */
struct diff_counts engine_changes(const struct engine *engine);

#endif
