/* SPDX-License-Identifier: MIT */
/*
 * Wrappers: what /proc/PID/exe reads is the wrapper, what runs is the file that its arguments name.
 * One row for each kind, with its options. Option letters and words are from ld.so(8), musl's
 * ldso, qemu-user(1) and valgrind(1). An option that no row knows makes the file unknown: its value
 * could stand where the file's name is looked for.
 *
 * Names are claims: whoever excuses something by them has to know whose file the wrapper is.
 *
 * Pure; no allocation. Cost: a walk over the table and the arguments.
 */
#include <string.h>

#include "model/program.h"
#include "model/wrapper.h"

/* Of a wrapper: options whose value is the next argument, and those without one. */
struct options {
	const char *const *valued, *const *plain;
	bool attached; /* every other option has its value attached: --tool=memcheck */
	bool searches; /* a name without a slash is looked for in PATH */
};

static const char *const loader_valued[] = { "--library-path", "--glibc-hwcaps-prepend",
	"--glibc-hwcaps-mask", "--inhibit-rpath", "--audit", "--preload", "--argv0", NULL };
static const char *const loader_plain[] = { "--inhibit-cache", "--list", "--verify", NULL };
static const char *const qemu_valued[] = { "-g", "-L", "-s", "-cpu", "-E", "-U", "-0", "-r", "-B",
	"-R", "-d", "-dfilter", "-D", "-p", "-seed", "-trace", "-plugin", "-tb-size", NULL };
static const char *const qemu_plain[] = { "-singlestep", "-one-insn-per-tb", "-strace", "-perfmap",
	"-jitdump", "-xtensa-abi-call0", NULL };
static const char *const none[] = { NULL };

static const struct options loader = { loader_valued, loader_plain, false, false };
static const struct options qemu = { qemu_valued, qemu_plain, false, false };
static const struct options valgrind = { none, none, true, true };
static const struct options other = { none, none, false, true };

/* What qemu's user mode emulates. */
static const char *const qemu_machines[] = { "aarch64", "aarch64_be", "alpha", "arm", "armeb",
	"cris", "hexagon", "hppa", "i386", "loongarch64", "m68k", "microblaze", "microblazeel",
	"mips", "mips64", "mips64el", "mipsel", "mipsn32", "mipsn32el", "nios2", "or1k", "ppc",
	"ppc64", "ppc64le", "riscv32", "riscv64", "s390x", "sh4", "sh4eb", "sparc", "sparc32plus",
	"sparc64", "x86_64", "xtensa", "xtensaeb", NULL };
/* What valgrind's tools are built for. */
static const char *const valgrind_machines[] = { "amd64", "x86", "arm", "arm64", "ppc32", "ppc64be",
	"ppc64le", "s390x", "mips32", "mips64", "nanomips", "riscv64", NULL };

/* A name is prefix, the name of a machine (or, without a table of those, anything), suffix. */
static const struct wrapper {
	const char *prefix, *suffix;
	const char *const *machines;
	bool version; /* ".2" may follow */
	const struct options *options;
} wrappers[] = {
	{ "ld.so", "", none, true, &loader },
	{ "ld64.so", "", none, true, &loader },
	{ "ld-linux", ".so", NULL, true, &loader },
	{ "ld-musl-", ".so", NULL, true, &loader },
	{ "ld-2.", ".so", NULL, false, &loader },
	{ "qemu-", "", qemu_machines, false, &qemu },
	{ "qemu-", "-static", qemu_machines, false, &qemu },
	{ "memcheck-", "-linux", valgrind_machines, false, &valgrind },
	{ "cachegrind-", "-linux", valgrind_machines, false, &valgrind },
	{ "callgrind-", "-linux", valgrind_machines, false, &valgrind },
	{ "helgrind-", "-linux", valgrind_machines, false, &valgrind },
	{ "drd-", "-linux", valgrind_machines, false, &valgrind },
	{ "massif-", "-linux", valgrind_machines, false, &valgrind },
	{ "dhat-", "-linux", valgrind_machines, false, &valgrind },
	{ "lackey-", "-linux", valgrind_machines, false, &valgrind },
	{ "exp-bbv-", "-linux", valgrind_machines, false, &valgrind },
	{ "none-", "-linux", valgrind_machines, false, &valgrind },
	{ "box64", "", none, false, &other },
	{ "box86", "", none, false, &other },
	{ "FEXInterpreter", "", none, false, &other },
};

static bool
is_among(const char *text, size_t length, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strlen(*list) == length && memcmp(*list, text, length) == 0)
			return true;
	return false;
}

/* ".2" behind ".so"; nothing is a version too. */
static bool
is_version(const char *text)
{
	if (*text == '\0')
		return true;
	return *text == '.' && text[1] != '\0' && text[1 + strspn(text + 1, "0123456789.")] == '\0';
}

static bool
is_called(const char *name, const struct wrapper *wrapper)
{
	size_t length = strlen(name), front = strlen(wrapper->prefix);
	size_t back = strlen(wrapper->suffix);
	const char *end;

	if (strncmp(name, wrapper->prefix, front) != 0)
		return false;
	if (wrapper->machines == none)
		return wrapper->version ? is_version(name + front) : name[front] == '\0';
	if (wrapper->machines != NULL)
		return length >= front + back &&
		    strcmp(name + length - back, wrapper->suffix) == 0 &&
		    is_among(name + front, length - front - back, wrapper->machines);
	end = strstr(name + front, wrapper->suffix);
	return end != NULL && is_version(end + back);
}

static const struct options *
find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrappers); i++)
		if (is_called(name, &wrappers[i]))
			return wrappers[i].options;
	return NULL;
}

bool
wrapper_is(const char *name)
{
	return find(name) != NULL;
}

bool
wrapper_searches(const char *name)
{
	const struct options *options = find(name);

	return options != NULL && options->searches;
}

/* qemu takes each of its options with two dashes, too. */
static const char *
plain_option(const char *argument, const struct options *options)
{
	return options == &qemu && strncmp(argument, "--", 2) == 0 ? argument + 1 : argument;
}

const char *
wrapper_find_program(const char *name, const char *arguments, size_t length)
{
	const struct options *options = find(name);
	const char *end = arguments + length;

	if (options == NULL || length == 0)
		return NULL;
	for (const char *at = arguments + strlen(arguments) + 1; at < end; at += strlen(at) + 1) {
		const char *option = plain_option(at, options);

		/* An empty one is what a title left behind. */
		if (at[0] == '\0')
			return NULL;
		if (at[0] != '-')
			return at;
		if (strcmp(at, "--") == 0) {
			at += strlen(at) + 1;
			return at < end && at[0] != '\0' ? at : NULL;
		}
		if (options->attached || is_among(option, strlen(option), options->plain) ||
		    (strchr(option, '=') != NULL &&
			is_among(option, strcspn(option, "="), options->valued)))
			continue;
		if (!is_among(option, strlen(option), options->valued))
			return NULL;
		at += strlen(at) + 1;
		if (at >= end)
			return NULL;
	}
	return NULL;
}
