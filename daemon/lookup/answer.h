/* SPDX-License-Identifier: MIT */
/*
 * One request answered: from questions to packets.
 */
#ifndef OVERSTAY_LOOKUP_ANSWER_H
#define OVERSTAY_LOOKUP_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "lookup/host.h"
#include "wire/encode.h"
#include "wire/protocol.h"

/* Takes one packet of the answer. Returns 0 or -errno, which ends the answering. */
typedef int answer_function(const char *packet, size_t length, void *argument);

/*
 * Answers the questions (sorted by inode, none twice), and where the paths lead, by what is seen
 * of host: calls send for each packet, the done packet last. Returns 0, what send returned,
 * -ENOMEM, or -errno where /proc cannot be read.
 */
int answer_request(const struct host *host, uint32_t id, const struct wire_question *questions,
    size_t count, struct wire_paths paths, answer_function *send, void *argument) _mustcheck_;

#endif
