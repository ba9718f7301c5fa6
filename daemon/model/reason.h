/* SPDX-License-Identifier: MIT */
/*
 * What a listener is taken for: its class, and the reasons for it. One table, in reason.c.
 */
#ifndef OVERSTAY_MODEL_REASON_H
#define OVERSTAY_MODEL_REASON_H

#include <stdint.h>

#include "base/macros.h"

/* What kind of thing listens. */
enum listener_class {
	CLASS_UNKNOWN,
	CLASS_KERNEL,  /* the kernel itself */
	CLASS_SERVICE, /* a system unit or a container runs it, from a system path */
	CLASS_USER,    /* a person's program */
	CLASS_SUSPECT, /* a strong reason, or weak ones of two kinds */
	CLASS_COUNT,
};

enum reason_strength {
	STRENGTH_SHOWN,	 /* never counts for anything: it is only told */
	STRENGTH_WEAK,	 /* two kinds make a suspect; one alone is only reported */
	STRENGTH_STRONG, /* one is enough */
};

/* What a reason is about. Weak ones add up across kinds only. */
enum reason_kind {
	KIND_STRONG,   /* enough by itself, whatever it is about */
	KIND_PLACE,    /* the program's file: its place, owner and mode */
	KIND_HISTORY,  /* what was there before */
	KIND_EXPOSURE, /* who can reach it */
	KIND_SHOWN,    /* counts for nothing */
};

/* In the order of the table, strong ones first. */
enum reason {
	REASON_MEMORY,		/* its program is a file in memory */
	REASON_SHM,		/* its program lies in /dev/shm */
	REASON_DISGUISE,	/* its name is a kernel thread's or another program's */
	REASON_SHELL,		/* a shell talks to a network socket */
	REASON_STRANGER,	/* a shell, relay or inline code where a service should be */
	REASON_OWN_FILE_NEW,	/* own-file, dropped where everybody may: see reason.c */
	REASON_NO_OWNER,	/* nobody holds it, and it is not the kernel's */
	REASON_DELETED,		/* its program was deleted, and not by an upgrade */
	REASON_TEMPORARY,	/* its program lies where everybody may put one */
	REASON_WRITABLE,	/* others may change its program */
	REASON_OWN_FILE,	/* a service runs a program that its own account may change */
	REASON_OWN_MOUNTS,	/* a system account runs it in mounts of its own */
	REASON_FOREIGN,		/* root runs a program that is not root's */
	REASON_CHANGED,		/* another program than before holds the endpoint */
	REASON_EXPOSED,		/* all addresses on a port the kernel picked */
	REASON_KERNEL_UNPROVED, /* nobody holds it; the kernel may, which cannot be proved */
	REASON_COUNT,
};

struct classification {
	uint32_t reasons; /* bits 1 << enum reason */
	uint16_t hints;	  /* bits 1 << enum hint (model/hint.h): they count for nothing */
	enum listener_class class : 8;
	enum listener_class otherwise : 8; /* what it would be without the reasons */
	bool strong;			   /* one of them is */
	bool main_program;		   /* all that is known to hold it is its unit's */
};

/* What would follow from these reasons alone; otherwise = the class without them. main_program:
 * each known holder is the main program of its unit or container. */
void classify_reasons(uint32_t reasons, enum listener_class otherwise, bool main_program,
    struct classification *ret);

const char *class_name(enum listener_class class); /* "suspect" */
const char *reason_name(enum reason reason);	   /* "disguise" */
const char *reason_text(enum reason reason);	   /* a clause for a person */
enum reason_strength reason_strength(enum reason reason);
const char *reason_strength_name(enum reason_strength strength); /* "strong", "weak", "shown" */
/* That of the strongest of these reasons, of which there is one. */
enum reason_strength reasons_strength(uint32_t reasons);

#endif
