/* SPDX-License-Identifier: MIT */
/*
 * Runs a program confined as overstayd confines itself at its start: what an intruder is left with
 * there, on top of what the unit takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "privileges.h"

int
main(int argc, char **argv)
{
	int r = argc < 2 ? 0 : privileges_drop();

	if (r == 0 && argc >= 2)
		r = privileges_confine();
	if (r < 0 || argc < 2) {
		fprintf(stderr, "usage: confine PROGRAM [ARGUMENT...]: %s\n", strerror(-r));
		return EXIT_FAILURE;
	}
	(void)execv(argv[1], argv + 1);
	perror(argv[1]);
	return EXIT_FAILURE;
}
