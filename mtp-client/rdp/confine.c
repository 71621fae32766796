/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/rdp/confine.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "common/sanitized.h"

#define MEMORY_MAX (512ul << 20) /* address space */
#define DESCRIPTORS_MAX 64

static bool limit(int resource, rlim_t value)
{
	return setrlimit(resource, &(struct rlimit){.rlim_cur = value, .rlim_max = value}) == 0;
}

static int allow_calls(scmp_filter_ctx filter)
{
	static const int calls[] = {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv),
	    SCMP_SYS(writev), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(recvfrom),
	    SCMP_SYS(sendto), SCMP_SYS(shutdown), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	    SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(poll), SCMP_SYS(ppoll),
	    SCMP_SYS(eventfd2), SCMP_SYS(fcntl), SCMP_SYS(close), SCMP_SYS(fstat),
	    SCMP_SYS(newfstatat), SCMP_SYS(lseek), SCMP_SYS(futex), SCMP_SYS(munmap),
	    SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(clock_gettime),
	    SCMP_SYS(clock_nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(nanosleep),
	    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(uname), SCMP_SYS(getrandom),
	    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn),
	    SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield), SCMP_SYS(tgkill), SCMP_SYS(exit),
	    SCMP_SYS(exit_group)};
	int result = 0;

	for (size_t i = 0; i < sizeof calls / sizeof *calls && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	/* Memory yes, code no. */
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return result;
}

static bool filter_calls(void)
{
	/* What is not allowed fails: FreeRDP goes without what it only tries. */
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result = filter ? allow_calls(filter) : -ENOMEM;

	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(execve), 0);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	errno = -result;
	return result == 0;
}

bool confine(void)
{
	return (SANITIZED || limit(RLIMIT_AS, MEMORY_MAX)) &&
	       limit(RLIMIT_NOFILE, DESCRIPTORS_MAX) && limit(RLIMIT_CORE, 0) &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       (SANITIZED || (prctl(PR_SET_DUMPABLE, 0) == 0 && filter_calls()));
}
