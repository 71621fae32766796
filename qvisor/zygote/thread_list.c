/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/zygote/thread_list.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct birth {
	void *(*routine)(void *argument);
	void *argument;
};

static _Atomic pid_t slots[THREADS_MAX]; /* 0: free */
static _Atomic bool overflown;
static _Atomic uint32_t closed; /* futex(2) */

static void leave(void *slot)
{
	atomic_store((_Atomic pid_t *)slot, 0);
}

/* Its destructor is what a thread does at its end, however it ends. */
static pthread_key_t slot_key;

static void make_key(void)
{
	if (pthread_key_create(&slot_key, leave))
		abort();
}

static void enter(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, make_key);
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		pid_t nobody = 0;
		if (atomic_compare_exchange_strong(&slots[i], &nobody, gettid())) {
			pthread_setspecific(slot_key, &slots[i]);
			return;
		}
	}
	atomic_store(&overflown, true);
}

static void *begin(void *pointer)
{
	const struct birth birth = *(struct birth *)pointer;
	free(pointer);
	enter();
	/* Listed first: whoever closes the list after this has us in it. */
	while (atomic_load(&closed))
		syscall(SYS_futex, &closed, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
	return birth.routine(birth.argument);
}

typedef int create_fn(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*routine)(void *argument), void *argument);

/* glibc's, as everybody in this process calls it. */
__attribute__((visibility("default"))) int pthread_create(pthread_t *thread,
    const pthread_attr_t *attributes, void *(*routine)(void *argument), void *argument)
{
	static create_fn *create;
	struct birth *birth = malloc(sizeof(*birth));
	if (!create)
		create = (create_fn *)dlsym(RTLD_NEXT, "pthread_create");
	if (!birth)
		return EAGAIN;
	*birth = (struct birth){routine, argument};
	int wrong = create(thread, attributes, begin, birth);
	if (wrong)
		free(birth);
	return wrong;
}

unsigned thread_list_close(struct listed_thread list[static THREADS_MAX])
{
	unsigned n = 0;
	atomic_store(&closed, 1);
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		pid_t tid = atomic_load(&slots[i]);
		if (tid)
			list[n++] = (struct listed_thread){tid, i};
	}
	return atomic_load(&overflown) ? THREADS_MAX + 1 : n;
}

void thread_list_open(void)
{
	atomic_store(&closed, 0);
	syscall(SYS_futex, &closed, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void thread_list_inherit(unsigned slot)
{
	atomic_store(&slots[slot], gettid());
}
