/* SPDX-License-Identifier: MIT */
/*
 * The commands run, --check and --dump-config: from files to a configuration, from that to the
 * daemon. Complaints go to stderr, one a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "alert/sink.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/output.h"
#include "commands.h"
#include "config/config.h"
#include "daemon.h"
#include "instance-lock.h"
#include "kernel/ranges.h"
#include "privileges.h"
#include "store/lastgood.h"

/* Where a helper is: beside this program, else where it is installed. */
static const char *
helper_program(const char *name, char *buffer, size_t size)
{
	size_t room = strlen(name) + 1;
	ssize_t length = readlink("/proc/self/exe", buffer, size - room);
	char *slash;

	if (length > 0) {
		buffer[length] = '\0';
		slash = strrchr(buffer, '/');
		if (slash != NULL) {
			memcpy(slash + 1, name, room);
			if (access(buffer, X_OK) == 0)
				return buffer;
		}
	}
	(void)snprintf(buffer, size, "%s/%s", LIBEXECDIR, name);
	return buffer;
}

/* Under systemd a helper is a service of its own, with its socket in our directory. */
static const char *
helper_socket(const char *name, char *buffer, size_t size)
{
	const char *directory = getenv("RUNTIME_DIRECTORY");

	if (directory == NULL)
		return NULL;
	(void)snprintf(buffer, size, "%s/%s", directory, name);
	return buffer;
}

const char *
command_lookup_program(char *buffer, size_t size)
{
	return helper_program("overstay-lookup", buffer, size);
}

void
command_names_find(struct command_names *ret)
{
	ret->options = (struct names_options){
		.socket = helper_socket("names.sock", ret->socket, sizeof(ret->socket)),
		.program = helper_program("overstay-names", ret->program, sizeof(ret->program)),
	};
}

/* Whether the messages do not say why it could not be read: one that was lost is none. */
static bool
is_unsaid(int r, const struct config_messages *messages)
{
	return r == -ENOMEM || (r < 0 && messages->counts[CONFIG_ERROR] == 0);
}

static void
tell_unsaid(int r, const struct config_messages *messages, const char *what)
{
	if (is_unsaid(r, messages))
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

/* As config_messages_print() does, for a daemon that is about to start: it does not wait for ever
 * for who reads them. */
static void
log_messages(const struct config_messages *messages)
{
	_free_ char *text = NULL;
	size_t length = 0;
	FILE *file = open_memstream(&text, &length);

	/* Without memory they are left out; what becomes of the start is logged all the same. */
	if (file == NULL)
		return;
	config_messages_print(messages, file);
	if (fclose(file) == 0)
		log_lines(text, length);
}

/* Asks for the users and groups that the configuration names. Returns 0 or -errno. */
static int
resolve_names(struct config *config, struct names_link *link)
{
	if (config->policy.names.count == 0)
		return 0;
	return link == NULL ?
	    -ENOMEM :
	    names_link_resolve(link, &config->policy.names, COMMAND_NAMES_WAIT_USEC);
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
	r = config_load_text(text, size, LASTGOOD_NAME, ret, &messages);
	log_messages(&messages);
	config_messages_clear(&messages);
	return r;
}

static bool
journal_is_there(void)
{
	_close_ int fd = -1;

	return journal_sink.probe(journal_sink.argument, &fd) == 0;
}

/* Who starts beside another one says so. Returns a descriptor that lets others see this one, or
 * less than 0. */
static int
take_instance_lock(enum sender_target target)
{
	const char *directory = getenv("RUNTIME_DIRECTORY");
	enum instance_kind self = directory == NULL ? INSTANCE_BY_HAND : INSTANCE_SERVICE;
	struct instance other;
	char by_hand[64] = "another overstayd";
	int fd;

	if (target == SENDER_STDERR)
		return -ENOENT;
	if (target == SENDER_JOURNAL && !journal_is_there())
		log_start(LOG_WARNING, "there is no journal: messages wait until there is one");
	fd = instance_lock_take(directory == NULL ? INSTANCE_DIRECTORY : directory, self, &other);
	if (fd < 0 || other.kind == INSTANCE_NONE || (target == SENDER_AUTO && !journal_is_there()))
		return fd;
	if (other.pid > 0)
		(void)snprintf(by_hand, sizeof(by_hand), "another overstayd [%d]", (int)other.pid);
	log_start(LOG_WARNING, "%s is running too: every alert will be logged twice",
	    other.kind == INSTANCE_SERVICE ? "overstayd.service" : by_hand);
	return fd;
}

/* Runs on the files, or on the last good copy where they are wrong. */
static int
run_configured(struct daemon_options *options, struct config_messages *messages,
    struct names_link *link, struct daemon_helpers *helpers)
{
	struct config_paths paths = options->config_paths;
	struct config *config = NULL;
	_close_ int lock_fd = -1;
	int loaded, r = 0;

	/* Else one file that anybody may change would make a host blind. */
	paths.starting = true;
	loaded = config_load(&paths, &config, messages);
	if (loaded < 0) {
		log_messages(messages);
		if (is_unsaid(loaded, messages))
			log_start(LOG_ERR, "cannot read the configuration: %s", strerror(-loaded));
		r = load_last_good(options->state_directory, &config);
	}
	if (r < 0) {
		log_start(LOG_ERR, "cannot use the configuration, and %s",
		    r == -ENOENT ? "there is no last good copy" : "cannot use the last good copy");
		(void)names_link_free(link);
		daemon_helpers_clear(helpers);
		return command_load_exit(r == -ENOMEM ? r : loaded);
	}
	options->config_messages = messages;
	/* What is not answered is asked for again, and reported. */
	(void)!resolve_names(config, link);
	helpers->names = names_link_to_client(link);
	lock_fd = take_instance_lock(options->target);
	return daemon_run(options, config, loaded < 0, helpers);
}

int
command_run(const struct command_line *line)
{
	char lookup[PATH_MAX], socket[PATH_MAX];
	struct daemon_options options = {
		.config_paths = command_line_config_paths(line),
		.target = line->target,
		.state_directory = getenv("STATE_DIRECTORY"),
		.runtime_directory = getenv("RUNTIME_DIRECTORY"),
		.lookup_socket = helper_socket("lookup.sock", socket, sizeof(socket)),
		.lookup_program = command_lookup_program(lookup, sizeof(lookup)),
	};
	struct config_messages messages = { 0 };
	struct daemon_helpers helpers = { 0 };
	struct command_names names;
	struct names_link *link;
	int r = 0;

	/* A terminal or a reader that went away is found out by the write. */
	(void)signal(SIGPIPE, SIG_IGN);
	/* Before anything is parsed: the only moment at which this process may have privileges. */
	if (options.lookup_socket == NULL)
		r = lookup_client_spawn(options.lookup_program, &helpers.lookup);
	if (r < 0)
		log_start(LOG_WARNING, "cannot start %s: %s; owners are unknown",
		    options.lookup_program, strerror(-r));
	command_names_find(&names);
	options.names = names.options;
	link = names_link_new(&names.options);
	helpers.sender = names_link_new(&names.options);
	helpers.registered = names_link_new(&names.options);
	r = privileges_drop();
	if (r < 0)
		log_start(LOG_WARNING, "cannot drop the capabilities: %s", strerror(-r));
	r = privileges_confine();
	if (r < 0)
		log_start(LOG_WARNING, "cannot be confined: %s", strerror(-r));
	r = run_configured(&options, &messages, link, &helpers);
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

/*
 * Asks for the names of the configuration, if there are some, and says which match nobody. Those of
 * a staged tree are known without. Returns 0, -EINVAL if that is an error, -ENOMEM.
 */
static int
check_names(const struct command_line *line, struct config *config)
{
	static const enum named_state states[] = { NAMED_ABSENT, NAMED_UNASKED };
	struct named_list *list = &config->policy.names;
	char text[CONFIG_NAMES_TEXT_MAX];
	int r = 0;

	if (list->count > 0 && line->root == NULL) {
		struct command_names names;
		struct names_link *link;

		command_names_find(&names);
		link = names_link_new(&names.options);
		r = resolve_names(config, link);
		(void)names_link_free(link);
	}
	if (r == -ENOMEM)
		return r;
	r = 0;
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		if (!config_names_text(list, states[i], text, sizeof(text)))
			continue;
		fprintf(stderr, "%s: %s\n", line->strict ? "error" : "note", text);
		r = line->strict ? -EINVAL : 0;
	}
	return r;
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
		r = config_check_file(&paths, line->check_path, &config, &messages);
	} else
		r = config_load(&paths, &config, &messages);
	config_messages_print(&messages, stderr);
	tell_unsaid(r, &messages, what);
	config_messages_clear(&messages);
	/* An error hides no name. */
	if (config != NULL) {
		int named = check_names(line, config);

		if (named == -ENOMEM)
			tell_unsaid(named, &messages, what);
		r = r < 0 ? r : named;
	}
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
	r = config_dump(config, line->verbose, stdout);
	if (r == 0)
		r = output_finish(stdout);
	if (r < 0)
		fprintf(stderr, "overstayd: cannot write the configuration: %s\n", strerror(-r));
	(void)config_free(config);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
