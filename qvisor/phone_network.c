/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/phone_network.h"

#include <string.h>

#include "common/error.h"
#include "qvisor/network_reach.h"
#include "qvisor/networks.h"
#include "qvisor/phone.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_table.h"

#define NETDEV "net0"
#define NIC "nic0"

/* NULL: its interface has no cable. */
static struct network *network_of(const struct phone *phone, GError **error)
{
	return networks_get(phone->host->networks, phone->reach, error);
}

static void pull(struct phone *phone)
{
	qmp_execute(
	    phone->qmp, "device_del", qmp_one_member("id", NIC), -1, QMP_DEADLINE_MS, NULL, NULL);
}

/* The way out is closed by us; whether the guest lets go of the interface is its matter. */
static void unplug(struct phone *phone)
{
	phone->passt = 0; /* it ends, and nothing follows from that */
	qmp_execute(phone->qmp, "netdev_del", qmp_one_member("id", NETDEV), -1, QMP_DEADLINE_MS,
	    NULL, NULL);
	pull(phone);
}

static void on_plugged(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct phone *phone = data;
	bool stale = phone->network_plug == NETWORK_PLUG_STALE;
	phone->network_plug = NETWORK_PLUG_NONE;
	if (error && g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return;
	/* Plugged by a qvisord that could not record it any more. */
	bool plugged = error && strstr(error->message, "Duplicate device ID");
	if (error && !plugged) {
		g_warning("phone %s has no network interface: %s", phone->uuid, error->message);
		return;
	}
	/* The descriptor that was not taken would keep its passt. */
	if (plugged && phone->passt)
		qmp_execute(phone->qmp, "closefd", qmp_one_member("fdname", NETDEV), -1,
		    QMP_DEADLINE_MS, NULL, NULL);
	phone->has_network = true;
	phone_record_store(phone, NULL);
	if (stale)
		unplug(phone);
}

static void add_hub(struct phone *phone)
{
	JsonObject *hub = json_object_new();
	json_object_set_string_member(hub, "type", "hubport");
	json_object_set_string_member(hub, "id", NETDEV);
	json_object_set_int_member(hub, "hubid", 0);
	/* After a lost connection it may be there already; what matters is the device. */
	qmp_execute(phone->qmp, "netdev_add", hub, -1, QMP_DEADLINE_MS, NULL, NULL);
}

struct passt {
	struct host *host;
	char *uuid;
};

static void passt_free(void *pointer)
{
	struct passt *passt = pointer;
	g_free(passt->uuid);
	g_free(passt);
}

/* Usually with its phone; else the interface is pulled and, when the guest has let go of it,
 * plugged again. */
static void on_passt_exit(GPid pid, int status, void *data)
{
	const struct passt *passt = data;
	struct phone *phone =
	    passt->host->phones ? phone_table_find(passt->host->phones, passt->uuid, NULL) : NULL;
	if (!phone || phone->passt != pid)
		return;
	phone->passt = 0;
	if (phone->state != PHONE_RUNNING || !phone->qmp || !phone->has_network)
		return;
	g_warning("phone %s: its passt (pid %d) has ended (%d); it gets a new one", phone->uuid,
	    (int)pid, status);
	pull(phone);
}

static bool add_passt(struct phone *phone, struct network *network, GError **error)
{
	int fd = network_attach(network, phone->folder, &phone->passt, error);
	if (fd < 0)
		return false;
	struct passt *passt = g_new(struct passt, 1);
	*passt = (struct passt){phone->host, g_strdup(phone->uuid)};
	g_child_watch_add_full(G_PRIORITY_DEFAULT, phone->passt, on_passt_exit, passt, passt_free);
	/* Not "stream": that cannot take a descriptor by its name at run time. passt speaks both.
	 */
	JsonObject *stream = json_object_new();
	json_object_set_string_member(stream, "type", "socket");
	json_object_set_string_member(stream, "id", NETDEV);
	json_object_set_string_member(stream, "fd", NETDEV);
	qmp_execute(
	    phone->qmp, "getfd", qmp_one_member("fdname", NETDEV), fd, QMP_DEADLINE_MS, NULL, NULL);
	qmp_execute(phone->qmp, "netdev_add", stream, -1, QMP_DEADLINE_MS, NULL, NULL);
	return true;
}

/* Nobody is at the other end of the hub. A guest that is told so asks for no address, again and
 * again (docs/decisions/136). */
static void pull_cable(struct phone *phone)
{
	JsonObject *link = qmp_one_member("name", NIC);
	json_object_set_boolean_member(link, "up", FALSE);
	qmp_execute(phone->qmp, "set_link", link, -1, QMP_DEADLINE_MS, NULL, NULL);
}

void phone_network_plug(struct phone *phone)
{
	g_autoptr(GError) error = NULL;
	bool wanted = phone->reach || phone->host->network_kind != HOST_NETWORK_NONE;
	if (!wanted || phone->has_network || !phone->qmp || phone->network_plug)
		return;
	struct network *network = network_of(phone, &error);
	if (!network && !error) {
		add_hub(phone);
	} else if (!network || !add_passt(phone, network, &error)) {
		g_warning("phone %s has no network: %s", phone->uuid, error->message);
		return;
	}
	JsonObject *device = json_object_new();
	json_object_set_string_member(device, "driver", "virtio-net-pci");
	json_object_set_string_member(device, "id", NIC);
	json_object_set_string_member(device, "bus", "spare0");
	json_object_set_string_member(device, "netdev", NETDEV);
	json_object_set_string_member(device, "mac", phone->mac);
	json_object_set_string_member(device, "romfile", ""); /* nobody boots from it */
	phone->network_plug = NETWORK_PLUG_UNDER_WAY;
	qmp_execute(phone->qmp, "device_add", device, -1, QMP_DEADLINE_MS, on_plugged, phone);
	if (!network)
		pull_cable(phone);
}

void phone_network_unplug(struct phone *phone)
{
	if (phone->has_network && phone->qmp)
		unplug(phone);
}

bool phone_network_set(struct phone *phone, const char *reach, GError **error)
{
	g_autofree char *before = phone->reach;
	if (!g_strcmp0(before, reach)) {
		g_steal_pointer(&before);
		return true;
	}
	phone->reach = g_strdup(reach);
	if (!phone_record_store(phone, error)) {
		g_free(phone->reach);
		phone->reach = g_steal_pointer(&before);
		return false;
	}
	g_message(
	    "phone %s may reach: %s", phone->uuid, reach ? reach : host_network_name(phone->host));
	if (phone->network_plug)
		phone->network_plug = NETWORK_PLUG_STALE;
	else if (phone->has_network && phone->qmp)
		unplug(phone);
	else if (phone->state == PHONE_RUNNING && phone->identity_set)
		phone_network_plug(phone);
	return true;
}

bool phone_network_check(const struct host *host, const char *reach, char **normal, GError **error)
{
	*normal = reach ? networks_normalize(host->networks, reach, error) : NULL;
	if (!reach || (*normal && !strcmp(*normal, NETWORK_REACH_NONE)))
		return true;
	return *normal && networks_get(host->networks, *normal, error);
}

bool phone_network_is_used(void *data, const char *reach)
{
	const struct host *host = data;
	g_autoptr(GPtrArray) phones = phone_table_list(host->phones);
	for (unsigned i = 0; i < phones->len; i++) {
		const struct phone *phone = g_ptr_array_index(phones, i);
		if (phone->process && !g_strcmp0(phone->reach, reach))
			return true;
	}
	return false;
}

void phone_network_event(struct phone *phone, const char *name, JsonObject *payload)
{
	if ((phone->state != PHONE_RUNNING && phone->state != PHONE_CREATING) ||
	    !phone->has_network || !payload || strcmp(name, "DEVICE_DELETED") ||
	    strcmp(json_object_get_string_member_with_default(payload, "device", ""), NIC))
		return;
	qmp_execute(phone->qmp, "netdev_del", qmp_one_member("id", NETDEV), -1, QMP_DEADLINE_MS,
	    NULL, NULL);
	phone->has_network = false;
	if (phone->state == PHONE_RUNNING)
		phone_network_plug(phone);
}
