/* SPDX-License-Identifier: MIT */
/*
 * --once: the engine fed with one poll, and what it makes of the listeners printed: grouped,
 * classed and judged as the daemon would do it, since it is the same code. Waits for everything,
 * changes nothing, writes nothing to the journal.
 *
 * One poll is no age: those are not known here. That nobody holds a socket is believed only when
 * two lookups say so and polls in between see the socket, so there are up to POLLS_MAX polls where
 * one seems to be nobody's.
 *
 * What could not be seen is said on stderr and in JSON, and the exit code is 1 then.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alert/host.h"
#include "base/clock.h"
#include "commands.h"
#include "engine/surplus.h"
#include "kernel/poll-steps.h"
#include "kernel/ranges.h"
#include "once-lookup.h"
#include "privileges.h"
#include "serve/json.h"
#include "serve/table.h"
#include "wire/names-link.h"

/* The kernel answers within this, or it is not asked on. */
#define KERNEL_TIMEOUT_USEC (10 * USEC_PER_SEC)

/* Polls where a socket seems to be nobody's, and the pause before each further one. */
#define POLLS_MAX	3
#define POLL_PAUSE_NSEC 300000000L

/* Clauses about what could not be seen: one for each reason of an owner, and some more. */
#define INCOMPLETE_TEXTS_MAX (OWNER_REASON_COUNT + 8)
#define INCOMPLETE_TEXT_MAX  256

struct once {
	struct config *config;
	struct engine *engine;
	struct source *source;
	struct lookup_client *client;
	struct host_cache host;
	struct names_link *names;
	char texts[INCOMPLETE_TEXTS_MAX][INCOMPLETE_TEXT_MAX];
	const char *incomplete[INCOMPLETE_TEXTS_MAX]; /* of texts */
	size_t incomplete_count;
	int proc_fd;
};

/* Notes what could not be seen, once. */
static void _printf_(2, 3) note_incomplete(struct once *once, const char *format, ...)
{
	char *text = once->texts[once->incomplete_count];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, INCOMPLETE_TEXT_MAX, format, arguments);
	va_end(arguments);
	for (size_t i = 0; i < once->incomplete_count; i++)
		if (strcmp(once->incomplete[i], text) == 0)
			return;
	(void)fprintf(stderr, "overstayd: %s\n", text);
	once->incomplete[once->incomplete_count] = text;
	/* The last place is written over, were there ever more. */
	if (once->incomplete_count + 1 < INCOMPLETE_TEXTS_MAX)
		once->incomplete_count++;
}

/* Stays of one run are never told apart by it: no id is shown. */
static void
make_id(struct stay_id *ret, void *argument)
{
	(void)argument;
	*ret = (struct stay_id){ 0 };
}

/* Nothing is logged: no line waits for anything, and everything is looked up at once. */
static int
set_up(struct once *once)
{
	struct policy *policy = &once->config->policy;
	struct moment moment = clock_now();
	struct port_range kernel = { 0 };
	struct ranges ranges;
	int r;

	once->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (once->proc_fd < 0)
		return -errno;
	once->engine = engine_new(make_id, NULL);
	if (once->engine == NULL)
		return -ENOMEM;
	policy->log_appeared = policy->log_vanished = policy->log_udp = SEVERITY_OFF;
	policy->log_after_usec = 0;
	policy->advice = false;
	engine_set_policy(once->engine, policy);
	engine_set_interface_name(once->engine, host_interface_name, &once->host);
	r = ranges_read_kernel(once->proc_fd, &kernel);
	if (r < 0 && once->config->ranges.kernel)
		note_incomplete(once,
		    "net.ipv4.ip_local_port_range cannot be read (%s): ports of that range are not "
		    "watched",
		    strerror(-r));
	ranges_resolve(&once->config->ranges, r < 0 ? NULL : &kernel, &ranges);
	engine_set_watched(once->engine, &ranges, config_protocols(once->config), &moment);
	return 0;
}

/* One poll by the source that is open. */
static int
read_listeners(struct once *once, struct snapshot **ret)
{
	struct poll_steps_options options = {
		.last = engine_last_poll(once->engine),
		.filter = &engine_ranges(once->engine)->filter,
		.protocols = config_protocols(once->config),
		.knows_choice = source_knows_choice(once->source),
		.taken_usec = clock_boottime_usec(),
	};
	struct poll_steps *steps = poll_steps_new(&options);
	const struct source_request *request;

	if (steps == NULL)
		return -ENOMEM;
	while ((request = poll_steps_request(steps)) != NULL) {
		struct source_result result = { 0 };
		int r = source_run(once->source, request, poll_steps_socket, steps,
		    KERNEL_TIMEOUT_USEC, &result);

		if (r < 0) {
			(void)poll_steps_free(steps);
			return r;
		}
		poll_steps_answered(steps, &result);
	}
	*ret = poll_steps_finish(steps);
	return *ret == NULL ? -ENOMEM : 0;
}

/* Opens a source if none is, and polls; if the kernel has no sock_diag, /proc/net is read. */
static int
take_snapshot(struct once *once, struct snapshot **ret)
{
	int r = once->source != NULL ? 0 : source_open_netlink(&once->source);

	if (r == 0)
		r = read_listeners(once, ret);
	if (r == 0 || r == -ENOMEM)
		return r;
	note_incomplete(once,
	    "sock_diag is not available (%s): reading /proc/net, which does not record who chose "
	    "a port",
	    strerror(-r));
	once->source = source_close(once->source);
	r = source_open_proc(once->proc_fd, &once->source);
	return r < 0 ? r : read_listeners(once, ret);
}

/* The same listeners are watched as the daemon would watch, were it started now. */
static int
make_room(struct once *once, struct snapshot *snapshot)
{
	const struct moment moment = clock_now();
	struct crowd_left_out left_out;
	int r = surplus_drop(once->engine, snapshot, &moment);

	left_out = crowd_left_out(snapshot->crowd);
	if (r == 0 && left_out.count > 0)
		note_incomplete(once,
		    "%zu listeners are left out: more than %d are open, most of them by uid %u",
		    left_out.count, CROWD_WATCHED_MAX, left_out.uid);
	return r;
}

/* Feeds the engine with one poll and with the owners it asks for. */
static int
poll_once(struct once *once)
{
	struct snapshot *snapshot = NULL;
	int r = take_snapshot(once, &snapshot);

	if (r < 0)
		return r;
	if (snapshot->incomplete != 0)
		note_incomplete(once, "the table of sockets is incomplete: %s",
		    incomplete_text(snapshot->incomplete));
	r = make_room(once, snapshot);
	if (r == 0)
		r = engine_observe(once->engine, snapshot, false);
	if (r < 0) {
		(void)snapshot_free(snapshot);
		return r;
	}
	return once_lookup(once->engine, &once->config->policy, &once->client, once->names);
}

/* Whether some socket is there that nobody holds. */
static bool
has_nobodys(const struct stay_view *views, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if ((views[i].unknown >> OWNER_REASON_NO_PROCESS & 1) != 0)
			return true;
	return false;
}

static int
view(struct once *once, struct listing *listing, struct stay_view **views)
{
	static const struct timespec pause = { .tv_nsec = POLL_PAUSE_NSEC };
	int r = poll_once(once);

	for (unsigned polls = 1; r == 0; polls++) {
		*views = views_free(*views, listing->count);
		listing->count = 0;
		listing->moment = clock_now();
		r = engine_view(once->engine, &listing->moment, views, &listing->count);
		if (r < 0 || polls == POLLS_MAX || !has_nobodys(*views, listing->count))
			break;
		(void)nanosleep(&pause, NULL);
		r = poll_once(once);
	}
	listing->views = *views;
	return r;
}

/* What the daemon would know, and this does not. */
static void
forget_ages(struct stay_view *views, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		views[i].stay.age_usec = views[i].stay.age_max_usec = USEC_NEVER;
		views[i].stay.first_seen_usec = USEC_NEVER;
	}
}

/* Reasons for which an owner is unknown although it may be known: not that no process holds it,
 * whether it is the kernel's or nobody's. */
static bool
is_unseen(enum owner_reason reason)
{
	return reason != OWNER_REASON_NONE && reason != OWNER_REASON_NO_PROCESS &&
	    reason != OWNER_REASON_KERNEL_UNPROVED && reason != OWNER_REASON_NO_INODE &&
	    reason != OWNER_REASON_EXITED;
}

/* What to do about a permission that is missing. */
static void
advise(void)
{
	fprintf(stderr, "overstayd: %s\n",
	    geteuid() != 0 ? "run it as root to see all owners" :
			     "root lacks permissions here, as in a container or a sandbox: "
			     "run it outside to see all owners");
}

/* What of the listeners could not be seen, a clause for each reason. */
static void
note_unseen(struct once *once, const struct listing *listing)
{
	bool denied = once->client != NULL && lookup_client_was_denied(once->client);
	size_t unknown[OWNER_REASON_COUNT] = { 0 }, more = 0, choice = 0;

	for (size_t i = 0; i < listing->count; i++) {
		const struct stay_view *view = &listing->views[i];

		for (unsigned reason = 0; reason < OWNER_REASON_COUNT; reason++)
			unknown[reason] += view->unknown >> reason & 1;
		more += view->more_holders;
		choice += view->stay.choice == CHOICE_UNKNOWN;
	}
	for (unsigned reason = 0; reason < OWNER_REASON_COUNT; reason++)
		if (unknown[reason] > 0 && is_unseen((enum owner_reason)reason))
			note_incomplete(once, "owners of %zu of %zu listeners are unknown: %s",
			    unknown[reason], listing->count,
			    owner_reason_text((enum owner_reason)reason));
	if (more > 0)
		note_incomplete(once, "%zu of %zu listeners may have further holders: %s", more,
		    listing->count,
		    owner_reason_text(
			denied ? OWNER_REASON_NO_PERMISSION : OWNER_REASON_NOT_FINISHED));
	if ((more > 0 && denied) || unknown[OWNER_REASON_NO_PERMISSION] > 0)
		advise();
	/* Of /proc/net that was said already. */
	if (choice > 0 && source_knows_choice(once->source))
		note_incomplete(once, "who chose the port is unknown for %zu of %zu listeners",
		    choice, listing->count);
}

static int
print(const struct once *once, const struct listing *listing, const struct command_line *line)
{
	const struct table_options options = {
		.raw = line->raw,
		.no_headings = line->no_headings,
	};
	char ranges[128];

	if (line->json)
		return json_print(stdout, &line->columns, listing);
	(void)setlocale(LC_CTYPE, "");
	/* Not even headings are printed then: says so where it does not disturb. */
	if (listing->count == 0) {
		ranges_format(engine_ranges(once->engine), ranges, sizeof(ranges));
		fprintf(stderr, "overstayd: no listener on ports %s\n", ranges);
	}
	return table_print(stdout, &line->columns, listing, &options);
}

static int
run(struct once *once, const struct command_line *line)
{
	const struct message_context context = {
		.cmdline = once->config->policy.cmdline,
		.user_name = host_user_name,
		.interface_name = host_interface_name,
		.argument = &once->host,
	};
	struct listing listing = { .context = &context };
	struct stay_view *views = NULL;
	int r = set_up(once);

	if (r == 0)
		r = view(once, &listing, &views);
	if (r < 0) {
		fprintf(stderr, "overstayd: cannot read the socket tables: %s\n", strerror(-r));
	} else {
		forget_ages(views, listing.count);
		note_unseen(once, &listing);
		listing.incomplete = once->incomplete;
		listing.incomplete_count = once->incomplete_count;
		r = print(once, &listing, line);
		if (r < 0)
			fprintf(stderr, "overstayd: cannot write: %s\n", strerror(-r));
	}
	(void)views_free(views, listing.count);
	return r;
}

/* Asks for the users and groups that the rules name. */
static void
resolve_names(struct once *once)
{
	struct named_list *list = &once->config->policy.names;
	char text[CONFIG_NAMES_TEXT_MAX];

	if (once->names != NULL && list->count > 0)
		(void)!names_link_resolve(once->names, list, COMMAND_NAMES_WAIT_USEC);
	if (config_names_text(list, NAMED_UNASKED, text, sizeof(text)))
		note_incomplete(once, "%s", text);
}

static void
clear(struct once *once)
{
	(void)names_link_free(once->names);

	(void)engine_free(once->engine);
	(void)source_close(once->source);
	(void)lookup_client_close(once->client);
	(void)config_free(once->config);
	if (once->proc_fd >= 0)
		(void)close(once->proc_fd);
}

int
command_once(const struct command_line *line)
{
	char lookup[PATH_MAX];
	struct once once = { .proc_fd = -1 };
	struct command_names names;
	bool incomplete;
	int r;

	/* Before anything is parsed: the only moment at which this process may have privileges. */
	r = lookup_client_spawn(command_lookup_program(lookup, sizeof(lookup)), &once.client);
	if (r < 0)
		note_incomplete(&once, "overstay-lookup cannot be started (%s): owners are unknown",
		    strerror(-r));
	command_names_find(&names);
	once.names = names_link_new(&names.options);
	once.host.names = (struct host_names){ .ask = names_link_user, .argument = once.names };
	r = privileges_drop();
	if (r < 0)
		fprintf(stderr, "overstayd: cannot drop the capabilities: %s\n", strerror(-r));
	r = command_load(line, &once.config);
	if (r < 0) {
		clear(&once);
		return command_load_exit(r);
	}
	resolve_names(&once);
	r = run(&once, line);
	incomplete = once.incomplete_count > 0;
	clear(&once);
	return r < 0 || incomplete ? EXIT_FAILURE : EXIT_SUCCESS;
}
