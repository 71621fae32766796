/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clean-up by scope for locals that GLib has no g_auto for.
 * Since structs have no typedefs here: `CLEANUP(json_reader) ...` is not needed for GLib types
 * (g_autoptr works); for ours write `CLEANUP_FREE(config) struct config *c = ...` style through
 * CLEANUP(fn).
 */
#pragma once

#include <glib.h>
#include <unistd.h>

/* Defines `static inline void NAME_cleanup(struct NAME **)` that calls NAME_free(). */
#define DEFINE_CLEANUP(name)                                                                       \
	static inline void name##_cleanup(struct name **p)                                         \
	{                                                                                          \
		if (*p)                                                                            \
			name##_free(*p);                                                           \
	}                                                                                          \
	struct name

/* `AUTO(config) c = config_load(...)` : a `struct config *` freed at the end of the scope. */
/* "unused": to be freed at the end of the scope is a use, but clang does not count it. */
#define AUTO(name) __attribute__((cleanup(name##_cleanup), unused)) struct name *

/* `AUTO_FD fd = open(...)` : closed at the end of the scope when >= 0. */
static inline void fd_cleanup(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define AUTO_FD __attribute__((cleanup(fd_cleanup))) int

static inline int fd_steal(int *fd)
{
	int out = *fd;
	*fd = -1;
	return out;
}
