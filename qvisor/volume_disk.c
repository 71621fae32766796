/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/volume_disk.h"

#include <string.h>

#include "common/error.h"
#include "qvisor/phone_volume.h"
#include "qvisor/secret_memory.h"
#include "qvisor/user_volume.h"
#include "qvisor/user_volume_store.h"

#define FDSET 2 /* 1 is the template's state */
#define NODE "volume"
#define KEY "volume-key"
#define DEVICE "volume0"
#define PORT "spare1"

static void execute(
    struct phone *phone, const char *command, JsonObject *arguments, qmp_reply_fn done)
{
	qmp_execute(phone->qmp, command, arguments, -1, QMP_DEADLINE_MS, done, phone);
}

static void on_node(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	const struct phone *phone = data;
	if (!error || !phone->volume || strstr(error->message, "Duplicate node"))
		return;
	g_free(phone->volume->problem);
	phone->volume->problem =
	    g_strdup_printf("the volume was left as it is, QEMU says: %s", error->message);
}

static JsonObject *node(void)
{
	JsonObject *node = json_object_new(), *file = json_object_new();
	g_autofree char *path = g_strdup_printf("/dev/fdset/%d", FDSET);
	json_object_set_string_member(file, "driver", "file");
	json_object_set_string_member(file, "filename", path);
	json_object_set_string_member(node, "driver", "luks");
	json_object_set_string_member(node, "node-name", NODE);
	json_object_set_string_member(node, "key-secret", KEY);
	json_object_set_object_member(node, "file", file);
	return node;
}

static JsonObject *device(void)
{
	JsonObject *device = json_object_new();
	json_object_set_string_member(device, "driver", "virtio-blk-pci");
	json_object_set_string_member(device, "id", DEVICE);
	json_object_set_string_member(device, "bus", PORT);
	json_object_set_string_member(device, "drive", NODE);
	json_object_set_string_member(device, "serial", VOLUME_DISK_SERIAL);
	return device;
}

/* By hand, and in memory of secrets: a JSON library's copies stay in ours. */
static void add_key(struct phone *phone, const char *passphrase)
{
	char *arguments = secret_printf(
	    "{\"qom-type\":\"secret\",\"id\":\"" KEY "\",\"data\":\"%s\"}", passphrase);
	qmp_execute_secret(phone->qmp, "object-add", arguments, QMP_DEADLINE_MS);
}

bool volume_disk_plug(struct phone *phone, qmp_reply_fn done, GError **error)
{
	g_autofree char *folder =
	    user_volume_store_find(phone->host->volumes, phone->volume->id, error);
	SECRET char *passphrase = folder ? user_volume_passphrase(folder, error) : NULL;
	int fd = passphrase ? user_volume_open(folder, error) : -1;
	if (fd < 0)
		return false;
	qmp_execute(phone->qmp, "add-fd", qmp_fdset(FDSET), fd, QMP_DEADLINE_MS, NULL, NULL);
	add_key(phone, passphrase);
	execute(phone, "blockdev-add", node(), on_node);
	execute(phone, "device_add", device(), done);
	return true;
}

bool volume_disk_is_there(const GError *error)
{
	return error && strstr(error->message, "Duplicate device ID");
}

void volume_disk_pull(struct phone *phone, qmp_reply_fn done)
{
	execute(phone, "device_del", qmp_one_member("id", DEVICE), done);
}

bool volume_disk_is_gone(const char *event, JsonObject *payload)
{
	return payload && !strcmp(event, "DEVICE_DELETED") &&
	       !strcmp(json_object_get_string_member_with_default(payload, "device", ""), DEVICE);
}

void volume_disk_close(struct phone *phone)
{
	execute(phone, "blockdev-del", qmp_one_member("node-name", NODE), NULL);
	execute(phone, "object-del", qmp_one_member("id", KEY), NULL);
	execute(phone, "remove-fd", qmp_fdset(FDSET), NULL);
}
