/* SPDX-License-Identifier: MIT */
/*
 * The only place where modules of the name services (NSS) run: getpwnam(3) and its like, of libc.
 * And who registered a port with rpcbind: overstayd itself asks no other service (privileges.c).
 *
 * What it never does: believe that a module keeps to its bounds. A name that is too long, or none,
 * is no answer.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "names/resolve.h"
#include "names/rpcbind.h"

/* A module asks for a larger buffer until this; a group with 20,000 members fits. */
#define BUFFER_FIRST 4096
#define BUFFER_MAX   (1024 * 1024)

/* rpcbind is waited for so long. */
#define RPCBIND_USEC USEC_PER_SEC

/* One answer of libc's. */
struct name_entry {
	const char *name;
	uint32_t id;
};

static int
ask_user(const struct names_question *question, char *buffer, size_t size, struct name_entry *ret)
{
	struct passwd entry, *user = NULL;
	int error = question->key == NAMES_BY_NAME ?
	    getpwnam_r(question->name, &entry, buffer, size, &user) :
	    getpwuid_r(question->id, &entry, buffer, size, &user);

	if (user != NULL)
		*ret = (struct name_entry){ user->pw_name, user->pw_uid };
	return error;
}

static int
ask_group(const struct names_question *question, char *buffer, size_t size, struct name_entry *ret)
{
	struct group entry, *group = NULL;
	int error = question->key == NAMES_BY_NAME ?
	    getgrnam_r(question->name, &entry, buffer, size, &group) :
	    getgrgid_r(question->id, &entry, buffer, size, &group);

	if (group != NULL)
		*ret = (struct name_entry){ group->gr_name, group->gr_gid };
	return error;
}

static void
take_found(const struct names_question *question, const struct name_entry *found,
    struct names_answer *ret)
{
	size_t length = strlen(found->name);

	if (question->key == NAMES_BY_NAME && found->id != UINT32_MAX) {
		ret->status = NAMES_FOUND;
		ret->id = found->id;
	} else if (question->key == NAMES_BY_ID && length > 0 && length <= NAMED_MAX) {
		ret->status = NAMES_FOUND;
		memcpy(ret->name, found->name, length);
	}
}

/* rpcbind calls root so, and nobody else. */
#define REGISTRANT "superuser"

static void
resolve_port(uint32_t id, struct names_answer *ret)
{
	_free_ struct kernel_claims *claims = calloc(1, sizeof(*claims));
	struct endpoint endpoint;

	if (claims == NULL || names_port_parse(id, &endpoint) < 0 ||
	    rpcbind_ask(RPCBIND_SOCKET, clock_monotonic_usec() + RPCBIND_USEC, claims) < 0)
		return;
	ret->status = NAMES_ABSENT;
	if (kernel_claims_find(claims, &endpoint, false) != KERNEL_CLAIM_PROVED)
		return;
	ret->status = NAMES_FOUND;
	memcpy(ret->name, REGISTRANT, sizeof(REGISTRANT));
}

void
names_resolve(const struct names_question *question, struct names_answer *ret)
{
	int error = question->key == NAMES_BY_PORT ? 0 : ERANGE;

	*ret = (struct names_answer){ .status = NAMES_FAILED };
	if (question->key == NAMES_BY_PORT)
		resolve_port(question->id, ret);
	for (size_t size = BUFFER_FIRST; error == ERANGE && size <= BUFFER_MAX; size *= 4) {
		_free_ char *buffer = malloc(size);
		struct name_entry found = { 0 };

		if (buffer == NULL)
			return;
		error = (question->group ? ask_group : ask_user)(question, buffer, size, &found);
		if (found.name != NULL)
			take_found(question, &found, ret);
		else if (error == 0 || error == ENOENT || error == ESRCH)
			ret->status = NAMES_ABSENT;
	}
}
