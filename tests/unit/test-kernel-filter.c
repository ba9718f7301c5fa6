/* SPDX-License-Identifier: MIT */
/*
 * The compiled port filter against a small machine of the test's own, which checks a program as
 * inet_diag_bc_audit() does and runs it as inet_diag_bc_run() does (net/ipv4/inet_diag.c), over
 * all ports, for sockets whose port was asked for and for those where the kernel picked it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "kernel/filter.h"

static struct filter_program program;
static struct port_set selected;

/* True where position is reached by the walk along `yes`. */
static bool
is_operation(long position)
{
	long at = 0;

	while (at < position)
		at += program.operations[at / 4].yes;
	return at == position;
}

static bool
may_go(long at, long distance, long least)
{
	long length = 4L * program.count;

	return distance >= least && distance % 4 == 0 && at + distance <= length + 4;
}

static bool
audit(void)
{
	long length = 4L * program.count, at = 0;

	while (at < length) {
		const struct inet_diag_bc_op *operation = &program.operations[at / 4];
		bool compares =
		    operation->code == INET_DIAG_BC_S_GE || operation->code == INET_DIAG_BC_S_LE;
		long least = compares ? 8 : 4;
		if (!compares && operation->code != INET_DIAG_BC_AUTO &&
		    operation->code != INET_DIAG_BC_JMP)
			return false;
		if (at + least > length || !may_go(at, operation->yes, least) ||
		    !may_go(at, operation->no, least))
			return false;
		if (at + operation->no < length && !is_operation(at + operation->no))
			return false;
		at += operation->yes;
	}
	return at == length;
}

static bool
run(uint16_t port, bool picked)
{
	long rest = 4L * program.count;
	const struct inet_diag_bc_op *operation = program.operations;

	while (rest > 0) {
		bool yes = false;
		if (operation->code == INET_DIAG_BC_S_GE)
			yes = port >= operation[1].no;
		else if (operation->code == INET_DIAG_BC_S_LE)
			yes = port <= operation[1].no;
		else if (operation->code == INET_DIAG_BC_AUTO)
			yes = picked;
		uint16_t distance = yes ? operation->yes : operation->no;
		rest -= distance;
		operation += distance / 4;
	}
	return rest == 0;
}

/* What a request selects, in plain words. */
static bool
is_wanted(const struct source_request *request, bool without_auto, uint16_t port, bool picked)
{
	if (request->choice == CHOICE_ASKED && picked)
		return false;
	if (request->choice == CHOICE_AUTO && !picked)
		return false;
	if (request->port != 0)
		return port == request->port;
	return port_set_has(&request->filter->ports, port) ||
	    (picked && !without_auto && port_set_has(&request->filter->auto_ports, port));
}

/* Kernel and user space together; one port is selected by the request itself (idiag_sport). */
static void
check_request(const struct source_request *request, bool without_auto)
{
	filter_compile(request, &program, &selected);
	assert_true(program.count == 0 || audit());
	for (uint32_t port = 0; port < PORT_COUNT; port++) {
		for (int picked = 0; picked < 2; picked++) {
			bool taken =
			    run((uint16_t)port, picked) && port_set_has(&selected, (uint16_t)port);
			if (taken != is_wanted(request, without_auto, (uint16_t)port, picked))
				fail_msg("port %u, picked %d, choice %d", port, picked,
				    (int)request->choice);
		}
	}
}

static void
check(const struct port_filter *filter, bool without_auto)
{
	static const enum choice choices[] = { CHOICE_UNKNOWN, CHOICE_ASKED, CHOICE_AUTO };

	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		struct source_request request = { .filter = filter, .choice = choices[i] };
		check_request(&request, without_auto && choices[i] == CHOICE_UNKNOWN);
	}
}

static void
one_run(void **state)
{
	struct port_filter filter = { 0 };

	(void)state;
	port_set_add(&filter.ports, 49152, 65535);
	check(&filter, false);
	struct source_request request = { .filter = &filter };
	filter_compile(&request, &program, &selected);
	/* A comparison with its port, and a jump for each side: what an idle host pays. */
	assert_int_equal(program.count, 4);
}

static void
runs_at_the_ends(void **state)
{
	struct port_filter filter = { 0 };

	(void)state;
	port_set_add(&filter.ports, 0, 0);
	port_set_add(&filter.ports, 2, 1023);
	port_set_add(&filter.ports, 32768, 60999);
	port_set_add(&filter.ports, 65535, 65535);
	check(&filter, false);
}

static void
nothing_and_everything(void **state)
{
	struct port_filter filter = { 0 };

	(void)state;
	check(&filter, false);
	port_set_add(&filter.ports, 0, 65535);
	check(&filter, false);
	struct source_request request = { .filter = &filter };
	filter_compile(&request, &program, &selected);
	assert_int_equal(program.count, 0);
}

static void
auto_ports_alone(void **state)
{
	struct port_filter filter = { 0 };

	(void)state;
	port_set_add(&filter.auto_ports, 1024, 32767);
	check(&filter, false);
	port_set_add(&filter.auto_ports, 0, 65535);
	check(&filter, false);
}

static void
auto_ports_beside_and_below(void **state)
{
	struct port_filter filter = { 0 };

	(void)state;
	port_set_add(&filter.ports, 32768, 65535);
	port_set_add(&filter.ports, 5000, 5010);
	port_set_add(&filter.ports, 9000, 9000);
	port_set_add(&filter.auto_ports, 1024, 32767);
	port_set_add(&filter.auto_ports, 40000, 40010);
	check(&filter, false);
}

static void
many_runs_are_exact(void **state)
{
	struct port_filter filter = { 0 };

	(void)state;
	for (unsigned i = 0; i < FILTER_SEGMENTS_MAX / 2 - 1; i++)
		port_set_add(&filter.ports, (uint16_t)(1000 + 3 * i), (uint16_t)(1000 + 3 * i));
	check(&filter, false);
	/* So few that the kernel sorts them out alone. */
	struct source_request request = { .filter = &filter };
	filter_compile(&request, &program, &selected);
	assert_false(run(1001, false));
}

static void
too_many_runs_are_sorted_out_here(void **state)
{
	struct port_filter filter = { 0 };

	(void)state;
	for (unsigned port = 1000; port < 60000; port += 2)
		port_set_add(&filter.ports, (uint16_t)port, (uint16_t)port);
	check(&filter, false);
	struct source_request request = { .filter = &filter };
	filter_compile(&request, &program, &selected);
	/* The kernel has the covering interval... */
	assert_true(run(1001, false));
	assert_false(run(999, false));
	assert_false(run(60000, false));
	/* ...and user space the rest. */
	assert_false(port_set_has(&selected, 1001));
	/* Gaps that are nobody's do not cost the auto ports elsewhere. */
	port_set_add(&filter.auto_ports, 100, 900);
	check(&filter, false);
}

static void
too_much_alternation_leaves_auto_out(void **state)
{
	struct port_filter filter = { 0 };

	(void)state;
	for (unsigned port = 1000; port < 32768; port += 2)
		port_set_add(&filter.ports, (uint16_t)port, (uint16_t)port);
	port_set_add(&filter.auto_ports, 1024, 32767);
	check(&filter, true);
}

static void
random_filters(void **state)
{
	uint32_t random = 2463534242;

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct port_filter filter = { 0 };
		for (int i = 0; i < 2 * round; i++) {
			uint16_t ends[2];
			for (int end = 0; end < 2; end++) {
				random ^= random << 13;
				random ^= random >> 17;
				random ^= random << 5;
				ends[end] = (uint16_t)random;
			}
			ends[1] = (uint16_t)(ends[0] | (ends[1] & 0x3ff));
			port_set_add(i % 3 == 0 ? &filter.auto_ports : &filter.ports, ends[0],
			    ends[1]);
		}
		check(&filter, false);
	}
}

static void
one_port(void **state)
{
	static const enum choice choices[] = { CHOICE_UNKNOWN, CHOICE_ASKED, CHOICE_AUTO };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		struct source_request request = { .port = 60855, .choice = choices[i] };
		check_request(&request, false);
		if (choices[i] == CHOICE_UNKNOWN)
			assert_int_equal(program.count, 0);
		assert_int_equal(port_set_count(&selected), 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_run),
		cmocka_unit_test(runs_at_the_ends),
		cmocka_unit_test(nothing_and_everything),
		cmocka_unit_test(auto_ports_alone),
		cmocka_unit_test(auto_ports_beside_and_below),
		cmocka_unit_test(many_runs_are_exact),
		cmocka_unit_test(too_many_runs_are_sorted_out_here),
		cmocka_unit_test(too_much_alternation_leaves_auto_out),
		cmocka_unit_test(random_filters),
		cmocka_unit_test(one_port),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kernel-filter", tests, NULL, NULL);
}
