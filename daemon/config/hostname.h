/* SPDX-License-Identifier: MIT */
/*
 * The names of this host, for rules that hold on some hosts only. See hostname.c.
 */
#ifndef OVERSTAY_CONFIG_HOSTNAME_H
#define OVERSTAY_CONFIG_HOSTNAME_H

#include "base/macros.h"

/* The longest name of the DNS has 253 bytes. */
#define HOSTNAME_MAX 256

struct hostname {
	char full[HOSTNAME_MAX];  /* "web1.example.com"; as short where nothing longer is known */
	char small[HOSTNAME_MAX]; /* "web1" */
};

/* Reads both, in lower case; hosts_file: /etc/hosts. What is not known is "". */
void hostname_read(const char *hosts_file, struct hostname *ret);

/* The same of a name and the text of such a file. */
void hostname_find(const char *name, const char *hosts, struct hostname *ret);

/* Does the glob, in lower case, match one of them? */
bool hostname_matches(const struct hostname *hostname, const char *glob);

#endif
