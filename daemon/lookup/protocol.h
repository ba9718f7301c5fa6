/* SPDX-License-Identifier: MIT */
/*
 * What overstayd and overstay-lookup say to each other, over a Unix socket of type
 * SOCK_SEQPACKET: one packet is one message, at most LOOKUP_PACKET_MAX bytes. Both ends run
 * on one host and come from one build, so numbers are in the host's order and structs as
 * the compiler lays them out; LOOKUP_VERSION changes with any of them, and a packet of
 * another version ends the connection.
 *
 *	request   header, lookup_request, count * lookup_question
 *	owner     header, lookup_owner, inode_count * uint32_t, process_count * process
 *	process   lookup_process, group_count * uint32_t, comm, exe, cmdline, unit,
 *	          user_unit
 *	          (no terminating NULs, nothing between them)
 *	done      header, lookup_done
 *
 * A request is answered by any number of owner packets, in which each inode asked for
 * stands exactly once, and one done packet. One owner packet names all the inodes that the
 * same processes hold: a process with 10,000 listeners is described once. The next request
 * follows the done.
 */
#ifndef OVERSTAY_LOOKUP_PROTOCOL_H
#define OVERSTAY_LOOKUP_PROTOCOL_H

#include <stdint.h>

/* "OVL" and a number. */
#define LOOKUP_VERSION 0x4f564c01U

#define LOOKUP_PACKET_MAX  65536
#define LOOKUP_INODES_MAX  1024		/* of one request */
#define LOOKUP_PID_MAX	   4194304	/* PID_MAX_LIMIT, include/linux/threads.h */

/*
 * overstay-lookup ends itself (SIGALRM) when one request takes longer: a hostile file
 * system or a process that sits on its mmap lock can hold a reader for ever. A walk takes
 * about a second for 250,000 descriptors, and there are two, so a time-out of the asker's
 * of some seconds comes first.
 */
#define LOOKUP_SECONDS_MAX 20

enum lookup_type {
	LOOKUP_REQUEST = 1,
	LOOKUP_OWNER,
	LOOKUP_DONE,
};

struct lookup_header {
	uint32_t version;	/* LOOKUP_VERSION */
	uint32_t type;		/* enum lookup_type */
	uint32_t id;		/* the asker's number of the request, in all its answers */
	uint32_t length;	/* of the whole packet, in bytes */
};

struct lookup_request {
	uint32_t count;		/* 1 to LOOKUP_INODES_MAX */
};

struct lookup_question {
	uint32_t inode;		/* not 0, and not twice in one request */
	uint32_t uid;		/* the socket's, as the kernel's table has it */
};

struct lookup_owner {
	uint32_t kind;		/* enum owner_kind */
	uint32_t reason;	/* enum owner_reason */
	uint32_t holders;
	uint32_t inode_count;	/* 1 to LOOKUP_INODES_MAX */
	uint32_t process_count;	/* at most OWNER_PROCESSES_MAX */
};

enum lookup_process_flags {
	LOOKUP_EXE_DELETED = 1 << 0,
	LOOKUP_CMDLINE_CUT = 1 << 1,
	LOOKUP_PROCESS_FLAGS = LOOKUP_EXE_DELETED | LOOKUP_CMDLINE_CUT,
};

/* The fields of struct process (core/owner.h), which says what they mean. */
struct lookup_process {
	uint64_t start_usec;
	int32_t pid;
	int32_t parent_pid;
	uint32_t uid;
	uint32_t gid;
	uint32_t exe_trust;	/* enum exe_trust */
	uint32_t flags;		/* enum lookup_process_flags */
	uint32_t group_count;
	uint32_t comm_length;
	uint32_t exe_length;
	uint32_t cmdline_length;
	uint32_t unit_length;
	uint32_t user_unit_length;
};

enum lookup_done_flags {
	/* Every process could be looked at; else permission lacked. */
	LOOKUP_SAW_ALL = 1 << 0,
	LOOKUP_DONE_FLAGS = LOOKUP_SAW_ALL,
};

struct lookup_done {
	uint32_t flags;		/* enum lookup_done_flags */
};

#endif
