/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mtp-rdp-viewer: serves one RDP client, for mtp-rdp, which starts it with the descriptors of
 * link.h. FreeRDP and all that a stranger sends are in this process, and the account is not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <winpr/ssl.h>
#include <winpr/wlog.h>

#include "mtp-client/rdp/confine.h"
#include "mtp-client/rdp/credentials.h"
#include "mtp-client/rdp/link.h"
#include "mtp-client/rdp/peer.h"

static bool read_credentials(char *pem)
{
	ssize_t n = pread(LINK_CREDENTIALS_FD, pem, CREDENTIALS_MAX, 0);

	close(LINK_CREDENTIALS_FD);
	return n > 0 && pem[n - 1] == '\0';
}

int main(void)
{
	static char pem[CREDENTIALS_MAX];
	int kind = 0;
	socklen_t size = sizeof kind;

	if (getsockopt(LINK_FD, SOL_SOCKET, SO_TYPE, &kind, &size) != 0 || kind != SOCK_SEQPACKET) {
		fprintf(stderr, "mtp-rdp-viewer is started by mtp-rdp, not by hand\n");
		return 2;
	}
	/* A stranger could fill the log. */
	if (!getenv("WLOG_LEVEL"))
		WLog_SetLogLevel(WLog_GetRoot(), WLOG_OFF);
	winpr_InitializeSSL(WINPR_SSL_INIT_DEFAULT);
	struct peer *peer = read_credentials(pem) ? peer_new(LINK_CLIENT_FD, LINK_FD, pem) : NULL;

	explicit_bzero(pem, sizeof pem);
	if (!peer || !confine()) {
		perror("mtp-rdp-viewer: cannot begin");
		peer_free(peer);
		return 1;
	}
	peer_run(peer);
	peer_free(peer);
	return 0;
}
