/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests: what a QEMU that has been taken over would try. qvisor-launch runs it in place of
 * QEMU, so it is in the very same jail, but for QEMU's own system call filter: what is refused here
 * is refused by the launcher alone. Prints a line for each attempt: "NAME: refused (WHY)" or "NAME:
 * DONE"; "end" comes last.
 *   ... PID-OF-ANOTHER-PHONE FOLDER-OF-ANOTHER-PHONE FOLDER-OF-ALL-PHONES SOCKET-OF-QVISORD
 * READABLE-FILE SHM-KEY
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* What came back, by the rule of system calls: below 0 is refused. */
static void tell(const char *what, long result)
{
	if (result < 0)
		printf("%s: refused (%s)\n", what, strerror(errno));
	else
		printf("%s: DONE\n", what);
}

static void tell_path(const char *what, const char *folder, const char *name, int flags)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s%s", folder, name);
	tell(what, open(path, flags | O_NONBLOCK, 0600));
}

static void try_processes(pid_t other)
{
	char path[64], byte;
	struct iovec here = {&byte, 1}, there = {(void *)tell, 1};
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)other);
	tell("signal another phone", kill(other, 0));
	tell("pidfd of another phone", syscall(SYS_pidfd_open, other, 0));
	tell("ptrace another phone", ptrace(PTRACE_SEIZE, other, 0, 0));
	tell("read another phone's memory", process_vm_readv(other, &here, 1, &there, 1, 0));
	tell("open another phone's memory", open(path, O_RDWR));
	tell("see processes", open("/proc", O_RDONLY));
	errno = ESRCH; /* who is outside of a pid namespace has the number 0 */
	tell("see its parent", getppid() ? 0 : -1);
	errno = EPERM;
	tell("be one of many processes", getpid() == 1 ? -1 : 0);
}

static void try_files(const char *other, const char *all, const char *readable)
{
	tell_path("open another phone's disk", other, "/overlay.qcow2", O_RDONLY);
	tell_path("open another phone's record", other, "/phone.json", O_RDONLY);
	tell_path("open another phone's folder", other, "", O_RDONLY);
	tell_path("make a file beside phones", all, "/mine", O_WRONLY | O_CREAT);
	tell_path("make a file in /usr", "/usr", "/mine", O_WRONLY | O_CREAT);
	tell_path("make a file in /", "/", "mine", O_WRONLY | O_CREAT);
	tell_path("write what it may read", readable, "", O_RDWR);
	tell("truncate what it may read", truncate(readable, 0));
	tell("change the mode of what it may read", chmod(readable, 0666));
	tell_path("open /etc", "/etc", "/passwd", O_RDONLY);
	tell_path("open /sys", "/sys", "/kernel", O_RDONLY);
	tell_path("open the host's memory", "/dev", "/mem", O_RDONLY);
	tell("make a device", mknod("/dev/disk", S_IFBLK | 0600, makedev(8, 0)));
	const struct dirent *entry;
	DIR *dir = opendir(all);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			printf("phone: %s\n", entry->d_name);
	for (int fd = 5; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && (!dir || fd != dirfd(dir)))
			printf("an open descriptor %d: DONE\n", fd);
}

static void try_rights(void)
{
	const gid_t root = 0;
	tell("become root", setuid(0));
	tell("become another user", setresuid(12345, 12345, 12345));
	tell("take another group", setgroups(1, &root));
	tell("name the machine", sethostname("mine", 4));
	tell("a new root", chroot("/usr"));
	tell("mount", mount("none", "/usr", "tmpfs", 0, NULL));
	tell("remount writable", mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL));
	tell("unmount", umount2("/usr", MNT_DETACH));
	tell("open a file system", syscall(SYS_fsopen, "tmpfs", 0));
	tell("a user namespace", unshare(CLONE_NEWUSER));
	tell("a mount namespace", unshare(CLONE_NEWNS));
	tell("a child in a user namespace",
	    syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0));
	tell("a child by clone3", syscall(SYS_clone3, NULL, 0));
	tell("another's namespace", setns(0, 0));
	errno = EPERM;
	tell("gain rights by a program", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? -1 : 0);
}

static void try_kernel(void)
{
	struct perf_event_attr counter = {.type = PERF_TYPE_SOFTWARE, .size = sizeof(counter)};
	char space[256] = {0};
	tell("keyctl", syscall(SYS_keyctl, 0, -3, 1));
	tell("add a key", syscall(SYS_add_key, "user", "mine", "x", 1, -2));
	tell("perf_event_open", syscall(SYS_perf_event_open, &counter, 0, -1, -1, 0));
	tell("io_uring", syscall(SYS_io_uring_setup, 4, space));
	tell("bpf", syscall(SYS_bpf, 0, space, sizeof(space)));
	tell("userfaultfd", syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */));
	tell("open by handle", syscall(SYS_open_by_handle_at, 0, space, O_RDONLY));
}

static void try_sockets(const char *path, key_t key)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	tell("connect to qvisord",
	    connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address)));
	tell("raw packets", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	tell("packets of the link", socket(AF_PACKET, SOCK_RAW, 0));
	tell("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
	tell("IPv4", socket(AF_INET, SOCK_STREAM, 0));
	tell("IPv6", socket(AF_INET6, SOCK_DGRAM, 0));
	tell("vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
	tell("shared memory of others", shmget(key, 0, 0));
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* The launcher has put -sandbox and its value first. */
	if (argc != 9)
		return 2;
	try_processes(atoi(argv[3]));
	try_files(argv[4], argv[5], argv[7]);
	try_sockets(argv[6], atoi(argv[8]));
	try_kernel();
	try_rights();
	printf("end\n");
	return 0;
}
