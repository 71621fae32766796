/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/up_summary.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/json.h"
#include "common/process.h"
#include "console/up_provision.h"

#define SUMMARY_MAX 65536

static char *summary_file(const struct up_layout *layout)
{
	return g_build_filename(layout->run, "up.json", NULL);
}

char *up_address(const struct up_options *options, enum up_port port)
{
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(options->bind);
	bool any = address && g_inet_address_get_is_any(address);
	bool v6 = !any && strchr(options->bind, ':');

	return g_strdup_printf("https://%s%s%s:%u", v6 ? "[" : "",
	    any ? "127.0.0.1" : options->bind, v6 ? "]" : "", options->ports + port);
}

static void set_take(JsonObject *object, const char *member, char *value)
{
	json_object_set_string_member(object, member, value);
	g_free(value);
}

struct pids {
	JsonObject *pids, *starts;
};

static void add_pid(const char *name, pid_t pid, void *data)
{
	struct pids *pids = data;
	json_object_set_int_member(pids->pids, name, pid);
	json_object_set_int_member(pids->starts, name, (gint64)process_start_time(pid));
}

bool up_summary_store(const struct up_layout *layout, const struct up_options *options,
    const struct supervisor *supervisor, GError **error)
{
	static const char *const sockets[] = {"qvisord", "mtpd", "poold", "brokerd"};
	JsonObject *object = json_object_new(), *paths = json_object_new();
	struct pids pids = {json_object_new(), json_object_new()};
	g_autofree char *file = summary_file(layout);

	set_take(object, "broker", up_address(options, UP_PORT_BROKER));
	set_take(object, "console", up_address(options, UP_PORT_CONSOLE));
	json_object_set_string_member(object, "user", UP_USER);
	set_take(object, "password_file", up_password_file(layout, UP_USER));
	json_object_set_string_member(object, "admin", UP_ADMIN);
	set_take(object, "admin_password_file", up_password_file(layout, UP_ADMIN));
	set_take(object, "ca_file", up_layout_state_file(layout, "pki/ca.pem"));
	json_object_set_string_member(object, "state", layout->state);
	for (unsigned i = 0; i < G_N_ELEMENTS(sockets); i++)
		set_take(paths, sockets[i], up_layout_socket(layout, sockets[i]));
	json_object_set_object_member(object, "sockets", paths);
	supervisor_each(supervisor, add_pid, &pids);
	json_object_set_object_member(object, "pids", pids.pids);
	json_object_set_object_member(object, "start_times", pids.starts);
	g_autoptr(JsonNode) node = json_node_of(object);
	return json_store_file(file, node, 0600, error);
}

void up_summary_end_leftovers(const struct up_layout *layout)
{
	g_autofree char *file = summary_file(layout);
	g_autoptr(JsonNode) node = json_load_file(file, SUMMARY_MAX, NULL);
	JsonObject *object = node ? json_node_get_object(node) : NULL;
	JsonObject *pids = object ? json_get_optional_object(object, "pids", NULL) : NULL;
	JsonObject *starts = object ? json_get_optional_object(object, "start_times", NULL) : NULL;
	g_autoptr(GList) names = pids ? json_object_get_members(pids) : NULL;

	for (GList *name = names; name && starts; name = name->next) {
		int64_t pid, start;
		if (!json_get_int(pids, name->data, 1, G_MAXINT32, &pid, NULL) ||
		    !json_get_int(starts, name->data, 1, G_MAXINT64, &start, NULL) ||
		    !process_is((pid_t)pid, (uint64_t)start))
			continue;
		g_message("ending %s (pid %d), left by a run that did not end by itself",
		    (char *)name->data, (int)pid);
		process_end((pid_t)pid, (uint64_t)start, 5000);
	}
}

void up_summary_print(const struct up_layout *layout, const struct up_options *options)
{
	g_autofree char *broker = up_address(options, UP_PORT_BROKER);
	g_autofree char *console = up_address(options, UP_PORT_CONSOLE);
	g_autofree char *ca = up_layout_state_file(layout, "pki/ca.pem");
	g_autofree char *file = up_password_file(layout, UP_USER);
	g_autofree char *admin_file = up_password_file(layout, UP_ADMIN);
	g_autofree char *password = file_load(file, 256, NULL, NULL);
	g_autofree char *log = up_layout_state_file(layout, "log");

	printf("\nQVMI is up.\n\n"
	       "  browser     %s   (once: trust %s, or accept the certificate)\n"
	       "  user        " UP_USER "\n"
	       "  password    %s\n"
	       "  phone PIN   1234\n\n"
	       "  client      mtp-client %s --user " UP_USER " \\\n"
	       "                --ca-file %s --password-file %s\n"
	       "  console     %s   (user " UP_ADMIN ", password in %s)\n"
	       "  command     qvmi status\n"
	       "  logs        %s\n\n"
	       "Ctrl-C ends everything.\n",
	    broker, ca, password ? g_strchomp(password) : "?", broker, ca, file, console,
	    admin_file, log);
	fflush(stdout);
}
