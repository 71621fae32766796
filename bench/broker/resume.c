/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/broker/resume.h"

#include <stdio.h>
#include <stdlib.h>

#include "broker/resumption.h"
#include "broker/schema.h"
#include "common/client_key.h"
#include "common/database.h"
#include "common/grant_key.h"
#include "common/json.h"

#define GENERATION 1

static void demand(bool done, const GError *error)
{
	if (done)
		return;
	fprintf(stderr, "bench-broker: sessions to come back to: %s\n", error->message);
	exit(1);
}

static void *id_from_row(struct rows *rows)
{
	return g_strdup(rows_string(rows, 0));
}

static GPtrArray *open_sessions(
    const struct resume_options *options, const char *client_key, unsigned n)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *digest =
	    g_compute_checksum_for_string(G_CHECKSUM_SHA256, options->token, -1);
	AUTO(database) database = database_open(options->database, broker_schema, &error);

	demand(database, error);
	demand(database_exec(database, &error,
	           "UPDATE sessions SET state = 'open', ended = NULL, user = ?, token = ?, "
	           "client_key = ?, resumption = ?, mtp_address = '127.0.0.1', mtp_port = 8444, "
	           "websocket_port = 8445 WHERE rowid IN (SELECT rowid FROM sessions LIMIT ?)",
	           "sssii", options->user, digest, client_key, (int64_t)GENERATION, (int64_t)n),
	    error);
	GPtrArray *ids =
	    rows_list(database_query(database, &error,
	                  "SELECT id FROM sessions WHERE state = 'open' LIMIT ?", "i", (int64_t)n),
	        id_from_row, g_free, &error);

	demand(ids && ids->len == n, error);
	return ids;
}

static char *body_of(
    const struct grant_key *grant_key, const struct client_key *client_key, const char *session)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *token = resumption_token(grant_key, session, GENERATION);
	g_autofree char *proof = client_key_sign(client_key, CLIENT_KEY_RESUME, token, &error);

	demand(proof, error);
	return g_strdup_printf("{\"resumption\":\"%s\",\"proof\":\"%s\"}", token, proof);
}

struct load_request *resume_prepare(const struct resume_options *options, unsigned n)
{
	g_autoptr(GError) error = NULL;
	AUTO(client_key) client_key = client_key_new(&error);

	demand(client_key, error);
	AUTO(grant_key) grant_key = grant_key_load(options->grant_key, true, &error);

	demand(grant_key, error);
	g_autoptr(GPtrArray) ids = open_sessions(options, client_key_public(client_key), n);
	struct load_request *requests = g_new0(struct load_request, n);

	for (unsigned i = 0; i < n; i++)
		requests[i] = (struct load_request){.method = "POST",
		    .path = "/v1/resume",
		    .header = g_strdup("Content-Type: application/json"),
		    .body = body_of(grant_key, client_key, ids->pdata[i])};
	return requests;
}

void resume_free(struct load_request *requests, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		g_free(requests[i].header);
		g_free(requests[i].body);
	}
	g_free(requests);
}
