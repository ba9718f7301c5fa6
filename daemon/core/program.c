/* SPDX-License-Identifier: MIT */
/*
 * What is known of programs by their names. Names are claims, so nothing here allows anything:
 * what a rule rests on is judge.c's, what makes a suspect reason.c's.
 *
 * Three tables: interpreters with the options that take code, a module or another argument (from
 * their manuals: python(1), perlrun(1), ruby(1), node(1), php(1), lua(1), bash(1), java(1)); names
 * of one kind (shells, relays, logins); well-known services whose names are borrowed by what hides.
 *
 * Pure; no allocation. Cost: a walk over a table.
 */
#include <stdio.h>
#include <string.h>

#include "core/program.h"

/* How the arguments of one family of interpreters are read. */
struct interpreter {
	const char *name;	/* versions may follow: python3.11 */
	const char *code;	/* letters of options whose argument is code */
	const char *module;	/* letters of options whose argument is a module */
	const char *argument;	/* letters of other options that take an argument */
	bool shell;
	bool names_module;	/* its first argument is a module by name, not a file: java */
};

static const struct interpreter interpreters[] = {
	{ "python", "c", "m", "WXQ", false, false },
	{ "pypy", "c", "m", "WXQ", false, false },
	{ "perl", "eE", "", "IMm", false, false },
	{ "ruby", "e", "", "IrEKC", false, false },
	{ "nodejs", "ep", "", "rC", false, false },
	{ "node", "ep", "", "rC", false, false },
	{ "deno", "", "", "", false, false },
	{ "bun", "ep", "", "r", false, false },
	/* -S is its own web server: what it runs stands in files. */
	{ "php", "rBRE", "S", "cdzt", false, false },
	{ "luajit", "e", "", "jOl", false, false },
	{ "lua", "e", "", "l", false, false },
	{ "tclsh", "", "", "", false, false },
	{ "guile", "c", "", "lL", false, false },
	{ "Rscript", "e", "", "", false, false },
	{ "java", "", "", "", false, true },
	{ "bash", "c", "", "oO", true, false },
	{ "dash", "c", "", "o", true, false },
	{ "zsh", "c", "", "o", true, false },
	{ "ksh93", "c", "", "o", true, false },
	{ "ksh", "c", "", "o", true, false },
	{ "mksh", "c", "", "o", true, false },
	{ "ash", "c", "", "o", true, false },
	{ "fish", "c", "", "C", true, false },
	{ "tcsh", "c", "", "", true, false },
	{ "csh", "c", "", "", true, false },
	{ "sh", "c", "", "o", true, false },
};

/* Long options of interpreters whose argument is code. */
static const char *const code_options[] = { "--eval", "--print", "--command", "--run", NULL };

static const char *const relays[] = {
	"nc", "nc.traditional", "nc.openbsd", "ncat", "netcat", "socat", "socat1", "cryptcat",
	"sbd", "pwncat", "chisel", NULL,
};

static const char *const logins[] = {
	"sshd", "sshd-session", "dropbear", "login", "agetty", "getty", "in.telnetd", "telnetd",
	"gdm", "gdm3", "lightdm", "sddm", "xrdp", "xrdp-sesman", "tmux", "screen", NULL,
};

/* Services whose name on another program is a disguise. A longer name of the program that begins
 * with it (nginx-debug, sshd-session) is the same family. */
static const char *const services[] = {
	"acpid", "agetty", "apache2", "atd", "auditd", "avahi-daemon", "chronyd", "containerd",
	"cron", "crond", "cupsd", "dbus-daemon", "dhclient", "dnsmasq", "dockerd", "httpd",
	"init", "kubelet", "lightdm", "mariadbd", "mysqld", "named", "networkd-dispatcher",
	"NetworkManager", "nginx", "ntpd", "php-fpm", "polkitd", "postgres", "rpcbind",
	"rsyslogd", "snapd", "sshd", "sudo", "systemd", "systemd-journald", "systemd-logind",
	"systemd-networkd", "systemd-resolved", "systemd-timesyncd", "udisksd",
	"unattended-upgr", "wpa_supplicant", "xinetd", NULL,
};

/* Names that another program has had for long, by a link of its package. */
static const struct {
	const char *name, *program;
} aliases[] = {
	{ "httpd", "apache2" }, { "init", "systemd" }, { "init", "tini" },
	{ "init", "docker-init" }, { "init", "catatonit" }, { "mysqld", "mariadbd" },
	{ "named", "bind9" }, { "sshd", "dropbear" },
};

/* Beginnings of kernel threads' names (kernel/kthread.c and its callers), "/" or digits behind. */
static const char *const kernel_threads[] = {
	"kworker/", "ksoftirqd/", "migration/", "cpuhp/", "idle_inject/", "irq/", "jbd2/",
	"kthreadd", "rcu_sched", "rcu_preempt", "rcu_gp", "rcu_par_gp", "rcu_tasks_", "kswapd",
	"kcompactd", "khugepaged", "kdevtmpfs", "kauditd", "khungtaskd", "oom_reaper",
	"kintegrityd", "kblockd", "watchdogd", "scsi_eh_", "scsi_tmf_", "ext4-rsv-conver",
	"xfsaild/", "kthrotld", "kpsmoused", "writeback", "netns", "kstrp", "ata_sff", "md_",
	"edac-poller", "devfreq_wq", "mm_percpu_wq", "slub_flushwq", "inet_frag_wq", NULL,
};

/* Programs that run others under their own file: what they are called is no claim of theirs. */
static const char *const hosts[] = { "busybox", "toybox", "ld-linux", "ld-musl", "qemu-", NULL };

const char *
program_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static bool
is_among(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

static bool
begins_among(const char *name, const char *const *beginnings)
{
	for (; *beginnings != NULL; beginnings++)
		if (strncmp(name, *beginnings, strlen(*beginnings)) == 0)
			return true;
	return false;
}

static const struct interpreter *
find_interpreter(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(interpreters); i++) {
		size_t length = strlen(interpreters[i].name);

		if (strncmp(name, interpreters[i].name, length) == 0 &&
		    name[length + strspn(name + length, "0123456789.-")] == '\0')
			return &interpreters[i];
	}
	return NULL;
}

bool
program_is_interpreter(const char *name)
{
	return find_interpreter(name) != NULL;
}

bool
program_is_shell(const char *name)
{
	/* A login shell's name has a dash before it. */
	const struct interpreter *interpreter = find_interpreter(name + (name[0] == '-'));

	return interpreter != NULL && interpreter->shell;
}

bool
program_is_relay(const char *name)
{
	return is_among(name, relays);
}

bool
program_is_login(const char *name)
{
	return is_among(name, logins);
}

/* The arguments, taken one by one. */
struct arguments {
	const char *at, *end;
};

static const char *
next_argument(struct arguments *arguments)
{
	const char *argument = arguments->at;

	if (argument >= arguments->end)
		return NULL;
	arguments->at += strnlen(argument, (size_t)(arguments->end - argument)) + 1;
	return argument;
}

/* A bundle of short options, "-bc": what it makes of the input. INPUT_NONE: only options. */
static enum program_input
read_options(const struct interpreter *interpreter, const char *option,
    struct arguments *arguments, const char **ret_script)
{
	for (const char *letter = option + 1; *letter != '\0'; letter++) {
		if (strchr(interpreter->code, *letter) != NULL)
			return INPUT_INLINE;
		if (strchr(interpreter->module, *letter) != NULL) {
			*ret_script = letter[1] != '\0' ? letter + 1 : next_argument(arguments);
			return INPUT_MODULE;
		}
		if (strchr(interpreter->argument, *letter) != NULL) {
			if (letter[1] == '\0')
				(void)next_argument(arguments);
			return INPUT_NONE;
		}
	}
	return INPUT_NONE;
}

/* "--eval=CODE" and "--eval CODE". */
static bool
is_code_option(const char *argument)
{
	size_t length = strcspn(argument, "=");

	for (size_t i = 0; code_options[i] != NULL; i++)
		if (strlen(code_options[i]) == length &&
		    strncmp(argument, code_options[i], length) == 0)
			return true;
	return false;
}

/* java [OPTION...] CLASS, or java [OPTION...] -jar FILE. */
static enum program_input
read_java(struct arguments *arguments, const char **ret_script)
{
	const char *argument;

	while ((argument = next_argument(arguments)) != NULL) {
		if (strcmp(argument, "-jar") == 0) {
			*ret_script = next_argument(arguments);
			return *ret_script == NULL ? INPUT_NONE : INPUT_SCRIPT;
		}
		if (strcmp(argument, "-cp") == 0 || strcmp(argument, "-classpath") == 0 ||
		    strcmp(argument, "--class-path") == 0 || strcmp(argument, "-p") == 0 ||
		    strcmp(argument, "--module-path") == 0) {
			(void)next_argument(arguments);
			continue;
		}
		if (argument[0] != '-') {
			*ret_script = argument;
			return INPUT_MODULE;
		}
	}
	return INPUT_NONE;
}

/*
 * A title stands where the arguments were: one text, with NULs behind it up to where they ended, or
 * none where it fills their place. What remains of a single argument that is the program's own
 * name, "python3" or "-bash", is what was typed. Shells set no title.
 */
static bool
is_title(const struct interpreter *interpreter, const char *bytes, size_t length)
{
	size_t first = strnlen(bytes, length);

	if (interpreter->shell || first == length)
		return false;
	for (size_t i = first; i < length; i++)
		if (bytes[i] != '\0')
			return false;
	return first + 1 < length || memchr(bytes, ' ', first) != NULL ||
	    find_interpreter(program_name(bytes)) == NULL;
}

enum program_input
program_input(const char *name, const char *bytes, size_t length, const char **ret_script)
{
	const struct interpreter *interpreter = find_interpreter(name + (name[0] == '-'));
	struct arguments arguments = { bytes, bytes + length };
	const char *argument;

	*ret_script = NULL;
	/* Without arguments nothing is known: they could not be read. */
	if (interpreter == NULL || length == 0)
		return INPUT_NONE;
	if (is_title(interpreter, bytes, length))
		return INPUT_HIDDEN;
	(void)next_argument(&arguments);
	if (interpreter->names_module)
		return read_java(&arguments, ret_script);
	while ((argument = next_argument(&arguments)) != NULL) {
		enum program_input input;

		if (strcmp(argument, "-") == 0)
			break;
		/* No file has such a name: a title left it behind. */
		if (argument[0] == '\0')
			return INPUT_HIDDEN;
		if (strcmp(argument, "--") == 0) {
			argument = next_argument(&arguments);
			break;
		}
		if (is_code_option(argument))
			return INPUT_INLINE;
		if (strncmp(argument, "--", 2) == 0)
			continue;
		if (argument[0] != '-' && argument[0] != '+')
			break;
		input = read_options(interpreter, argument, &arguments, ret_script);
		if (input != INPUT_NONE)
			return input;
	}
	/* What deno and bun are told to do stands before the file. */
	if (argument != NULL && strcmp(argument, "run") == 0)
		argument = next_argument(&arguments);
	if (argument == NULL || strcmp(argument, "-") == 0)
		return INPUT_STDIN;
	if (argument[0] == '\0')
		return INPUT_HIDDEN;
	*ret_script = argument;
	return INPUT_SCRIPT;
}

bool
program_script_path(const char *cwd, const char *argument, char *buffer, size_t size)
{
	char joined[2 * 4096 + 2];
	size_t used = 0;
	int length;

	if (argument[0] != '/' && cwd[0] != '/')
		return false;
	length = snprintf(joined, sizeof(joined), "%s%s%s", argument[0] == '/' ? "" : cwd,
	    argument[0] == '/' ? "" : "/", argument);
	if (length < 0 || (size_t)length >= sizeof(joined))
		return false;
	for (const char *at = joined; *at != '\0';) {
		size_t part;

		at += strspn(at, "/");
		part = strcspn(at, "/");
		if (part == 2 && strncmp(at, "..", 2) == 0) {
			while (used > 0 && buffer[--used] != '/')
				;
		} else if (part > 0 && !(part == 1 && *at == '.')) {
			if (used + 1 + part >= size)
				return false;
			buffer[used++] = '/';
			memcpy(buffer + used, at, part);
			used += part;
		}
		at += part;
	}
	buffer[used] = '\0';
	return used > 0;
}

/* True where the program's name, or the script's, is of the family of that service. */
static bool
is_family(const char *service, const char *name)
{
	size_t length = strlen(service);

	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (strcmp(aliases[i].name, service) == 0 && strcmp(aliases[i].program, name) == 0)
			return true;
	return strncmp(name, service, length) == 0 ||
	    (name[0] != '\0' && strncmp(service, name, strlen(name)) == 0);
}

/* What a title names: "nginx: worker", "/usr/sbin/apache2 -k start" -> nginx, apache2. */
static void
take_claim(const char *claimed, char *buffer, size_t size)
{
	size_t length = strcspn(claimed, " :");
	const char *name = claimed;

	for (size_t i = 0; i < length; i++)
		if (claimed[i] == '/')
			name = claimed + i + 1;
	length = (size_t)(claimed + length - name);
	if (length >= size)
		length = size - 1;
	memcpy(buffer, name, length);
	buffer[length] = '\0';
}

/* "[kworker/0:1]", as ps(1) shows what has no arguments. celery's "[celeryd: ...]" is a title. */
static bool
is_bracketed(const char *claimed)
{
	size_t length = strcspn(claimed, " ");

	return claimed[0] == '[' && length > 2 && claimed[length] == '\0' &&
	    claimed[length - 1] == ']';
}

const char *
program_pretends(const char *claimed, const char *exe, const char *script)
{
	const char *name = program_name(exe);
	char claim[64];

	/* Without its program nothing can be compared. */
	if (exe[0] == '\0' || begins_among(name, hosts))
		return NULL;
	if (is_bracketed(claimed) || begins_among(claimed, kernel_threads))
		return is_family(claimed, name) || is_family(claimed, program_name(script)) ?
		    NULL : "a kernel thread";
	take_claim(claimed, claim, sizeof(claim));
	for (size_t i = 0; services[i] != NULL; i++)
		if (strcmp(claim, services[i]) == 0)
			return is_family(services[i], name) ||
			    is_family(services[i], program_name(script)) ? NULL : services[i];
	return NULL;
}
