/* SPDX-License-Identifier: MIT */
/*
 * Words about listeners: where they are bound, who is connected to them, and what is suspicious.
 * Whatever a process, an administrator or another host chose passes text_escape() here, each
 * piece with a bound of its own, so that none can push the others out of the line.
 *
 * Asks the host nothing but through the context. Cost: a few formats for each line.
 */
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "alert/describe.h"
#include "model/hint.h"

/* Bounds of the pieces of a line; together with all words around them, and those of
 * describe-owner.c and message.c, less than MESSAGE_TEXT_MAX, whatever is in them. */
#define INTERFACE_TEXT_MAX 32

/* Peers that a line shows; the field has more of them. */
#define PEERS_SHOWN 3

void
describe_user(struct text *text, uint32_t uid, const struct message_context *context, size_t max)
{
	const char *name = context->user_name == NULL || uid == UINT32_MAX ?
	    NULL :
	    context->user_name(uid, context->argument);

	if (uid == UINT32_MAX)
		text_add(text, "an unknown user");
	else if (name == NULL || name[0] == '\0')
		text_printf(text, "uid %u", uid);
	else
		text_escape_string(text, name, max);
}

void
describe_interface(struct text *text, uint32_t index, const struct message_context *context)
{
	const char *name = context->interface_name == NULL ?
	    NULL :
	    context->interface_name(index, context->argument);

	if (name == NULL || name[0] == '\0')
		text_printf(text, "index %u", index);
	else
		text_escape_string(text, name, INTERFACE_TEXT_MAX);
}

void
describe_address(struct text *text, const struct endpoint *endpoint,
    const struct message_context *context)
{
	char address[ENDPOINT_TEXT_MAX];
	bool brackets = endpoint->family == AF_INET6;

	text_printf(text, "%s%s", brackets ? "[" : "", endpoint_format_address(endpoint, address));
	if (endpoint->interface != 0) {
		text_add(text, "%");
		describe_interface(text, endpoint->interface, context);
	}
	text_add(text, brackets ? "]" : "");
}

void
describe_endpoint(struct text *text, const struct endpoint *endpoint,
    const struct message_context *context)
{
	describe_address(text, endpoint, context);
	text_printf(text, ":%u", endpoint->port);
}

/* Which addresses answer, "" for one specific address, which speaks for itself; and in
 * *ret_families what is to be said of IPv4 and IPv6. */
static const char *
exposure_words(const struct report_stay *stay, const char **ret_families)
{
	static const char *const of_any6[] = {
		[V6ONLY_UNKNOWN] = "all IPv6 addresses",
		[V6ONLY_NO] = "all addresses",
		[V6ONLY_YES] = "all IPv6 addresses",
	};
	static const char *const families6[] = {
		[V6ONLY_UNKNOWN] = ", possibly IPv4",
		[V6ONLY_NO] = ", IPv4 and IPv6",
		[V6ONLY_YES] = "",
	};
	static const uint8_t zero[16];

	*ret_families = "";
	switch (endpoint_exposure(&stay->endpoint)) {
	case EXPOSURE_LOOPBACK:
		return "loopback only";
	case EXPOSURE_LOCAL:
		return "";
	case EXPOSURE_ANY:
		break;
	}
	if (stay->endpoint.family != AF_INET6)
		return "all addresses";
	/* ::ffff:0.0.0.0 is an IPv6 socket that takes IPv4 alone. */
	if (memcmp(stay->endpoint.address, zero, sizeof(zero)) != 0)
		return "all IPv4 addresses";
	*ret_families = families6[stay->v6only];
	return of_any6[stay->v6only];
}

void
describe_binding(struct text *text, const struct report_stay *stay,
    const struct message_context *context)
{
	const char *families, *exposure = exposure_words(stay, &families);
	const char *comma = exposure[0] == '\0' ? "" : ", ";

	if (exposure[0] == '\0' && stay->sockets <= 1)
		return;
	text_printf(text, " (%s", exposure);
	if (stay->endpoint.interface != 0 && endpoint_exposure(&stay->endpoint) == EXPOSURE_ANY) {
		text_add(text, " on ");
		describe_interface(text, stay->endpoint.interface, context);
	}
	text_add(text, families);
	if (stay->sockets > 1)
		text_printf(text, "%s%u sockets", comma, stay->sockets);
	if (stay->users > 1)
		text_printf(text, " of %u users", stay->users);
	text_add(text, ")");
}

void
describe_peer(struct text *text, const struct report_peer *peer)
{
	struct endpoint endpoint = { .port = peer->port, .family = peer->family };
	char buffer[ENDPOINT_TEXT_MAX];

	memcpy(endpoint.address, peer->address, sizeof(endpoint.address));
	text_add(text, endpoint_format(&endpoint, buffer));
}

void
describe_peers(struct text *text, const struct report_peers *peers)
{
	uint32_t shown = peers->kept < PEERS_SHOWN ? peers->kept : PEERS_SHOWN;
	const char *comma = "";

	for (uint32_t i = 0; i < shown; i++, comma = ", ") {
		text_add(text, comma);
		describe_peer(text, &peers->peers[i]);
	}
	if (peers->count > shown)
		text_printf(text, "%s...", comma);
	if (peers->count > shown || !peers->complete)
		text_printf(text, " (%s%u)", peers->complete ? "" : "at least ", peers->count);
}

void
describe_reasons(struct text *text, uint32_t reasons)
{
	const char *comma = "";

	/* The table has the strong ones first. */
	for (unsigned i = 0; i < REASON_COUNT; i++) {
		if ((reasons >> i & 1) == 0)
			continue;
		text_printf(text, "%s%s", comma, reason_text((enum reason)i));
		comma = ", ";
	}
}

/* " in 240 surveys since 2026-11-27 (short ones can be missed)", by the clock of UTC. */
static void
describe_use(struct text *text, const struct report_use *use)
{
	time_t since = (time_t)use->since_sec;
	char date[32];
	struct tm tm;

	text_printf(text, " in %u surveys", use->surveys);
	if (gmtime_r(&since, &tm) != NULL && strftime(date, sizeof(date), "%F %R UTC", &tm) > 0)
		text_printf(text, " since %s", date);
	text_add(text, " (short ones can be missed)");
}

void
describe_hints(struct text *text, const struct report_stay *stay)
{
	const char *comma = "";

	for (unsigned i = 0; i < HINT_COUNT; i++) {
		if ((stay->hints >> i & 1) == 0)
			continue;
		text_printf(text, "%s%s", comma, hint_text((enum hint)i));
		if (i == HINT_UNUSED && stay->use.since_sec != 0)
			describe_use(text, &stay->use);
		comma = ", ";
	}
}

const char *
describe_advice(const char *line)
{
	if (line != NULL && line[0] != '\0')
		return line;
	return "net.ipv4.ip_local_reserved_ports = the value of "
	       "/proc/sys/net/ipv4/ip_local_reserved_ports and these ports";
}
