/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/phone_network.h"

#include <string.h>

#include "common/error.h"
#include "qvisor/network_reach.h"
#include "qvisor/networks.h"
#include "qvisor/phone.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_table.h"

#define HUB 0
#define NIC "nic0"
#define NETDEV "net0"  /* the interface's port of the hub */
#define PASST "passt0" /* the socket that leads to passt, and its port of the hub */
#define PASST_PORT "passt0-port"

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

static void delete_netdev(struct phone *phone, const char *id)
{
	/* What is not there cannot be deleted, and need not. */
	qmp_execute(
	    phone->qmp, "netdev_del", qmp_one_member("id", id), -1, QMP_DEADLINE_MS, NULL, NULL);
}

/* Whatever the guest does it reaches nothing any more. */
static void cut_cable(struct phone *phone)
{
	phone->passt = 0; /* it ends, and nothing follows from that */
	delete_netdev(phone, PASST_PORT);
	delete_netdev(phone, PASST);
}

/* Without a cable a guest asks for no address, again and again (docs/decisions/136). */
static void set_link(struct phone *phone, bool up)
{
	JsonObject *link = qmp_one_member("name", NIC);
	json_object_set_boolean_member(link, "up", up);
	qmp_execute(phone->qmp, "set_link", link, -1, QMP_DEADLINE_MS, NULL, NULL);
}

/* The way out is closed by us; whether the guest lets go of the interface is its matter. */
static void unplug(struct phone *phone)
{
	cut_cable(phone);
	delete_netdev(phone, NETDEV);
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
	phone->has_network = true;
	phone_record_store(phone, NULL);
	if (stale)
		unplug(phone);
}

static void add_hub_port(struct phone *phone, const char *id, const char *netdev)
{
	JsonObject *port = json_object_new();
	json_object_set_string_member(port, "type", "hubport");
	json_object_set_string_member(port, "id", id);
	json_object_set_int_member(port, "hubid", HUB);
	if (netdev)
		json_object_set_string_member(port, "netdev", netdev);
	/* After a lost connection it may be there already; what matters is the device. */
	qmp_execute(phone->qmp, "netdev_add", port, -1, QMP_DEADLINE_MS, NULL, NULL);
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

/* One that a qvisord before us could not record any more is there: the second passt would be kept
 * by the descriptor that was not taken. */
static void on_passt_added(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct phone *phone = data;
	if (!error || !phone->qmp)
		return;
	phone->passt = 0;
	qmp_execute(phone->qmp, "closefd", qmp_one_member("fdname", PASST), -1, QMP_DEADLINE_MS,
	    NULL, NULL);
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
	json_object_set_string_member(stream, "id", PASST);
	json_object_set_string_member(stream, "fd", PASST);
	qmp_execute(
	    phone->qmp, "getfd", qmp_one_member("fdname", PASST), fd, QMP_DEADLINE_MS, NULL, NULL);
	qmp_execute(phone->qmp, "netdev_add", stream, -1, QMP_DEADLINE_MS, on_passt_added, phone);
	add_hub_port(phone, PASST_PORT, PASST);
	return true;
}

static bool is_wanted(const struct phone *phone)
{
	return phone->reach || phone->host->network_kind != HOST_NETWORK_NONE;
}

/* `*network` NULL: it has no cable. */
static bool connect_cable(struct phone *phone, struct network **network)
{
	g_autoptr(GError) error = NULL;
	*network = network_of(phone, &error);
	if (!error && (!*network || phone->passt || add_passt(phone, *network, &error)))
		return true;
	g_warning("phone %s has no network: %s", phone->uuid, error->message);
	return false;
}

void phone_network_plug(struct phone *phone)
{
	struct network *network;
	if (!is_wanted(phone) || phone->has_network || !phone->qmp || phone->network_plug)
		return;
	phone->passt = 0;
	if (!connect_cable(phone, &network))
		return;
	add_hub_port(phone, NETDEV, NULL);
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
		set_link(phone, false);
}

/* --- one that it has since before it was this phone --- */

static const char *main_mac(JsonNode *filters)
{
	JsonArray *list =
	    filters && JSON_NODE_HOLDS_ARRAY(filters) ? json_node_get_array(filters) : NULL;
	JsonObject *first =
	    list && json_array_get_length(list) ? json_array_get_object_element(list, 0) : NULL;
	return first ? json_object_get_string_member_with_default(first, "main-mac", "") : "";
}

/* What the guest's driver has told its device. */
static void on_filters(void *data, JsonNode *filters, const GError *error)
{
	struct phone *phone = data;
	struct network *network;
	if (!phone->qmp || !phone->has_network ||
	    (error && g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED)))
		return;
	if (error || strcmp(main_mac(filters), phone->mac)) {
		g_message("phone %s: its interface has another's address, it gets a new one",
		    phone->uuid);
		unplug(phone);
	} else if (connect_cable(phone, &network) && network) {
		set_link(phone, true);
	}
}

void phone_network_identified(struct phone *phone)
{
	if (phone->has_network && phone->qmp)
		qmp_execute(phone->qmp, "query-rx-filter", qmp_one_member("name", NIC), -1,
		    QMP_DEADLINE_MS, on_filters, phone);
	else
		phone_network_plug(phone);
}

void phone_network_cut(struct phone *phone)
{
	if (!phone->has_network || !phone->qmp)
		return;
	set_link(phone, false);
	cut_cable(phone);
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
	cut_cable(phone);
	delete_netdev(phone, NETDEV);
	phone->has_network = false;
	if (phone->state == PHONE_RUNNING)
		phone_network_plug(phone);
}
