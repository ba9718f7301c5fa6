/* SPDX-License-Identifier: MIT */
/*
 * The match key `address`: prefixes of every length, and one address written in two ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "engine/judge.h"
#include "help.h"

static void
prefixes_of_every_length(void **state)
{
	uint64_t seed = help_seed();

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		bool six = help_below(&seed, 2) != 0;
		unsigned most = six ? 128 : 32;
		struct listener listener =
		    help_listener(PROTOCOL_TCP, six ? "::" : "0.0.0.0", 50000, 1);
		struct address_prefix prefix = { .family = listener.endpoint.family,
			.bits = (uint8_t)help_below(&seed, most + 1) };
		struct match match = { .keys = 1 << MATCH_ADDRESS,
			.addresses = &prefix,
			.address_count = 1 };
		struct owner *owner = owner_new(OWNER_KERNEL, OWNER_REASON_NONE, 0);
		unsigned flip = (unsigned)help_below(&seed, most);

		for (unsigned k = 0; k < most / 8; k++)
			prefix.address[k] = (uint8_t)help_random(&seed);
		memcpy(listener.endpoint.address, prefix.address, 16);
		assert_true(help_matches(&match, &listener, owner));
		listener.endpoint.address[flip / 8] ^= (uint8_t)(0x80 >> flip % 8);
		assert_int_equal(help_matches(&match, &listener, owner), flip >= prefix.bits);
		listener.endpoint.family = six ? AF_INET : AF_INET6;
		assert_false(help_matches(&match, &listener, owner));
		(void)owner_unref(owner);
	}
}

/* ::ffff:192.0.2.1 is what an IPv6 socket calls the address 192.0.2.1. */
static void
mapped_addresses_are_ipv4(void **state)
{
	static const struct {
		const char *address, *network;
		uint8_t bits;
		bool expected;
	} cases[] = {
		{ "::ffff:192.0.2.1", "192.0.2.0", 24, true },
		{ "::ffff:192.0.2.1", "192.0.2.1", 32, true },
		{ "::ffff:192.0.2.1", "192.0.2.2", 32, false },
		{ "::ffff:192.0.2.1", "0.0.0.0", 0, true },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.0", 120, true },
		{ "::ffff:192.0.2.1", "::ffff:192.0.3.0", 120, false },
		{ "::ffff:192.0.2.1", "::ffff:0.0.0.0", 96, true },
		{ "::ffff:192.0.2.1", "::", 0, false },
		{ "::ffff:192.0.2.1", "::", 1, false },
		{ "::ffff:192.0.2.1", "::", 64, false },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1", 80, false },
		{ "192.0.2.1", "::ffff:192.0.2.0", 120, true },
		{ "192.0.2.1", "::ffff:0.0.0.0", 96, true },
		{ "192.0.2.1", "::ffff:192.0.3.0", 120, false },
		{ "192.0.2.1", "::", 0, false },
		{ "192.0.2.1", "::ffff:192.0.2.1", 95, false },
		{ "::192.0.2.1", "192.0.2.1", 32, false },
		{ "::", "0.0.0.0", 0, false },
	};
	struct owner *owner = owner_new(OWNER_KERNEL, OWNER_REASON_NONE, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct listener listener = help_listener(PROTOCOL_TCP, cases[i].address, 50000, 1);
		struct listener network = help_listener(PROTOCOL_TCP, cases[i].network, 50000, 1);
		struct address_prefix prefix = { .family = network.endpoint.family,
			.bits = cases[i].bits };
		struct match match = { .keys = 1 << MATCH_ADDRESS,
			.addresses = &prefix,
			.address_count = 1 };

		memcpy(prefix.address, network.endpoint.address, 16);
		assert_int_equal(help_matches(&match, &listener, owner), cases[i].expected);
	}
	(void)owner_unref(owner);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_of_every_length),
		cmocka_unit_test(mapped_addresses_are_ipv4),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
