/* SPDX-License-Identifier: MIT */
/*
 * lockd listens on ports that the kernel picks, and no file of the kernel's tells them. It
 * registers them with rpcbind, as root, and rpcbind says who registered what. So a port that is
 * registered there for NFS's lock manager is lockd's, where lockd runs at all (which the lookup
 * sees) and root made the socket.
 *
 * The question is RPCBPROC_DUMP of version 4 (RFC 1833) over rpcbind's Unix socket: it changes
 * nothing and needs no network. rpcbind is a program, and its answer is hostile: bounded in bytes
 * and time, every length checked. Who controls rpcbind can at most turn kernel-unproved into
 * kernel for a socket of root's that nobody holds.
 *
 * Cost: 0.2 ms, when a kernel thread of this kind runs and a socket is left over.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "names/rpcbind.h"

/* RFC 5531: what an answer begins with, and the mark of a record's last piece. */
#define RPC_CALL      0U
#define RPC_REPLY     1U
#define RPC_VERSION   2U
#define LAST_FRAGMENT 0x80000000U

/* RFC 1833. */
#define RPCBIND_PROGRAM 100000U
#define RPCBIND_VERSION 4U
#define RPCBIND_DUMP	4U

/* Any number: one question is put on a connection. */
#define TRANSACTION 0x6f767374U

/* Programs that the kernel serves (/etc/rpc): nfs, nlockmgr, nfs_acl. */
static const uint32_t programs[] = { 100003, 100021, 100227 };

static const struct {
	const char *name;
	enum protocol protocol;
	uint8_t family;
	const char *any; /* all addresses, as an address is written there */
} transports[] = {
	{ "tcp", PROTOCOL_TCP, AF_INET, "0.0.0.0." },
	{ "udp", PROTOCOL_UDP, AF_INET, "0.0.0.0." },
	{ "tcp6", PROTOCOL_TCP, AF_INET6, "::." },
	{ "udp6", PROTOCOL_UDP, AF_INET6, "::." },
};

/* ---- the answer --------------------------------------------------------------------------- */

struct rpc_reader {
	const uint8_t *at;
	size_t left;
};

static bool
take_number(struct rpc_reader *reader, uint32_t *ret)
{
	uint32_t number;

	if (reader->left < sizeof(number))
		return false;
	memcpy(&number, reader->at, sizeof(number));
	*ret = ntohl(number);
	reader->at += sizeof(number);
	reader->left -= sizeof(number);
	return true;
}

/* Copies a string, "" where it is longer than size - 1; takes it with its padding. */
static bool
take_text(struct rpc_reader *reader, char *ret, size_t size)
{
	uint32_t length;
	size_t padded;

	if (!take_number(reader, &length) || length > reader->left)
		return false;
	padded = ((size_t)length + 3) & ~(size_t)3;
	if (padded > reader->left)
		return false;
	ret[0] = '\0';
	if (length < size) {
		memcpy(ret, reader->at, length);
		ret[length] = '\0';
	}
	reader->at += padded;
	reader->left -= padded;
	return true;
}

/* A byte in decimal up to the character end, behind which *text is then. */
static bool
take_byte(const char **text, char end, unsigned *ret)
{
	unsigned value = 0, digits = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++, digits++) {
		value = value * 10 + (unsigned)(**text - '0');
		if (value > UINT8_MAX)
			return false;
	}
	if (digits == 0 || **text != end)
		return false;
	*text += end != '\0';
	*ret = value;
	return true;
}

static bool
is_kernels(uint32_t program)
{
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		if (program == programs[i])
			return true;
	return false;
}

/* "0.0.0.0.136.23": the address, and the two bytes of the port. */
static void
add_registration(const char *transport, const char *address, struct kernel_claims *claims)
{
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		size_t length = strlen(transports[i].any);
		const char *port = address + length;
		unsigned high, low;

		if (strcmp(transport, transports[i].name) != 0 ||
		    strncmp(address, transports[i].any, length) != 0 ||
		    !take_byte(&port, '.', &high) || !take_byte(&port, '\0', &low))
			continue;
		kernel_claims_add(claims,
		    &(struct kernel_port){
			.port = (uint16_t)(high << 8 | low),
			.protocol = (uint8_t)transports[i].protocol,
			.family = transports[i].family,
		    });
	}
}

/* The head of an answer that was accepted and is none of an error. */
static bool
take_head(struct rpc_reader *reader)
{
	uint32_t transaction, kind, status, flavor;
	char verifier[1];

	return take_number(reader, &transaction) && transaction == TRANSACTION &&
	    take_number(reader, &kind) && kind == RPC_REPLY && take_number(reader, &status) &&
	    status == 0 && take_number(reader, &flavor) &&
	    take_text(reader, verifier, sizeof(verifier)) && take_number(reader, &status) &&
	    status == 0;
}

int
rpcbind_parse(const uint8_t *answer, size_t length, struct kernel_claims *claims)
{
	struct rpc_reader reader = { answer, length };
	uint32_t more;

	if (!take_head(&reader))
		return -EPROTO;
	while (take_number(&reader, &more)) {
		char transport[16], address[64], owner[32];
		uint32_t program, version;

		if (more != 1)
			return more == 0 && reader.left == 0 ? 0 : -EPROTO;
		if (!take_number(&reader, &program) || !take_number(&reader, &version) ||
		    !take_text(&reader, transport, sizeof(transport)) ||
		    !take_text(&reader, address, sizeof(address)) ||
		    !take_text(&reader, owner, sizeof(owner)))
			return -EPROTO;
		if (is_kernels(program) && strcmp(owner, "superuser") == 0)
			add_registration(transport, address, claims);
	}
	return -EPROTO;
}

/* ---- the connection ----------------------------------------------------------------------- */

/* Returns a descriptor or -errno. A full queue is an error, too: nothing waits. */
static int
connect_rpcbind(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return take_fd(&fd);
}

static int
send_question(int fd)
{
	const uint32_t question[] = {
		htonl(LAST_FRAGMENT | 10 * sizeof(uint32_t)),
		htonl(TRANSACTION),
		htonl(RPC_CALL),
		htonl(RPC_VERSION),
		htonl(RPCBIND_PROGRAM),
		htonl(RPCBIND_VERSION),
		htonl(RPCBIND_DUMP),
		/* No credentials and no verifier, each a kind and a length. */
		0,
		0,
		0,
		0,
	};
	ssize_t sent = send(fd, question, sizeof(question), MSG_NOSIGNAL);

	return sent < 0 ? -errno : sent == sizeof(question) ? 0 : -EIO;
}

/* Reads exactly size bytes. Returns 0 or -errno. */
static int
receive(int fd, uint64_t until_usec, void *buffer, size_t size)
{
	size_t used = 0;

	while (used < size) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		uint64_t now_usec = clock_monotonic_usec();
		ssize_t length;

		if (now_usec >= until_usec)
			return -ETIMEDOUT;
		if (poll(&poll_fd, 1, (int)((until_usec - now_usec) / USEC_PER_MSEC) + 1) < 0 &&
		    errno != EINTR)
			return -errno;
		length = recv(fd, (char *)buffer + used, size - used, 0);
		if (length == 0)
			return -EPIPE;
		if (length < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (length > 0)
			used += (size_t)length;
	}
	return 0;
}

/* Reads a record piece by piece. Returns its length or -errno. */
static ssize_t
receive_record(int fd, uint64_t until_usec, uint8_t *buffer)
{
	size_t used = 0;
	uint32_t mark = 0;

	while ((mark & LAST_FRAGMENT) == 0) {
		size_t length;
		int r = receive(fd, until_usec, &mark, sizeof(mark));

		if (r < 0)
			return r;
		mark = ntohl(mark);
		length = mark & ~LAST_FRAGMENT;
		if (length > RPCBIND_ANSWER_MAX - used)
			return -EMSGSIZE;
		r = receive(fd, until_usec, buffer + used, length);
		if (r < 0)
			return r;
		used += length;
	}
	return (ssize_t)used;
}

int
rpcbind_ask(const char *path, uint64_t until_usec, struct kernel_claims *claims)
{
	_free_ uint8_t *buffer = malloc(RPCBIND_ANSWER_MAX);
	_close_ int fd = connect_rpcbind(path);
	ssize_t length;
	int r;

	if (buffer == NULL)
		return -ENOMEM;
	r = fd < 0 ? fd : send_question(fd);
	if (r < 0)
		return r;
	length = receive_record(fd, until_usec, buffer);
	return length < 0 ? (int)length : rpcbind_parse(buffer, (size_t)length, claims);
}
