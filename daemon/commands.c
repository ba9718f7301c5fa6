/* SPDX-License-Identifier: MIT */
/*
 * The commands run, --check and --dump-config: from files to a configuration, from that to the
 * daemon. Complaints go to stderr, one a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "commands.h"
#include "config/config.h"
#include "daemon.h"
#include "kernel/ranges.h"
#include "privileges.h"
#include "service-lock.h"
#include "store/lastgood.h"

const char *
command_lookup_program(char *buffer, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", buffer, size - sizeof("overstay-lookup"));
	char *slash;

	if (length > 0) {
		buffer[length] = '\0';
		slash = strrchr(buffer, '/');
		if (slash != NULL) {
			memcpy(slash + 1, "overstay-lookup", sizeof("overstay-lookup"));
			if (access(buffer, X_OK) == 0)
				return buffer;
		}
	}
	return LIBEXECDIR "/overstay-lookup";
}

/* Says why what could not be read, where the messages do not: one that was lost is none. */
static void
tell_unsaid(int r, const struct config_messages *messages, const char *what)
{
	if (r == -ENOMEM || (r < 0 && messages->counts[CONFIG_ERROR] == 0))
		fprintf(stderr, "overstayd: %s: %s\n", what, strerror(-r));
}

int
command_load(const struct command_line *line, struct config **ret)
{
	struct config_paths paths = command_line_config_paths(line);
	struct config_messages messages = { 0 };
	int r = config_load(&paths, ret, &messages);

	config_messages_print(&messages, stderr);
	tell_unsaid(r, &messages, "cannot read the configuration");
	config_messages_clear(&messages);
	return r;
}

int
command_load_exit(int result)
{
	if (result == 0)
		return EXIT_SUCCESS;
	return result == -ENOMEM ? EXIT_FAILURE : EXIT_USAGE;
}

/* Under systemd overstay-lookup is a service of its own, with its socket in our directory. */
static const char *
lookup_socket(char *buffer, size_t size)
{
	const char *directory = getenv("RUNTIME_DIRECTORY");

	if (directory == NULL)
		return NULL;
	(void)snprintf(buffer, size, "%s/lookup.sock", directory);
	return buffer;
}

/* What the daemon ran on last, where the files are wrong. */
static int
load_last_good(const char *state_directory, struct config **ret)
{
	struct config_messages messages = { 0 };
	_free_ char *text = NULL;
	_close_ int fd = -1;
	size_t size = 0;
	int r;

	if (state_directory == NULL)
		return -ENOENT;
	fd = open(state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = lastgood_read(fd, &text, &size);
	if (r < 0)
		return r;
	r = config_load_text(text, size, LASTGOOD_NAME, true, NULL, ret, &messages);
	config_messages_print(&messages, stderr);
	config_messages_clear(&messages);
	return r;
}

/*
 * The service can be seen by who is started beside it, who says so. Returns a descriptor that holds
 * the service's lock, or less than 0.
 */
static int
take_service_lock(enum sender_target target)
{
	const char *directory = getenv("RUNTIME_DIRECTORY");

	if (directory != NULL)
		return service_lock_take(directory);
	if (target != SENDER_STDERR && service_lock_is_taken(SERVICE_DIRECTORY))
		log_start(LOG_WARNING,
		    "overstayd.service is running too: every alert will be logged twice");
	return -ENOENT;
}

/* Runs on the files, or on the last good copy where they are wrong. */
static int
run_configured(struct daemon_options *options, struct config_messages *messages,
    struct lookup_client *client)
{
	struct config_paths paths = options->config_paths;
	struct config *config = NULL;
	int loaded, lock_fd, r = 0;

	/* Else one file that anybody may change would make a host blind. */
	paths.starting = true;
	loaded = config_load(&paths, &config, messages);
	if (loaded < 0) {
		config_messages_print(messages, stderr);
		tell_unsaid(loaded, messages, "cannot read the configuration");
		r = load_last_good(options->state_directory, &config);
	}
	if (r < 0) {
		log_start(LOG_ERR, "cannot use the configuration, and %s",
		    r == -ENOENT ? "there is no last good copy" : "cannot use the last good copy");
		(void)lookup_client_close(client);
		return command_load_exit(r == -ENOMEM ? r : loaded);
	}
	options->config_messages = messages;
	lock_fd = take_service_lock(options->target);
	r = daemon_run(options, config, loaded < 0, client);
	service_lock_release(getenv("RUNTIME_DIRECTORY"), lock_fd);
	return r;
}

int
command_run(const struct command_line *line)
{
	char lookup[PATH_MAX], socket[PATH_MAX];
	struct daemon_options options = {
		.config_paths = command_line_config_paths(line),
		.target = line->target,
		.state_directory = getenv("STATE_DIRECTORY"),
		.lookup_socket = lookup_socket(socket, sizeof(socket)),
		.lookup_program = command_lookup_program(lookup, sizeof(lookup)),
	};
	struct config_messages messages = { 0 };
	struct lookup_client *client = NULL;
	int r = 0;

	/* Before anything is parsed: the only moment at which this process may have privileges. */
	if (options.lookup_socket == NULL)
		r = lookup_client_spawn(options.lookup_program, &client);
	if (r < 0)
		log_start(LOG_WARNING, "cannot start %s: %s; owners are unknown",
		    options.lookup_program, strerror(-r));
	r = privileges_drop();
	if (r < 0)
		log_start(LOG_WARNING, "cannot drop the capabilities: %s", strerror(-r));
	r = run_configured(&options, &messages, client);
	config_messages_clear(&messages);
	return r;
}

/* The range of a host that is not this one, or of one that does not say. */
static const struct port_range kernel_default = { 32768, 60999 };

static struct port_range
kernel_range(const struct command_line *line)
{
	_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct port_range range;

	if (line->root != NULL || proc < 0 || ranges_read_kernel(proc, &range) < 0)
		return kernel_default;
	return range;
}

int
command_check(const struct command_line *line)
{
	struct config_messages messages = { .strict = line->strict };
	struct config_paths paths = command_line_config_paths(line);
	struct config *config = NULL;
	const char *what = "cannot read the configuration";
	int r;

	paths.examine = true;
	paths.verbose = line->verbose;
	paths.kernel = kernel_range(line);
	if (line->check_path != NULL) {
		what = line->check_path;
		r = config_check_file(&paths, line->check_path, &messages);
	} else
		r = config_load(&paths, &config, &messages);
	config_messages_print(&messages, stderr);
	tell_unsaid(r, &messages, what);
	config_messages_clear(&messages);
	(void)config_free(config);
	return command_load_exit(r);
}

int
command_dump_config(const struct command_line *line)
{
	struct config *config = NULL;
	int r = command_load(line, &config);

	if (r < 0)
		return command_load_exit(r);
	r = config_dump(config, stdout);
	if (r == 0 && fflush(stdout) != 0)
		r = -errno;
	if (r < 0)
		fprintf(stderr, "overstayd: cannot write the configuration: %s\n", strerror(-r));
	(void)config_free(config);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
