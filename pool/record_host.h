/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of a host: where its daemons answer, and where terminals find its screens. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "common/database.h"

struct host_record {
	char *id;
	char *url;         /* qvisord: "unix:/..." or "https://..." */
	char *mtpd_url;    /* mtpd; NULL: no thumbnails */
	char *mtp_address; /* "" or "0.0.0.0": the name under which the client knows the broker */
	int mtp_port, websocket_port;
};
void host_record_free(struct host_record *record);
DEFINE_CLEANUP(host_record);

/* From the body of POST /v1/hosts; every field checked. */
struct host_record *host_record_parse(JsonObject *object, GError **error);

/* Inserts or replaces by id. */
bool host_record_save(struct database *db, const struct host_record *record, GError **error);
/* QVMI_ERROR_CONFLICT while phones are recorded on it. */
bool host_record_delete(struct database *db, const char *id, GError **error);
/* All, by id: elements are struct host_record *, freed with the array. */
GPtrArray *host_record_list(struct database *db, GError **error);
