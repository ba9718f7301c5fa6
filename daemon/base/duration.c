/* SPDX-License-Identifier: MIT */
/*
 * Time spans to and from text, from one table of units. Knows no clock.
 * The words are those of systemd.time(7); months and years are left out, since they have no
 * fixed length and no threshold needs them.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"

/* A hundred years: more is a slip of the keyboard, and sums of such spans cannot overflow. */
#define DURATION_MAX_USEC (36525ULL * USEC_PER_DAY)

static const struct {
	const char *name;
	uint64_t usec;
} units[] = {
	/* The first name of each length is the one that is written. Longest unit first. */
	{ "w", 7 * USEC_PER_DAY },
	{ "week", 7 * USEC_PER_DAY },
	{ "weeks", 7 * USEC_PER_DAY },
	{ "d", USEC_PER_DAY },
	{ "day", USEC_PER_DAY },
	{ "days", USEC_PER_DAY },
	{ "h", USEC_PER_HOUR },
	{ "hr", USEC_PER_HOUR },
	{ "hour", USEC_PER_HOUR },
	{ "hours", USEC_PER_HOUR },
	{ "min", USEC_PER_MIN },
	{ "m", USEC_PER_MIN },
	{ "minute", USEC_PER_MIN },
	{ "minutes", USEC_PER_MIN },
	{ "s", USEC_PER_SEC },
	{ "sec", USEC_PER_SEC },
	{ "second", USEC_PER_SEC },
	{ "seconds", USEC_PER_SEC },
	{ "ms", USEC_PER_MSEC },
	{ "msec", USEC_PER_MSEC },
	{ "us", 1 },
	{ "usec", 1 },
};

/* The units that are written, longest first; weeks are read but written as days. */
static const struct {
	const char *name;
	uint64_t usec;
} written[] = {
	{ "d", USEC_PER_DAY },
	{ "h", USEC_PER_HOUR },
	{ "min", USEC_PER_MIN },
	{ "s", USEC_PER_SEC },
	{ "ms", USEC_PER_MSEC },
	{ "us", 1 },
};

static uint64_t
unit_usec(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i].name) == length && strncmp(units[i].name, name, length) == 0)
			return units[i].usec;
	return 0;
}

/* Reads one "number unit" pair at *text, adds it to *total and steps over it. */
static int
parse_part(const char **text, uint64_t *total)
{
	const char *p = *text, *unit;
	uint64_t value = 0, usec;

	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	for (; isdigit((unsigned char)*p); p++) {
		value = value * 10 + (uint64_t)(*p - '0');
		if (value > DURATION_MAX_USEC)
			return -ERANGE;
	}
	while (*p == ' ')
		p++;
	unit = p;
	while (isalpha((unsigned char)*p))
		p++;
	if (p == unit && *p != '\0')
		return -EINVAL;
	usec = p == unit ? USEC_PER_SEC : unit_usec(unit, (size_t)(p - unit));
	if (usec == 0)
		return -EINVAL;
	if (value > DURATION_MAX_USEC / usec || *total + value * usec > DURATION_MAX_USEC)
		return -ERANGE;
	*total += value * usec;
	while (*p == ' ')
		p++;
	*text = p;
	return 0;
}

int
duration_parse(const char *text, uint64_t *ret_usec)
{
	uint64_t total = 0;

	while (*text == ' ')
		text++;
	if (strcmp(text, "never") == 0 || strcmp(text, "infinity") == 0) {
		*ret_usec = USEC_NEVER;
		return 0;
	}
	if (*text == '\0')
		return -EINVAL;
	while (*text != '\0') {
		int r = parse_part(&text, &total);
		if (r < 0)
			return r;
	}
	*ret_usec = total;
	return 0;
}

/* Writes at most max_parts units of usec, longest first. */
static const char *
format_parts(uint64_t usec, char *buffer, unsigned max_parts)
{
	size_t used = 0;
	unsigned parts = 0;

	for (size_t i = 0; i < ARRAY_SIZE(written) && parts < max_parts; i++) {
		uint64_t count = usec / written[i].usec;
		if (count == 0) {
			/* "10min 4ms" reads as noise: units that follow a gap are left out. */
			if (parts > 0 && max_parts <= 2)
				break;
			continue;
		}
		used += (size_t)snprintf(buffer + used, DURATION_TEXT_MAX - used, "%s%llu%s",
		    parts > 0 ? " " : "", (unsigned long long)count, written[i].name);
		usec %= written[i].usec;
		parts++;
	}
	if (parts == 0)
		(void)snprintf(buffer, DURATION_TEXT_MAX, "0s");
	return buffer;
}

const char *
duration_format(uint64_t usec, char *buffer)
{
	if (usec == USEC_NEVER) {
		(void)snprintf(buffer, DURATION_TEXT_MAX, "never");
		return buffer;
	}
	return format_parts(usec, buffer, ARRAY_SIZE(written));
}

const char *
duration_format_short(uint64_t usec, char *buffer)
{
	if (usec == USEC_NEVER) {
		(void)snprintf(buffer, DURATION_TEXT_MAX, "unknown");
		return buffer;
	}
	/* From a second on, nobody reads the milliseconds. */
	if (usec >= USEC_PER_SEC)
		usec -= usec % USEC_PER_SEC;
	else if (usec >= USEC_PER_MSEC)
		usec -= usec % USEC_PER_MSEC;
	return format_parts(usec, buffer, 2);
}
