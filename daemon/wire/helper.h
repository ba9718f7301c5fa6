/* SPDX-License-Identifier: MIT */
/*
 * What the programs of both helpers have in common: the command line and how it ends. See helper.c.
 */
#ifndef OVERSTAY_WIRE_HELPER_H
#define OVERSTAY_WIRE_HELPER_H

#include "wire/server.h"

enum helper_exit {
	HELPER_FINE = 0,
	HELPER_FAILED = 1,
	HELPER_USAGE = 2,
};

struct helper {
	const char *name;   /* of the program */
	const char *usage;  /* text of --help */
	int (*run)(int fd); /* -1 = systemd's sockets; returns the exit status */
};

/* Reads the command line and runs, or says what is asked for. Returns the exit status. */
int helper_main(const struct helper *helper, int argc, char **argv);

/* Says what failed, with the priority of sd-daemon(3); error: -errno. Returns HELPER_FAILED. */
int helper_fail(const struct helper *helper, const char *what, int error);

/*
 * Takes in the connection of an overstayd run by hand, or, if fd is -1, the sockets of systemd.
 * Returns HELPER_FINE, or the exit status with the error said.
 */
int helper_take_sockets(const struct helper *helper, struct server *server, int fd) _mustcheck_;

#endif
