/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 against the examples of FIPS 180-4 and its like, whole and in pieces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/sha256.h"

static const struct {
	const char *text;
	unsigned times;
	const char *sum;
} examples[] = {
	{ "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
	    1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	{ "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

static void
format(struct sha256 *sum, char text[2 * SHA256_BYTES + 1])
{
	uint8_t bytes[SHA256_BYTES];

	sha256_end(sum, bytes);
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		(void)snprintf(text + 2 * (size_t)i, 3, "%02x", bytes[i]);
}

static void
known_sums(void **state)
{
	char text[2 * SHA256_BYTES + 1];
	struct sha256 sum;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		sha256_begin(&sum);
		for (unsigned time = 0; time < examples[i].times; time++)
			sha256_add(&sum, examples[i].text, strlen(examples[i].text));
		format(&sum, text);
		assert_string_equal(text, examples[i].sum);
	}
}

/* Every length around the padding's, cut at every place. */
static void
pieces_make_the_same_sum(void **state)
{
	char bytes[130], whole[2 * SHA256_BYTES + 1], pieces[sizeof(whole)];
	struct sha256 sum;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	for (size_t size = 0; size <= sizeof(bytes); size++) {
		sha256_begin(&sum);
		sha256_add(&sum, bytes, size);
		format(&sum, whole);
		for (size_t cut = 0; cut <= size; cut++) {
			sha256_begin(&sum);
			sha256_add(&sum, bytes, cut);
			sha256_add(&sum, bytes + cut, size - cut);
			format(&sum, pieces);
			assert_string_equal(pieces, whole);
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_sums),
		cmocka_unit_test(pieces_make_the_same_sum),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("sha256", tests, NULL, NULL);
}
