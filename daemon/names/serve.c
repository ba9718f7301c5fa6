/* SPDX-License-Identifier: MIT */
/*
 * Each question is answered by a process of its own, which ends with it. A module of the name
 * services may hang, crash, or leave behind what it likes: no other question comes to harm, and
 * this process runs no module at all. What is not answered within NAMES_SECONDS_MAX is not answered
 * at all; the asker waits no longer than he wants.
 *
 * Invariant: at most NAMES_OPEN_MAX such processes; while there are, the next question waits for
 * one to end.
 *
 * Cost: a fork(2) a question, some 300 us, and what the services take.
 */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "names/resolve.h"
#include "names/serve.h"

/* Reaps those that ended; waits for one if they are as many as there may be. */
static void
reap(size_t *running)
{
	int status;

	while (*running > 0) {
		pid_t pid = waitpid(-1, &status, *running < NAMES_OPEN_MAX ? WNOHANG : 0);

		if (pid == 0 || (pid < 0 && errno == ECHILD))
			break;
		if (pid > 0 && status != 0)
			log_debug("names", "process %d ended with status %#x", pid,
			    (unsigned)status);
		*running -= pid > 0;
	}
}

/* Ends this process after a while. Not by alarm(2): modules block such signals while they wait. */
static int
limit_life(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	const struct itimerspec life = { .it_value = { .tv_sec = NAMES_SECONDS_MAX } };
	timer_t timer;

	return timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
		timer_settime(timer, 0, &life, NULL) < 0 ?
	    -errno :
	    0;
}

/* The process of one question. */
static void
answer(int fd, uint32_t id, const struct names_question *question)
{
	char packet[NAMES_PACKET_MAX];
	struct names_answer answer;
	sigset_t none;
	ssize_t sent;

	/* The service manager ends all of them. */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (limit_life() < 0)
		_exit(1);
	names_resolve(question, &answer);
	sent =
	    send(fd, packet, names_encode_answer(packet, id, &answer), MSG_NOSIGNAL | MSG_DONTWAIT);
	_exit(sent < 0);
}

int
serve_question(int fd, void *argument)
{
	size_t *running = argument;
	char packet[NAMES_PACKET_MAX + 1]; /* one more: a longer packet shows */
	struct names_question question;
	ssize_t length;
	uint32_t id;
	pid_t pid;
	int r;

	reap(running);
	length = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);
	if (length < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (length == 0)
		return -EPIPE;
	r = names_decode_question(packet, (size_t)length, &id, &question);
	if (r < 0)
		return r;
	pid = fork();
	if (pid == 0)
		answer(fd, id, &question);
	/* Without one the question stays without an answer, like one that hangs. */
	*running += pid > 0;
	return 0;
}
