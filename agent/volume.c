/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/volume.h"

#include "agent/ext4.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SYSFS_BLOCK "/sys/class/block"
#define MOUNT_POINT "/run/qvmi/volume"
#define PLUG_WAIT_MS 20000 /* for the guest's kernel to find what was plugged */
#define PLUG_LOOK_MS 10
#define FSCK "/usr/sbin/e2fsck"
#define COPY "/usr/bin/cp"
#define MOUNTED_HOOK "/usr/lib/qvmi/volume-mounted"
#define COMMAND_TIMEOUT_MS 120000

bool volume_serial_is_valid(const char *serial)
{
	size_t n = strlen(serial);
	return n > 0 && n <= VOLUME_SERIAL_MAX &&
	       strspn(serial, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                      "0123456789-") == n;
}

static bool has_serial(const char *sysfs, const char *name, const char *serial)
{
	char path[256], text[VOLUME_SERIAL_MAX + 2] = "";
	snprintf(path, sizeof(path), "%s/%.64s/serial", sysfs, name);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool read = fgets(text, sizeof(text), file);
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return read && strcmp(text, serial) == 0;
}

bool volume_find(const char *sysfs, const char *serial, char device[64])
{
	DIR *dir = opendir(sysfs);
	bool found = false;
	if (!dir)
		return false;
	for (struct dirent *entry = readdir(dir); entry && !found; entry = readdir(dir)) {
		if (strncmp(entry->d_name, "vd", 2) != 0 || strlen(entry->d_name) > 32)
			continue;
		found = has_serial(sysfs, entry->d_name, serial);
		if (found)
			snprintf(device, 64, "/dev/%.32s", entry->d_name);
	}
	closedir(dir);
	return found;
}

/* One that comes or goes is in sysfs before, or after, it can be opened. */
static bool can_be_opened(const char *device)
{
	int fd = open(device, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool wait_for_disk(const char *serial, char device[64], struct rpc_error *error)
{
	const struct timespec look = {.tv_nsec = PLUG_LOOK_MS * 1000000L};
	for (int waited = 0; waited < PLUG_WAIT_MS; waited += PLUG_LOOK_MS) {
		if (volume_find(SYSFS_BLOCK, serial, device) && can_be_opened(device))
			return true;
		nanosleep(&look, NULL);
	}
	return rpc_fail(error, RPC_FAILED, "no disk \"%s\" has appeared", serial);
}

/* e2fsck(8): 0 is clean, 1 repaired; everything else is for a person to look at. */
static bool check(const char *device, struct rpc_error *error)
{
	const char *const argv[] = {FSCK, "-p", device, NULL};
	const char *const environment[] = {"PATH=/usr/sbin:/usr/bin", NULL};
	int status = 0;
	if (access(FSCK, X_OK) != 0)
		return true;
	if (command_run_status(argv, environment, NULL, COMMAND_TIMEOUT_MS, &status, error) ||
	    status == 1)
		return true;
	return rpc_fail(error, RPC_FAILED,
	    "the file system on the user's volume is damaged and was left as it is (e2fsck says "
	    "%d)",
	    status);
}

static bool is_mount_of(const char *path, const char *parent)
{
	struct stat a, b;
	return stat(path, &a) == 0 && stat(parent, &b) == 0 && a.st_dev != b.st_dev;
}

static bool fail(const char *what, const char *path, struct rpc_error *error)
{
	return rpc_fail(error, RPC_FAILED, "cannot %s %s: %s", what, path, strerror(errno));
}

bool volume_make_home(
    const char *volume, const struct account *account, bool *made, struct rpc_error *error)
{
	char home[256], part[256];
	snprintf(home, sizeof(home), "%.128s/home", volume);
	snprintf(part, sizeof(part), "%.128s/home.part", volume);
	*made = access(home, F_OK) != 0;
	if (!*made)
		return true;
	/* What is left of a copy that was cut short is completed. */
	if (mkdir(part, 0700) < 0 && errno != EEXIST)
		return fail("make", part, error);
	const char *const argv[] = {COPY, "-a", "-T", account->home, part, NULL};
	const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
	if (access(COPY, X_OK) == 0 &&
	    !command_run(argv, environment, NULL, COMMAND_TIMEOUT_MS, error))
		return false;
	if (chown(part, account->uid, account->gid) < 0 || rename(part, home) < 0)
		return fail("make", home, error);
	return true;
}

static bool mount_at_point(const char *device)
{
	return mount(device, MOUNT_POINT, "ext4", MS_NOSUID | MS_NODEV | MS_NOATIME,
	           "noinit_itable") == 0;
}

/* A user waits: it is checked only when it says that it has to be, or cannot be mounted. */
static bool mount_disk(const char *serial, struct rpc_error *error)
{
	char device[64];
	if (is_mount_of(MOUNT_POINT, "/run/qvmi"))
		return true;
	if (!wait_for_disk(serial, device, error))
		return false;
	mkdir("/run/qvmi", 0711);
	mkdir(MOUNT_POINT, 0711);
	if (ext4_needs_no_check(device) && mount_at_point(device))
		return true;
	if (!check(device, error))
		return false;
	if (mount_at_point(device))
		return true;
	return rpc_fail(error, RPC_FAILED,
	    "the user's volume cannot be mounted and was left as it is: %s", strerror(errno));
}

static bool is_bound(const struct account *account)
{
	struct stat home, volume;
	return stat(account->home, &home) == 0 && stat(MOUNT_POINT, &volume) == 0 &&
	       home.st_dev == volume.st_dev;
}

/* What is in the session already learns that its home is another: the image knows how. */
static void run_hook(const struct account *account)
{
	const char *const argv[] = {MOUNTED_HOOK, NULL};
	struct account_environment environment;
	struct rpc_error error;
	if (access(MOUNTED_HOOK, X_OK) != 0)
		return;
	account_environment(&environment, account);
	if (!command_run(argv, environment.list, account, COMMAND_TIMEOUT_MS, &error))
		fprintf(stderr, "qvmi-agent: %s\n", error.message);
}

bool volume_mount(const char *serial, const struct account *account, struct rpc_error *error)
{
	if (!mount_disk(serial, error))
		return false;
	if (is_bound(account))
		return true;
	bool made;
	if (!volume_make_home(MOUNT_POINT, account, &made, error))
		return false;
	if (mount(MOUNT_POINT "/home", account->home, NULL, MS_BIND, NULL) < 0)
		return fail("mount the user's volume on", account->home, error);
	/* One that was copied a moment ago says what the old one said. */
	if (!made)
		run_hook(account);
	return true;
}

static bool take_away(const char *path, struct rpc_error *error)
{
	if (umount2(path, UMOUNT_NOFOLLOW) == 0 || errno == EINVAL || errno == ENOENT)
		return true;
	return rpc_fail(error, RPC_FAILED,
	    errno == EBUSY ? "programs in the phone use the user's volume; close them or switch "
	                     "the phone off"
	                   : "the user's volume cannot be unmounted: %s",
	    strerror(errno));
}

bool volume_unmount(const struct account *account, struct rpc_error *error)
{
	sync();
	return (!is_bound(account) || take_away(account->home, error)) &&
	       take_away(MOUNT_POINT, error);
}
