/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/template_holder.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define HOLDER "holder-"

/* The link's name says who by a hash, as a path has slashes. Caller frees. */
static char *link_path(const char *template_folder, const char *state_folder)
{
	g_autofree char *whole = g_canonicalize_filename(state_folder, NULL);
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, whole, -1);
	return g_strdup_printf("%s/" HOLDER "%.16s", template_folder, hash);
}

void template_holder_add(const char *template_folder, const char *state_folder)
{
	g_autofree char *link = link_path(template_folder, state_folder);
	g_autofree char *whole = g_canonicalize_filename(state_folder, NULL);
	if (symlink(whole, link) && errno != EEXIST)
		g_warning("cannot write %s: %s", link, g_strerror(errno));
}

/* Whether the record of a phone below `state_folder` names the template (phone_record.c). One that
 * cannot be read as a record may be of a phone all the same. */
static bool has_phone(const char *state_folder, const char *template_folder)
{
	g_autofree char *base = g_path_get_basename(template_folder);
	g_autofree char *quoted = g_strdup_printf("\"%s\"", base);
	GDir *dir = g_dir_open(state_folder, 0, NULL);
	const char *uuid;
	bool found = false;
	while (dir && !found && (uuid = g_dir_read_name(dir))) {
		g_autofree char *record = g_build_filename(state_folder, uuid, "phone.json", NULL);
		g_autofree char *text = NULL;
		found = g_file_get_contents(record, &text, NULL, NULL) && strstr(text, quoted);
	}
	if (dir)
		g_dir_close(dir);
	return found;
}

void template_holder_remove(const char *template_folder, const char *state_folder)
{
	g_autofree char *link = link_path(template_folder, state_folder);
	if (g_file_test(link, G_FILE_TEST_IS_SYMLINK) && !has_phone(state_folder, template_folder))
		unlink(link);
}

char *template_holder_find(const char *template_folder)
{
	GDir *dir = g_dir_open(template_folder, 0, NULL);
	const char *name;
	char *found = NULL;
	while (dir && !found && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(template_folder, name, NULL);
		g_autofree char *target =
		    g_str_has_prefix(name, HOLDER) ? g_file_read_link(path, NULL) : NULL;
		if (target && has_phone(target, template_folder))
			found = g_steal_pointer(&target);
	}
	if (dir)
		g_dir_close(dir);
	return found;
}
