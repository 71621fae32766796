/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/user_volume.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/folder.h"
#include "qvisor/luks.h"
#include "qvisor/phone_key.h"
#include "qvisor/secret_memory.h"

bool user_volume_has_key(const char *folder)
{
	g_autofree char *key = g_build_filename(folder, "key", NULL);
	struct stat status;
	return !stat(key, &status) && status.st_size == SEALED_KEY_SIZE;
}

bool user_volume_read(const char *folder, struct user_volume *volume, GError **error)
{
	g_autofree char *disk = g_build_filename(folder, USER_VOLUME_DISK, NULL);
	g_autofree char *key = g_build_filename(folder, "key", NULL);
	struct stat on_disk, of_key;
	char magic[LUKS_MAGIC_SIZE];
	AUTO_FD fd = open(disk, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &on_disk) || stat(key, &of_key)) {
		g_set_error(error, QVMI_ERROR,
		    errno == ENOENT ? QVMI_ERROR_NOT_FOUND : QVMI_ERROR_FAILED,
		    "cannot read the volume %s: %s", folder, g_strerror(errno));
		return false;
	}
	if (on_disk.st_size <= LUKS_PAYLOAD ||
	    pread(fd, magic, sizeof(magic), 0) != sizeof(magic) ||
	    memcmp(magic, LUKS_MAGIC, sizeof(magic)) != 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
		    "%s is damaged and was left as it is: it does not begin as a LUKS volume",
		    disk);
		return false;
	}
	*volume = (struct user_volume){.size_mib = (uint64_t)(on_disk.st_size - LUKS_PAYLOAD) >> 20,
	    .used_mib = ((uint64_t)on_disk.st_blocks * 512 + (1 << 20) - 1) >> 20,
	    .created = of_key.st_mtime};
	return true;
}

int user_volume_open(const char *folder, GError **error)
{
	g_autofree char *disk = g_build_filename(folder, USER_VOLUME_DISK, NULL);
	int fd = open(disk, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT, "cannot open the volume %s: %s",
		    disk, g_strerror(errno));
	return fd;
}

char *user_volume_passphrase(const char *folder, GError **error)
{
	static const char digits[] = "0123456789abcdef";
	if (!user_volume_has_key(folder)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
		    "the volume %s has no key: nobody can read it any more", folder);
		return NULL;
	}
	SECRET uint8_t *key = phone_key_load(folder, error);
	char *text = key ? secret_new(2 * SEALED_KEY_SIZE + 1) : NULL;
	for (unsigned i = 0; text && i < SEALED_KEY_SIZE; i++) {
		text[2 * i] = digits[key[i] >> 4];
		text[2 * i + 1] = digits[key[i] & 15];
	}
	return text;
}

bool user_volume_destroy(const char *folder, GError **error)
{
	return phone_key_destroy(folder, error) && folder_delete(folder, error);
}
