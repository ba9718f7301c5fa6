/* SPDX-License-Identifier: MIT */
/*
 * Output that nobody got is an error: a full disk, a closed descriptor. Stdio has it in memory
 * until the end, so only the end says whether it was written.
 *
 * What it never does: close the file.
 */
#include <errno.h>

#include "base/output.h"

int
output_finish(FILE *file)
{
	errno = 0;
	if (fflush(file) != 0)
		return errno > 0 ? -errno : -EIO;
	/* Of an earlier one the reason is lost. */
	return ferror(file) != 0 ? -EIO : 0;
}
