/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/smaps.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"

/* "Pss:     1234 kB" */
static uint64_t value(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	return line ? g_ascii_strtoull(line + strlen(name), NULL, 10) : 0;
}

bool smaps_read(pid_t pid, struct smaps *out, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/smaps_rollup", (int)pid);
	g_autofree char *text = NULL;
	if (!g_file_get_contents(path, &text, NULL, NULL)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "%s cannot be read: %s",
		    path, g_strerror(errno));
		return false;
	}
	*out = (struct smaps){
	    .rss_kib = value(text, "\nRss:"),
	    .pss_kib = value(text, "\nPss:"),
	    .private_kib = value(text, "\nPrivate_Clean:") + value(text, "\nPrivate_Dirty:"),
	    .referenced_kib = value(text, "\nReferenced:"),
	};
	return true;
}

bool smaps_forget(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/clear_refs", (int)pid);
	AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, "1", 1) == 1;
}
