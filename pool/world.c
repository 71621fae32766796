/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/world.h"

#include <glib.h>

static int64_t real_now(void *data)
{
	(void)data;
	return g_get_real_time();
}

static int64_t real_monotonic(void *data)
{
	(void)data;
	return g_get_monotonic_time();
}

static void real_uuid(void *data, char out[UUID_SIZE])
{
	g_autofree char *uuid = g_uuid_string_random();

	(void)data;
	g_strlcpy(out, uuid, UUID_SIZE);
}

struct world world_real(void)
{
	return (struct world){real_now, real_monotonic, real_uuid, NULL};
}
