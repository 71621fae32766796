/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What brokerd and brokerd-realm say to each other: one question and its answer at a time, each a
 * packet (SOCK_SEQPACKET) that holds a GVariant in normal form. The child looks at tokens and
 * directories of strangers, so brokerd believes no more of an answer than its bounds.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

#define REALM_MESSAGE_MAX (128 * 1024)
#define REALM_NAME_MAX 256
#define REALM_GROUPS_MAX 1000
#define REALM_UNITS_MAX 32

enum realm_task {
	REALM_PASSWORD, /* do this principal and this password belong together? */
	REALM_TICKET,   /* whose SPNEGO token is this? */
	REALM_PERSON,   /* what does the directory say of this principal? */
};

enum realm_outcome {
	REALM_ADMITTED,
	REALM_REFUSED,     /* wrong, unknown, locked: the person cannot get in */
	REALM_UNAVAILABLE, /* it could not be found out */
};

struct realm_request {
	enum realm_task task;
	unsigned timeout_ms;
	char *principal; /* "name@REALM"; "" with REALM_TICKET */
	char *password;
	GBytes *token, *binding; /* REALM_TICKET; empty: none */
};
void realm_request_free(struct realm_request *request); /* wipes the password */

struct realm_answer {
	enum realm_outcome outcome;
	char *detail;    /* for the log, never for the person */
	char *principal; /* who it is, as Kerberos displays it */
	GBytes *token;   /* the answer to the client's: mutual authentication */
	bool bound;      /* the token was made for this TLS connection (RFC 5056) */
	/* REALM_PERSON */
	char *dn, *full_name, *manager; /* manager: a DN */
	char **groups, **units;         /* units: "Sales", "Sales/Europe" */
};
/* With empty members. `detail` is copied. */
struct realm_answer *realm_answer_new(enum realm_outcome outcome, const char *detail);
void realm_answer_free(struct realm_answer *answer);

bool realm_request_send(int fd, const struct realm_request *request, GError **error);
bool realm_answer_send(int fd, const struct realm_answer *answer, GError **error);
/* NULL without error: the other side has closed. QVMI_ERROR_INVALID: it is no such message. Caller
 * frees. */
struct realm_request *realm_request_receive(int fd, GError **error);
struct realm_answer *realm_answer_receive(int fd, GError **error);
/* The same of bytes. */
struct realm_answer *realm_answer_parse(GBytes *bytes, GError **error);

DEFINE_CLEANUP(realm_request);
DEFINE_CLEANUP(realm_answer);
