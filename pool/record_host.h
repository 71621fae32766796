/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of a host: where its daemons answer, and where terminals find its screens. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "common/database.h"

/* What a host is there for: an administrator's word, which outlives registering again. */
enum host_duty {
	HOST_ACTIVE,
	HOST_DRAINING,    /* no new phones, and none stands by; those in use stay */
	HOST_MAINTENANCE, /* and those in use are suspended: it can be switched off */
};
const char *host_duty_name(enum host_duty duty);
/* QVMI_ERROR_INVALID */
bool host_duty_parse(const char *text, enum host_duty *out, GError **error);

struct host_record {
	char *id;
	char *url;         /* qvisord: "unix:/..." or "https://..." */
	char *mtpd_url;    /* mtpd; NULL: no thumbnails */
	char *mtp_address; /* "" or "0.0.0.0": the name under which the client knows the broker */
	int mtp_port, websocket_port;
	enum host_duty duty;
};
void host_record_free(struct host_record *record);
DEFINE_CLEANUP(host_record);

/* From the body of POST /v1/hosts; every field checked. Active, as a new one is. */
struct host_record *host_record_parse(JsonObject *object, GError **error);

/* Do both say the same of where it is? */
bool host_record_same_place(const struct host_record *one, const struct host_record *other);

/* Inserts, or replaces by id all but the duty. */
bool host_record_save(struct database *db, const struct host_record *record, GError **error);
bool host_record_set_duty(struct database *db, const char *id, enum host_duty duty, GError **error);
/* QVMI_ERROR_CONFLICT while phones are recorded on it. */
bool host_record_delete(struct database *db, const char *id, GError **error);
/* All, by id: elements are struct host_record *, freed with the array. */
GPtrArray *host_record_list(struct database *db, GError **error);
