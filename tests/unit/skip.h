/* SPDX-License-Identifier: MIT */
/*
 * A test that cannot be what it tests here: skipped, with the reason, which cmocka has no room
 * for. tests/unit/tap puts it beside the test's name. Not a test's way out of a failure.
 */
#ifndef OVERSTAY_TESTS_SKIP_H
#define OVERSTAY_TESTS_SKIP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

/* Ends the test. What it checked before was right. */
static inline void
skip_because(const char *reason)
{
	print_message("# skip: %s\n", reason);
	skip();
}

static inline void
need_root(void)
{
	if (geteuid() != 0)
		skip_because("needs root");
}

#endif
