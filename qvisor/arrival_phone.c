/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/arrival_phone.h"

#include "qvisor/folder.h"
#include "qvisor/overlay.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_volume.h"
#include "qvisor/user_volume_store.h"

static bool make_overlay(struct visit *visit, const struct phone *phone, GError **error)
{
	const char *disk = template_path(phone->template, "disk"), *format;
	g_autofree char *overlay = g_build_filename(phone->folder, "overlay.qcow2", NULL);
	if (!disk)
		return true;
	uint64_t size = overlay_virtual_size(disk, &format, error);
	visit->backing = g_strdup(disk);
	visit->format = size ? g_strdup(format) : NULL;
	return size && overlay_create(overlay, disk, format, size, error);
}

/* Before the record names it, so that none of this host's goes with a phone that does not come. */
static bool make_volume(
    struct visit *visit, struct phone *phone, const struct passport *passport, GError **error)
{
	if (!passport->volume)
		return true;
	visit->volume = user_volume_store_arrive(phone->host->volumes, passport->volume, error);
	if (!visit->volume)
		return false;
	phone->volume = phone_volume_new(passport->volume);
	phone->volume->plugged = passport->volume_plugged;
	phone->volume->mounted = passport->volume_mounted;
	return true;
}

static void put(char **to, const char *from)
{
	g_free(*to);
	*to = g_strdup(from);
}

struct phone *arrival_make_phone(struct host *host, const char *ticket, struct visit *visit,
    const struct passport *passport, GError **error)
{
	g_autofree char *reach = NULL;
	struct template *template = passport_admit(passport, host, &reach, error);
	struct phone *phone = template
	                          ? phone_new(host, template, passport->uuid, passport->name,
	                                passport->idempotency_key, passport->request_digest, error)
	                          : NULL;
	if (!phone)
		return NULL;
	put(&phone->mac, passport->mac);
	put(&phone->created, passport->created);
	put(&phone->arrival, ticket);
	phone->reach = g_steal_pointer(&reach);
	phone->cold = passport->cold;
	phone->has_network = passport->network;
	phone->booted = passport->booted;
	phone->machine = passport->machine;
	phone->wanted = passport->wanted;
	phone->busy = "coming from another host";
	if (phone_check_room(phone, phone->cold, error) && make_overlay(visit, phone, error) &&
	    make_volume(visit, phone, passport, error) && phone_record_store(phone, error))
		return phone;
	phone_volume_abandon(phone);
	folder_delete(phone->folder, NULL);
	phone_free(phone);
	return NULL;
}
