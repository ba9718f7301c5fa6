/* SPDX-License-Identifier: MIT */
/*
 * The time zone that `until` is in, while memory is short: libc takes UTC for a zone that it has no
 * memory to read, and says nothing. Each allocation fails once, each time where the zone is not
 * known yet.
 */
#include "config-expect.h"

#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "failing-memory.h"

/* Makes the smallest file of a time zone: the same seconds behind Greenwich for ever. */
static void
write_zone(char *path, int32_t behind)
{
	const uint32_t offset = (uint32_t)-behind;
	unsigned char bytes[44 + 6 + 4] = "TZif";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	bytes[39] = 1; /* one kind of local time, */
	bytes[43] = 4; /* its name with the NUL */
	for (unsigned i = 0; i < 4; i++)
		bytes[44 + i] = (unsigned char)(offset >> (24 - 8 * i));
	memcpy(bytes + 50, "TST", 4);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(close(fd), 0);
}

#define ZONE_BEHIND 7200       /* seconds */
#define MIDNIGHT    1877558400 /* of the end of 2029-06-30, in Greenwich */

/* A process that knows no zone but Greenwich. */
static void
forget_zone(void)
{
	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	tzset();
}

/*
 * Reads the zone of TZ first, as main() does (which ends where that fails), or not, and then the
 * configuration. Returns 0 or -errno; *ret_usec is the end of the rule.
 */
static int
read_until_day(bool load_first, uint64_t *ret_usec)
{
	static const char text[] =
	    "rules: [{name: a, match: {port: 9}, threshold: 1h, until: 2029-06-30}]\n";
	struct config_messages messages = { 0 };
	struct config *config = NULL;
	int r = load_first ? clock_load_zone() : 0;

	if (r == 0)
		r = config_load_text(text, strlen(text), "t", &config, &messages);
	if (r == 0)
		*ret_usec = config->policy.rules[0].until_usec;
	(void)config_free(config);
	config_messages_clear(&messages);
	return r;
}

/* The same with a zone that is not known, one allocation failing. Returns how many there were. */
static size_t
try(const char *zone, bool load_first, size_t failing, int *ret_result, uint64_t *ret_usec)
{
	forget_zone();
	assert_int_equal(setenv("TZ", zone, 1), 0);
	memory_arm(failing);
	*ret_result = read_until_day(load_first, ret_usec);
	return memory_disarm();
}

static void
fail_each(const char *zone, bool load_first)
{
	size_t places, refused = 0, wrong = 0;
	uint64_t usec;
	int r;

	/* Twice: libc keeps the names of zones. */
	(void)try(zone, load_first, 0, &r, &usec);
	places = try(zone, load_first, 0, &r, &usec);
	assert_int_equal(r, 0);
	assert_int_equal(usec, (MIDNIGHT + ZONE_BEHIND) * USEC_PER_SEC);
	for (size_t failing = 1; failing <= places; failing++) {
		assert_true(try(zone, load_first, failing, &r, &usec) >= failing);
		assert_true(r == 0 || r == -ENOMEM);
		refused += r < 0;
		wrong += r == 0 && usec != (MIDNIGHT + ZONE_BEHIND) * USEC_PER_SEC;
	}
	print_message("# of %zu allocations %zu make an error, %zu another zone\n", places, refused,
	    wrong);
	assert_true(refused > 0);
	assert_int_equal(wrong, 0);
}

static int
set_up(void **state)
{
	*state = strdup(":/tmp/overstay-zone.XXXXXX");
	write_zone((char *)*state + 1, ZONE_BEHIND);
	return 0;
}

static int
tear_down(void **state)
{
	char *zone = *state;
	int r = unlink(zone + 1);

	forget_zone();
	free(zone);
	return r;
}

static void
test_when_asked_for(void **state)
{
	fail_each(*state, false);
}

static void
test_at_the_start(void **state)
{
	fail_each(*state, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_when_asked_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_at_the_start, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-zone", tests, NULL, NULL);
}
