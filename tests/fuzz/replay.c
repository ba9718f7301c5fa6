/* SPDX-License-Identifier: MIT */
/*
 * The main() of a fuzzer that is built without libFuzzer: it hands each file of the directories
 * given as arguments to LLVMFuzzerTestOneInput(), once, in the order of their names. An input that
 * breaks something ends the process; its name was printed before. Arguments that begin with a dash
 * are libFuzzer's and mean nothing here.
 *
 * Each input gets memory of exactly its size, so that valgrind and AddressSanitizer see a read of
 * one byte too many.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tally {
	unsigned tests, failures;
};

static int
keep_files(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Returns 0 or -errno. */
static int
run_file(const char *path)
{
	_fclose_ FILE *file = fopen(path, "re");
	_free_ uint8_t *data = NULL;
	struct stat status;

	if (file == NULL || fstat(fileno(file), &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	size_t size = (size_t)status.st_size;
	data = malloc(size != 0 ? size : 1);
	if (data == NULL)
		return -ENOMEM;
	if (fread(data, 1, size, file) != size)
		return -EIO;
	printf("# %s\n", path);
	(void)fflush(stdout);
	return LLVMFuzzerTestOneInput(data, size);
}

static void
tell(struct tally *tally, bool good, const char *what, const char *why)
{
	tally->tests++;
	tally->failures += !good;
	printf("%s %u - %s%s\n", good ? "ok" : "not ok", tally->tests, what, why);
}

static void
run_directory(const char *directory, struct tally *tally)
{
	struct dirent **entries = NULL;
	int count = scandir(directory, &entries, keep_files, alphasort);

	if (count <= 0)
		tell(tally, false, directory, count < 0 ? ": cannot be read" : ": no input");
	for (int i = 0; i < count; i++) {
		char path[4096];
		(void)snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		tell(tally, run_file(path) == 0, path, "");
		free(entries[i]);
	}
	free(entries);
}

int
main(int argc, char **argv)
{
	struct tally tally = { 0 };

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-')
			run_directory(argv[i], &tally);
	}
	printf("1..%u\n", tally.tests);
	return tally.failures == 0 && tally.tests > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
