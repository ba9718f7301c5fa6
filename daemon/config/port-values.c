/* SPDX-License-Identifier: MIT */
/*
 * Ports and ranges of ports: read from a node, written as YAML. A text that is none is answered
 * with what it most likely means.
 */
#include <errno.h>
#include <string.h>

#include "config/values.h"

/*
 * What people mean who write a range or a list in another way: "50000 - 50010", "50000:50010",
 * "50000,50001". Returns buffer, or NULL.
 */
static const char *
ports_meant(const char *text, char *buffer, size_t size)
{
	struct port_range range;
	size_t used = 0;

	if (strlen(text) + 3 > size)
		return NULL;
	if (strchr(text, ',') != NULL && text[strspn(text, "0123456789-, ")] == '\0') {
		(void)snprintf(buffer, size, "[%s]", text);
		return buffer;
	}
	for (; *text != '\0'; text++)
		if (*text == ':' || (*text == '.' && (used == 0 || buffer[used - 1] != '-')))
			buffer[used++] = '-';
		else if (*text != ' ' && *text != '.')
			buffer[used++] = *text;
	buffer[used] = '\0';
	return port_range_parse(buffer, &range) == 0 && range.last > range.first ? buffer : NULL;
}

/* what: "port"; words: what may stand there beside a range. */
static void
refuse_ports(struct config_context *context, const struct node *node, const char *what,
    const char *words)
{
	char buffer[64];
	const char *meant = ports_meant(node->text, buffer, sizeof(buffer));

	if (meant != NULL)
		context_error(context, node, "%s is %s, did you mean %s?", what, QUOTE(node->text),
		    meant);
	else if (strchr(node->text, '/') != NULL)
		context_error(context, node,
		    "%s is %s, expected a port alone such as 50000, and protocol as a key of its "
		    "own",
		    what, QUOTE(node->text));
	else
		context_error(context, node, "%s is %s, expected %s or a range such as 50000-59999",
		    what, QUOTE(node->text), words);
}

bool
ports_read(struct config_context *context, const struct node *node, struct port_set *set)
{
	struct port_range range;
	int r = port_range_parse(node->text, &range);

	if (r == -ERANGE)
		context_error(context, node,
		    "port %s is an empty range, expected the "
		    "lower port first",
		    QUOTE(node->text));
	else if (r < 0)
		refuse_ports(context, node, "port", "1 to 65535,");
	else
		port_set_add(set, range.first, range.last);
	return r == 0;
}

void
ports_dump(const struct port_set *set, bool comma, FILE *file)
{
	struct port_range run;

	for (uint32_t from = 0; port_set_next(set, from, &run); from = run.last + 1U) {
		(void)fprintf(file, "%s%u", comma ? ", " : "", run.first);
		if (run.last > run.first)
			(void)fprintf(file, "-%u", run.last);
		comma = true;
	}
}

static void
refuse_range(struct config_context *context, const struct node *item)
{
	static const char *const names[] = { "iana", "kernel", NULL };

	if (item->text[0] == '-')
		context_error(context, item,
		    "range is %s, expected a blank behind each - of a list", QUOTE(item->text));
	else if (item->text[strspn(item->text, "iaknerl, ")] == '\0' &&
	    strpbrk(item->text, ", ") != NULL)
		context_error(context, item, "range is %s, did you mean [iana, kernel]?",
		    QUOTE(item->text));
	else if (nearest_name(item->text, names) != NULL)
		context_wrong_value(context, item, "range", "", names);
	else
		refuse_ports(context, item, "range", "iana, kernel, a port from 1 to 65535,");
}

bool
ranges_read(struct config_context *context, const struct node *node, struct range_wanted *ranges)
{
	struct range_wanted wanted = { 0 };
	const struct node *items;
	size_t count = node_scalars(context, node, VALUE_LIST_MAX,
	    "iana, kernel, a port or a range such as 50000-59999", &items);
	bool fine = count > 0;

	for (size_t i = 0; i < count; i++) {
		const char *text = items[i].text;
		struct port_range range;
		int r = port_range_parse(text, &range);

		if (strcmp(text, "iana") == 0)
			wanted.iana = true;
		else if (strcmp(text, "kernel") == 0)
			wanted.kernel = true;
		else if (r == -EINVAL) {
			refuse_range(context, &items[i]);
			fine = false;
		} else if (!ports_read(context, &items[i], &wanted.explicit_ports))
			fine = false;
	}
	if (fine)
		*ranges = wanted;
	return fine;
}

void
ranges_dump(const struct range_wanted *ranges, FILE *file)
{
	(void)fprintf(file, "[%s%s%s", ranges->iana ? "iana" : "",
	    ranges->iana && ranges->kernel ? ", " : "", ranges->kernel ? "kernel" : "");
	ports_dump(&ranges->explicit_ports, ranges->iana || ranges->kernel, file);
	(void)fputc(']', file);
}
