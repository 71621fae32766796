/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/zygote/sandbox.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INSTRUCTIONS_MAX 4096 /* the kernel's own limit, BPF_MAXINSNS */

static struct sock_filter instructions[INSTRUCTIONS_MAX];
static struct sock_fprog program = {.filter = instructions};

typedef int export_fn(const void *context, int fd);

/* libseccomp's, as QEMU calls it. */
int seccomp_load(const void *context);
__attribute__((visibility("default"))) int seccomp_load(const void *context)
{
	export_fn *export = dlsym(RTLD_DEFAULT, "seccomp_export_bpf");
	int fd = memfd_create("sandbox", MFD_CLOEXEC);
	int wrong = fd < 0 || !export ? -ENOSYS : export(context, fd);
	ssize_t n = wrong ? 0 : pread(fd, instructions, sizeof(instructions), 0);
	if (fd >= 0)
		close(fd);
	if (n <= 0 || n == sizeof(instructions))
		return wrong ? wrong : -E2BIG;
	program.len = (unsigned short)((size_t)n / sizeof(instructions[0]));
	return 0;
}

const char *sandbox_enter(void)
{
	if (!program.len)
		return "it was started without a sandbox";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		return "its sandbox cannot be entered";
	return NULL;
}
