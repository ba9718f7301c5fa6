/* SPDX-License-Identifier: MIT */
/*
 * A process that was not searched to its end may hold any socket it was not seen with. So of each
 * user as many such processes are counted as there are, and of each socket as many as were seen
 * with it: where these are fewer, one may hold it unseen.
 *
 * Cost: of n processes that are unfinished and the s sockets they were seen with, (n + s)
 * log (n + s) comparisons once, and log (n + s) for each socket and user that is asked for, however
 * many sockets there are.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/search.h"
#include "lookup/unsearched.h"

struct unsearched_user {
	uint32_t uid;
	uint32_t unopened;   /* processes that nothing was read of, */
	uint32_t unfinished; /* and that something was */
};

/* One unfinished process of this user was seen with this socket. */
struct unsearched_seen {
	uint32_t wanted; /* its index */
	uint32_t uid;
};

static int
compare_users(const void *a, const void *b)
{
	uint32_t left = ((const struct unsearched_user *)a)->uid;
	uint32_t right = ((const struct unsearched_user *)b)->uid;

	return left < right ? -1 : left > right;
}

static int
compare_seen(const void *a, const void *b)
{
	const struct unsearched_seen *left = a, *right = b;

	if (left->wanted != right->wanted)
		return left->wanted < right->wanted ? -1 : 1;
	return left->uid < right->uid ? -1 : left->uid > right->uid;
}

/* Of each user one. */
static void
merge_users(struct unsearched *unsearched)
{
	struct unsearched_user *users = unsearched->users;
	size_t kept = 0;

	if (unsearched->user_count > 1)
		qsort(users, unsearched->user_count, sizeof(users[0]), compare_users);
	for (size_t i = 0; i < unsearched->user_count; i++)
		if (kept > 0 && users[kept - 1].uid == users[i].uid) {
			users[kept - 1].unopened += users[i].unopened;
			users[kept - 1].unfinished += users[i].unfinished;
		} else
			users[kept++] = users[i];
	unsearched->user_count = kept;
}

static void
collect_users(struct unsearched *unsearched, const struct search *search)
{
	for (size_t i = 0; i < search->budget.count; i++)
		if (search->budget.accounts[i].unopened > 0)
			unsearched->users[unsearched->user_count++] = (struct unsearched_user){
				.uid = search->budget.accounts[i].uid,
				.unopened = search->budget.accounts[i].unopened,
			};
	for (size_t i = 0; i < search->unfinished_count; i++)
		unsearched->users[unsearched->user_count++] = (struct unsearched_user){
			.uid = search->unfinished[i].uid,
			.unfinished = 1,
		};
	merge_users(unsearched);
}

static void
collect_seen(struct unsearched *unsearched, const struct search *search)
{
	for (size_t i = 0; i < search->unfinished_count; i++) {
		const struct unfinished *unfinished = &search->unfinished[i];

		for (size_t held = 0; held < unfinished->held_count; held++)
			unsearched->seen[unsearched->seen_count++] =
			    (struct unsearched_seen){ search->held[unfinished->first_held + held],
				    unfinished->uid };
	}
	if (unsearched->seen_count > 1)
		qsort(unsearched->seen, unsearched->seen_count, sizeof(unsearched->seen[0]),
		    compare_seen);
}

int
unsearched_collect(struct unsearched *ret, const struct search *search)
{
	size_t users = search->budget.count + search->unfinished_count, seen = 0;

	for (size_t i = 0; i < search->unfinished_count; i++)
		seen += search->unfinished[i].held_count;
	*ret = (struct unsearched){
		.search = search,
		.anybody = search->budget.others.unopened > 0,
		.users = calloc(users + 1, sizeof(*ret->users)),
		.seen = calloc(seen + 1, sizeof(*ret->seen)),
	};
	if (ret->users == NULL || ret->seen == NULL)
		return -ENOMEM;
	collect_users(ret, search);
	collect_seen(ret, search);
	return 0;
}

void
unsearched_clear(struct unsearched *unsearched)
{
	free(unsearched->users);
	free(unsearched->seen);
	*unsearched = (struct unsearched){ 0 };
}

static const struct unsearched_user *
find_user(const struct unsearched *unsearched, uint32_t uid)
{
	const struct unsearched_user key = { .uid = uid };

	return search_find(&key, unsearched->users, unsearched->user_count, sizeof(key),
	    compare_users);
}

/* How many unfinished processes of the user were seen with the socket. */
static uint32_t
count_seen(const struct unsearched *unsearched, const struct wanted *wanted, uint32_t uid)
{
	const struct unsearched_seen key = { (uint32_t)(wanted - unsearched->search->wanted), uid };
	size_t at =
	    search_bound(&key, unsearched->seen, unsearched->seen_count, sizeof(key), compare_seen);
	uint32_t count = 0;

	for (; at < unsearched->seen_count; at++, count++)
		if (compare_seen(&unsearched->seen[at], &key) != 0)
			break;
	return count;
}

/* May a process of this user hold the socket that was not seen with it? */
static bool
may_be_users(const struct unsearched *unsearched, const struct wanted *wanted, uint32_t uid)
{
	const struct unsearched_user *user = find_user(unsearched, uid);

	return user != NULL &&
	    (user->unopened > 0 || user->unfinished > count_seen(unsearched, wanted, uid));
}

bool
unsearched_find(const struct unsearched *unsearched, const struct wanted *wanted, uint32_t *ret_uid)
{
	*ret_uid = wanted->uid;
	if (may_be_users(unsearched, wanted, wanted->uid))
		return true;
	for (uint32_t i = 0; i < wanted->kept; i++)
		if (may_be_users(unsearched, wanted, wanted->holder[i].uid)) {
			*ret_uid = wanted->holder[i].uid;
			return true;
		}
	if (wanted->kept > 0)
		return false;
	if (unsearched->user_count > 0)
		*ret_uid = unsearched->users[unsearched->user_count - 1].uid;
	return unsearched->user_count > 0 || unsearched->anybody;
}
