/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/zygote/rights.h"

#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "qvisor/launch_filter.h"
#include "qvisor/zygote/request.h"

static bool jailed;
static unsigned user = ZYGOTE_FIRST_USER - 1;

void rights_init(bool is_jailed)
{
	jailed = is_jailed;
}

unsigned long rights_fork_flags(void)
{
	return jailed ? LAUNCH_FORK_FLAGS : LAUNCH_FORK_FLAGS & ~LAUNCH_FORK_NAMESPACES;
}

const char *rights_next(void)
{
	if (jailed && ++user == ZYGOTE_FIRST_USER + ZYGOTE_FORKS_MAX)
		return "it has no user id left for one more";
	return NULL;
}

/* Not by glibc, which would have all threads do the same, of which there is none yet. */
const char *rights_drop(void)
{
	if (!jailed)
		return NULL;
	if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, user, user, user) ||
	    syscall(SYS_setresuid, user, user, user))
		return "a user id of its own cannot be had";
	/* /proc shows it as its user's again. */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) || !launch_filter_enter(false))
		return "the launcher's filter cannot be entered";
	return NULL;
}
