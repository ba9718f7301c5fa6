/* SPDX-License-Identifier: MIT */
/*
 * judge, the fourth of the five verbs: asks the rules in their order, the first that matches
 * decides, and what it leaves open comes from the policy.
 *
 * What it never does: look at the age. A verdict says from which age on a listener overstays, so
 * it is asked anew only when the listener, its owner, the policy or a rule's `until` changes, and
 * a known listener costs nothing per poll however many rules there are.
 *
 * Truth: a match key is true, false or unknown (an owner that could not be seen, a command line
 * that was cut, a path that could not be verified). Unknown stays unknown under `not`, and a rule
 * matches only where the answer is true: what could not be seen is never allowed by it.
 *
 * Several processes may hold one socket: a rule about processes matches only if it is true of
 * every holder that is described, so that a stranger who was passed an allowed program's socket is
 * not covered. PID 1 beside others is left out: it holds the listeners it activates services with.
 *
 * A suspect is allowed, or given more time, only by a rule that speaks of its class, or of so many
 * of its reasons that without them it is none.
 * Any other rule that matches it can make it worse, and is remembered where it would have allowed
 * it, because that is the first thing its author will ask.
 */
#include <string.h>
#include <sys/socket.h>

#include "engine/judge.h"
#include "model/glob.h"
#include "model/identity.h"

enum truth {
	TRUTH_NO,
	TRUTH_UNKNOWN,
	TRUTH_YES,
};

/* What a match is asked about: one socket and one of its holders. */
struct match_subject {
	const struct listener *listener;
	const struct owner *owner;
	const struct classification *classification;
	const struct process *process; /* NULL: no process is known */
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

static bool
id_list_has(const struct id_list *list, uint32_t id)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->ids[i] == id)
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

	if (ipv4 != NULL && network != NULL && prefix->bits >= before)
		return same_bits(network, ipv4, prefix->bits - before);
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

static enum truth
match_exe(const struct match *match, const struct match_subject *subject)
{
	const struct process *process = subject->process;

	if (process == NULL || process->exe[0] == '\0')
		return process == NULL ? truth_without_process(subject) : TRUTH_UNKNOWN;
	if (!glob_list_match(&match->exe, process->exe, GLOB_PATH))
		return TRUTH_NO;
	if (process->exe_trust != EXE_UNVERIFIED)
		return TRUTH_YES;
	/* The path alone is a string that any mount namespace can imitate. Inside the container
	 * that the rule names it is that container's file, which is what the rule means. */
	return (match->keys >> MATCH_CONTAINER & 1) != 0 &&
		(process->evidence & EVIDENCE_OTHER_MOUNTS) != 0 &&
		process->place.container[0] != '\0' ?
	    TRUTH_YES :
	    TRUTH_UNKNOWN;
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

/* Where the process stands; a manager that only holds a .socket unit's listener stands there. */
static const struct place *
place_of(const struct match_subject *subject)
{
	return subject->process == owner_first(subject->owner) ? owner_place(subject->owner) :
								 &subject->process->place;
}

static enum truth
match_some_unit(const struct glob_list *list, const char *unit)
{
	return truth_of(unit[0] != '\0' && glob_list_match(list, unit, GLOB_TEXT));
}

static enum truth
match_unit(const struct match *match, const struct match_subject *subject)
{
	if (subject->process == NULL)
		return truth_without_process(subject);
	return match_some_unit(&match->unit, place_of(subject)->unit);
}

static enum truth
match_user_unit(const struct match *match, const struct match_subject *subject)
{
	if (subject->process == NULL)
		return truth_without_process(subject);
	return match_some_unit(&match->user_unit, place_of(subject)->user_unit);
}

static enum truth
match_container(const struct match *match, const struct match_subject *subject)
{
	const struct place *place;

	if (subject->process == NULL)
		return truth_without_process(subject);
	place = place_of(subject);
	if (place->container[0] == '\0' ||
	    !glob_list_match(&match->container, place->container, GLOB_TEXT))
		return TRUTH_NO;
	/* Below their own manager users name cgroups as they like: then it is theirs alone. */
	return place->user_unit[0] != '\0' && (match->keys >> MATCH_USER & 1) == 0 ? TRUTH_UNKNOWN :
										     TRUTH_YES;
}

static enum truth
match_netns(const struct match *match, const struct match_subject *subject)
{
	/* Only the daemon's own is watched. */
	(void)subject;
	return truth_of((match->netns & 1) != 0);
}

/* True where nobody could look: whatever class and reasons it has, they are not known. */
static bool
is_unseen(const struct match_subject *subject)
{
	return subject->owner->kind == OWNER_UNKNOWN &&
	    subject->classification->class != CLASS_SUSPECT;
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
	{ MATCH_CLASS, match_class },
	{ MATCH_REASON, match_reason },
	{ MATCH_ORIGIN, match_origin },
	{ MATCH_HINT, match_hint },
	{ MATCH_ADDRESS, match_address },
	{ MATCH_USER, match_user },
	{ MATCH_COMM, match_comm },
	{ MATCH_UNIT, match_unit },
	{ MATCH_USER_UNIT, match_user_unit },
	{ MATCH_CONTAINER, match_container },
	{ MATCH_EXE, match_exe },
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

/* `not` is one level deep, as the configuration allows it. */
static enum truth
match_all(const struct match *match, const struct match_subject *subject)
{
	enum truth truth = match_keys(match, subject), inner;

	if (match->not == NULL || truth == TRUTH_NO)
		return truth;
	inner = match_keys(match->not, subject);
	if (inner == TRUTH_YES)
		return TRUTH_NO;
	return inner == TRUTH_UNKNOWN ? TRUTH_UNKNOWN : truth;
}

static bool
rule_matches(const struct rule *rule, struct match_subject subject)
{
	const struct owner *owner = subject.owner;

	if (owner->kind != OWNER_PROCESS || owner->process_count == 0)
		return match_all(&rule->match, &subject) == TRUTH_YES;
	for (uint32_t i = 0; i < owner->process_count; i++) {
		subject.process = &owner->processes[i];
		if (process_is_init(subject.process) && subject.process != owner_first(owner))
			continue;
		if (match_all(&rule->match, &subject) != TRUTH_YES)
			return false;
	}
	return true;
}

/* A suspect's own limit, where that is the stricter one. */
static void
apply_suspicion(const struct policy *policy, bool strong, struct verdict *verdict)
{
	uint64_t threshold_usec =
	    strong ? policy->suspect_threshold_usec : policy->suspect_weak_threshold_usec;
	enum severity severity = strong ? policy->suspect_severity : policy->suspect_weak_severity;

	/* `never`: suspects are like all others, but for what is said of them. */
	if (threshold_usec == USEC_NEVER)
		return;
	verdict->suspect = true;
	if (threshold_usec < verdict->threshold_usec)
		verdict->threshold_usec = threshold_usec;
	if (severity < verdict->severity)
		verdict->severity = severity;
}

/* What holds where no rule speaks. */
static void
judge_by_default(const struct policy *policy, const struct match_subject *subject,
    struct verdict *verdict)
{
	const struct listener *listener = subject->listener;
	const struct classification *classification = subject->classification;

	*verdict = (struct verdict){
		.threshold_usec = policy->threshold_usec,
		.severity = policy->severity,
		.remind_usec = policy->remind_usec,
		.expires_usec = USEC_NEVER,
	};
	if (listener->endpoint.protocol == PROTOCOL_UDP)
		verdict->threshold_usec = policy->udp_threshold_usec;
	if (classification->otherwise == CLASS_USER)
		verdict->threshold_usec = policy->user_threshold_usec;
	if (listener->endpoint.protocol == PROTOCOL_UDP && listener->choice == CHOICE_AUTO)
		verdict->threshold_usec = policy->udp_auto_usec;
	if (endpoint_exposure(&listener->endpoint) == EXPOSURE_LOOPBACK)
		verdict->severity = policy->loopback_severity;
	if (classification->class == CLASS_SUSPECT)
		apply_suspicion(policy, classification->strong, verdict);
}

/* True where the rule's author had this suspect in mind: the class, or the reasons without which it
 * would be none. A program of which others may change the file is not expected in memory, too. */
static bool
speaks_of_suspect(const struct rule *rule, const struct classification *classification)
{
	struct classification rest;

	if ((rule->match.keys >> MATCH_CLASS & 1) != 0)
		return true;
	if ((rule->match.keys >> MATCH_REASON & 1) == 0)
		return false;
	classify_reasons(classification->reasons & ~rule->match.reasons, classification->otherwise,
	    classification->main_program, &rest);
	return rest.class != CLASS_SUSPECT;
}

/* A rule that does not speak of suspects: it can only make one worse. */
static void
apply_to_suspect(const struct rule *rule, struct verdict *verdict)
{
	if (rule->action == ACTION_ALLOW) {
		verdict->would_allow = rule;
		return;
	}
	verdict->rule = rule;
	if ((rule->values & RULE_THRESHOLD) != 0 && rule->threshold_usec < verdict->threshold_usec)
		verdict->threshold_usec = rule->threshold_usec;
	if ((rule->values & RULE_SEVERITY) != 0 && rule->severity < verdict->severity)
		verdict->severity = rule->severity;
	if ((rule->values & RULE_REMIND) != 0)
		verdict->remind_usec = rule->remind_usec;
}

static void
apply_rule(const struct rule *rule, struct verdict *verdict)
{
	verdict->rule = rule;
	verdict->allowed = rule->action == ACTION_ALLOW;
	if ((rule->values & RULE_THRESHOLD) != 0)
		verdict->threshold_usec = rule->threshold_usec;
	if (verdict->allowed) {
		verdict->threshold_usec = USEC_NEVER;
		verdict->suspect = false;
	}
	if ((rule->values & RULE_SEVERITY) != 0)
		verdict->severity = rule->severity;
	if ((rule->values & RULE_REMIND) != 0)
		verdict->remind_usec = rule->remind_usec;
}

void
judge(const struct policy *policy, const struct listener *listener, const struct owner *owner,
    const struct classification *classification, uint64_t realtime_usec, struct verdict *ret)
{
	struct match_subject subject = {
		.listener = listener,
		.owner = owner,
		.classification = classification,
	};
	bool spoken = false;

	judge_by_default(policy, &subject, ret);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		bool passing = classification->class == CLASS_SUSPECT &&
		    !speaks_of_suspect(rule, classification);

		/* Of the rules that do not speak of suspects the first decides, too. */
		if (!rule->enabled || rule->until_usec <= realtime_usec || (passing && spoken))
			continue;
		if (!rule_matches(rule, subject))
			continue;
		if (rule->until_usec < ret->expires_usec)
			ret->expires_usec = rule->until_usec;
		if (!passing) {
			apply_rule(rule, ret);
			return;
		}
		apply_to_suspect(rule, ret);
		spoken = true;
	}
}

bool
verdict_is_worse(const struct verdict *a, const struct verdict *b)
{
	if (a->allowed != b->allowed)
		return b->allowed;
	if (a->suspect != b->suspect)
		return a->suspect;
	if (a->threshold_usec != b->threshold_usec)
		return a->threshold_usec < b->threshold_usec;
	return a->severity < b->severity;
}
