/* SPDX-License-Identifier: MIT */
/*
 * The configuration: read from files into one value, checked, printed back.
 * overstay.yaml(5) is the description of the format; options.c is the table it is read by.
 *
 * Nothing here prints, changes global state or depends on the locale, so that a reload may
 * load in a second thread. No name of a user or group is looked up: policy.names lists them, to be
 * asked for by the caller.
 */
#ifndef OVERSTAY_CONFIG_CONFIG_H
#define OVERSTAY_CONFIG_CONFIG_H

#include <stdint.h>
#include <stdio.h>

#include "base/macros.h"
#include "model/listener.h"
#include "model/policy.h"
#include "model/range.h"
#include "model/severity.h"

/* The first 16 hexadecimal digits of a SHA-256, and the NUL. */
#define CONFIG_HASH_SIZE 17

/* `netns:`; all namespaces are not built yet. */
enum netns_mode {
	NETNS_HOST,
};

struct name_list {
	char **names;
	size_t count;
};

/* What a match said in words that its values alone would not give back; for config_dump(). */
struct match_text {
	struct name_list users;	 /* `user:`, as written */
	struct name_list netns;	 /* `netns:`, as written */
	struct name_list logins; /* `loginuid:`, as written */
};

/* The same of a match and its not. */
struct match_texts {
	struct match_text match;
	struct match_text not ;
};

/* The same of a rule. */
struct rule_text {
	struct match_texts match;
	struct match_texts *any; /* of match.any, any_count of them */
	size_t any_count;
	char *until; /* NULL or "2027-06-30" */
};

struct config {
	struct policy policy;
	uint64_t interval_usec; /* between snapshots of listeners */
	uint64_t survey_usec;	/* between snapshots of the whole table */
	struct range_wanted ranges;
	bool protocols[PROTOCOL_COUNT];
	enum netns_mode netns;
	struct rule_text *rule_texts; /* policy.rule_count of them */
	struct name_list newer;	      /* files left out: they require a later version */
	struct name_list exposed;     /* and those that others may change */
	/*
	 * Of what config_dump() prints but comments: `overstayd --dump-config | grep -v '^ *#' |
	 * sha256sum` begins with it. Hosts with the same hash run the same configuration.
	 */
	char hash[CONFIG_HASH_SIZE];
};

enum config_message_kind {
	CONFIG_ERROR,
	CONFIG_WARNING,
	CONFIG_NOTE, /* right, but a host may lack what it names */
	CONFIG_MESSAGE_KIND_COUNT,
};

struct config_message {
	enum config_message_kind kind;
	unsigned line, column; /* 1-based, as in text; messages of one file come in this order */
	char *text; /* "FILE:LINE:COLUMN: error: what, expected what": escaped, no newline */
};

/* At most CONFIG_MESSAGES_MAX of each kind are kept; the counts go on. */
#define CONFIG_MESSAGES_MAX 100

/*
 * Start with all zero; the messages of several loads may be collected in one. With strict, what
 * would be a warning or a note is an error.
 */
struct config_messages {
	struct config_message *items;
	size_t count;
	size_t counts[CONFIG_MESSAGE_KIND_COUNT]; /* also of those not kept */
	bool strict;
};

/* Frees what is in it and makes it empty. Accepts NULL. */
void config_messages_clear(struct config_messages *messages);

/* Writes one line each, and "... and N more errors" for those not kept. */
void config_messages_print(const struct config_messages *messages, FILE *file);

/* Where the configuration lies. NULL for a directory = there is none. All are borrowed. */
struct config_paths {
	const char *root; /* a staged tree that all others lie in, NULL = this host */
	const char *main_file;
	bool main_outside;	      /* the main file is none of the tree's */
	bool main_optional;	      /* a missing main file is an empty one */
	const char *conf_dir;	      /* *.yaml: any key but rules, the last wins */
	const char *rules_dir;	      /* *.yaml: rules asked before those of the main file */
	const char *vendor_rules_dir; /* *.yaml: rules asked last */
	/* At a start a file that others may change is left out, which is no error then. */
	bool starting;
	/* For --check: looks at the programs that rules name, and at the ports. */
	bool examine, verbose;
	struct port_range kernel; /* ip_local_port_range, to be examined; 0-0 = not known */
};

/* In place of a file's name: standard input. */
#define CONFIG_STDIN "-"

/* overstay.yaml, conf.d and rules.d of SYSCONFDIR/overstay, rules.d of DATADIR/overstay. */
extern const struct config_paths config_default_paths;

/*
 * Reads everything that paths name into a fresh *ret; free with config_free(). All errors
 * and warnings are appended to messages. Returns 0 (there may be warnings), -EINVAL where
 * there is an error in a file (messages has it), -ENOMEM. A directory that does not exist
 * is an empty one. *ret is left alone on failure; but if paths ask for more than a load, it is what
 * could be read beside an error, to ask for its names and for nothing else.
 */
int config_load(const struct config_paths *paths, struct config **ret,
    struct config_messages *messages) _mustcheck_;

/*
 * Reads one text of size bytes, as config_load() reads the main file and nothing beside it;
 * name stands for FILE in messages.
 */
int config_load_text(const char *text, size_t size, const char *name, struct config **ret,
    struct config_messages *messages) _mustcheck_;

/*
 * For `--check FILE`: a main file or a fragment of conf.d or rules.d, under any name, by
 * itself; of paths only what is no place of a file counts. path may be CONFIG_STDIN.
 * Returns as config_load().
 */
int config_check_file(const struct config_paths *paths, const char *path, struct config **ret,
    struct config_messages *messages) _mustcheck_;

/* Room for what config_names_text() writes. */
#define CONFIG_NAMES_TEXT_MAX 2048

/*
 * Says in one line which of the users and groups that are named are in that state. NAMED_ABSENT and
 * NAMED_UNASKED match nobody. Returns false if there are none.
 */
bool config_names_text(const struct named_list *list, enum named_state state, char *buffer,
    size_t size);

/*
 * Writes the effective configuration as YAML: every option, then the rules in the order in
 * which they are asked. Reading that back gives the same configuration and the same text, but for
 * the comments that help adds above each option. Returns 0 or -errno.
 */
int config_dump(const struct config *config, bool help, FILE *file) _mustcheck_;

/* The same as a string, to be freed; *ret_size may be NULL. Returns 0 or -ENOMEM. */
int config_dump_text(const struct config *config, char **ret_text, size_t *ret_size) _mustcheck_;

/* The protocols that are watched, as bits 1 << enum protocol. */
uint32_t config_protocols(const struct config *config);

/* Accepts NULL; returns NULL. */
struct config *config_free(struct config *config);

#endif
