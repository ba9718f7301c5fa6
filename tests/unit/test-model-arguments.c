/* SPDX-License-Identifier: MIT */
/*
 * What programs run, by their arguments: each kind of option of each interpreter, titles, and what
 * is random.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/identity.h"
#include "model/program.h"

static const struct {
	const char *name;
	const char *arguments; /* joined by '|' */
	enum program_input input;
	const char *script; /* NULL = none */
} inputs[] = {
	{ "python3.11", "python3|/home/alice/srv.py|8080", INPUT_SCRIPT, "/home/alice/srv.py" },
	{ "python3.11", "python3|-u|-W|ignore|srv.py", INPUT_SCRIPT, "srv.py" },
	{ "python3.11", "python3|-Wignore|srv.py", INPUT_SCRIPT, "srv.py" },
	{ "python3.11", "python3|-m|http.server|60855", INPUT_MODULE, "http.server" },
	{ "python3", "python3|-um|http.server", INPUT_MODULE, "http.server" },
	{ "python3", "python3|-mhttp.server", INPUT_MODULE, "http.server" },
	{ "python3.11", "python3|-c|import socket", INPUT_INLINE, NULL },
	{ "python3.11", "python3|-Sc|import socket", INPUT_INLINE, NULL },
	{ "python3.11", "python3|-c", INPUT_INLINE, NULL },
	{ "python3.11", "python3", INPUT_STDIN, NULL },
	{ "python3.11", "python3|-", INPUT_STDIN, NULL },
	{ "python3.11", "python3|-i", INPUT_STDIN, NULL },
	{ "python3.11", "", INPUT_UNKNOWN, NULL },
	{ "python3.11", "python3|--|-c", INPUT_SCRIPT, "-c" },
	{ "perl", "/usr/bin/perl|/usr/share/webmin/miniserv.pl", INPUT_SCRIPT,
	    "/usr/share/webmin/miniserv.pl" },
	{ "perl", "perl|-MIO::Socket|-e|print", INPUT_INLINE, NULL },
	{ "perl", "perl|-wE|say 1", INPUT_INLINE, NULL },
	{ "perl", "perl|-w|-T|x.pl", INPUT_SCRIPT, "x.pl" },
	{ "ruby", "ruby|-rsocket|-e|x", INPUT_INLINE, NULL },
	{ "node", "node|server.js|--eval", INPUT_SCRIPT, "server.js" },
	{ "node", "node|--eval|x", INPUT_INLINE, NULL },
	{ "nodejs", "node|--eval=x", INPUT_INLINE, NULL },
	{ "node", "node|-r|dotenv/config|server.js", INPUT_SCRIPT, "server.js" },
	{ "php8.2", "php|-S|0.0.0.0:8000|router.php", INPUT_MODULE, "0.0.0.0:8000" },
	{ "php8.2", "php|-t|/srv/www|-S|0.0.0.0:8000", INPUT_MODULE, "0.0.0.0:8000" },
	{ "php8.2", "php|-c|/etc/php.ini|x.php", INPUT_SCRIPT, "x.php" },
	{ "php-fpm8.2", "php-fpm: pool www", INPUT_NONE, NULL },
	{ "php8.2", "php|-r|x();", INPUT_INLINE, NULL },
	{ "bash", "bash|-c|nc -l 1", INPUT_INLINE, NULL },
	{ "bash", "-bash", INPUT_STDIN, NULL },
	{ "bash", "bash|-o|pipefail|run.sh", INPUT_SCRIPT, "run.sh" },
	{ "dash", "sh|-ec|x", INPUT_INLINE, NULL },
	{ "java", "java|-Xmx1g|-cp|a.jar:b.jar|org.example.Main|x", INPUT_MODULE,
	    "org.example.Main" },
	{ "java", "java|-jar|/opt/app.jar", INPUT_SCRIPT, "/opt/app.jar" },
	{ "java", "java|-jar", INPUT_UNKNOWN, NULL },
	{ "java", "java|--add-opens|java.base/java.lang=ALL-UNNAMED|-jar|/opt/app.jar",
	    INPUT_SCRIPT, "/opt/app.jar" },
	{ "java", "java|@/etc/acme/jvm.options|-jar|app.jar", INPUT_SCRIPT, "app.jar" },
	{ "java", "java|--add-modules", INPUT_UNKNOWN, NULL },
	{ "deno", "deno|run|main.ts", INPUT_SCRIPT, "main.ts" },
	{ "nginx", "nginx|-c|x", INPUT_NONE, NULL },
	/* Words of an option, not options. */
	{ "ruby3.1", "ruby|-W:no-deprecated|app.rb", INPUT_SCRIPT, "app.rb" },
	{ "ruby3.1", "ruby|-W:no-deprecated|-e|x", INPUT_INLINE, NULL },
	{ "perl", "perl|-d:Trepan|x.pl", INPUT_SCRIPT, "x.pl" },
	{ "perl", "perl|-de|0", INPUT_INLINE, NULL },
	{ "python3.11", "python3|--check-hash-based-pycs|always|srv.py", INPUT_SCRIPT, "srv.py" },
	{ "python3.11", "python3|--check-hash-based-pycs|always|-c|x", INPUT_INLINE, NULL },
	{ "node", "node|--require|fs|-e|x", INPUT_INLINE, NULL },
	{ "node", "node|--require|fs|-", INPUT_STDIN, NULL },
	{ "node", "node|--require=fs|server.js", INPUT_SCRIPT, "server.js" },
	{ "ruby3.1", "ruby|--encoding|utf-8|app.rb", INPUT_SCRIPT, "app.rb" },
	{ "ruby3.1", "ruby|--encoding|utf-8", INPUT_STDIN, NULL },
	{ "tclsh8.6", "tclsh|-encoding|utf-8|x.tcl", INPUT_SCRIPT, "x.tcl" },
	{ "node", "node|--require", INPUT_UNKNOWN, NULL },
	/* Every kind of option of every interpreter; the real ones: compare-arguments.py. */
	{ "python3.11", "python3|-Ic|x", INPUT_INLINE, NULL },
	{ "python3.11", "python3|-W|-c|srv.py", INPUT_SCRIPT, "srv.py" },
	{ "python3.11", "python3|-Xdev|-m|http.server", INPUT_MODULE, "http.server" },
	{ "python3.11", "python3|--jit|srv.py", INPUT_UNKNOWN, NULL },
	{ "pypy3", "pypy3|--jit|off|srv.py", INPUT_SCRIPT, "srv.py" },
	{ "python3.11", "python3|-|-c|x", INPUT_STDIN, NULL },
	{ "perl", "perl|-x/opt|x.pl", INPUT_SCRIPT, "x.pl" },
	{ "perl", "perl|-xe|x.pl", INPUT_SCRIPT, "x.pl" },
	{ "perl", "perl|-i.bake|x.pl", INPUT_SCRIPT, "x.pl" },
	{ "perl", "perl|-F:e|x.pl", INPUT_SCRIPT, "x.pl" },
	{ "perl", "perl|-0777ne|print", INPUT_INLINE, NULL },
	{ "perl", "perl|-l012e|print", INPUT_INLINE, NULL },
	{ "perl", "perl|-Mre|x.pl", INPUT_SCRIPT, "x.pl" },
	{ "perl", "perl|-I|lib|x.pl", INPUT_SCRIPT, "x.pl" },
	{ "perl", "perl|-w -T|x.pl", INPUT_SCRIPT, "x.pl" },
	{ "perl", "perl|-w -e|print", INPUT_INLINE, NULL },
	{ "perl", "perl|-S|x.pl", INPUT_UNKNOWN, NULL },
	{ "perl", "perl|-S|./x.pl", INPUT_SCRIPT, "./x.pl" },
	{ "ruby3.1", "ruby|-W2e|x", INPUT_INLINE, NULL },
	{ "ruby3.1", "ruby|-Kue|x", INPUT_INLINE, NULL },
	{ "ruby3.1", "ruby|-rjson|app.rb", INPUT_SCRIPT, "app.rb" },
	{ "ruby3.1", "ruby|-r|json|app.rb", INPUT_SCRIPT, "app.rb" },
	{ "ruby3.1", "ruby|-x|app.rb", INPUT_SCRIPT, "app.rb" },
	{ "ruby3.1", "ruby|-C|/srv|app.rb", INPUT_SCRIPT, "app.rb" },
	{ "ruby3.1", "ruby|--yjit-exec-mem-size=8|app.rb", INPUT_SCRIPT, "app.rb" },
	{ "ruby3.1", "ruby|--disable-gems|-S|rake", INPUT_UNKNOWN, NULL },
	{ "node", "node|--require|./tracing.js|/opt/app/server.js", INPUT_SCRIPT,
	    "/opt/app/server.js" },
	{ "node", "node|--import|tsx|server.ts", INPUT_SCRIPT, "server.ts" },
	{ "node", "node|--import|tsx|--eval|x", INPUT_INLINE, NULL },
	{ "node", "node|--env-file|.env|server.js", INPUT_SCRIPT, "server.js" },
	{ "node", "node|--max_old_space_size=4096|server.js", INPUT_SCRIPT, "server.js" },
	{ "node", "node|--no-warnings|--inspect=0|server.js", INPUT_SCRIPT, "server.js" },
	{ "node", "node|-p|x", INPUT_INLINE, NULL },
	{ "node", "node|-p|-r|fs|x.js", INPUT_SCRIPT, "x.js" },
	{ "node", "node|inspect|x.js", INPUT_SCRIPT, "x.js" },
	{ "php8.2", "php|-nr|x();", INPUT_INLINE, NULL },
	{ "php8.2", "php|-d|a=b|-fx.php", INPUT_SCRIPT, "x.php" },
	{ "php8.2", "php|-f=x.php", INPUT_SCRIPT, "x.php" },
	{ "php8.2", "php|-f|x.php|--|-r", INPUT_SCRIPT, "x.php" },
	{ "php8.2", "php|--|x.php", INPUT_STDIN, NULL },
	{ "php8.2", "php|-R|x();", INPUT_INLINE, NULL },
	{ "php8.2", "php|-a", INPUT_STDIN, NULL },
	{ "lua5.4", "lua|-lsocket|srv.lua", INPUT_SCRIPT, "srv.lua" },
	{ "lua5.4", "lua|-l|socket|-", INPUT_STDIN, NULL },
	{ "lua5.4", "lua|-ex=1", INPUT_INLINE, NULL },
	{ "luajit", "luajit|-O3|-jv|srv.lua", INPUT_SCRIPT, "srv.lua" },
	{ "java", "java|-jar|-Xmx1g|app.jar", INPUT_SCRIPT, "app.jar" },
	{ "java", "java|--add-opens=java.base/java.lang=ALL-UNNAMED|-jar|app.jar", INPUT_SCRIPT,
	    "app.jar" },
	{ "java", "java|-p|mods|-m|acme/acme.Main", INPUT_MODULE, "acme/acme.Main" },
	{ "java", "java|--module=acme/acme.Main|x", INPUT_MODULE, "acme/acme.Main" },
	{ "java", "java|-Dx=y|Main.java", INPUT_SCRIPT, "Main.java" },
	{ "java", "java|--source|17|main", INPUT_SCRIPT, "main" },
	{ "java", "java|@args|org.example.Main", INPUT_UNKNOWN, NULL },
	{ "java", "java|@args", INPUT_UNKNOWN, NULL },
	{ "deno", "deno|run|--allow-net|/opt/app/server.ts", INPUT_SCRIPT, "/opt/app/server.ts" },
	{ "deno", "deno|run|-A|--config|deno.json|main.ts", INPUT_SCRIPT, "main.ts" },
	{ "deno", "deno|serve|--port|80|main.ts", INPUT_SCRIPT, "main.ts" },
	{ "deno", "deno|test|--filter|x|a.ts", INPUT_SCRIPT, "a.ts" },
	{ "deno", "deno|main.ts", INPUT_SCRIPT, "main.ts" },
	{ "deno", "deno|-q|eval|--ext|ts|code.x", INPUT_INLINE, NULL },
	{ "deno", "deno|repl", INPUT_STDIN, NULL },
	{ "deno", "deno|run|-", INPUT_STDIN, NULL },
	{ "deno", "deno|run|data:text/javascript,x", INPUT_INLINE, NULL },
	{ "deno", "deno|run|file:///srv/a.ts", INPUT_SCRIPT, "/srv/a.ts" },
	{ "deno", "deno|run|jsr:@std/http", INPUT_MODULE, "jsr:@std/http" },
	{ "deno", "deno|task|start", INPUT_UNKNOWN, NULL },
	{ "deno", "deno|run|--lock|x.lock|main.ts", INPUT_SCRIPT, "main.ts" },
	{ "deno", "deno|run|--lock|-A|main.ts", INPUT_SCRIPT, "main.ts" },
	{ "bun", "bun|run|--hot|server.ts", INPUT_SCRIPT, "server.ts" },
	{ "bun", "bun|--cwd|/tmp|-e|x", INPUT_INLINE, NULL },
	{ "bun", "bun|-c=x.toml|server.ts", INPUT_SCRIPT, "server.ts" },
	{ "bun", "bun|x|prisma", INPUT_MODULE, "prisma" },
	{ "bun", "bun|exec|nc -l", INPUT_INLINE, NULL },
	{ "bun", "bun|run|start", INPUT_UNKNOWN, NULL },
	{ "tclsh8.6", "tclsh|-", INPUT_STDIN, NULL },
	{ "guile", "guile|-l|lib.scm|-s|srv.scm", INPUT_SCRIPT, "srv.scm" },
	{ "gawk", "gawk|BEGIN{}|x", INPUT_INLINE, NULL },
	{ "gawk", "gawk|-F:|-v|a=b|-f|srv.awk|x", INPUT_SCRIPT, "srv.awk" },
	{ "gawk", "gawk|--file=srv.awk", INPUT_SCRIPT, "srv.awk" },
	{ "gawk", "gawk|-f|lib.awk|-e|BEGIN{}", INPUT_INLINE, NULL },
	{ "gawk", "gawk|-f|lib.awk|-f|srv.awk", INPUT_UNKNOWN, NULL },
	{ "gawk", "gawk|-E|srv.awk|-e|x", INPUT_SCRIPT, "srv.awk" },
	{ "gawk", "gawk|-f|-", INPUT_STDIN, NULL },
	{ "gawk", "gawk|-f|srv.awk|--verbose", INPUT_SCRIPT, "srv.awk" },
	{ "gawk", "gawk|--verbose|-f|srv.awk", INPUT_UNKNOWN, NULL },
	{ "mawk", "mawk|-W|exec|srv.awk", INPUT_UNKNOWN, NULL },
	{ "bash", "bash|--rcfile|f|-eo|pipefail|run.sh", INPUT_SCRIPT, "run.sh" },
	{ "bash", "bash|-norc|+o|posix|+x|run.sh", INPUT_SCRIPT, "run.sh" },
	{ "bash", "bash|-|run.sh", INPUT_SCRIPT, "run.sh" },
	{ "bash", "bash|-s|run.sh", INPUT_STDIN, NULL },
	{ "bash", "bash|-c|-e|--|x", INPUT_INLINE, NULL },
	{ "bash", "bash|-c", INPUT_UNKNOWN, NULL },
	{ "dash", "sh|-co|nounset|x", INPUT_INLINE, NULL },
	{ "zsh", "zsh|-onullglob|run.zsh", INPUT_SCRIPT, "run.zsh" },
	{ "ksh93", "ksh|-o|errexit|run.ksh", INPUT_SCRIPT, "run.ksh" },
	{ "fish", "fish|-C|x|run.fish", INPUT_SCRIPT, "run.fish" },
	{ "tcsh", "tcsh|-f|run.csh", INPUT_SCRIPT, "run.csh" },
	{ "tcsh", "tcsh|-fi|run.csh", INPUT_STDIN, NULL },
	{ "beam.smp", "beam.smp|-root|/x", INPUT_UNKNOWN, NULL },
	/* What is not known may take anything, or be code. */
	{ "python3.11", "python3|--code|srv.py", INPUT_UNKNOWN, NULL },
	{ "python3.11", "python3|-uz|srv.py", INPUT_UNKNOWN, NULL },
	{ "node", "node|--code=x", INPUT_UNKNOWN, NULL },
	{ "node", "node|--warnings=x|server.js", INPUT_UNKNOWN, NULL },
	{ "node", "node|--no-code|server.js", INPUT_UNKNOWN, NULL },
	{ "java", "java|--code|app.jar", INPUT_UNKNOWN, NULL },
	{ "java", "java|--|Main", INPUT_UNKNOWN, NULL },
	{ "deno", "deno|--code|x.ts", INPUT_UNKNOWN, NULL },
	{ "bash", "bash|--code|x", INPUT_UNKNOWN, NULL },
	{ "perl", "perl|--code|x", INPUT_UNKNOWN, NULL },
	{ "perl", "perl|-w- |x", INPUT_UNKNOWN, NULL },
	{ "lua5.4", "lua|-z|x", INPUT_UNKNOWN, NULL },
	/* More files that are the process's input. */
	{ "bash", "bash|//dev/./fd/3", INPUT_STDIN, NULL },
	{ "bash", "bash|/proc/4711/fd/3", INPUT_STDIN, NULL },
	{ "bash", "bash|/proc/thread-self/fd/3", INPUT_STDIN, NULL },
	{ "bash", "bash|/proc/4711/task/4712/fd/3", INPUT_STDIN, NULL },
	{ "bash", "bash|/proc/4711/root/fd/3", INPUT_SCRIPT, "/proc/4711/root/fd/3" },
	{ "bash", "bash|/dev/fd/x", INPUT_SCRIPT, "/dev/fd/x" },
	{ "gawk", "gawk|-f|/dev/fd/63", INPUT_STDIN, NULL },
	{ "perl", "perl|-", INPUT_STDIN, NULL },
	/* Files that are the process's input. */
	{ "python3.11", "python3|/dev/stdin|x", INPUT_STDIN, NULL },
	{ "python3.11", "python3|-u|/dev/fd/63", INPUT_STDIN, NULL },
	{ "perl", "perl|/proc/self/fd/0", INPUT_STDIN, NULL },
	{ "perl", "perl|/dev/fdserver.pl", INPUT_SCRIPT, "/dev/fdserver.pl" },
	/* Titles, padded to the length of the arguments or filling it. */
	{ "ruby3.1", "puma 5.6.5 (tcp://0.0.0.0:50080) [shop]|||", INPUT_UNKNOWN, NULL },
	{ "ruby3.1", "puma: cluster worker 0: 801 [shop]", INPUT_UNKNOWN, NULL },
	{ "ruby3.1", "unicorn master -c config.rb||||||||", INPUT_UNKNOWN, NULL },
	{ "python3.11", "gunicorn: master [app]", INPUT_UNKNOWN, NULL },
	{ "python3.11", "[celeryd: w1@host:MainProcess] -active- (-A tasks)|", INPUT_UNKNOWN,
	    NULL },
	{ "python3.11", "worker of /usr/bin/python3", INPUT_UNKNOWN, NULL },
	{ "perl", "/usr/sbin/postgrey --inet=50023|||||", INPUT_UNKNOWN, NULL },
	{ "perl", "postgrey           ", INPUT_UNKNOWN, NULL },
	{ "node", "my-api|||||||||||", INPUT_UNKNOWN, NULL },
	{ "node", "my-api", INPUT_UNKNOWN, NULL },
	{ "node", "node||||||||||||", INPUT_UNKNOWN, NULL },
	{ "java", "elasticsearch||||", INPUT_UNKNOWN, NULL },
	{ "python3.11", "python3|-u|", INPUT_UNKNOWN, NULL },
	{ "python3.11", "python3|--|", INPUT_UNKNOWN, NULL },
	/* No title: the program's own name alone. */
	{ "perl", "/usr/bin/perl", INPUT_STDIN, NULL },
	{ "node", "/opt/node/bin/node", INPUT_STDIN, NULL },
	{ "dash", "odd", INPUT_STDIN, NULL },
	{ "bash", "bash|-s|", INPUT_STDIN, NULL },
	{ "pythonic", "pythonic|-c|x", INPUT_NONE, NULL },
};

/* Puts the arguments of a row, whose ends are written '|', into buffer. */
static size_t
split(const char *joined, char *buffer)
{
	size_t length = strlen(joined);

	strcpy(buffer, joined);
	for (size_t at = 0; at < length; at++)
		if (buffer[at] == '|')
			buffer[at] = '\0';
	return length == 0 ? 0 : length + 1;
}

static void
expect_input(size_t row, const struct program_call *call, enum program_input input,
    const char *expected)
{
	const char *script = "unset";
	enum program_input found = program_input(call, &script);

	if (found != input || (script == NULL) != (expected == NULL) ||
	    (script != NULL && strcmp(script, expected) != 0))
		fail_msg("%s: %s: %d, %s", call->name, inputs[row].arguments, (int)found,
		    script == NULL ? "none" : script);
}

static void
input(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
		char arguments[128];
		struct program_call call = {
			.name = inputs[i].name,
			.arguments = arguments,
			.length = split(inputs[i].arguments, arguments),
			.cwd = "/srv",
		};

		expect_input(i, &call, inputs[i].input, inputs[i].script);
	}
}

/* Every cut of every command line: nothing is read behind its end. */
static void
input_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(inputs); i++)
		for (size_t length = 1; length <= strlen(inputs[i].arguments); length++) {
			char whole[128], *arguments = malloc(length);
			struct program_call call = { inputs[i].name, arguments, length, true, "" };
			const char *script;

			assert_non_null(arguments);
			split(inputs[i].arguments, whole);
			memcpy(arguments, whole, length);
			/* What the lookup sends ends with a NUL. */
			arguments[length - 1] = '\0';
			(void)program_input(&call, &script);
			if (script != NULL)
				assert_true(script >= arguments && script < arguments + length);
			free(arguments);
		}
}

/* Arguments that were cut off: only what stands before the cut is known. */
static void
cut_off(void **state)
{
	static const struct {
		const char *name, *arguments;
		enum program_input input;
		const char *script;
	} cuts[] = {
		{ "python3", "python3|srv.py|x", INPUT_SCRIPT, "srv.py" },
		{ "python3", "python3|/srv/lon", INPUT_UNKNOWN, NULL },
		{ "python3", "python3|-W|ignor", INPUT_UNKNOWN, NULL },
		{ "python3", "python3|-u", INPUT_UNKNOWN, NULL },
		{ "python3", "python3|-c|import soc", INPUT_INLINE, NULL },
		{ "java", "java|-cp|a.jar:b", INPUT_UNKNOWN, NULL },
		{ "node", "node|-p", INPUT_UNKNOWN, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		char arguments[128];
		struct program_call call = {
			.name = cuts[i].name,
			.arguments = arguments,
			.length = split(cuts[i].arguments, arguments),
			.cut = true,
			.cwd = "/srv",
		};
		const char *script;

		if (program_input(&call, &script) != cuts[i].input)
			fail_msg("%s", cuts[i].arguments);
		assert_int_equal(script == NULL, cuts[i].script == NULL);
		if (script != NULL)
			assert_string_equal(script, cuts[i].script);
	}
}

/* A descriptor under a name that begins at the working directory. */
static void
input_below_cwd(void **state)
{
	static const char arguments[] = "bash\0fd/63", above[] = "bash\0../3";
	const char *script;

	(void)state;
	assert_int_equal(program_input(&(struct program_call){ "bash", arguments, sizeof(arguments),
					   false, "/dev" },
			     &script),
	    INPUT_STDIN);
	assert_int_equal(program_input(&(struct program_call){ "bash", above, sizeof(above), false,
					   "/proc/self/fd/x" },
			     &script),
	    INPUT_STDIN);
	assert_int_equal(program_input(&(struct program_call){ "bash", arguments, sizeof(arguments),
					   false, "/srv" },
			     &script),
	    INPUT_SCRIPT);
	assert_int_equal(
	    program_input(&(struct program_call){ "bash", arguments, sizeof(arguments), false, "" },
		&script),
	    INPUT_SCRIPT);
}

static const struct {
	const char *exe, *arguments;
	enum program_input input;
	const char *script;
	bool title;
} processes[] = {
	{ "/usr/bin/busybox", "busybox|sh|run.sh", INPUT_SCRIPT, "run.sh", false },
	{ "/usr/bin/busybox", "sh|run.sh", INPUT_SCRIPT, "run.sh", false },
	{ "/usr/bin/busybox", "/bin/busybox|awk|-f|x.awk", INPUT_SCRIPT, "x.awk", false },
	{ "/usr/bin/busybox", "busybox|awk|BEGIN{}", INPUT_INLINE, NULL, false },
	{ "/usr/bin/busybox", "busybox|nc|-l", INPUT_NONE, NULL, false },
	{ "/usr/bin/busybox", "busybox nc -l", INPUT_NONE, NULL, false },
	{ "/usr/bin/ruby3.1", "puma 5.6.5 (tcp://0.0.0.0:50080) [shop]||", INPUT_UNKNOWN, NULL,
	    true },
	{ "/usr/bin/php8.2", "php|||||", INPUT_UNKNOWN, NULL, true },
	{ "/usr/bin/python3.11", "/usr/bin/python3", INPUT_STDIN, NULL, false },
	{ "/usr/bin/bash", "my shell", INPUT_STDIN, NULL, false },
	{ "/usr/sbin/nginx", "nginx: master process /usr/sbin/nginx", INPUT_NONE, NULL, true },
	{ "/usr/sbin/sshd", "sshd: alice [priv]|||", INPUT_NONE, NULL, true },
	{ "/opt/x/server", "my-api||||", INPUT_NONE, NULL, true },
	{ "/opt/x/server", "my-api", INPUT_NONE, NULL, false },
	{ "/opt/x/server", "server|-a b", INPUT_NONE, NULL, false },
	{ "/opt/My App/server", "/opt/My App/server", INPUT_NONE, NULL, false },
	{ "/opt/My App/My Server", "/opt/current app/My Server", INPUT_NONE, NULL, false },
	{ "", "a b", INPUT_NONE, NULL, true },
	{ "/opt/x", "", INPUT_NONE, NULL, false },
	{ "/opt/x", "|", INPUT_NONE, NULL, false },
};

static void
of_processes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(processes); i++) {
		char exe[64], arguments[128];
		struct process process;
		const char *script;

		process_init(&process);
		strcpy(exe, processes[i].exe);
		process.exe = exe;
		process.cmdline_length = (uint32_t)split(processes[i].arguments, arguments);
		process.cmdline = arguments;
		if (identity_input(&process, &script) != processes[i].input ||
		    process_has_title(&process) != processes[i].title)
			fail_msg("%s: %s", exe, processes[i].arguments);
		assert_int_equal(script == NULL, processes[i].script == NULL);
		if (script != NULL)
			assert_string_equal(script, processes[i].script);
	}
}

/* ---- what is random ----------------------------------------------------------------------- */

static uint32_t seed = 1;

static uint32_t
next_random(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static const char *const pieces[] = { "-", "--", "-c", "-e", "-m", "-p", "-f", "-s", "-o", "-jar",
	"-cp", "--eval", "--eval=", "--", "+o", "run", "eval", "x.py", "/dev/fd/3", "@args", " ",
	"-0777", "-x", "-W:", "\xff", "data:", "file://", "--no-", "--require", "-encoding", "=" };

/* So many bytes of arguments, joined of pieces and of any bytes at all. */
static size_t
make_arguments(char *buffer, size_t size)
{
	size_t length = 0, count = next_random(12);

	for (size_t i = 0; i < count; i++) {
		const char *piece = pieces[next_random(ARRAY_SIZE(pieces))];
		char any[2] = { (char)next_random(256), '\0' };

		if (next_random(4) == 0)
			piece = any;
		if (length + strlen(piece) + 1 >= size)
			break;
		memcpy(buffer + length, piece, strlen(piece));
		length += strlen(piece);
		if (next_random(3) > 0)
			buffer[length++] = '\0';
	}
	if (length > 0)
		buffer[length++] = '\0';
	return length;
}

static void
random_arguments(void **state)
{
	static const char *const names[] = { "python3", "perl", "ruby", "php", "node", "lua",
		"java", "deno", "bun", "tclsh", "gawk", "bash", "dash", "zsh", "ksh", "fish",
		"luajit", "guile", "Rscript", "csh", "elvish", "nu", "pwsh", "beam", "nginx" };

	(void)state;
	for (unsigned round = 0; round < 10000; round++) {
		char buffer[256], *arguments;
		size_t length = make_arguments(buffer, sizeof(buffer));
		struct program_call call = { .name = names[round % ARRAY_SIZE(names)],
			.length = length,
			.cut = next_random(4) == 0,
			.cwd = next_random(2) == 0 ? "/" : "" };
		enum program_input input;
		const char *script;

		/* Of its own size, for the sanitizers and valgrind. */
		arguments = malloc(length + 1);
		assert_non_null(arguments);
		memcpy(arguments, buffer, length);
		call.arguments = arguments;
		input = program_input(&call, &script);
		assert_true(input <= INPUT_UNKNOWN);
		assert_int_equal(script != NULL, input == INPUT_SCRIPT || input == INPUT_MODULE);
		if (script != NULL)
			assert_true(script > arguments && script < arguments + length);
		free(arguments);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input),
		cmocka_unit_test(input_cut),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(input_below_cwd),
		cmocka_unit_test(of_processes),
		cmocka_unit_test(random_arguments),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
