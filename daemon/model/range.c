/* SPDX-License-Identifier: MIT */
/*
 * Resolves `ranges:` into the set of ports that are watched. Pure: the kernel's range is an
 * argument. A kernel range that was tuned to reach below 32768 covers down there only the ports
 * the kernel picked itself, or every database would be a stranger.
 */
#include <string.h>

#include "base/text.h"
#include "model/range.h"

void
ranges_resolve(const struct range_wanted *wanted, const struct port_range *kernel,
    struct ranges *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->explicit_ports = wanted->explicit_ports;
	ret->filter.ports = wanted->explicit_ports;
	if (wanted->iana) {
		ret->iana = true;
		port_set_add(&ret->filter.ports, IANA_FIRST, IANA_LAST);
	}
	if (!wanted->kernel || kernel == NULL)
		return;
	ret->kernel = *kernel;
	if (kernel->last >= KERNEL_RANGE_FLOOR)
		port_set_add(&ret->filter.ports,
		    kernel->first > KERNEL_RANGE_FLOOR ? kernel->first : KERNEL_RANGE_FLOOR,
		    kernel->last);
	if (kernel->first < KERNEL_RANGE_FLOOR)
		port_set_add(&ret->filter.auto_ports, kernel->first,
		    kernel->last < KERNEL_RANGE_FLOOR ? kernel->last : KERNEL_RANGE_FLOOR - 1);
}

uint32_t
ranges_source(const struct ranges *ranges, uint16_t port)
{
	uint32_t sources = 0;

	if (ranges->iana && port >= IANA_FIRST)
		sources |= RANGE_IANA;
	if (ranges->kernel.last != 0 && port >= ranges->kernel.first && port <= ranges->kernel.last)
		sources |= RANGE_KERNEL;
	if (port_set_has(&ranges->explicit_ports, port))
		sources |= RANGE_EXPLICIT;
	return sources;
}

const char *
range_source_name(uint32_t sources)
{
	if ((sources & RANGE_IANA) != 0 && (sources & RANGE_KERNEL) != 0)
		return "both";
	return (sources & RANGE_IANA) != 0 ? "iana" :
	    (sources & RANGE_KERNEL) != 0  ? "kernel" :
					     "explicit";
}

/* Returns false where the text was cut. */
static bool
format_set(struct text *text, const struct port_set *set, const char *suffix)
{
	struct port_range run;

	for (uint32_t from = 0; port_set_next(set, from, &run); from = run.last + 1U) {
		/* The dots must still fit behind what is there. */
		if (text->size - text->used < 48) {
			text_add(text, text->used > 0 ? ",..." : "...");
			return false;
		}
		text_add(text, text->used > 0 ? "," : "");
		if (run.first == run.last)
			text_printf(text, "%u%s", run.first, suffix);
		else
			text_printf(text, "%u-%u%s", run.first, run.last, suffix);
	}
	return true;
}

void
ranges_format(const struct ranges *ranges, char *buffer, size_t size)
{
	struct text text;

	text_init(&text, buffer, size);
	if (format_set(&text, &ranges->filter.ports, ""))
		(void)format_set(&text, &ranges->filter.auto_ports, " (picked by the kernel only)");
}
