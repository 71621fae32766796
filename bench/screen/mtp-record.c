/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mtp-record: a running phone's screen to a folder that mtp-replay plays. Takes the display from
 * qvisord as mtpd does (qvisor/README.md, display.sock); QEMU has one display connection, so a
 * viewer that is there loses it.
 */
#include <errno.h>
#include <glib-unix.h>
#include <stdio.h>
#include <sys/socket.h>
#include <stdlib.h>

#include "bench/screen/hand.h"
#include "bench/screen/ppm.h"
#include "common/descriptor.h"
#include "common/error.h"
#include "common/json.h"
#include "common/log.h"
#include "mtp-server/damage.h"
#include "mtp-server/link.h"

#define INTERVAL_MS 16 /* at most 60 frames a second, as a worker shows */
#define MIB (1 << 20)
#define SECONDS_MAX 86400
#define MEGABYTES_MAX 1000000

struct options {
	char *folder, *socket, *phone, *script;
	gint seconds, megabytes;
};

struct program {
	struct options options;
	GMainLoop *loop;
	struct display *display;
	struct script *script;
	struct hand *hand;
	struct picture picture;
	struct block_set damage;
	int64_t begun_us;
	guint look;
	uint64_t frames, written; /* written: bytes */
	GError *error;            /* why it ends early */
};

/* --- frames --- */

static void set_size(struct program *p, unsigned width, unsigned height)
{
	picture_finish(&p->picture);
	block_set_finish(&p->damage);
	picture_init(&p->picture, width, height);
	block_set_init(&p->damage, width, height);
}

static void end(struct program *p, GError *error)
{
	if (p->error)
		g_clear_error(&error);
	else
		p->error = error;
	g_main_loop_quit(p->loop);
}

static void write_frame(struct program *p)
{
	const struct picture *picture = &p->picture;
	size_t pixels = (size_t)picture->width * picture->height;
	if (p->written + pixels * 3 > (uint64_t)p->options.megabytes * MIB) {
		end(p, g_error_new(QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		           "%d MiB are full after %" G_GUINT64_FORMAT
		           " frames; what is there can be played (--megabytes takes more)",
		           p->options.megabytes, p->frames));
		return;
	}
	g_autofree uint8_t *rgb = g_malloc(pixels * 3);
	for (size_t i = 0; i < pixels; i++) {
		rgb[i * 3] = (uint8_t)(picture->now[i] >> 16);
		rgb[i * 3 + 1] = (uint8_t)(picture->now[i] >> 8);
		rgb[i * 3 + 2] = (uint8_t)picture->now[i];
	}
	int64_t now = g_get_monotonic_time();
	if (!p->frames)
		p->begun_us = now;
	g_autofree char *name =
	    g_strdup_printf("%" G_GINT64_FORMAT ".ppm", (now - p->begun_us) / 1000);
	g_autofree char *path = g_build_filename(p->options.folder, name, NULL);
	GError *error = NULL;
	if (!ppm_write(path, picture->width, picture->height, rgb, &error)) {
		unlink(path);
		end(p, error);
		return;
	}
	p->frames++;
	p->written += pixels * 3;
}

static gboolean on_look(gpointer data)
{
	struct program *p = data;
	p->look = 0;
	struct rectangle region;
	AUTO(surface) surface = display_take(p->display, &region);
	if (!surface)
		return G_SOURCE_REMOVE;
	bool other = surface->width != p->picture.width || surface->height != p->picture.height;
	if (other)
		set_size(p, surface->width, surface->height);
	if (other || !p->frames)
		region = (struct rectangle){0, 0, surface->width, surface->height};
	damage_collect(&p->picture, surface, region, 0, &p->damage);
	if (p->damage.count || !p->frames) {
		write_frame(p);
		if (p->hand)
			hand_changed(p->hand);
	}
	return G_SOURCE_REMOVE;
}

/* --- the display's events --- */

static void on_changed(void *data)
{
	struct program *p = data;
	if (!p->look)
		p->look = g_timeout_add(p->frames ? INTERVAL_MS : 0, on_look, p);
}

static void on_settled(void *data)
{
	(void)data;
}

static void on_gone(void *data)
{
	end(data, g_error_new(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
	              "the phone is off, or another viewer has taken its display"));
}

/* As mtpd asks. */
static bool ask_qvisord(const struct options *options, struct display_sockets *sockets,
    unsigned *width, unsigned *height, GError **error)
{
	AUTO_FD socket = descriptor_connect(options->socket, error);
	if (socket < 0)
		return false;
	JsonObject *request = json_object_new();
	json_object_set_string_member(request, "phone", options->phone);
	int pair[2];
	if (!descriptor_pair(SOCK_STREAM, pair, error)) {
		json_object_unref(request);
		return false;
	}
	AUTO_FD display = pair[0], qemus = pair[1];
	if (!link_send(socket, request, qemus, error))
		return false;
	g_autoptr(JsonObject) answer =
	    link_receive_all(socket, sockets->fds, DISPLAY_SOCKETS, error);
	int64_t sides[2];
	if (answer && !json_object_has_member(answer, "error") &&
	    json_get_int(answer, "width", 1, 8192, &sides[0], error) &&
	    json_get_int(answer, "height", 1, 8192, &sides[1], error)) {
		*width = (unsigned)sides[0];
		*height = (unsigned)sides[1];
		if (sockets->fds[0] < 0)
			sockets->fds[0] = fd_steal(&display);
		return true;
	}
	if (!*error) {
		g_autoptr(JsonNode) node = answer ? json_node_of(json_object_ref(answer)) : NULL;
		g_autofree char *text = node ? json_text(node) : NULL;
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "qvisord gives no display: %s", text ? text : "it has ended");
	}
	return false;
}

/* --- the program --- */

static void on_played(const GError *error, void *data)
{
	end(data, error ? g_error_copy(error) : NULL);
}

static gboolean on_end(gpointer data)
{
	end(data, NULL);
	return G_SOURCE_CONTINUE;
}

static bool start(struct program *p, GError **error)
{
	static const struct display_events events = {
	    .changed = on_changed, .settled = on_settled, .gone = on_gone};
	if (p->options.script && !(p->script = script_load(p->options.script, error)))
		return false;
	g_autoptr(GDir) old = g_dir_open(p->options.folder, 0, NULL);
	if (old && g_dir_read_name(old)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "%s is not empty; give a new folder", p->options.folder);
		return false;
	}
	if (g_mkdir_with_parents(p->options.folder, 0777) != 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "cannot make %s: %s",
		    p->options.folder, g_strerror(errno));
		return false;
	}
	unsigned width, height;
	struct display_sockets sockets;
	if (!ask_qvisord(&p->options, &sockets, &width, &height, error))
		return false;
	set_size(p, width, height);
	p->display = display_new(&sockets, &events, p, error);
	if (!p->display)
		return false;
	if (p->script)
		p->hand = hand_new(&(struct hand_options){.script = p->script,
		                       .display = p->display,
		                       .width = width,
		                       .height = height,
		                       .done = on_played,
		                       .data = p},
		    error);
	return !p->script || p->hand;
}

static bool parse(int argc, char **argv, struct options *o, GError **error)
{
	g_auto(GStrv) rest = NULL;
	const GOptionEntry entries[] = {
	    {"display", 0, 0, G_OPTION_ARG_FILENAME, &o->socket, "qvisord's display.sock",
	        "SOCKET"},
	    {"phone", 0, 0, G_OPTION_ARG_STRING, &o->phone, "Which phone", "UUID"},
	    {"script", 0, 0, G_OPTION_ARG_FILENAME, &o->script,
	        "Play these taps and swipes (mtp-client/README.md), and end", "FILE"},
	    {"seconds", 0, 0, G_OPTION_ARG_INT, &o->seconds, "End after this time", "N"},
	    {"megabytes", 0, 0, G_OPTION_ARG_INT, &o->megabytes,
	        "End when so much is written (default: 4096)", "N"},
	    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, NULL},
	    {0},
	};
	GOptionContext *context = g_option_context_new("FOLDER");
	g_option_context_set_summary(context,
	    "Records a running phone's screen: a picture <milliseconds>.ppm for each changed "
	    "frame, until\n"
	    "Ctrl-C, the script's end or a limit. mtp-replay plays the folder.");
	g_option_context_add_main_entries(context, entries, NULL);
	g_autoptr(GError) wrong = NULL;
	bool parsed = g_option_context_parse(context, &argc, &argv, &wrong);
	g_option_context_free(context);
	if (!parsed || !o->socket || !o->phone || !rest || !rest[0] || rest[1] || o->seconds < 0 ||
	    o->seconds > SECONDS_MAX || o->megabytes < 1 || o->megabytes > MEGABYTES_MAX) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s (see --help)",
		    parsed ? "give --display SOCKET, --phone UUID and a new folder; limits above 0"
		           : wrong->message);
		return false;
	}
	o->folder = g_strdup(rest[0]);
	return true;
}

int main(int argc, char **argv)
{
	struct program p = {.options.megabytes = 4096};
	GError *error = NULL;
	log_init("mtp-record");
	p.loop = g_main_loop_new(NULL, FALSE);
	g_unix_signal_add(SIGINT, on_end, &p);
	g_unix_signal_add(SIGTERM, on_end, &p);
	if (parse(argc, argv, &p.options, &error) && start(&p, &error)) {
		if (p.options.seconds)
			g_timeout_add_seconds((guint)p.options.seconds, on_end, &p);
		g_main_loop_run(p.loop);
		error = g_steal_pointer(&p.error);
		printf("record frames=%" G_GUINT64_FORMAT " bytes=%" G_GUINT64_FORMAT
		       " seconds=%.1f\n",
		    p.frames, p.written,
		    p.frames ? (double)(g_get_monotonic_time() - p.begun_us) / G_USEC_PER_SEC : 0);
	}
	int code = error ? qvmi_error_exit_code(error) : EXIT_SUCCESS;
	if (error)
		g_printerr("mtp-record: %s\n", error->message);
	g_clear_error(&error);
	if (p.look)
		g_source_remove(p.look);
	hand_free(p.hand);
	display_free(p.display);
	script_free(p.script);
	picture_finish(&p.picture);
	block_set_finish(&p.damage);
	g_main_loop_unref(p.loop);
	g_free(p.options.folder);
	g_free(p.options.socket);
	g_free(p.options.phone);
	g_free(p.options.script);
	return code;
}
