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
 *   terminal W H ROTATION SCALING [MODE]     of the HELLO, or told now
 *   raw HEX           sends bytes                  expect-bye CODE    waits for the end
 *   picture           waits for a whole picture    change             waits for another picture
 *   settle MS         until nothing comes for so long
 *   settle MS         until nothing comes          quiet MS           nothing must come
 *   touch PHASE SLOT X Y / pointer X Y BUTTONS WHEEL / key CODE DOWN / refresh / ping
 *   tap X Y           presses, and prints the ms until the picture has changed
 *   size W H / pixel X Y RRGGBB / load FILE  until the picture has, shows or equals that
 *   save FILE         as PPM                       wait MS            reads meanwhile
 *   counters          prints what came
 *
 * While it waits for a command it does not read.
 */
#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/file.h"
#include "common/grant.h"
#include "common/pki.h"
#include "tests/mtp-server/terminal.h"

struct probe {
	struct terminal terminal;
	struct mtp_session *session; /* of the terminal */
	uint64_t updates;            /* when last looked */
};

static uint64_t updates(const struct terminal *t)
{
	return mtp_session_counters(t->session)->updates;
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

/* --- conditions --- */

static bool has_picture(struct terminal *t, const void *data)
{
	(void)data;
	return mtp_session_complete(t->session);
}

static bool has_changed(struct terminal *t, const void *data)
{
	const struct probe *p = data;
	return updates(t) > p->updates;
}

static bool has_ended(struct terminal *t, const void *data)
{
	(void)data;
	return t->closed;
}

struct size {
	unsigned width, height;
};

static bool has_size(struct terminal *t, const void *data)
{
	const struct size *size = data;
	const struct picture *picture = mtp_session_picture(t->session);
	return picture->width == size->width && picture->height == size->height;
}

struct pixel {
	unsigned x, y, colour;
};

static unsigned colour_at(const struct terminal *t, unsigned x, unsigned y)
{
	const struct picture *picture = mtp_session_picture(t->session);
	if (x >= picture->width || y >= picture->height)
		return UINT_MAX;
	const uint8_t *at = picture->pixels + 4 * ((size_t)y * picture->width + x);
	return (unsigned)at[0] << 16 | (unsigned)at[1] << 8 | at[2];
}

static bool has_pixel(struct terminal *t, const void *data)
{
	const struct pixel *pixel = data;
	return colour_at(t, pixel->x, pixel->y) == pixel->colour;
}

static bool equals_file(struct terminal *t, const void *file)
{
	g_autoptr(GByteArray) ppm = ppm_of(mtp_session_picture(t->session));
	size_t n;
	g_autofree char *bytes = file_load(file, 64u << 20, &n, NULL);
	return bytes && n == ppm->len && memcmp(bytes, ppm->data, n) == 0;
}

/* --- commands --- */

static bool tap(struct probe *p, unsigned x, unsigned y)
{
	bool touch = mtp_session_touch_points(p->session) > 0;
	p->updates = updates(&p->terminal);
	int64_t begin = g_get_monotonic_time();
	if (touch)
		mtp_session_touch(p->session, MTP_TOUCH_DOWN, 0, (uint16_t)x, (uint16_t)y);
	else
		mtp_session_pointer(p->session, (uint16_t)x, (uint16_t)y, MTP_BUTTON_LEFT, 0);
	if (!terminal_wait(&p->terminal, has_changed, p, "the picture to change"))
		return false;
	printf("tap_ms=%.1f\n", (double)(g_get_monotonic_time() - begin) / 1000);
	if (touch)
		mtp_session_touch(p->session, MTP_TOUCH_UP, 0, (uint16_t)x, (uint16_t)y);
	else
		mtp_session_pointer(p->session, (uint16_t)x, (uint16_t)y, 0, 0);
	terminal_read(&p->terminal, 50);
	return true;
}

static bool expect_bye(struct probe *p, const char *code)
{
	bool ended = terminal_wait(&p->terminal, has_ended, NULL, "the stream to end");
	printf("bye=%u reason=%s\n", mtp_session_code(p->session), mtp_session_reason(p->session));
	return ended && (mtp_session_code(p->session) == atoi(code) ||
	                    fail("BYE %u instead of %s", mtp_session_code(p->session), code));
}

static bool settle(struct probe *p, int ms)
{
	do {
		p->updates = updates(&p->terminal);
		terminal_read(&p->terminal, ms);
	} while (!p->terminal.closed && has_changed(&p->terminal, p));
	return !p->terminal.closed || fail("the stream ended");
}

static bool do_raw(struct probe *p, const char *hex)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	unsigned byte;
	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		g_byte_array_append(bytes, &(uint8_t){(uint8_t)byte}, 1);
	return terminal_send(&p->terminal, bytes->data, bytes->len);
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
	unsigned width, height, rotation, scaling, mode = MTP_MODE_KEEP;
	if (sscanf(text, "%u %u %u %u %u", &width, &height, &rotation, &scaling, &mode) < 4)
		return fail("terminal %s", text);
	p->terminal.screen = (struct mtp_terminal){.width = (uint16_t)width,
	    .height = (uint16_t)height,
	    .rotation = (uint8_t)rotation,
	    .scaling = (uint8_t)scaling,
	    .mode = (uint8_t)mode};
	return !p->terminal.ssl || mtp_session_terminal(p->session, &p->terminal.screen);
}

static bool do_set_up(struct probe *p, const char *command, const char *text, bool *known)
{
	struct terminal *t = &p->terminal;
	unsigned a, b;
	*known = true;
	if (g_str_equal(command, "grant"))
		return (t->grant = g_strdup(text)) != NULL;
	if (g_str_equal(command, "use-grant"))
		return (t->grant = file_load(text, 65536, NULL, NULL)) != NULL;
	if (g_str_equal(command, "lifetime"))
		return sscanf(text, "%d", &t->lifetime) == 1;
	if (g_str_equal(command, "codecs"))
		return sscanf(text, "%u", &t->codecs) == 1;
	if (g_str_equal(command, "versions") && sscanf(text, "%u %u", &a, &b) == 2) {
		t->other_versions = true;
		t->version_min = (uint16_t)a;
		t->version_max = (uint16_t)b;
		return true;
	}
	if (g_str_equal(command, "open"))
		return terminal_open(t);
	if (g_str_equal(command, "save-grant"))
		return file_store(text, t->grant, strlen(t->grant), 0600, NULL);
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

/* What must come true of the picture: a loaded machine takes its time for it. */
static bool do_expect(struct probe *p, const char *command, const char *text, bool *known)
{
	struct terminal *t = &p->terminal;
	struct size size;
	struct pixel pixel;
	*known = true;
	if (g_str_equal(command, "picture"))
		return terminal_wait(t, has_picture, NULL, "a picture");
	if (g_str_equal(command, "change"))
		return terminal_wait(t, has_changed, p, "the picture to change");
	if (g_str_equal(command, "size") && sscanf(text, "%u %u", &size.width, &size.height) == 2)
		return terminal_wait(t, has_size, &size, "the size");
	if (g_str_equal(command, "pixel") &&
	    sscanf(text, "%u %u %x", &pixel.x, &pixel.y, &pixel.colour) == 3)
		return terminal_wait(t, has_pixel, &pixel, "the pixel") ||
		       fail(
		           "pixel %u,%u is %06x", pixel.x, pixel.y, colour_at(t, pixel.x, pixel.y));
	if (g_str_equal(command, "load"))
		return terminal_wait(t, equals_file, text, "the picture of the file");
	*known = false;
	return false;
}

static bool do_other(struct probe *p, const char *command, const char *text)
{
	if (g_str_equal(command, "look")) {
		p->updates = updates(&p->terminal);
		return true;
	}
	if (g_str_equal(command, "expect-bye"))
		return expect_bye(p, text);
	if (g_str_equal(command, "wait")) {
		terminal_read(&p->terminal, atoi(text));
		return true;
	}
	if (g_str_equal(command, "settle"))
		return settle(p, atoi(text));
	if (g_str_equal(command, "quiet")) {
		p->updates = updates(&p->terminal);
		terminal_read(&p->terminal, atoi(text));
		return !has_changed(&p->terminal, p) || fail("updates came");
	}
	if (g_str_equal(command, "save"))
		return do_save(p, text);
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
	if (!known && !p->terminal.ssl)
		return fail("'%s' before open", words[0]);
	if (!known)
		good = do_input(p, words[0], text, &known);
	if (!known)
		good = do_expect(p, words[0], text, &known);
	if (!known)
		good = do_other(p, words[0], text);
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
	struct probe p = {0};
	struct terminal *t = &p.terminal;
	terminal_init(t);
	t->folder = argv[2];
	t->port = atoi(argv[3]);
	t->host = argv[4];
	t->phone = argv[5];
	t->session_id = argv[6];
	t->role = argc > 7 ? argv[7] : "user";
	p.session = t->session;
	char line[8192];
	bool good = true;
	while (good && fgets(line, sizeof line, stdin)) {
		g_strchomp(line);
		if (*line && *line != '#')
			good = run(&p, line);
	}
	terminal_finish(t);
	return good ? 0 : 1;
}
