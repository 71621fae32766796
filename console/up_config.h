/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates, grant key and one configuration file a daemon, made from the layout. */
#pragma once

#include "console/up_layout.h"

/* Offsets from --ports BASE. */
enum up_port {
	UP_PORT_BROKER = 3,
	UP_PORT_MTP = 4,
	UP_PORT_WEBSOCKET = 5,
	UP_PORT_CONSOLE = 6,
	UP_PORT_QVISORD = 7,
};

struct up_options {
	const char *bind; /* address that terminals come to */
	unsigned ports;   /* base */
	const char *accelerator;
	bool small;
	bool volumes; /* each user has one */
};

/* Each port is free, or the error names the port, what it is for, and the option. */
bool up_config_check_ports(const struct up_options *options, GError **error);
/* Keys and certificates are kept when they are there and still good; the rest is written anew. */
bool up_config_write(
    const struct up_layout *layout, const struct up_options *options, GError **error);
/* state/etc/NAME.conf; caller frees. */
char *up_config_file(const struct up_layout *layout, const char *daemon);
