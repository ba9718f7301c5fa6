/* SPDX-License-Identifier: MIT */
/*
 * A bitmap over the 65,536 ports. Knows nothing of what the ports mean. Walking it by runs costs
 * a poll at each of the 1,024 words at most.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/port-set.h"

void
port_set_clear(struct port_set *set)
{
	memset(set, 0, sizeof(*set));
}

void
port_set_add(struct port_set *set, uint16_t first, uint16_t last)
{
	for (uint32_t port = first; port <= last; port++)
		set->words[port / 64] |= 1ULL << (port % 64);
}

void
port_set_union(struct port_set *set, const struct port_set *other)
{
	for (size_t i = 0; i < ARRAY_SIZE(set->words); i++)
		set->words[i] |= other->words[i];
}

bool
port_set_has(const struct port_set *set, uint16_t port)
{
	return (set->words[port / 64] >> (port % 64) & 1) != 0;
}

bool
port_set_equal(const struct port_set *a, const struct port_set *b)
{
	return memcmp(a->words, b->words, sizeof(a->words)) == 0;
}

unsigned
port_set_count(const struct port_set *set)
{
	unsigned count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(set->words); i++)
		count += (unsigned)__builtin_popcountll(set->words[i]);
	return count;
}

/* The first port at or after `from` that is (or is not) a member, PORT_COUNT if there is none. */
static uint32_t
find(const struct port_set *set, uint32_t from, bool member)
{
	while (from < PORT_COUNT) {
		uint64_t word = set->words[from / 64];
		uint64_t rest = (member ? word : ~word) >> (from % 64);
		if (rest != 0)
			return from + (uint32_t)__builtin_ctzll(rest);
		from = (from / 64 + 1) * 64;
	}
	return PORT_COUNT;
}

bool
port_set_next(const struct port_set *set, uint32_t from, struct port_range *ret)
{
	uint32_t first = find(set, from, true);

	if (first == PORT_COUNT)
		return false;
	ret->first = (uint16_t)first;
	ret->last = (uint16_t)(find(set, first, false) - 1);
	return true;
}

bool
port_set_format(const struct port_set *set, char *buffer, size_t size)
{
	struct port_range run;
	char one[16]; /* ",65535-65535" */
	size_t used = 0;

	buffer[0] = '\0';
	for (uint32_t from = 0; port_set_next(set, from, &run); from = run.last + 1u) {
		const char *comma = used > 0 ? "," : "";
		int length = run.first == run.last ?
		    snprintf(one, sizeof(one), "%s%u", comma, run.first) :
		    snprintf(one, sizeof(one), "%s%u-%u", comma, run.first, run.last);

		if ((size_t)length >= size - used)
			return false;
		memcpy(buffer + used, one, (size_t)length + 1);
		used += (size_t)length;
	}
	return true;
}

/* Reads one port of at most five digits and steps over it. */
static int
parse_port(const char **text, uint16_t *ret)
{
	const char *p = *text;
	uint32_t value = 0;

	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	for (; isdigit((unsigned char)*p); p++) {
		value = value * 10 + (uint32_t)(*p - '0');
		if (value >= PORT_COUNT)
			return -EINVAL;
	}
	if (value == 0)
		return -EINVAL;
	*text = p;
	*ret = (uint16_t)value;
	return 0;
}

int
port_range_parse(const char *text, struct port_range *ret)
{
	struct port_range range;

	if (parse_port(&text, &range.first) < 0)
		return -EINVAL;
	range.last = range.first;
	if (*text == '-') {
		text++;
		if (parse_port(&text, &range.last) < 0)
			return -EINVAL;
	}
	if (*text != '\0')
		return -EINVAL;
	if (range.first > range.last)
		return -ERANGE;
	*ret = range;
	return 0;
}
