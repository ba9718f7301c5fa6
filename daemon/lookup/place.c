/* SPDX-License-Identifier: MIT */
/*
 * The path of a cgroup, taken apart. systemd documents what it names them
 * (systemd.io/CGROUP_DELEGATION, src/basic/cgroup-util.c): slices, then the unit, with "_"
 * in front where the name could be the kernel's; below user@UID.service the same once
 * more, for the user's own manager. Engines of containers are known by the names of theirs,
 * one row of a table each; the outermost one counts, because that is the one the host's
 * administrator started.
 *
 * A path is only as good as the rights on the tree it stands in: whoever was given a part
 * of it (a user below user@UID.service, a container below its own) names what lies below as
 * he likes. So the unit is that of the first component that is no slice, never a deeper
 * one; and a container below a user's manager keeps that manager as its unit, so that
 * who reads it can tell it from root's.
 *
 * Pure, but for the strings it allocates. Cost: below 2 us.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lookup/place.h"

/* An id of docker, podman, containerd, cri-o. */
#define ID_DIGITS 64

/* One component of a path. */
struct component {
	const char *text;
	size_t length; /* 0 = there is none */
};

static bool
part_is(struct component part, const char *text)
{
	return part.length == strlen(text) && memcmp(part.text, text, part.length) == 0;
}

static bool
part_begins(struct component part, const char *prefix)
{
	return part.length >= strlen(prefix) && memcmp(part.text, prefix, strlen(prefix)) == 0;
}

static bool
part_ends(struct component part, const char *suffix)
{
	size_t length = strlen(suffix);

	return part.length >= length &&
	    memcmp(part.text + part.length - length, suffix, length) == 0;
}

/* The first component at or behind `at`. */
static struct component
part_at(const char *at)
{
	struct component part;

	part.text = at + strspn(at, "/");
	part.length = strcspn(part.text, "/");
	return part;
}

static struct component
part_after(struct component part)
{
	return part_at(part.text + part.length);
}

/* What is left without so much at both ends. */
static struct component
part_inside(struct component part, size_t front, size_t back)
{
	return (struct component){ part.text + front, part.length - front - back };
}

/* The component as systemd means it: "_" in front keeps it apart from the kernel's names. */
static struct component
part_unescaped(struct component part)
{
	return part_begins(part, "_") ? part_inside(part, 1, 0) : part;
}

/* Copies a component. What is longer than max - 1 bytes is no name. Returns 0 or -ENOMEM. */
static int
set_part(char **string, struct component part, size_t max)
{
	char text[OWNER_UNIT_MAX];

	if (part.length >= max || part.length >= sizeof(text))
		return 0;
	memcpy(text, part.text, part.length);
	text[part.length] = '\0';
	return owner_text_set(string, text);
}

/* ---- units -------------------------------------------------------------------------------- */

static bool
is_slice(struct component part)
{
	return part.length > strlen(".slice") && part_ends(part, ".slice");
}

/* Is this the full name of a unit (systemd.unit(5)): its characters, its type, no template? */
static bool
is_unit(struct component part)
{
	static const char *const types[] = { ".service", ".scope", ".socket", ".mount", ".swap",
		".automount", ".target", ".timer", ".path", ".device" };
	const char *at_sign = memchr(part.text, '@', part.length);

	if (part.length >= OWNER_UNIT_MAX || at_sign == part.text)
		return false;
	for (size_t i = 0; i < part.length; i++)
		if (!isalnum((unsigned char)part.text[i]) &&
		    memchr(":-_.\\@", part.text[i], 6) == NULL)
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (part.length > strlen(types[i]) && part_ends(part, types[i]))
			return at_sign == NULL ||
			    at_sign + 1 < part.text + part.length - strlen(types[i]);
	return false;
}

/* Skips slices; *ret_slice is the last of them, of length 0 where there is none. */
static struct component
skip_slices(struct component part, struct component *ret_slice)
{
	ret_slice->length = 0;
	while (is_slice(part_unescaped(part))) {
		*ret_slice = part_unescaped(part);
		part = part_after(part);
	}
	return part;
}

static bool
all_of(struct component part, int (*class)(int))
{
	for (size_t i = 0; i < part.length; i++)
		if (class((unsigned char)part.text[i]) == 0)
			return false;
	return part.length > 0;
}

/* The id in session-ID.scope; of length 0 where the unit is no session of a user's slice. */
static struct component
session_of(struct component slice, struct component unit)
{
	static const char prefix[] = "session-", suffix[] = ".scope";
	struct component id = { unit.text, 0 };

	if (part_begins(slice, "user-") && part_begins(unit, prefix) && part_ends(unit, suffix) &&
	    unit.length > strlen(prefix) + strlen(suffix))
		id = part_inside(unit, strlen(prefix), strlen(suffix));
	return all_of(id, isalnum) ? id : (struct component){ unit.text, 0 };
}

/* user@UID.service, in which a user's own manager has its units. */
static bool
is_user_manager(struct component unit)
{
	static const char prefix[] = "user@", suffix[] = ".service";

	return part_begins(unit, prefix) && part_ends(unit, suffix) &&
	    unit.length > strlen(prefix) + strlen(suffix) &&
	    all_of(part_inside(unit, strlen(prefix), strlen(suffix)), isdigit);
}

/*
 * Reads slice, unit, session and user unit. *ret_group is the length of the path down to
 * the unit where that is a service of the system's. Returns 0 or -ENOMEM.
 */
static int
parse_units(const char *path, struct place *ret, size_t *ret_group)
{
	struct component slice, user_slice, session;
	struct component raw = skip_slices(part_at(path), &slice);
	struct component unit = part_unescaped(raw), user_unit;
	int r;

	if (!is_unit(unit))
		return slice.length > 0 ? set_part(&ret->slice, slice, OWNER_UNIT_MAX) : 0;
	if (slice.length == 0)
		slice = (struct component){ "-.slice", strlen("-.slice") };
	session = session_of(slice, unit);
	r = set_part(&ret->slice, slice, OWNER_UNIT_MAX);
	if (r == 0)
		r = set_part(&ret->unit, unit, OWNER_UNIT_MAX);
	if (r == 0)
		r = set_part(&ret->session, session, OWNER_SESSION_MAX);
	if (r < 0)
		return r;
	/* Before there were user managers, users' units stood below their sessions. */
	if (!is_user_manager(unit) && session.length == 0) {
		if (part_ends(unit, ".service"))
			*ret_group = (size_t)(raw.text + raw.length - path);
		return 0;
	}
	user_unit = part_unescaped(skip_slices(part_after(raw), &user_slice));
	return is_unit(user_unit) ? set_part(&ret->user_unit, user_unit, OWNER_UNIT_MAX) : 0;
}

/* ---- containers --------------------------------------------------------------------------- */

/* How an engine writes what it calls the container. */
enum form {
	FORM_ID, /* 64 hexadecimal digits */
	FORM_NAME,
	FORM_ESCAPED, /* a name as systemd-escape(1) makes it */
};

struct container_engine {
	const char *parent;	     /* the component before, a "*" at its end is any; NULL = any */
	const char *prefix, *suffix; /* a "*" before prefix is any */
	enum form form;
	enum container_kind kind;
	const char *below; /* the next component; NULL = any or none */
};

static const struct container_engine engines[] = {
	{ NULL, "docker-", ".scope", FORM_ID, CONTAINER_DOCKER, NULL },
	{ "docker", "", "", FORM_ID, CONTAINER_DOCKER, NULL },
	{ NULL, "libpod-", ".scope", FORM_ID, CONTAINER_PODMAN, NULL },
	{ NULL, "libpod-", "", FORM_ID, CONTAINER_PODMAN, NULL },
	{ NULL, "libpod-payload-", "", FORM_ID, CONTAINER_PODMAN, NULL },
	{ NULL, "cri-containerd-", ".scope", FORM_ID, CONTAINER_CONTAINERD, NULL },
	{ NULL, "*:cri-containerd:", "", FORM_ID, CONTAINER_CONTAINERD, NULL },
	{ NULL, "nerdctl-", ".scope", FORM_ID, CONTAINER_CONTAINERD, NULL },
	{ "pod*", "", "", FORM_ID, CONTAINER_CONTAINERD, NULL },
	/* The namespaces of containerd: nerdctl's and its own, Kubernetes's. */
	{ "default", "", "", FORM_ID, CONTAINER_CONTAINERD, NULL },
	{ "k8s.io", "", "", FORM_ID, CONTAINER_CONTAINERD, NULL },
	{ NULL, "crio-", ".scope", FORM_ID, CONTAINER_CRIO, NULL },
	{ NULL, "crio-", "", FORM_ID, CONTAINER_CRIO, NULL },
	{ NULL, "lxc.payload.", "", FORM_NAME, CONTAINER_LXC, NULL },
	{ "lxc.payload", "", "", FORM_NAME, CONTAINER_LXC, NULL },
	{ "lxc", "", "", FORM_NAME, CONTAINER_LXC, NULL },
	/* In its service nspawn itself has the other half, supervisor/. */
	{ NULL, "systemd-nspawn@", ".service", FORM_ESCAPED, CONTAINER_NSPAWN, "payload" },
	{ NULL, "machine-", ".scope", FORM_ESCAPED, CONTAINER_NSPAWN, "payload" },
	{ NULL, "machine-", ".scope", FORM_ESCAPED, CONTAINER_NSPAWN, "" },
	/* Docker's, below a parent of any name (--cgroup-parent), as below ECS's tasks. */
	{ NULL, "", "", FORM_ID, CONTAINER_DOCKER, NULL },
};

static bool
parent_matches(struct component parent, const char *pattern)
{
	size_t length;

	if (pattern == NULL)
		return true;
	length = strlen(pattern);
	if (pattern[length - 1] != '*')
		return part_is(parent, pattern);
	return parent.length >= length && memcmp(parent.text, pattern, length - 1) == 0;
}

/* Where the prefix ends in the component; NULL where it has none. */
static const char *
after_prefix(struct component part, const char *prefix)
{
	const char *found;

	if (prefix[0] != '*')
		return part_begins(part, prefix) ? part.text + strlen(prefix) : NULL;
	found = memmem(part.text, part.length, prefix + 1, strlen(prefix + 1));
	return found != NULL ? found + strlen(prefix + 1) : NULL;
}

/* "" = nothing stands below, or only what the container made. */
static bool
below_matches(struct component below, const char *wanted)
{
	if (wanted == NULL)
		return true;
	return wanted[0] != '\0' ? part_is(below, wanted) :
				   !part_is(below, "payload") && !part_is(below, "supervisor");
}

/* What of the component is the id or name; of length 0 where it is no such container. */
static struct component
id_of(const struct container_engine *engine, struct component parent, struct component part)
{
	struct component none = { part.text, 0 }, id;
	const char *begin = after_prefix(part, engine->prefix);
	size_t front, back = strlen(engine->suffix);

	if (begin == NULL || !part_ends(part, engine->suffix) ||
	    !parent_matches(parent, engine->parent))
		return none;
	front = (size_t)(begin - part.text);
	if (front + back >= part.length)
		return none;
	id = part_inside(part, front, back);
	if (engine->form == FORM_ID)
		return id.length == ID_DIGITS && all_of(id, isxdigit) ? id : none;
	/* libvirt's virtual machines are registered beside nspawn's; they are no containers. */
	if (engine->form == FORM_ESCAPED && part_begins(id, "qemu"))
		return none;
	return id.length < OWNER_CONTAINER_MAX ? id : none;
}

static int
hex_value(char digit)
{
	int lower = tolower((unsigned char)digit);

	return isdigit(lower) ? lower - '0' : lower - 'a' + 10;
}

/* Undoes systemd-escape(1): "\x2d" is "-", "-" stands for "/". */
static void
unescape(struct component part, char text[OWNER_CONTAINER_MAX])
{
	size_t used = 0;

	for (size_t i = 0; i < part.length; i++) {
		const char *at = part.text + i;
		bool escaped = part.length - i >= 4 && at[0] == '\\' && at[1] == 'x' &&
		    isxdigit((unsigned char)at[2]) && isxdigit((unsigned char)at[3]);
		int byte = escaped ? hex_value(at[2]) << 4 | hex_value(at[3]) :
		    *at == '-'	   ? '/' :
				     *at;

		text[used++] = (char)byte;
		i += escaped ? 3 : 0;
	}
	text[used] = '\0';
}

static int
set_container(const struct container_engine *engine, struct component id, struct place *ret)
{
	char text[OWNER_CONTAINER_MAX];
	int r;

	if (engine->form == FORM_ESCAPED)
		unescape(id, text);
	else {
		memcpy(text, id.text, id.length);
		text[id.length] = '\0';
	}
	r = owner_text_set(&ret->container, text);
	if (r == 0 && text[0] != '\0')
		ret->container_kind = engine->kind;
	return r;
}

/* Reads the outermost container. Returns 0 or -ENOMEM. */
static int
parse_container(const char *path, struct place *ret, size_t *ret_group)
{
	struct component parent = { path, 0 };

	for (struct component part = part_at(path); part.length > 0; part = part_after(part)) {
		struct component below = part_after(part);

		for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
			struct component id = id_of(&engines[i], parent, part);
			struct component last = part_is(below, "payload") ? below : part;

			if (id.length == 0 || !below_matches(below, engines[i].below))
				continue;
			*ret_group = (size_t)(last.text + last.length - path);
			return set_container(&engines[i], id, ret);
		}
		parent = part;
	}
	return 0;
}

int
place_parse_units(const char *path, struct place *ret, size_t *ret_group)
{
	*ret_group = 0;
	return parse_units(path, ret, ret_group);
}

int
place_parse(const char *path, struct place *ret, size_t *ret_group)
{
	int r = place_parse_units(path, ret, ret_group);

	return r < 0 ? r : parse_container(path, ret, ret_group);
}

/* ---- /proc/PID/cgroup --------------------------------------------------------------------- */

/* The path of a line with these controllers, "" where the line has others. */
static struct component
path_of_line(struct component line, const char *controllers)
{
	static const char deleted[] = " (deleted)";
	const char *first = memchr(line.text, ':', line.length);
	struct component rest, path = { line.text, 0 };
	size_t length = strlen(controllers);

	if (first == NULL)
		return path;
	rest = part_inside(line, (size_t)(first + 1 - line.text), 0);
	if (!part_begins(rest, controllers) || rest.length == length || rest.text[length] != ':')
		return path;
	path = part_inside(rest, length + 1, 0);
	/* Of a process that is ending in a cgroup that was removed. */
	if (part_ends(path, deleted))
		path = part_inside(path, 0, strlen(deleted));
	return path.length < PLACE_PATH_MAX && part_begins(path, "/") ?
	    path :
	    (struct component){ line.text, 0 };
}

bool
place_find_path(const char *text, size_t length, char *path)
{
	struct component unified = { text, 0 }, systemd = { text, 0 };
	const char *end;

	for (const char *at = text; at < text + length; at = end + 1) {
		struct component line, found;

		end = memchr(at, '\n', (size_t)(text + length - at));
		/* A line without an end may have been cut. */
		if (end == NULL)
			break;
		line = (struct component){ at, (size_t)(end - at) };
		found = path_of_line(line, "");
		if (found.length > 0 && part_begins(line, "0:"))
			unified = found;
		found = path_of_line(line, "name=systemd");
		if (found.length > 0)
			systemd = found;
	}
	if (systemd.length > 1 && unified.length <= 1)
		unified = systemd;
	if (unified.length == 0)
		unified = systemd;
	memcpy(path, unified.text, unified.length);
	path[unified.length] = '\0';
	return unified.length > 0;
}
