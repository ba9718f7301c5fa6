/* SPDX-License-Identifier: MIT */
/*
 * What is said of the kernel's own sockets: the first byte of an input says by whom (7: rpcbind's
 * answer; else one of the parsers of netlink messages, for a datagram of messages of type 16 that
 * answers sequence 1).
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel-messages.h"
#include "names/rpcbind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_claims(const struct kernel_claims *claims)
{
	if (claims->count > KERNEL_PORTS_MAX)
		abort();
	for (uint32_t i = 0; i < claims->count; i++)
		if (claims->ports[i].port == 0 || claims->ports[i].protocol >= PROTOCOL_COUNT)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static kernel_message_function *const functions[] = { kernel_take_link, kernel_take_family,
		kernel_take_mptcp, kernel_take_fou, kernel_take_smc, kernel_take_udp };
	static struct kernel_messages messages;
	uint8_t *copy;
	int r;

	if (size == 0)
		return 0;
	memset(&messages, 0, sizeof(messages));
	/* A copy in memory of exactly its length. */
	copy = malloc(size);
	if (copy == NULL)
		return 0;
	memcpy(copy, data + 1, size - 1);
	if (data[0] == 7)
		r = rpcbind_parse(copy, size - 1, &messages.claims);
	else
		r = kernel_messages_walk(&messages, copy, size - 1, 1, 16,
		    functions[data[0] % ARRAY_SIZE(functions)]);
	if (r > 1)
		abort();
	check_claims(&messages.claims);
	free(copy);
	return 0;
}
