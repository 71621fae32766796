/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/rdp/viewer.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/descriptor.h"
#include "common/error.h"
#include "common/process.h"

#define PROGRAM "mtp-rdp-viewer" /* beside us */
#define SIGN_IN_S 20             /* TLS and CredSSP and what RDP negotiates */
#define PACKETS_AT_ONCE 64       /* then the others get their turn */

struct viewer {
	const struct viewer_events *events;
	void *data;
	pid_t pid; /* not reaped */
	int link;
	guint watch, timer;
	bool borrowed, let_in, ready, has_memory;
};

static void gone(struct viewer *viewer)
{
	viewer->events->gone(viewer, viewer->data);
}

static gboolean on_overdue(gpointer data)
{
	struct viewer *viewer = data;

	viewer->timer = 0;
	gone(viewer);
	return G_SOURCE_REMOVE;
}

/* False: it makes no sense, or there is no more. */
static bool take_packet(struct viewer *viewer, const struct link_packet *packet)
{
	if (packet->kind == LINK_ASK && !viewer->borrowed) {
		viewer->borrowed = true;
	} else if (packet->kind == LINK_LET_IN) {
		if (!viewer->borrowed || viewer->let_in)
			return false;
	} else if (!viewer->let_in) {
		return false;
	}
	if (packet->kind == LINK_READY) {
		viewer->ready = true;
		viewer->events->ready(viewer, viewer->data);
	} else {
		viewer->events->said(viewer, packet, viewer->data);
	}
	return true;
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
	struct viewer *viewer = data;

	(void)condition;
	for (unsigned i = 0; i < PACKETS_AT_ONCE; i++) {
		struct link_packet packet;
		unsigned n_fds = 0;
		g_autoptr(GError) error = NULL;
		ssize_t n = descriptor_receive(fd, &packet, sizeof packet, NULL, &n_fds, &error);

		if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
			break;
		if (n != sizeof packet || !take_packet(viewer, &packet)) {
			viewer->watch = 0;
			gone(viewer);
			return G_SOURCE_REMOVE;
		}
	}
	return G_SOURCE_CONTINUE;
}

static pid_t start_process(int link, int client, int credentials, GError **error)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = self ? g_path_get_dirname(self) : g_strdup(".");
	g_autofree char *program = g_build_filename(folder, PROGRAM, NULL);
	const char *argv[] = {program, NULL};
	const struct process_fd fds[] = {
	    {link, LINK_FD}, {client, LINK_CLIENT_FD}, {credentials, LINK_CREDENTIALS_FD}};

	return process_spawn(&(struct process_spawn){.argv = argv,
	                         .fds = fds,
	                         .n_fds = G_N_ELEMENTS(fds),
	                         .stdin_fd = -1,
	                         .stdout_fd = -1,
	                         .stderr_fd = -1,
	                         .new_session = true, /* Ctrl-C is ours */
	                         .death_signal = SIGKILL},
	    error);
}

struct viewer *viewer_new(
    int client, int credentials, const struct viewer_events *events, void *data, GError **error)
{
	int pair[2];

	if (!descriptor_pair(SOCK_SEQPACKET, pair, error))
		return NULL;
	pid_t pid = start_process(pair[1], client, credentials, error);

	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return NULL;
	}
	struct viewer *viewer = g_new0(struct viewer, 1);

	*viewer = (struct viewer){.events = events, .data = data, .pid = pid, .link = pair[0]};
	g_unix_set_fd_nonblocking(viewer->link, TRUE, NULL);
	viewer->watch = g_unix_fd_add(viewer->link, G_IO_IN | G_IO_HUP, on_readable, viewer);
	viewer->timer = g_timeout_add_seconds(SIGN_IN_S, on_overdue, viewer);
	return viewer;
}

static void on_reaped(GPid pid, gint status, gpointer data)
{
	(void)status;
	(void)data;
	g_spawn_close_pid(pid);
}

void viewer_free(struct viewer *viewer)
{
	if (!viewer)
		return;
	g_clear_handle_id(&viewer->watch, g_source_remove);
	g_clear_handle_id(&viewer->timer, g_source_remove);
	close(viewer->link);
	kill(viewer->pid, SIGKILL); /* it has nothing to tidy up; not reaped, so it is still it */
	g_child_watch_add(viewer->pid, on_reaped, NULL);
	g_free(viewer);
}

bool viewer_has_borrowed_code(const struct viewer *viewer)
{
	return viewer->borrowed;
}

bool viewer_is_let_in(const struct viewer *viewer)
{
	return viewer->let_in;
}

/* What the viewer asked for, one at a time: so there is room, or it has gone. */
static void say(struct viewer *viewer, const struct link_packet *packet, int fd)
{
	g_autoptr(GError) error = NULL;

	if (!descriptor_send(viewer->link, packet, sizeof *packet, &fd, fd >= 0 ? 1 : 0, &error))
		g_debug("a viewer's process does not hear: %s", error->message);
}

void viewer_lend_code(struct viewer *viewer, const char *code)
{
	struct link_packet packet = {.kind = LINK_CODE};

	g_strlcpy(packet.code, code, sizeof packet.code);
	say(viewer, &packet, -1);
	explicit_bzero(&packet, sizeof packet);
}

void viewer_let_in(struct viewer *viewer)
{
	viewer->let_in = true;
	g_clear_handle_id(&viewer->timer, g_source_remove);
}

bool viewer_show(
    struct viewer *viewer, uint32_t width, uint32_t height, const struct rectangle *damage, int fd)
{
	const struct link_packet packet = {
	    .kind = LINK_PICTURE, .picture = {.width = width, .height = height, .damage = *damage}};

	if (!viewer->ready)
		return false;
	say(viewer, &packet, viewer->has_memory ? -1 : fd);
	viewer->ready = false;
	viewer->has_memory = true;
	return true;
}
