/* SPDX-License-Identifier: MIT */
/*
 * A gate that threads wait at. What is behind it is each test's own.
 */
#include <pthread.h>

#include "held.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool holding;

void
held_set(bool hold)
{
	(void)pthread_mutex_lock(&lock);
	holding = hold;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&lock);
}

void
held_wait(void)
{
	(void)pthread_mutex_lock(&lock);
	while (holding)
		(void)pthread_cond_wait(&changed, &lock);
	(void)pthread_mutex_unlock(&lock);
}
