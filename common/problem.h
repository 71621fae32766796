/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Problem details (RFC 9457), the form in which an error leaves a process:
 * {"type":"urn:qvmi:error:not-found","title":"Not Found","status":404,"detail":"..."}. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#define PROBLEM_TYPE_PREFIX "urn:qvmi:error:"

JsonObject *problem_from_error(const GError *error); /* caller unrefs */
/* The error that `problem` (NULL: none came) and the HTTP status tell of. Never NULL. */
GError *problem_to_error(unsigned status, JsonObject *problem);
const char *problem_title(unsigned status); /* "Not Found" (RFC 9110, section 15) */
