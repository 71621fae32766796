/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watching a descriptor in the main context, by a source that its owner drops at any time, also
 * from inside its own callback. */
#pragma once

#include <glib-unix.h>

static inline GSource *source_watch(
    int fd, GIOCondition condition, GUnixFDSourceFunc function, void *data)
{
	GSource *source = g_unix_fd_source_new(fd, condition);
	g_source_set_callback(source, G_SOURCE_FUNC(function), data, NULL);
	g_source_attach(source, NULL);
	return source;
}

static inline void source_clear(GSource **source)
{
	if (!*source)
		return;
	g_source_destroy(*source);
	g_clear_pointer(source, g_source_unref);
}
