/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/devices.h"

#include <stdio.h>
#include <string.h>

#include "common/error.h"

static const char built_in[] =
#include "mtp-server/devices.inc"
    ;

struct devices {
	GHashTable *by_name; /* folded name -> struct device, shared by the names of a line */
	GHashTable *unknown; /* folded names that have been logged */
	GPtrArray *devices;  /* owned */
};

static bool fail(unsigned line, const char *what, GError **error)
{
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "devices, line %u: %s", line, what);
	return false;
}

static bool add_name(
    struct devices *d, struct device *device, char *name, unsigned line, GError **error)
{
	g_strstrip(name);
	if (!*name || strlen(name) > MTP_MAX_MODEL || !g_utf8_validate(name, -1, NULL))
		return fail(line, "a name is empty, longer than 64 bytes, or not UTF-8", error);
	if (g_hash_table_insert(d->by_name, g_utf8_casefold(name, -1), device))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "devices, line %u: '%s' is there twice",
	    line, name);
	return false;
}

static bool add_line(struct devices *d, const char *text, unsigned line, GError **error)
{
	unsigned width, height, dpi, points;
	char source[16];
	int names = 0;
	if (sscanf(text, "%5u %5u %5u %3u %15s %n", &width, &height, &dpi, &points, source,
	        &names) != 5 ||
	    !names || !text[names])
		return fail(line, "not 'width height dpi touch-points source name; ...'", error);
	if (!mtp_screen_is_valid(width, height) || dpi < 50 || dpi > 2000 || points < 1 ||
	    points > MTP_MAX_SLOTS)
		return fail(line, "no screen has such figures", error);
	struct device *device = g_new(struct device, 1);
	*device =
	    (struct device){(uint16_t)width, (uint16_t)height, (uint16_t)dpi, (uint8_t)points};
	g_ptr_array_add(d->devices, device);
	g_auto(GStrv) list = g_strsplit(text + names, ";", -1);
	for (unsigned i = 0; list[i]; i++)
		if (!add_name(d, device, list[i], line, error))
			return false;
	return true;
}

struct devices *devices_new(const char *text, GError **error)
{
	AUTO(devices) d = g_new0(struct devices, 1);
	d->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	d->unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	d->devices = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (unsigned i = 0; lines[i]; i++)
		if (*lines[i] && *lines[i] != '#' && !add_line(d, lines[i], i + 1, error))
			return NULL;
	return g_steal_pointer(&d);
}

struct devices *devices_new_built_in(void)
{
	g_autoptr(GError) error = NULL;
	struct devices *devices = devices_new(built_in, &error);
	if (!devices)
		g_error("%s", error->message);
	return devices;
}

void devices_free(struct devices *d)
{
	if (!d)
		return;
	g_hash_table_unref(d->by_name);
	g_hash_table_unref(d->unknown);
	g_ptr_array_unref(d->devices);
	g_free(d);
}

unsigned devices_count(const struct devices *d)
{
	return d->devices->len;
}

const struct device *devices_find(const struct devices *d, const char *model)
{
	g_autofree char *name = g_utf8_casefold(model, -1);
	return g_hash_table_lookup(d->by_name, name);
}

/* Once a model, and not for as many as somebody likes to think of. */
static void log_unknown(struct devices *d, const char *model)
{
	g_autofree char *name = g_utf8_casefold(model, -1);
	if (g_hash_table_size(d->unknown) >= DEVICES_UNKNOWN_MAX ||
	    g_hash_table_contains(d->unknown, name))
		return;
	g_hash_table_add(d->unknown, g_steal_pointer(&name));
	g_autofree char *printable = g_strescape(model, NULL);
	g_message(
	    "a terminal \"%s\" does not tell its screen, and is not in devices.txt", printable);
}

void devices_complete(struct devices *d, const char *model, struct mtp_terminal *terminal)
{
	if (terminal->width && terminal->height)
		return;
	const struct device *device = devices_find(d, model);
	if (!device) {
		log_unknown(d, model);
		return;
	}
	/* Turned, its screen is as wide as it was high. */
	bool lies = terminal->rotation % 2;
	terminal->width = lies ? device->height : device->width;
	terminal->height = lies ? device->width : device->height;
	if (!terminal->dpi)
		terminal->dpi = device->dpi;
}
