/* SPDX-License-Identifier: MIT */
/*
 * The daemon: what `overstayd` without another command is. See daemon.c.
 */
#ifndef OVERSTAY_DAEMON_H
#define OVERSTAY_DAEMON_H

#include "alert/sender.h"
#include "config/config.h"
#include "wire/client.h"
#include "wire/names-client.h"
#include "wire/names-link.h"

/* What the command line and the environment say. */
struct daemon_options {
	struct config_paths config_paths;
	const struct config_messages *config_messages; /* of the files that config was read from */
	enum sender_target target;
	const char *state_directory;   /* STATE_DIRECTORY, NULL = nothing is kept */
	const char *runtime_directory; /* RUNTIME_DIRECTORY, NULL = nor in memory */
	const char *lookup_socket;     /* in RUNTIME_DIRECTORY; NULL = start overstay-lookup */
	const char *lookup_program;    /* to be started */
	struct names_options names;
};

/* The helpers that there are already: by hand they are started while that is allowed. */
struct daemon_helpers {
	struct lookup_client *lookup;  /* NULL = none */
	struct names_client *names;    /* NULL = none; for the loop */
	struct names_link *sender;     /* NULL = none; for the names in messages */
	struct names_link *registered; /* NULL = none; for what was registered with rpcbind */
};

/*
 * Runs until SIGTERM or SIGINT. config is taken; last_good: it is the copy that was kept, because
 * the files are wrong. What is in helpers is taken too. Returns the exit code.
 */
int daemon_run(const struct daemon_options *options, struct config *config, bool last_good,
    struct daemon_helpers *helpers) _mustcheck_;

/* Ends those that are there. */
void daemon_helpers_clear(struct daemon_helpers *helpers);

#endif
