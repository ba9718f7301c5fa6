/* SPDX-License-Identifier: MIT */
/*
 * The port filter as a program of the kernel's little machine in net/ipv4/inet_diag.c. Knows
 * nothing of messages; never fails.
 *
 * The machine: an operation has a code and two distances in bytes, `yes` (8 bit) and `no` (16 bit).
 * A socket is taken if the walk ends exactly at the end of the program, refused if it ends 4 bytes
 * behind it. Before that inet_diag_bc_audit() walks the program by `yes` alone: every `no` must
 * land on an operation of that walk. A comparison keeps its port in the `no` of a second operation,
 * so both its distances are at least 8. A jump goes by `no`, its `yes` is for the audit only.
 * INET_DIAG_BC_S_EQ is too young.
 *
 * INET_DIAG_BC_AUTO takes sockets whose port the kernel picked. Of listeners that is the truth; of
 * a survey it takes too the connections that a listener accepted, whoever chose its port (the
 * kernel clears SOCK_BINDPORT_LOCK when it clones a socket), and all of TIME_WAIT.
 *
 * One place (struct source_place) is three conditions in a row, each of which leads to the next or
 * to "refused": the address and the interface it is bound to, which make an endpoint of a port, and
 * the cgroup it was made in. A condition of AF_INET also takes v4-mapped addresses of AF_INET6, so
 * the request names the family, too. DEV_COND is Linux 4.10's; CGROUP_COND came with the attribute
 * that tells of a cgroup (5.8), so that it is put only where the kernel has it.
 *
 * The ports are cut into stretches that are treated alike, and the program divides them in two
 * until one is left: nine comparisons at the bound, one or two for what people configure.
 */
#include <string.h>
#include <sys/socket.h>

#include "kernel/filter.h"

/* Bytes of an operation, and of a comparison with its port. */
#define STEP	  4
#define STEP_PORT 8

/* linux/inet_diag.h since 5.8; the C library's copy may be older. */
#define CONDITION_CGROUP 13

enum action {
	ACTION_REFUSE,
	ACTION_TAKE,
	ACTION_TAKE_AUTO, /* where the kernel picked the port */
};

struct segment {
	uint32_t first; /* its last port is the one before the next segment */
	enum action action;
};

struct segments {
	uint32_t count;
	bool overflow;
	struct segment list[FILTER_SEGMENTS_MAX];
};

static void
add_segment(struct segments *segments, uint32_t first, enum action action)
{
	if (segments->count > 0 && segments->list[segments->count - 1].action == action)
		return;
	if (segments->count == FILTER_SEGMENTS_MAX) {
		segments->overflow = true;
		return;
	}
	segments->list[segments->count++] = (struct segment){ first, action };
}

/* The run that port lies in, or the gap up to the next run; returns which. */
static bool
stretch_at(const struct port_set *set, uint32_t port, uint32_t *ret_last)
{
	struct port_range run;

	if (!port_set_next(set, port, &run)) {
		*ret_last = PORT_COUNT - 1;
		return false;
	}
	*ret_last = run.first <= port ? run.last : run.first - 1u;
	return run.first <= port;
}

/*
 * Cuts the ports into segments. auto_action: what to do with a port that is only in auto_ports.
 * coarse: the gaps are joined to what stands before them; user space sorts those out.
 */
static void
cut_segments(const struct port_filter *filter, enum action auto_action, bool coarse,
    struct segments *ret)
{
	uint32_t last;

	ret->count = 0;
	ret->overflow = false;
	for (uint32_t port = 0; port < PORT_COUNT && !ret->overflow; port = last + 1) {
		uint32_t auto_last;
		enum action action = ACTION_REFUSE;

		if (stretch_at(&filter->ports, port, &last)) {
			action = ACTION_TAKE;
		} else {
			if (stretch_at(&filter->auto_ports, port, &auto_last))
				action = auto_action;
			last = auto_last < last ? auto_last : last;
		}
		if (action != ACTION_REFUSE || !coarse || port == 0 || last == PORT_COUNT - 1)
			add_segment(ret, port, action);
	}
}

static void
put(struct filter_program *program, uint8_t code, uint8_t yes, uint32_t no)
{
	program->operations[program->count++] =
	    (struct inet_diag_bc_op){ .code = code, .yes = yes, .no = (uint16_t)no };
}

/* Distances from the operation that comes next to the end, and to just behind it. */
static uint32_t
to_take(const struct filter_program *program, uint32_t total)
{
	return (total - program->count) * STEP;
}

static uint32_t
to_refuse(const struct filter_program *program, uint32_t total)
{
	return to_take(program, total) + STEP;
}

static void
put_action(struct filter_program *program, enum action action, uint32_t total)
{
	switch (action) {
	case ACTION_REFUSE:
		put(program, INET_DIAG_BC_JMP, STEP, to_refuse(program, total));
		return;
	case ACTION_TAKE_AUTO:
		put(program, INET_DIAG_BC_AUTO, STEP, to_refuse(program, total));
		put(program, INET_DIAG_BC_JMP, STEP, to_take(program, total));
		return;
	case ACTION_TAKE:
		put(program, INET_DIAG_BC_JMP, STEP, to_take(program, total));
		return;
	}
}

/* Divides count segments; the recursion is as deep as the logarithm of count. */
static void
put_segments(struct filter_program *program, const struct segment *list, uint32_t count,
    uint32_t total)
{
	uint32_t middle = count / 2, at = program->count;

	if (count == 1) {
		put_action(program, list->action, total);
		return;
	}
	put(program, INET_DIAG_BC_S_GE, STEP_PORT, 0);
	put(program, INET_DIAG_BC_NOP, 0, list[middle].first);
	put_segments(program, list + middle, count - middle, total);
	program->operations[at].no = (uint16_t)((program->count - at) * STEP);
	put_segments(program, list, middle, total);
}

static void
put_choice(struct filter_program *program, enum choice choice, uint32_t total)
{
	switch (choice) {
	case CHOICE_UNKNOWN:
		return;
	case CHOICE_AUTO:
		put(program, INET_DIAG_BC_AUTO, STEP, to_refuse(program, total));
		return;
	case CHOICE_ASKED:
		put(program, INET_DIAG_BC_AUTO, STEP, 2 * STEP);
		put(program, INET_DIAG_BC_JMP, STEP, to_refuse(program, total));
		return;
	}
}

/* A condition with its operand behind it; `left`: bytes of the conditions that follow. */
static void
put_condition(struct filter_program *program, uint8_t code, const void *operand, size_t size,
    uint32_t left)
{
	uint32_t length = STEP + (uint32_t)size;

	put(program, code, (uint8_t)length, length + left + STEP);
	memcpy(&program->operations[program->count], operand, size);
	program->count += (uint32_t)size / STEP;
}

static void
assemble_place(const struct source_place *place, struct filter_program *ret)
{
	const struct endpoint *endpoint = &place->endpoint;
	uint32_t address_size = endpoint->family == AF_INET6 ? 16 : 4;
	uint32_t cgroup_size = place->cgroup != 0 ? STEP + sizeof(place->cgroup) : 0;
	uint32_t interface_size = STEP + sizeof(endpoint->interface);
	struct inet_diag_hostcond condition;
	uint8_t host[sizeof(condition) + sizeof(endpoint->address)];

	/* An initializer may leave what lies between its members, which goes to the kernel, too. */
	memset(&condition, 0, sizeof(condition));
	condition.family = endpoint->family;
	condition.prefix_len = (uint8_t)(8 * address_size);
	condition.port = -1;
	memcpy(host, &condition, sizeof(condition));
	memcpy(host + sizeof(condition), endpoint->address, sizeof(endpoint->address));
	ret->count = 0;
	put_condition(ret, INET_DIAG_BC_S_COND, host, sizeof(condition) + address_size,
	    interface_size + cgroup_size);
	put_condition(ret, INET_DIAG_BC_DEV_COND, &endpoint->interface, sizeof(endpoint->interface),
	    cgroup_size);
	if (place->cgroup != 0)
		put_condition(ret, CONDITION_CGROUP, &place->cgroup, sizeof(place->cgroup), 0);
}

static void
assemble(const struct segments *segments, enum choice choice, struct filter_program *ret)
{
	static const uint32_t choice_operations[] = {
		[CHOICE_UNKNOWN] = 0,
		[CHOICE_ASKED] = 2,
		[CHOICE_AUTO] = 1,
	};
	uint32_t total = choice_operations[choice] + 2 * (segments->count - 1);

	ret->count = 0;
	if (choice == CHOICE_UNKNOWN && segments->count == 1 &&
	    segments->list[0].action == ACTION_TAKE)
		return;
	for (uint32_t i = 0; i < segments->count; i++)
		total += segments->list[i].action == ACTION_TAKE_AUTO ? 2 : 1;
	put_choice(ret, choice, total);
	put_segments(ret, segments->list, segments->count, total);
}

void
filter_select(const struct source_request *request, struct port_set *ret_selected)
{
	if (request->port == 0) {
		*ret_selected = request->filter->ports;
		return;
	}
	port_set_clear(ret_selected);
	port_set_add(ret_selected, request->port, request->port);
}

void
filter_compile(const struct source_request *request, struct filter_program *ret_program,
    struct port_set *ret_selected)
{
	static const enum action auto_actions[] = {
		[CHOICE_UNKNOWN] = ACTION_TAKE_AUTO,
		[CHOICE_ASKED] = ACTION_REFUSE,
		[CHOICE_AUTO] = ACTION_TAKE,
	};
	enum action auto_action = auto_actions[request->choice];
	struct segments segments = { .count = 1, .list = { { 0, ACTION_TAKE } } };

	if (request->port == 0) {
		cut_segments(request->filter, auto_action, false, &segments);
		if (segments.overflow)
			cut_segments(request->filter, auto_action, true, &segments);
		if (segments.overflow) {
			auto_action = ACTION_REFUSE;
			cut_segments(request->filter, auto_action, true, &segments);
		}
	}
	if (request->place != NULL)
		assemble_place(request->place, ret_program);
	else
		assemble(&segments, request->choice, ret_program);
	filter_select(request, ret_selected);
	if (request->port == 0 && auto_action != ACTION_REFUSE)
		port_set_union(ret_selected, &request->filter->auto_ports);
}
