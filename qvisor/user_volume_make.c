/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/user_volume_make.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/process.h"
#include "qvisor/folder.h"
#include "qvisor/luks.h"
#include "qvisor/phone_key.h"
#include "qvisor/secret_memory.h"
#include "qvisor/user_volume.h"

#define PLAIN "plain" /* an empty file system, and gone before anybody has the volume */
#define BLOCK (64 * 1024)

struct user_volume_make {
	char *folder;
	unsigned size_mib;
	pid_t pid; /* of mke2fs; 0: not running */
	int words; /* what it has said, in memory: the disk may be full */
	guint watch;
	GThread *thread;
	GError *error; /* the thread's */
	user_volume_made_fn done;
	void *data;
};

static char *path_in(const char *folder, const char *name)
{
	return g_build_filename(folder, name, NULL);
}

static bool fail_errno(GError **error, const char *what, const char *path)
{
	bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
	g_set_error(error, QVMI_ERROR, full ? QVMI_ERROR_EXHAUSTED : QVMI_ERROR_FAILED,
	    "cannot %s %s: %s", what, path, g_strerror(errno));
	return false;
}

static void clean(const char *folder)
{
	g_autofree char *path = path_in(folder, PLAIN);
	unlink(path);
}

/* --- encrypting, in a thread --- */

/* From one file's data, where it has any, to the other's payload. */
static bool copy_encrypted(int plain, int disk, const uint8_t *key, GError **error)
{
	g_autofree uint8_t *block = g_malloc(BLOCK);
	off_t end = 0;
	for (off_t at; (at = lseek(plain, end, SEEK_DATA)) >= 0;) {
		end = lseek(plain, at, SEEK_HOLE);
		for (at -= at % LUKS_SECTOR; at < end; at += BLOCK) {
			ssize_t n = pread(plain, block, BLOCK, at);
			if (n < 0 || n % LUKS_SECTOR)
				return fail_errno(error, "read", PLAIN);
			if (!luks_encrypt(key, (uint64_t)at / LUKS_SECTOR, block, (size_t)n, error))
				return false;
			ssize_t written = pwrite(disk, block, (size_t)n, LUKS_PAYLOAD + at);
			errno = written < 0 ? errno : ENOSPC; /* a short write sets none */
			if (written != n)
				return fail_errno(error, "write", USER_VOLUME_DISK);
		}
	}
	return errno == ENXIO || fail_errno(error, "read", PLAIN); /* no more data */
}

static bool encrypt(const char *folder, const char *passphrase, GError **error)
{
	g_autofree char *from = path_in(folder, PLAIN), *to = path_in(folder, USER_VOLUME_DISK),
	                *uuid = g_uuid_string_random();
	SECRET uint8_t *key = secret_new(LUKS_KEY_SIZE);
	AUTO_FD plain = open(from, O_RDONLY | O_CLOEXEC);
	if (plain < 0)
		return fail_errno(error, "read", from);
	AUTO_FD disk = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (disk < 0 || ftruncate(disk, LUKS_PAYLOAD + lseek(plain, 0, SEEK_END)))
		return fail_errno(error, "make", to);
	return luks_format(disk, passphrase, uuid, key, error) &&
	       copy_encrypted(plain, disk, key, error) &&
	       (!fsync(disk) || fail_errno(error, "write", to));
}

static gboolean on_encrypted(void *data)
{
	struct user_volume_make *make = data;
	g_thread_join(g_steal_pointer(&make->thread));
	clean(make->folder);
	make->done(make->data, make->error);
	return G_SOURCE_REMOVE;
}

static void *encrypt_thread(void *data)
{
	struct user_volume_make *make = data;
	SECRET uint8_t *key = phone_key_load(make->folder, &make->error); /* makes it */
	SECRET char *passphrase = key ? user_volume_passphrase(make->folder, &make->error) : NULL;
	if (passphrase)
		encrypt(make->folder, passphrase, &make->error);
	g_idle_add(on_encrypted, make);
	return NULL;
}

/* --- formatting, in a child --- */

static GError *failure(const struct user_volume_make *make, int status)
{
	char words[501] = "";
	ssize_t n = pread(make->words, words, sizeof(words) - 1, 0);
	words[MAX(n, 0)] = 0;
	g_strdelimit(g_strstrip(words), "\n", ' ');
	bool full = strstr(words, strerrordesc_np(ENOSPC)); /* LC_ALL=C */
	return g_error_new(QVMI_ERROR, full ? QVMI_ERROR_EXHAUSTED : QVMI_ERROR_FAILED,
	    "cannot make a volume: mke2fs ended with %d: %s",
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), words);
}

static void on_formatted(GPid pid, int status, void *data)
{
	(void)pid;
	struct user_volume_make *make = data;
	make->pid = 0;
	make->watch = 0;
	if (status) {
		g_autoptr(GError) error = failure(make, status);
		clean(make->folder);
		make->done(make->data, error);
		return;
	}
	make->thread = g_thread_new("volume", encrypt_thread, make);
}

/* What is not written reads as noise in the guest, and need not be anything else: an inode table is
 * initialized when it is first used, a journal's blocks are valid by their numbers. */
static bool format(struct user_volume_make *make, GError **error)
{
	static const char *const argv[] = {"/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-m", "0",
	    "-L", "user", "-E", "root_owner=0:0,lazy_itable_init=1,lazy_journal_init=1", PLAIN,
	    NULL};
	static const char *const environment[] = {
	    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
	g_autofree char *path = path_in(make->folder, PLAIN);
	AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)make->size_mib << 20))
		return fail_errno(error, "make", path);
	make->words = memfd_create("mke2fs", MFD_CLOEXEC);
	if (make->words < 0)
		return fail_errno(error, "keep the words of", "mke2fs");
	const struct process_spawn spawn = {
	    .argv = argv,
	    .environment = environment,
	    .folder = make->folder,
	    .stdin_fd = -1,
	    .stdout_fd = make->words,
	    .stderr_fd = make->words,
	    .death_signal = SIGKILL,
	};
	pid_t pid = process_spawn(&spawn, error);
	if (pid < 0)
		return false;
	make->pid = pid;
	make->watch = g_child_watch_add(pid, on_formatted, make);
	return true;
}

struct user_volume_make *user_volume_make_new(
    const char *folder, unsigned size_mib, user_volume_made_fn done, void *data, GError **error)
{
	AUTO(user_volume_make) make = g_new0(struct user_volume_make, 1);
	make->folder = g_strdup(folder);
	make->size_mib = size_mib;
	make->words = -1;
	make->done = done;
	make->data = data;
	return folder_make(folder, error) && format(make, error) ? g_steal_pointer(&make) : NULL;
}

void user_volume_make_free(struct user_volume_make *make)
{
	if (!make)
		return;
	g_clear_handle_id(&make->watch, g_source_remove);
	if (make->pid) {
		kill(make->pid, SIGKILL);
		waitpid(make->pid, NULL, 0);
	}
	if (make->thread) {
		g_thread_join(make->thread);
		g_idle_remove_by_data(make);
	}
	g_clear_error(&make->error);
	fd_cleanup(&make->words);
	g_free(make->folder);
	g_free(make);
}
