/* SPDX-License-Identifier: MIT */
/*
 * Answers a request: a walk finds the holders, sockets with the same holders and of the same
 * cgroup are described once and sent, and what no process held is searched for a second time,
 * in every thread, because a socket can pass from one process to another behind the walk's
 * back (fork and exit). One thorough question makes the walk thorough for all of its request, and
 * so do more questions than one packet has.
 * Then it is said of the rest what it can be:
 *
 *	kernel    both walks saw every process, none ever held it, the socket is uid 0's, and
 *		  the kernel names its port (kernel-owner.c)
 *	unknown   else, with the reason: not every process could be searched, or seen, for want of
 *		  permission or for another cause; the kernel has sockets
 *		  of ports that it does not name; an io_uring may hold it that shows no numbers
 *		  (visit.c); processes of another PID namespace may; or no process holds it
 *
 * A socket that no process holds may be kept in a message that nobody has received yet
 * (SCM_RIGHTS), or registered with an io_uring whose own descriptor was closed. Its cgroup is
 * described all the same: who made it.
 *
 * The directories of the cgroups are searched for once a request, and only where they are
 * wanted: for a quick walk, for a socket that nobody holds, and for one that only a service
 * manager holds, whose .socket unit they name.
 *
 * What is remembered of described processes, and bounded for a request, is so for as many owners as
 * a packet has questions; after them it begins anew.
 *
 * Memory: 0.9 KiB for each inode of a request (58 MiB for the largest), one owner, one packet.
 * Cost: walk.c, process.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/search.h"
#include "lookup/answer.h"
#include "lookup/budget.h"
#include "lookup/cgroup.h"
#include "lookup/files.h"
#include "lookup/holders.h"
#include "lookup/kernel-owner.h"
#include "lookup/links.h"
#include "lookup/place.h"
#include "lookup/process.h"
#include "lookup/shell.h"
#include "lookup/view.h"
#include "lookup/walk.h"
#include "wire/encode.h"

struct answer {
	struct view view;
	uint32_t id;
	struct wanted *wanted; /* sorted by inode */
	size_t count;
	struct wire_paths paths;
	struct wanted **order;	/* room for count of them */
	struct cgroup *cgroups; /* room for count; those of the sockets, sorted by id */
	size_t cgroup_count;
	size_t described;	 /* owners, since the view was opened */
	bool cgroups_found;	 /* cgroup_find() has been asked */
	struct walk_result last; /* what the last walk saw */
	bool denied;		 /* in some walk permission lacked */
	bool short_of_memory;	 /* view_lacks_memory() was called */
	uint64_t begun_usec;	 /* CLOCK_MONOTONIC */
	uint64_t begun_cpu_usec;
	char *packet; /* LOOKUP_PACKET_MAX bytes */
	answer_function *send;
	void *argument;
};

static void
cleanup_owner(struct owner **owner)
{
	owner_unref(*owner);
}

/* ---- the sockets' own cgroups ------------------------------------------------------------- */

static int
compare_cgroups(const void *a, const void *b)
{
	const struct cgroup *left = a, *right = b;

	return left->id < right->id ? -1 : left->id > right->id;
}

/* Notes the cgroups of all sockets, each once. */
static void
list_cgroups(struct answer *answer)
{
	size_t kept = 0;

	for (size_t i = 0; i < answer->count; i++)
		answer->cgroups[i] = (struct cgroup){ .id = answer->wanted[i].cgroup };
	qsort(answer->cgroups, answer->count, sizeof(answer->cgroups[0]), compare_cgroups);
	for (size_t i = 0; i < answer->count; i++)
		if (answer->cgroups[i].id != 0 &&
		    (kept == 0 || answer->cgroups[kept - 1].id != answer->cgroups[i].id))
			answer->cgroups[kept++] = answer->cgroups[i];
	answer->cgroup_count = kept;
}

/* Finds the directories of the cgroups, if that was not done yet. Returns 0 or -ENOMEM. */
static int
find_cgroups(struct answer *answer)
{
	int root_fd = answer->view.host->cgroup_fd, r;

	if (answer->cgroups_found || root_fd < 0)
		return 0;
	answer->cgroups_found = true;
	r = cgroup_find(root_fd, answer->cgroups, answer->cgroup_count);
	/* What cannot be read is not found. */
	return r == -ENOMEM ? r : 0;
}

/* The path of the cgroup, NULL where it is not known (yet). */
static const char *
cgroup_path(const struct answer *answer, uint64_t id)
{
	const struct cgroup key = { .id = id };
	const struct cgroup *found = search_find(&key, answer->cgroups, answer->cgroup_count,
	    sizeof(answer->cgroups[0]), compare_cgroups);

	return found != NULL ? found->path : NULL;
}

/* Fills the owner's place with that of the socket's own cgroup, as far as it is known. */
static int
set_place(const struct answer *answer, uint64_t cgroup, struct owner *owner)
{
	const char *path = cgroup_path(answer, cgroup);
	size_t group;

	return path == NULL ? 0 : view_parse_place(&answer->view, path, &owner->place, &group);
}

/* ---- holders ------------------------------------------------------------------------------ */

static int
compare_unsearched(const struct wanted *a, const struct wanted *b)
{
	if (a->unsearched != b->unsearched)
		return a->unsearched ? 1 : -1;
	if (!a->unsearched || a->unsearched_uid == b->unsearched_uid)
		return 0;
	return a->unsearched_uid < b->unsearched_uid ? -1 : 1;
}

/* Orders sockets so that those with the same holders and cgroup are neighbours. */
static int
compare_groups(const struct wanted *a, const struct wanted *b)
{
	int r;

	if (a->holders != b->holders)
		return a->holders < b->holders ? -1 : 1;
	if (a->cgroup != b->cgroup)
		return a->cgroup < b->cgroup ? -1 : 1;
	r = compare_unsearched(a, b);
	if (r != 0)
		return r;
	if (a->unjudged != b->unjudged)
		return a->unjudged ? 1 : -1;
	/* Equal counts keep equally many. */
	for (uint32_t i = 0; i < a->kept; i++) {
		r = holders_compare(&a->holder[i], &b->holder[i]);
		if (r != 0)
			return r;
	}
	return 0;
}

static int
compare_order(const void *a, const void *b)
{
	const struct wanted *left = *(struct wanted *const *)a;
	const struct wanted *right = *(struct wanted *const *)b;
	int r = compare_groups(left, right);

	if (r != 0)
		return r;
	return left->inode < right->inode ? -1 : left->inode > right->inode;
}

/* Sends one owner for the sockets of a group and marks them answered. Returns 0 or -errno: -ENOMEM
 * where there was none for something that is to be said of it. */
static int
send_owner(struct answer *answer, const struct owner *owner, struct wanted **group, size_t count)
{
	uint32_t inodes[LOOKUP_INODES_MAX], filled = 0;
	int r = answer->short_of_memory ? -ENOMEM : 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		inodes[filled++] = group[i]->inode;
		group[i]->answered = true;
		if (filled < LOOKUP_INODES_MAX && i + 1 < count)
			continue;
		r = answer->send(answer->packet,
		    encode_owner(answer->packet, answer->id, owner, inodes, filled),
		    answer->argument);
		filled = 0;
	}
	return r;
}

static int
open_view(struct answer *answer, const struct host *host)
{
	int r = view_open(&answer->view, host);

	answer->described = 0;
	answer->view.short_of_memory = &answer->short_of_memory;
	answer->view.orphans = shell_orphans_new();
	return r == 0 && answer->view.orphans == NULL ? -ENOMEM : r;
}

static void
close_view(struct answer *answer)
{
	process_forget(&answer->view);
	answer->view.orphans = shell_orphans_free(answer->view.orphans);
	view_close(&answer->view);
}

/* Forgets what was read for so many owners that there may be no room for more. */
static int
renew_view(struct answer *answer)
{
	const struct host *host = answer->view.host;

	if (++answer->described <= LOOKUP_INODES_MAX)
		return 0;
	close_view(answer);
	return open_view(answer, host);
}

static bool
wants_checksum(struct wanted **group, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if ((group[i]->flags & LOOKUP_CHECKSUM) != 0)
			return true;
	return false;
}

/*
 * Describes the holders of a socket in owner, which has room for all that were kept. One that
 * is gone by now is left out; of more than were kept, one like it may be left. checksum: that of
 * what the process an alert names runs is wanted, which is PID 1 only where it is alone. Returns 0
 * or -ENOMEM.
 */
static int
describe_holders(struct answer *answer, const struct wanted *first, bool checksum,
    struct owner *owner)
{
	uint32_t described = 0;
	int r = 0;

	for (uint32_t i = 0; i < first->kept && r != -ENOMEM; i++) {
		const struct holder *holder = &first->holder[i];
		bool named = checksum && (holder->pid != 1 || first->holders == 1);

		r = process_describe(&answer->view, holder, first->inode, named,
		    owner->processes[described]);
		if (r < 0) {
			owner->holders--;
			owner->unjudged |= first->holders > first->kept;
			continue;
		}
		checksum = checksum && !named;
		described++;
	}
	owner_shorten(owner, described);
	return r == -ENOMEM ? r : 0;
}

static void
set_unsearched(const struct wanted *wanted, struct owner *owner)
{
	owner->unsearched = wanted->unsearched;
	owner->unsearched_uid = wanted->unsearched ? wanted->unsearched_uid : 0;
}

/*
 * Describes the holders of a group and sends them. Where none is left, the group stays
 * unanswered.
 */
static int
send_group(struct answer *answer, struct wanted **group, size_t count)
{
	const struct wanted *first = group[0];
	_cleanup_(cleanup_owner) struct owner *owner =
	    owner_new(OWNER_PROCESS, OWNER_REASON_NONE, first->kept);
	const char *path;
	int r;

	if (owner == NULL)
		return -ENOMEM;
	owner->holders = first->holders;
	owner->thorough = answer->last.saw_all;
	owner->unjudged = first->unjudged;
	set_unsearched(first, owner);
	r = describe_holders(answer, first, wants_checksum(group, count), owner);
	if (r < 0 || owner->process_count == 0)
		return r;
	/* They start the service when somebody connects. */
	if (owner_is_managers(owner)) {
		r = find_cgroups(answer);
		path = r == 0 ? cgroup_path(answer, first->cgroup) : NULL;
		if (path != NULL && shell_is_accepted(&answer->view, path))
			owner->processes[0]->evidence |= EVIDENCE_SHELL_BELOW;
	}
	if (r == 0)
		r = set_place(answer, first->cgroup, owner);
	return r < 0 ? r : send_owner(answer, owner, group, count);
}

/* Sends what the last walk found, group by group. */
static int
send_found(struct answer *answer)
{
	struct wanted **order = answer->order;
	size_t found = 0, end;

	for (size_t i = 0; i < answer->count; i++)
		if (!answer->wanted[i].answered && answer->wanted[i].kept > 0)
			order[found++] = &answer->wanted[i];
	qsort(order, found, sizeof(order[0]), compare_order);
	for (size_t start = 0; start < found; start = end) {
		int r = renew_view(answer);

		for (end = start + 1; end < found; end++)
			if (compare_groups(order[start], order[end]) != 0)
				break;
		if (r == 0)
			r = send_group(answer, order + start, end - start);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- what nobody holds -------------------------------------------------------------------- */

/* The first PID namespace of all; its number is fixed (PROC_PID_INIT_INO). */
#define INIT_PIDS "pid:[4026531836]"

/* May processes hold the socket that have no number in this /proc? */
static bool
may_be_elsewhere(const struct answer *answer, const struct wanted *wanted)
{
	const struct host *host = answer->view.host;
	const char *path = cgroup_path(answer, wanted->cgroup);
	char own[VIEW_NAMESPACE_MAX];
	_pids_ struct pids pids = { 0 };
	bool foreign = false;
	int r;

	if (files_read_link(host->proc_fd, "self/ns/pid", own, sizeof(own)) <= 0 ||
	    strcmp(own, INIT_PIDS) == 0)
		return false;
	if (path == NULL)
		return true;
	r = cgroup_read_pids(host->cgroup_fd, path, LOOKUP_PID_MAX, &pids, &foreign);
	if (r == -ENOMEM)
		view_lacks_memory(&answer->view);
	return r == -ENOENT || foreign;
}

/* What the kernel says of a socket that no process was ever seen with: root's may be its own. */
static enum kernel_claim
find_claim(const struct kernel_claims *claims, const struct wanted *wanted)
{
	const struct endpoint endpoint = {
		.port = wanted->port,
		.protocol = wanted->protocol == LOOKUP_UDP ? PROTOCOL_UDP : PROTOCOL_TCP,
	};

	return wanted->uid != 0 || wanted->seen ? KERNEL_CLAIM_NONE :
						  kernel_claims_find(claims, &endpoint, true);
}

/* Who has the socket, by what is known of it: fills kind, reason and place of *ret. A holder that
 * was gone when it was to be described held it no more in the last walk's end. */
static int
judge_left(const struct answer *answer, const struct wanted *wanted, struct owner **ret)
{
	enum owner_kind kind = OWNER_UNKNOWN;
	enum owner_reason reason = OWNER_REASON_NO_PROCESS;
	int r;

	if (wanted->unsearched)
		reason = OWNER_REASON_NOT_SEARCHED;
	else if (!answer->last.saw_all)
		reason =
		    answer->last.denied ? OWNER_REASON_NO_PERMISSION : OWNER_REASON_NOT_FINISHED;
	else if (wanted->claim == KERNEL_CLAIM_PROVED) {
		kind = OWNER_KERNEL;
		reason = OWNER_REASON_NONE;
	} else if (may_be_elsewhere(answer, wanted))
		reason = OWNER_REASON_OTHER_PIDS;
	else if (wanted->claim == KERNEL_CLAIM_UNPROVED)
		reason = OWNER_REASON_KERNEL_UNPROVED;
	else if (wanted->in_ring)
		reason = OWNER_REASON_IO_URING;
	*ret = owner_new(kind, reason, 0);
	if (*ret == NULL)
		return -ENOMEM;
	/* What the first walk did not see may have been there. */
	(*ret)->thorough = answer->last.saw_all && !wanted->unsearched;
	set_unsearched(wanted, *ret);
	r = set_place(answer, wanted->cgroup, *ret);
	if (r < 0)
		*ret = owner_unref(*ret);
	return r;
}

/* Orders what is left by what the answer depends on. */
static int
compare_left(const void *a, const void *b)
{
	const struct wanted *left = *(struct wanted *const *)a;
	const struct wanted *right = *(struct wanted *const *)b;

	if (left->cgroup != right->cgroup)
		return left->cgroup < right->cgroup ? -1 : 1;
	if (left->claim != right->claim)
		return left->claim < right->claim ? -1 : 1;
	if (left->in_ring != right->in_ring)
		return left->in_ring - right->in_ring;
	return compare_unsearched(left, right);
}

/* Notes what the kernel says of those sockets. */
static void
find_claims(struct answer *answer, size_t left)
{
	_free_ struct kernel_claims *claims = malloc(sizeof(*claims));

	if (claims == NULL) {
		view_lacks_memory(&answer->view);
		return;
	}
	kernel_owner_read(&answer->view, claims);
	for (size_t i = 0; i < left; i++)
		answer->order[i]->claim = find_claim(claims, answer->order[i]);
}

/* Collects the sockets without an answer in order. Returns how many. saw_all: in both walks. */
static size_t
collect_left(struct answer *answer, bool saw_all)
{
	bool has_roots = false;
	size_t left = 0;

	for (size_t i = 0; i < answer->count; i++)
		if (!answer->wanted[i].answered) {
			answer->order[left++] = &answer->wanted[i];
			has_roots |= answer->wanted[i].uid == 0;
		}
	if (saw_all && has_roots)
		find_claims(answer, left);
	qsort(answer->order, left, sizeof(answer->order[0]), compare_left);
	return left;
}

/* Sends an answer for all that no process was found for. saw_all: in both walks. */
static int
send_left(struct answer *answer, bool saw_all)
{
	struct wanted **order = answer->order;
	size_t left = collect_left(answer, saw_all), end;
	int r = 0;

	if (left == 0)
		return 0;
	r = find_cgroups(answer);
	if (r < 0)
		return r;
	for (size_t start = 0; start < left && r == 0; start = end) {
		struct owner *owner = NULL;

		for (end = start + 1; end < left; end++)
			if (compare_left(&order[start], &order[end]) != 0)
				break;
		r = judge_left(answer, order[start], &owner);
		if (r == 0)
			r = send_owner(answer, owner, order + start, end - start);
		owner_unref(owner);
	}
	return r;
}

/* ---- all of it ---------------------------------------------------------------------------- */

static bool
all_answered(const struct answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		if (!answer->wanted[i].answered)
			return false;
	return true;
}

/* The first walk: thorough if anything has to be. Returns 0 or -ENOMEM. */
static int
choose_walk(struct answer *answer, enum walk_kind *ret)
{
	*ret = WALK_THOROUGH;
	if (answer->count > LOOKUP_INODES_MAX)
		return 0;
	for (size_t i = 0; i < answer->count; i++)
		if ((answer->wanted[i].flags & LOOKUP_THOROUGH) != 0)
			return 0;
	*ret = WALK_QUICK;
	return find_cgroups(answer);
}

/* One walk. Returns 0 or -errno. */
static int
walk(struct answer *answer, enum walk_kind kind)
{
	const struct host *host = answer->view.host;
	const struct walk_plan plan = {
		.kind = kind,
		.until_usec = answer->begun_usec +
		    (kind == WALK_QUICK ? host->limits->quick_usec : host->limits->thorough_usec),
		.cgroups = answer->cgroups,
		.cgroup_count = answer->cgroup_count,
	};
	struct walk_result result;
	int r = walk_processes(host, answer->wanted, answer->count, &plan, &result);

	answer->last = r == 0 ? result : (struct walk_result){ 0 };
	answer->denied = answer->denied || answer->last.denied;
	return r;
}

/* The walks, and what they found. *ret_saw_all: every walk saw every process. */
static int
answer_found(struct answer *answer, bool *ret_saw_all)
{
	enum walk_kind kind;
	int r = choose_walk(answer, &kind);

	*ret_saw_all = true;
	for (int round = 0; r == 0 && round < 2 && !all_answered(answer); round++) {
		r = walk(answer, kind);
		if (r == 0)
			r = send_found(answer);
		*ret_saw_all &= answer->last.saw_all;
		/* A second one of the same kind would not come any further. */
		if (r == 0 && kind == WALK_THOROUGH && answer->last.unfinished)
			break;
		kind = WALK_THOROUGH;
	}
	return r;
}

static int
answer_all(struct answer *answer)
{
	bool saw_all;
	int r = answer_found(answer, &saw_all);

	if (r == 0)
		r = send_left(answer, saw_all);
	if (r == 0 && answer->paths.count > 0)
		r = answer->send(answer->packet,
		    links_answer(&answer->view, answer->paths, answer->id, answer->packet),
		    answer->argument);
	if (r < 0)
		return r;
	return answer->send(answer->packet,
	    encode_done(answer->packet, answer->id,
		(saw_all ? LOOKUP_SAW_ALL : 0) | (answer->denied ? LOOKUP_DENIED : 0),
		clock_thread_cpu_usec() - answer->begun_cpu_usec),
	    answer->argument);
}

int
answer_request(const struct host *host, uint32_t id, const struct wire_question *questions,
    size_t count, struct wire_paths paths, answer_function *send, void *argument)
{
	_free_ struct wanted *wanted = calloc(count + 1, sizeof(*wanted));
	_free_ struct wanted **order = calloc(count + 1, sizeof(struct wanted *));
	_free_ struct cgroup *cgroups = calloc(count + 1, sizeof(*cgroups));
	_free_ char *packet = malloc(LOOKUP_PACKET_MAX);
	struct answer answer = {
		.id = id,
		.wanted = wanted,
		.count = count,
		.paths = paths,
		.order = order,
		.cgroups = cgroups,
		.packet = packet,
		.send = send,
		.argument = argument,
		.begun_usec = clock_monotonic_usec(),
		.begun_cpu_usec = clock_thread_cpu_usec(),
	};
	int r;

	if (wanted == NULL || order == NULL || cgroups == NULL || packet == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		wanted[i] = (struct wanted){
			.cgroup = questions[i].cgroup,
			.inode = questions[i].inode,
			.uid = questions[i].uid,
			.protocol = questions[i].protocol,
			.port = questions[i].port,
			.flags = questions[i].flags,
		};
	list_cgroups(&answer);
	r = open_view(&answer, host);
	if (r == 0)
		r = answer_all(&answer);
	close_view(&answer);
	for (size_t i = 0; i < answer.cgroup_count; i++)
		free(cgroups[i].path);
	return r;
}
