/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/gateway/gateway.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>

#include "common/error.h"
#include "common/log.h"
#include "mtp-client/sdl/options.h"
#include "mtp-client/sdl/phone.h"

struct program {
	const struct gateway_protocol *protocol;
	struct options *account; /* what of it signs in */
	char *listen;
	gint port;
	GMainLoop *loop;
	int exit_code;
	struct stats stats;
	struct mtp_codecs codecs;
	struct mtp_session *session;
	struct input input;
	struct mtp_terminal terminal; /* the viewer's; width 0: not known */
	struct phone *phone;
	struct one_time_code code;
	struct gateway_server *server; /* from the first whole picture on */
	guint expiry;
};

static void give_up(struct program *p, const GError *error)
{
	fprintf(stderr, "%s: %s\n", p->protocol->program, error->message);
	p->exit_code = qvmi_error_exit_code(error);
	g_main_loop_quit(p->loop);
}

static void on_ended(bool let_in, void *data)
{
	struct program *p = data;
	g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED,
	    "the password was wrong %u times; start again for another", CODE_TRIES);

	if (let_in)
		g_main_loop_quit(p->loop);
	else
		give_up(p, error);
}

static gboolean on_expired(gpointer data)
{
	struct program *p = data;

	p->expiry = 0;
	if (!p->protocol->has_viewer(p->server)) {
		g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_TIMEOUT,
		    "no viewer came within %u s; start again", CODE_LIFE_S);

		give_up(p, error);
	}
	return G_SOURCE_REMOVE;
}

static void on_flush(void *data)
{
	phone_flush(((struct program *)data)->phone);
}

static void tell_terminal(struct program *p)
{
	if (p->terminal.width && mtp_session_terminal(p->session, &p->terminal))
		on_flush(p);
}

static void on_terminal(uint16_t width, uint16_t height, void *data)
{
	struct program *p = data;

	p->terminal =
	    (struct mtp_terminal){.width = width, .height = height, .scaling = MTP_SCALING_EXACT};
	tell_terminal(p);
}

/* There is something to see: let somebody in. */
static void open_door(struct program *p)
{
	const struct gateway_door door = {.address = p->listen,
	    .port = (uint16_t)p->port,
	    .input = &p->input,
	    .code = &p->code,
	    .ended = on_ended,
	    .terminal = on_terminal,
	    .data = p};
	g_autoptr(GError) error = NULL;

	one_time_code_make(&p->code, p->protocol->code_length, g_get_monotonic_time());
	p->server = p->protocol->open(&door, mtp_session_picture(p->session), &error);
	if (!p->server) {
		give_up(p, error);
		return;
	}
	p->expiry = g_timeout_add_seconds(CODE_LIFE_S, on_expired, p);
	printf("%s at %s%s%d, password %s\n", p->protocol->name, p->listen, p->protocol->colon,
	    p->port, p->code.text);
	fflush(stdout);
}

static void on_received(void *data)
{
	struct program *p = data;

	if (!mtp_session_complete(p->session))
		return;
	if (!p->server)
		open_door(p);
	if (p->server)
		p->protocol->show(p->server, mtp_session_picture(p->session));
	mtp_session_shown(p->session);
}

static void on_live(void *data)
{
	struct program *p = data;

	input_reset(&p->input);
	tell_terminal(p);
}

static void on_lost(const char *notice, void *data)
{
	(void)data;
	g_message("%s", notice);
}

static void on_over(const GError *error, void *data)
{
	give_up(data, error);
}

static gboolean on_signal(gpointer data)
{
	g_main_loop_quit(((struct program *)data)->loop);
	return G_SOURCE_CONTINUE;
}

static bool parse(struct program *p, int argc, char **argv, GError **error)
{
	struct options *o = p->account;
	g_auto(GStrv) rest = NULL;
	g_autofree char *port_help =
	    g_strdup_printf("TCP port for the viewer (default: %u)", p->protocol->port);
	const GOptionEntry entries[] = {
	    {"listen", 0, 0, G_OPTION_ARG_STRING, &p->listen,
	        "IPv4 address for the viewer (default: 127.0.0.1)", "ADDRESS"},
	    {"port", 0, 0, G_OPTION_ARG_INT, &p->port, port_help, "PORT"},
	    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &rest, NULL, NULL},
	    {0},
	};
	GOptionContext *context = g_option_context_new("https://HOST:PORT");
	g_autoptr(GError) wrong = NULL;

	g_option_context_set_summary(context, p->protocol->summary);
	options_add_account(context, o);
	g_option_context_add_main_entries(context, entries, NULL);
	bool parsed = g_option_context_parse(context, &argc, &argv, &wrong);

	g_option_context_free(context);
	if (!parsed || !rest || !rest[0] || rest[1] || !o->user || p->port < 1 ||
	    p->port > UINT16_MAX) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s (see --help)",
		    wrong ? wrong->message
		          : "give the broker's address, --user NAME and a port of 1 to 65535");
		return false;
	}
	o->url = g_strdup(rest[0]);
	if (!o->package)
		o->package = g_strdup("phone");
	if (!p->listen)
		p->listen = g_strdup("127.0.0.1");
	return true;
}

static bool start(struct program *p, GError **error)
{
	const struct options *o = p->account;
	const struct phone_options phone = {.url = o->url,
	    .user = o->user,
	    .at_organisation = o->organisation,
	    .by_ticket = o->kerberos,
	    .ca_file = o->ca_file,
	    .package = o->package,
	    .code = options_code,
	    .code_data = p->account,
	    .terminal = {.model = p->protocol->program, .touch_points = 0},
	    .session = p->session,
	    .stats = &p->stats,
	    .patience_s = CODE_LIFE_S,
	    .live = on_live,
	    .received = on_received,
	    .lost = on_lost,
	    .over = on_over,
	    .data = p};
	char *password;

	if (!options_password(o, &password, error))
		return false;
	p->phone = phone_new(&phone, error);
	if (p->phone)
		phone_sign_in(p->phone, password);
	options_forget(password);
	return p->phone;
}

static int run(struct program *p)
{
	g_autoptr(GError) error = NULL;

	if (mtp_codecs_init(&p->codecs))
		p->session = mtp_session_new(&(struct mtp_session_options){.codecs = &p->codecs});
	if (!p->session)
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "not enough memory");
	else
		input_init(&p->input, p->session, on_flush, p);
	if (p->session && start(p, &error)) {
		g_unix_signal_add(SIGINT, on_signal, p);
		g_unix_signal_add(SIGTERM, on_signal, p);
		g_main_loop_run(p->loop);
		if (mtp_session_bye(p->session, MTP_BYE_NORMAL, "the viewer has left"))
			on_flush(p);
	}
	if (error)
		give_up(p, error);
	return p->exit_code;
}

static void program_finish(struct program *p)
{
	g_clear_handle_id(&p->expiry, g_source_remove);
	p->protocol->close(p->server);
	phone_free(p->phone);
	mtp_session_free(p->session);
	mtp_codecs_finish(&p->codecs);
	one_time_code_forget(&p->code);
	g_clear_pointer(&p->loop, g_main_loop_unref);
	options_free(p->account);
	g_free(p->listen);
}

int gateway_main(const struct gateway_protocol *protocol, int argc, char **argv)
{
	struct program p = {
	    .protocol = protocol, .port = protocol->port, .account = g_new0(struct options, 1)};
	g_autoptr(GError) error = NULL;
	int code = 2;

	signal(SIGPIPE, SIG_IGN);
	log_init(protocol->program);
	if (parse(&p, argc, argv, &error)) {
		p.loop = g_main_loop_new(NULL, FALSE);
		stats_init(&p.stats);
		code = run(&p);
		program_finish(&p);
		stats_finish(&p.stats);
		return code;
	}
	fprintf(stderr, "%s: %s\n", protocol->program, error->message);
	program_finish(&p);
	return code;
}
