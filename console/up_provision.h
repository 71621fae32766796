/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemons of one machine are told once they run: this host, the template, a pool of
 * phones, accounts and the package "Phone". Everything is safe to say again. */
#pragma once

#include "common/http_client.h"
#include "console/up_config.h"

struct up_provision {
	struct http_client *pool, *broker;
	const struct up_layout *layout;
	const struct up_options *options;
	const char *manifest; /* NULL: use a template that is there */
	bool volatile_phones; /* end with their lease */
	GCancellable *cancellable;
};

bool up_provision(const struct up_provision *provision, GError **error);

#define UP_POOL "phone"
#define UP_USER "demo"
#define UP_ADMIN "admin"
/* state/NAME.password; caller frees. */
char *up_password_file(const struct up_layout *layout, const char *user);
