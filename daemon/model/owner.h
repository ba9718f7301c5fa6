/* SPDX-License-Identifier: MIT */
/*
 * Who holds a socket, as it was observed at one moment. An owner is immutable once it is published
 * (owner_ref), and so are its processes: the loop and the sending thread may share an owner, and
 * owners their processes (engine/kept.c).
 *
 * Every string in here was written by a process that may be hostile: raw bytes, bounded, not
 * escaped. text_escape() stands between them and every reader.
 */
#ifndef OVERSTAY_MODEL_OWNER_H
#define OVERSTAY_MODEL_OWNER_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/macros.h"
#include "model/listener.h"

/* Bounds of what is kept of one owner; what is longer is cut, and the cut is marked. */
#define OWNER_PROCESSES_MAX  16
#define OWNER_GROUPS_MAX     64
#define OWNER_COMM_MAX	     64 /* the kernel's limit is 16, kernel threads have more */
#define OWNER_PATH_MAX	     4096
#define OWNER_CMDLINE_MAX    4096
#define OWNER_PARENT_MAX     1024 /* of the parent's path: a longer one is unknown */
#define OWNER_UNIT_MAX	     256  /* systemd's own limit of a unit name */
#define OWNER_CONTAINER_MAX  128  /* 64 digits, or a machine's name */
#define OWNER_SESSION_MAX    64
#define OWNER_KNOWN_MAX	     32 /* the name of one of the host's programs */
#define OWNER_CHECKSUM_BYTES 32 /* SHA-256 */

enum owner_kind {
	OWNER_UNKNOWN,
	OWNER_PROCESS,
	OWNER_KERNEL,
};

/* Why an owner is unknown (OWNER_REASON_NONE where it is known). */
enum owner_reason {
	OWNER_REASON_NONE,
	OWNER_REASON_NOT_ASKED,	      /* not looked up yet */
	OWNER_REASON_NO_LOOKUP,	      /* overstay-lookup is not running */
	OWNER_REASON_TIMEOUT,	      /* it did not answer in time */
	OWNER_REASON_BAD_ANSWER,      /* its answer made no sense */
	OWNER_REASON_NO_PERMISSION,   /* it was not allowed to see every process */
	OWNER_REASON_NO_PROCESS,      /* it saw every process; none holds the socket */
	OWNER_REASON_KERNEL_UNPROVED, /* no process holds it; the kernel may, which names no port */
	OWNER_REASON_IO_URING,	   /* none has a descriptor; it may be in an io_uring that shows no
				       numbers (before Linux 6.3) */
	OWNER_REASON_OTHER_PIDS,   /* processes of another PID namespace may hold it */
	OWNER_REASON_EXITED,	   /* the socket was gone before it could be looked up */
	OWNER_REASON_NO_INODE,	   /* the socket has no inode: nothing can hold it by name */
	OWNER_REASON_NOT_SEARCHED, /* some user has too many descriptors to be searched */
	OWNER_REASON_NOT_IN_TIME,  /* its user has too many sockets: not asked for in time */
	OWNER_REASON_TOO_MANY,	   /* its user's owners need too much memory: not kept */
	OWNER_REASON_NOT_FINISHED, /* its search was not finished, and no permission lacked */
	OWNER_REASON_COUNT,
};

/*
 * How far the path in exe is to be believed. A process can make /proc/PID/exe read any path by
 * mounts of its own, so the path alone names nothing.
 */
enum exe_trust {
	EXE_UNVERIFIED, /* could not be compared, or another file stands under that path */
	EXE_SAME,	/* the very file that PID 1 sees under that path */
	EXE_REPLACED,	/* an upgrade's leftover: PID 1's mount namespace, no links any more,
			   root's, not writable by others, in a directory of root's */
};

/* Who runs a container, by the name of its cgroup (lookup/place.c). */
enum container_kind {
	CONTAINER_NONE,
	CONTAINER_DOCKER,
	CONTAINER_PODMAN,
	CONTAINER_CONTAINERD, /* Kubernetes's by containerd, too */
	CONTAINER_CRIO,
	CONTAINER_LXC,
	CONTAINER_NSPAWN,
	CONTAINER_KIND_COUNT,
};

/*
 * How a process came to run, as the host's own records have it: logind's, the cgroup, the program
 * files of its ancestors. Never by what it calls itself.
 */
enum origin {
	ORIGIN_UNKNOWN,
	ORIGIN_SSH,	/* a login by ssh */
	ORIGIN_CONSOLE, /* a login at a console, a terminal or a desktop */
	ORIGIN_CRON,
	ORIGIN_AT,
	ORIGIN_SLURM,
	ORIGIN_CI, /* a job of a runner of continuous integration */
	ORIGIN_SU, /* somebody who became another user, by su or sudo */
	ORIGIN_CONTAINER,
	ORIGIN_UNIT,
	ORIGIN_TIMER, /* a unit that a timer of its name starts */
	ORIGIN_COUNT,
};

/* What one cgroup path says: where systemd or a container's engine put a process. All strings are
 * "" where there is no such thing; none is NULL in a published owner. */
struct place {
	char *unit;	 /* system unit */
	char *user_unit; /* unit of a user's own manager; unit is then that manager's */
	char *slice;	 /* the innermost slice of the system manager */
	char *session;	 /* logind's session, "3" */
	char *container; /* its id or name */
	enum container_kind container_kind;
};

/*
 * What the lookup saw of a process that its strings do not say; bits. Each is a fact, never a
 * judgement (those are model/reason.c's), and a bit that is not set may only mean "not seen".
 */
enum process_evidence {
	EVIDENCE_EXE_KNOWN = 1 << 0,	 /* exe_uid, exe_mode, exe_device, exe_inode were read */
	EVIDENCE_EXE_IN_MEMORY = 1 << 1, /* the file never had a name: memfd_create(2) */
	/* Deleted, and another regular file of the same owner (or of root's) that others may not
	 * write stands in its place, or in that of the next version beside it. */
	EVIDENCE_EXE_UPDATED = 1 << 2,
	EVIDENCE_EXE_OPEN_PATH = 1 << 3, /* a directory on its way may be written by all */
	/* Others than root and the process's own user may write to the file: by its mode, or since
	 * it is theirs. */
	EVIDENCE_EXE_OPEN = 1 << 4,
	EVIDENCE_EXE_HIDDEN_MOUNT = 1 << 5, /* where only its user may enter (FUSE) */
	EVIDENCE_STDIO_NETWORK = 1 << 6,    /* descriptor 0, 1 or 2 is an IP socket */
	/* A shell that descends from it has such a descriptor; of PID 1 that holds a socket unit,
	 * the service that it starts for a connection. */
	EVIDENCE_SHELL_BELOW = 1 << 7,
	EVIDENCE_NAME_OTHER = 1 << 8,	/* argv[0] names another program file */
	EVIDENCE_OTHER_MOUNTS = 1 << 9, /* not PID 1's mount namespace */
	EVIDENCE_OTHER_PIDS = 1 << 10,	/* not PID 1's PID namespace */
	EVIDENCE_OTHER_USERS = 1 << 11, /* not PID 1's user namespace */
	EVIDENCE_TERMINAL = 1 << 12,	/* it has a controlling terminal */
	/* A user's service manager, or what such a one or PID 1 started and what is not yet another
	 * program; verified by file, cgroup and ancestry. */
	EVIDENCE_MANAGER = 1 << 13,
	/* A shell below it has a pipe, a terminal or a local socket that is not its own stdio. */
	EVIDENCE_SHELL_PIPED = 1 << 14,
	EVIDENCE_SUPER_SERVER = 1 << 15, /* its parent is one, and gave it its connection */
	EVIDENCE_COMM_OTHER = 1 << 16,	 /* comm names another program file */
	/* argv[0] is an honest name of the program: by it the host has this very file, or what has
	 * replaced it, or a file beside it that runs it. */
	EVIDENCE_NAME_OWN = 1 << 17,
	EVIDENCE_EXE_NAMELESS = 1 << 18, /* the path's last part is no name: what NFS left of one */
	/* It is the program of known_as with something behind it. */
	EVIDENCE_EXE_APPENDED = 1 << 19,
	/* The file is root's, and root alone may write to it and to each directory on its way. */
	EVIDENCE_EXE_ROOTS = 1 << 20,
	/* The process's own user, who is not root, may write to the file. */
	EVIDENCE_EXE_OWN = 1 << 21,
	EVIDENCE_EXE_NEW = 1 << 22,	  /* the file changed after its unit was started */
	EVIDENCE_EXE_TEMPORARY = 1 << 23, /* the host has the file in /tmp or /var/tmp */
	EVIDENCE_EXE_SHM = 1 << 24,	  /* the host has the file in /dev/shm */
	/* The unit's (or container's) main process, a worker of its program, or what a shell or a
	 * supervisor started for it; each one on the way verified by file, cgroup and start. */
	EVIDENCE_UNIT_OWN = 1 << 25,
	/* Started by who logged in: logind's session, or below a verified program for that. */
	EVIDENCE_LOGIN = 1 << 26,
	/* The main program's file is the process's own user's, too, or that of a mere wrapper. */
	EVIDENCE_MAIN_OWN = 1 << 27,
	/* Its user namespace is neither PID 1's nor one that root's own number is mapped into. */
	EVIDENCE_OWN_USERS = 1 << 28,
	/* By mounts of its own the file has a path where the host has a system program, in a tree
	 * that is the host's else. */
	EVIDENCE_EXE_COVERS = 1 << 29,
	/* In which cgroup it is could not be read: its place says nothing, not that it has none. */
	EVIDENCE_PLACE_UNKNOWN = 1 << 30,
	EVIDENCE_ALL = INT32_MAX,
};

/* The same of the file that the arguments name (struct process's script). */
enum script_evidence {
	SCRIPT_PLACED = 1 << 0,	   /* it is there, or the arguments have its whole path */
	SCRIPT_IN_MEMORY = 1 << 1, /* an argument is a descriptor of a file in memory */
	SCRIPT_IN_SHM = 1 << 2,	   /* it is on the host's /dev/shm, whatever its path */
	SCRIPT_OPEN_PATH = 1 << 3, /* as the same of the program */
	SCRIPT_OPEN = 1 << 4,
	SCRIPT_COVERS = 1 << 5,
	SCRIPT_ALL = (1 << 6) - 1,
};

/*
 * What a process has outlived; bits. Facts like the above, but of no use to judge by: a hint each
 * (model/hint.h).
 */
enum process_outlived {
	OUTLIVED_TERMINAL = 1 << 0, /* descriptor 0, 1 or 2 is a terminal that is no more */
	/* Its cgroup is that of a session of logind's that is closing, or that logind forgot. */
	OUTLIVED_SESSION = 1 << 1,
	/* PID 1 or its user's manager took it over: they are its parent, and did not start it. */
	OUTLIVED_PARENT = 1 << 2,
	OUTLIVED_DIRECTORY = 1 << 3, /* its working directory was deleted */
	OUTLIVED_ALL = (1 << 4) - 1,
};

/* What logind knows of a session: its TYPE=. */
enum session_type {
	SESSION_UNKNOWN, /* no session, or nobody says */
	SESSION_UNSPECIFIED,
	SESSION_TTY,
	SESSION_X11,
	SESSION_WAYLAND,
	SESSION_MIR,
	SESSION_WEB,
	SESSION_TYPE_COUNT,
};

struct process {
	int32_t pid;
	int32_t parent_pid;  /* 0 = unknown */
	uint64_t start_usec; /* CLOCK_BOOTTIME, USEC_NEVER = unknown */
	uint32_t uid;	     /* effective */
	uint32_t gid;
	uint32_t groups[OWNER_GROUPS_MAX]; /* supplementary */
	uint32_t group_count;
	uint32_t login_uid; /* who logged in (audit); UINT32_MAX = nobody, or unknown */
	bool login_known;   /* the kernel says so */
	enum exe_trust exe_trust;
	enum exe_trust parent_trust; /* of parent_exe */
	bool exe_deleted;	     /* the kernel says " (deleted)"; exe is without it */
	bool cmdline_cut;	     /* was longer than OWNER_CMDLINE_MAX */
	bool has_checksum;	     /* checksum is there: it was asked for, and could be had */
	uint8_t outlived;	     /* bits of enum process_outlived */
	uint32_t evidence;	     /* bits of enum process_evidence */
	uint32_t script_evidence;    /* bits of enum script_evidence */
	uint32_t exe_uid;	     /* owner of the file it runs; with EVIDENCE_EXE_KNOWN */
	uint32_t exe_mode;	     /* its mode (stat(2)) */
	uint64_t exe_device;	     /* its identity, also when deleted: major << 32 | minor, */
	uint64_t exe_inode;
	int32_t main_pid; /* the unit's (or container's) main process, 0 = unknown */
	char *comm;	  /* never NULL in a published owner; "" = unknown */
	char *exe;	  /* path; "" = unknown */
	char *cmdline;	  /* arguments, each ended by a NUL; cmdline_length bytes,
				   and a NUL behind them */
	uint32_t cmdline_length;
	char *cwd;	   /* working directory; "" = unknown */
	char *script;	   /* path of what an interpreter or a wrapper (ld.so, qemu-user) runs, by
			      cmdline and cwd; "" = none or unknown. See model/identity.h */
	char *known_as;	   /* name of the host's program that the file is a copy of, where its own
			      name does not say so: "bash"; "" = none */
	char *parent_comm; /* the parent's comm; "" = unknown */
	char *parent_exe;  /* path of the parent's program; "" = unknown */
	char *main_exe;	   /* path of main_pid's program; "" = unknown */
	struct place place;
	enum session_type session_type; /* of place.session */
	enum origin origin;
	char *forwards_to; /* docker-proxy and its like: id of the container; "" = none */
	enum container_kind forwards_kind;
	uint8_t checksum[OWNER_CHECKSUM_BYTES]; /* SHA-256 of the file it runs */
};

/* What became of an owner that was handed to engine/kept.c. */
enum owner_keeping {
	OWNER_UNCOUNTED, /* it was not */
	OWNER_KEPT,
	OWNER_REFUSED, /* there was no room */
};

struct owner {
	atomic_uint references;
	enum owner_keeping keeping; /* kept.c's, before others hold a reference */
	enum owner_kind kind;
	enum owner_reason reason;
	uint64_t observed_usec; /* CLOCK_BOOTTIME when it was looked up */
	bool thorough;		/* every process was searched: holders is all of them. Else those
				   that the socket's own cgroup led to */
	bool unsearched; /* processes of this user may hold it, too, and have too many descriptors
				   to be searched: nobody knows every holder */
	uint32_t unsearched_uid;
	bool unjudged; /* a program that holds it is not described: they are too many, or too long
				   to be */
	struct place place;	/* of the socket's own cgroup: whoever made it */
	uint32_t holders;	/* processes that hold the socket */
	uint32_t process_count; /* of those, how many are described, lowest start time first: each
				   program, user and cgroup there is, unless unjudged */
	struct process *processes[];
};

/* Who holds this socket? */
struct lookup_question {
	uint32_t inode;	 /* not 0 */
	uint32_t uid;	 /* of the socket's creator */
	uint64_t cgroup; /* the socket's cgroup v2 id, 0 = unknown */
	uint64_t cookie; /* the socket's */
	struct endpoint endpoint;
	bool thorough; /* search every process, not only until a holder is found */
	bool checksum; /* that of what the first process runs is wanted, too */
};

/*
 * A new owner with process_count processes of its own (at most OWNER_PROCESSES_MAX), each as after
 * process_init(), one reference, all else zero or "". Fill it, then publish. Returns NULL without
 * memory.
 */
struct owner *owner_new(enum owner_kind kind, enum owner_reason reason, uint32_t process_count);

/* Leaves an owner that is not published yet its first processes. */
void owner_shorten(struct owner *owner, uint32_t process_count);

/* The bytes that it needs without its processes. */
size_t owner_bytes(const struct owner *owner);

/* True while nobody else has a reference: then nobody can get one but from who asks. */
bool owner_is_alone(const struct owner *owner);

/* Take and give back a reference; both accept NULL. owner_unref() returns NULL. */
struct owner *owner_ref(struct owner *owner);
struct owner *owner_unref(struct owner *owner);

/*
 * True for PID 1, and for what it forked, and that forked, while it is not yet the program it is
 * going to be: all of them hold the sockets of .socket units for others.
 */
bool process_is_init(const struct process *process);

/* True for PID 1, users' service managers, and what either of them started and what is not yet
 * another program (EVIDENCE_MANAGER). */
bool process_is_manager(const struct process *process);

/* True of one process, whatever it was seen to be at two times: its number is not another's. */
static inline bool
process_same(const struct process *a, const struct process *b)
{
	return a->pid == b->pid && a->start_usec == b->start_usec;
}

/* True where service managers alone hold the socket, for a .socket unit: one, and its forks. */
bool owner_is_managers(const struct owner *owner);

/* The process an alert names, PID 1 only where it is alone; NULL where the owner is no process. */
const struct process *owner_first(const struct owner *owner);

/*
 * Where the owner stands: its first process's place; that of the socket's own cgroup where no
 * process is known, or where only a service manager holds it (PID 1 for a .socket unit).
 */
const struct place *owner_place(const struct owner *owner);

/* True where systemd alone holds the socket, and the cgroup that would say for which unit was not
 * found: owner_place() is its own then, which decides nothing. */
bool owner_place_is_unknown(const struct owner *owner);

/*
 * The design's "same owner": the same exe (believed or not: the path), unit or container, and uid;
 * of an interpreter the same code (identity_same_code()), of a proxy the same container behind it.
 * Exposure belongs to the endpoint and is compared there. An unknown owner is never the same as
 * any, not even as itself, nor is systemd that holds the socket for nobody knows which unit; and
 * one that may have holders that nobody searched only where one and the same process is the first
 * of both.
 */
bool owner_same(const struct owner *a, const struct owner *b);

/*
 * All strings "" and all numbers unknown. The strings of a new owner and of an initialised process
 * or place are a shared "" that is not to be freed: assign over it, or use owner_text_set().
 */
void process_init(struct process *process);
void place_init(struct place *place);

/* Take and give back a reference to a process of an owner's, for another owner to share it.
 * process_unref() accepts NULL and returns it. */
struct process *process_ref(struct process *process);
struct process *process_unref(struct process *process);
bool process_is_alone(const struct process *process); /* as owner_is_alone() */
size_t process_bytes(const struct process *process);  /* that it needs */

/* True where all that is known of two is equal, byte for byte. */
bool process_equal(const struct process *a, const struct process *b);

/* Puts a copy of text (NULL = "") in the place of the string. Returns 0, -ENOMEM: then it is "". */
int owner_text_set(char **string, const char *text) _mustcheck_;

/* Make *to, which is initialised, a copy. Return 0 or -ENOMEM, then it is half of one. */
int place_copy(struct place *to, const struct place *from) _mustcheck_;
int process_copy(struct process *to, const struct process *from) _mustcheck_;

/* Frees the strings, not the struct, which is as after process_init(), place_init(). */
void place_clear(struct place *place);
void process_clear(struct process *process);

const char *container_kind_name(enum container_kind kind); /* "docker"; "" for none */
const char *origin_name(enum origin origin);		   /* "cron"; "" = unknown */
const char *session_type_name(enum session_type type);	   /* "tty"; "" = unknown */
const char *owner_kind_name(enum owner_kind kind);	   /* "process", "kernel", "unknown" */
/* One clause for a person: "overstay-lookup is not running". "" for OWNER_REASON_NONE. */
const char *owner_reason_text(enum owner_reason reason);
/* True for the reasons that say: every process was searched, and none holds the socket. */
bool owner_reason_is_nobody(enum owner_reason reason);
/* The word in OVERSTAY_OWNER_REASON: "no-lookup". "" for OWNER_REASON_NONE. */
const char *owner_reason_name(enum owner_reason reason);

#endif
