/* SPDX-License-Identifier: MIT */
/*
 * The allocating functions of the whole test program: those of libc behind a counter that lets one
 * call fail, or several in a row. The linker takes them for every caller, also inside libyaml and
 * libc itself (stdio, directories, name services), so nothing that allocates is left out.
 *
 * What is behind them is the next one in the order of libraries, or what a sanitizer in the
 * program has: memory is checked on as ever. strdup() and strndup() are here since a sanitizer's
 * would not pass by malloc(). Valgrind must be asked to leave them in place, see contrib/test.
 *
 * The calls of all threads count, but for what a sanitizer does in a new thread: it asks for the
 * stack, and ends the program where there is no memory for the answer.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "failing-memory.h"

typedef void *malloc_function(size_t size);
typedef void *calloc_function(size_t count, size_t size);
typedef void *realloc_function(void *old, size_t size);
typedef int stack_function(pthread_t thread, pthread_attr_t *attributes);

malloc_function __interceptor_malloc __attribute__((weak));
calloc_function __interceptor_calloc __attribute__((weak));
realloc_function __interceptor_realloc __attribute__((weak));

static atomic_bool armed;
static atomic_size_t counted, chosen, chosen_count;
static _Thread_local bool passed_over;
static _Thread_local unsigned spared;

void
memory_arm_row(size_t failing, size_t count)
{
	counted = 0;
	chosen = failing;
	chosen_count = count;
	armed = true;
}

void
memory_arm(size_t failing)
{
	memory_arm_row(failing, 1);
}

void
memory_spare(void)
{
	spared++;
}

void
memory_spare_end(void)
{
	spared--;
}

bool
memory_has_failed(void)
{
	return chosen != 0 && counted >= chosen;
}

size_t
memory_disarm(void)
{
	armed = false;
	return counted;
}

/* Counts one. Returns true, with errno set, where it is one that fails. */
static bool
fails(void)
{
	size_t number;

	if (!armed || passed_over || spared > 0)
		return false;
	number = atomic_fetch_add(&counted, 1) + 1;
	if (chosen == 0 || number < chosen || number - chosen >= chosen_count)
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	static malloc_function *next;

	if (fails())
		return NULL;
	if (next == NULL)
		next = __interceptor_malloc != NULL ? __interceptor_malloc :
						      (malloc_function *)dlsym(RTLD_NEXT, "malloc");
	return next(size);
}

void *
calloc(size_t count, size_t size)
{
	static calloc_function *next;

	if (fails())
		return NULL;
	if (next == NULL)
		next = __interceptor_calloc != NULL ? __interceptor_calloc :
						      (calloc_function *)dlsym(RTLD_NEXT, "calloc");
	return next(count, size);
}

void *
realloc(void *old, size_t size)
{
	static realloc_function *next;

	if (fails())
		return NULL;
	if (next == NULL)
		next = __interceptor_realloc != NULL ?
		    __interceptor_realloc :
		    (realloc_function *)dlsym(RTLD_NEXT, "realloc");
	return next(old, size);
}

void *
reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, bytes);
}

char *
strndup(const char *text, size_t most)
{
	size_t length = most < PTRDIFF_MAX ? strnlen(text, most) : strlen(text);
	char *copy = malloc(length + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *
strdup(const char *text)
{
	return strndup(text, SIZE_MAX);
}

int
pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes)
{
	stack_function *next = (stack_function *)dlsym(RTLD_NEXT, "pthread_getattr_np");
	int r;

	passed_over = true;
	r = next(thread, attributes);
	passed_over = false;
	return r;
}
