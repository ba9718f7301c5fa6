/* SPDX-License-Identifier: MIT */
/*
 * Answers a request: a walk finds the holders, sockets with the same holders are described
 * once and sent, and what no process held is looked for a second time, in every thread,
 * because a socket can pass from one process to another behind the walk's back (fork and
 * exit). Then it is said of the rest what it can be:
 *
 *	kernel    both walks saw every process, none ever held it, and the socket is uid
 *		  0's: VXLAN, WireGuard, lockd and their like show an inode nobody holds
 *	unknown   else, with the reason
 *
 * `kernel` is a conclusion from absence. The same is to be seen where root, or whoever it
 * passed it to, keeps a socket without a descriptor: in a message that nobody has received
 * yet (SCM_RIGHTS), or registered with io_uring and closed; and where the holder lives
 * outside of the PID namespace this /proc belongs to. Other users' sockets are never called
 * the kernel's.
 *
 * Memory: 0.4 KiB for each inode of a request, one owner, one packet. Cost: walk.c,
 * process.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "lookup/answer.h"
#include "lookup/encode.h"
#include "lookup/walk.h"

struct answer {
	int proc_fd;
	uint32_t id;
	struct wanted *wanted;	/* sorted by inode */
	size_t count;
	bool saw_all;		/* every walk so far saw every process */
	struct wanted **order;	/* room for count of them */
	char *packet;		/* LOOKUP_PACKET_MAX bytes */
	answer_function *send;
	void *argument;
};

static void
cleanup_owner(struct owner **owner)
{
	owner_unref(*owner);
}

/* Orders sockets so that those with the same holders are neighbours. */
static int
compare_holders(const struct wanted *a, const struct wanted *b)
{
	int r;

	if (a->holders != b->holders)
		return a->holders < b->holders ? -1 : 1;
	/* Equal counts keep equally many. */
	for (uint32_t i = 0; i < a->kept; i++) {
		r = walk_compare_holders(&a->holder[i], &b->holder[i]);
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
	int r = compare_holders(left, right);

	if (r != 0)
		return r;
	return left->inode < right->inode ? -1 : left->inode > right->inode;
}

/* Sends one owner for the sockets of a group and marks them answered. */
static int
send_owner(struct answer *answer, const struct owner *owner, struct wanted **group,
    size_t count)
{
	uint32_t inodes[LOOKUP_INODES_MAX];
	size_t length;

	for (size_t i = 0; i < count; i++) {
		inodes[i] = group[i]->inode;
		group[i]->answered = true;
	}
	length = encode_owner(answer->packet, answer->id, owner, inodes, (uint32_t)count);
	return answer->send(answer->packet, length, answer->argument);
}

/*
 * Describes the holders of a group and sends them. A holder that is gone by now is left
 * out; where none is left, the group stays unanswered.
 */
static int
send_group(struct answer *answer, struct wanted **group, size_t count)
{
	const struct wanted *first = group[0];
	_cleanup_(cleanup_owner) struct owner *owner =
	    owner_new(OWNER_PROCESS, OWNER_REASON_NONE, first->kept);
	uint32_t described = 0;

	if (owner == NULL)
		return -ENOMEM;
	owner->holders = first->holders;
	owner->thorough = answer->saw_all;
	for (uint32_t i = 0; i < first->kept; i++) {
		int r = process_describe(answer->proc_fd, &first->holder[i], first->inode,
		    &owner->processes[described]);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			owner->holders--;
		else
			described++;
	}
	owner->process_count = described;
	return described == 0 ? 0 : send_owner(answer, owner, group, count);
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
		int r;

		for (end = start + 1; end < found; end++)
			if (compare_holders(order[start], order[end]) != 0)
				break;
		r = send_group(answer, order + start, end - start);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Sends one kind of answer for all that is left and is (or is not) to be called the
 * kernel's.
 */
static int
send_left(struct answer *answer, enum owner_kind kind, enum owner_reason reason)
{
	_cleanup_(cleanup_owner) struct owner *owner = owner_new(kind, reason, 0);
	size_t left = 0;

	if (owner == NULL)
		return -ENOMEM;
	owner->thorough = answer->saw_all;
	for (size_t i = 0; i < answer->count; i++) {
		struct wanted *wanted = &answer->wanted[i];
		if (wanted->answered)
			continue;
		if (kind != OWNER_KERNEL || (wanted->uid == 0 && !wanted->seen))
			answer->order[left++] = wanted;
	}
	return left == 0 ? 0 : send_owner(answer, owner, answer->order, left);
}

static bool
all_answered(const struct answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		if (!answer->wanted[i].answered)
			return false;
	return true;
}

static int
answer_all(struct answer *answer)
{
	int r;

	for (int round = 0; round < 2 && !all_answered(answer); round++) {
		bool saw_this;

		r = walk_processes(answer->proc_fd, answer->wanted, answer->count,
		    round > 0, &saw_this);
		if (r < 0)
			return r;
		answer->saw_all &= saw_this;
		r = send_found(answer);
		if (r < 0)
			return r;
	}
	if (answer->saw_all) {
		r = send_left(answer, OWNER_KERNEL, OWNER_REASON_NONE);
		if (r < 0)
			return r;
	}
	r = send_left(answer, OWNER_UNKNOWN,
	    answer->saw_all ? OWNER_REASON_NO_PROCESS : OWNER_REASON_NO_PERMISSION);
	if (r < 0)
		return r;
	return answer->send(answer->packet,
	    encode_done(answer->packet, answer->id, answer->saw_all ? LOOKUP_SAW_ALL : 0),
	    answer->argument);
}

int
answer_request(int proc_fd, uint32_t id, const struct lookup_question *questions,
    size_t count, answer_function *send, void *argument)
{
	_free_ struct wanted *wanted = calloc(count, sizeof(*wanted));
	_free_ struct wanted **order = calloc(count, sizeof(struct wanted *));
	_free_ char *packet = malloc(LOOKUP_PACKET_MAX);
	struct answer answer = {
		.proc_fd = proc_fd, .id = id, .wanted = wanted, .count = count,
		.saw_all = true, .order = order, .packet = packet, .send = send, .argument = argument,
	};

	if (wanted == NULL || order == NULL || packet == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		wanted[i].inode = questions[i].inode;
		wanted[i].uid = questions[i].uid;
	}
	return answer_all(&answer);
}
