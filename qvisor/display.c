/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/display.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/descriptor.h"
#include "common/error.h"
#include "common/json.h"
#include "qvisor/launcher.h"
#include "qvisor/phone.h"
#include "qvisor/phone_table.h"

#define REQUEST_MAX 1024
#define CLIENTS_MAX 32
#define CLIENT_DEADLINE_S 10
#define ANSWER_FDS 3

struct display {
	struct host *host;
	char *path;
	int fd;
	uid_t allowed;
	guint source;
	GPtrArray *clients; /* struct client * */
};

struct client {
	struct display *display;
	int fd;
	int display_fd; /* what it has brought for QEMU */
	/* What it is to use in place of the end that it has kept, and for its listener. */
	int answer_fds[ANSWER_FDS];
	unsigned answer_fd_count;
	char *uuid;
	guint source, deadline;
	bool waits; /* for QEMU's answer, which will come */
	bool gone;
};

static void client_release(struct client *client)
{
	if (client->waits)
		return; /* on_added() frees it */
	g_free(client->uuid);
	g_free(client);
}

static void client_end(void *pointer)
{
	struct client *client = pointer;
	g_clear_handle_id(&client->source, g_source_remove);
	g_clear_handle_id(&client->deadline, g_source_remove);
	close(client->fd);
	if (client->display_fd >= 0)
		close(client->display_fd);
	while (client->answer_fd_count)
		close(client->answer_fds[--client->answer_fd_count]);
	client->gone = true;
	client_release(client);
}

static void client_remove(struct client *client)
{
	g_ptr_array_remove_fast(client->display->clients, client); /* calls client_end */
}

/* Answers and ends. */
static void client_answer(struct client *client, JsonObject *answer)
{
	g_autoptr(JsonNode) node = json_node_of(answer);
	g_autofree char *text = json_text(node);
	g_autoptr(GError) error = NULL;
	if (!descriptor_send(client->fd, text, strlen(text), client->answer_fds,
	        client->answer_fd_count, &error))
		g_message("display.sock: a client did not take its answer: %s", error->message);
	client_remove(client);
}

static void client_refuse(struct client *client, const GError *error)
{
	JsonObject *problem = json_object_new(), *answer = json_object_new();
	json_object_set_string_member(problem, "type", qvmi_error_word(error));
	json_object_set_string_member(problem, "detail", error->message);
	json_object_set_object_member(answer, "error", problem);
	g_message("display.sock: %s", error->message);
	client_answer(client, answer);
}

static void on_added(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct client *client = data;
	client->waits = false;
	if (client->gone) {
		client_release(client);
		return;
	}
	g_autoptr(GError) lost = NULL;
	struct phone *phone = phone_table_find(client->display->host->phones, client->uuid, &lost);
	if (error || !phone || !phone->template) {
		client_refuse(client, error ? error : lost);
		return;
	}
	const struct manifest *manifest = phone->template->manifest;
	JsonObject *answer = json_object_new();
	json_object_set_int_member(answer, "width", manifest->width);
	json_object_set_int_member(answer, "height", manifest->height);
	json_object_set_int_member(answer, "touch_points", manifest_touch_points(manifest));
	json_object_set_boolean_member(answer, "keyboard", TRUE);
	client_answer(client, answer);
}

/* A QEMU in a jail cannot see who is outside and takes no connection of such: its launcher makes
 * those that it takes, of this client's user. */
static bool client_bring_inside(struct client *client, const struct phone *phone, GError **error)
{
	const struct qemu_process *process = phone->process;
	int pair[2], listener[2];
	if (!process->launcher)
		return true;
	if (!launcher_pair(process->launcher, process->pidfd, client->display_fd, pair, error))
		return false;
	AUTO_FD kept = pair[0], qemus = pair[1];
	if (!launcher_pair(process->launcher, process->pidfd, client->display_fd, listener, error))
		return false;
	close(client->display_fd);
	client->display_fd = fd_steal(&qemus);
	client->answer_fds[0] = fd_steal(&kept);
	client->answer_fds[1] = listener[0];
	client->answer_fds[2] = listener[1];
	client->answer_fd_count = ANSWER_FDS;
	return true;
}

static bool client_ask_qemu(struct client *client, struct phone *phone, GError **error)
{
	if (phone->state != PHONE_RUNNING || !phone->qmp || !phone->template) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone %s is %s: it has no screen now", phone->uuid,
		    phone_state_name(phone->state));
		return false;
	}
	if (!client_bring_inside(client, phone, error))
		return false;
	client->waits = true;
	JsonObject *name = json_object_new(), *add = json_object_new();
	json_object_set_string_member(name, "fdname", "display");
	json_object_set_string_member(add, "protocol", "@dbus-display");
	json_object_set_string_member(add, "fdname", "display");
	json_object_set_boolean_member(add, "skipauth", TRUE);
	qmp_execute(
	    phone->qmp, "getfd", name, fd_steal(&client->display_fd), QMP_DEADLINE_MS, NULL, NULL);
	qmp_execute(phone->qmp, "add_client", add, -1, QMP_DEADLINE_MS, on_added, client);
	return true;
}

static bool client_request(struct client *client, const char *text, size_t n, GError **error)
{
	g_autoptr(JsonNode) node = json_parse_object(text, n, error);
	const char *uuid =
	    node ? json_get_string(json_node_get_object(node), "phone", 36, error) : NULL;
	struct phone *phone =
	    uuid ? phone_table_find(client->display->host->phones, uuid, error) : NULL;
	if (!phone)
		return false;
	if (client->display_fd < 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the request comes without a socket for QEMU");
		return false;
	}
	client->uuid = g_strdup(uuid);
	return client_ask_qemu(client, phone, error);
}

static gboolean on_request(int fd, GIOCondition condition, void *pointer)
{
	(void)condition;
	struct client *client = pointer;
	char text[REQUEST_MAX];
	int brought = -1;
	unsigned fds = 1;
	g_autoptr(GError) error = NULL;
	ssize_t n = descriptor_receive(fd, text, sizeof(text), &brought, &fds, &error);
	if (n < 0 && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
		return G_SOURCE_CONTINUE;
	client->source = 0;
	if (n >= 0 && fds)
		client->display_fd = brought;
	if (n == 0)
		client_remove(client);
	else if (n < 0 || !client_request(client, text, n, &error))
		client_refuse(client, error);
	return G_SOURCE_REMOVE;
}

static gboolean on_deadline(void *pointer)
{
	struct client *client = pointer;
	client->deadline = 0;
	client_remove(client);
	return G_SOURCE_REMOVE;
}

static gboolean on_connection(int listener, GIOCondition condition, void *pointer)
{
	(void)condition;
	struct display *display = pointer;
	AUTO_FD fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	uid_t uid;
	pid_t pid;
	g_autoptr(GError) error = NULL;
	if (fd < 0)
		return G_SOURCE_CONTINUE;
	if (!descriptor_peer(fd, &uid, &pid, &error) ||
	    (uid != geteuid() && uid != 0 && uid != display->allowed)) {
		g_warning("display.sock: refused uid %u (pid %d)", (unsigned)uid, (int)pid);
		return G_SOURCE_CONTINUE;
	}
	if (display->clients->len >= CLIENTS_MAX) {
		g_warning(
		    "display.sock: more than %d clients at once; one is turned away", CLIENTS_MAX);
		return G_SOURCE_CONTINUE;
	}
	struct client *client = g_new0(struct client, 1);
	client->display = display;
	client->fd = fd_steal(&fd);
	client->display_fd = -1;
	client->source = g_unix_fd_add(client->fd, G_IO_IN | G_IO_HUP, on_request, client);
	client->deadline = g_timeout_add_seconds(CLIENT_DEADLINE_S, on_deadline, client);
	g_ptr_array_add(display->clients, client);
	return G_SOURCE_CONTINUE;
}

struct display *display_listen(struct host *host, const char *path, uid_t allowed, GError **error)
{
	int fd = descriptor_listen(path, error);
	if (fd < 0)
		return NULL;
	struct display *display = g_new0(struct display, 1);
	display->host = host;
	display->path = g_strdup(path);
	display->fd = fd;
	display->allowed = allowed;
	display->clients = g_ptr_array_new_with_free_func(client_end);
	if (allowed != (uid_t)-1 &&
	    chmod(path, 0666)) /* everybody may knock: the kernel says who it is */
		g_warning("cannot open %s for others: %s", path, g_strerror(errno));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	display->source = g_unix_fd_add(fd, G_IO_IN, on_connection, display);
	return display;
}

void display_free(struct display *display)
{
	if (!display)
		return;
	g_clear_handle_id(&display->source, g_source_remove);
	g_ptr_array_unref(display->clients);
	close(display->fd);
	unlink(display->path);
	g_free(display->path);
	g_free(display);
}
