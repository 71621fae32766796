/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mtp-vnc: a phone for a terminal that has only a VNC viewer (gateway.h says the rest). */
#include "mtp-client/vnc/vnc_server.h"

int main(int argc, char **argv)
{
	static const struct gateway_protocol vnc = {
	    .name = "VNC",
	    .program = "mtp-vnc",
	    .summary =
	        "Shows a phone that runs in the data centre to one standard VNC viewer. Prints a "
	        "code of eight\n"
	        "characters: the viewer's password, good once and for a minute. VNC itself is not "
	        "encrypted:\n"
	        "listen at the loopback address, or where a tunnel (ssh, stunnel) ends.",
	    .colon = "::",
	    .port = 5900,
	    .code_length = 8,
	    .open = vnc_server_new,
	    .close = vnc_server_free,
	    .has_viewer = vnc_server_has_viewer,
	    .show = vnc_server_show,
	};

	return gateway_main(&vnc, argc, argv);
}
