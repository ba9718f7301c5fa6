/* SPDX-License-Identifier: MIT */
/*
 * What has to be known of a stay before it is told. See ask.c.
 */
#ifndef OVERSTAY_ENGINE_ASK_H
#define OVERSTAY_ENGINE_ASK_H

#include "engine/track.h"

struct engine;
struct pass;

/* True where every socket's owner was looked up, or was waited for too long. */
bool ask_resolved(struct pass *pass, struct stay *stay);

/* What is going to stay is searched once by every process's descriptors: whoever else holds it is
 * a part of what rules judge. Nothing waits for that but an alert. */
void ask_thorough(struct stay *stay);

/* Wants the owners of the stay that were looked up too long ago, or not that deep, when its alert
 * began to wait (0 = now). Returns true where it has to wait for that. */
bool ask_owners(struct pass *pass, struct stay *stay, enum search_depth depth,
    uint64_t waiting_usec);

/* All that is asked before a suspect's alert: holders, checksum, peers. Returns true where it has
 * to wait for that, no longer than ENGINE_OWNER_WAIT_USEC. */
bool ask_suspect(struct pass *pass, struct stay *stay);

/* Nothing that was asked for the stay's alert concerns it any more, not even an answer to come. */
void ask_forget(struct stay *stay);

/* As engine_peer_questions() and engine_peer_answers(). */
size_t ask_peers(struct engine *engine, struct endpoint *endpoints, size_t max);
void ask_take_peers(struct track *track, const struct endpoint *endpoint,
    const struct report_peers *peers);

#endif
