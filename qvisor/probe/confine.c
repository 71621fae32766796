/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/confine.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "common/error.h"
#include "common/sanitized.h"

#define FILE_MAX (512ull << 20)

/* What reading, computing and saying the result takes. */
static const int allowed[] = {SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(lseek),
    SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap),
    SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(futex),
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom), SCMP_SYS(getpid),
    SCMP_SYS(gettid), SCMP_SYS(tgkill), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(sched_yield), SCMP_SYS(exit),
    SCMP_SYS(exit_group)};
/* Asked by libraries, and answered with an error. */
static const int refused[] = {
    SCMP_SYS(newfstatat), SCMP_SYS(openat), SCMP_SYS(ioctl), SCMP_SYS(readlink), SCMP_SYS(prctl)};

static bool add_rules(scmp_filter_ctx filter)
{
	bool good = true;
	for (unsigned i = 0; i < G_N_ELEMENTS(allowed); i++)
		good &= !seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (unsigned i = 0; i < G_N_ELEMENTS(refused); i++)
		good &= !seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	return good;
}

static bool limit(int resource, rlim_t most)
{
	struct rlimit limits = {most, most};
	return !setrlimit(resource, &limits);
}

bool confine(GError **error)
{
	bool good = limit(RLIMIT_CPU, CONFINE_SECONDS) && limit(RLIMIT_FSIZE, FILE_MAX) &&
	            limit(RLIMIT_CORE, 0) && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	            (SANITIZED || limit(RLIMIT_AS, (rlim_t)CONFINE_MEMORY_MIB << 20));
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	good = good && filter && add_rules(filter) && !seccomp_load(filter);
	if (!good)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED,
		    "the process that reads the image cannot be confined (seccomp): %s",
		    g_strerror(errno));
	if (filter)
		seccomp_release(filter);
	return good;
}
