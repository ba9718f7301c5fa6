/* SPDX-License-Identifier: MIT */
/*
 * What of a world is the daemon's own code: the calls into it, wrapped by the linker. Only what is
 * allocated inside them counts, and fails.
 */
#include "engine/engine.h"
#include "failing-calls.h"
#include "failing-memory.h"
#include "kernel/poll-steps.h"

static bool first;     /* poll of an engine, until the next one begins */
static unsigned polls; /* since the first failure */
static unsigned failing_calls;

void
failing_calls_begin(unsigned calls)
{
	failing_calls = calls;
	if (first)
		memory_spare_end();
	first = false;
	polls = 0;
}

static void
enter(enum calls calls)
{
	if ((failing_calls & calls) != 0)
		memory_spare_end();
}

static void
leave(enum calls calls)
{
	if ((failing_calls & calls) != 0)
		memory_spare();
}

void __real_engine_begin_observe(struct engine *engine, struct snapshot *snapshot, bool resumed);
bool __real_engine_go_on(struct engine *engine, struct slice *slice);
void __real_engine_begin_advance(struct engine *engine, const struct moment *moment);
void __real_engine_set_watched(struct engine *engine, const struct ranges *ranges,
    uint32_t protocols, const struct moment *moment);
size_t __real_engine_lookup_questions(struct engine *engine, struct lookup_question *questions,
    size_t max, uint64_t now_usec);
void __real_engine_lookup_answers(struct engine *engine, struct lookup_answer *answers,
    size_t count, uint64_t now_usec);
void __real_engine_lookup_failed(struct engine *engine, enum owner_reason reason,
    uint64_t now_usec);
size_t __real_engine_peer_questions(struct engine *engine, struct endpoint *endpoints, size_t max);
void __real_engine_peer_answers(struct engine *engine, const struct endpoint *endpoint,
    const struct report_peers *peers);
void __real_engine_put(struct engine *engine, struct report *report, const struct moment *moment);
void __real_engine_suppressed(struct engine *engine, const struct moment *moment, bool at_once);
struct occupancy *__real_occupancy_new(uint64_t key);
int __real_occupancy_add(struct occupancy *occupancy, enum protocol protocol, uint16_t port,
    uint64_t cookie, bool listening);
struct poll_steps *__real_poll_steps_new(const struct poll_steps_options *options);
void __real_poll_steps_socket(const struct source_socket *socket, void *argument);
void __real_poll_steps_answered(struct poll_steps *steps, const struct source_result *result);
void __real_poll_steps_failed(struct poll_steps *steps, uint32_t reasons);
struct snapshot *__real_poll_steps_finish(struct poll_steps *steps);

void __wrap_engine_begin_observe(struct engine *engine, struct snapshot *snapshot, bool resumed);
bool __wrap_engine_go_on(struct engine *engine, struct slice *slice);
void __wrap_engine_begin_advance(struct engine *engine, const struct moment *moment);
void __wrap_engine_set_watched(struct engine *engine, const struct ranges *ranges,
    uint32_t protocols, const struct moment *moment);
size_t __wrap_engine_lookup_questions(struct engine *engine, struct lookup_question *questions,
    size_t max, uint64_t now_usec);
void __wrap_engine_lookup_answers(struct engine *engine, struct lookup_answer *answers,
    size_t count, uint64_t now_usec);
void __wrap_engine_lookup_failed(struct engine *engine, enum owner_reason reason,
    uint64_t now_usec);
size_t __wrap_engine_peer_questions(struct engine *engine, struct endpoint *endpoints, size_t max);
void __wrap_engine_peer_answers(struct engine *engine, const struct endpoint *endpoint,
    const struct report_peers *peers);
void __wrap_engine_put(struct engine *engine, struct report *report, const struct moment *moment);
void __wrap_engine_suppressed(struct engine *engine, const struct moment *moment, bool at_once);
struct occupancy *__wrap_occupancy_new(uint64_t key);
int __wrap_occupancy_add(struct occupancy *occupancy, enum protocol protocol, uint16_t port,
    uint64_t cookie, bool listening);
struct poll_steps *__wrap_poll_steps_new(const struct poll_steps_options *options);
void __wrap_poll_steps_socket(const struct source_socket *socket, void *argument);
void __wrap_poll_steps_answered(struct poll_steps *steps, const struct source_result *result);
void __wrap_poll_steps_failed(struct poll_steps *steps, uint32_t reasons);
struct snapshot *__wrap_poll_steps_finish(struct poll_steps *steps);

void
__wrap_engine_begin_observe(struct engine *engine, struct snapshot *snapshot, bool resumed)
{
	enter(CALLS_ENGINE);
	__real_engine_begin_observe(engine, snapshot, resumed);
	leave(CALLS_ENGINE);
}

bool
__wrap_engine_go_on(struct engine *engine, struct slice *slice)
{
	bool over;

	enter(CALLS_ENGINE);
	over = __real_engine_go_on(engine, slice);
	leave(CALLS_ENGINE);
	return over;
}

void
__wrap_engine_begin_advance(struct engine *engine, const struct moment *moment)
{
	enter(CALLS_ENGINE);
	__real_engine_begin_advance(engine, moment);
	leave(CALLS_ENGINE);
}

void
__wrap_engine_set_watched(struct engine *engine, const struct ranges *ranges, uint32_t protocols,
    const struct moment *moment)
{
	enter(CALLS_ENGINE);
	__real_engine_set_watched(engine, ranges, protocols, moment);
	leave(CALLS_ENGINE);
}

size_t
__wrap_engine_lookup_questions(struct engine *engine, struct lookup_question *questions, size_t max,
    uint64_t now_usec)
{
	size_t count;

	enter(CALLS_ENGINE);
	count = __real_engine_lookup_questions(engine, questions, max, now_usec);
	leave(CALLS_ENGINE);
	return count;
}

void
__wrap_engine_lookup_answers(struct engine *engine, struct lookup_answer *answers, size_t count,
    uint64_t now_usec)
{
	enter(CALLS_ENGINE);
	__real_engine_lookup_answers(engine, answers, count, now_usec);
	leave(CALLS_ENGINE);
}

void
__wrap_engine_lookup_failed(struct engine *engine, enum owner_reason reason, uint64_t now_usec)
{
	enter(CALLS_ENGINE);
	__real_engine_lookup_failed(engine, reason, now_usec);
	leave(CALLS_ENGINE);
}

size_t
__wrap_engine_peer_questions(struct engine *engine, struct endpoint *endpoints, size_t max)
{
	size_t count;

	enter(CALLS_ENGINE);
	count = __real_engine_peer_questions(engine, endpoints, max);
	leave(CALLS_ENGINE);
	return count;
}

void
__wrap_engine_peer_answers(struct engine *engine, const struct endpoint *endpoint,
    const struct report_peers *peers)
{
	enter(CALLS_ENGINE);
	__real_engine_peer_answers(engine, endpoint, peers);
	leave(CALLS_ENGINE);
}

void
__wrap_engine_put(struct engine *engine, struct report *report, const struct moment *moment)
{
	enter(CALLS_ENGINE);
	__real_engine_put(engine, report, moment);
	leave(CALLS_ENGINE);
}

void
__wrap_engine_suppressed(struct engine *engine, const struct moment *moment, bool at_once)
{
	enter(CALLS_ENGINE);
	__real_engine_suppressed(engine, moment, at_once);
	leave(CALLS_ENGINE);
}

struct occupancy *
__wrap_occupancy_new(uint64_t key)
{
	struct occupancy *occupancy;

	enter(CALLS_POLL);
	occupancy = __real_occupancy_new(key);
	leave(CALLS_POLL);
	return occupancy;
}

int
__wrap_occupancy_add(struct occupancy *occupancy, enum protocol protocol, uint16_t port,
    uint64_t cookie, bool listening)
{
	int r;

	enter(CALLS_POLL);
	r = __real_occupancy_add(occupancy, protocol, port, cookie, listening);
	leave(CALLS_POLL);
	return r;
}

struct poll_steps *
__wrap_poll_steps_new(const struct poll_steps_options *options)
{
	struct poll_steps *steps;

	/* What a first poll lacks is not missed by it: that one is left alone. */
	if (first != (options->last == NULL)) {
		first = options->last == NULL;
		(first ? memory_spare : memory_spare_end)();
	}
	polls += memory_has_failed();
	if (polls == FAILING_POLLS_MAX)
		(void)memory_disarm();
	enter(CALLS_POLL);
	steps = __real_poll_steps_new(options);
	leave(CALLS_POLL);
	return steps;
}

void
__wrap_poll_steps_socket(const struct source_socket *socket, void *argument)
{
	enter(CALLS_POLL);
	__real_poll_steps_socket(socket, argument);
	leave(CALLS_POLL);
}

void
__wrap_poll_steps_answered(struct poll_steps *steps, const struct source_result *result)
{
	enter(CALLS_POLL);
	__real_poll_steps_answered(steps, result);
	leave(CALLS_POLL);
}

void
__wrap_poll_steps_failed(struct poll_steps *steps, uint32_t reasons)
{
	enter(CALLS_POLL);
	__real_poll_steps_failed(steps, reasons);
	leave(CALLS_POLL);
}

struct snapshot *
__wrap_poll_steps_finish(struct poll_steps *steps)
{
	struct snapshot *snapshot;

	enter(CALLS_POLL);
	snapshot = __real_poll_steps_finish(steps);
	leave(CALLS_POLL);
	return snapshot;
}
