/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/phone.h"

#include <gio/gio.h>

#include "common/error.h"
#include "mtp-client/sdl/account.h"
#include "mtp-client/sdl/connection.h"

#define RETRY_FIRST_MS 100 /* a phone that has moved is there already */
#define RETRY_MAX_MS 30000
#define RETRY_SOON_MS 300 /* and as much again by chance: at most so long ... */
#define RETRY_SOON_S 120  /* ... in the first minutes */
#define REFUSALS_MAX 2    /* grants in a row */

struct phone {
	struct phone_options options;
	char *ca_file, *package;
	struct account *account;
	struct connection *connection; /* NULL: none yet; an ended one until the next try */

	bool live; /* WELCOME has come on this connection */
	bool ever_live;
	bool cut; /* without a word of the host: the phone is where it was */
	GNetworkMonitor *network;
	unsigned refusals;
	unsigned retry_ms;
	guint retry;
	int64_t begun_us; /* what is under way */
	int64_t lost_us;  /* 0: not lost */
};

static double ms_since(int64_t begun_us)
{
	return (double)(g_get_monotonic_time() - begun_us) / 1000;
}

static bool is(const GError *error, enum qvmi_error_code code)
{
	return g_error_matches(error, QVMI_ERROR, (gint)code);
}

static void over(struct phone *phone, const GError *error)
{
	phone->options.over(error, phone->options.data);
}

static gboolean on_retry(gpointer data);

static void retry(struct phone *phone, const GError *why)
{
	unsigned patience_s = phone->options.patience_s;

	if (!phone->lost_us)
		phone->lost_us = g_get_monotonic_time();
	if (patience_s && ms_since(phone->lost_us) > patience_s * 1000.0) {
		over(phone, why);
		return;
	}
	g_autofree char *notice =
	    g_strdup_printf("%s; trying again in %.1f s", why->message, phone->retry_ms / 1000.0);

	phone->options.lost(notice, phone->options.data);
	/* A little apart, so that a host that comes back is not met by all at once. */
	phone->retry = g_timeout_add(
	    phone->retry_ms + (guint)g_random_int_range(0, (int)phone->retry_ms), on_retry, phone);
	bool soon = ms_since(phone->lost_us) < RETRY_SOON_S * 1000.0;

	phone->retry_ms = MIN(phone->retry_ms * 2, soon ? RETRY_SOON_MS : RETRY_MAX_MS);
}

/* --- connected --- */

static void on_received(void *data)
{
	struct phone *phone = data;

	if (!phone->live) {
		phone->live = phone->ever_live = true;
		phone->refusals = 0;
		phone->lost_us = 0;
		phone->retry_ms = RETRY_FIRST_MS;
		if (phone->options.stats->connect_ms < 0)
			phone->options.stats->connect_ms = ms_since(phone->begun_us);
		phone->options.live(phone->options.data);
	}
	phone->options.received(phone->options.data);
}

static void on_closed(const GError *error, void *data)
{
	struct phone *phone = data;
	bool again = phone->ever_live &&
	             (is(error, QVMI_ERROR_UNAVAILABLE) || is(error, QVMI_ERROR_NOT_FOUND));

	phone->cut = phone->live && is(error, QVMI_ERROR_UNAVAILABLE);
	/* A grant may have become too old on the way: a fresh one is worth a try. */
	if (is(error, QVMI_ERROR_UNAUTHENTICATED))
		again = ++phone->refusals < REFUSALS_MAX;
	if (again)
		retry(phone, error);
	else
		over(phone, error);
}

static void connect_host(struct phone *phone)
{
	const struct account_ticket *ticket = account_ticket(phone->account);
	const struct phone_terminal *terminal = &phone->options.terminal;
	const struct connection_options options = {
	    .host = ticket->host,
	    .port = ticket->port,
	    .ca_file = phone->ca_file,
	    .session = phone->options.session,
	    .received = on_received,
	    .closed = on_closed,
	    .data = phone,
	};
	const struct mtp_session_hello hello = {
	    .grant = ticket->grant,
	    .model = terminal->model,
	    .width = (uint16_t)MIN(terminal->width, UINT16_MAX),
	    .height = (uint16_t)MIN(terminal->height, UINT16_MAX),
	    .dpi = (uint16_t)MIN(terminal->dpi, UINT16_MAX),
	    .touch_points = (uint8_t)MIN(terminal->touch_points, UINT8_MAX),
	    .scaling = (uint8_t)terminal->scaling,
	    .mode = (uint8_t)terminal->mode,
	};
	g_autoptr(GError) error = NULL;

	phone->live = false;
	phone->begun_us = g_get_monotonic_time();
	if (mtp_session_start(phone->options.session, &hello))
		phone->connection = connection_new(&options, &error);
	else
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the broker's grant is longer than MTP carries");
	if (error)
		over(phone, error);
}

/* --- at the broker --- */

static void on_opened(const GError *error, void *data)
{
	struct phone *phone = data;

	if (!error) {
		if (phone->options.stats->session_ms < 0)
			phone->options.stats->session_ms = ms_since(phone->begun_us);
		connect_host(phone);
	} else if (phone->ever_live &&
	           (is(error, QVMI_ERROR_UNAVAILABLE) || is(error, QVMI_ERROR_TIMEOUT))) {
		phone->cut = true; /* or cannot be told from it */
		retry(phone, error);
	} else {
		over(phone, error);
	}
}

static void open_session(struct phone *phone)
{
	const struct account_terminal terminal = {.model = phone->options.terminal.model,
	    .width = phone->options.terminal.width,
	    .height = phone->options.terminal.height};

	phone->begun_us = g_get_monotonic_time();
	account_open(phone->account, phone->package, &terminal, on_opened, phone);
}

static void on_renewed(const GError *error, void *data)
{
	struct phone *phone = data;

	/* The broker has ended the session: ask for the phone again. */
	if (is(error, QVMI_ERROR_NOT_FOUND) || is(error, QVMI_ERROR_CONFLICT))
		open_session(phone);
	else
		on_opened(error, phone);
}

static void on_resumed(const GError *error, void *data)
{
	struct phone *phone = data;

	if (!error || is(error, QVMI_ERROR_UNAVAILABLE) || is(error, QVMI_ERROR_TIMEOUT))
		on_opened(error, phone);
	else
		account_renew(phone->account, on_renewed, phone);
}

static gboolean on_retry(gpointer data)
{
	struct phone *phone = data;

	phone->retry = 0;
	phone->options.stats->reconnects++;
	g_clear_pointer(&phone->connection, connection_free);
	if (phone->cut && account_can_resume(phone->account))
		account_resume(phone->account, on_resumed, phone);
	else
		account_renew(phone->account, on_renewed, phone);
	return G_SOURCE_REMOVE;
}

/* Links or routes are others now: it may be back, or what seems to be there may be gone. */
static void on_network_changed(GNetworkMonitor *network, gboolean available, struct phone *phone)
{
	(void)network;
	if (phone->live && phone->connection && !phone->retry) {
		connection_probe(phone->connection);
	} else if (phone->retry && available) {
		g_clear_handle_id(&phone->retry, g_source_remove);
		phone->retry_ms = RETRY_FIRST_MS;
		on_retry(phone);
	}
}

static void on_signed_in(const GError *error, void *data)
{
	struct phone *phone = data;

	if (error) {
		over(phone, error);
		return;
	}
	phone->options.stats->login_ms = ms_since(phone->begun_us);
	open_session(phone);
}

void phone_sign_in(struct phone *phone, const char *password)
{
	phone->begun_us = g_get_monotonic_time();
	if (phone->options.at_organisation)
		account_sign_in_at_organisation(
		    phone->account, phone->options.by_ticket, on_signed_in, phone);
	else if (password)
		account_sign_in(phone->account, password, on_signed_in, phone);
	else
		account_sign_in_by_ticket(phone->account, on_signed_in, phone);
}

void phone_flush(struct phone *phone)
{
	if (phone->connection)
		connection_flush(phone->connection);
}

struct phone *phone_new(const struct phone_options *options, GError **error)
{
	AUTO(phone) phone = g_new0(struct phone, 1);

	phone->options = *options;
	phone->ca_file = g_strdup(options->ca_file);
	phone->package = g_strdup(options->package);
	phone->retry_ms = RETRY_FIRST_MS;
	phone->account = account_new(options->url, options->user, options->ca_file, error);
	if (!phone->account)
		return NULL;
	phone->network = g_object_ref(g_network_monitor_get_default());
	g_signal_connect(phone->network, "network-changed", G_CALLBACK(on_network_changed), phone);
	account_set_code(phone->account, options->code, options->code_data);
	return g_steal_pointer(&phone);
}

void phone_free(struct phone *phone)
{
	if (!phone)
		return;
	g_clear_handle_id(&phone->retry, g_source_remove);
	if (phone->network)
		g_signal_handlers_disconnect_by_data(phone->network, phone);
	g_clear_object(&phone->network);
	connection_free(phone->connection);
	account_free(phone->account);
	g_free(phone->ca_file);
	g_free(phone->package);
	g_free(phone);
}
