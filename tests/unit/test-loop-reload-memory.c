/* SPDX-License-Identifier: MIT */
/*
 * A reload of the running daemon while memory is short: each allocation fails once, from the signal
 * to what is told at the end. The old configuration stays and its last good copy to the byte, and
 * that is told; or the new one is in force, whole, and its copy kept (where not, that is told).
 *
 * What the rest of the daemon does with a new configuration is the test's own (-Wl,--wrap).
 */
#include "config-expect.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "config-tree.h"
#include "failing-memory.h"
#include "loop/reload.h"
#include "store/lastgood.h"

static const char *const old_text = "threshold: 7h\n";

/* There is none. */
static const struct names_options no_names = { .program = "/nonexistent" };

static struct {
	struct config_tree tree;
	struct ground ground;
	struct names *names;
	struct reload *reload;
	int state_fd;
	status_function *write_status;
	void *write_argument;
	bool over; /* what was begun */
	size_t told;
	bool not_kept; /* CONDITION_STATE */
	char *old_dump, *new_dump;
} played;

void __wrap_outlet_put(struct outlet *outlet, struct report *report);
void __wrap_conditions_begin(struct conditions *conditions, enum condition condition,
    enum notice notice, const struct fact *facts, size_t count);
void __wrap_conditions_end(struct conditions *conditions, enum condition condition);
bool __wrap_conditions_hold(const struct conditions *conditions, enum condition condition);
void __wrap_engine_set_policy(struct engine *engine, const struct policy *policy);
void __wrap_status_provide(struct status *status, enum status_part part, status_function *function,
    void *argument);
void __wrap_status_update(struct status *status);

/* A report that there was no memory for is counted as held back. */
void
__wrap_outlet_put(struct outlet *outlet, struct report *report)
{
	(void)outlet;
	(void)report_unref(report);
	played.told++;
}

void
__wrap_conditions_begin(struct conditions *conditions, enum condition condition, enum notice notice,
    const struct fact *facts, size_t count)
{
	(void)conditions;
	(void)notice;
	(void)facts;
	(void)count;
	if (condition == CONDITION_STATE)
		played.not_kept = true;
}

void
__wrap_conditions_end(struct conditions *conditions, enum condition condition)
{
	(void)conditions;
	if (condition == CONDITION_STATE)
		played.not_kept = false;
}

bool
__wrap_conditions_hold(const struct conditions *conditions, enum condition condition)
{
	(void)conditions;
	(void)condition;
	return false;
}

void
__wrap_engine_set_policy(struct engine *engine, const struct policy *policy)
{
	(void)engine;
	assert_non_null(policy);
}

void
__wrap_status_provide(struct status *status, enum status_part part, status_function *function,
    void *argument)
{
	(void)status;
	assert_int_equal(part, STATUS_RELOAD);
	played.write_status = function;
	played.write_argument = argument;
}

/* The last thing of a reload. */
void
__wrap_status_update(struct status *status)
{
	(void)status;
	played.over = true;
	loop_stop(played.ground.loop);
}

/* True where the status line says that the last reload failed. */
static bool
says_failed(void)
{
	char buffer[128];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	played.write_status(&text, played.write_argument);
	return buffer[0] != '\0';
}

/* The daemon runs on the old text, and has kept it. */
static void
run_on_old(void)
{
	struct config_messages messages = { 0 };
	struct config *config;

	assert_int_equal(config_load_text(old_text, strlen(old_text), "old", &config, &messages),
	    0);
	free(played.old_dump);
	assert_int_equal(config_dump_text(config, &played.old_dump, NULL), 0);
	played.ground.settings = settings_free(played.ground.settings);
	assert_int_equal(settings_new(played.ground.loop, NULL, config, &played.ground.settings),
	    0);
	assert_int_equal(lastgood_save(played.state_fd, played.old_dump, strlen(played.old_dump)),
	    0);
}

/* Directories on a file system in memory: each place syncs them. */
static int
set_up(void **state)
{
	(void)state;
	memset(&played, 0, sizeof(played));
	assert_int_equal(clock_load_zone(), 0);
	if (config_tree_make(&played.tree, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") < 0)
		return -1;
	config_tree_write(&played.tree, "rules.d/1.yaml",
	    "rules:\n  - {name: b, match: {port: 80-90}, threshold: 3h}\n");
	config_tree_write(&played.tree, "overstay.yaml",
	    "threshold: 1h\nrules:\n"
	    "  - {name: a, match: {unit: nginx, user: alice}, threshold: 2h}\n");
	played.state_fd = open(played.tree.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (played.state_fd < 0 || loop_new(&played.ground.loop) < 0)
		return -1;
	run_on_old();
	if (names_new(&played.ground, &no_names, NULL, &played.names) < 0)
		return -1;
	return reload_new(&played.ground, played.names, &played.tree.paths, played.tree.root,
	    &played.reload);
}

static int
tear_down(void **state)
{
	(void)state;
	(void)reload_free(played.reload);
	(void)names_free(played.names);
	(void)settings_free(played.ground.settings);
	(void)close(played.state_fd);
	(void)loop_free(played.ground.loop);
	free(played.old_dump);
	free(played.new_dump);
	return config_tree_remove(&played.tree);
}

static void
begin_reload(void)
{
	assert_int_equal(raise(SIGHUP), 0);
}

/* The daemon is ready: what it runs on is kept. */
static void
begin_keep(void)
{
	loop_announce(played.ground.loop, LOOP_READY);
}

/* Begins, and waits for the end. Returns how many allocations there were. */
static size_t
run(void (*begin)(void), size_t failing)
{
	size_t allocations;

	played.told = 0;
	played.not_kept = false;
	memory_arm(failing);
	played.over = false;
	begin();
	while (!played.over)
		assert_int_equal(loop_run(played.ground.loop), 0);
	allocations = memory_disarm();
	return allocations;
}

/* True where the copy is that text. */
static bool
kept_is(const char *text)
{
	char *kept;
	size_t size;
	bool same;

	assert_int_equal(lastgood_read(played.state_fd, &kept, &size), 0);
	same = size == strlen(text) && memcmp(kept, text, size) == 0;
	free(kept);
	return same;
}

/* True where the daemon runs on the new configuration, whole; else it runs on the old one. */
static bool
is_reloaded(const struct config *old)
{
	char *dump;

	if (settings_config(played.ground.settings) == old) {
		assert_true(says_failed());
		assert_true(played.told > 0);
		assert_true(kept_is(played.old_dump));
		return false;
	}
	assert_false(says_failed());
	assert_int_equal(config_dump_text(settings_config(played.ground.settings), &dump, NULL), 0);
	assert_string_equal(dump, played.new_dump);
	free(dump);
	assert_true(kept_is(played.not_kept ? played.old_dump : played.new_dump));
	return true;
}

static void
test_reload(void **state)
{
	size_t places, stays = 0, not_kept = 0;

	(void)state;
	(void)run(begin_reload, 0);
	run_on_old();
	places = run(begin_reload, 0);
	assert_int_equal(
	    config_dump_text(settings_config(played.ground.settings), &played.new_dump, NULL), 0);
	assert_string_not_equal(played.new_dump, played.old_dump);
	assert_true(kept_is(played.new_dump));
	run_on_old();
	for (size_t failing = 1; failing <= places; failing++) {
		const struct config *old = settings_config(played.ground.settings);

		assert_true(run(begin_reload, failing) >= failing);
		if (is_reloaded(old)) {
			not_kept += played.not_kept;
			run_on_old();
		} else
			stays++;
	}
	print_message("# of %zu allocations the old one stays at %zu, the new one's copy is not "
		      "kept at %zu\n",
	    places, stays, not_kept);
	assert_true(stays > 0);
	assert_true(not_kept > 0);
}

/* At the start: what the daemon runs on is kept, or the copy before it stays, and that is told. */
static void
test_keep(void **state)
{
	static const char before[] = "threshold: 1s\n";
	size_t places, stays = 0;

	(void)state;
	assert_int_equal(lastgood_save(played.state_fd, before, strlen(before)), 0);
	places = run(begin_keep, 0);
	assert_true(kept_is(played.old_dump));
	for (size_t failing = 1; failing <= places; failing++) {
		assert_int_equal(lastgood_save(played.state_fd, before, strlen(before)), 0);
		(void)run(begin_keep, failing);
		if (kept_is(played.old_dump)) {
			assert_false(played.not_kept);
			continue;
		}
		assert_true(kept_is(before));
		assert_true(played.not_kept || played.told > 0);
		stays++;
	}
	assert_true(stays > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reload, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keep, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("loop-reload-memory", tests, NULL, NULL);
}
