/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/template_part.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "qvisor/folder.h"
#include "qvisor/overlay.h"

void template_part_init(
    struct template_part *part, const char *template_folder, const char *name, const char *key)
{
	part->final = g_strdup_printf("%s/%s-%s", template_folder, name, key);
	part->path = g_strconcat(part->final, ".part", NULL);
	part->lock = -1;
}

void template_part_finish(struct template_part *part)
{
	if (part->lock >= 0)
		folder_delete(part->path, NULL);
	fd_cleanup(&part->lock);
	g_free(part->final);
	g_free(part->path);
}

bool template_part_claim(struct template_part *part, GError **error)
{
	if (g_file_test(part->path, G_FILE_TEST_EXISTS)) {
		AUTO_FD left = folder_lock(part->path, true, error);
		if (left < 0) {
			g_prefix_error(
			    error, "this template is being built already; wait for that: ");
			return false;
		}
		if (!folder_delete(part->path, error))
			return false;
	}
	if (!folder_make(part->path, error))
		return false;
	part->lock = folder_lock(part->path, true, error);
	return part->lock >= 0;
}

bool template_part_check_room(const struct template_part *part, uint64_t mib, GError **error)
{
	uint64_t room = folder_free_mib(part->path);
	if (room >= mib)
		return true;
	g_autofree char *parent = g_path_get_dirname(part->path);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
	    "the template needs up to %" G_GUINT64_FORMAT " MiB in %s, %" G_GUINT64_FORMAT
	    " MiB are free; make room or move host.template-folder",
	    mib, parent, room);
	return false;
}

bool template_part_make_disk(
    const struct template_part *part, const struct manifest *manifest, char **disk, GError **error)
{
	const char *format;
	*disk = NULL;
	if (!manifest->disk)
		return true;
	uint64_t size = overlay_virtual_size(manifest->disk, &format, error);
	if (!size)
		return false;
	*disk = g_build_filename(part->path, "disk.qcow2", NULL);
	return overlay_create(*disk, manifest->disk, format, size, error);
}

bool template_part_make_memory(const struct template_part *part, char **memory, GError **error)
{
	*memory = g_build_filename(part->path, "memory", NULL);
	AUTO_FD fd = open(*memory, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		qvmi_error_set_errno(error, errno, "cannot write %s", *memory);
	return fd >= 0;
}

void template_part_sweep(const struct template_part *part)
{
	static const char *const names[] = {"qmp.sock", "agent.sock", "qemu.log"};
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(part->path, names[i], NULL);
		unlink(path);
	}
}

bool template_part_commit(struct template_part *part, GError **error)
{
	if (g_file_test(part->final, G_FILE_TEST_EXISTS)) {
		g_autofree char *taken = part->final;
		part->final = g_strdup_printf(
		    "%s-%" G_GINT64_MODIFIER "x", taken, g_get_real_time() / G_USEC_PER_SEC);
	}
	if (g_rename(part->path, part->final)) {
		qvmi_error_set_errno(error, errno, "cannot rename %s", part->path);
		return false;
	}
	fd_cleanup(&part->lock);
	part->lock = -1;
	return true;
}
