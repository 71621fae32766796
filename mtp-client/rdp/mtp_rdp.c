/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mtp-rdp: a phone for a terminal that has only an RDP client (gateway.h says the rest). */
#include "mtp-client/rdp/rdp_server.h"

int main(int argc, char **argv)
{
	static const struct gateway_protocol rdp = {
	    .name = "RDP",
	    .program = "mtp-rdp",
	    .summary =
	        "Shows a phone that runs in the data centre to one standard RDP client. Prints a "
	        "code of twenty\n"
	        "characters: the client's password, with any user name, good once and for a "
	        "minute. "
	        "The client has\n"
	        "to speak Network Level Authentication, which proves this program's certificate as "
	        "well.",
	    .colon = ":",
	    .port = 3389,
	    .code_length = CODE_LENGTH_MAX,
	    .open = rdp_server_new,
	    .close = rdp_server_free,
	    .has_viewer = rdp_server_has_viewer,
	    .show = rdp_server_show,
	};

	return gateway_main(&rdp, argc, argv);
}
