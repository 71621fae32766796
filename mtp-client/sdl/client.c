/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mtp-client: signs in at the broker, gets a phone, shows it. Everything runs in one main loop. */
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>

#include "common/error.h"
#include "common/json.h"
#include "common/log.h"
#include "mtp-client/sdl/input.h"
#include "mtp-client/sdl/meter.h"
#include "mtp-client/sdl/options.h"
#include "mtp-client/sdl/phone.h"
#include "mtp-client/sdl/player.h"
#include "mtp-client/sdl/screenshot.h"
#include "mtp-client/sdl/script.h"
#include "mtp-client/sdl/stats.h"
#include "mtp-client/sdl/window.h"

#define FRAME_MS 16    /* window events are polled */
#define RESIZED_MS 250 /* a window that is being dragged is told when it rests */
#define PATIENCE_S 60  /* headless, nobody watches: give up then */
/* --screenshot: no new picture for so long. What was sent roughly is sent well when the phone has
 * been quiet for 1.4 s (mtp-server/feed.c). */
#define STILL_MS 1700
#define STILL_AT_MOST_MS 10000 /* ... or a phone that never rests */

struct client {
	struct options *options;
	GMainLoop *loop;
	int exit_code;

	struct stats stats;
	struct mtp_codecs codecs;
	struct mtp_session *session;
	struct input input;
	struct phone *phone;
	struct window *window; /* NULL: headless */
	struct meter meter;
	guint resized; /* the host is to be told soon; 0: no */
	struct script *script;
	struct player *player;

	uint64_t updates;               /* seen */
	int64_t complete_us, update_us; /* the first whole picture, the last update; 0: none */
	int64_t lost_us;                /* since when there is no stream; 0: there is one */
};

static double ms_since(int64_t begin_us)
{
	return (double)(g_get_monotonic_time() - begin_us) / 1000;
}

static uint64_t clock_us(void *data)
{
	(void)data;
	return (uint64_t)g_get_monotonic_time();
}

static void give_up(struct client *client, const GError *error)
{
	fprintf(stderr, "mtp-client: %s\n", error->message);
	client->exit_code = qvmi_error_exit_code(error);
	g_main_loop_quit(client->loop);
}

/* --- what the phone does --- */

/* With a script the phone's own pixels are counted. */
static void tell_terminal(struct client *client)
{
	struct mtp_terminal terminal;

	if (client->script)
		return;
	window_terminal(client->window, &terminal);
	if (mtp_session_terminal(client->session, &terminal))
		phone_flush(client->phone);
}

static void on_live(void *data)
{
	struct client *client = data;

	input_reset(&client->input);
	if (client->window) {
		window_set_notice(client->window, NULL);
		tell_terminal(client);
	}
}

static void on_lost(const char *notice, void *data)
{
	struct client *client = data;

	g_message("%s", notice);
	if (!client->lost_us)
		client->lost_us = g_get_monotonic_time();
	if (client->window)
		window_set_notice(client->window, notice);
}

static void on_over(const GError *error, void *data)
{
	give_up(data, error);
}

static void on_received(void *data)
{
	struct client *client = data;
	uint64_t updates = mtp_session_counters(client->session)->updates;

	if (client->window && mtp_session_words(client->session))
		window_words(client->window, mtp_session_words(client->session));
	if (updates == client->updates)
		return;
	client->updates = updates;
	client->update_us = g_get_monotonic_time();
	if (mtp_session_complete(client->session)) {
		if (client->stats.first_frame_ms < 0)
			client->stats.first_frame_ms = ms_since(client->stats.begin_us);
		if (!client->complete_us)
			client->complete_us = client->update_us;
		if (client->lost_us)
			client->stats.away_ms =
			    MAX(client->stats.away_ms, ms_since(client->lost_us));
		client->lost_us = 0;
		/* A picture in parts is shown when it is whole. */
		if (client->window)
			window_show(client->window, mtp_session_picture(client->session));
		mtp_session_shown(client->session);
	}
	if (client->player)
		player_received(client->player);
}

/* --- what the user does --- */

static void on_flush(void *data)
{
	struct client *client = data;

	phone_flush(client->phone);
}

static void on_played(const GError *error, void *data)
{
	struct client *client = data;

	if (error)
		give_up(client, error);
	else
		g_main_loop_quit(client->loop);
}

static void on_window_closed(void *data)
{
	struct client *client = data;

	g_main_loop_quit(client->loop);
}

static gboolean on_resized_late(gpointer data)
{
	struct client *client = data;

	client->resized = 0;
	tell_terminal(client);
	return G_SOURCE_REMOVE;
}

static void on_resized(void *data)
{
	struct client *client = data;

	g_clear_handle_id(&client->resized, g_source_remove);
	client->resized = g_timeout_add(RESIZED_MS, on_resized_late, client);
}

static void show_statistics(struct client *client)
{
	g_autofree char *text = meter_look(&client->meter, mtp_session_counters(client->session),
	    mtp_session_picture(client->session), g_get_monotonic_time());

	if (!text)
		return;
	window_set_statistics(client->window, text);
	/* The delay is that of the question before. */
	if (mtp_session_ping(client->session, clock_us(NULL)))
		phone_flush(client->phone);
}

static gboolean on_frame(gpointer data)
{
	struct client *client = data;

	window_pump(client->window);
	if (window_wants_statistics(client->window))
		show_statistics(client);
	return G_SOURCE_CONTINUE;
}

/* Headless, a screenshot and no script: end when the picture is still. */
static gboolean on_still(gpointer data)
{
	struct client *client = data;

	if (client->complete_us && (ms_since(client->update_us) >= STILL_MS ||
	                               ms_since(client->complete_us) >= STILL_AT_MOST_MS))
		g_main_loop_quit(client->loop);
	return G_SOURCE_CONTINUE;
}

static gboolean on_signal(gpointer data)
{
	struct client *client = data;

	g_main_loop_quit(client->loop);
	return G_SOURCE_CONTINUE;
}

/* --- the beginning and the end --- */

static bool prepare(struct client *client, GError **error)
{
	const struct options *options = client->options;

	if (options->script && !(client->script = script_load(options->script, error)))
		return false;
	if (mtp_codecs_init(&client->codecs)) {
		const struct mtp_session_options session = {
		    .codecs = &client->codecs, .clock_us = clock_us};

		client->session = mtp_session_new(&session);
	}
	if (!client->session) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "not enough memory");
		return false;
	}
	input_init(&client->input, client->session, on_flush, client);
	if (client->script) {
		const struct player_options play = {.script = client->script,
		    .session = client->session,
		    .input = &client->input,
		    .stats = &client->stats,
		    .done = on_played,
		    .data = client};

		client->player = player_new(&play);
	}
	return true;
}

static bool show(struct client *client, GError **error)
{
	const struct options *options = client->options;
	const struct window_options window = {.title = options->package,
	    .rotation = (unsigned)options->rotate,
	    .fullscreen = options->fullscreen,
	    .input = &client->input,
	    .closed = on_window_closed,
	    .resized = on_resized,
	    .data = client};

	if (options->headless) {
		if (options->screenshot && !options->script)
			g_timeout_add(50, on_still, client);
		return true;
	}
	client->window = window_new(&window, error);
	if (client->window)
		g_timeout_add(FRAME_MS, on_frame, client);
	return client->window;
}

static bool attach(struct client *client, GError **error)
{
	const struct options *options = client->options;
	struct phone_options phone = {
	    .url = options->url,
	    .user = options->user,
	    .at_organisation = options->organisation,
	    .by_ticket = options->kerberos,
	    .ca_file = options->ca_file,
	    .code = options_code,
	    .code_data = client->options,
	    .package = options->package,
	    .terminal = {.model = "mtp-client, headless",
	        .width = 720,
	        .height = 1440,
	        .touch_points = INPUT_MAX_FINGERS},
	    .session = client->session,
	    .stats = &client->stats,
	    .patience_s = client->window ? 0 : PATIENCE_S,
	    .live = on_live,
	    .received = on_received,
	    .lost = on_lost,
	    .over = on_over,
	    .data = client,
	};

	if (client->window) {
		phone.terminal.model = "mtp-client, SDL";
		struct mtp_terminal terminal;

		window_terminal(client->window, &terminal);
		phone.terminal.width = terminal.width;
		phone.terminal.height = terminal.height;
		phone.terminal.dpi = terminal.dpi;
		phone.terminal.mode = (enum mtp_mode)terminal.mode;
		phone.terminal.scaling =
		    client->script ? MTP_SCALING_NONE : (enum mtp_scaling)terminal.scaling;
	}
	if (options->screen) {
		phone.terminal.width = options->screen_width;
		phone.terminal.height = options->screen_height;
		phone.terminal.dpi = options->screen_dpi;
		phone.terminal.mode = MTP_MODE_TAKE;
	}
	client->phone = phone_new(&phone, error);
	return client->phone;
}

static void write_results(struct client *client, GError **error)
{
	const struct picture *picture = mtp_session_picture(client->session);
	const struct options *options = client->options;

	if (options->screenshot && client->complete_us &&
	    !screenshot_write(options->screenshot, picture->pixels, picture->width, picture->height,
	        picture_stride(picture), error))
		return;
	if (options->stats_json) {
		g_autoptr(JsonNode) node =
		    stats_json(&client->stats, mtp_session_counters(client->session));

		json_store_file(options->stats_json, node, 0644, error);
	}
}

static int run(struct client *client)
{
	g_autoptr(GError) error = NULL;
	char *password = NULL;

	if (prepare(client, &error) && options_password(client->options, &password, &error) &&
	    show(client, &error) && attach(client, &error)) {
		g_unix_signal_add(SIGINT, on_signal, client);
		g_unix_signal_add(SIGTERM, on_signal, client);
		client->stats.begin_us = g_get_monotonic_time();
		phone_sign_in(client->phone, password);
		options_forget(g_steal_pointer(&password));
		g_main_loop_run(client->loop);
		if (mtp_session_bye(client->session, MTP_BYE_NORMAL, "closed by the user"))
			on_flush(client);
		write_results(client, &error);
	}
	options_forget(password);
	if (error)
		give_up(client, error);
	return client->exit_code;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct client client = {0};

	signal(SIGPIPE, SIG_IGN);
	log_init("mtp-client");
	client.options = options_parse(argc, argv, &error);
	if (!client.options) {
		fprintf(stderr, "mtp-client: %s\n", error->message);
		return 2;
	}
	if (client.options->version) {
		puts("mtp-client " QVMI_VERSION);
		options_free(client.options);
		return 0;
	}
	client.loop = g_main_loop_new(NULL, FALSE);
	stats_init(&client.stats);

	int code = run(&client);

	g_clear_handle_id(&client.resized, g_source_remove);
	player_free(client.player);
	phone_free(client.phone);
	window_free(client.window);
	mtp_session_free(client.session);
	mtp_codecs_finish(&client.codecs);
	script_free(client.script);
	stats_finish(&client.stats);
	g_main_loop_unref(client.loop);
	options_free(client.options);
	return code;
}
