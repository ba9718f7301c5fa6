/* SPDX-License-Identifier: MIT */
/*
 * Both parsers of overstay-names' packets. What they let through must be within the bounds that
 * both ends rely on, and be written again as the very same bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool good)
{
	if (!good)
		abort();
}

static void
check_question(const uint8_t *data, size_t size)
{
	struct names_question question;
	char packet[NAMES_PACKET_MAX];
	uint32_t id;

	if (names_decode_question((const char *)data, size, &id, &question) < 0)
		return;
	require(strlen(question.name) <= NAMED_MAX);
	require((question.key == NAMES_BY_NAME) == (question.name[0] != '\0'));
	require(names_encode_question(packet, id, &question) == size);
	require(memcmp(packet, data, size) == 0);
}

static void
check_answer(const uint8_t *data, size_t size)
{
	struct names_answer answer;
	char packet[NAMES_PACKET_MAX];
	uint32_t id;

	if (names_decode_answer((const char *)data, size, &id, &answer) < 0)
		return;
	require(strlen(answer.name) <= NAMED_MAX);
	require(answer.id != UINT32_MAX);
	require(answer.status == NAMES_FOUND || (answer.id == 0 && answer.name[0] == '\0'));
	require(names_encode_answer(packet, id, &answer) == size);
	require(memcmp(packet, data, size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_question(data, size);
	check_answer(data, size);
	return 0;
}
