/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a terminal needs to reach its phone: address and grant, and the token to come back with. */
#pragma once

#include <json-glib/json-glib.h>

struct broker;
struct http_request;
struct session;
struct session_place;

/* {"session", "package", "phone", "grant", "expires", "mtp", "websocket"} and, for a terminal that
 * has told its key, "resumption", the token of the session's present generation. The request tells
 * how the terminal reached us. NULL with error; caller unrefs. */
JsonObject *pass_json(struct broker *broker, struct http_request *request,
    const struct session *session, const struct session_place *place, GError **error);
