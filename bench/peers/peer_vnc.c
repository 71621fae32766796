/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RFB (RFC 6143) by LibVNC's server and client over a socket pair. The server runs in the caller's
 * thread and is told of what changed in blocks of 32 pixels, as a server that polls its screen
 * would find it; the client decodes in a thread of its own.
 */
#include <rfb/rfb.h>
#include <rfb/rfbclient.h>
#include <rfb/rfbregion.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/screen/cpu_clock.h"
#include "bench/peers/peer.h"
#include "common/error.h"

#define PIXEL 4
#define DAMAGE 32          /* pixels of a block's side */
#define POLL_US 2000       /* of server and client */
#define STUCK_US 30000000  /* for one update */
#define GREETING_US 300000 /* for what comes before the first */

struct vnc {
	rfbScreenInfoPtr server;
	rfbClient *client;
	GThread *thread;
	uint8_t *screen;
	gint updates, bells, ended; /* atomic; counted by the client's thread */
	int bells_sent;
	struct peer_cost cost;
};

struct encoding {
	const char *name;
	bool jpeg;
	int quality;
};

/* --- the client's thread --- */

static void on_update(rfbClient *client)
{
	struct vnc *v = rfbClientGetClientData(client, NULL);
	g_atomic_int_inc(&v->updates);
}

static void on_bell(rfbClient *client)
{
	struct vnc *v = rfbClientGetClientData(client, NULL);
	g_atomic_int_inc(&v->bells);
}

static gpointer receive(gpointer data)
{
	struct vnc *v = data;
	rfbClient *c = v->client;
	bool good = InitialiseRFBConnection(c);
	if (good) {
		c->width = c->si.framebufferWidth;
		c->height = c->si.framebufferHeight;
		c->updateRect.x = c->updateRect.y = 0;
		c->updateRect.w = c->width;
		c->updateRect.h = c->height;
		good = c->MallocFrameBuffer(c) && SetFormatAndEncodings(c) &&
		       SendFramebufferUpdateRequest(c, 0, 0, c->width, c->height, FALSE);
	}
	while (good && !g_atomic_int_get(&v->ended)) {
		/* What came together with the last message is in no socket any more. */
		int n = c->buffered ? 1 : WaitForMessage(c, POLL_US);
		good = n >= 0 && (n == 0 || HandleRFBServerMessage(c));
	}
	g_atomic_int_set(&v->ended, 1);
	return NULL;
}

/* --- the server --- */

static void quiet(const char *format, ...)
{
	(void)format;
}

static void start_server(struct vnc *v, unsigned width, unsigned height, int fd)
{
	v->server = rfbGetScreen(NULL, NULL, (int)width, (int)height, 8, 3, PIXEL);
	v->server->frameBuffer = (char *)v->screen;
	v->server->cursor = NULL;
	v->server->deferUpdateTime = 0;
	v->server->inetdSock = fd;
	rfbInitServer(v->server);
}

static void start_client(struct vnc *v, int fd, const struct encoding *encoding)
{
	v->client = rfbGetClient(8, 3, PIXEL);
	v->client->sock = fd;
	v->client->appData.encodingsString = encoding->name;
	v->client->appData.enableJPEG = encoding->jpeg;
	v->client->appData.qualityLevel = encoding->quality;
	v->client->FinishedFrameBufferUpdate = on_update;
	v->client->Bell = on_bell;
	rfbClientSetClientData(v->client, NULL, v);
	v->thread = g_thread_new("vnc client", receive, v);
}

static void close_peer(void *peer)
{
	struct vnc *v = peer;
	g_atomic_int_set(&v->ended, 1);
	g_thread_join(v->thread);
	rfbShutdownServer(v->server, TRUE);
	rfbScreenCleanup(v->server);
	free(v->client->frameBuffer);
	rfbClientCleanup(v->client);
	g_free(v->screen);
	g_free(v);
}

/* Takes over a block; true when it differed. */
static bool take_block(struct vnc *v, const uint8_t *rgba, int x, int y, int width, int height)
{
	bool differs = false;
	size_t stride = (size_t)v->server->width * PIXEL, row = (size_t)width * PIXEL;
	for (int i = 0; i < height; i++) {
		size_t at = (size_t)(y + i) * stride + (size_t)x * PIXEL;
		if (!differs && memcmp(v->screen + at, rgba + at, row) == 0)
			continue;
		differs = true;
		memcpy(v->screen + at, rgba + at, row);
	}
	return differs;
}

static void mark_changes(struct vnc *v, const uint8_t *rgba)
{
	for (int y = 0; y < v->server->height; y += DAMAGE)
		for (int x = 0; x < v->server->width; x += DAMAGE) {
			int width = MIN(DAMAGE, v->server->width - x);
			int height = MIN(DAMAGE, v->server->height - y);
			if (take_block(v, rgba, x, y, width, height))
				rfbMarkRectAsModified(v->server, x, y, x + width, y + height);
		}
}

/* The server's view of its one client, NULL when it has gone. */
static rfbClientPtr served(const struct vnc *v)
{
	rfbClientIteratorPtr at = rfbGetClientIterator(v->server);
	rfbClientPtr client = rfbClientIteratorNext(at);
	rfbReleaseClientIterator(at);
	return client;
}

static uint64_t sent_bytes(const struct vnc *v)
{
	rfbClientPtr client = served(v);
	return client ? (uint64_t)rfbStatGetSentBytes(client) : 0;
}

static bool is_sent(const struct vnc *v)
{
	rfbClientPtr client = served(v);
	return client && sraRgnEmpty(client->modifiedRegion);
}

static bool is_drawn(const struct vnc *v)
{
	return g_atomic_int_get(&v->bells) == v->bells_sent;
}

static bool serve_until(struct vnc *v, bool (*done)(const struct vnc *), GError **error)
{
	int64_t stuck = g_get_monotonic_time() + STUCK_US;
	while (!done(v)) {
		rfbProcessEvents(v->server, POLL_US);
		if (g_atomic_int_get(&v->ended) || g_get_monotonic_time() > stuck) {
			g_set_error(
			    error, QVMI_ERROR, QVMI_ERROR_FAILED, "LibVNC's client got no update");
			return false;
		}
	}
	return true;
}

static void *open_peer(
    unsigned width, unsigned height, const struct encoding *encoding, GError **error)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "cannot make a socket: %s",
		    g_strerror(errno));
		return NULL;
	}
	rfbLog = rfbErr = rfbClientLog = rfbClientErr = quiet;
	struct vnc *v = g_new0(struct vnc, 1);
	v->screen = g_malloc0((size_t)width * height * PIXEL);
	start_server(v, width, height, pair[0]);
	start_client(v, pair[1], encoding);
	/* The black screen of the beginning, and what the two support: none of it is a frame. */
	int64_t until = g_get_monotonic_time() + GREETING_US;
	while (g_get_monotonic_time() < until || !g_atomic_int_get(&v->updates))
		if (rfbProcessEvents(v->server, POLL_US) < 0 || g_atomic_int_get(&v->ended))
			break;
	return v;
}

static bool frame(void *peer, uint64_t ms, const struct ppm *ppm, GError **error)
{
	(void)ms;
	struct vnc *v = peer;
	size_t pixels = (size_t)ppm->width * ppm->height;
	g_autofree uint8_t *rgba = g_malloc(pixels * PIXEL);
	for (size_t i = 0; i < pixels; i++) {
		memcpy(rgba + i * PIXEL, ppm->rgb + i * 3, 3);
		rgba[i * PIXEL + 3] = 0;
	}
	int64_t begin = cpu_clock_ns();
	uint64_t before = sent_bytes(v);
	mark_changes(v, rgba);
	if (!serve_until(v, is_sent, error))
		return false;
	v->cost.bytes += sent_bytes(v) - before;
	/* An update may be about other things than pixels, so counting them says nothing. But what
	 * was sent before a bell has been drawn when it rings. */
	rfbSendBell(v->server);
	v->bells_sent++;
	if (!serve_until(v, is_drawn, error))
		return false;
	v->cost.cpu_ns += cpu_clock_ns() - begin;
	return true;
}

static const uint8_t *shown(void *peer)
{
	return ((struct vnc *)peer)->client->frameBuffer;
}

static struct peer_cost cost(void *peer)
{
	return ((struct vnc *)peer)->cost;
}

/* Compression level 3, which is LibVNC's own. */
#define PEER(symbol, called, ...)                                                                  \
	static void *open_##symbol(unsigned width, unsigned height, GError **error)                \
	{                                                                                          \
		static const struct encoding encoding = {__VA_ARGS__};                             \
		return open_peer(width, height, &encoding, error);                                 \
	}                                                                                          \
	const struct peer_class peer_##symbol = {.name = (called),                                 \
	    .open = open_##symbol,                                                                 \
	    .close = close_peer,                                                                   \
	    .frame = frame,                                                                        \
	    .shown = shown,                                                                        \
	    .cost = cost}

PEER(tight, "tight", .name = "tight copyrect");
PEER(tight_q8, "tight-q8", .name = "tight copyrect", .jpeg = true, .quality = 8);
PEER(zrle, "zrle", .name = "zrle copyrect");
