/* SPDX-License-Identifier: MIT */
/*
 * --once: one poll, the listeners of the range as a table (or as JSON), who holds them, of which
 * class they are and what the rules say of them. Waits for everything, changes nothing, tells the
 * journal nothing.
 *
 * Every process is searched, so that an owner that is not found is known not to be there.
 *
 * What could not be seen is said on stderr, and the exit code is 1 then.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libsmartcols.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/text.h"
#include "commands.h"
#include "config/config.h"
#include "engine/classify.h"
#include "engine/judge.h"
#include "engine/unheld.h"
#include "kernel/kernel-sockets.h"
#include "kernel/poll-steps.h"
#include "kernel/ranges.h"
#include "kernel/source.h"
#include "model/reason.h"
#include "privileges.h"
#include "wire/client.h"

/* The kernel and the lookup answer within this, or they are not asked on. */
#define ONCE_TIMEOUT_USEC (10 * USEC_PER_SEC)

/* The longest cell of the table; JSON has the whole value. */
#define CELL_MAX 160

/* Room for the longest value of a column, escaped: every byte of a path may become four. */
#define VALUE_MAX (4 * OWNER_PATH_MAX)

/* One line of the answer. */
struct row {
	const struct listener *listener;
	struct owner *owner; /* a reference */
	struct classification classification;
	struct verdict verdict;
};

struct once {
	struct config *config;
	struct ranges ranges;
	struct source *source;
	struct lookup_client *owners;
	struct snapshot *snapshot;
	struct row *rows;
	int proc_fd;
};

typedef void cell_function(const struct once *once, const struct row *row, struct text *text,
    size_t max);

static void
cell_protocol(const struct once *once, const struct row *row, struct text *text, size_t max)
{
	(void)once;
	(void)max;
	text_add(text, protocol_name((enum protocol)row->listener->endpoint.protocol));
}

static void
cell_address(const struct once *once, const struct row *row, struct text *text, size_t max)
{
	char endpoint[ENDPOINT_TEXT_MAX], interface[IF_NAMESIZE];

	(void)once;
	(void)max;
	text_add(text, endpoint_format(&row->listener->endpoint, endpoint));
	if (row->listener->endpoint.interface != 0 &&
	    if_indextoname(row->listener->endpoint.interface, interface) != NULL)
		text_printf(text, "%%%s", interface);
}

static void
cell_exposure(const struct once *once, const struct row *row, struct text *text, size_t max)
{
	(void)once;
	(void)max;
	text_add(text, exposure_name(endpoint_exposure(&row->listener->endpoint)));
	if (endpoint_exposure(&row->listener->endpoint) == EXPOSURE_ANY &&
	    row->listener->v6only == V6ONLY_NO)
		text_add(text, "+ipv4");
}

static void
cell_choice(const struct once *once, const struct row *row, struct text *text, size_t max)
{
	(void)once;
	(void)max;
	text_add(text, choice_name((enum choice)row->listener->choice));
}

static void
cell_user(const struct once *once, const struct row *row, struct text *text, size_t max)
{
	const struct process *process = owner_first(row->owner);
	uint32_t uid = process != NULL ? process->uid : row->listener->uid;
	const struct passwd *user = getpwuid(uid);

	(void)once;
	if (user != NULL)
		text_escape(text, user->pw_name, strlen(user->pw_name), max);
	else
		text_printf(text, "%u", uid);
}

static void
cell_pid(const struct once *once, const struct row *row, struct text *text, size_t max)
{
	const struct process *process = owner_first(row->owner);

	(void)once;
	(void)max;
	if (process == NULL)
		text_add(text, "-");
	else if (row->owner->holders > 1)
		text_printf(text, "%d (+%u)", process->pid, row->owner->holders - 1);
	else
		text_printf(text, "%d", process->pid);
}

static void
cell_process(const struct once *once, const struct row *row, struct text *text, size_t max)
{
	const struct process *process = owner_first(row->owner);
	const char *name;

	(void)once;
	if (process == NULL) {
		text_add(text, owner_kind_name(row->owner->kind));
		if (row->owner->reason != OWNER_REASON_NONE)
			text_printf(text, ": %s", owner_reason_text(row->owner->reason));
		return;
	}
	name = process->exe[0] != '\0' ? process->exe : process->comm;
	text_escape(text, name, strlen(name), max);
	if (process->exe_deleted)
		text_add(text, " (deleted)");
}

/* The unit, or the container where there is none. */
static void
cell_unit(const struct once *once, const struct row *row, struct text *text, size_t max)
{
	const struct place *place = owner_place(row->owner);
	const char *unit = place->user_unit[0] != '\0' ? place->user_unit :
	    place->unit[0] != '\0'		       ? place->unit :
							 place->container;

	(void)once;
	if (unit[0] == '\0')
		text_add(text, "-");
	else
		text_escape(text, unit, strlen(unit), max);
}

static void
cell_class(const struct once *once, const struct row *row, struct text *text, size_t max)
{
	(void)once;
	(void)max;
	text_add(text, class_name(row->classification.class));
}

static void
cell_reasons(const struct once *once, const struct row *row, struct text *text, size_t max)
{
	const char *comma = "";

	(void)once;
	(void)max;
	for (unsigned i = 0; i < REASON_COUNT; i++) {
		if ((row->classification.reasons >> i & 1) == 0)
			continue;
		text_printf(text, "%s%s", comma, reason_name((enum reason)i));
		comma = ",";
	}
	if (row->classification.reasons == 0)
		text_add(text, "-");
}

static void
cell_verdict(const struct once *once, const struct row *row, struct text *text, size_t max)
{
	const struct verdict *verdict = &row->verdict;
	char threshold[DURATION_TEXT_MAX];

	(void)once;
	if (verdict->allowed)
		text_add(text, "allowed");
	else if (verdict->threshold_usec == USEC_NEVER)
		text_add(text, "no threshold");
	else
		text_printf(text, "threshold %s",
		    duration_format(verdict->threshold_usec, threshold));
	if (verdict->rule != NULL) {
		text_add(text, " by ");
		text_escape(text, verdict->rule->name, strlen(verdict->rule->name), max);
	}
}

/* A column without a name in JSON is told there in another form. */
static const struct {
	const char *name, *json;
	cell_function *fill;
	double width;
} columns[] = {
	{ "NETID", "protocol", cell_protocol, 3 },
	{ "LOCAL ADDRESS:PORT", "address", cell_address, 0.25 },
	{ "BOUND TO", "exposure", cell_exposure, 8 },
	{ "CHOSEN", "choice", cell_choice, 5 },
	{ "USER", "user", cell_user, 0.1 },
	{ "PID", "pid", cell_pid, 6 },
	{ "PROCESS", "process", cell_process, 0.3 },
	{ "UNIT", "unit", cell_unit, 0.2 },
	{ "CLASS", "class", cell_class, 5 },
	{ "REASONS", NULL, cell_reasons, 0.1 },
	{ "VERDICT", "verdict", cell_verdict, 0.2 },
};

static int
steps(struct once *once, uint32_t *ret_incomplete)
{
	struct poll_steps_options options = {
		.filter = &once->ranges.filter,
		.protocols = config_protocols(once->config),
		.knows_choice = source_knows_choice(once->source),
		.taken_usec = clock_boottime_usec(),
	};
	const struct source_request *request;
	struct poll_steps *steps;

	steps = poll_steps_new(&options);
	if (steps == NULL)
		return -ENOMEM;
	while ((request = poll_steps_request(steps)) != NULL) {
		struct source_result result = { 0 };
		int r = source_run(once->source, request, poll_steps_socket, steps,
		    ONCE_TIMEOUT_USEC, &result);

		if (r < 0) {
			(void)poll_steps_free(steps);
			return r;
		}
		poll_steps_answered(steps, &result);
	}
	once->snapshot = poll_steps_finish(steps);
	if (once->snapshot == NULL)
		return -ENOMEM;
	*ret_incomplete = once->snapshot->incomplete;
	return 0;
}

/* Opens a source and polls; where the kernel has no sock_diag, /proc/net is read. */
static int
take_snapshot(struct once *once)
{
	uint32_t incomplete = 0;
	int r = source_open_netlink(&once->source);

	if (r == 0)
		r = steps(once, &incomplete);
	if (r < 0) {
		fprintf(stderr, "overstayd: no sock_diag (%s), reading /proc/net\n", strerror(-r));
		once->source = source_close(once->source);
		r = source_open_proc(once->proc_fd, &once->source);
		if (r == 0)
			r = steps(once, &incomplete);
	}
	if (r == 0 && incomplete != 0)
		fprintf(stderr, "overstayd: the table is incomplete: %s\n",
		    incomplete_text(incomplete));
	return r < 0 ? r : incomplete != 0;
}

static void
on_owner(uint32_t inode, struct owner *owner, void *argument)
{
	struct once *once = argument;

	for (size_t i = 0; i < once->snapshot->count; i++) {
		struct row *row = &once->rows[i];
		if (row->listener->inode == inode && row->owner == NULL)
			row->owner = owner_ref(owner);
	}
}

/* Puts one batch of questions and waits for its answers. */
static int
ask_batch(struct once *once, const struct lookup_question *questions, size_t count)
{
	uint64_t until_usec = clock_monotonic_usec() + ONCE_TIMEOUT_USEC;
	int r = lookup_client_ask(once->owners, questions, count, clock_boottime_usec());

	while (r >= 0) {
		struct pollfd poll_fd = { .fd = lookup_client_fd(once->owners), .events = POLLIN };

		if (clock_monotonic_usec() > until_usec)
			return -ETIMEDOUT;
		if (poll(&poll_fd, 1, 1000) <= 0)
			continue;
		do
			r = lookup_client_step(once->owners, clock_boottime_usec(), on_owner, once);
		while (r == 1);
		if (r == 0)
			return 0;
		if (r == -EAGAIN)
			r = 0;
	}
	return r;
}

static struct lookup_question
make_question(const struct listener *listener)
{
	return (struct lookup_question){
		.inode = listener->inode,
		.uid = listener->uid,
		.cgroup = listener->cgroup,
		.cookie = listener->cookie,
		.endpoint = listener->endpoint,
		.thorough = true,
	};
}

/* What no process holds may be the kernel's own. */
static int
ask_kernel(struct once *once)
{
	size_t total = once->snapshot->count, count = 0;
	_free_ struct unheld_socket *sockets = calloc(total + 1, sizeof(*sockets));

	if (sockets == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < total; i++) {
		const struct lookup_question question = make_question(once->rows[i].listener);

		if (unheld_is(once->rows[i].owner))
			sockets[count++] = unheld_question(&question, once->rows[i].owner);
	}
	if (count > 0)
		kernel_sockets_ask(sockets, count);
	count = 0;
	for (size_t i = 0; i < total; i++)
		if (unheld_is(once->rows[i].owner))
			unheld_apply(&once->rows[i].owner, sockets[count++].claim);
	return 0;
}

/* Looks up all owners, batch by batch; what stays open is unknown with its reason. */
static int
find_owners(struct once *once)
{
	struct lookup_question questions[OWNERS_ASK_MAX];
	enum owner_reason reason = OWNER_REASON_NO_LOOKUP;
	size_t count = 0, total = once->snapshot->count;
	int r = 0;

	for (size_t i = 0; i < total && once->owners != NULL && r == 0; i++) {
		const struct listener *listener = once->rows[i].listener;

		if (listener->inode != 0)
			questions[count++] = make_question(listener);
		if (count > 0 && (count == OWNERS_ASK_MAX || i + 1 == total)) {
			r = ask_batch(once, questions, count);
			count = 0;
		}
	}
	if (r == -ETIMEDOUT)
		reason = OWNER_REASON_TIMEOUT;
	for (size_t i = 0; i < total; i++) {
		struct row *row = &once->rows[i];

		if (row->owner == NULL)
			row->owner = owner_new(OWNER_UNKNOWN,
			    row->listener->inode == 0 ? OWNER_REASON_NO_INODE : reason, 0);
		if (row->owner == NULL)
			return -ENOMEM;
	}
	return ask_kernel(once);
}

/* Reasons are shown where there are some. */
static bool
is_shown(const struct once *once, size_t column)
{
	if (columns[column].fill != cell_reasons)
		return true;
	for (size_t i = 0; i < once->snapshot->count; i++)
		if (once->rows[i].classification.reasons != 0)
			return true;
	return false;
}

static int
add_headings(const struct once *once, struct libscols_table *table)
{
	for (size_t c = 0; c < ARRAY_SIZE(columns); c++)
		if (is_shown(once, c) &&
		    scols_table_new_column(table, columns[c].name, columns[c].width, 0) == NULL)
			return -ENOMEM;
	return 0;
}

static int
add_line(const struct once *once, const struct row *row, struct libscols_table *table)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char cell[2 * CELL_MAX];
	size_t place = 0;
	int r = line == NULL ? -ENOMEM : 0;

	for (size_t c = 0; c < ARRAY_SIZE(columns) && r == 0; c++) {
		struct text text;

		if (!is_shown(once, c))
			continue;
		text_init(&text, cell, sizeof(cell));
		columns[c].fill(once, row, &text, CELL_MAX);
		r = scols_line_set_data(line, place++, cell);
	}
	return r;
}

static int
print_table(const struct once *once)
{
	struct libscols_table *table = scols_new_table();
	int r = table == NULL ? -ENOMEM : add_headings(once, table);

	for (size_t i = 0; i < once->snapshot->count && r == 0; i++)
		r = add_line(once, &once->rows[i], table);
	/* Nothing would be printed, not even the headings: say so where it does not disturb. */
	if (r == 0 && once->snapshot->count == 0) {
		char ranges[128];
		ranges_format(&once->ranges, ranges, sizeof(ranges));
		fprintf(stderr, "overstayd: no listener on ports %s\n", ranges);
	} else if (r == 0)
		r = scols_print_table(table);
	if (r == 0 && (ferror(stdout) != 0 || fflush(stdout) != 0))
		r = -EIO;
	scols_unref_table(table);
	return r;
}

/* A list of names: empty where there is no reason. */
static json_t *
json_reasons(uint32_t reasons)
{
	json_t *names = json_array();

	for (unsigned i = 0; i < REASON_COUNT; i++)
		if ((reasons >> i & 1) != 0 &&
		    json_array_append_new(names, json_string(reason_name((enum reason)i))) < 0) {
			json_decref(names);
			return NULL;
		}
	return names;
}

/* What JSON has beyond the columns: numbers as numbers, lists as lists. */
static int
add_values(json_t *object, const struct row *row)
{
	const struct process *process = owner_first(row->owner);
	json_t *more = json_pack("{s:i, s:I, s:I, s:I, s:b}", "port",
	    (int)row->listener->endpoint.port, "inode", (json_int_t)row->listener->inode, "cookie",
	    (json_int_t)row->listener->cookie, "uid",
	    (json_int_t)(process != NULL ? process->uid : row->listener->uid), "allowed",
	    row->verdict.allowed ? 1 : 0);
	int r = more == NULL ? -ENOMEM : json_object_update(object, more);

	json_decref(more);
	if (r == 0)
		r = json_object_set_new(object, "threshold_usec",
		    row->verdict.threshold_usec == USEC_NEVER ?
			json_null() :
			json_integer((json_int_t)row->verdict.threshold_usec));
	if (r == 0)
		r = json_object_set_new(object, "pid",
		    process == NULL ? json_null() : json_integer(process->pid));
	if (r == 0)
		r = json_object_set_new(object, "reasons",
		    json_reasons(row->classification.reasons));
	return r;
}

static int
print_json(const struct once *once)
{
	_free_ char *value = malloc(VALUE_MAX);
	json_t *rows = json_array();
	int r = value == NULL || rows == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < once->snapshot->count && r == 0; i++) {
		json_t *object = json_object();

		for (size_t c = 0; c < ARRAY_SIZE(columns) && r == 0; c++) {
			struct text text;

			if (columns[c].json == NULL)
				continue;
			text_init(&text, value, VALUE_MAX);
			columns[c].fill(once, &once->rows[i], &text, VALUE_MAX - 64);
			r = json_object_set_new(object, columns[c].json, json_string(value));
		}
		if (r == 0)
			r = add_values(object, &once->rows[i]);
		if (json_array_append_new(rows, object) < 0)
			r = -ENOMEM;
	}
	if (r == 0 && json_dumpf(rows, stdout, JSON_INDENT(2)) < 0)
		r = -EIO;
	if (r == 0 && (putchar('\n') == EOF || fflush(stdout) != 0))
		r = -EIO;
	json_decref(rows);
	return r;
}

static void
clear(struct once *once)
{
	for (size_t i = 0; once->rows != NULL && i < once->snapshot->count; i++)
		(void)owner_unref(once->rows[i].owner);
	free(once->rows);
	(void)snapshot_free(once->snapshot);
	(void)source_close(once->source);
	(void)lookup_client_close(once->owners);
	(void)config_free(once->config);
	if (once->proc_fd >= 0)
		(void)close(once->proc_fd);
}

/* One poll is all there is: what the lookup did not find is taken to be there still. */
static void
judge_row(const struct policy *policy, struct row *row, uint64_t now_usec)
{
	const struct circumstances circumstances = {
		.listener = row->listener,
		.owner = row->owner,
		.seen_since = true,
	};

	classify(&circumstances, &row->classification);
	judge(policy, row->listener, row->owner, &row->classification, now_usec, &row->verdict);
}

static int
fill_rows(struct once *once)
{
	uint64_t now_usec = clock_realtime_usec();
	int r;

	once->rows = calloc(once->snapshot->count + 1, sizeof(*once->rows));
	if (once->rows == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < once->snapshot->count; i++)
		once->rows[i].listener = &once->snapshot->listeners[i];
	r = find_owners(once);
	for (size_t i = 0; i < once->snapshot->count && r == 0; i++)
		judge_row(&once->config->policy, &once->rows[i], now_usec);
	return r;
}

static int
run(struct once *once, const struct command_line *line)
{
	struct port_range kernel = { 0 };
	int incomplete, r;

	once->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (once->proc_fd < 0)
		return -errno;
	r = ranges_read_kernel(once->proc_fd, &kernel);
	if (r < 0)
		fprintf(stderr, "overstayd: ip_local_port_range cannot be read: %s\n",
		    strerror(-r));
	ranges_resolve(&once->config->ranges, r < 0 ? NULL : &kernel, &once->ranges);
	incomplete = take_snapshot(once);
	if (incomplete < 0)
		return incomplete;
	r = fill_rows(once);
	if (r == 0)
		r = line->json ? print_json(once) : print_table(once);
	return r < 0 ? r : incomplete;
}

int
command_once(const struct command_line *line)
{
	char lookup[PATH_MAX];
	struct once once = { .proc_fd = -1 };
	int r;

	r = lookup_client_spawn(command_lookup_program(lookup, sizeof(lookup)), &once.owners);
	if (r < 0)
		fprintf(stderr, "overstayd: overstay-lookup: %s: owners will be unknown\n",
		    strerror(-r));
	r = privileges_drop();
	if (r < 0)
		fprintf(stderr, "overstayd: cannot drop the capabilities: %s\n", strerror(-r));
	r = command_load(line, &once.config);
	if (r < 0) {
		(void)lookup_client_close(once.owners);
		return command_load_exit(r);
	}
	r = run(&once, line);
	if (r < 0)
		fprintf(stderr, "overstayd: cannot read the socket tables: %s\n", strerror(-r));
	clear(&once);
	return r != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
