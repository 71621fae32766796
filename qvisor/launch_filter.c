/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/launch_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define FOREIGN_FROM 0x40000000 /* x32: other numbers for the same calls */
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#define FOREIGN_FROM UINT32_MAX
#else
#error "launch_filter.c does not know this architecture's system calls"
#endif

#define NEW_NAMESPACES                                                                             \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	    CLONE_NEWCGROUP)

static const uint32_t refused[] = {
    /* other processes */
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_pidfd_getfd,
    /* namespaces and file systems */
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_open_tree,
    SYS_move_mount,
    SYS_mount_setattr,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_fanotify_init,
    SYS_quotactl,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    /* the kernel */
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_perf_event_open,
    SYS_bpf,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_syslog,
#ifdef __x86_64__
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
};

#define REFUSED_COUNT (sizeof(refused) / sizeof(refused[0]))
#define LOAD(member)                                                                               \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, member))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
/* The next `n` instructions only where it holds. */
#define IF(test, value, n) BPF_JUMP(BPF_JMP | (test) | BPF_K, (value), 0, (n))
#define REFUSE(why) RETURN(SECCOMP_RET_ERRNO | (why))

bool launch_filter_enter(bool forks)
{
	/* The low halves of arguments: the kernel takes flags and domains as 32 bits. */
	const struct sock_filter begin[] = {
	    LOAD(arch),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
	    RETURN(SECCOMP_RET_KILL_PROCESS),
	    LOAD(nr),
	    IF(BPF_JGE, FOREIGN_FROM, 1),
	    REFUSE(EPERM),
	    /* Its arguments are behind a pointer; libraries go on to clone(2). */
	    IF(BPF_JEQ, SYS_clone3, 1),
	    REFUSE(ENOSYS),
	    IF(BPF_JEQ, SYS_clone, 6),
	    LOAD(args[0]),
	    IF(BPF_JEQ, forks ? LAUNCH_FORK_FLAGS : 0, 1),
	    RETURN(SECCOMP_RET_ALLOW),
	    IF(BPF_JSET, NEW_NAMESPACES, 1),
	    REFUSE(EPERM),
	    RETURN(SECCOMP_RET_ALLOW),
	    IF(BPF_JEQ, SYS_socket, 4),
	    LOAD(args[0]),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0),
	    REFUSE(EPERM),
	    RETURN(SECCOMP_RET_ALLOW),
	};
	enum { BEGIN_COUNT = sizeof(begin) / sizeof(begin[0]) };
	struct sock_filter filter[BEGIN_COUNT + 2 * REFUSED_COUNT + 1];
	size_t n = 0;
	for (size_t i = 0; i < BEGIN_COUNT; i++)
		filter[n++] = begin[i];
	for (size_t i = 0; i < REFUSED_COUNT; i++) {
		filter[n++] = (struct sock_filter)IF(BPF_JEQ, refused[i], 1);
		filter[n++] = (struct sock_filter)REFUSE(EPERM);
	}
	filter[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	const struct sock_fprog program = {.len = (unsigned short)n, .filter = filter};
	return !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
