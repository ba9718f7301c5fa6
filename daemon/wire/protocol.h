/* SPDX-License-Identifier: MIT */
/*
 * What overstayd and overstay-lookup say to each other, over a Unix socket of type
 * SOCK_SEQPACKET: one packet is one message, at most LOOKUP_PACKET_MAX bytes. Both ends run
 * on one host and come from one build, so numbers are in the host's order and structs as
 * the compiler lays them out; LOOKUP_VERSION changes with any of them, and a packet of
 * another version ends the connection.
 *
 *	request   header, wire_request, count * wire_question, path_count * path
 *	path      uint32_t (its length), its text
 *	owner     header, wire_owner, inode_count * uint32_t, place, process_count * process
 *	place     its strings: unit, user_unit, slice, session, container
 *	process   wire_process, group_count * uint32_t, comm, exe, cmdline, cwd,
 *	          known_as, parent_comm, parent_exe, main_exe, forwards_to, place
 *	links     header, wire_links, count * link
 *	link      wire_link, its path, its target
 *	done      header, wire_done
 *
 * No string has a terminating NUL, and nothing stands between them; their lengths stand in
 * the struct before.
 *
 * A request of more than LOOKUP_INODES_MAX questions is several packets of one id, one behind the
 * other; every packet but the last has LOOKUP_INODES_MAX of them, and the paths stand in the last.
 * Such a request is searched thoroughly, whatever its questions want.
 *
 * A request is answered by any number of owner packets, in which each inode asked for
 * stands exactly once, one links packet where paths were asked for, in which they stand in the
 * same order, and one done packet. One owner packet names all the inodes that the same processes
 * hold, LOOKUP_INODES_MAX at most: a process with 10,000 listeners is described once, and sent ten
 * times. The next request follows the done.
 */
#ifndef OVERSTAY_WIRE_PROTOCOL_H
#define OVERSTAY_WIRE_PROTOCOL_H

#include <stdint.h>

/* "OVL" and a number. */
#define LOOKUP_VERSION 0x4f564c09U

#define LOOKUP_PACKET_MAX    65536
#define LOOKUP_INODES_MAX    1024    /* of one packet */
#define LOOKUP_QUESTIONS_MAX 65536   /* of one request */
#define LOOKUP_PID_MAX	     4194304 /* PID_MAX_LIMIT, include/linux/threads.h */

/*
 * overstay-lookup ends itself (SIGALRM) when a packet of an answer takes longer: a hostile file
 * system or a process that sits on its mmap lock can hold a reader for ever. All walks of a request
 * take some seconds at most, however many questions it has (lookup/budget.c), and to describe one
 * owner takes some milliseconds, so a time-out of the asker's of some seconds comes first.
 */
#define LOOKUP_SECONDS_MAX 20

enum wire_type {
	LOOKUP_REQUEST = 1,
	LOOKUP_OWNER,
	LOOKUP_DONE,
	LOOKUP_LINKS,
};

struct wire_header {
	uint32_t version; /* LOOKUP_VERSION */
	uint32_t type;	  /* enum wire_type */
	uint32_t id;	  /* the asker's number of the request, in all its answers */
	uint32_t length;  /* of the whole packet, in bytes */
};

struct wire_request {
	uint32_t count;	     /* of this packet: 1 to LOOKUP_INODES_MAX; 0 where there are paths */
	uint32_t left;	     /* questions in the packets that follow */
	uint32_t path_count; /* at most LINKS_MAX, of LINKS_BYTES_MAX together */
};

enum wire_protocol {
	LOOKUP_TCP,
	LOOKUP_UDP,
	LOOKUP_PROTOCOL_COUNT,
};

enum wire_question_flags {
	LOOKUP_THOROUGH = 1 << 0, /* every process is to be searched */
	LOOKUP_CHECKSUM = 1 << 1, /* that of what the first process runs is wanted */
	LOOKUP_QUESTION_FLAGS = LOOKUP_THOROUGH | LOOKUP_CHECKSUM,
};

struct wire_question {
	uint64_t cgroup;   /* the socket's cgroup v2 id, 0 = unknown */
	uint32_t inode;	   /* not 0, and not twice in one request */
	uint32_t uid;	   /* the socket's, as the kernel's table has it */
	uint16_t protocol; /* enum wire_protocol */
	uint16_t port;	   /* host order */
	uint32_t flags;	   /* enum wire_question_flags */
};

/* The fields of struct place (model/owner.h). */
struct wire_place {
	uint32_t container_kind; /* enum container_kind */
	uint32_t unit_length;
	uint32_t user_unit_length;
	uint32_t slice_length;
	uint32_t session_length;
	uint32_t container_length;
};

enum wire_owner_flags {
	LOOKUP_SAW_EVERY = 1 << 0,  /* struct owner's thorough */
	LOOKUP_UNSEARCHED = 1 << 1, /* and unsearched, */
	LOOKUP_UNJUDGED = 1 << 2,   /* and unjudged */
	LOOKUP_OWNER_FLAGS = LOOKUP_SAW_EVERY | LOOKUP_UNSEARCHED | LOOKUP_UNJUDGED,
};

struct wire_owner {
	uint32_t kind;	 /* enum owner_kind */
	uint32_t reason; /* enum owner_reason */
	uint32_t flags;	 /* enum wire_owner_flags */
	uint32_t holders;
	uint32_t inode_count;	 /* 1 to LOOKUP_INODES_MAX */
	uint32_t process_count;	 /* at most OWNER_PROCESSES_MAX */
	uint32_t unsearched_uid; /* 0 without LOOKUP_UNSEARCHED */
	struct wire_place place;
};

enum wire_process_flags {
	LOOKUP_EXE_DELETED = 1 << 0,
	LOOKUP_CMDLINE_CUT = 1 << 1,
	LOOKUP_HAS_CHECKSUM = 1 << 2,
	LOOKUP_LOGIN_KNOWN = 1 << 3,
	LOOKUP_PROCESS_FLAGS =
	    LOOKUP_EXE_DELETED | LOOKUP_CMDLINE_CUT | LOOKUP_HAS_CHECKSUM | LOOKUP_LOGIN_KNOWN,
};

/* The highest byte of the flags: bits of enum process_outlived. */
#define LOOKUP_OUTLIVED_SHIFT 24

/* The fields of struct process (model/owner.h), which says what they mean. */
struct wire_process {
	uint64_t start_usec;
	uint64_t exe_device;
	uint64_t exe_inode;
	int32_t pid;
	int32_t parent_pid;
	int32_t main_pid;
	uint32_t uid;
	uint32_t gid;
	uint32_t login_uid;
	uint32_t exe_trust;	  /* enum exe_trust */
	uint32_t flags;		  /* enum wire_process_flags, and LOOKUP_OUTLIVED_SHIFT */
	uint32_t evidence;	  /* bits of enum process_evidence */
	uint32_t script_evidence; /* bits of enum script_evidence */
	uint32_t exe_uid;
	uint32_t exe_mode;
	uint32_t forwards_kind; /* enum container_kind */
	uint32_t origin;	/* enum origin */
	uint32_t session_type;	/* enum session_type; of place.session */
	uint32_t parent_trust;	/* enum exe_trust, of parent_exe */
	uint32_t group_count;
	uint32_t comm_length;
	uint32_t exe_length;
	uint32_t cmdline_length;
	uint32_t cwd_length;
	uint32_t known_as_length;
	uint32_t parent_comm_length;
	uint32_t parent_exe_length;
	uint32_t main_exe_length;
	uint32_t forwards_to_length;
	struct wire_place place;
	uint8_t checksum[32]; /* SHA-256; zero without LOOKUP_HAS_CHECKSUM */
};

struct wire_links {
	uint32_t count;
};

/* In place of a target's length: nobody can say, or it did not fit the packet. */
#define LOOKUP_TARGET_UNKNOWN UINT32_MAX

/* Where a path of the request leads on the host. */
struct wire_link {
	uint32_t path_length;	/* below LINK_PATH_MAX */
	uint32_t target_length; /* 0 = nowhere; below LINK_PATH_MAX, or LOOKUP_TARGET_UNKNOWN */
};

enum wire_done_flags {
	LOOKUP_SAW_ALL = 1 << 0, /* every process was searched, and to its end */
	LOOKUP_DENIED = 1 << 1,	 /* permission lacked */
	LOOKUP_DONE_FLAGS = LOOKUP_SAW_ALL | LOOKUP_DENIED,
};

/* The highest three bytes of the flags: the CPU time of the answer, in this unit. */
#define LOOKUP_CPU_SHIFT     8
#define LOOKUP_CPU_MAX	     0xffffffU
#define LOOKUP_CPU_UNIT_USEC 100

struct wire_done {
	uint32_t flags; /* enum wire_done_flags, and LOOKUP_CPU_SHIFT */
};

#endif
