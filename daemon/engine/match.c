/* SPDX-License-Identifier: MIT */
/*
 * The match keys of rules: one table, one row a key, with the function that asks it. How a key is
 * read from a file is config/match.c's.
 *
 * Truth: a match key is true, false or unknown (an owner that could not be seen, a command line
 * that was cut, a path that could not be verified, a cgroup that could not be read). Unknown stays
 * unknown under `not`, and a rule matches only where the answer is true: what could not be seen is
 * never allowed by it.
 *
 * Several processes may hold one socket: a rule about processes matches only if it is true of
 * every holder that is described, so that a stranger who was passed an allowed program's socket is
 * not covered. PID 1 beside others is left out: it holds the listeners it activates services with.
 * If some could not be searched, or are not described, it has to be true whatever they are. And
 * whoever made the socket has to be among them, or it has to be true of him, too: of him his number
 * and the cgroup are known, and nothing else (model/creator.c).
 *
 * Pure. Cost: the keys that a rule has, cheap ones first, until one is false.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/match.h"
#include "model/creator.h"
#include "model/glob.h"
#include "model/identity.h"

enum truth {
	TRUTH_NO,
	TRUTH_UNKNOWN,
	TRUTH_YES,
};

typedef enum truth key_function(const struct match *match, const struct match_subject *subject);

static enum truth
truth_of(bool yes)
{
	return yes ? TRUTH_YES : TRUTH_NO;
}

/* Where no process is known: the kernel's socket has none, of any other owner nobody knows. */
static enum truth
truth_without_process(const struct match_subject *subject)
{
	return subject->owner->kind == OWNER_KERNEL ? TRUTH_NO : TRUTH_UNKNOWN;
}

static bool
glob_list_match(const struct glob_list *list, const char *text, enum glob_kind kind)
{
	for (size_t i = 0; i < list->count; i++)
		if (glob_match(list->globs[i], text, kind))
			return true;
	return false;
}

static enum truth
match_protocol(const struct match *match, const struct match_subject *subject)
{
	return truth_of((match->protocols >> subject->listener->endpoint.protocol & 1) != 0);
}

static enum truth
match_port(const struct match *match, const struct match_subject *subject)
{
	return truth_of(port_set_has(match->ports, subject->listener->endpoint.port));
}

static bool
same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	return memcmp(a, b, bytes) == 0 && (rest == 0 || ((a[bytes] ^ b[bytes]) & mask) == 0);
}

/* An IPv4 address and the same one mapped into IPv6 are one, in the rule as in the socket. */
static bool
prefix_has(const struct address_prefix *prefix, const struct endpoint *endpoint)
{
	const uint8_t *ipv4 = address_ipv4(endpoint->family, endpoint->address);
	const uint8_t *network = address_ipv4(prefix->family, prefix->address);
	unsigned before = prefix->family == AF_INET6 ? 96 : 0;

	/* Of a shorter prefix of IPv6 nobody means the IPv4 addresses that are mapped into it. */
	if (ipv4 != NULL)
		return network != NULL && prefix->bits >= before &&
		    same_bits(network, ipv4, prefix->bits - before);
	return prefix->family == endpoint->family &&
	    same_bits(prefix->address, endpoint->address, prefix->bits);
}

static enum truth
match_address(const struct match *match, const struct match_subject *subject)
{
	for (size_t i = 0; i < match->address_count; i++)
		if (prefix_has(&match->addresses[i], &subject->listener->endpoint))
			return TRUTH_YES;
	return TRUTH_NO;
}

static enum truth
match_exposure(const struct match *match, const struct match_subject *subject)
{
	return truth_of(
	    (match->exposures >> endpoint_exposure(&subject->listener->endpoint) & 1) != 0);
}

/* Does a path without links match a glob whose beginning leads elsewhere by links? */
static enum truth
match_link(const struct link_table *links, const char *glob, const char *path)
{
	size_t length = link_length(glob), target;
	const struct link *link = length == 0 ? NULL : link_table_find(links, glob, length);

	if (link == NULL)
		return TRUTH_NO;
	if (link->target == NULL)
		return TRUTH_UNKNOWN;
	target = strlen(link->target);
	return truth_of(target > 0 && strncmp(link->target, path, target) == 0 &&
	    glob_match(glob + length, path + target, GLOB_PATH));
}

/* The path of a program that the host is known to have there: by its text, or through links. */
static enum truth
match_verified(const struct glob_list *list, const char *path, const struct match_subject *subject)
{
	enum truth truth = TRUTH_NO;

	if (glob_list_match(list, path, GLOB_PATH))
		return TRUTH_YES;
	for (size_t i = 0; i < list->count && truth != TRUTH_YES; i++) {
		enum truth one = match_link(subject->links, list->globs[i], path);

		if (one > truth)
			truth = one;
	}
	return truth;
}

/* Inside the container that the rule names a path is that container's file, which is what the rule
 * means. */
static bool
is_containers(const struct match_subject *subject)
{
	return (subject->keys >> MATCH_CONTAINER & 1) != 0 &&
	    (subject->process->evidence & EVIDENCE_OTHER_MOUNTS) != 0 &&
	    subject->process->place.container[0] != '\0';
}

static enum truth
match_exe(const struct match *match, const struct match_subject *subject)
{
	const struct process *process = subject->process;
	enum truth truth;

	if (process == NULL || process->exe[0] == '\0')
		return process == NULL ? truth_without_process(subject) : TRUTH_UNKNOWN;
	truth = match_verified(&match->exe, process->exe, subject);
	if (truth != TRUTH_YES || process->exe_trust != EXE_UNVERIFIED)
		return truth;
	/* The path alone is a string that any mount namespace can imitate. */
	return is_containers(subject) && glob_list_match(&match->exe, process->exe, GLOB_PATH) ?
	    TRUTH_YES :
	    TRUTH_UNKNOWN;
}

static enum truth
match_parent(const struct match *match, const struct match_subject *subject)
{
	const struct process *process = subject->process;
	enum truth truth;

	if (process == NULL || process->parent_exe[0] == '\0')
		return process == NULL ? truth_without_process(subject) : TRUTH_UNKNOWN;
	truth = match_verified(&match->parent, process->parent_exe, subject);
	return truth == TRUTH_YES && process->parent_trust == EXE_UNVERIFIED ? TRUTH_UNKNOWN :
									       truth;
}

/* May the process run a script although none is known? */
static bool
runs_unknown_script(const struct process *process)
{
	const char *argument;
	enum program_input input = identity_input(process, &argument);
	struct identity identity;

	identity_find(process, &identity);
	return process->cmdline_cut || process->cmdline_length == 0 || input == INPUT_UNKNOWN ||
	    input == INPUT_SCRIPT || identity.wrapped;
}

static enum truth
match_script(const struct match *match, const struct match_subject *subject)
{
	const struct process *process = subject->process;

	if (process == NULL)
		return truth_without_process(subject);
	if (process->script[0] == '\0')
		return runs_unknown_script(process) ? TRUTH_UNKNOWN : TRUTH_NO;
	return truth_of(glob_list_match(&match->script, process->script, GLOB_PATH));
}

static enum truth
match_comm(const struct match *match, const struct match_subject *subject)
{
	if (subject->process == NULL)
		return truth_without_process(subject);
	if (subject->process->comm[0] == '\0')
		return TRUTH_UNKNOWN;
	return truth_of(glob_list_match(&match->comm, subject->process->comm, GLOB_TEXT));
}

static enum truth
match_cmdline(const struct match *match, const struct match_subject *subject)
{
	const struct process *process = subject->process;
	char joined[OWNER_CMDLINE_MAX + 1];
	size_t length;

	if (process == NULL)
		return truth_without_process(subject);
	/* What it was started with is not known, and a title excuses nothing. */
	if (process_has_title(process))
		return TRUTH_UNKNOWN;
	length = process->cmdline_length < OWNER_CMDLINE_MAX ? process->cmdline_length :
							       OWNER_CMDLINE_MAX;
	while (length > 0 && process->cmdline[length - 1] == '\0')
		length--;
	for (size_t i = 0; i < length; i++)
		joined[i] = process->cmdline[i] == '\0' ? ' ' : process->cmdline[i];
	joined[length] = '\0';
	if (glob_list_match(&match->cmdline, joined, GLOB_TEXT))
		return TRUTH_YES;
	return process->cmdline_cut ? TRUTH_UNKNOWN : TRUTH_NO;
}

static enum truth
match_user(const struct match *match, const struct match_subject *subject)
{
	const struct process *process = subject->process;

	if (process == NULL) {
		/*
		 * Without a process there is still the user who made the socket, but no groups,
		 * and who holds it now may be somebody else.
		 */
		if (id_list_has(&match->uids, subject->listener->uid))
			return TRUTH_YES;
		return truth_without_process(subject);
	}
	if (id_list_has(&match->uids, process->uid) || id_list_has(&match->gids, process->gid))
		return TRUTH_YES;
	for (uint32_t i = 0; i < process->group_count; i++)
		if (id_list_has(&match->gids, process->groups[i]))
			return TRUTH_YES;
	return TRUTH_NO;
}

/* Where the socket was made, NULL where that was not found. */
static const struct place *
place_made(const struct owner *owner)
{
	const struct place *place = &owner->place;

	return place->unit[0] == '\0' && place->slice[0] == '\0' && place->container[0] == '\0' ?
	    NULL :
	    place;
}

/*
 * Where the process stands; a manager that only holds a .socket unit's listener stands there. NULL
 * where nobody knows: without a process, if its cgroup could not be read, or if that of the socket
 * that a manager holds was not found.
 */
static const struct place *
place_of(const struct match_subject *subject)
{
	const struct process *process = subject->process;
	const struct place *place;

	if (process == NULL)
		return subject->creator ? place_made(subject->owner) : NULL;
	if (process == owner_first(subject->owner) && owner_place_is_unknown(subject->owner))
		return NULL;
	place =
	    process == owner_first(subject->owner) ? owner_place(subject->owner) : &process->place;
	return place == &process->place && (process->evidence & EVIDENCE_PLACE_UNKNOWN) != 0 ?
	    NULL :
	    place;
}

/* Where nobody knows where it stands. */
static enum truth
truth_without_place(const struct match_subject *subject)
{
	return subject->process == NULL ? truth_without_process(subject) : TRUTH_UNKNOWN;
}

static enum truth
match_some_unit(const struct glob_list *list, const char *unit)
{
	return truth_of(unit[0] != '\0' && glob_list_match(list, unit, GLOB_NAME));
}

static enum truth
match_unit(const struct match *match, const struct match_subject *subject)
{
	const struct place *place = place_of(subject);

	return place == NULL ? truth_without_place(subject) :
			       match_some_unit(&match->unit, place->unit);
}

static enum truth
match_user_unit(const struct match *match, const struct match_subject *subject)
{
	const struct place *place = place_of(subject);

	return place == NULL ? truth_without_place(subject) :
			       match_some_unit(&match->user_unit, place->user_unit);
}

/*
 * Below their own manager, at any depth, users name cgroups as they like: what is called a
 * container there is theirs alone. It matches only in a rule that names them, and only if the
 * process still is that user, or one of the numbers that were mapped for him.
 */
static enum truth
match_users_container(const struct match_subject *subject, const struct place *place)
{
	const struct process *process = subject->process;
	uint32_t uid = process != NULL ? process->uid : subject->listener->uid;
	char manager[OWNER_UNIT_MAX];

	(void)snprintf(manager, sizeof(manager), "user@%" PRIu32 ".service", uid);
	return (subject->keys >> MATCH_USER & 1) != 0 &&
		(strcmp(place->unit, manager) == 0 ||
		    (process != NULL && (process->evidence & EVIDENCE_OTHER_USERS) != 0)) ?
	    TRUTH_YES :
	    TRUTH_UNKNOWN;
}

static bool
is_below_users_manager(const struct place *place)
{
	return place->user_unit[0] != '\0' || strncmp(place->unit, "user@", strlen("user@")) == 0;
}

/* As many digits of an id as docker ps(1) prints, and those of a whole id. */
enum { CONTAINER_DIGITS_SHORT = 12, CONTAINER_DIGITS = 64 };

/* The first digits of an id name it; they never name what is no id. */
static bool
is_short_id(const char *text, const char *container)
{
	static const char hexadecimal[] = "0123456789abcdef";
	size_t length = strspn(text, hexadecimal);

	return length >= CONTAINER_DIGITS_SHORT && text[length] == '\0' &&
	    strspn(container, hexadecimal) == CONTAINER_DIGITS &&
	    container[CONTAINER_DIGITS] == '\0' && strncmp(text, container, length) == 0;
}

static bool
names_container(const struct glob_list *list, const char *container)
{
	for (size_t i = 0; i < list->count; i++)
		if (glob_match(list->globs[i], container, GLOB_TEXT) ||
		    is_short_id(list->globs[i], container))
			return true;
	return false;
}

static enum truth
match_container(const struct match *match, const struct match_subject *subject)
{
	const struct place *place = place_of(subject);

	if (place == NULL)
		return truth_without_place(subject);
	if (place->container[0] == '\0' || !names_container(&match->container, place->container))
		return TRUTH_NO;
	return is_below_users_manager(place) ? match_users_container(subject, place) : TRUTH_YES;
}

/* The slice and those around it: user-1000.slice is in user.slice, by its name. */
static enum truth
match_slice(const struct match *match, const struct match_subject *subject)
{
	static const char suffix[] = ".slice";
	const struct place *place = place_of(subject);
	char name[OWNER_UNIT_MAX];
	size_t length;
	const char *slice;

	if (place == NULL)
		return truth_without_place(subject);
	slice = place->slice;
	length = strlen(slice);
	/* The answer's word is no proof that it is one, and the suffix is moved within the name. */
	if (length < sizeof(suffix) || length >= sizeof(name) ||
	    strcmp(slice + length + 1 - sizeof(suffix), suffix) != 0)
		return TRUTH_NO;
	memcpy(name, slice, length + 1);
	for (;;) {
		char *dash;

		if (glob_list_match(&match->slice, name, GLOB_NAME))
			return TRUTH_YES;
		dash = strrchr(name, '-');
		/* "-.slice" is the root of all. */
		if (dash == NULL || dash == name)
			return TRUTH_NO;
		memcpy(dash, suffix, sizeof(suffix));
	}
}

static enum truth
match_session(const struct match *match, const struct match_subject *subject)
{
	const struct process *process = subject->process;

	if (process == NULL)
		return truth_without_process(subject);
	if ((process->evidence & EVIDENCE_PLACE_UNKNOWN) != 0)
		return TRUTH_UNKNOWN;
	if (process->place.session[0] == '\0')
		return TRUTH_NO;
	if ((match->sessions >> SESSION_ANY & 1) != 0)
		return TRUTH_YES;
	return process->session_type == SESSION_UNKNOWN ?
	    TRUTH_UNKNOWN :
	    truth_of((match->sessions >> process->session_type & 1) != 0);
}

static enum truth
match_loginuid(const struct match *match, const struct match_subject *subject)
{
	if (subject->process == NULL)
		return truth_without_process(subject);
	if (!subject->process->login_known)
		return TRUTH_UNKNOWN;
	return truth_of(id_list_has(&match->login_uids, subject->process->login_uid));
}

/* "" stands for no interface, and for nothing else. */
static enum truth
match_interface(const struct match *match, const struct match_subject *subject)
{
	const struct glob_list *list = &match->interface;
	bool none = subject->listener->endpoint.interface == 0;

	/* /proc/net does not say to which. */
	if (subject->interface == NULL && (!none || subject->listener->choice == CHOICE_UNKNOWN))
		return TRUTH_UNKNOWN;
	for (size_t i = 0; i < list->count; i++)
		if ((list->globs[i][0] == '\0') == none &&
		    (none || glob_match(list->globs[i], subject->interface, GLOB_TEXT)))
			return TRUTH_YES;
	return TRUTH_NO;
}

static enum truth
match_hostname(const struct match *match, const struct match_subject *subject)
{
	(void)subject;
	return truth_of(match->own_host);
}

static enum truth
match_netns(const struct match *match, const struct match_subject *subject)
{
	/* Only the daemon's own is watched. */
	(void)subject;
	return truth_of((match->netns & 1) != 0);
}

/* True where not all was seen: whatever class and reasons it has, they are not known. */
static bool
is_unseen(const struct match_subject *subject)
{
	return subject->classification->class != CLASS_SUSPECT &&
	    (subject->owner->kind == OWNER_UNKNOWN ||
		creator_is_absent(subject->owner, subject->listener->uid));
}

static enum truth
match_class(const struct match *match, const struct match_subject *subject)
{
	if ((match->classes >> subject->classification->class & 1) != 0)
		return TRUTH_YES;
	return is_unseen(subject) ? TRUTH_UNKNOWN : TRUTH_NO;
}

static enum truth
match_reason(const struct match *match, const struct match_subject *subject)
{
	if ((match->reasons & subject->classification->reasons) != 0)
		return TRUTH_YES;
	return is_unseen(subject) ? TRUTH_UNKNOWN : TRUTH_NO;
}

/* What was not seen may be there all the same; but a hint is what was seen. */
static enum truth
match_hint(const struct match *match, const struct match_subject *subject)
{
	return truth_of((match->hints & subject->classification->hints) != 0);
}

static enum truth
match_origin(const struct match *match, const struct match_subject *subject)
{
	if (subject->process == NULL)
		return truth_without_process(subject);
	if (subject->process->origin == ORIGIN_UNKNOWN)
		return TRUTH_UNKNOWN;
	return truth_of((match->origins >> subject->process->origin & 1) != 0);
}

static enum truth
match_owner(const struct match *match, const struct match_subject *subject)
{
	return truth_of((match->owners >> subject->owner->kind & 1) != 0);
}

static enum truth
match_choice(const struct match *match, const struct match_subject *subject)
{
	if (subject->listener->choice == CHOICE_UNKNOWN)
		return TRUTH_UNKNOWN;
	return truth_of((match->choices >> subject->listener->choice & 1) != 0);
}

/* Cheap keys first: the first that is false ends the asking. */
static const struct {
	enum match_key key;
	key_function *function;
} keys[] = {
	{ MATCH_PROTOCOL, match_protocol },
	{ MATCH_PORT, match_port },
	{ MATCH_EXPOSURE, match_exposure },
	{ MATCH_CHOICE, match_choice },
	{ MATCH_OWNER, match_owner },
	{ MATCH_NETNS, match_netns },
	{ MATCH_HOSTNAME, match_hostname },
	{ MATCH_CLASS, match_class },
	{ MATCH_REASON, match_reason },
	{ MATCH_ORIGIN, match_origin },
	{ MATCH_HINT, match_hint },
	{ MATCH_SESSION, match_session },
	{ MATCH_LOGINUID, match_loginuid },
	{ MATCH_INTERFACE, match_interface },
	{ MATCH_ADDRESS, match_address },
	{ MATCH_USER, match_user },
	{ MATCH_COMM, match_comm },
	{ MATCH_UNIT, match_unit },
	{ MATCH_USER_UNIT, match_user_unit },
	{ MATCH_SLICE, match_slice },
	{ MATCH_CONTAINER, match_container },
	{ MATCH_EXE, match_exe },
	{ MATCH_PARENT, match_parent },
	{ MATCH_SCRIPT, match_script },
	{ MATCH_CMDLINE, match_cmdline },
};

_Static_assert(ARRAY_SIZE(keys) == MATCH_KEY_COUNT, "a match key has no function");

static enum truth
match_keys(const struct match *match, const struct match_subject *subject)
{
	enum truth truth = TRUTH_YES;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		enum truth one;

		if ((match->keys >> keys[i].key & 1) == 0)
			continue;
		one = keys[i].function(match, subject);
		if (one == TRUTH_NO)
			return TRUTH_NO;
		if (one < truth)
			truth = one;
	}
	return truth;
}

/* The keys, and not those of `not`, which is one level deep. around: the keys of the match that it
 * is in. */
static enum truth
match_level(const struct match *match, const struct match_subject *around)
{
	struct match_subject subject = *around;
	enum truth truth, inner;

	subject.keys |= match->keys;
	truth = match_keys(match, &subject);
	if (match->not == NULL || truth == TRUTH_NO)
		return truth;
	subject.keys = match->not ->keys;
	inner = match_keys(match->not, &subject);
	if (inner == TRUTH_YES)
		return TRUTH_NO;
	return inner == TRUTH_UNKNOWN ? TRUTH_UNKNOWN : truth;
}

/* All keys, and one of `any`, which has none inside, as the configuration allows it. */
static enum truth
match_all(const struct match *match, const struct match_subject *subject)
{
	struct match_subject inside = *subject;
	enum truth truth = match_level(match, subject), any = TRUTH_NO;

	if (match->any_count == 0 || truth == TRUTH_NO)
		return truth;
	inside.keys |= match->keys;
	for (size_t i = 0; i < match->any_count && any != TRUTH_YES; i++) {
		enum truth one = match_level(&match->any[i], &inside);

		if (one > any)
			any = one;
	}
	return any < truth ? any : truth;
}

bool
match_has_key(const struct match *match, enum match_key key)
{
	for (size_t i = 0; i < match->any_count; i++)
		if (match_has_key(&match->any[i], key))
			return true;
	return (match->keys >> key & 1) != 0;
}

bool
match_rule(const struct rule *rule, struct match_subject subject)
{
	const struct owner *owner = subject.owner;

	if (owner->kind != OWNER_PROCESS || owner->process_count == 0)
		return match_all(&rule->match, &subject) == TRUTH_YES;
	for (uint32_t i = 0; i < owner->process_count; i++) {
		subject.process = owner->processes[i];
		if (process_is_init(subject.process) && subject.process != owner_first(owner))
			continue;
		if (match_all(&rule->match, &subject) != TRUTH_YES)
			return false;
	}
	/* Who could not be searched may hold it, too, and who is not described does: nothing is
	 * known of that process. */
	subject.process = NULL;
	if ((owner->unsearched || owner->unjudged) &&
	    match_all(&rule->match, &subject) != TRUTH_YES)
		return false;
	subject.creator = true;
	return !creator_is_absent(owner, subject.listener->uid) ||
	    match_all(&rule->match, &subject) == TRUTH_YES;
}
