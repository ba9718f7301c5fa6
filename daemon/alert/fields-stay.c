/* SPDX-License-Identifier: MIT */
/*
 * The fields about a listener and its stay. See fields.c.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "alert/describe.h"
#include "alert/field-table.h"
#include "alert/field-value.h"
#include "model/hint.h"
#include "model/range.h"

/* What a rule says is the administrator's, but no novel. */
#define RULE_TEXT_MAX 512

static void
stay_id(struct text *value, const struct field_source *source)
{
	for (size_t i = 0; i < sizeof(source->stay->id.bytes); i++)
		text_printf(value, "%02x", source->stay->id.bytes[i]);
}

static void
sequence(struct text *value, const struct field_source *source)
{
	text_printf(value, "%u", source->stay->sequence);
}

static void
state(struct text *value, const struct field_source *source)
{
	text_add(value, stay_state_name(source->stay->state));
}

static void
severity(struct text *value, const struct field_source *source)
{
	text_add(value, severity_name(source->stay->severity));
}

static void
protocol(struct text *value, const struct field_source *source)
{
	text_add(value, protocol_name((enum protocol)source->stay->endpoint.protocol));
}

static void
address(struct text *value, const struct field_source *source)
{
	char buffer[ENDPOINT_TEXT_MAX];

	text_add(value, endpoint_format_address(&source->stay->endpoint, buffer));
}

static void
port(struct text *value, const struct field_source *source)
{
	text_printf(value, "%u", source->stay->endpoint.port);
}

static void
interface(struct text *value, const struct field_source *source)
{
	if (source->stay->endpoint.interface != 0)
		describe_interface(value, source->stay->endpoint.interface, source->context);
}

static void
v6only(struct text *value, const struct field_source *source)
{
	if (source->stay->endpoint.family == AF_INET6 && source->stay->v6only != V6ONLY_UNKNOWN)
		text_add(value, source->stay->v6only == V6ONLY_YES ? "yes" : "no");
}

static void
exposure(struct text *value, const struct field_source *source)
{
	text_add(value, exposure_name(endpoint_exposure(&source->stay->endpoint)));
}

static void
choice(struct text *value, const struct field_source *source)
{
	if (source->stay->choice != CHOICE_UNKNOWN)
		text_add(value, choice_name(source->stay->choice));
}

static void
netns_cookie(struct text *value, const struct field_source *source)
{
	if (source->stay->endpoint.netns != 0)
		text_printf(value, "%" PRIu64, source->stay->endpoint.netns);
}

static void
age(struct text *value, const struct field_source *source)
{
	value_add_usec(value, source->stay->age_usec);
}

static void
age_max(struct text *value, const struct field_source *source)
{
	value_add_usec(value, source->stay->age_max_usec);
}

static void
away(struct text *value, const struct field_source *source)
{
	value_add_usec(value, source->stay->away_usec);
}

static void
span(struct text *value, const struct field_source *source)
{
	value_add_usec(value, source->stay->span_usec);
}

static void
threshold(struct text *value, const struct field_source *source)
{
	value_add_usec(value, source->stay->threshold_usec);
}

static void
first_seen(struct text *value, const struct field_source *source)
{
	value_add_usec(value, source->stay->first_seen_usec);
}

static void
joined(struct text *value, const struct field_source *source)
{
	const struct report_group *group = source->stay->group;

	if (group != NULL && group->joined_usec != 0)
		value_add_usec(value, group->joined_usec);
}

static void
range(struct text *value, const struct field_source *source)
{
	if (source->stay->range != 0)
		text_add(value, range_source_name(source->stay->range));
}

static void
add_rule_text(struct text *value, const char *words)
{
	if (words != NULL)
		text_escape_string(value, words, RULE_TEXT_MAX);
}

static void
rule(struct text *value, const struct field_source *source)
{
	add_rule_text(value, source->stay->rule);
}

static void
note(struct text *value, const struct field_source *source)
{
	add_rule_text(value, source->stay->note);
}

static void
would_allow(struct text *value, const struct field_source *source)
{
	add_rule_text(value, source->stay->would_allow);
}

static void class(struct text *value, const struct field_source *source)
{
	text_add(value, class_name(source->stay->class));
}

static void
reasons(struct text *value, const struct field_source *source)
{
	for (unsigned i = 0; i < REASON_COUNT; i++)
		if ((source->stay->reasons >> i & 1) != 0)
			text_printf(value, "%s%s",
			    (source->stay->reasons & ((1U << i) - 1)) == 0 ? "" : " ",
			    reason_name((enum reason)i));
}

/* The n-th of the reasons that there are. */
static void
reason(struct text *value, const struct field_source *source)
{
	uint32_t skip = source->number;

	for (unsigned i = 0; i < REASON_COUNT; i++)
		if ((source->stay->reasons >> i & 1) != 0 && skip-- == 0)
			text_add(value, reason_name((enum reason)i));
}

static void
hints(struct text *value, const struct field_source *source)
{
	for (unsigned i = 0; i < HINT_COUNT; i++)
		if ((source->stay->hints >> i & 1) != 0)
			text_printf(value, "%s%s",
			    (source->stay->hints & ((1U << i) - 1)) == 0 ? "" : " ",
			    hint_name((enum hint)i));
}

static void
last_used(struct text *value, const struct field_source *source)
{
	const struct report_use *use = &source->stay->use;

	if (use->seen)
		value_add_usec(value, use->since_sec * USEC_PER_SEC);
}

static void
strength(struct text *value, const struct field_source *source)
{
	if (source->stay->reasons != 0)
		text_add(value, reason_strength_name(reasons_strength(source->stay->reasons)));
}

/* How many stand in the report. */
static uint32_t
count_kept(const struct report_peers *all)
{
	if (all == NULL)
		return 0;
	return all->kept < REPORT_PEERS_MAX ? all->kept : REPORT_PEERS_MAX;
}

static void
peers(struct text *value, const struct field_source *source)
{
	for (uint32_t i = 0; i < count_kept(source->stay->peers); i++) {
		text_add(value, i == 0 ? "" : " ");
		describe_peer(value, &source->stay->peers->peers[i]);
	}
}

static void
peer(struct text *value, const struct field_source *source)
{
	if (source->number < count_kept(source->stay->peers))
		describe_peer(value, &source->stay->peers->peers[source->number]);
}

static void
peer_count(struct text *value, const struct field_source *source)
{
	if (source->stay->peers != NULL)
		text_printf(value, "%u", source->stay->peers->count);
}

static void
port_before(struct text *value, const struct field_source *source)
{
	if (source->stay->port_count == 1)
		text_printf(value, "%u", source->stay->ports[0]);
}

static void
group(struct text *value, const struct field_source *source)
{
	const struct report_group *group = source->stay->group;

	for (size_t i = 0; group != NULL && i < sizeof(group->id); i++)
		text_printf(value, "%02x", group->id[i]);
}

/* True where one of those before it has the same port. */
static bool
is_named(const struct report_stay *stay, uint32_t index)
{
	uint16_t port = stay->group->others[index].port;
	bool found = port == stay->endpoint.port;

	for (uint32_t i = 0; i < index && !found; i++)
		found = stay->group->others[i].port == port;
	return found;
}

/* Of one that hops those it had; else those that the message reports. */
static void
ports(struct text *value, const struct field_source *source)
{
	const struct report_stay *stay = source->stay;

	for (uint32_t i = 0; i < stay->port_count && i < REPORT_PORTS_MAX; i++)
		text_printf(value, "%s%u", i == 0 ? "" : " ", stay->ports[i]);
	if (stay->port_count > 0 || stay->group == NULL || stay->group->other_kept == 0)
		return;
	text_printf(value, "%u", stay->endpoint.port);
	for (uint32_t i = 0; i < stay->group->other_kept; i++)
		if (!is_named(stay, i))
			text_printf(value, " %u", stay->group->others[i].port);
}

static void
hops(struct text *value, const struct field_source *source)
{
	text_printf(value, "%u", source->stay->hops);
}

static void
taker(struct text *value, const struct field_source *source)
{
	const struct report_group *group = source->stay->group;
	const char *name;

	if (group == NULL || group->takers == NULL || source->number >= group->taker_count)
		return;
	name = group->takers;
	for (uint32_t i = 0; i < source->number; i++)
		name += strlen(name) + 1;
	value_add_bytes(value, name);
}

/* Half a line would be a wrong one. */
static void
advice(struct text *value, const struct field_source *source)
{
	const char *line = source->stay->advice;

	if (line != NULL && strlen(line) <= VALUE_MAX)
		value_add_bytes(value, describe_advice(line));
}

static void
sockets(struct text *value, const struct field_source *source)
{
	if (source->stay->sockets > 1)
		text_printf(value, "%u", source->stay->sockets);
}

static void
cookie(struct text *value, const struct field_source *source)
{
	if (source->stay->cookie != 0 && (source->stay->cookie & COOKIE_IS_INODE) == 0)
		text_printf(value, "%" PRIu64, source->stay->cookie);
}

static void
inode(struct text *value, const struct field_source *source)
{
	if (source->stay->inode != 0)
		text_printf(value, "%u", source->stay->inode);
}

static const struct field_row rows[] = {
	{ "OVERSTAY_STAY", FIELDS_STAY, FIELD_ID, false, stay_id },
	{ "OVERSTAY_SEQUENCE", FIELDS_STAY, FIELD_INTEGER, false, sequence },
	{ "OVERSTAY_STATE", FIELDS_STAY, FIELD_WORD, false, state },
	{ "OVERSTAY_SEVERITY", FIELDS_STAY, FIELD_WORD, false, severity },
	{ "OVERSTAY_PROTOCOL", FIELDS_STAY, FIELD_WORD, false, protocol },
	{ "OVERSTAY_ADDRESS", FIELDS_STAY, FIELD_STRING, false, address },
	{ "OVERSTAY_PORT", FIELDS_STAY, FIELD_INTEGER, false, port },
	{ "OVERSTAY_PORT_BEFORE", FIELDS_AWAY, FIELD_INTEGER, false, port_before },
	{ "OVERSTAY_GROUP", FIELDS_GROUP, FIELD_ID, false, group },
	{ "OVERSTAY_PORTS", FIELDS_GROUP, FIELD_INTEGERS, false, ports },
	{ "OVERSTAY_HOPS", FIELDS_HOPS, FIELD_INTEGER, false, hops },
	{ "OVERSTAY_TURNS", FIELDS_TURNS, FIELD_INTEGER, false, hops },
	{ "OVERSTAY_TAKER", FIELDS_TURNS, FIELD_STRING, true, taker },
	{ "OVERSTAY_INTERFACE", FIELDS_STAY, FIELD_STRING, false, interface },
	{ "OVERSTAY_V6ONLY", FIELDS_STAY, FIELD_BOOLEAN, false, v6only },
	{ "OVERSTAY_EXPOSURE", FIELDS_STAY, FIELD_WORD, false, exposure },
	{ "OVERSTAY_CHOICE", FIELDS_STAY, FIELD_WORD, false, choice },
	{ "OVERSTAY_NETNS_COOKIE", FIELDS_STAY, FIELD_INTEGER, false, netns_cookie },
	{ "OVERSTAY_AGE_USEC", FIELDS_STAY, FIELD_USEC, false, age },
	{ "OVERSTAY_AGE_MAX_USEC", FIELDS_STAY, FIELD_USEC, false, age_max },
	{ "OVERSTAY_SPAN_USEC", FIELDS_SPAN, FIELD_USEC, false, span },
	{ "OVERSTAY_AWAY_USEC", FIELDS_AWAY, FIELD_USEC, false, away },
	{ "OVERSTAY_THRESHOLD_USEC", FIELDS_STAY, FIELD_USEC, false, threshold },
	{ "OVERSTAY_FIRST_SEEN_USEC", FIELDS_STAY, FIELD_TIME, false, first_seen },
	{ "OVERSTAY_JOINED_USEC", FIELDS_GROUP, FIELD_TIME, false, joined },
	{ "OVERSTAY_RANGE", FIELDS_STAY, FIELD_WORD, false, range },
	{ "OVERSTAY_CLASS", FIELDS_STAY, FIELD_WORD, false, class },
	{ "OVERSTAY_REASONS", FIELDS_STAY, FIELD_WORDS, false, reasons },
	{ "OVERSTAY_REASON", FIELDS_STAY, FIELD_WORD, true, reason },
	{ "OVERSTAY_STRENGTH", FIELDS_STAY, FIELD_WORD, false, strength },
	{ "OVERSTAY_HINTS", FIELDS_STAY, FIELD_WORDS, false, hints },
	{ "OVERSTAY_LAST_USED_USEC", FIELDS_STAY, FIELD_TIME, false, last_used },
	{ "OVERSTAY_RULE", FIELDS_STAY, FIELD_STRING, false, rule },
	{ "OVERSTAY_NOTE", FIELDS_STAY, FIELD_STRING, false, note },
	{ "OVERSTAY_WOULD_ALLOW", FIELDS_STAY, FIELD_STRING, false, would_allow },
	{ "OVERSTAY_ADVICE", FIELDS_STAY, FIELD_STRING, false, advice },
	{ "OVERSTAY_PEERS", FIELDS_STAY, FIELD_STRINGS, false, peers },
	{ "OVERSTAY_PEER", FIELDS_STAY, FIELD_STRING, true, peer },
	{ "OVERSTAY_PEER_COUNT", FIELDS_STAY, FIELD_INTEGER, false, peer_count },
	{ "OVERSTAY_SOCKETS", FIELDS_STAY, FIELD_INTEGER, false, sockets },
	{ "OVERSTAY_COOKIE", FIELDS_STAY, FIELD_INTEGER, false, cookie },
	{ "OVERSTAY_INODE", FIELDS_STAY, FIELD_INTEGER, false, inode },
};

const struct field_table fields_of_stay = { rows, ARRAY_SIZE(rows) };
