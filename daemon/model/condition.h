/* SPDX-License-Identifier: MIT */
/*
 * What can be wrong while the daemon runs on.
 */
#ifndef OVERSTAY_MODEL_CONDITION_H
#define OVERSTAY_MODEL_CONDITION_H

enum condition {
	CONDITION_LOOKUP,      /* owners cannot be looked up */
	CONDITION_SOURCE,      /* no sock_diag: /proc/net instead */
	CONDITION_POLLS,       /* polls are incomplete again and again */
	CONDITION_PROOFS,      /* too many sockets cannot be proved to be gone */
	CONDITION_RANGE,       /* the kernel's range cannot be read */
	CONDITION_CONFIG,      /* runs on the last good copy */
	CONDITION_STATE,       /* nothing can be kept in the state directory */
	CONDITION_STORE,       /* what must outlive a restart cannot be kept */
	CONDITION_CROWDED,     /* some user has more listeners than can be handled */
	CONDITION_INTERVAL,    /* polls cost so much that they come more seldom */
	CONDITION_DESCRIPTORS, /* some user has too much open to be searched */
	CONDITION_LISTENERS,   /* more listeners are open than can be watched */
	CONDITION_COUNT,
};

/* "lookup": in the field, the message and the status line. */
const char *condition_name(enum condition condition);

#endif
