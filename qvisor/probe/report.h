/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `qvmi template probe` tells, as JSON and as text for people. */
#pragma once

#include <json-glib/json-glib.h>

#include "qvisor/probe/findings.h"

/* Without the manifest. Caller unrefs. */
JsonObject *report_make(const struct image *image, const struct findings *findings);
/* The same for people; with the trace's results, when they are there. Caller frees. */
char *report_text(JsonObject *report);
