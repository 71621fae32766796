/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/log_tail.h"

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"

#define TAIL_MAX 16384

char *log_tail(const char *file, unsigned lines)
{
	char text[TAIL_MAX + 1];
	AUTO_FD fd = open(file, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t n = fd < 0 ? 0 : pread(fd, text, TAIL_MAX, MAX(size - TAIL_MAX, 0));

	if (n <= 0)
		return g_strdup("");
	text[n] = 0;
	g_autofree char *valid = g_utf8_make_valid(text, n);
	g_auto(GStrv) all = g_strsplit(g_strchomp(valid), "\n", -1);
	unsigned first = g_strv_length(all) > lines ? g_strv_length(all) - lines : 0;
	GString *tail = g_string_new(NULL);
	for (char **line = all + first; *line; line++) {
		for (char *c = *line; *c; c++)
			if (g_ascii_iscntrl(*c))
				*c = ' ';
		g_string_append_printf(tail, "%s    %s", tail->len ? "\n" : "", *line);
	}
	return g_string_free(tail, FALSE);
}
