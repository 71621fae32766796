/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/launcher.h"
#include "qvisor/phone.h"
#include "qvisor/zygote_private.h"

#define COPY_BLOCK (256 * 1024)

/* --- its disk --- */

static bool copy_data(int from, int to, off_t begin, off_t end, uint8_t *block, GError **error)
{
	while (begin < end) {
		ssize_t n = pread(from, block, MIN(COPY_BLOCK, (size_t)(end - begin)), begin);
		if (n <= 0 || pwrite(to, block, (size_t)n, begin) != n)
			return qvmi_error_set_errno(
			    error, n == 0 ? EIO : errno, "cannot copy the disk");
		begin += n;
	}
	return true;
}

bool zygote_copy_disk(const struct zygote *zygote, const char *path, GError **error)
{
	g_autofree char *source =
	    g_build_filename(zygote_phone(zygote)->folder, "overlay.qcow2", NULL);
	g_autofree uint8_t *block = g_malloc(COPY_BLOCK);
	if (!template_path(zygote_phone(zygote)->template, "disk"))
		return true;
	AUTO_FD from = open(source, O_RDONLY | O_CLOEXEC);
	AUTO_FD to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	off_t size = from < 0 ? -1 : lseek(from, 0, SEEK_END), begin, end = 0;
	bool done = to >= 0 && size >= 0 && !ftruncate(to, size);
	if (!done)
		qvmi_error_set_errno(error, errno, "cannot copy %s to %s", source, path);
	while (done && (begin = lseek(from, end, SEEK_DATA)) >= 0) {
		end = lseek(from, begin, SEEK_HOLE);
		done = copy_data(from, to, begin, end, block, error);
	}
	if (!done && to >= 0)
		unlink(path);
	return done;
}

/* --- its process --- */

struct fork {
	GCancellable *cancellable;
	struct zygote *zygote;
	char *uuid;
	void (*exited)(void *data, const char *how);
	platform_started_fn started;
	void *data;
};

/* In a jail it has its namespaces and its user, but its parent's limits, and no way to its disk but
 * the descriptor. */
static bool confine(const struct fork *fork, struct qemu_process *process, GError **error)
{
	const struct qemu_process *parent = zygote_phone(fork->zygote)->process;
	process->launcher = parent->launcher;
	process->limits = parent->limits;
	const struct launcher_forked forked = {.uuid = fork->uuid,
	    .parent = zygote_phone(fork->zygote)->uuid,
	    .limits = &process->limits,
	    .pidfd = process->pidfd};
	return !process->launcher || launcher_confine(process->launcher, &forked, error);
}

static void on_forked(void *data, pid_t pid, int pidfd, const GError *error)
{
	struct fork *fork = data;
	struct qemu_process *process = NULL;
	g_autoptr(GError) failure = NULL;
	bool cancelled = g_cancellable_is_cancelled(fork->cancellable);
	if (pid > 0)
		process = qemu_process_watch(pid, pidfd, fork->exited, fork->data);
	bool wanted = process && confine(fork, process, &failure) && !cancelled;
	if (process && !wanted)
		qemu_process_discard(process);
	if (!cancelled)
		fork->started(fork->data, wanted ? process : NULL, failure ? failure : error);
	if (process)
		zygote_count(fork->zygote);
	g_object_unref(fork->cancellable);
	g_free(fork->uuid);
	g_free(fork);
}

static bool open_given(
    const struct zygote *zygote, const char *folder, int fds[static GIVEN_COUNT], GError **error)
{
	g_autofree char *disk = g_build_filename(folder, "overlay.qcow2", NULL);
	int files[QEMU_FILES];
	for (unsigned i = 0; i < GIVEN_COUNT; i++)
		fds[i] = -1;
	if (!qemu_process_open_files(folder, files, error))
		return false;
	fds[GIVEN_QMP] = files[QEMU_FILE_QMP];
	fds[GIVEN_AGENT] = files[QEMU_FILE_AGENT];
	fds[GIVEN_LOG] = files[QEMU_FILE_LOG];
	/* In a jail there is only what is given; its root is that of the one that it comes from. */
	bool has_folder = !zygote_phone(zygote)->process->launcher;
	if (has_folder)
		fds[GIVEN_FOLDER] = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool has_disk = template_path(zygote_phone(zygote)->template, "disk");
	if (has_disk)
		fds[GIVEN_DISK] = open(disk, O_RDWR | O_CLOEXEC);
	if ((!has_folder || fds[GIVEN_FOLDER] >= 0) && (!has_disk || fds[GIVEN_DISK] >= 0))
		return true;
	qvmi_error_set_errno(error, errno, "cannot open the disk in %s", folder);
	for (unsigned i = 0; i < GIVEN_COUNT; i++)
		fd_cleanup(&fds[i]);
	return false;
}

void zygote_fork(
    struct zygote *zygote, const struct platform_spawn *spawn, platform_started_fn started)
{
	g_autoptr(GError) error = NULL;
	int fds[GIVEN_COUNT];
	if (!open_given(zygote, spawn->folder, fds, &error)) {
		started(spawn->data, NULL, error);
		return;
	}
	struct fork *fork = g_new(struct fork, 1);
	*fork = (struct fork){.cancellable = g_object_ref(spawn->cancellable),
	    .zygote = zygote,
	    .uuid = g_strdup(spawn->uuid),
	    .exited = spawn->exited,
	    .started = started,
	    .data = spawn->data};
	zygote_link_fork(zygote->link, spawn->uuid, fds, on_forked, fork);
}
