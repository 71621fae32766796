/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/worker_process.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "common/descriptor.h"
#include "common/error.h"
#include "common/json.h"
#include "mtp-server/child.h"
#include "mtp-server/display_sockets.h"
#include "mtp-server/link.h"
#include "mtp-server/text_layer.h"
#include "mtp-server/thumbnail.h"

#define START_S 20 /* for qvisord, and then for the worker, to answer */

struct worker_process {
	struct worker_process_options options;
	char *phone;
	struct display_sockets display; /* our ends of what QEMU has the others of */
	int socket;                     /* to qvisord at first, then the link */
	guint watch;                    /* of it */
	guint timer;                    /* while it starts */
	guint linger;
	guint ending;         /* ended() is on its way */
	GError *error;        /* why */
	struct child *child;  /* NULL: none yet */
	struct child *reader; /* of what is written; NULL: none */
	bool ready;
	GHashTable *files; /* of thumbnails: id to descriptor + 1 */
};

static gboolean on_ending(gpointer data)
{
	struct worker_process *p = data;
	p->ending = 0;
	p->options.events->ended(p, p->error, p->options.data);
	return G_SOURCE_REMOVE;
}

static void remove_source(guint *id)
{
	if (*id)
		g_source_remove(*id);
	*id = 0;
}

/* Takes the error. */
static void end(struct worker_process *p, GError *error)
{
	if (p->ending) {
		g_error_free(error);
		return;
	}
	p->ready = false;
	p->error = error;
	remove_source(&p->watch);
	remove_source(&p->timer);
	remove_source(&p->linger);
	p->ending = g_idle_add(on_ending, p);
}

static gboolean on_slow(gpointer data)
{
	struct worker_process *p = data;
	p->timer = 0;
	end(p, g_error_new(QVMI_ERROR, QVMI_ERROR_TIMEOUT, "%s did not answer for %u s; try again",
	           p->child ? "the phone" : "qvisord", START_S));
	return G_SOURCE_REMOVE;
}

static gboolean on_lingered(gpointer data)
{
	struct worker_process *p = data;
	p->linger = 0;
	end(p, g_error_new(QVMI_ERROR, QVMI_ERROR_CANCELLED, "nobody looks at the phone"));
	return G_SOURCE_REMOVE;
}

void worker_process_linger(struct worker_process *p, unsigned seconds)
{
	remove_source(&p->linger);
	if (seconds && !p->ending)
		p->linger = g_timeout_add_seconds(seconds, on_lingered, p);
}

/* --- the worker speaks --- */

static GError *error_of(JsonObject *message)
{
	const char *word = json_get_optional_string(message, "error", 32, NULL);
	const char *detail = json_get_optional_string(message, "detail", LINK_TEXT_MAX * 8, NULL);
	return word ? qvmi_error_from_http(500, word, detail ? detail : "the worker failed") : NULL;
}

static void on_counters(struct worker_process *p, JsonObject *message)
{
	JsonArray *viewers = json_get_array(message, "viewers", 64, NULL);
	for (guint i = 0; viewers && i < json_array_get_length(viewers); i++) {
		JsonNode *node = json_array_get_element(viewers, i);
		JsonObject *viewer =
		    JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
		int64_t frames;
		const char *session =
		    viewer ? json_get_string(viewer, "session", MTP_MAX_SESSION, NULL) : NULL;
		if (session && json_get_int(viewer, "frames", 0, INT64_MAX, &frames, NULL))
			p->options.events->counters(p, session, (uint64_t)frames, p->options.data);
	}
}

static GBytes *read_thumbnail(int fd, int64_t size, GError **error)
{
	g_autofree char *bytes = g_malloc((size_t)size);
	ssize_t n = pread(fd, bytes, (size_t)size, 0);
	if (n != size) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "the thumbnail is cut short");
		return NULL;
	}
	return g_bytes_new_take(g_steal_pointer(&bytes), (size_t)size);
}

static void on_thumbnail(struct worker_process *p, JsonObject *message)
{
	int64_t id, size = 0;
	g_autoptr(GError) error = error_of(message);
	if (!json_get_int(message, "id", 0, INT64_MAX, &id, NULL))
		return;
	int fd = GPOINTER_TO_INT(g_hash_table_lookup(p->files, GSIZE_TO_POINTER((gsize)id))) - 1;
	if (fd < 0)
		return;
	g_autoptr(GBytes) jpeg = NULL;
	if (!error && json_get_int(message, "size", 1, THUMBNAIL_SIZE_MAX, &size, &error))
		jpeg = read_thumbnail(fd, size, &error);
	g_hash_table_remove(p->files, GSIZE_TO_POINTER((gsize)id));
	p->options.events->thumbnail(p, id, jpeg, error, p->options.data);
}

/* Starts a reader for the worker; one that cannot be had is told by its absence. */
static void on_reader(struct worker_process *p)
{
	const struct text_layer_start start = {.uid = (uint32_t)p->options.uid};
	g_autoptr(GError) error = NULL;
	int pair[2];
	if (p->reader)
		child_let_end(g_steal_pointer(&p->reader));
	if (!descriptor_pair(SOCK_STREAM, pair, &error)) {
		g_warning("no reader: %s", error->message);
		worker_process_send(p, link_message("reader"), -1);
		return;
	}
	AUTO_FD ours = pair[0], its = pair[1];
	p->reader = child_new(p->options.reader, its, &error);
	if (!p->reader)
		g_warning("no reader: %s", error->message);
	bool good = p->reader && send(ours, &start, sizeof start, MSG_NOSIGNAL) == sizeof start;
	worker_process_send(p, link_message("reader"), good ? ours : -1);
}

static void on_message(struct worker_process *p, JsonObject *message)
{
	const char *type = json_get_optional_string(message, "type", 16, NULL);
	if (g_strcmp0(type, "ready") == 0 && !p->ready) {
		p->ready = true;
		remove_source(&p->timer);
		p->options.events->ready(p, p->options.data);
	} else if (g_strcmp0(type, "counters") == 0) {
		on_counters(p, message);
	} else if (g_strcmp0(type, "thumbnail") == 0) {
		on_thumbnail(p, message);
	} else if (g_strcmp0(type, "reader") == 0 && p->ready) {
		on_reader(p);
	} else if (g_strcmp0(type, "gone") == 0) {
		end(p, g_error_new(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		           "the phone has been turned off; start it again"));
	} else if (g_strcmp0(type, "failed") == 0) {
		GError *error = error_of(message);
		end(p, error ? error
		             : g_error_new(QVMI_ERROR, QVMI_ERROR_FAILED, "the worker failed"));
	}
}

static gboolean on_link(gint socket, GIOCondition condition, gpointer data)
{
	(void)condition;
	struct worker_process *p = data;
	g_autoptr(GError) error = NULL;
	AUTO_FD fd = -1;
	g_autoptr(JsonObject) message = link_receive(socket, &fd, &error);
	if (message) {
		on_message(p, message);
	} else if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
		end(p, g_error_new(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		           "the phone's worker has ended%s%s; connect again", error ? ": " : "",
		           error ? error->message : ""));
	}
	return p->watch ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* --- it comes to life --- */

/* Starts the process; p->socket becomes the link. */
static bool spawn(struct worker_process *p, GError **error)
{
	int pair[2];
	if (!descriptor_pair(SOCK_SEQPACKET, pair, error))
		return false;
	close(p->socket);
	p->socket = pair[0];
	p->child = child_new(p->options.program, pair[1], error);
	close(pair[1]);
	if (!p->child)
		return false;
	return g_unix_set_fd_nonblocking(p->socket, TRUE, error);
}

/* qvisord's answer, and what the worker is to know. NULL with the error, or qvisord's. */
static JsonObject *start_message(struct worker_process *p, JsonObject *answer, GError **error)
{
	int64_t width, height, touch_points;
	JsonObject *problem = json_get_optional_object(answer, "error", NULL);
	if (problem) {
		const char *word = json_get_optional_string(problem, "type", 64, NULL);
		const char *detail = json_get_optional_string(problem, "detail", 1024, NULL);
		/* Either the word or the URN that ends with it. */
		const char *last = word ? strrchr(word, ':') : NULL;
		g_propagate_error(error, qvmi_error_from_http(500, last ? last + 1 : word,
		                             detail ? detail : "qvisord does not show the phone"));
		return NULL;
	}
	if (!json_get_int(answer, "width", 1, MTP_MAX_SIDE, &width, error) ||
	    !json_get_int(answer, "height", 1, MTP_MAX_SIDE, &height, error) ||
	    !json_get_optional_int(answer, "touch_points", 0, 255, 0, &touch_points, error)) {
		g_prefix_error(error, "qvisord's answer: ");
		return NULL;
	}
	JsonObject *message = link_message("start");
	json_object_set_string_member(message, "phone", p->phone);
	json_object_set_int_member(message, "width", width);
	json_object_set_int_member(message, "height", height);
	json_object_set_int_member(message, "touch_points", touch_points);
	json_object_set_int_member(message, "mode_pixels", p->options.mode_pixels);
	json_object_set_int_member(message, "uid", p->options.uid);
	return message;
}

/* From here on they are the worker's alone: QEMU sees when it ends. */
static bool send_start(struct worker_process *p, JsonObject *start, GError **error)
{
	const int *fds = p->display.fds;
	unsigned n = fds[1] >= 0 && fds[2] >= 0 ? DISPLAY_SOCKETS : 1;
	bool sent = link_send_all(p->socket, start, fds, n, error);
	display_sockets_close(&p->display);
	return sent;
}

static gboolean on_display(gint socket, GIOCondition condition, gpointer data)
{
	(void)condition;
	struct worker_process *p = data;
	GError *error = NULL;
	struct display_sockets inside; /* in place of ours, where QEMU takes no others */
	g_autoptr(JsonObject) answer =
	    link_receive_all(socket, inside.fds, DISPLAY_SOCKETS, &error);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
		g_error_free(error);
		return G_SOURCE_CONTINUE;
	}
	if (!answer && !error)
		error = g_error_new(
		    QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "qvisord closed the connection; try again");
	JsonObject *start = answer ? start_message(p, answer, &error) : NULL;
	if (inside.fds[0] >= 0) {
		display_sockets_close(&p->display);
		p->display = inside;
	}
	/* This source watches a descriptor that spawn() closes. */
	p->watch = 0;
	if (start && !spawn(p, &error))
		json_object_unref(g_steal_pointer(&start));
	if (start && send_start(p, start, &error))
		p->watch = g_unix_fd_add(p->socket, G_IO_IN | G_IO_HUP, on_link, p);
	if (error)
		end(p, error);
	return G_SOURCE_REMOVE;
}

static void close_file(gpointer pointer)
{
	close(GPOINTER_TO_INT(pointer) - 1);
}

struct worker_process *worker_process_new(
    const struct worker_process_options *options, GError **error)
{
	g_autoptr(GError) why = NULL;
	AUTO_FD socket = descriptor_connect(options->display_socket, &why);
	if (socket < 0) {
		/* Terminals are told this too, and the path is none of their business. */
		g_warning("qvisord's displays: %s", why->message);
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "qvisord does not answer on this host; try again later");
		return NULL;
	}
	JsonObject *request = json_object_new();
	json_object_set_string_member(request, "phone", options->phone);
	if (!g_unix_set_fd_nonblocking(socket, TRUE, error)) {
		json_object_unref(request);
		return NULL;
	}
	int pair[2];
	if (!descriptor_pair(SOCK_STREAM, pair, error)) {
		json_object_unref(request);
		return NULL;
	}
	AUTO_FD display = pair[0], qemus = pair[1];
	if (!link_send(socket, request, qemus, error))
		return NULL;
	struct worker_process *p = g_new0(struct worker_process, 1);
	p->display = (struct display_sockets){{fd_steal(&display), -1, -1}};
	p->options = *options;
	p->phone = g_strdup(options->phone);
	p->options.phone = p->phone;
	p->socket = fd_steal(&socket);
	p->watch = g_unix_fd_add(p->socket, G_IO_IN | G_IO_HUP, on_display, p);
	p->timer = g_timeout_add_seconds(START_S, on_slow, p);
	p->files = g_hash_table_new_full(NULL, NULL, NULL, close_file);
	return p;
}

void worker_process_free(struct worker_process *p)
{
	if (!p)
		return;
	remove_source(&p->watch);
	remove_source(&p->timer);
	remove_source(&p->linger);
	remove_source(&p->ending);
	close(p->socket);
	display_sockets_close(&p->display);
	if (p->child)
		child_let_end(p->child);
	if (p->reader)
		child_let_end(p->reader);
	g_hash_table_unref(p->files);
	g_clear_error(&p->error);
	g_free(p->phone);
	g_free(p);
}

/* --- what is said to it --- */

const char *worker_process_phone(const struct worker_process *p)
{
	return p->phone;
}

unsigned worker_process_slot(const struct worker_process *p)
{
	return p->options.slot;
}

bool worker_process_is_ready(const struct worker_process *p)
{
	return p->ready;
}

JsonObject *worker_process_viewer_request(const struct worker_viewer *viewer)
{
	JsonObject *message = link_message("viewer");
	json_object_set_string_member(message, "session", viewer->session);
	json_object_set_int_member(message, "version", viewer->version);
	json_object_set_int_member(message, "codecs", viewer->codecs);
	json_object_set_int_member(message, "width", viewer->terminal.width);
	json_object_set_int_member(message, "height", viewer->terminal.height);
	json_object_set_int_member(message, "dpi", viewer->terminal.dpi);
	json_object_set_int_member(message, "rotation", viewer->terminal.rotation);
	json_object_set_int_member(message, "scaling", viewer->terminal.scaling);
	json_object_set_int_member(message, "mode", viewer->terminal.mode);
	json_object_set_int_member(message, "token", (gint64)viewer->place.token);
	json_object_set_int_member(message, "checksum", (gint64)viewer->place.checksum);
	json_object_set_int_member(message, "sequence", viewer->place.sequence);
	json_object_set_boolean_member(message, "input", viewer->may_input);
	return message;
}

void worker_process_send(struct worker_process *p, JsonObject *message, int fd)
{
	g_autoptr(GError) error = NULL;
	if (!link_send(p->socket, message, fd, &error))
		end(p,
		    g_error_new(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		        "the phone's worker does not listen (%s); connect again", error->message));
}

void worker_process_ask_thumbnail(struct worker_process *p, int64_t id, unsigned width)
{
	int fd = memfd_create("thumbnail", MFD_CLOEXEC);
	JsonObject *message = link_message("thumbnail");
	json_object_set_int_member(message, "id", id);
	json_object_set_int_member(message, "width", width);
	/* Without a file the worker answers that it cannot. */
	if (fd >= 0)
		g_hash_table_insert(p->files, GSIZE_TO_POINTER((gsize)id), GINT_TO_POINTER(fd + 1));
	worker_process_send(p, message, fd);
}

void worker_process_end_viewer(
    struct worker_process *p, const char *session, enum mtp_bye_code code, const char *reason)
{
	JsonObject *message = link_message("end");
	json_object_set_string_member(message, "session", session);
	json_object_set_int_member(message, "code", code);
	json_object_set_string_member(message, "reason", reason);
	worker_process_send(p, message, -1);
}
