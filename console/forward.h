/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the page may ask for: a table of requests that go on, as they are, to the pool or the broker
 * once the administrator is known. What is not in the table does not pass.
 */
#pragma once

#include "common/http_server.h"

extern const struct http_route forward_routes[]; /* `data` is the struct console */
