/* SPDX-License-Identifier: MIT */
/*
 * Where the paths of rules lead on the host. See links.c.
 */
#ifndef OVERSTAY_LOOKUP_LINKS_H
#define OVERSTAY_LOOKUP_LINKS_H

#include "base/macros.h"
#include "lookup/view.h"
#include "wire/encode.h"

/* Writes the answer for the paths to packet (LOOKUP_PACKET_MAX bytes). Returns its length. */
size_t links_answer(const struct view *view, struct wire_paths paths, uint32_t id, char *packet);

#endif
