/* SPDX-License-Identifier: MIT */
/* What stands in for overstay-names. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "names-help.h"

#define CONNECTIONS_MAX 8

static void
require(bool good)
{
	if (!good)
		abort();
}

/* Takes one question. Returns false where the connection is over. */
static bool
serve(int fd, names_help_function *answer)
{
	char packet[NAMES_PACKET_MAX + 1];
	ssize_t length = recv(fd, packet, sizeof(packet), 0);
	struct names_question question;
	uint32_t id;

	if (length <= 0)
		return false;
	require(names_decode_question(packet, (size_t)length, &id, &question) == 0);
	return answer(fd, id, &question);
}

static void
run(int listener, names_help_function *answer)
{
	struct pollfd fds[1 + CONNECTIONS_MAX] = { { .fd = listener, .events = POLLIN } };
	nfds_t count = 1;

	for (;;) {
		(void)poll(fds, count, -1);
		for (nfds_t i = count; i-- > 1;)
			if (fds[i].revents != 0 && !serve(fds[i].fd, answer)) {
				(void)close(fds[i].fd);
				fds[i] = fds[--count];
			}
		if (fds[0].revents != 0 && count < CONNECTIONS_MAX)
			fds[count++] =
			    (struct pollfd){ .fd = accept(listener, NULL, NULL), .events = POLLIN };
	}
}

void
names_help_start(struct names_help *help, names_help_function *answer)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	(void)snprintf(help->directory, sizeof(help->directory), "/tmp/overstay-names-XXXXXX");
	require(listener >= 0 && mkdtemp(help->directory) != NULL);
	(void)snprintf(help->socket, sizeof(help->socket), "%s/names.sock", help->directory);
	memcpy(address.sun_path, help->socket, strlen(help->socket));
	require(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(listener, 8) == 0);
	help->options = (struct names_options){ .socket = help->socket };
	help->pid = fork();
	require(help->pid >= 0);
	if (help->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(listener, answer);
	}
	(void)close(listener);
}

void
names_help_stop(struct names_help *help)
{
	(void)kill(help->pid, SIGKILL);
	(void)waitpid(help->pid, NULL, 0);
	(void)unlink(help->socket);
	(void)rmdir(help->directory);
}

void
names_help_send(int fd, uint32_t id, enum names_status status, uint32_t number, const char *name)
{
	struct names_answer answer = { .status = status, .id = number };
	char packet[NAMES_PACKET_MAX];

	(void)snprintf(answer.name, sizeof(answer.name), "%s", name);
	(void)send(fd, packet, names_encode_answer(packet, id, &answer), MSG_NOSIGNAL);
}

bool
names_help_answer(int fd, uint32_t id, const struct names_question *question)
{
	if (question->key == NAMES_BY_PORT)
		names_help_send(fd, id, question->id == 0x1009c40 ? NAMES_FOUND : NAMES_ABSENT, 0,
		    question->id == 0x1009c40 ? "superuser" : "");
	else if (question->key == NAMES_BY_ID && question->id == 1000)
		names_help_send(fd, id, NAMES_FOUND, 0, "alice");
	else if (question->key == NAMES_BY_NAME && strcmp(question->name, "alice") == 0)
		names_help_send(fd, id, question->group ? NAMES_ABSENT : NAMES_FOUND,
		    question->group ? 0 : 1000, "");
	else if (question->group && strcmp(question->name, "developers") == 0)
		names_help_send(fd, id, NAMES_FOUND, 2000, "");
	else if (question->key == NAMES_BY_NAME && strcmp(question->name, "failing") == 0)
		names_help_send(fd, id, NAMES_FAILED, 0, "");
	else if (question->key != NAMES_BY_NAME || strcmp(question->name, "hung") != 0)
		names_help_send(fd, id, NAMES_ABSENT, 0, "");
	return true;
}
