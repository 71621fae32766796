/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal for tests: connects to mtpd with a grant that it signs itself, and does what its
 * standard input says, one command a line. The first that fails ends it with status 1.
 *
 *   mtp-probe keys FOLDER                    makes a CA, a certificate "terminal" and a grant key
 *   mtp-probe connect FOLDER PORT HOST PHONE SESSION [ROLE] < commands
 *
 *   grant TEXT        uses this grant instead      lifetime SECONDS   of the grant; may be negative
 *   save-grant FILE   keeps the one that is used   versions MIN MAX   of the HELLO
 *   codecs MASK       of the HELLO                 open               connects and says HELLO
 *   terminal W H ROTATION SCALING            of the HELLO, or told now
 *   raw HEX           sends bytes                  expect-bye CODE    waits for the end
 *   picture           waits for a whole picture    change             waits for another picture
 *   quiet MS          nothing must come for so long
 *   touch PHASE SLOT X Y / pointer X Y BUTTONS WHEEL / key CODE DOWN / refresh / ping
 *   tap X Y           presses, and prints the ms until the picture has changed
 *   size W H          what the picture must have   pixel X Y RRGGBB   what it must be
 *   save FILE         as PPM                       load FILE          the picture must equal it
 *   wait MS           reads meanwhile              sleep MS           does not read
 *   counters          prints what came
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <gio/gio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "common/grant.h"
#include "common/pki.h"
#include "mtp-client/core/codecs.h"
#include "mtp-client/core/session.h"

#define WAIT_MS 20000

struct probe {
	const char *folder, *host, *phone, *session_id, *role;
	int port, lifetime;
	char *grant;
	bool other_versions;
	uint16_t version_min, version_max;
	uint32_t codecs;
	struct mtp_terminal terminal;
	struct mtp_codecs decoders;
	struct mtp_session *session;
	SSL_CTX *context;
	SSL *ssl;
	int fd;
	bool closed;
	uint64_t updates; /* when last looked */
};

static uint64_t clock_us(void *data)
{
	(void)data;
	return (uint64_t)g_get_monotonic_time();
}

static char *in_folder(const struct probe *p, const char *name)
{
	return g_build_filename(p->folder, name, NULL);
}

static bool fail(const char *format, ...) G_GNUC_PRINTF(1, 2);
static bool fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("mtp-probe: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	return false;
}

static bool sign(struct probe *p)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *file = in_folder(p, "grant.key");
	AUTO(grant_key) key = grant_key_load(file, true, &error);
	int64_t now = g_get_real_time() / G_USEC_PER_SEC;
	struct grant grant = {.host = (char *)(uintptr_t)p->host,
	    .user = (char *)(uintptr_t) "tester",
	    .phone = (char *)(uintptr_t)p->phone,
	    .session = (char *)(uintptr_t)p->session_id,
	    .role = (char *)(uintptr_t)p->role,
	    .not_before = now + MIN(p->lifetime - 1, 0),
	    .expires = now + p->lifetime};
	if (key)
		p->grant = grant_sign(key, &grant, &error);
	g_free(grant.id);
	return p->grant || fail("%s", error->message);
}

/* --- bytes --- */

static bool send_all(struct probe *p, const uint8_t *bytes, size_t n)
{
	while (n) {
		int written = SSL_write(p->ssl, bytes, (int)n);
		if (written <= 0 && SSL_get_error(p->ssl, written) != SSL_ERROR_WANT_WRITE &&
		    SSL_get_error(p->ssl, written) != SSL_ERROR_WANT_READ)
			return false;
		if (written > 0) {
			bytes += written;
			n -= (size_t)written;
		}
	}
	return true;
}

static void flush(struct probe *p)
{
	size_t n;
	const uint8_t *bytes = mtp_session_output(p->session, &n);
	if (!p->closed && send_all(p, bytes, n))
		mtp_session_output_sent(p->session, n);
}

/* Reads what comes within `ms`, at most one record. False at the end of the stream. */
static bool pump(struct probe *p, int ms)
{
	uint8_t bytes[16384];
	flush(p);
	struct pollfd poll_fd = {.fd = p->fd, .events = POLLIN};
	if (!SSL_pending(p->ssl) && poll(&poll_fd, 1, ms) <= 0)
		return true;
	int n = SSL_read(p->ssl, bytes, sizeof bytes);
	if (n <= 0) {
		p->closed = SSL_get_error(p->ssl, n) != SSL_ERROR_WANT_READ;
		return !p->closed;
	}
	mtp_session_feed(p->session, bytes, (size_t)n);
	flush(p);
	return true;
}

static int connect_tcp(int port)
{
	g_autoptr(GSocketAddress) at =
	    g_inet_socket_address_new_from_string("127.0.0.1", (guint)port);
	struct sockaddr_storage native;
	g_socket_address_to_native(at, &native, sizeof native, NULL);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&native, sizeof(struct sockaddr_in)) != 0)
		return -1;
	return fd;
}

static bool say_hello(struct probe *p)
{
	uint8_t bytes[4096];
	struct mtp_session_hello hello = {.grant = p->grant,
	    .model = "mtp-probe",
	    .width = p->terminal.width,
	    .height = p->terminal.height,
	    .dpi = 160,
	    .rotation = p->terminal.rotation,
	    .scaling = p->terminal.scaling};
	if (!mtp_session_start(p->session, &hello))
		return fail("the hello does not fit");
	size_t n;
	const uint8_t *out = mtp_session_output(p->session, &n);
	struct mtp_hello ours;
	if (!mtp_hello_decode(&ours, out + MTP_FRAME_HEADER, n - MTP_FRAME_HEADER))
		return fail("the client's hello cannot be read");
	ours.version_min = p->other_versions ? p->version_min : ours.version_min;
	ours.version_max = p->other_versions ? p->version_max : ours.version_max;
	ours.codecs = p->codecs ? p->codecs : ours.codecs;
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	mtp_message_encode(&(struct mtp_message){.type = MTP_TYPE_HELLO, .hello = ours}, &w);
	mtp_session_output_sent(p->session, n);
	return !w.failed && send_all(p, bytes, w.size);
}

static bool open_tls(struct probe *p)
{
	g_autofree char *ca = in_folder(p, "ca.pem");
	p->context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_verify(p->context, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_load_verify_locations(p->context, ca, NULL) != 1)
		return fail("%s cannot be used", ca);
	p->fd = connect_tcp(p->port);
	if (p->fd < 0)
		return fail("nobody listens on port %d", p->port);
	p->ssl = SSL_new(p->context);
	SSL_set1_host(p->ssl, "localhost");
	SSL_set_alpn_protos(p->ssl, (const unsigned char *)"\5mtp/1", 6);
	SSL_set_fd(p->ssl, p->fd);
	if (SSL_connect(p->ssl) != 1)
		return fail("no TLS: %s", ERR_reason_error_string(ERR_peek_last_error()));
	return true;
}

/* --- waiting --- */

static bool wait_until(struct probe *p, bool (*done)(struct probe *), const char *what)
{
	int64_t until = g_get_monotonic_time() + WAIT_MS * 1000;
	while (!done(p)) {
		if (g_get_monotonic_time() > until)
			return fail("waited %d s for %s", WAIT_MS / 1000, what);
		if (!pump(p, 50) && !done(p))
			return fail("the stream ended (%u %s) before %s",
			    mtp_session_code(p->session), mtp_session_reason(p->session), what);
	}
	return true;
}

static bool has_picture(struct probe *p)
{
	return mtp_session_complete(p->session);
}

static bool has_changed(struct probe *p)
{
	return mtp_session_counters(p->session)->updates > p->updates;
}

static bool has_ended(struct probe *p)
{
	return p->closed;
}

static void look(struct probe *p)
{
	p->updates = mtp_session_counters(p->session)->updates;
}

static void wait_ms(struct probe *p, int ms)
{
	int64_t until = g_get_monotonic_time() + ms * 1000;
	while (g_get_monotonic_time() < until && pump(p, 20))
		;
}

static bool tap(struct probe *p, unsigned x, unsigned y)
{
	look(p);
	int64_t begin = g_get_monotonic_time();
	if (mtp_session_touch_points(p->session))
		mtp_session_touch(p->session, MTP_TOUCH_DOWN, 0, (uint16_t)x, (uint16_t)y);
	else
		mtp_session_pointer(p->session, (uint16_t)x, (uint16_t)y, MTP_BUTTON_LEFT, 0);
	if (!wait_until(p, has_changed, "the picture to change"))
		return false;
	printf("tap_ms=%.1f\n", (double)(g_get_monotonic_time() - begin) / 1000);
	if (mtp_session_touch_points(p->session))
		mtp_session_touch(p->session, MTP_TOUCH_UP, 0, (uint16_t)x, (uint16_t)y);
	else
		mtp_session_pointer(p->session, (uint16_t)x, (uint16_t)y, 0, 0);
	wait_ms(p, 50);
	return true;
}

/* --- pictures --- */

static GByteArray *ppm_of(const struct picture *picture)
{
	GByteArray *ppm = g_byte_array_new();
	g_autofree char *head = g_strdup_printf("P6 %u %u 255\n", picture->width, picture->height);
	g_byte_array_append(ppm, (uint8_t *)head, (guint)strlen(head));
	for (size_t i = 0; i < (size_t)picture->width * picture->height; i++)
		g_byte_array_append(ppm, picture->pixels + 4 * i, 3);
	return ppm;
}

static bool check_pixel(struct probe *p, unsigned x, unsigned y, unsigned colour)
{
	const struct picture *picture = mtp_session_picture(p->session);
	if (x >= picture->width || y >= picture->height)
		return fail("the picture has no pixel %u,%u", x, y);
	const uint8_t *at = picture->pixels + 4 * ((size_t)y * picture->width + x);
	unsigned is = (unsigned)at[0] << 16 | (unsigned)at[1] << 8 | at[2];
	return is == colour || fail("pixel %u,%u is %06x, not %06x", x, y, is, colour);
}

static bool check_file(struct probe *p, const char *file)
{
	g_autoptr(GByteArray) ppm = ppm_of(mtp_session_picture(p->session));
	size_t n;
	g_autofree char *bytes = file_load(file, 64u << 20, &n, NULL);
	return (bytes && n == ppm->len && memcmp(bytes, ppm->data, n) == 0) ||
	       fail("the picture is not that of %s", file);
}

/* --- commands --- */

static bool do_raw(struct probe *p, const char *hex)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	unsigned byte;
	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		g_byte_array_append(bytes, &(uint8_t){(uint8_t)byte}, 1);
	if (mtp_session_state(p->session) == MTP_SESSION_IDLE) {
		/* To understand what is answered. */
		size_t n;
		mtp_session_start(
		    p->session, &(struct mtp_session_hello){.grant = "", .model = ""});
		mtp_session_output(p->session, &n);
		mtp_session_output_sent(p->session, n);
	}
	return (p->ssl || open_tls(p)) && send_all(p, bytes->data, bytes->len);
}

static bool do_counters(struct probe *p)
{
	const struct mtp_session_counters *c = mtp_session_counters(p->session);
	printf("updates=%" G_GUINT64_FORMAT " bytes=%" G_GUINT64_FORMAT, c->updates, c->bytes);
	for (unsigned i = 0; i < MTP_TILE_KINDS; i++)
		printf(" %s=%" G_GUINT64_FORMAT, mtp_session_tile_name(i), c->tiles[i]);
	putchar('\n');
	return true;
}

static bool do_save(struct probe *p, const char *file)
{
	g_autoptr(GByteArray) ppm = ppm_of(mtp_session_picture(p->session));
	return file_store(file, ppm->data, ppm->len, 0644, NULL) || fail("cannot write %s", file);
}

static bool do_terminal(struct probe *p, const char *text)
{
	unsigned width, height, rotation, scaling;
	if (sscanf(text, "%u %u %u %u", &width, &height, &rotation, &scaling) != 4)
		return fail("terminal %s", text);
	p->terminal = (struct mtp_terminal){.width = (uint16_t)width,
	    .height = (uint16_t)height,
	    .rotation = (uint8_t)rotation,
	    .scaling = (uint8_t)scaling};
	return !p->ssl || mtp_session_terminal(p->session, &p->terminal);
}

static bool do_set_up(struct probe *p, const char *command, const char *text, bool *known)
{
	unsigned a, b;
	*known = true;
	if (g_str_equal(command, "grant"))
		return (p->grant = g_strdup(text)) != NULL;
	if (g_str_equal(command, "use-grant"))
		return (p->grant = file_load(text, 65536, NULL, NULL)) != NULL;
	if (g_str_equal(command, "lifetime"))
		return sscanf(text, "%d", &p->lifetime) == 1;
	if (g_str_equal(command, "codecs"))
		return sscanf(text, "%u", &p->codecs) == 1;
	if (g_str_equal(command, "versions") && sscanf(text, "%u %u", &a, &b) == 2) {
		p->other_versions = true;
		p->version_min = (uint16_t)a;
		p->version_max = (uint16_t)b;
		return true;
	}
	if (g_str_equal(command, "open"))
		return (p->grant || sign(p)) && open_tls(p) && say_hello(p);
	if (g_str_equal(command, "save-grant"))
		return file_store(text, p->grant, strlen(p->grant), 0600, NULL);
	if (g_str_equal(command, "terminal"))
		return do_terminal(p, text);
	if (g_str_equal(command, "raw"))
		return do_raw(p, text);
	*known = false;
	return false;
}

static bool do_input(struct probe *p, const char *command, const char *text, bool *known)
{
	unsigned a = 0, b = 0, c = 0;
	int d = 0, n = sscanf(text, "%u %u %u %d", &a, &b, &c, &d);
	*known = true;
	if (g_str_equal(command, "touch") && n == 4)
		return mtp_session_touch(
		    p->session, (enum mtp_touch_phase)a, (uint8_t)b, (uint16_t)c, (uint16_t)d);
	if (g_str_equal(command, "pointer") && n == 4)
		return mtp_session_pointer(
		    p->session, (uint16_t)a, (uint16_t)b, (uint8_t)c, (int8_t)d);
	if (g_str_equal(command, "key") && n == 2)
		return mtp_session_key(p->session, (uint16_t)a, b);
	if (g_str_equal(command, "tap") && n == 2)
		return tap(p, a, b);
	if (g_str_equal(command, "refresh"))
		return mtp_session_refresh(p->session);
	if (g_str_equal(command, "ping"))
		return mtp_session_ping(p->session, 1);
	*known = false;
	return false;
}

static bool do_expect(struct probe *p, const char *command, const char *text)
{
	unsigned a = 0, b = 0, c = 0;
	if (g_str_equal(command, "picture"))
		return wait_until(p, has_picture, "a picture");
	if (g_str_equal(command, "look")) {
		look(p);
		return true;
	}
	if (g_str_equal(command, "change"))
		return wait_until(p, has_changed, "the picture to change");
	if (g_str_equal(command, "expect-bye")) {
		bool ended = wait_until(p, has_ended, "the stream to end");
		printf("bye=%u reason=%s\n", mtp_session_code(p->session),
		    mtp_session_reason(p->session));
		return ended &&
		       (mtp_session_code(p->session) == atoi(text) ||
		           fail("BYE %u instead of %s", mtp_session_code(p->session), text));
	}
	if (g_str_equal(command, "wait")) {
		wait_ms(p, atoi(text));
		return true;
	}
	if (g_str_equal(command, "quiet")) {
		look(p);
		wait_ms(p, atoi(text));
		return !has_changed(p) || fail("updates came");
	}
	if (g_str_equal(command, "sleep")) {
		g_usleep((gulong)atoi(text) * 1000);
		return true;
	}
	if (g_str_equal(command, "size") && sscanf(text, "%u %u", &a, &b) == 2) {
		const struct picture *picture = mtp_session_picture(p->session);
		return (picture->width == a && picture->height == b) ||
		       fail("the screen is %ux%u", picture->width, picture->height);
	}
	if (g_str_equal(command, "pixel") && sscanf(text, "%u %u %x", &a, &b, &c) == 3)
		return check_pixel(p, a, b, c);
	if (g_str_equal(command, "save"))
		return do_save(p, text);
	if (g_str_equal(command, "load"))
		return check_file(p, text);
	if (g_str_equal(command, "counters"))
		return do_counters(p);
	return fail("no such command: %s %s", command, text);
}

static bool run(struct probe *p, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 2);
	const char *text = words[0] && words[1] ? words[1] : "";
	bool known;
	bool good = do_set_up(p, words[0], text, &known);
	if (!known && !p->ssl)
		return fail("'%s' before open", words[0]);
	if (!known)
		good = do_input(p, words[0], text, &known);
	if (!known)
		good = do_expect(p, words[0], text);
	return good || fail("failed: %s", line);
}

static int make_keys(const char *folder)
{
	g_autoptr(GError) error = NULL;
	static const char *const hosts[] = {"localhost", "127.0.0.1", NULL};
	g_autofree char *private_key = g_build_filename(folder, "grant.key", NULL);
	g_autofree char *public_key = g_build_filename(folder, "grant.pem", NULL);
	if (pki_ensure_authority(folder, &error) &&
	    pki_ensure_certificate(folder, "terminal", hosts, &error) &&
	    grant_key_generate(private_key, public_key, &error))
		return 0;
	fail("%s", error->message);
	return 1;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && g_str_equal(argv[1], "keys"))
		return make_keys(argv[2]);
	if (argc < 7 || !g_str_equal(argv[1], "connect")) {
		fprintf(stderr,
		    "usage: mtp-probe keys FOLDER\n       mtp-probe connect FOLDER PORT "
		    "HOST PHONE SESSION [ROLE]\n");
		return 2;
	}
	struct probe p = {.folder = argv[2],
	    .port = atoi(argv[3]),
	    .host = argv[4],
	    .terminal = {.width = 360, .height = 720},
	    .phone = argv[5],
	    .session_id = argv[6],
	    .role = argc > 7 ? argv[7] : "user",
	    .lifetime = 30,
	    .fd = -1};
	mtp_codecs_init(&p.decoders);
	p.session = mtp_session_new(
	    &(struct mtp_session_options){.codecs = &p.decoders, .clock_us = clock_us});
	char line[8192];
	bool good = true;
	while (good && fgets(line, sizeof line, stdin)) {
		g_strchomp(line);
		if (*line && *line != '#')
			good = run(&p, line);
	}
	mtp_session_free(p.session);
	mtp_codecs_finish(&p.decoders);
	SSL_free(p.ssl);
	SSL_CTX_free(p.context);
	if (p.fd >= 0)
		close(p.fd);
	g_free(p.grant);
	return good ? 0 : 1;
}
