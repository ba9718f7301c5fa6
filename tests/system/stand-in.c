/* SPDX-License-Identifier: MIT */
/*
 * A program that listens, to be copied under the names and to the places that the situations of
 * the system tests need (situations.py). Linked statically, so that it runs in a chroot and alone
 * in an image, and does nothing but what its options say:
 *
 *	stand-in [OPTION...] [COMMAND [ARGUMENT...]]
 *
 *	-p PORT   listens there; 0 (the default): the kernel picks one
 *	-a WORD   any, loopback (the default) or six: on which addresses
 *	-u	  UDP
 *	-n COUNT  so many sockets, for ports that the kernel picks
 *	-f COUNT  so many children share the sockets
 *	-r COUNT  so many children with a socket each on the one port
 *	-c COMM   names itself so		-t TITLE  writes over its arguments
 *	-e	  gives each connection a shell
 *	-3	  serves the socket it was given as descriptor 3, once
 *	-s PATH	  passes its socket to the program that listens at PATH
 *	-q	  with -s: ends then		-g PATH	  gets a socket at PATH, and no other
 *	-D	  deletes its program before it listens
 *	-F	  leaves its socket in flight, held by no descriptor
 *	-i	  leaves its socket to an io_uring	-I  and the io_uring without a descriptor
 *	-l	  binds it to the device lo, too
 *	-M	  sends no multicast to its own host, as no tunnel does
 *	-P	  a port for 300 ms, then another, as an FTP server does
 *	-x	  has no socket; COMMAND runs as its child
 *	-m NAME -- OPTION...  has no socket; is executed again from memory, with these options
 *	-0	  becomes COMMAND, the socket as its standard input
 *	-k	  becomes COMMAND at SIGUSR1, the socket inherited
 *
 * docker-proxy's own options are understood, too: the port is that behind -host-port. With
 * STAND_IN_PORT in its environment it listens there, whatever its arguments are.
 *
 * It waits for ever. What fails ends it with a word on stderr, and the test sees that nobody
 * listens.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKETS_MAX 64

#define MUST(condition)                                           \
	do {                                                      \
		if (!(condition))                                 \
			err(1, "line %d: " #condition, __LINE__); \
	} while (0)

extern char **environ;

static struct {
	uint16_t port;
	const char *address;
	bool udp, shell, given, quit, flight, passive, spawn, input, become;
	bool ring, hidden_ring, on_lo, quiet;
	int sockets, children, sharers;
	const char *comm, *title, *pass_to, *get_at, *memory;
} options = { .address = "loopback", .sockets = 1 };

static void
delete_program(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	MUST(length > 0);
	path[length] = '\0';
	MUST(unlink(path) == 0);
}

static int
make_socket(void)
{
	bool six = strcmp(options.address, "six") == 0, any = strcmp(options.address, "any") == 0;
	struct sockaddr_in6 address6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(options.port),
		.sin6_addr = in6addr_any };
	struct sockaddr_in address4 = { .sin_family = AF_INET,
		.sin_port = htons(options.port),
		.sin_addr.s_addr = htonl(any ? INADDR_ANY : INADDR_LOOPBACK) };
	const struct sockaddr *address =
	    six ? (const struct sockaddr *)&address6 : (const struct sockaddr *)&address4;
	int yes = 1, no = 0;
	int fd = socket(six ? AF_INET6 : AF_INET, options.udp ? SOCK_DGRAM : SOCK_STREAM, 0);

	MUST(fd >= 0);
	/* On UDP it would let the kernel hand out one port twice. */
	if (!options.udp)
		MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0);
	if (options.sharers > 0)
		MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes)) == 0);
	if (options.on_lo)
		MUST(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof("lo")) == 0);
	if (options.quiet)
		MUST(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &no, sizeof(no)) == 0);
	MUST(bind(fd, address, six ? sizeof(address6) : sizeof(address4)) == 0);
	MUST(options.udp || listen(fd, 16) == 0);
	return fd;
}

/* One descriptor over a unix socket. */
static void
send_fd(int channel, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	MUST(sendmsg(channel, &message, 0) == 1);
}

/* Registers the socket with an io_uring and closes it. */
static void
leave_to_ring(int fd)
{
	struct io_uring_params parameters = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 4, &parameters);
	/* Whatever slot is free. */
	struct io_uring_rsrc_update own = { .offset = UINT32_MAX, .data = (uint64_t)ring };

	MUST(ring >= 0);
	MUST(syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &fd, 1) == 0);
	close(fd);
	if (!options.hidden_ring)
		return;
	MUST(syscall(SYS_io_uring_register, ring, IORING_REGISTER_RING_FDS, &own, 1) == 1);
	close(ring);
}

static void
receive_fd(int channel)
{
	char byte, control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };

	MUST(recvmsg(channel, &message, 0) == 1);
	MUST(message.msg_controllen >= CMSG_LEN(sizeof(int)));
}

static int
open_channel(const char *path, bool serve)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	MUST(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	if (!serve) {
		MUST(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
		return fd;
	}
	MUST(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	MUST(chmod(path, 0666) == 0 && listen(fd, 1) == 0);
	fd = accept(fd, NULL, NULL);
	MUST(fd >= 0);
	return fd;
}

/* What setproctitle() does where the arguments have room, and the name prctl(2) gives. */
static void
take_names(int argc, char *argv[])
{
	size_t room = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) + 1 - argv[0]);
	const char *title = options.title == NULL ? NULL : strdup(options.title);

	if (options.comm != NULL)
		MUST(prctl(PR_SET_NAME, options.comm, 0, 0, 0) == 0);
	if (title == NULL)
		return;
	MUST(strlen(title) < room);
	memset(argv[0], 0, room);
	memcpy(argv[0], title, strlen(title));
}

static void
run_from_memory(char *argv[])
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = memfd_create(options.memory, MFD_CLOEXEC);
	struct stat status;

	MUST(from >= 0 && to >= 0 && fstat(from, &status) == 0);
	MUST(sendfile(to, from, NULL, (size_t)status.st_size) == status.st_size);
	MUST(fexecve(to, argv, environ) == 0);
}

static void
give_shells(int listener)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		MUST(fd >= 0);
		if (fork() == 0) {
			close(listener);
			for (int i = 0; i < 3; i++)
				dup2(fd, i);
			close(fd);
			execl("/bin/sh", "sh", (char *)NULL);
			_exit(1);
		}
		close(fd);
	}
}

/* Each port is there for 300 ms: that is what it plays, not something it waits for. */
static void
play_passive(void)
{
	for (;;) {
		int fd = make_socket();

		usleep(300 * 1000);
		close(fd);
	}
}

static void
run_child(char *argv[])
{
	if (fork() == 0) {
		execvp(argv[0], argv);
		_exit(1);
	}
	wait(NULL);
}

/* What is done with a socket that listens. Returns where there is only to wait. */
static void
use_socket(int fd, char *rest[])
{
	int pair[2], number;
	sigset_t set;

	if (options.pass_to != NULL)
		send_fd(open_channel(options.pass_to, false), fd);
	if (options.quit)
		exit(0);
	if (options.flight) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
		send_fd(pair[0], fd);
		close(fd);
	}
	if (options.ring)
		leave_to_ring(fd);
	if (options.shell)
		give_shells(fd);
	if (options.input) {
		MUST(dup2(fd, 0) == 0 && close(fd) == 0);
		MUST(execvp(rest[0], rest) == 0);
	}
	if (options.become) {
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		MUST(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && sigwait(&set, &number) == 0);
		MUST(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
		MUST(execvp(rest[0], rest) == 0);
	}
}

static void
read_options(int argc, char *argv[])
{
	const char *port = getenv("STAND_IN_PORT");
	int letter;

	if (port != NULL) {
		options.port = (uint16_t)atoi(port);
		return;
	}
	/* docker-proxy's are long ones with one dash. */
	if (argc > 2 && strcmp(argv[1], "-proto") == 0) {
		for (int i = 1; i + 1 < argc; i++)
			if (strcmp(argv[i], "-host-port") == 0)
				options.port = (uint16_t)atoi(argv[i + 1]);
		options.address = "any";
		return;
	}
	while ((letter = getopt(argc, argv, "+p:a:un:f:r:c:t:e3s:qg:FiIlMPDxm:0k")) != -1)
		switch (letter) {
		case 'p':
			options.port = (uint16_t)atoi(optarg);
			break;
		case 'a':
			options.address = optarg;
			break;
		case 'u':
			options.udp = true;
			break;
		case 'n':
			options.sockets = atoi(optarg);
			break;
		case 'f':
			options.children = atoi(optarg);
			break;
		case 'r':
			options.sharers = atoi(optarg);
			break;
		case 'c':
			options.comm = optarg;
			break;
		case 't':
			options.title = optarg;
			break;
		case 'e':
			options.shell = true;
			break;
		case '3':
			options.given = true;
			break;
		case 's':
			options.pass_to = optarg;
			break;
		case 'q':
			options.quit = true;
			break;
		case 'g':
			options.get_at = optarg;
			break;
		case 'F':
			options.flight = true;
			break;
		case 'I':
			options.hidden_ring = true;
			/* fall through */
		case 'i':
			options.ring = true;
			break;
		case 'l':
			options.on_lo = true;
			break;
		case 'M':
			options.quiet = true;
			break;
		case 'P':
			options.passive = true;
			break;
		case 'D':
			delete_program();
			break;
		case 'x':
			options.spawn = true;
			break;
		case 'm':
			options.memory = optarg;
			break;
		case '0':
			options.input = true;
			break;
		case 'k':
			options.become = true;
			break;
		default:
			exit(2);
		}
}

int
main(int argc, char *argv[])
{
	int fd = -1;

	read_options(argc, argv);
	if (options.memory != NULL) {
		argv[optind - 1] = (char *)options.memory;
		run_from_memory(argv + optind - 1);
	}
	if (options.spawn)
		run_child(argv + optind);
	if (options.get_at != NULL)
		receive_fd(open_channel(options.get_at, true));
	else if (options.given)
		MUST(accept(3, NULL, NULL) >= 0);
	else if (options.passive)
		play_passive();
	else if (options.sharers == 0)
		for (int i = 0; i < options.sockets && i < SOCKETS_MAX; i++)
			fd = make_socket();
	for (int i = 0; i < options.children + options.sharers; i++)
		if (fork() == 0) {
			if (options.sharers > 0)
				(void)make_socket();
			pause();
			_exit(0);
		}
	take_names(argc, argv);
	use_socket(fd, argv + optind);
	for (;;)
		pause();
}
