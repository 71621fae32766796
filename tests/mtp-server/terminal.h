/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal for tests, at mtpd over TLS with a grant that it signs itself. One thread, it blocks,
 * and reads only while it waits. What fails says why on standard error and returns false.
 */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "mtp-client/core/codecs.h"
#include "mtp-client/core/session.h"

struct terminal {
	const char *folder; /* of keys and certificates */
	const char *host, *phone, *session_id, *role;
	int port, lifetime; /* seconds, of the grant; may be negative */
	char *grant;        /* owned; NULL: one is signed */
	bool other_versions;
	uint16_t version_min, version_max; /* of the HELLO, if other_versions */
	uint32_t codecs;                   /* of the HELLO; 0: those that the client has */
	struct mtp_terminal screen;
	struct mtp_codecs decoders;
	struct mtp_session *session;
	SSL_CTX *context;
	SSL *ssl; /* NULL: not connected yet */
	int fd;
	bool closed;
};

bool fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

void terminal_init(struct terminal *terminal);
void terminal_finish(struct terminal *terminal);

/* Connects and says HELLO. */
bool terminal_open(struct terminal *terminal);
/* Sends bytes, connecting first if need be; what is answered is understood. */
bool terminal_send(struct terminal *terminal, const uint8_t *bytes, size_t n);

typedef bool terminal_condition(struct terminal *terminal, const void *data);
/* Reads until it is met, up to a minute; `what` names it. */
bool terminal_wait(
    struct terminal *terminal, terminal_condition *met, const void *data, const char *what);
/* Reads for so long, or until the stream ends. */
void terminal_read(struct terminal *terminal, int ms);
