/* SPDX-License-Identifier: MIT */
/*
 * Questions and answers while memory is short: each allocation of both ends fails once. A question
 * is answered with what was sent, with what is unknown because there was no answer, or not at all
 * where there is no memory to say that; never twice, and never with another's answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "failing-memory.h"
#include "names-help.h"
#include "wire/client.h"
#include "wire/encode.h"
#include "wire/names-link.h"

/* More than one packet has. */
#define QUESTIONS (LOOKUP_INODES_MAX + 100)

/* So many sockets have one owner. */
#define GROUP 200

/* So many fail in a row. */
static const size_t rows[] = { 1, 2, 20 };

static const char *const paths[] = { "/bin/sh", "/usr/bin/python3" };

/* A socket that the client connects to, and what it is told. */
struct fixture {
	char directory[64], path[96];
	int listener;
	struct lookup_question questions[QUESTIONS];
	struct owner *told[QUESTIONS];
	struct owner *owners[QUESTIONS / GROUP + 1];
};

static struct owner *
make_owner(unsigned number)
{
	struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 2);
	char text[64];

	assert_non_null(owner);
	owner->holders = 2;
	owner->thorough = true;
	for (uint32_t i = 0; i < 2; i++) {
		struct process *process = owner->processes[i];

		(void)snprintf(text, sizeof(text), "/usr/bin/program-%u-%u", number, i);
		process->pid = (int32_t)(number * 2 + i + 2);
		process->start_usec = number;
		assert_int_equal(owner_text_set(&process->exe, text), 0);
		assert_int_equal(owner_text_set(&process->comm, text + 9), 0);
		assert_int_equal(owner_text_set(&process->cwd, "/"), 0);
		process->cmdline = strdup(text);
		assert_non_null(process->cmdline);
		process->cmdline_length = (uint32_t)strlen(text) + 1;
		assert_int_equal(owner_text_set(&process->place.unit, "a.service"), 0);
	}
	return owner;
}

static int
set_up(void **state)
{
	static struct fixture fixture;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memset(&fixture, 0, sizeof(fixture));
	(void)snprintf(fixture.directory, sizeof(fixture.directory), "/tmp/overstay-wire-XXXXXX");
	if (mkdtemp(fixture.directory) == NULL)
		return -1;
	(void)snprintf(fixture.path, sizeof(fixture.path), "%s/socket", fixture.directory);
	memcpy(address.sun_path, fixture.path, strlen(fixture.path) + 1);
	fixture.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (bind(fixture.listener, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fixture.listener, 8) < 0)
		return -1;
	for (unsigned i = 0; i < QUESTIONS; i++)
		fixture.questions[i] = (struct lookup_question){ .inode = 1000 + i, .uid = i % 7 };
	for (unsigned i = 0; i < ARRAY_SIZE(fixture.owners); i++)
		fixture.owners[i] = make_owner(i);
	*state = &fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(fixture->owners); i++)
		(void)owner_unref(fixture->owners[i]);
	(void)close(fixture->listener);
	(void)unlink(fixture->path);
	return rmdir(fixture->directory);
}

static void
take_answer(uint32_t inode, struct owner *owner, void *argument)
{
	struct fixture *fixture = argument;

	memory_spare();
	assert_true(inode >= 1000 && inode < 1000 + QUESTIONS);
	assert_null(fixture->told[inode - 1000]);
	fixture->told[inode - 1000] = owner_ref(owner);
	memory_spare_end();
}

/* Reads the request and answers it, as the other end would. Returns 0 or -ENOMEM. */
static int
serve(const struct fixture *fixture, int fd)
{
	_cleanup_(request_clear) struct request request = { 0 };
	static char packet[LOOKUP_PACKET_MAX];
	struct links_packet links;
	uint32_t inodes[GROUP];
	const char *path;
	size_t length;
	int r;

	do {
		ssize_t taken = recv(fd, packet, sizeof(packet), 0);

		assert_true(taken > 0);
		r = request_take(&request, packet, (size_t)taken);
	} while (r > 0);
	if (r < 0)
		return r;
	memory_spare();
	assert_int_equal(request.count, QUESTIONS);
	static char links_bytes[LOOKUP_PACKET_MAX];
	encode_links_begin(&links, links_bytes, request.paths);
	while ((path = paths_next(&request.paths, &length)) != NULL)
		encode_link(&links, path, length, "/usr/bin/target");
	for (unsigned first = 0; first < QUESTIONS; first += GROUP) {
		unsigned count = QUESTIONS - first < GROUP ? QUESTIONS - first : GROUP;

		for (unsigned i = 0; i < count; i++)
			inodes[i] = request.questions[first + i].inode;
		length =
		    encode_owner(packet, request.id, fixture->owners[first / GROUP], inodes, count);
		assert_int_equal(send(fd, packet, length, 0), length);
	}
	length = encode_links_end(&links, request.id);
	assert_int_equal(send(fd, links_bytes, length, 0), length);
	length = encode_done(packet, request.id, LOOKUP_SAW_ALL, 0);
	assert_int_equal(send(fd, packet, length, 0), length);
	memory_spare_end();
	return 0;
}

/* Asks and takes the answers. Returns 0 or -errno. */
static int
ask(struct fixture *fixture, const struct link_table *links, struct lookup_client **client)
{
	_close_ int fd = -1;
	int r = lookup_client_open_path(fixture->path, client);

	if (r < 0)
		return r;
	fd = accept(fixture->listener, NULL, NULL);
	assert_true(fd >= 0);
	if (r == 0)
		r = lookup_client_set_paths(*client, links);
	if (r == 0)
		r = lookup_client_ask(*client, fixture->questions, QUESTIONS);
	if (r < 0)
		return r;
	assert_int_equal(r, 0);
	if (serve(fixture, fd) < 0)
		(void)close(take_fd(&fd));
	do
		r = lookup_client_step(*client, 1, take_answer, fixture);
	while (r > 0);
	return r;
}

static bool
is_what_was_sent(const struct owner *told, const struct owner *sent)
{
	static char bytes[2][LOOKUP_PACKET_MAX];
	const uint32_t inode = 1;
	size_t length = encode_owner(bytes[0], 1, told, &inode, 1);

	return length == encode_owner(bytes[1], 1, sent, &inode, 1) &&
	    memcmp(bytes[0], bytes[1], length) == 0;
}

static void
check_told(struct fixture *fixture, int r)
{
	for (unsigned i = 0; i < QUESTIONS; i++) {
		struct owner *told = fixture->told[i];

		fixture->told[i] = NULL;
		assert_true(told != NULL || r < 0);
		if (told == NULL)
			continue;
		if (r < 0 && told->kind == OWNER_UNKNOWN)
			assert_int_equal(told->reason, OWNER_REASON_NO_LOOKUP);
		else
			assert_true(is_what_was_sent(told, fixture->owners[i / GROUP]));
		(void)owner_unref(told);
	}
}

/* Each path leads to where it was said to, or that is unknown; all of them where nothing failed. */
static void
check_links(const struct lookup_client *client, int r)
{
	const struct link_table *links = lookup_client_links(client);

	for (size_t i = 0; i < links->count; i++) {
		const char *target = links->links[i].target;

		assert_true(target != NULL || r < 0);
		if (target != NULL)
			assert_string_equal(target, "/usr/bin/target");
	}
	assert_true(r < 0 || links->count == ARRAY_SIZE(paths));
}

static void
test_lookup(void **state)
{
	struct fixture *fixture = *state;
	struct link_table links = { 0 };
	size_t tries = 0;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		assert_int_equal(link_table_add(&links, paths[i], strlen(paths[i])), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t failing = 1, failed = 1; failed != 0; failing++, tries += failed) {
			struct lookup_client *client = NULL;
			int r;

			memory_arm_row(failing, rows[i]);
			r = ask(fixture, &links, &client);
			failed = memory_has_failed();
			(void)memory_disarm();
			assert_true(r == 0 || r == -ENOMEM || r == -EPIPE || r == -ECONNRESET);
			/* qsort(3) can do without. */
			assert_true(r == 0 || failed != 0);
			check_told(fixture, r);
			if (client != NULL)
				check_links(client, r);
			(void)lookup_client_close(client);
		}
	print_message("%zu requests without some of their memory\n", tries);
	link_table_clear(&links);
}

/* A process that was started is somebody's to wait for. */
static void
test_spawn(void **state)
{
	(void)state;
	for (size_t failing = 1, failed = 1; failed != 0; failing++) {
		struct lookup_client *client = NULL;
		int r, status;

		memory_arm(failing);
		r = lookup_client_spawn("/bin/true", &client);
		failed = memory_has_failed();
		(void)memory_disarm();
		assert_true(r == 0 || r == -ENOMEM);
		if (r == 0) {
			pid_t pid = lookup_client_pid(client);

			assert_int_equal(waitpid(pid, &status, 0), pid);
		} else
			assert_null(client);
		(void)lookup_client_close(client);
		assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
	}
}

/* The name of a user, or that nobody can say. */
static void
test_names(void **state)
{
	struct names_help help;
	char name[NAMED_MAX + 1];

	(void)state;
	names_help_start(&help, names_help_answer);
	for (size_t failing = 1, failed = 1; failed != 0; failing++) {
		struct names_link *link;
		int r;

		memory_arm(failing);
		link = names_link_new(&help.options);
		r = names_link_user(1000, name, link);
		failed = memory_has_failed();
		(void)memory_disarm();
		assert_int_equal(r, failed != 0 ? -EPIPE : 0);
		if (r == 0)
			assert_string_equal(name, "alice");
		(void)names_link_free(link);
	}
	names_help_stop(&help);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lookup, set_up, tear_down),
		cmocka_unit_test(test_spawn),
		cmocka_unit_test(test_names),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
