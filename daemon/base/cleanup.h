/* SPDX-License-Identifier: MIT */
/*
 * Scope-exit cleanup: five helpers, no more. Every destructor accepts NULL (or -1).
 *
 *	_free_ char *line = NULL;          freed when the scope ends
 *	_close_ int fd = -1;               closed when the scope ends
 *	_fclose_ FILE *file = NULL;
 *	*ret_line = take_ptr(line);        hands the value over, leaves NULL behind
 *	*ret_fd = take_fd(&fd);            hands the value over, leaves -1 behind
 */
#ifndef OVERSTAY_BASE_CLEANUP_H
#define OVERSTAY_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/macros.h"

static inline void
cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void
cleanup_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void
cleanup_fclose(FILE **file)
{
	if (*file != NULL)
		(void)fclose(*file);
}

#define _free_	 _cleanup_(cleanup_free)
#define _close_	 _cleanup_(cleanup_close)
#define _fclose_ _cleanup_(cleanup_fclose)

#define take_ptr(pointer)                               \
	__extension__({                                 \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                       \
		taken_;                                 \
	})

static inline int
take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
