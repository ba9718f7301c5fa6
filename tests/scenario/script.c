/* SPDX-License-Identifier: MIT */
/*
 * Plays a scenario line by line: one table of statements. The format is described in run.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/duration.h"
#include "life.h"
#include "model/condition.h"
#include "script.h"

/* "10min", "1h 30min"; "+5s" is counted from now. */
static int
play_at(struct script *script, const char *rest)
{
	struct world *world = &script->world;
	uint64_t span_usec, base_usec = rest[0] == '+' ? world_elapsed_usec(world) : 0;

	if (duration_parse(rest + (rest[0] == '+'), &span_usec) < 0 || span_usec == USEC_NEVER ||
	    base_usec + span_usec < world_elapsed_usec(world))
		return -EINVAL;
	check_nothing_left(script);
	world_run(world, base_usec + span_usec);
	return 0;
}

/* The index of the line "end" that belongs to the block script->at opens, 0 = there is none. */
static size_t
find_end(const struct script *script)
{
	size_t depth = 0;

	for (size_t i = script->at; i < script->line_count; i++) {
		const char *line = script->lines[i] + strspn(script->lines[i], " \t");

		if (strncmp(line, "repeat ", 7) == 0 || strncmp(line, "program ", 8) == 0 ||
		    strcmp(line, "config") == 0 || strncmp(line, "config ", 7) == 0)
			depth++;
		else if (strcmp(line, "end") == 0 && --depth == 0)
			return i;
	}
	return 0;
}

/* The lines of the block as one text, without their common indentation by one tab. */
static char *
block_text(const struct script *script, size_t end)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	if (file == NULL)
		abort();
	for (size_t i = script->at + 1; i < end; i++)
		(void)fprintf(file, "%s\n", script->lines[i] + (script->lines[i][0] == '\t'));
	if (fclose(file) != 0)
		abort();
	return text;
}

static int
play_config(struct script *script, const char *rest)
{
	struct config_messages messages = { 0 };
	size_t end = find_end(script);
	bool refused = strcmp(rest, "refused") == 0;
	int r;

	if (end == 0 || (rest[0] != '\0' && !refused))
		return -EINVAL;
	_free_ char *text = block_text(script, end);
	r = world_configure(&script->world, text, &messages);
	if ((r < 0) != refused) {
		complain(script, "the configuration was %s", refused ? "taken" : "refused");
		for (size_t i = 0; i < messages.count; i++)
			complain(script, "%s", messages.items[i].text);
	}
	config_messages_clear(&messages);
	script->asserted += refused;
	script->at = end;
	return 0;
}

static int
play_repeat(struct script *script, const char *rest)
{
	size_t first = script->at + 1, end = find_end(script);
	char *behind;
	unsigned long times = strtoul(rest, &behind, 10);

	if (end == 0 || *behind != '\0' || times == 0)
		return -EINVAL;
	for (unsigned long i = 0; i < times && (script->complaints == 0 || script->silent); i++) {
		script->at = first;
		script->round = i;
		if (script_play(script, end) < 0)
			return -ECANCELED;
	}
	script->at = end;
	return 0;
}

static int
play_program(struct script *script, const char *rest)
{
	size_t end = find_end(script);

	return end == 0 || script->life == NULL || rest[0] == '\0' ?
	    -EINVAL :
	    life_program(script, rest, end);
}

/* The same of statements that take no block. */
static int
play_life(struct script *script, const char *rest, int (*function)(struct script *, const char *))
{
	return script->life == NULL ? -EINVAL : function(script, rest);
}

static int
play_reboots(struct script *script, const char *rest)
{
	return play_life(script, rest, life_reboots);
}

static int
play_sleeps(struct script *script, const char *rest)
{
	return play_life(script, rest, life_sleeps);
}

static int
play_daemon(struct script *script, const char *rest)
{
	return play_life(script, rest, life_daemon);
}

/* What stands behind the endpoint of `listen`. */
struct listening {
	struct row row;
	uint64_t many, share;
};

static int
read_flag(struct script *script, struct words *words, struct listening *listening)
{
	struct listener *listener = &listening->row.listener;
	const char *word = words_next(words), *name;
	uint64_t number;

	if (strcmp(word, "asked") == 0 || strcmp(word, "auto") == 0) {
		listener->choice = word[1] == 's' ? CHOICE_ASKED : CHOICE_AUTO;
		return 0;
	}
	if (strcmp(word, "dual") == 0 || strcmp(word, "v6only") == 0) {
		listener->v6only = word[0] == 'd' ? V6ONLY_NO : V6ONLY_YES;
		return 0;
	}
	if (strcmp(word, "owner") == 0) {
		name = words_next(words);
		listening->row.who = name == NULL ? NULL : world_find_who(&script->world, name);
		return listening->row.who == NULL ? -EINVAL : 0;
	}
	if (words_number(words, &number) < 0)
		return -EINVAL;
	if (strcmp(word, "socket") == 0)
		listener->cookie = number;
	else if (strcmp(word, "inode") == 0)
		listener->inode = (uint32_t)number;
	else if (strcmp(word, "uid") == 0)
		listener->uid = (uint32_t)number;
	else if (strcmp(word, "many") == 0)
		listening->many = number;
	else if (strcmp(word, "share") == 0)
		listening->share = number;
	else
		return -EINVAL;
	return 0;
}

/* Who holds it from the beginning made it, unless the script says who else. */
static void
set_creator(struct row *row)
{
	const struct owner *owner = row->who == NULL ? NULL : row->who->owner;
	bool process = owner != NULL && owner->process_count > 0;

	if (row->listener.uid == UINT32_MAX)
		row->listener.uid = process ? owner->processes[0]->uid : 1000;
}

static int
read_listening(struct script *script, const char *rest, struct listening *listening)
{
	struct endpoint *endpoint = &listening->row.listener.endpoint;
	struct words words;

	if (words_split(rest, &words) < 0)
		return -EINVAL;
	if (words_take(&words, "udp"))
		endpoint->protocol = PROTOCOL_UDP;
	else if (!words_take(&words, "tcp"))
		return -EINVAL;
	if (words_endpoint(&words, endpoint) < 0)
		return -EINVAL;
	while (words.next < words.count)
		if (read_flag(script, &words, listening) < 0)
			return -EINVAL;
	set_creator(&listening->row);
	return endpoint->port + listening->many > PORT_COUNT ? -EINVAL : 0;
}

int
script_listen(struct script *script, const char *rest)
{
	struct world *world = &script->world;
	struct listening listening = {
		.row.listener = { .endpoint.netns = 1,
		    .uid = UINT32_MAX,
		    .choice = CHOICE_ASKED,
		    .inode = UINT32_MAX },
		.many = 1,
		.share = 1,
	};

	if (read_listening(script, rest, &listening) < 0)
		return -EINVAL;
	for (uint64_t i = 0; i < listening.many * listening.share; i++) {
		struct row *row = world_add_row(world);
		struct listener *listener = &row->listener;

		*row = listening.row;
		listener->endpoint.port += (uint16_t)(i / listening.share);
		listener->cookie = listening.row.listener.cookie == 0 ?
		    world->next_cookie++ :
		    listening.row.listener.cookie + i;
		if (listening.row.listener.inode == UINT32_MAX)
			listener->inode = (uint32_t)listener->cookie;
		else if (listener->inode != 0)
			listener->inode += (uint32_t)i;
	}
	return 0;
}

/* Reads "SOCKET [many N]". */
static int
read_sockets(struct words *words, uint64_t *ret_first, uint64_t *ret_count)
{
	*ret_count = 1;
	if (words_number(words, ret_first) < 0 ||
	    (words_take(words, "many") && words_number(words, ret_count) < 0))
		return -EINVAL;
	return 0;
}

struct closing {
	bool all, by_port;
	uint64_t first, count;
};

static bool
is_doomed(const struct row *row, const void *what)
{
	const struct closing *closing = what;
	uint64_t key = closing->by_port ? row->listener.endpoint.port : row->listener.cookie;

	return closing->all || (key >= closing->first && key - closing->first < closing->count);
}

static int
play_close(struct script *script, const char *rest)
{
	struct closing closing = { 0 };
	struct words words;

	if (words_split(rest, &words) < 0)
		return -EINVAL;
	closing.all = words_take(&words, "all");
	closing.by_port = words_take(&words, "port");
	if (!closing.all && read_sockets(&words, &closing.first, &closing.count) < 0)
		return -EINVAL;
	return words.next < words.count || world_close(&script->world, is_doomed, &closing) == 0 ?
	    -EINVAL :
	    0;
}

/* A statement about one socket that is there: reads its number. */
static struct row *
read_row(struct script *script, struct words *words)
{
	uint64_t cookie;

	return words_number(words, &cookie) < 0 ? NULL : world_find_row(&script->world, cookie);
}

static int
set_connected(struct script *script, const char *rest, bool connected)
{
	struct words words;
	struct row *row = words_split(rest, &words) < 0 ? NULL : read_row(script, &words);

	if (row == NULL || row->listener.endpoint.protocol != PROTOCOL_UDP)
		return -EINVAL;
	row->connected = connected;
	return 0;
}

static int
play_connect(struct script *script, const char *rest)
{
	return set_connected(script, rest, true);
}

static int
play_disconnect(struct script *script, const char *rest)
{
	return set_connected(script, rest, false);
}

static int
play_hold(struct script *script, const char *rest)
{
	struct words words;
	struct row *row = words_split(rest, &words) < 0 ? NULL : read_row(script, &words);
	const char *name = row == NULL ? NULL : words_next(&words);

	if (name == NULL)
		return -EINVAL;
	row->who = world_find_who(&script->world, name);
	return row->who == NULL && strcmp(name, "nobody") != 0 ? -EINVAL : 0;
}

/* connections SOCKET [many N] COUNT */
static int
play_connections(struct script *script, const char *rest)
{
	uint64_t first, count, connections;
	struct words words;

	if (words_split(rest, &words) < 0 || read_sockets(&words, &first, &count) < 0 ||
	    words_number(&words, &connections) < 0)
		return -EINVAL;
	for (uint64_t i = 0; i < count; i++) {
		struct row *row = world_find_row(&script->world, first + i);
		if (row == NULL)
			return -EINVAL;
		row->connections = connections;
	}
	return 0;
}

/* surveys every SPAN | off */
static int
play_surveys(struct script *script, const char *rest)
{
	uint64_t span_usec = USEC_NEVER;
	struct words words;

	if (words_split(rest, &words) < 0 ||
	    (!words_take(&words, "off") &&
		(!words_take(&words, "every") || words_duration(&words, &span_usec) < 0)))
		return -EINVAL;
	world_set_surveys(&script->world, span_usec);
	return 0;
}

static int
play_lookup(struct script *script, const char *rest)
{
	static const char *const modes[] = {
		[LOOKUP_ANSWERS] = "answers",
		[LOOKUP_HANGS] = "hangs",
		[LOOKUP_NONSENSE] = "nonsense",
		[LOOKUP_DEAD] = "dead",
	};
	struct words words;
	uint64_t delay_usec = 0;
	unsigned mode = 0;

	if (words_split(rest, &words) < 0)
		return -EINVAL;
	while (mode < ARRAY_SIZE(modes) && !words_take(&words, modes[mode]))
		mode++;
	if (mode == ARRAY_SIZE(modes) ||
	    (words_take(&words, "after") && words_duration(&words, &delay_usec) < 0))
		return -EINVAL;
	world_set_lookup(&script->world, (enum lookup_mode)mode, delay_usec);
	return 0;
}

/* miss SOCKET [many N] [dumps N] */
static int
play_miss(struct script *script, const char *rest)
{
	uint64_t first, count, dumps = 1;
	struct words words;

	if (words_split(rest, &words) < 0 || read_sockets(&words, &first, &count) < 0 ||
	    (words_take(&words, "dumps") && words_number(&words, &dumps) < 0))
		return -EINVAL;
	for (uint64_t i = 0; i < count; i++) {
		struct row *row = world_find_row(&script->world, first + i);
		if (row == NULL)
			return -EINVAL;
		row->missed = dumps;
	}
	return 0;
}

/* Reads what may stand at the end: "of tcp", "of udp ipv6", "of ipv4". */
static int
read_portion(struct words *words, struct portion *ret)
{
	*ret = (struct portion){ 0 };
	if (words->next == words->count)
		return 0;
	if (!words_take(words, "of"))
		return -EINVAL;
	if (words_take(words, "tcp"))
		ret->protocols = 1 << PROTOCOL_TCP;
	else if (words_take(words, "udp"))
		ret->protocols = 1 << PROTOCOL_UDP;
	if (words_take(words, "ipv4"))
		ret->family = AF_INET;
	else if (words_take(words, "ipv6"))
		ret->family = AF_INET6;
	return words->next == words->count ? 0 : -EINVAL;
}

/* incomplete REASON polls N [of PORTION] */
static int
play_incomplete(struct script *script, const char *rest)
{
	static const struct {
		const char *name;
		enum incomplete reason;
	} reasons[] = {
		{ "interrupted", INCOMPLETE_INTERRUPTED },
		{ "kernel", INCOMPLETE_KERNEL },
		{ "overrun", INCOMPLETE_OVERRUN },
		{ "truncated", INCOMPLETE_TRUNCATED },
		{ "sequence", INCOMPLETE_SEQUENCE },
		{ "malformed", INCOMPLETE_MALFORMED },
		{ "timeout", INCOMPLETE_TIMEOUT },
	};
	struct world *world = &script->world;
	struct words words;

	if (words_split(rest, &words) < 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (words_take(&words, reasons[i].name)) {
			world->incomplete = reasons[i].reason;
			return words_take(&words, "polls") &&
				words_number(&words, &world->incomplete_polls) == 0 ?
			    read_portion(&words, &world->incomplete_portion) :
			    -EINVAL;
		}
	return -EINVAL;
}

/* cut-proofs N */
static int
read_count(const char *rest, uint64_t *ret)
{
	struct words words;

	return words_split(rest, &words) < 0 ? -EINVAL : words_number(&words, ret);
}

static int
play_cut_proofs(struct script *script, const char *rest)
{
	return read_count(rest, &script->world.cut_proofs);
}

static int
play_failing_polls(struct script *script, const char *rest)
{
	struct world *world = &script->world;
	struct words words;

	/* failing-polls N [of PORTION] */
	return words_split(rest, &words) < 0 || words_number(&words, &world->failing_polls) < 0 ?
	    -EINVAL :
	    read_portion(&words, &world->failing_portion);
}

static int
play_source(struct script *script, const char *rest)
{
	if (strcmp(rest, "/proc/net") != 0 || engine_last_poll(script->world.engine) != NULL)
		return -EINVAL;
	script->world.proc = true;
	return 0;
}

static int
play_kernel_range(struct script *script, const char *rest)
{
	return port_range_parse(rest, &script->world.kernel_range);
}

/* "50000", "50000-50009"; written again, ports are added. */
static int
play_reserved(struct script *script, const char *rest)
{
	struct world *world = &script->world;
	struct port_range range;
	int r = port_range_parse(rest, &range);

	if (r < 0)
		return r;
	port_set_add(&world->reserved, range.first, range.last);
	engine_set_reserved(world->engine, &world->reserved, &world->kernel_range);
	return 0;
}

static int
play_suspend(struct script *script, const char *rest)
{
	uint64_t span_usec;

	if (duration_parse(rest, &span_usec) < 0)
		return -EINVAL;
	world_suspend(&script->world, span_usec);
	return 0;
}

/* The wall clock is set: "+1h", "-1h". */
static int
play_wall_clock(struct script *script, const char *rest)
{
	uint64_t span_usec;

	if ((rest[0] != '+' && rest[0] != '-') || duration_parse(rest + 1, &span_usec) < 0)
		return -EINVAL;
	script->world.wall_usec += rest[0] == '+' ? (int64_t)span_usec : -(int64_t)span_usec;
	return 0;
}

static int
play_heartbeat(struct script *script, const char *rest)
{
	uint64_t offset_usec;

	if (duration_parse(rest, &offset_usec) < 0)
		return -EINVAL;
	engine_set_heartbeat(script->world.engine, offset_usec, "1.0", "0123abcd");
	return 0;
}

static int
play_missed(struct script *script, const char *rest)
{
	uint64_t polls;

	if (read_count(rest, &polls) < 0)
		return -EINVAL;
	engine_note_missed(script->world.engine, polls);
	return 0;
}

/* degraded WORD... | none */
static int
play_degraded(struct script *script, const char *rest)
{
	struct words words;
	uint32_t conditions = 0;
	bool none;

	if (words_split(rest, &words) < 0 || words.count == 0)
		return -EINVAL;
	none = words_take(&words, "none");
	for (unsigned i = 0; i < CONDITION_COUNT && !none; i++)
		if (words_take(&words, condition_name((enum condition)i)))
			conditions |= 1U << i;
	engine_note_conditions(script->world.engine, conditions);
	return words.next == words.count ? 0 : -EINVAL;
}

static int
play_sender(struct script *script, const char *rest)
{
	script->world.sender_stuck = strcmp(rest, "stuck") == 0;
	if (!script->world.sender_stuck && strcmp(rest, "works") != 0)
		return -EINVAL;
	world_deliver(&script->world);
	return 0;
}

static int
play_peers(struct script *script, const char *rest)
{
	script->world.peers_hang = strcmp(rest, "hang") == 0;
	return script->world.peers_hang ? 0 : -EINVAL;
}

static int
play_fill(struct script *script, const char *rest)
{
	struct world *world = &script->world;
	struct moment moment = world_moment(world);
	char *behind;
	unsigned long count = strtoul(rest, &behind, 10);

	if (*behind != '\0' || count == 0)
		return -EINVAL;
	for (unsigned long i = 0; i < count; i++)
		engine_put(world->engine,
		    report_new(NOTICE_RELOADED_UNCHANGED, SEVERITY_INFO,
			FACTS(fact_text(FACT_HASH, "0123abcd"))),
		    &moment);
	return 0;
}

static const struct {
	const char *word;
	int (*function)(struct script *script, const char *rest);
} statements[] = {
	{ "also", write_also },
	{ "at", play_at },
	{ "close", play_close },
	{ "config", play_config },
	{ "connect", play_connect },
	{ "connections", play_connections },
	{ "counts", check_counts },
	{ "cut-proofs", play_cut_proofs },
	{ "daemon", play_daemon },
	{ "disconnect", play_disconnect },
	{ "degraded", play_degraded },
	{ "expect", check_expect },
	{ "failing-polls", play_failing_polls },
	{ "field", check_field },
	{ "fill", play_fill },
	{ "heartbeat", play_heartbeat },
	{ "hold", play_hold },
	{ "incomplete", play_incomplete },
	{ "kernel-range", play_kernel_range },
	{ "listen", script_listen },
	{ "lookup", play_lookup },
	{ "miss", play_miss },
	{ "missed", play_missed },
	{ "nofield", check_nofield },
	{ "with", check_with },
	{ "owner", write_owner },
	{ "peers", play_peers },
	{ "program", play_program },
	{ "reboots", play_reboots },
	{ "repeat", play_repeat },
	{ "reserved", play_reserved },
	{ "sender", play_sender },
	{ "sleeps", play_sleeps },
	{ "source", play_source },
	{ "stay", check_stay },
	{ "surveys", play_surveys },
	{ "suspend", play_suspend },
	{ "wall-clock", play_wall_clock },
};

static int
play_line(struct script *script)
{
	const char *written = script->lines[script->at] + strspn(script->lines[script->at], " \t");
	_free_ char *line = NULL;
	const char *rest;
	size_t length;

	if (written[0] == '\0' || written[0] == '#')
		return 0;
	line = words_with_number(written, script->round);
	length = strcspn(line, " \t");
	rest = line + length + strspn(line + length, " \t");
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++)
		if (strlen(statements[i].word) == length &&
		    strncmp(statements[i].word, line, length) == 0)
			return statements[i].function(script, rest);
	return -EINVAL;
}

int
script_play(struct script *script, size_t end)
{
	for (; script->at < end; script->at++) {
		int r = play_line(script);

		if (r == -ECANCELED)
			return r;
		if (r < 0) {
			complain(script, "this line makes no sense: %s", script->lines[script->at]);
			return -EINVAL;
		}
	}
	return 0;
}
