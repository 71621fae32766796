/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/error.h"
#include "common/sanitized.h"

#define MEMORY_MAX (1024ul << 20) /* address space; a worker uses some 60 MiB of it */
#define DESCRIPTORS_MAX 64

static bool fail(GError **error, const char *what, int number)
{
	g_set_error(
	    error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot %s: %s", what, g_strerror(number));
	return false;
}

static bool limit(int resource, rlim_t value)
{
	return setrlimit(resource, &(struct rlimit){.rlim_cur = value, .rlim_max = value}) == 0;
}

bool confine_limits(GError **error)
{
	/* The sanitizers map terabytes that they never touch. */
	if ((!SANITIZED && !limit(RLIMIT_AS, MEMORY_MAX)) ||
	    !limit(RLIMIT_NOFILE, DESCRIPTORS_MAX) || !limit(RLIMIT_CORE, 0))
		return fail(error, "limit memory and descriptors", errno);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    (!SANITIZED && prctl(PR_SET_DUMPABLE, 0) != 0))
		return fail(error, "give up privileges", errno);
	return true;
}

bool confine_identity(uid_t uid, GError **error)
{
	pid_t parent = getppid();
	if (uid && getuid() == 0 &&
	    (setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 ||
	        setresuid(uid, uid, uid) != 0))
		return fail(error, "become the phone's own user", errno);
	/* After that, since a change of user forgets it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return fail(error, "die with mtpd", errno);
	if (getppid() != parent)
		return fail(error, "find mtpd", ESRCH);
	return true;
}

static int allow_calls(scmp_filter_ctx filter)
{
	static const int calls[] = {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv),
	    SCMP_SYS(writev), SCMP_SYS(pwrite64), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
	    SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(shutdown), SCMP_SYS(poll),
	    SCMP_SYS(ppoll), SCMP_SYS(futex), SCMP_SYS(close), SCMP_SYS(fstat),
	    SCMP_SYS(newfstatat), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	    SCMP_SYS(brk), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
	    SCMP_SYS(gettimeofday), SCMP_SYS(nanosleep), SCMP_SYS(getpid), SCMP_SYS(gettid),
	    SCMP_SYS(tgkill), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
	    SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield),
	    SCMP_SYS(getrandom), SCMP_SYS(getsockopt), SCMP_SYS(exit), SCMP_SYS(exit_group),
	    /* Of a thread of GLib's that is just coming up when the filter reaches it. */
	    SCMP_SYS(rseq), SCMP_SYS(set_robust_list)};
	int result = 0;
	for (unsigned i = 0; i < G_N_ELEMENTS(calls) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	/* Memory yes, code no. */
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	static const int fcntls[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC};
	for (unsigned i = 0; i < G_N_ELEMENTS(fcntls) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
		    (struct scmp_arg_cmp){.arg = 1,
		        .op = SCMP_CMP_MASKED_EQ,
		        .datum_a = UINT32_MAX,
		        .datum_b = (scmp_datum_t)fcntls[i]});
	return result;
}

static int kill_calls(scmp_filter_ctx filter)
{
	static const int calls[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace),
	    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(socket),
	    SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(bpf),
	    SCMP_SYS(mount), SCMP_SYS(setuid), SCMP_SYS(unshare), SCMP_SYS(setns)};
	int result = 0;
	for (unsigned i = 0; i < G_N_ELEMENTS(calls) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, calls[i], 0);
	return result;
}

bool confine_system_calls(GError **error)
{
	if (SANITIZED)
		return true;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return fail(error, "make a system call filter", ENOMEM);
	int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (result == 0)
		result = allow_calls(filter);
	if (result == 0)
		result = kill_calls(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result == 0 || fail(error, "restrict system calls", -result);
}
