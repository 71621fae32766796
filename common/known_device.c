/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/known_device.h"

#include <string.h>

#include "common/file.h"

#define DEVICE_MAX 128

static char *file_of(const char *server, const char *user)
{
	g_autofree char *folded = g_ascii_strdown(user, -1);
	g_autofree char *whose = g_strconcat(server, "\n", folded, NULL);
	g_autofree char *name = g_compute_checksum_for_string(G_CHECKSUM_SHA256, whose, -1);

	return g_build_filename(g_get_user_state_dir(), "qvmi", "devices", name, NULL);
}

char *known_device_load(const char *server, const char *user)
{
	g_autofree char *file = file_of(server, user);
	g_autofree char *device = file_load(file, DEVICE_MAX, NULL, NULL);

	return device && g_utf8_validate(device, -1, NULL) ? g_steal_pointer(&device) : NULL;
}

void known_device_save(const char *server, const char *user, const char *device)
{
	g_autofree char *file = file_of(server, user);
	g_autofree char *folder = g_path_get_dirname(file);
	g_autoptr(GError) error = NULL;

	if (strlen(device) <= DEVICE_MAX &&
	    (!file_make_folder(folder, &error) ||
	        !file_store(file, device, strlen(device), 0600, &error)))
		g_message("the broker will not know this device again: %s", error->message);
}
