/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/confine.h"

#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/error.h"
#include "common/sanitized.h"

#define NOBODY 65534

static bool fail(GError **error, const char *what, int code)
{
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot %s: %s", what, g_strerror(code));
	return false;
}

static bool limit(int resource, rlim_t value, const char *what, GError **error)
{
	struct rlimit both = {.rlim_cur = value, .rlim_max = value};

	return setrlimit(resource, &both) == 0 || fail(error, what, errno);
}

static bool drop_root(GError **error)
{
	if (geteuid() != 0)
		return true;
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		return fail(error, "become nobody", errno);
	return true;
}

static bool limits(GError **error)
{
	/* AddressSanitizer reserves terabytes of address space; a build with it is for tests. */
	if (!SANITIZED &&
	    !limit(RLIMIT_AS, CONFINE_ADDRESS_SPACE, "limit the address space", error))
		return false;
	return limit(RLIMIT_CPU, CONFINE_CPU_SECONDS, "limit processor time", error) &&
	       limit(RLIMIT_CORE, 0, "forbid core dumps", error) &&
	       limit(RLIMIT_FSIZE, 1u << 20, "limit what standard error can take", error) &&
	       limit(RLIMIT_NPROC, 0, "forbid processes", error) &&
	       limit(RLIMIT_NOFILE, 0, "forbid descriptors", error);
}

static int filter_rules(scmp_filter_ctx filter)
{
	/* What malloc, GLib's one-time initialisers (futex), a timer and an orderly end need. */
	static const int plain[] = {SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(brk),
	    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(clock_gettime),
	    SCMP_SYS(setitimer), SCMP_SYS(futex), SCMP_SYS(getrandom), SCMP_SYS(restart_syscall)};
	int r = 0;

	for (unsigned i = 0; i < G_N_ELEMENTS(plain) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, plain[i], 0);
	/* The sanitizer's handler of longjmp, by which Lua raises errors. */
	if (r == 0 && SANITIZED)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sigaltstack), 0);
#ifdef __NR_alarm
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(alarm), 0);
#endif
	if (r == 0)
		r = seccomp_rule_add(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1, SCMP_A0(SCMP_CMP_EQ, 0, 0));
	if (r == 0)
		r = seccomp_rule_add(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, 1, 0));
	if (r == 0)
		r = seccomp_rule_add(
		    filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, 2, 0));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return r;
}

static bool filter_calls(GError **error)
{
	/* A sanitizer's runtime asks the kernel for things of its own: refuse instead of kill. */
	scmp_filter_ctx filter =
	    seccomp_init(SANITIZED ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
	int r;

	if (!filter)
		return fail(error, "make the system call filter", ENOMEM);
	r = filter_rules(filter);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r == 0 || fail(error, "load the system call filter", -r);
}

bool confine(GError **error)
{
	if (close_range(3, ~0u, 0) != 0)
		return fail(error, "close what was inherited", errno);
	if (!drop_root(error))
		return false;
	/* Not before the change of user, which would set it again. */
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail(error, "give up privileges", errno);
	return limits(error) && filter_calls(error);
}
