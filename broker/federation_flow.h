/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sign-ins that are at a company's provider right now: what has to fit when the browser comes back
 * (RFC 9700 section 4.7). Each is known by a secret of 256 bits, is taken once, lives ten minutes,
 * and only in memory: a restart ends them. Main thread; seconds since the epoch.
 *
 * Bounded: an address may have FEDERATION_FLOWS_AN_ADDRESS; of FEDERATION_FLOWS_MAX the oldest
 * goes.
 */
#pragma once

#include <stdint.h>

#include "broker/uaas_client.h"

#define FEDERATION_FLOW_S 600
#define FEDERATION_FINISH_S 60
#define FEDERATION_FLOWS_MAX 16384
#define FEDERATION_FLOWS_AN_ADDRESS 256

/* The native client that waits on its loopback address (RFC 8252 section 7.3). */
struct federation_loopback {
	uint16_t port;   /* 0: a browser signs in for itself */
	char *challenge; /* of its own PKCE, towards us */
	char *state;
};

struct federation_flow {
	struct voucher *voucher;
	char *nonce, *verifier;
	bool names_issuer; /* the provider does so in its answer (RFC 9207) */
	char *cookie;      /* that the browser has to bring along; NULL: with a loopback */
	struct federation_loopback loopback;
	char *address; /* whence it began */
	char *user;    /* vouched for; the page or client has to finish; else NULL */
	int64_t expires;
};
void federation_flow_free(struct federation_flow *flow);

struct federation_flows;
struct federation_flows *federation_flows_new(void);
void federation_flows_free(struct federation_flows *flows);
/* Takes the flow. Its secret, caller frees. NULL with QVMI_ERROR_RATE_LIMITED, the flow is freed.
 */
char *federation_flows_add(
    struct federation_flows *flows, struct federation_flow *flow, int64_t now, GError **error);
/* NULL: never was, has been taken, or too old. Caller frees. */
struct federation_flow *federation_flows_take(
    struct federation_flows *flows, const char *secret, int64_t now);

DEFINE_CLEANUP(federation_flow);
DEFINE_CLEANUP(federation_flows);
