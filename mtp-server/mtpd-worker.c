/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mtpd-worker: one process a phone. Started by mtpd with a link (link.h); gives up every privilege
 * as soon as QEMU has accepted it, and ends with mtpd.
 */
#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/socket.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "common/log.h"
#include "mtp-server/confine.h"
#include "mtp-server/link.h"
#include "mtp-server/worker.h"

#define COUNTERS_MS 1000

struct program {
	GMainLoop *loop;
	struct worker *worker;
	JsonArray *told; /* the counters that mtpd has; NULL: none yet */
};

static bool tell(JsonObject *message)
{
	g_autoptr(GError) error = NULL;
	/* When mtpd is too busy to listen it is told of frames later, or asks again. */
	if (link_send(LINK_FD, message, -1, &error))
		return true;
	g_debug("mtpd does not listen: %s", error->message);
	return false;
}

static void set_error(JsonObject *message, const GError *error)
{
	json_object_set_string_member(message, "error", qvmi_error_word(error));
	json_object_set_string_member(message, "detail", error->message);
}

static void on_left(const char *session, void *data)
{
	(void)data;
	g_debug("session %s has left", session);
}

static void on_wants_reader(void *data)
{
	struct program *p = data;
	if (!tell(link_message("reader")))
		worker_give_reader(p->worker, -1);
}

static gboolean on_quit(gpointer data)
{
	struct program *p = data;
	g_main_loop_quit(p->loop);
	return G_SOURCE_REMOVE;
}

static void on_gone(void *data)
{
	tell(link_message("gone"));
	/* Time for the viewers to be told. */
	g_timeout_add(500, on_quit, data);
}

static gboolean on_counters(gpointer data)
{
	struct program *p = data;
	g_autoptr(JsonArray) viewers = worker_counters(p->worker);
	/* All of it: one viewer may have come in the place of another that had seen as much. */
	if (p->told && json_array_equal(viewers, p->told))
		return G_SOURCE_CONTINUE;
	JsonObject *message = link_message("counters");
	json_object_set_array_member(message, "viewers", json_array_ref(viewers));
	if (tell(message)) {
		g_clear_pointer(&p->told, json_array_unref);
		p->told = g_steal_pointer(&viewers);
	}
	return G_SOURCE_CONTINUE;
}

static bool add_viewer(struct program *p, JsonObject *message, int *fd, GError **error)
{
	int64_t version, codecs, width, height, dpi, rotation, scaling, mode, token, checksum,
	    sequence;
	bool input;
	const char *session = json_get_string(message, "session", MTP_MAX_SESSION, error);
	if (!session || *fd < 0 ||
	    !json_get_int(message, "version", 1, MTP_VERSION, &version, error) ||
	    !json_get_int(message, "codecs", 0, UINT32_MAX, &codecs, error) ||
	    !json_get_int(message, "width", 0, UINT16_MAX, &width, error) ||
	    !json_get_int(message, "height", 0, UINT16_MAX, &height, error) ||
	    !json_get_int(message, "dpi", 0, UINT16_MAX, &dpi, error) ||
	    !json_get_int(message, "rotation", 0, 3, &rotation, error) ||
	    !json_get_int(message, "scaling", 0, MTP_SCALING_EXACT, &scaling, error) ||
	    !json_get_int(message, "mode", 0, MTP_MODE_TAKE, &mode, error) ||
	    !json_get_int(message, "token", 0, INT64_MAX, &token, error) ||
	    !json_get_int(message, "checksum", 0, INT64_MAX, &checksum, error) ||
	    !json_get_int(message, "sequence", 0, UINT32_MAX, &sequence, error) ||
	    !json_get_optional_bool(message, "input", false, &input, error))
		return false;
	struct viewer_options options = {.session = session,
	    .version = (uint16_t)version,
	    .codecs = (uint32_t)codecs,
	    .may_input = input,
	    .place = {(uint64_t)token, (uint64_t)checksum, (uint32_t)sequence},
	    .terminal = {.width = (uint16_t)width,
	        .height = (uint16_t)height,
	        .dpi = (uint16_t)dpi,
	        .rotation = (uint8_t)rotation,
	        .scaling = (uint8_t)scaling,
	        .mode = (uint8_t)mode}};
	return worker_add_viewer(p->worker, fd_steal(fd), &options, error);
}

static bool write_all(int fd, GBytes *bytes)
{
	size_t size, done = 0;
	const char *data = g_bytes_get_data(bytes, &size);
	while (done < size) {
		ssize_t n = pwrite(fd, data + done, size - done, (off_t)done);
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static bool make_thumbnail(struct program *p, JsonObject *message, int fd, GError **error)
{
	int64_t id, width;
	if (!json_get_int(message, "id", 0, INT64_MAX, &id, error) ||
	    !json_get_int(message, "width", 1, 65535, &width, error))
		return false;
	JsonObject *answer = link_message("thumbnail");
	json_object_set_int_member(answer, "id", id);
	g_autoptr(GError) problem = NULL;
	g_autoptr(GBytes) jpeg = worker_thumbnail(p->worker, (unsigned)width, &problem);
	if (jpeg && !write_all(fd, jpeg))
		g_set_error(&problem, QVMI_ERROR, QVMI_ERROR_FAILED,
		    "cannot hand over the thumbnail: %s", g_strerror(errno));
	if (problem)
		set_error(answer, problem);
	else
		json_object_set_int_member(answer, "size", (gint64)g_bytes_get_size(jpeg));
	tell(answer);
	return true;
}

static bool end_viewer(struct program *p, JsonObject *message, GError **error)
{
	int64_t code;
	const char *session = json_get_string(message, "session", MTP_MAX_SESSION, error);
	const char *reason =
	    session ? json_get_string(message, "reason", LINK_TEXT_MAX, error) : NULL;
	if (!reason || !json_get_int(message, "code", 0, UINT16_MAX, &code, error))
		return false;
	worker_end_viewer(p->worker, session, (enum mtp_bye_code)code, reason);
	return true;
}

static bool on_message(struct program *p, JsonObject *message, int *fd, GError **error)
{
	const char *type = json_get_string(message, "type", 16, error);
	if (!type)
		return false;
	if (g_str_equal(type, "viewer"))
		return add_viewer(p, message, fd, error);
	if (g_str_equal(type, "thumbnail"))
		return make_thumbnail(p, message, *fd, error);
	if (g_str_equal(type, "reader")) {
		worker_give_reader(p->worker, *fd < 0 ? -1 : fd_steal(fd));
		return true;
	}
	if (g_str_equal(type, "end"))
		return end_viewer(p, message, error);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "mtpd said '%s'", type);
	return false;
}

static gboolean on_link(gint socket, GIOCondition condition, gpointer data)
{
	(void)condition;
	struct program *p = data;
	g_autoptr(GError) error = NULL;
	AUTO_FD fd = -1;
	g_autoptr(JsonObject) message = link_receive(socket, &fd, &error);
	if (message && !on_message(p, message, &fd, &error))
		g_message("mtpd's request failed: %s",
		    error ? error->message : "it came without its descriptor");
	else if (!message && error && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
		g_warning("mtpd cannot be understood: %s", error->message);
	if (!message && !error)
		g_main_loop_quit(p->loop);
	return G_SOURCE_CONTINUE;
}

/* Everything that needs privileges. */
static bool start(struct program *p, GError **error)
{
	static const struct worker_events events = {
	    .left = on_left, .wants_reader = on_wants_reader, .gone = on_gone};
	int64_t width, height, touch_points, mode_pixels, uid;
	struct display_sockets sockets;
	g_autoptr(JsonObject) message =
	    link_receive_all(LINK_FD, sockets.fds, DISPLAY_SOCKETS, error);
	if (!message) {
		if (error && !*error)
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_CANCELLED, "mtpd has ended");
		return false;
	}
	if (!json_get_int(message, "width", 1, MTP_MAX_SIDE, &width, error) ||
	    !json_get_int(message, "height", 1, MTP_MAX_SIDE, &height, error) ||
	    !json_get_int(message, "touch_points", 0, 255, &touch_points, error) ||
	    !json_get_int(message, "mode_pixels", 0, UINT32_MAX, &mode_pixels, error) ||
	    !json_get_optional_int(message, "uid", 0, INT32_MAX, 0, &uid, error) ||
	    !confine_limits(error))
		return false;
	const struct worker_screen screen = {
	    (unsigned)width, (unsigned)height, (unsigned)touch_points, (unsigned)mode_pixels};
	p->worker = worker_new(&sockets, &screen, &events, p, error);
	return p->worker && g_unix_set_fd_nonblocking(LINK_FD, TRUE, error) &&
	       confine_identity((uid_t)uid, error) && confine_system_calls(error);
}

int main(int argc, char **argv)
{
	(void)argv;
	log_init("mtpd-worker");
	int type;
	socklen_t size = sizeof type;
	if (argc != 1 || getsockopt(LINK_FD, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
	    type != SOCK_SEQPACKET) {
		g_printerr("mtpd-worker: started by mtpd, one a phone; not by hand\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	/* A terminal's Ctrl-C is mtpd's affair. */
	signal(SIGINT, SIG_IGN);
	struct program p = {.loop = g_main_loop_new(NULL, FALSE)};
	g_autoptr(GError) error = NULL;
	if (!start(&p, &error)) {
		JsonObject *failed = link_message("failed");
		set_error(failed, error);
		tell(failed);
		worker_free(p.worker);
		g_main_loop_unref(p.loop);
		return qvmi_error_exit_code(error);
	}
	tell(link_message("ready"));
	g_unix_fd_add(LINK_FD, G_IO_IN | G_IO_HUP, on_link, &p);
	g_timeout_add(COUNTERS_MS, on_counters, &p);
	g_main_loop_run(p.loop);
	worker_free(p.worker);
	g_clear_pointer(&p.told, json_array_unref);
	g_main_loop_unref(p.loop);
	return EXIT_SUCCESS;
}
