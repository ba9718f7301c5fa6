/* SPDX-License-Identifier: MIT */
/*
 * The parser of overstay-lookup's answers. What it lets through must be within the bounds
 * that all of overstayd relies on, and be written again as the very same bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/encode.h"
#include "wire/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool good)
{
	if (!good)
		abort();
}

static void
check_place(const struct place *place)
{
	require(strlen(place->unit) < OWNER_UNIT_MAX);
	require(strlen(place->user_unit) < OWNER_UNIT_MAX);
	require(strlen(place->slice) < OWNER_UNIT_MAX);
	require(strlen(place->session) < OWNER_SESSION_MAX);
	require(strlen(place->container) < OWNER_CONTAINER_MAX);
	require(place->container_kind < CONTAINER_KIND_COUNT);
	require((place->container_kind == CONTAINER_NONE) == (place->container[0] == '\0'));
}

static void
check_process(const struct process *process)
{
	require(process->pid > 0 && process->pid <= LOOKUP_PID_MAX);
	require(process->group_count <= OWNER_GROUPS_MAX);
	require(strlen(process->comm) < OWNER_COMM_MAX);
	require(strlen(process->exe) < OWNER_PATH_MAX);
	require(strlen(process->cwd) < OWNER_PATH_MAX);
	require(strlen(process->script) < OWNER_PATH_MAX);
	require(strlen(process->parent_comm) < OWNER_COMM_MAX);
	require(strlen(process->main_exe) < OWNER_PATH_MAX);
	require(strlen(process->parent_exe) < OWNER_PARENT_MAX);
	require(process->parent_trust == EXE_UNVERIFIED || process->parent_exe[0] == '/');
	require(process->login_known || process->login_uid == UINT32_MAX);
	require(process->session_type < SESSION_TYPE_COUNT);
	require(strlen(process->forwards_to) < OWNER_CONTAINER_MAX);
	require(process->forwards_kind < CONTAINER_KIND_COUNT);
	require(process->origin < ORIGIN_COUNT);
	require((process->evidence & ~(uint32_t)EVIDENCE_ALL) == 0);
	require((process->script_evidence & ~(uint32_t)SCRIPT_ALL) == 0);
	require(strlen(process->known_as) < OWNER_KNOWN_MAX);
	check_place(&process->place);
	require(process->cmdline_length <= OWNER_CMDLINE_MAX);
	require(
	    process->cmdline_length == 0 || process->cmdline[process->cmdline_length - 1] == '\0');
	require(process->exe_trust == EXE_UNVERIFIED || process->exe[0] == '/');
}

/* Writes the links again. Returns the length of the packet. */
static size_t
check_links(char *packet, const struct lookup_client_packet *answer)
{
	struct links_packet links;

	encode_links_begin(&links, packet, (struct wire_paths){ .count = 0 });
	for (uint32_t i = 0; i < answer->link_count; i++) {
		const struct lookup_client_link *link = &answer->links[i];
		char target[LINK_PATH_MAX] = "";

		require(link->path_length > 0 && link->path_length < LINK_PATH_MAX);
		require(link->target_length < LINK_PATH_MAX);
		if (link->target != NULL)
			memcpy(target, link->target, link->target_length);
		require(strlen(target) == link->target_length);
		links.left = sizeof(struct wire_link) + link->path_length;
		encode_link(&links, link->path, link->path_length,
		    link->target == NULL ? NULL : target);
	}
	return encode_links_end(&links, answer->id);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lookup_client_packet answer;
	static char packet[LOOKUP_PACKET_MAX];
	size_t length;

	if (lookup_client_parse((const char *)data, size, &answer) < 0)
		return 0;
	if (answer.done)
		length = encode_done(packet, answer.id, answer.saw_all ? LOOKUP_SAW_ALL : 0,
		    answer.cpu_usec);
	else if (answer.link_count > 0)
		length = check_links(packet, &answer);
	else {
		require(answer.inode_count > 0 && answer.inode_count <= LOOKUP_INODES_MAX);
		require(answer.owner->process_count <= OWNER_PROCESSES_MAX);
		require(answer.owner->holders >= answer.owner->process_count);
		require(
		    (answer.owner->kind == OWNER_PROCESS) == (owner_first(answer.owner) != NULL));
		check_place(&answer.owner->place);
		for (uint32_t i = 0; i < answer.owner->process_count; i++)
			check_process(answer.owner->processes[i]);
		length = encode_owner(packet, answer.id, answer.owner, answer.inodes,
		    answer.inode_count);
	}
	require(length == size && memcmp(packet, data, size) == 0);
	owner_unref(answer.owner);
	return 0;
}
