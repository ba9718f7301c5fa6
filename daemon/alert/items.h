/* SPDX-License-Identifier: MIT */
/*
 * The listeners that one message sums up, as JSON. See items.c.
 */
#ifndef OVERSTAY_ALERT_ITEMS_H
#define OVERSTAY_ALERT_ITEMS_H

#include "alert/message.h"
#include "model/items.h"

/* The whole array; journald and forwarders take it in one piece. */
#define ITEMS_JSON_MAX 16384

/*
 * Appends an array with an object for each, those at the front, as many as fit: never half a one.
 * text has room for ITEMS_JSON_MAX bytes. Returns how many are left out.
 */
uint32_t items_write(struct text *text, const struct items *items,
    const struct message_context *context);

#endif
