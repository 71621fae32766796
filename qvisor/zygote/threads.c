/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/zygote/threads.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "qvisor/zygote/thread_list.h"

#ifndef __x86_64__
#error "threads go on by an rt_sigreturn(2) of x86_64 here"
#endif

#define PARK_LIMIT_NS 500000000L
#define RED_ZONE 1024 /* below a signal's frame, and more than the ABI's 128 bytes */
#define TCB_SCAN 2048 /* how far into struct pthread its thread id is looked for */
#define THREAD_FLAGS                                                                               \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |        \
	    CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

struct thread {
	pid_t tid;
	unsigned slot; /* of the list */
	_Atomic uint32_t parked;
	ucontext_t *context; /* on its own stack: what it goes on with */
	char *tcb;           /* thread control block, pthread_self() */
	void *robust;
	size_t robust_size;
	char name[16];
};

static struct thread threads[THREADS_MAX];
static unsigned thread_count;
static struct thread self;
static size_t tid_offset; /* of the thread id in struct pthread */
static _Atomic bool parking;
static _Atomic uint32_t generation; /* moves on when all do */

static long futex(
    _Atomic uint32_t *word, int operation, uint32_t value, const struct timespec *limit)
{
	return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, limit, NULL, 0);
}

static pid_t *tid_of(const struct thread *thread)
{
	return (pid_t *)(thread->tcb + tid_offset);
}

/* --- parking --- */

static struct thread *find(pid_t tid)
{
	for (unsigned i = 0; i < thread_count; i++)
		if (threads[i].tid == tid)
			return &threads[i];
	return NULL;
}

static void on_park(int number, siginfo_t *info, void *context)
{
	int saved = errno;
	struct thread *thread = find(gettid());
	uint32_t now = atomic_load(&generation);
	if (info->si_code != SI_TKILL || info->si_pid != getpid()) {
		signal(number, SIG_DFL); /* a real one: dies of it when it is tried again */
		return;
	}
	if (!atomic_load(&parking) || !thread)
		return; /* too late: all go on already */
	thread->context = context;
	thread->tcb = (char *)pthread_self();
	prctl(PR_GET_NAME, thread->name);
	atomic_store(&thread->parked, 1);
	futex(&thread->parked, FUTEX_WAKE, 1, NULL);
	while (atomic_load(&generation) == now)
		futex(&generation, FUTEX_WAIT, now, NULL);
	errno = saved;
}

bool threads_init(void)
{
	struct sigaction action = {.sa_sigaction = on_park, .sa_flags = SA_SIGINFO | SA_RESTART};
	sigfillset(&action.sa_mask);
	return !sigaction(SIGILL, &action, NULL);
}

/* What has begun and is not listed yet, or is off the list and has not ended. */
static bool is_whole(int proc)
{
	int fd = openat(proc, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	unsigned n = 0;
	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n == thread_count + 1;
}

static const char *list(int proc)
{
	struct listed_thread listed[THREADS_MAX];
	atomic_store(&parking, true);
	thread_count = thread_list_close(listed);
	if (thread_count > THREADS_MAX)
		return "it has too many threads";
	for (unsigned i = 0; i < thread_count; i++) {
		struct thread *thread = &threads[i];
		*thread = (struct thread){.tid = listed[i].tid, .slot = listed[i].slot};
		syscall(SYS_get_robust_list, thread->tid, &thread->robust, &thread->robust_size);
	}
	return proc < 0 || is_whole(proc) ? NULL : "a thread of it begins or ends at this moment";
}

static bool wait_parked(struct thread *thread)
{
	const struct timespec limit = {.tv_nsec = PARK_LIMIT_NS};
	while (!atomic_load(&thread->parked))
		if (futex(&thread->parked, FUTEX_WAIT, 0, &limit) && errno == ETIMEDOUT)
			return false;
	return true;
}

/* glibc does not say where it keeps a thread's id: the one place that has it in all of them. */
static bool find_tid_offset(void)
{
	self.tid = gettid();
	self.tcb = (char *)pthread_self();
	syscall(SYS_get_robust_list, 0, &self.robust, &self.robust_size);
	size_t found = 0;
	for (tid_offset = sizeof(void *); tid_offset < TCB_SCAN; tid_offset += sizeof(pid_t)) {
		bool all = *tid_of(&self) == self.tid;
		for (unsigned i = 0; all && i < thread_count; i++)
			all = *tid_of(&threads[i]) == threads[i].tid;
		if (all && found)
			return false;
		if (all)
			found = tid_offset;
	}
	tid_offset = found;
	return found != 0;
}

const char *threads_park(int proc)
{
	const char *wrong = list(proc);
	for (unsigned i = 0; i < thread_count && !wrong; i++)
		if (syscall(SYS_tgkill, getpid(), threads[i].tid, SIGILL))
			wrong = "a thread of it has ended at this moment";
	for (unsigned i = 0; i < thread_count && !wrong; i++)
		if (!wait_parked(&threads[i]))
			wrong = "a thread of it does not stop";
	if (!wrong && proc >= 0 && !find_tid_offset())
		wrong = "this C library keeps its threads' ids elsewhere";
	if (wrong)
		threads_release();
	return wrong;
}

void threads_release(void)
{
	atomic_store(&parking, false);
	thread_list_open();
	atomic_fetch_add(&generation, 1);
	futex(&generation, FUTEX_WAKE, INT_MAX, NULL);
}

/* --- the child --- */

pid_t threads_fork(unsigned long flags, int *pidfd)
{
	pid_t *tid = tid_of(&self);
	int out = -1;
	pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, &out, tid, 0);
	if (pid == 0)
		syscall(SYS_set_robust_list, self.robust, self.robust_size);
	else
		*pidfd = out;
	return pid;
}

/* rseq(2) is per thread and lost by clone(2); glibc reads the processor's number there. */
static void restart_rseq(void)
{
	if (!__rseq_size)
		return;
	struct rseq *area = (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
	area->rseq_cs = 0;
	syscall(SYS_rseq, area, sizeof(*area), 0, RSEQ_SIG);
}

/* Runs below the frame of the signal that parked it, which the kernel then takes as this thread's.
 */
static int revived(void *pointer)
{
	const struct thread *thread = pointer;
	thread_list_inherit(thread->slot);
	syscall(SYS_set_robust_list, thread->robust, thread->robust_size);
	restart_rseq();
	prctl(PR_SET_NAME, thread->name);
	__asm__ volatile("mov %0, %%rsp\n\t"
	                 "syscall"
	                 :
	                 : "r"(thread->context), "a"(SYS_rt_sigreturn)
	                 : "memory");
	__builtin_unreachable();
}

const char *threads_revive(void)
{
	for (unsigned i = 0; i < thread_count; i++) {
		struct thread *thread = &threads[i];
		uintptr_t stack = ((uintptr_t)thread->context - RED_ZONE) & ~(uintptr_t)63;
		if (clone(revived, (void *)stack, THREAD_FLAGS, thread, tid_of(thread), thread->tcb,
		        tid_of(thread)) < 0)
			return "a thread cannot be started";
	}
	atomic_store(&parking, false);
	thread_list_open();
	return NULL;
}
