/* SPDX-License-Identifier: MIT */
/*
 * How the parts of the configuration's reader say what is wrong, and where. See messages.c.
 */
#ifndef OVERSTAY_CONFIG_MESSAGES_H
#define OVERSTAY_CONFIG_MESSAGES_H

#include "base/macros.h"
#include "config/config.h"

struct hostname;
struct node;

/* What every part of the reader is handed: where it reads and where its messages go. */
struct config_context {
	struct config_messages *messages;  /* borrowed */
	const char *file;		   /* borrowed; as it stands in messages, raw */
	struct named_list *names;	   /* users and groups that were named so far */
	uint64_t now_usec;		   /* CLOCK_REALTIME: is a rule over already? */
	uint64_t netns;			   /* inode of the one that is watched, 0 = unknown */
	const struct hostname *host;	   /* borrowed */
	const char *root;		   /* borrowed; a staged tree, NULL = this host */
	struct name_list *newer, *exposed; /* borrowed; the files that are left out */
	bool starting;			   /* what others may change is left out */
	bool alone;			   /* a file that is not where it is going to be */
	bool examine, verbose;
	bool service;  /* --check by root of what overstayd.service is going to read */
	bool packaged; /* the file is one of the vendor's rules */
	/* The rest of a text that config_dump() wrote, from the line on; NULL = it is none. */
	const char *dumped, *dumped_end;
	unsigned dumped_line;
	bool no_memory; /* by context_no_memory() alone; the load ends with -ENOMEM */
};

/*
 * Notes that an allocation failed: what was read is not what was written, so the load ends with
 * -ENOMEM. Nothing takes that back, least of all the next file.
 */
void context_no_memory(struct config_context *context);

/* A quoted and escaped value in a message, cut if it is longer. A path's end matters most. */
#define QUOTE_SIZE	100
#define QUOTE_PATH_SIZE 1000

/*
 * Writes "value" with its quotation marks into buffer (size bytes). Returns buffer.
 */
const char *quote_text(const char *value, size_t length, char *buffer, size_t size);

/*
 * Every text in a message that came from a file passes here; it lives as long as the block.
 */
#define QUOTE(value) quote_text((value), strlen(value), (char[QUOTE_SIZE]){ 0 }, QUOTE_SIZE)
#define QUOTE_PATH(value) \
	quote_text((value), strlen(value), (char[QUOTE_PATH_SIZE]){ 0 }, QUOTE_PATH_SIZE)

/*
 * Adds a message about a place, 1-based, in the context's file, unless that is said already
 * (an alias is read at each of its places). Values in it must have passed QUOTE() or
 * QUOTE_PATH(): the text itself is taken as it is.
 */
void context_message(struct config_context *context, enum config_message_kind kind, unsigned line,
    unsigned column, const char *format, ...) _printf_(5, 6);

/* The same about the place of a node. */
#define context_error(context, node, ...) \
	context_message((context), CONFIG_ERROR, (node)->line, (node)->column, __VA_ARGS__)
#define context_warn(context, node, ...) \
	context_message((context), CONFIG_WARNING, (node)->line, (node)->column, __VA_ARGS__)
#define context_note(context, node, ...) \
	context_message((context), CONFIG_NOTE, (node)->line, (node)->column, __VA_ARGS__)

/* What was said so far, to go back to. */
struct message_mark {
	size_t count;
	size_t counts[CONFIG_MESSAGE_KIND_COUNT];
};

struct message_mark messages_mark(const struct config_messages *messages);
/* Takes back what was said since. */
void messages_take_back(struct config_messages *messages, const struct message_mark *mark);

/* Notes in the list that the context's file is no part of the configuration. */
void context_leave_out(struct config_context *context, struct name_list *list);

/* Puts the messages from the one at `from` on in the order of their places. */
void messages_sort(struct config_messages *messages, size_t from);

/*
 * The entry of names (ended by NULL) that is nearest to what was written, NULL where none
 * is near enough to be meant. Case makes no difference, nor does _ for -.
 */
const char *nearest_name(const char *written, const char *const *names);

/* Says that a scalar is none of the names that are its values: the nearest of them, or what was
 * expected. */
void context_wrong_value(struct config_context *context, const struct node *node, const char *what,
    const char *expected, const char *const *names);

/* Says that the key is unknown, and the nearest of names or all of them. */
void context_unknown(struct config_context *context, const struct node *key,
    const char *const *names);

#endif
