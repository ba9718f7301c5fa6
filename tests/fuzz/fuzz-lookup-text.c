/* SPDX-License-Identifier: MIT */
/*
 * The texts that overstay-lookup reads out of /proc, and the names in them: the first byte of
 * the input says which. Each parser is given memory of exactly the input's size, and what it
 * gives back has to be within its bounds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/evidence.h"
#include "lookup/forward.h"
#include "lookup/kernel-owner.h"
#include "lookup/mounts.h"
#include "lookup/named-file.h"
#include "lookup/place.h"
#include "lookup/proc.h"
#include "lookup/ring.h"
#include "lookup/shell.h"
#include "model/claim.h"
#include "model/identity.h"
#include "wire/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool good)
{
	if (!good)
		abort();
}

static void
try_place(const char *text, size_t length)
{
	char path[PLACE_PATH_MAX];
	struct place place;
	size_t group;

	if (!place_find_path(text, length, path))
		return;
	require(path[0] == '/' && strlen(path) < sizeof(path));
	place_init(&place);
	require(place_parse(path, &place, &group) == 0);
	require(group <= strlen(path));
	require(strlen(place.unit) < OWNER_UNIT_MAX);
	require(strlen(place.user_unit) < OWNER_UNIT_MAX);
	require(strlen(place.slice) < OWNER_UNIT_MAX);
	require(strlen(place.session) < OWNER_SESSION_MAX);
	require(strlen(place.container) < OWNER_CONTAINER_MAX);
	require((place.container_kind == CONTAINER_NONE) == (place.container[0] == '\0'));
	require(place.session[0] == '\0' || place.unit[0] != '\0');
	require(place.user_unit[0] == '\0' || place.unit[0] != '\0');
	place_clear(&place);
}

static void
try_mounts(const char *text, size_t length)
{
	char *copy = malloc(length + 1), place[128];
	uint64_t id;

	if (copy == NULL)
		return;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (mounts_locate(copy, "/usr/sbin/nginx", place, sizeof(place), &id) == 0)
		require(strlen(place) < sizeof(place));
	free(copy);
}

static void
try_addresses(const char *text, size_t length)
{
	uint32_t addresses[4];
	size_t count = forward_parse_addresses(text, length, addresses, 4);

	require(count <= 4);
	for (size_t i = 0; i < count; i++)
		require(addresses[i] != 0);
}

static void
try_stat(const char *text, size_t length)
{
	struct proc_stat stat;

	if (proc_parse_stat(text, length, &stat) == 0)
		require(strlen(stat.comm) < OWNER_COMM_MAX && stat.parent_pid >= 0);
}

static void
try_status(const char *text, size_t length)
{
	struct process process;

	process_init(&process);
	proc_parse_status(text, length, &process);
	require(process.group_count <= OWNER_GROUPS_MAX);
}

/* What a process with such arguments says of itself; they are its name and its script's, too. */
static void
try_claims(char *arguments, size_t length)
{
	static char *const programs[] = { (char *)"/usr/bin/python3", (char *)"/bin/busybox",
		(char *)"/lib/ld.so", (char *)"/usr/bin/qemu-arm", (char *)"/home/alice/x" };
	struct process process;

	process_init(&process);
	process.comm = process.script = arguments;
	process.cmdline = arguments;
	process.cmdline_length = (uint32_t)length;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		char path[64];
		const char *script;
		struct identity identity;
		struct claim claim;

		process.exe = programs[i];
		process.evidence = i % 2 == 0 ? EVIDENCE_NAME_OWN : EVIDENCE_EXE_KNOWN;
		identity_find(&process, &identity);
		require(identity.arguments + identity.length == arguments + length);
		(void)identity_input(&process, &script);
		require(script == NULL || (script >= arguments && script < arguments + length));
		if (identity_script_path(&process, path, sizeof(path)))
			require(strlen(path) < sizeof(path));
		if (claim_find_false(&process, &claim))
			require(claim.length <= length);
	}
}

static void
try_names(const char *text, size_t length)
{
	char *copy = malloc(length + 1);

	if (copy == NULL)
		return;
	memcpy(copy, text, length);
	copy[length] = '\0';
	(void)evidence_parse_root(text, length);
	(void)shell_is_program("/bin/busybox", "", copy, length + 1);
	(void)evidence_is_nameless(copy, 0x6969);
	require(named_file_descriptor(copy) >= -1);
	try_claims(copy, length + 1);
	free(copy);
}

static bool
on_inode(uint32_t inode, void *argument)
{
	(void)argument;
	require(inode != 0);
	return true;
}

static void
try_ring(const char *text, size_t length)
{
	struct ring_text ring = { 0 };

	require(ring_take(&ring, text, length, on_inode, NULL));
	require(ring.length < sizeof(ring.line));
	require(ring.hidden < 1U << LOOKUP_PROTOCOL_COUNT);
}

static void
try_ports(const char *text, size_t length)
{
	static struct kernel_claims claims;

	kernel_claims_init(&claims);
	kernel_owner_take_ports(text, length, &claims);
	kernel_owner_take_port(text, length, PROTOCOL_TCP, &claims);
	require(claims.count <= KERNEL_PORTS_MAX);
	for (uint32_t i = 0; i < claims.count; i++)
		require(claims.ports[i].port != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(const char *, size_t) = { try_place, try_mounts,
		try_addresses, try_stat, try_status, try_names, try_ring, try_ports };
	char *text;

	if (size == 0)
		return 0;
	text = malloc(size);
	if (text == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	parsers[data[0] % ARRAY_SIZE(parsers)](text, size - 1);
	free(text);
	return 0;
}
