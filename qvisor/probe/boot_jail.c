/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/boot_jail.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RUN (READ | LANDLOCK_ACCESS_FS_EXECUTE)
/* All of the first version: Linux 5.13. */
#define EVERYTHING ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
/* What is allowed of a file and not of a folder. */
#define FILES                                                                                      \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE)

/* A path that is not there is nothing to allow. */
static void allow(int ruleset, const char *path, uint64_t access)
{
	struct stat status;
	AUTO_FD fd = path ? open(path, O_PATH | O_CLOEXEC) : -1;
	if (fd < 0 || fstat(fd, &status))
		return;
	const struct landlock_path_beneath_attr rule = {
	    .allowed_access = S_ISDIR(status.st_mode) ? access : access & FILES, .parent_fd = fd};
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static bool close_files(const struct manifest *manifest, const char *folder)
{
	static const char *const readable[] = {"/usr", "/lib", "/lib64", "/etc/ld.so.cache",
	    "/proc", "/dev/urandom", "/sys/devices/system"};
	const struct landlock_ruleset_attr attributes = {.handled_access_fs = EVERYTHING};
	AUTO_FD ruleset =
	    (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
	if (ruleset < 0)
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(readable); i++)
		allow(ruleset, readable[i], RUN);
	allow(ruleset, "/dev/null", READ | LANDLOCK_ACCESS_FS_WRITE_FILE);
	allow(ruleset, manifest->kernel, READ);
	allow(ruleset, manifest->initrd, READ);
	allow(ruleset, manifest->disk, READ);
	/* To remove the folder itself, once it is empty, is a right of the one it is in. */
	g_autofree char *parent = g_path_get_dirname(folder);
	allow(ruleset, parent, LANDLOCK_ACCESS_FS_REMOVE_DIR);
	allow(ruleset, folder, EVERYTHING & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE);
	return !syscall(SYS_landlock_restrict_self, ruleset, 0);
}

static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
	for (int capability = 0; capability <= CAP_LAST_CAP; capability++)
		prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	return !syscall(SYS_capset, &header, none);
}

char *boot_jail_enter(const struct manifest *manifest, const char *folder)
{
	g_autoptr(GString) missing = g_string_new(NULL);
	int namespaces = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
	if (unshare(namespaces) && unshare(namespaces | CLONE_NEWUSER))
		g_string_append(missing, "it shares this machine's network; ");
	if (!drop_capabilities())
		g_string_append(missing, "it keeps this user's capabilities; ");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || !close_files(manifest, folder))
		g_string_append(missing, "it may read this user's files (no Landlock); ");
	if (!missing->len)
		return NULL;
	g_string_truncate(missing, missing->len - 2);
	return g_string_free(g_steal_pointer(&missing), FALSE);
}
