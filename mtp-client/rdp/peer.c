/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/rdp/peer.h"

#include <errno.h>
#include <freerdp/crypto/certificate.h>
#include <freerdp/crypto/privatekey.h>
#include <freerdp/freerdp.h>
#include <freerdp/peer.h>
#include <freerdp/settings.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <winpr/ntlm.h>
#include <winpr/synch.h>

#include "mtp-client/rdp/client_input.h"
#include "mtp-client/rdp/tiles.h"
#include "mtp/messages.h"

#define HANDLES_MAX 8
/* So long the host may take to bring the picture to the client's size, before the client is asked
 * to take over the picture's. */
#define FIT_MS 1500
#define DEPTH 32 /* bits a pixel, unless the client asks for fewer */

struct peer {
	freerdp_peer *rdp;
	int client, link; /* client: FreeRDP's, once it has taken over */
	struct tiles *tiles;

	bool proved; /* knows the code */
	bool let_in; /* and mtp-rdp has been told */
	bool active; /* may be drawn on; not while its desktop is resized */
	bool suppressed;
	bool asked; /* for the next picture */
	int64_t fit_until_ms;

	const uint8_t *pixels; /* of mtp-rdp; NULL: not yet */
	uint32_t width, height;
	struct rectangle damage; /* not drawn yet; empty: width 0 */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct peer *peer_of(const freerdp_peer *rdp)
{
	return ((struct client_context *)rdp->context)->peer;
}

static bool say(struct peer *p, const struct link_packet *packet)
{
	return client_say((struct client_context *)p->rdp->context, packet);
}

static uint32_t setting(const struct peer *p, FreeRDP_Settings_Keys_UInt32 key)
{
	return freerdp_settings_get_uint32(p->rdp->context->settings, key);
}

/* --- sign-in --- */

/* The code as mtp-rdp lends it; false: none is good. */
static bool borrow_code(struct peer *p, struct link_packet *packet)
{
	return say(p, &(struct link_packet){.kind = LINK_ASK}) &&
	       recv(p->link, packet, sizeof *packet, 0) == sizeof *packet &&
	       packet->kind == LINK_CODE && *packet->code && !packet->code[CODE_LENGTH_MAX];
}

/* NTLM's key (MS-NLMP 3.3.2) of the code, for whatever user the client names: with another one
 * nothing that the client has sealed can be opened. */
static SECURITY_STATUS on_hash(void *data, const SEC_WINNT_AUTH_IDENTITY *who,
    const SecBuffer *proof, const BYTE *random_key, const BYTE *mic, const SecBuffer *mic_value,
    BYTE *hash)
{
	struct link_packet packet;
	WCHAR wide[CODE_LENGTH_MAX];
	uint32_t n = 0;

	(void)proof;
	(void)random_key;
	(void)mic;
	(void)mic_value;
	bool good = borrow_code(peer_of(data), &packet);

	while (good && packet.code[n]) {
		wide[n] = (WCHAR)packet.code[n];
		n++;
	}
	good = good &&
	       NTOWFv2W(wide, n * sizeof *wide, (LPWSTR)who->User, who->UserLength * sizeof *wide,
	           (LPWSTR)who->Domain, who->DomainLength * sizeof *wide, hash);
	explicit_bzero(&packet, sizeof packet);
	explicit_bzero(wide, sizeof wide);
	return good; /* FreeRDP takes it for a BOOL */
}

/* After the negotiation; `proved`: by CredSSP. */
static BOOL on_logon(freerdp_peer *rdp, const SEC_WINNT_AUTH_IDENTITY *who, BOOL proved)
{
	(void)who;
	peer_of(rdp)->proved = proved;
	return proved;
}

/* --- drawing --- */

static void add_damage(struct peer *p, const struct rectangle *more)
{
	struct rectangle *sum = &p->damage;
	uint32_t right = MAX(sum->x + sum->width, more->x + more->width);
	uint32_t bottom = MAX(sum->y + sum->height, more->y + more->height);

	if (!sum->width) {
		*sum = *more;
		return;
	}
	sum->x = MIN(sum->x, more->x);
	sum->y = MIN(sum->y, more->y);
	sum->width = right - sum->x;
	sum->height = bottom - sum->y;
}

static void damage_all(struct peer *p)
{
	p->damage = (struct rectangle){0, 0, p->width, p->height};
}

static bool begin_tiles(struct peer *p)
{
	const rdpSettings *settings = p->rdp->context->settings;

	damage_all(p);
	return tiles_begin(p->tiles, setting(p, FreeRDP_DesktopWidth),
	    setting(p, FreeRDP_DesktopHeight), setting(p, FreeRDP_ColorDepth),
	    freerdp_settings_get_bool(settings, FreeRDP_DrawAllowSkipAlpha));
}

/* The client is connected, or its desktop has another size. */
static BOOL on_activate(freerdp_peer *rdp)
{
	struct peer *p = peer_of(rdp);
	const struct link_packet terminal = {.kind = LINK_TERMINAL,
	    .terminal = {(uint16_t)setting(p, FreeRDP_DesktopWidth),
	        (uint16_t)setting(p, FreeRDP_DesktopHeight)}};

	if (!p->proved || !begin_tiles(p))
		return FALSE;
	p->active = true;
	if (p->let_in)
		return TRUE;
	p->let_in = true;
	p->fit_until_ms = now_ms() + FIT_MS;
	return say(p, &(struct link_packet){.kind = LINK_LET_IN}) && say(p, &terminal);
}

static BOOL on_post_connect(freerdp_peer *rdp)
{
	return peer_of(rdp)->proved;
}

static BOOL on_refresh(rdpContext *context, BYTE count, const RECTANGLE_16 *areas)
{
	struct peer *p = ((struct client_context *)context)->peer;

	(void)count;
	(void)areas;
	return !p->active || begin_tiles(p);
}

static BOOL on_suppress(rdpContext *context, BYTE allow, const RECTANGLE_16 *area)
{
	(void)area;
	((struct client_context *)context)->peer->suppressed = !allow;
	return TRUE;
}

static bool fits(const struct peer *p)
{
	return p->width == setting(p, FreeRDP_DesktopWidth) &&
	       p->height == setting(p, FreeRDP_DesktopHeight);
}

/* The client takes over the picture's size, if it can: it activates again. */
static bool resize(struct peer *p)
{
	rdpContext *context = p->rdp->context;

	if (!freerdp_settings_get_bool(context->settings, FreeRDP_DesktopResize))
		return true;
	p->active = false;
	return freerdp_settings_set_uint32(context->settings, FreeRDP_DesktopWidth, p->width) &&
	       freerdp_settings_set_uint32(context->settings, FreeRDP_DesktopHeight, p->height) &&
	       context->update->DesktopResize(context);
}

/* Draws what there is to draw, and asks for more. False: the client is gone. */
static bool draw(struct peer *p)
{
	if (!p->active || p->suppressed || p->rdp->IsWriteBlocked(p->rdp))
		return true;
	if (p->pixels && p->damage.width) {
		if (!fits(p)) {
			if (now_ms() < p->fit_until_ms)
				return true;
			if (!resize(p))
				return false;
			if (!p->active)
				return true;
		}
		if (!tiles_send(p->tiles, p->rdp->context, p->pixels,
		        (size_t)p->width * PICTURE_BYTES, &p->damage))
			return false;
		p->damage.width = 0;
	}
	if (p->asked)
		return true;
	p->asked = true;
	return say(p, &(struct link_packet){.kind = LINK_READY});
}

/* --- mtp-rdp --- */

static bool map_memory(struct peer *p, const struct msghdr *message)
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(message);
	int fd;

	if (p->pixels || !control || control->cmsg_type != SCM_RIGHTS ||
	    control->cmsg_len != CMSG_LEN(sizeof fd))
		return false;
	memcpy(&fd, CMSG_DATA(control), sizeof fd);
	void *memory =
	    mmap(NULL, (size_t)MTP_MAX_SCREEN * PICTURE_BYTES, PROT_READ, MAP_SHARED, fd, 0);

	close(fd);
	if (memory == MAP_FAILED)
		return false;
	p->pixels = memory;
	return true;
}

/* False: mtp-rdp is gone. */
static bool take_picture(struct peer *p)
{
	struct link_packet packet;
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec bytes = {&packet, sizeof packet};
	struct msghdr message = {.msg_iov = &bytes,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof control};

	if (recvmsg(p->link, &message, MSG_CMSG_CLOEXEC) != sizeof packet ||
	    packet.kind != LINK_PICTURE || (!p->pixels && !map_memory(p, &message)))
		return false;
	p->asked = false;
	if (p->width == packet.picture.width && p->height == packet.picture.height) {
		add_damage(p, &packet.picture.damage);
		return true;
	}
	p->width = packet.picture.width;
	p->height = packet.picture.height;
	damage_all(p);
	return true;
}

/* --- life --- */

static bool take_credentials(rdpSettings *settings, const char *pem)
{
	rdpPrivateKey *key = freerdp_key_new_from_pem(pem);
	rdpCertificate *certificate = freerdp_certificate_new_from_pem(pem);

	return key && certificate &&
	       freerdp_settings_set_pointer_len(settings, FreeRDP_RdpServerRsaKey, key, 1) &&
	       freerdp_settings_set_pointer_len(
	           settings, FreeRDP_RdpServerCertificate, certificate, 1);
}

static bool set_up(rdpSettings *settings)
{
	static const struct {
		FreeRDP_Settings_Keys_Bool key;
		BOOL value;
	} bools[] = {
	    /* Whoever has not proved the code by CredSSP gets no further. */
	    {FreeRDP_NlaSecurity, TRUE},
	    {FreeRDP_TlsSecurity, FALSE},
	    {FreeRDP_RdpSecurity, FALSE},
	    {FreeRDP_RefreshRect, TRUE},
	    {FreeRDP_SuppressOutput, TRUE},
	    {FreeRDP_UnicodeInput, TRUE},
	    {FreeRDP_FastPathInput, TRUE},
	    {FreeRDP_FastPathOutput, TRUE},
	    {FreeRDP_RemoteFxCodec, FALSE},
	    {FreeRDP_NSCodec, FALSE},
	    {FreeRDP_SupportGraphicsPipeline, FALSE},
	    {FreeRDP_NetworkAutoDetect, FALSE},
	    {FreeRDP_DrawAllowSkipAlpha, TRUE},
	    /* A slow client's output waits, while its input is read. */
	    {FreeRDP_WaitForOutputBufferFlush, FALSE},
	};

	for (size_t i = 0; i < sizeof bools / sizeof *bools; i++)
		if (!freerdp_settings_set_bool(settings, bools[i].key, bools[i].value))
			return false;
	return freerdp_settings_set_uint32(settings, FreeRDP_ColorDepth, DEPTH) &&
	       freerdp_settings_set_string(settings, FreeRDP_AuthenticationPackageList, "ntlm");
}

static bool attach(struct peer *p, const char *credentials)
{
	freerdp_peer *rdp = p->rdp;

	rdp->ContextSize = sizeof(struct client_context);
	if (!freerdp_peer_context_new(rdp))
		return false;
	struct client_context *client = (struct client_context *)rdp->context;

	client->peer = p;
	client->link = p->link;
	if (!take_credentials(rdp->context->settings, credentials) ||
	    !set_up(rdp->context->settings))
		return false;
	rdp->SspiNtlmHashCallback = on_hash;
	rdp->Logon = on_logon;
	rdp->PostConnect = on_post_connect;
	rdp->Activate = on_activate;
	rdp->context->update->RefreshRect = on_refresh;
	rdp->context->update->SuppressOutput = on_suppress;
	client_input_attach(client);
	return rdp->Initialize(rdp);
}

struct peer *peer_new(int client, int link, const char *credentials)
{
	struct peer *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->client = client;
	p->link = link;
	p->tiles = tiles_new();
	p->rdp = p->tiles ? freerdp_peer_new(client) : NULL;
	if (p->rdp && attach(p, credentials))
		return p;
	peer_free(p);
	return NULL;
}

void peer_free(struct peer *p)
{
	if (!p)
		return;
	if (p->rdp) {
		if (p->rdp->context)
			freerdp_peer_context_free(p->rdp);
		freerdp_peer_free(p->rdp);
	}
	if (p->pixels)
		munmap((void *)p->pixels, (size_t)MTP_MAX_SCREEN * PICTURE_BYTES);
	tiles_free(p->tiles);
	close(p->link);
	free(p);
}

/* What to wait for: the client, mtp-rdp, and FreeRDP's own events. 0: the client is gone. */
static nfds_t collect(struct peer *p, struct pollfd *fds)
{
	HANDLE handles[HANDLES_MAX];
	DWORD n = p->rdp->GetEventHandles(p->rdp, handles, HANDLES_MAX);
	bool blocked = n && p->rdp->IsWriteBlocked(p->rdp);

	fds[0] = (struct pollfd){.fd = p->let_in ? p->link : -1, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = blocked ? p->client : -1, .events = POLLOUT};
	for (DWORD i = 0; i < n; i++)
		fds[2 + i] =
		    (struct pollfd){.fd = GetEventFileDescriptor(handles[i]), .events = POLLIN};
	return n ? n + 2 : 0;
}

static int patience_ms(const struct peer *p)
{
	int64_t left = p->fit_until_ms - now_ms();

	return p->active && p->damage.width && left >= 0 ? (int)left + 1 : -1;
}

void peer_run(struct peer *p)
{
	struct pollfd fds[HANDLES_MAX + 2];
	nfds_t n;

	while ((n = collect(p, fds)) > 0) {
		if (poll(fds, n, patience_ms(p)) < 0 && errno != EINTR)
			break;
		if (fds[0].revents && !take_picture(p))
			break;
		if (fds[1].revents && p->rdp->DrainOutputBuffer(p->rdp) < 0)
			break;
		if (!p->rdp->CheckFileDescriptor(p->rdp) || !draw(p))
			break;
	}
	p->rdp->Disconnect(p->rdp);
}
