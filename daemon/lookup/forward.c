/* SPDX-License-Identifier: MIT */
/*
 * docker-proxy listens for a container: its arguments say the container's address, not its
 * name. So the network namespaces of the containers on this host are searched for the
 * one that has that address, once a request: of each namespace one process whose cgroup is a
 * container's, and its table of routes, where own addresses stand as "/32 host LOCAL".
 *
 * Two containers on different networks may have the same address; then nobody is named. A
 * process can give itself any arguments. So only a file of root's of one of these names is
 * believed, and of a container of the system's only root's process, of a user's the user's own;
 * what it forwards to is described beside it, never instead of it.
 *
 * Bounds: NAMESPACES_MAX namespaces, ADDRESSES_MAX addresses of each, and 64 KiB of their
 * tables. Cost: 3 us a process, 40 us a namespace, and only for such programs.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/files.h"
#include "lookup/forward.h"
#include "lookup/place.h"
#include "lookup/proc.h"

#define NAMESPACES_MAX 256
#define ADDRESSES_MAX  8
#define TABLE_MAX      65536

/* One network namespace of a container. */
struct network {
	char namespace[VIEW_NAMESPACE_MAX];
	char id[OWNER_CONTAINER_MAX];
	enum container_kind kind;
	uint32_t uid; /* whose container it is: root's, or a user's below the own manager */
	uint32_t addresses[ADDRESSES_MAX];
	size_t address_count;
};

struct containers {
	size_t count;
	struct network networks[NAMESPACES_MAX];
};

static const char *const programs[] = { "docker-proxy", "rootlessport",
	"rootlesskit-docker-proxy" };

static bool
is_forwarder(const struct process *process)
{
	const char *slash = strrchr(process->exe, '/');

	if (process->exe_trust == EXE_UNVERIFIED || (process->evidence & EVIDENCE_EXE_ROOTS) == 0)
		return false;

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (slash != NULL && strcmp(slash + 1, programs[i]) == 0)
			return true;
	return false;
}

/* The argument behind -container-ip, or in it behind a "="; NULL where there is none. */
static const char *
address_argument(const struct process *process)
{
	static const char option[] = "-container-ip";
	const char *end = process->cmdline + process->cmdline_length;

	for (const char *at = process->cmdline; at < end; at += strlen(at) + 1) {
		/* Go's flags may have one dash or two. */
		const char *text = at[0] == '-' && at[1] == '-' ? at + 1 : at;
		const char *rest = text + sizeof(option) - 1;

		if (strncmp(text, option, sizeof(option) - 1) != 0)
			continue;
		if (*rest == '=')
			return rest + 1;
		if (*rest == '\0' && rest + 1 < end)
			return rest + 1;
	}
	return NULL;
}

size_t
forward_parse_addresses(const char *text, size_t length, uint32_t *addresses, size_t max)
{
	struct in_addr address = { 0 };
	size_t count = 0;
	const char *end;

	for (const char *at = text; at < text + length; at = end + 1) {
		char line[64];
		size_t size;

		end = memchr(at, '\n', (size_t)(text + length - at));
		if (end == NULL)
			break;
		at += strspn(at, " ");
		size = end > at ? (size_t)(end - at) : 0;
		if (size >= sizeof(line))
			continue;
		memcpy(line, at, size);
		line[size] = '\0';
		if (strncmp(line, "|-- ", 4) == 0) {
			if (inet_pton(AF_INET, line + 4, &address) != 1)
				address.s_addr = 0;
		} else if (strcmp(line, "/32 host LOCAL") == 0 && address.s_addr != 0 &&
		    ntohl(address.s_addr) >> 24 != 127 && count < max)
			addresses[count++] = address.s_addr;
	}
	return count;
}

static bool
is_known(const struct containers *containers, const char *namespace)
{
	for (size_t i = 0; i < containers->count; i++)
		if (strcmp(containers->networks[i].namespace, namespace) == 0)
			return true;
	return false;
}

static int
read_place(const struct view *view, int process_fd, struct place *place)
{
	char path[PLACE_PATH_MAX];
	size_t group;

	return view_read_cgroup(view, process_fd, path) ?
	    view_parse_place(view, path, place, &group) :
	    0;
}

/* Whose container is it? */
static uint32_t
find_user(const struct place *place)
{
	uint32_t uid;

	return sscanf(place->unit, "user@%" SCNu32 ".service", &uid) == 1 ? uid : 0;
}

/* Takes the addresses of the process's network, if it is a container's. 0 or -ENOMEM. */
static int
add_network(const struct view *view, struct containers *containers, int process_fd,
    const char *namespace)
{
	struct network *network = &containers->networks[containers->count];
	_free_ char *table = NULL;
	struct place place;
	ssize_t length;
	int r;

	place_init(&place);
	r = read_place(view, process_fd, &place);
	if (r == 0 && place.container_kind != CONTAINER_NONE) {
		memcpy(network->namespace, namespace, strlen(namespace) + 1);
		memcpy(network->id, place.container, strlen(place.container) + 1);
		network->kind = place.container_kind;
		network->uid = find_user(&place);
		containers->count++;
		table = malloc(TABLE_MAX);
		length =
		    table == NULL ? 0 : files_read(process_fd, "net/fib_trie", table, TABLE_MAX);
		if (length > 0)
			network->address_count = forward_parse_addresses(table, (size_t)length,
			    network->addresses, ADDRESSES_MAX);
		r = table == NULL ? -ENOMEM : 0;
	}
	place_clear(&place);
	return r;
}

/* Searches all processes for the networks of containers. Returns 0 or -ENOMEM. */
static int
find_networks(const struct view *view, struct containers *containers)
{
	_closedir_ DIR *directory = files_open_directory(view->host->proc_fd, ".");
	char host_network[VIEW_NAMESPACE_MAX], namespace[VIEW_NAMESPACE_MAX];
	struct dirent *entry;
	int r = 0;

	if (directory == NULL)
		return errno == ENOMEM ? -ENOMEM : 0;
	if (files_read_link(view->host->proc_fd, "1/ns/net", host_network, sizeof(host_network)) <=
	    0)
		return 0;
	while (
	    r == 0 && containers->count < NAMESPACES_MAX && (entry = readdir(directory)) != NULL) {
		int32_t pid = files_number(entry->d_name);
		_close_ int process_fd = pid > 0 ? proc_open(view->host->proc_fd, pid) : -1;

		if (process_fd < 0 ||
		    files_read_link(process_fd, "ns/net", namespace, sizeof(namespace)) <= 0 ||
		    strcmp(namespace, host_network) == 0 || is_known(containers, namespace))
			continue;
		r = add_network(view, containers, process_fd, namespace);
	}
	return r;
}

/* The user's one network with this address; NULL where none has it, or several. */
static const struct network *
find_address(const struct containers *containers, uint32_t uid, uint32_t address)
{
	const struct network *found = NULL;

	for (size_t i = 0; i < containers->count; i++)
		for (size_t j = 0; j < containers->networks[i].address_count; j++) {
			if (containers->networks[i].uid != uid ||
			    containers->networks[i].addresses[j] != address)
				continue;
			/* The table shows an address under "Main" and again under "Local". */
			if (found != NULL && found != &containers->networks[i])
				return NULL;
			found = &containers->networks[i];
		}
	return found;
}

int
forward_read(struct view *view, struct process *process)
{
	const char *argument = is_forwarder(process) ? address_argument(process) : NULL;
	const struct network *network;
	struct in_addr address;
	int r;

	if (argument == NULL || inet_pton(AF_INET, argument, &address) != 1)
		return 0;
	if (view->containers == NULL) {
		view->containers = calloc(1, sizeof(*view->containers));
		r = view->containers == NULL ? -ENOMEM : find_networks(view, view->containers);
		if (r < 0)
			return r;
	}
	network = find_address(view->containers, process->uid, address.s_addr);
	if (network == NULL)
		return 0;
	r = owner_text_set(&process->forwards_to, network->id);
	if (r == 0)
		process->forwards_kind = network->kind;
	return r;
}

void
forward_forget(struct view *view)
{
	free(view->containers);
	view->containers = NULL;
}
