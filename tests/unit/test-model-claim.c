/* SPDX-License-Identifier: MIT */
/*
 * What a process may be called, and which program it is: names honest and false side by side.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/classify.h"
#include "model/claim.h"
#include "model/identity.h"
#include "model/wrapper.h"

/* A process of these, at its full length; arguments are joined by '|', "" = not known. */
static void
make_process(struct process *process, const char *exe, const char *arguments, const char *comm)
{
	char bytes[256];
	size_t length = strlen(arguments);

	process_init(process);
	process->uid = 1000;
	assert_int_equal(owner_text_set(&process->exe, exe), 0);
	assert_int_equal(owner_text_set(&process->comm, comm), 0);
	if (length == 0)
		return;
	assert_true(length < sizeof(bytes));
	for (size_t i = 0; i <= length; i++)
		bytes[i] = arguments[i] == '|' ? '\0' : arguments[i];
	process->cmdline = malloc(length + 1);
	assert_non_null(process->cmdline);
	memcpy(process->cmdline, bytes, length + 1);
	process->cmdline_length = (uint32_t)length + 1;
}

/* ---- claims ------------------------------------------------------------------------------- */

/* Root's, in root's directory. */
#define INSTALLED EVIDENCE_EXE_KNOWN
#define OWN	  EVIDENCE_NAME_OWN

static const struct {
	const char *exe, *arguments, *comm, *script;
	uint32_t evidence;
	const char *false_name; /* NULL = none */
} claims[] = {
	/* ---- kernel threads */
	{ "/tmp/x", "[kworker/0:1]", "x", "", 0, "[kworker/0:1]" },
	{ "/tmp/x", "[kworker/u8:2 H]", "x", "", 0, "[kworker/u8:2 H]" },
	{ "/usr/bin/python3.11", "python3|x.py", "kworker/u8:2", "/home/alice/x.py", 0,
	    "kworker/u8:2" },
	{ "/usr/bin/perl", "[anything]", "perl", "", 0, "[anything]" },
	{ "/opt/x", "ksoftirqd/0", "x", "", 0, "ksoftirqd/0" },
	{ "/opt/x", "md127_raid1", "x", "", 0, "md127_raid1" },
	{ "/opt/x", "mdX_raid10", "x", "", 0, "mdX_raid10" },
	{ "/opt/x", "x", "md0_resync", "", 0, "md0_resync" },
	/* Whatever the file is called, and whoever it belongs to. */
	{ "/home/alice/[kthreadd]", "[kthreadd]", "[kthreadd]", "", 0, "[kthreadd]" },
	{ "/home/alice/[kworker", "[kworker/0:1]", "[kworker", "", OWN, "[kworker/0:1]" },
	{ "/tmp/kdevtmpfs", "/tmp/kdevtmpfs", "kdevtmpfs", "", 0, "kdevtmpfs" },
	{ "/var/tmp/kswapd0", "./kswapd0", "kswapd0", "", 0, "kswapd0" },
	{ "/home/alice/qemu-x", "[kworker/0:1]", "qemu-x", "", 0, "[kworker/0:1]" },
	{ "/usr/bin/qemu-aarch64-static", "qemu-aarch64-static|/bin/x", "kworker/0:1", "/bin/x",
	    INSTALLED, "kworker/0:1" },
	{ "/bin/busybox", "[kworker/0:1]", "busybox", "", INSTALLED, "[kworker/0:1]" },
	{ "/usr/lib/ld-linux-x86-64.so.2", "[rcu_sched]", "x", "", INSTALLED, "[rcu_sched]" },
	/* What only begins like one, and programs of the same name. */
	{ "/usr/sbin/watchdogd", "watchdogd|-x", "watchdogd", "", 0, NULL },
	{ "/opt/x", "x", "watchdogd", "", 0, "watchdogd" },
	{ "/opt/netnsd", "netnsd", "netnsd", "", 0, NULL },
	{ "/usr/bin/md_convert", "md_convert", "md_convert", "", 0, NULL },
	{ "/usr/bin/md5_raid", "md5_raid", "md5_raid", "", 0, NULL },
	{ "/usr/bin/md5_server", "md5_server", "md5_server", "", 0, NULL },
	{ "/usr/bin/md5_resyncd", "md5_resyncd", "md5_resyncd", "", 0, NULL },
	{ "/opt/kdevtmpfsi", "kdevtmpfsi", "kdevtmpfsi", "", 0, NULL },
	{ "/usr/bin/[", "[|x|]", "[", "", 0, NULL },
	{ "/usr/bin/python3.11", "[celeryd: w1@host:MainProcess] -active-", "celeryd", "", 0,
	    NULL },

	/* ---- well-known services */
	{ "/usr/bin/python3.11", "python3|/tmp/x.py", "sshd", "/tmp/x.py", 0, "sshd" },
	{ "/usr/bin/perl", "sshd: alice [priv]", "perl", "", 0, "sshd: alice [priv]" },
	{ "/usr/bin/perl", "/usr/sbin/apache2 -k start", "perl", "/tmp/x.pl", 0,
	    "/usr/sbin/apache2 -k start" },
	{ "/usr/bin/python3.11", "nginx: worker process", "python3", "", 0,
	    "nginx: worker process" },
	{ "/usr/sbin/nginx", "mysqld", "nginx", "", 0, "mysqld" },
	{ "/usr/sbin/sshd", "sshd: alice [priv]", "sshd", "", 0, NULL },
	{ "/usr/lib/openssh/sshd-session", "sshd: alice [priv]", "sshd", "", 0, NULL },
	{ "/usr/lib/openssh/sshd-auth", "sshd-auth: alice [net]", "sshd-auth", "", 0, NULL },
	{ "/usr/sbin/nginx-debug", "nginx: master process /usr/sbin/nginx", "nginx", "", 0, NULL },
	{ "/usr/sbin/php-fpm8.2", "php-fpm: pool www", "php-fpm8.2", "", 0, NULL },
	{ "/usr/bin/.nginx-wrapped", "nginx: worker", "nginx", "", 0, NULL },
	{ "/usr/sbin/mariadbd", "mysqld", "mysqld", "", 0, NULL },
	{ "/usr/bin/python3.11", "python3|/usr/local/bin/cron", "cron", "/usr/local/bin/cron", 0,
	    NULL },
	{ "/usr/bin/python3.11", "gunicorn: master [app]", "gunicorn", "/usr/bin/gunicorn", 0,
	    NULL },
	{ "/usr/bin/python3.11", "python3", "MainThread", "", 0, NULL },
	{ "/usr/bin/bash", "-bash", "bash", "", 0, NULL },
	{ "/usr/lib/systemd/systemd-udevd", "(udev-worker)", "(udev-worker)", "", 0, NULL },
	{ "/home/alice/x", "(udev-worker)", "x", "", 0, "(udev-worker)" },
	/* The kernel cut it at 15 bytes, so it is no name of the list. */
	{ "/tmp/x", "x", "systemd-journal", "", 0, NULL },
	/* The beginning of the name is not the name. */
	{ "/home/alice/s", "sshd: alice [priv]", "s", "", 0, "sshd: alice [priv]" },
	{ "/home/alice/ss", "sshd", "ss", "", 0, "sshd" },
	{ "/home/alice/ssh", "sshd", "ssh", "", 0, "sshd" },
	{ "/home/alice/nginxx", "nginx: worker", "nginxx", "", 0, "nginx: worker" },
	{ "/home/alice/called-cron", "called-cron", "cron", "", 0, "cron" },
	/* It holds no socket. */
	{ "/home/alice/x", "(sd-pam)", "x", "", 0, "(sd-pam)" },
	{ "/home/alice/(sd-pam)", "x", "(sd-pam)", "", 0, "(sd-pam)" },
	{ "/usr/lib/systemd/systemd", "(sd-pam)", "(sd-pam)", "", INSTALLED, "(sd-pam)" },

	/* ---- a family's titles */
	{ "/usr/lib/postgresql/15/bin/postgres", "postgres: writer", "postgres", "", 0, NULL },
	{ "/usr/bin/acme-postgres", "postgres: 15/main: checkpointer", "postmaster", "", 0, NULL },
	{ "/opt/edb/as15/bin/edb-postgres", "postgres: logger", "edb-postgres", "", 0, NULL },
	{ "/usr/pgsql/bin/postmaster", "postgres: logger", "postmaster", "", 0, NULL },
	{ "/home/alice/notpostgres", "postgres: logger", "x", "", 0, "postgres: logger" },
	{ "/home/alice/p", "postgres: logger", "p", "", 0, "postgres: logger" },

	/* ---- what the lookup found */
	{ "/opt/x", "/usr/bin/dpkg", "x", "", EVIDENCE_NAME_OTHER, "/usr/bin/dpkg" },
	{ "/opt/x", "x", "dpkg", "", EVIDENCE_COMM_OTHER, "dpkg" },
	{ "/var/lib/k3s/bin/k3s", "/var/lib/k3s/bin/containerd|-c|x", "containerd", "", OWN, NULL },
	{ "/var/lib/k3s/bin/k3s", "containerd|-c|x", "containerd", "", OWN, NULL },
	{ "/var/lib/k3s/bin/k3s", "containerd|-c|x", "containerd", "", 0, "containerd" },
	/* One honest name is no other. */
	{ "/var/lib/k3s/bin/k3s", "containerd|-c|x", "nginx", "", OWN, "nginx" },
	{ "/opt/x", "/opt/systemd-journald-link", "systemd", "", OWN, "systemd" },

	/* ---- what runs others: by what it runs, and only where nobody could have named it so */
	{ "/usr/bin/busybox", "httpd|-f", "httpd", "", INSTALLED, NULL },
	{ "/home/alice/busybox", "httpd|-f", "busybox", "", 0, "httpd" },
	{ "/tmp/busybox", "nginx", "busybox", "", INSTALLED | EVIDENCE_EXE_OPEN_PATH, "nginx" },
	{ "/usr/bin/qemu-aarch64-static", "qemu-aarch64-static|/usr/sbin/nginx", "nginx",
	    "/usr/sbin/nginx", INSTALLED, NULL },
	{ "/usr/bin/qemu-aarch64-static", "qemu-aarch64-static|/home/alice/x", "nginx",
	    "/home/alice/x", INSTALLED, "nginx" },
	{ "/home/alice/qemu-arm", "qemu-arm|/usr/sbin/nginx", "nginx", "/usr/sbin/nginx", 0,
	    "nginx" },
	{ "/usr/libexec/valgrind/memcheck-amd64-linux", "/usr/bin/valgrind.bin|-q|nginx|-g|x",
	    "nginx", "", INSTALLED, NULL },
	{ "/usr/lib/ld-linux-x86-64.so.2", "ld.so|--argv0|nginx|/usr/sbin/nginx", "nginx",
	    "/usr/sbin/nginx", INSTALLED, NULL },
	{ "/usr/lib/ld-linux-x86-64.so.2", "ld.so|/home/alice/x", "nginx", "/home/alice/x",
	    INSTALLED, "nginx" },
	/* What the title hides excuses nothing. */
	{ "/usr/lib/ld-linux-x86-64.so.2", "nginx: worker process", "x", "", INSTALLED,
	    "nginx: worker process" },

	/* A path that its own mounts gave to it. */
	{ "/usr/sbin/sshd", "sshd: alice [priv]", "sshd", "", INSTALLED | EVIDENCE_EXE_COVERS,
	    "/usr/sbin/sshd" },
	{ "/usr/bin/tac", "x", "x", "", OWN | EVIDENCE_EXE_COVERS, "/usr/bin/tac" },
	{ "", "x", "x", "", EVIDENCE_EXE_COVERS, NULL },

	/* ---- unknown */
	{ "", "kworker/0:1", "kworker/0:1", "", 0, NULL },
	{ "/", "sshd: alice", "sshd", "", 0, NULL },
	{ "/", "[kworker/0:1]", "x", "", 0, NULL },
	{ "/tmp/x", "", "", "", 0, NULL },
	{ "/net/.nfs000000000a0b0c0d00000001", "nginx: worker", "nginx", "", EVIDENCE_EXE_NAMELESS,
	    NULL },
	{ "/tmp/.nfs000000000a0b0c0d00000001", "nginx: worker", "nginx", "", 0, "nginx: worker" },
	{ "/net/.nfs000000000a0b0c0d00000001", "[kworker/0:1]", "x", "", EVIDENCE_EXE_NAMELESS,
	    "[kworker/0:1]" },
};

static void
test_claims(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
		struct claim claim = { NULL, 0 };
		struct process process;
		const char *wanted = claims[i].false_name;
		bool found;

		make_process(&process, claims[i].exe, claims[i].arguments, claims[i].comm);
		assert_int_equal(owner_text_set(&process.script, claims[i].script), 0);
		process.evidence = claims[i].evidence;
		process.exe_mode = 0755;
		found = claim_find_false(&process, &claim);
		if (found != (wanted != NULL) ||
		    (found &&
			(claim.length != strlen(wanted) ||
			    strncmp(claim.text, wanted, claim.length) != 0)))
			fail_msg("%s, %s, %s: %s", claims[i].exe, claims[i].arguments,
			    claims[i].comm, found ? claim.text : "nothing");
		process_clear(&process);
	}
}

/* A script over another program's path. */
static void
test_script_covers(void **state)
{
	struct process process;
	struct claim claim;

	(void)state;
	make_process(&process, "/usr/bin/python3.11", "/usr/bin/python3|/usr/sbin/cron", "cron");
	assert_int_equal(owner_text_set(&process.script, "/usr/sbin/cron"), 0);
	assert_false(claim_find_false(&process, &claim));
	process.script_evidence = SCRIPT_PLACED | SCRIPT_COVERS;
	assert_true(claim_find_false(&process, &claim));
	assert_ptr_equal(claim.text, process.script);
	process_clear(&process);
}

static void
test_namesakes(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ "python3.11", "python3", true },
		{ "sshd", "sshd-session", true },
		{ "passt", "passt.avx2", true },
		{ "nc", "nc.openbsd", true },
		{ "gdm", "gdm3", true },
		{ "x", "x", true },
		{ "", "", false },
		{ "", "x", false },
		{ "x", "x-1", false },
		{ "s", "sshd", false },
		{ "ssh", "sshd", false },
		{ "nginx", "nginxx", false },
		{ "called-cron", "cron", false },
		{ "ncat", "nginx", false },
		{ "dash", "bash", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (claim_is_namesake(cases[i].a, cases[i].b) != cases[i].same ||
		    claim_is_namesake(cases[i].b, cases[i].a) != cases[i].same)
			fail_msg("%s, %s", cases[i].a, cases[i].b);
}

static void
test_families(void **state)
{
	static const struct {
		const char *service, *name;
		bool family;
	} cases[] = {
		{ "postgres", "edb-postgres", true },
		{ "postgres", "acme_postgres", true },
		{ "postgres", "postmaster", true },
		{ "postgres", "postgres-15", true },
		{ "postgres", "mypostgres", false },
		{ "mysqld", "mariadbd", true },
		{ "nginx", ".nginx-wrapped", true },
		{ "nginx", "acme-nginx", false },
		{ "cat", "edb-postgres", false },
		{ "", "x", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (claim_is_family(cases[i].service, cases[i].name) != cases[i].family)
			fail_msg("%s, %s", cases[i].service, cases[i].name);
}

static void
test_installed(void **state)
{
	struct process process;

	(void)state;
	make_process(&process, "/usr/bin/x", "x", "x");
	process.exe_mode = 0755;
	assert_false(claim_is_installed(&process));
	process.evidence = EVIDENCE_EXE_KNOWN;
	assert_true(claim_is_installed(&process));
	process.exe_uid = process.uid;
	assert_false(claim_is_installed(&process));
	/* Root of its user namespace. */
	process.exe_uid = 100000;
	assert_true(claim_is_installed(&process));
	process.evidence |= EVIDENCE_EXE_OPEN;
	assert_false(claim_is_installed(&process));
	process.evidence = EVIDENCE_EXE_KNOWN | EVIDENCE_EXE_OPEN_PATH;
	assert_false(claim_is_installed(&process));
	process_clear(&process);
}

/* ---- identity ----------------------------------------------------------------------------- */

static const struct {
	const char *exe, *arguments, *known_as;
	uint32_t evidence;
	const char *name;
	enum program_input input;
	const char *script; /* its path, NULL = none */
} identities[] = {
	{ "/usr/bin/python3.11", "python3|x.py", "", 0, "python3.11", INPUT_SCRIPT, "/home/x.py" },
	{ "/usr/sbin/nginx", "nginx: worker", "", 0, "nginx", INPUT_NONE, NULL },
	/* Copies. */
	{ "/opt/acme/helper", "helper|-c|x", "bash", 0, "bash", INPUT_INLINE, NULL },
	{ "/opt/acme/helper", "helper|/opt/x.py", "python3.11", 0, "python3.11", INPUT_SCRIPT,
	    "/opt/x.py" },
	{ "/opt/java", "java|-l|-p|1", "nc.openbsd", 0, "nc.openbsd", INPUT_NONE, NULL },
	{ "/opt/x", "nc|-l", "busybox", 0, "nc", INPUT_NONE, NULL },
	/* Multi-call binaries. */
	{ "/usr/bin/busybox", "busybox|sh|-c|x", "", 0, "sh", INPUT_INLINE, NULL },
	{ "/usr/bin/busybox", "busybox|sh|x.sh", "", 0, "sh", INPUT_SCRIPT, "/home/x.sh" },
	{ "/usr/bin/busybox", "sh|x.sh", "", 0, "sh", INPUT_SCRIPT, "/home/x.sh" },
	{ "/usr/bin/busybox", "busybox", "", 0, "busybox", INPUT_NONE, NULL },
	/* Wrappers: ld.so. */
	{ "/lib64/ld-linux-x86-64.so.2", "ld.so|/opt/acme|-c|x", "", 0, "acme", INPUT_NONE,
	    "/opt/acme" },
	{ "/lib64/ld-linux-x86-64.so.2", "ld.so|--library-path|/lib|--argv0|y|./acme", "", 0,
	    "acme", INPUT_NONE, "/home/acme" },
	{ "/lib64/ld-linux-x86-64.so.2", "ld.so|--library-path=/lib|/bin/nc|-l", "", 0, "nc",
	    INPUT_NONE, "/bin/nc" },
	{ "/lib64/ld-linux-x86-64.so.2", "ld.so|/usr/bin/python3|-c|x", "", 0, "python3",
	    INPUT_INLINE, "/usr/bin/python3" },
	{ "/lib64/ld-linux-x86-64.so.2", "ld.so|/usr/bin/python3|/srv/x.py", "", 0, "python3",
	    INPUT_SCRIPT, "/srv/x.py" },
	{ "/lib/ld-musl-x86_64.so.1", "ld|--preload|a.so|--|/bin/x", "", 0, "x", INPUT_NONE,
	    "/bin/x" },
	{ "/lib64/ld-linux-x86-64.so.2", "ld.so|/tmp/x|-l", "ncat", 0, "ncat", INPUT_NONE,
	    "/tmp/x" },
	/* A later version's option, or its value: the program is not known. */
	{ "/lib64/ld-linux-x86-64.so.2", "ld.so|--new-option|y|/bin/nc", "", 0, "", INPUT_UNKNOWN,
	    NULL },
	{ "/lib64/ld-linux-x86-64.so.2", "ld.so|--argv0", "", 0, "", INPUT_UNKNOWN, NULL },
	{ "/lib64/ld-linux-x86-64.so.2", "ld.so|--", "", 0, "", INPUT_UNKNOWN, NULL },
	{ "/lib64/ld-linux-x86-64.so.2", "nginx: worker||||", "", 0, "", INPUT_UNKNOWN, NULL },
	{ "/lib64/ld-linux-x86-64.so.2", "", "", 0, "", INPUT_UNKNOWN, NULL },
	/* qemu-user, valgrind, one below the other. */
	{ "/usr/bin/qemu-arm-static", "qemu-arm-static|-L|/usr/arm|--strace|/bin/sh|-c|x", "", 0,
	    "sh", INPUT_INLINE, "/bin/sh" },
	{ "/usr/bin/qemu-arm-static", "qemu-arm-static|prog", "", 0, "prog", INPUT_NONE,
	    "/home/prog" },
	{ "/usr/bin/qemu-arm-static", "qemu-arm-static|/lib/ld-linux.so.3|/opt/x", "", 0, "x",
	    INPUT_NONE, "/opt/x" },
	{ "/usr/libexec/valgrind/none-amd64-linux",
	    "/usr/bin/valgrind.bin|--tool=none|-q|--x=y|acmed|-x", "", 0, "acmed", INPUT_NONE,
	    NULL },
	{ "/usr/libexec/valgrind/memcheck-amd64-linux", "valgrind|./acmed", "", 0, "acmed",
	    INPUT_NONE, "/home/acmed" },
	/* A runtime with a program behind it is that program. */
	{ "/opt/acme/server", "./server|--port|1", "node", EVIDENCE_EXE_APPENDED, "server",
	    INPUT_NONE, NULL },
	{ "/opt/acme/server", "./server", "deno", EVIDENCE_EXE_APPENDED, "server", INPUT_NONE,
	    NULL },
	{ "/opt/acme/node", "node", "node", EVIDENCE_EXE_APPENDED, "", INPUT_NONE, NULL },
	{ "/opt/acme/server", "./server", "node", 0, "node", INPUT_UNKNOWN, NULL },
	{ "", "", "", 0, "", INPUT_NONE, NULL },
};

static void
test_identities(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(identities); i++) {
		const char *wanted = identities[i].script, *argument;
		char path[128] = "";
		struct process process;
		struct identity identity;
		enum program_input input;
		bool found;

		make_process(&process, identities[i].exe, identities[i].arguments, "x");
		assert_int_equal(owner_text_set(&process.cwd, "/home"), 0);
		assert_int_equal(owner_text_set(&process.known_as, identities[i].known_as), 0);
		process.evidence = identities[i].evidence;
		identity_find(&process, &identity);
		input = identity_input(&process, &argument);
		found = identity_script_path(&process, path, sizeof(path));
		if (strcmp(identity.name, identities[i].name) != 0 ||
		    input != identities[i].input || found != (wanted != NULL) ||
		    (found && strcmp(path, wanted) != 0))
			fail_msg("%s: %s: is %s, %d, %s", identities[i].exe,
			    identities[i].arguments, identity.name, (int)input, path);
		process_clear(&process);
	}
}

/* Every cut of every command line: nothing is read behind its end. */
static void
test_identities_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(identities); i++)
		for (size_t length = 1; length <= strlen(identities[i].arguments); length++) {
			struct process process;
			struct identity identity;
			struct claim claim;
			char path[128];
			const char *end, *argument;

			make_process(&process, identities[i].exe, identities[i].arguments, "x");
			process.cmdline = realloc(process.cmdline, length);
			assert_non_null(process.cmdline);
			process.cmdline[length - 1] = '\0';
			process.cmdline_length = (uint32_t)length;
			end = process.cmdline + length;
			identity_find(&process, &identity);
			assert_true(identity.arguments >= process.cmdline &&
			    identity.arguments <= end &&
			    identity.arguments + identity.length == end);
			(void)identity_input(&process, &argument);
			if (argument != NULL)
				assert_true(argument >= process.cmdline && argument < end);
			(void)identity_script_path(&process, path, sizeof(path));
			(void)claim_find_false(&process, &claim);
			process_clear(&process);
		}
}

static const struct {
	const char *name;
	bool wrapper;
} wrappers[] = {
	{ "ld.so", true },
	{ "ld64.so.2", true },
	{ "ld-2.31.so", true },
	{ "ld-linux-x86-64.so.2", true },
	{ "ld-linux.so.2", true },
	{ "ld-musl-x86_64.so.1", true },
	{ "qemu-aarch64", true },
	{ "qemu-aarch64-static", true },
	{ "memcheck-amd64-linux", true },
	{ "none-arm64-linux", true },
	{ "box64", true },
	{ "qemu-system-x86_64", false },
	{ "qemu-x", false },
	{ "qemu-", false },
	{ "memcheck-x", false },
	{ "memcheck-evil-linux", false },
	{ "ld-linux-implant", false },
	{ "ld-x.so", false },
	{ "ld-linux.so.evil", false },
	{ "ld.so.", false },
	{ "box64x", false },
	{ "busybox", false },
	{ "ld", false },
	{ "", false },
};

static void
test_wrappers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrappers); i++)
		if (wrapper_is(wrappers[i].name) != wrappers[i].wrapper)
			fail_msg("%s", wrappers[i].name);
	assert_true(program_runs_others("toybox"));
	assert_true(program_runs_others("ld.so"));
	assert_false(program_runs_others("busyboxes"));
}

/* ---- what follows ------------------------------------------------------------------------- */

#define BIT(reason) (1U << (reason))

/* Each in a unit whose main program is another one. */
static const struct {
	const char *what, *exe, *arguments, *known_as, *script;
	uint32_t uid, evidence, script_evidence, reasons;
} judgements[] = {
	/* A copy is that program, and no reason by itself. */
	{ "a copied shell of a service account", "/opt/acme/helper", "helper|-c|x", "bash", "", 33,
	    0, 0, BIT(REASON_STRANGER) },
	{ "a copied relay", "/usr/local/bin/acmed", "acmed|-l", "ncat", "", 33, 0, 0,
	    BIT(REASON_STRANGER) },
	{ "a relay that is called as an interpreter", "/opt/java", "java|-jar|x.jar", "nc.openbsd",
	    "/x.jar", 33, 0, 0, BIT(REASON_STRANGER) },
	{ "venv --copies", "/opt/venv/bin/acme", "acme|/opt/venv/x.py", "python3.11",
	    "/opt/venv/x.py", 33, 0, SCRIPT_PLACED, 0 },
	{ "inline code by a copy", "/opt/venv/bin/acme", "acme|-c|x", "python3.11", "", 33, 0, 0,
	    BIT(REASON_STRANGER) },
	{ "a copied shell on a socket", "/home/x", "x", "dash", "", 1000, EVIDENCE_STDIO_NETWORK, 0,
	    BIT(REASON_SHELL) | BIT(REASON_STRANGER) },
	{ "another program on a socket", "/home/x", "x", "", "", 1000, EVIDENCE_STDIO_NETWORK, 0,
	    0 },
	/* A runtime with a program behind it is never code without a file. */
	{ "node's single executable", "/opt/acme/server", "./server", "node", "", 33,
	    EVIDENCE_EXE_APPENDED, 0, 0 },
	{ "the same, with arguments", "/opt/acme/server", "./server|-e|x", "node", "", 33,
	    EVIDENCE_EXE_APPENDED, 0, 0 },
	{ "the bare runtime", "/opt/acme/server", "server|-", "node", "", 33, 0, 0,
	    BIT(REASON_STRANGER) },
	/* ld.so FILE is FILE. */
	{ "ld.so ncat", "/lib64/ld-linux-x86-64.so.2", "ld.so|/usr/bin/ncat|-l", "",
	    "/usr/bin/ncat", 33, 0, SCRIPT_PLACED, BIT(REASON_STRANGER) },
	{ "ld.so of a copy of ncat", "/lib64/ld-linux-x86-64.so.2", "ld.so|/opt/x|-l", "ncat",
	    "/opt/x", 33, 0, SCRIPT_PLACED, BIT(REASON_STRANGER) },
	{ "ld.so python3 -c", "/lib64/ld-linux-x86-64.so.2", "ld.so|/usr/bin/python3|-c|x", "",
	    "/usr/bin/python3", 33, 0, SCRIPT_PLACED, BIT(REASON_STRANGER) },
	{ "ld.so of a program", "/lib64/ld-linux-x86-64.so.2", "ld.so|/opt/acme/acmed", "",
	    "/opt/acme/acmed", 33, 0, SCRIPT_PLACED, 0 },
	{ "ld.so of one in /dev/shm", "/lib64/ld-linux-x86-64.so.2", "ld.so|/dev/shm/x", "",
	    "/dev/shm/x", 33, 0, SCRIPT_PLACED, BIT(REASON_SHM) },
	{ "qemu-user of a shell", "/usr/bin/qemu-arm", "qemu-arm|/bin/sh|-c|x", "", "/bin/sh", 33,
	    0, SCRIPT_PLACED, BIT(REASON_STRANGER) },
	{ "busybox sh", "/bin/busybox", "busybox|sh|/etc/x.sh", "", "/etc/x.sh", 33, 0,
	    SCRIPT_PLACED, BIT(REASON_STRANGER) },
	/* A script is judged by its place as a program is. */
	{ "a script in /srv", "/usr/bin/python3", "python3|/srv/x.py", "", "/srv/x.py", 33, 0,
	    SCRIPT_PLACED, 0 },
	{ "in /dev/shm", "/usr/bin/python3", "python3|/dev/shm/x.py", "", "/dev/shm/x.py", 33, 0,
	    SCRIPT_PLACED | SCRIPT_OPEN_PATH, BIT(REASON_SHM) },
	{ "there by a link", "/usr/bin/python3", "python3|/srv/x.py", "", "/srv/x.py", 33, 0,
	    SCRIPT_PLACED | SCRIPT_OPEN_PATH | SCRIPT_IN_SHM, BIT(REASON_SHM) },
	{ "in memory", "/usr/bin/perl", "perl|/proc/self/fd/3", "", "", 1000, 0, SCRIPT_IN_MEMORY,
	    BIT(REASON_MEMORY) | BIT(REASON_STRANGER) },
	{ "in /tmp", "/usr/bin/python3", "python3|/tmp/x.py", "", "/tmp/x.py", 1000, 0,
	    SCRIPT_PLACED | SCRIPT_OPEN_PATH, BIT(REASON_TEMPORARY) },
	{ "in a temporary directory of its own", "/usr/bin/python3", "python3|/var/tmp/x.py", "",
	    "/var/tmp/x.py", 33, 0, SCRIPT_PLACED, BIT(REASON_TEMPORARY) },
	{ "where everybody may write", "/usr/bin/python3", "python3|/srv/x.py", "", "/srv/x.py", 33,
	    0, SCRIPT_PLACED | SCRIPT_OPEN_PATH, BIT(REASON_TEMPORARY) },
	{ "writable by others", "/usr/bin/python3", "python3|/srv/x.py", "", "/srv/x.py", 33, 0,
	    SCRIPT_PLACED | SCRIPT_OPEN, BIT(REASON_WRITABLE) },
	/* A path that leads nowhere, from a working directory that it has changed to. */
	{ "not there", "/usr/bin/python3", "python3|x.py", "", "/tmp/x.py", 33, 0, 0, 0 },
	{ "a module", "/usr/bin/python3", "python3|-m|http.server", "", "", 33, 0, 0, 0 },
	{ "a class path", "/usr/bin/java", "java|-cp|/tmp/x.jar|Main", "", "", 33, 0, 0, 0 },
	/* Job runners' spools; but not what anybody may put into a directory there. */
	{ "a job of Slurm", "/usr/bin/bash", "bash|/var/spool/slurmd/job00042/slurm_script", "",
	    "/var/spool/slurmd/job00042/slurm_script", 1000, 0, SCRIPT_PLACED | SCRIPT_OPEN,
	    BIT(REASON_STRANGER) },
	{ "beside the spool of a printer", "/usr/bin/python3", "python3|/var/spool/samba/x.py", "",
	    "/var/spool/samba/x.py", 1000, 0, SCRIPT_PLACED | SCRIPT_OPEN_PATH | SCRIPT_OPEN,
	    BIT(REASON_TEMPORARY) | BIT(REASON_WRITABLE) },
	{ "called like a shell step of Jenkins", "/usr/bin/bash", "bash|-xe|/tmp/jenkins42.sh", "",
	    "/tmp/jenkins42.sh", 1000, 0, SCRIPT_PLACED | SCRIPT_OPEN_PATH,
	    BIT(REASON_STRANGER) | BIT(REASON_TEMPORARY) },
	{ "called like one", "/usr/bin/python3", "python3|/tmp/jenkins42.sh", "",
	    "/tmp/jenkins42.sh", 1000, 0, SCRIPT_PLACED | SCRIPT_OPEN_PATH, BIT(REASON_TEMPORARY) },
};

static void
test_judgements(void **state)
{
	const struct listener listener = { .choice = CHOICE_ASKED };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(judgements); i++) {
		struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 1);
		struct circumstances circumstances = { .listener = &listener, .owner = owner };
		struct process *process = owner->processes[0];
		struct classification found;

		assert_non_null(owner);
		make_process(process, judgements[i].exe, judgements[i].arguments, "x");
		assert_int_equal(owner_text_set(&process->known_as, judgements[i].known_as), 0);
		assert_int_equal(owner_text_set(&process->script, judgements[i].script), 0);
		assert_int_equal(owner_text_set(&process->main_exe, "/usr/sbin/acme-main"), 0);
		assert_int_equal(owner_text_set(&process->place.unit, "acme.service"), 0);
		process->pid = 42;
		process->main_pid = 41;
		process->uid = judgements[i].uid;
		process->evidence = judgements[i].evidence;
		process->script_evidence = judgements[i].script_evidence;
		owner->holders = 1;
		classify(&circumstances, &found);
		if (found.reasons != judgements[i].reasons)
			fail_msg("%s: %#x, expected %#x", judgements[i].what, found.reasons,
			    judgements[i].reasons);
		(void)owner_unref(owner);
	}
}

/* A shell step is Jenkins', by its unit or the runner above, or it is anybody's. */
static void
test_steps(void **state)
{
	static const struct {
		const char *unit;
		enum origin origin;
		uint32_t temporary;
	} cases[] = {
		{ "jenkins.service", ORIGIN_UNIT, 0 },
		{ "acme.service", ORIGIN_CI, 0 },
		{ "acme.service", ORIGIN_UNIT, BIT(REASON_TEMPORARY) },
		{ "user@1000.service", ORIGIN_UNIT, BIT(REASON_TEMPORARY) },
		{ "", ORIGIN_UNKNOWN, BIT(REASON_TEMPORARY) },
	};
	const struct listener listener = { .choice = CHOICE_ASKED };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 1);
		struct circumstances circumstances = { .listener = &listener, .owner = owner };
		struct process *process = owner->processes[0];
		struct classification found;

		assert_non_null(owner);
		make_process(process, "/usr/bin/bash", "bash|-xe|/tmp/jenkins42.sh", "bash");
		assert_int_equal(owner_text_set(&process->script, "/tmp/jenkins42.sh"), 0);
		assert_int_equal(owner_text_set(&process->place.unit, cases[i].unit), 0);
		process->origin = cases[i].origin;
		process->uid = 1000;
		process->script_evidence = SCRIPT_PLACED | SCRIPT_OPEN_PATH;
		owner->holders = 1;
		classify(&circumstances, &found);
		assert_int_equal(found.reasons & BIT(REASON_TEMPORARY), cases[i].temporary);
		(void)owner_unref(owner);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_script_covers),
		cmocka_unit_test(test_namesakes),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_installed),
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_identities_cut),
		cmocka_unit_test(test_wrappers),
		cmocka_unit_test(test_judgements),
		cmocka_unit_test(test_steps),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
