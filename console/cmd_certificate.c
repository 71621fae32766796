/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi certificate: what the daemons of several machines need to know each other. */
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/grant.h"
#include "common/json.h"
#include "common/pki.h"
#include "console/nouns.h"
#include "console/output.h"

#define ADDRESSES_MAX 32

static const char *folder_of(const struct cli *cli)
{
	const char *folder = cli_option(cli, "folder");
	return folder ? folder : ".";
}

static bool certificate_make(struct cli *cli, GError **error)
{
	const char *name = cli_argument(cli, 0), *folder = folder_of(cli);
	g_autoptr(GPtrArray) addresses = g_ptr_array_new();

	if (!*name || strchr(name, '/') || name[0] == '.' || g_str_equal(name, "ca")) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "'%s' is no name for a certificate: poold, mtpd, host:ID ...", name);
		return false;
	}
	for (unsigned i = 1; cli_argument(cli, i); i++)
		g_ptr_array_add(addresses, (char *)cli_argument(cli, i));
	g_ptr_array_add(addresses, NULL);
	if (!pki_ensure_authority(folder, error) ||
	    !pki_ensure_certificate(folder, name, (const char *const *)addresses->pdata, error))
		return false;
	output_done(
	    cli, NULL, "%s/%s.pem and .key, of the authority %s/ca.pem", folder, name, folder);
	return true;
}

static bool certificate_grant_key(struct cli *cli, GError **error)
{
	const char *folder = folder_of(cli);
	g_autofree char *private_key = g_build_filename(folder, "grant.key", NULL);
	g_autofree char *public_key = g_build_filename(folder, "grant.pub", NULL);

	if (access(private_key, F_OK) == 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "%s is there already; remove it to make another", private_key);
		return false;
	}
	if (!grant_key_generate(private_key, public_key, error))
		return false;
	output_done(cli, NULL, "%s for the broker, %s for each host", private_key, public_key);
	return true;
}

static const struct cli_option folder_options[] = {
    {"folder", "FOLDER", "Where they are made, and where the authority is (default: here)"},
    {0},
};

const struct cli_verb certificate_verbs[] = {
    {"make", "NAME [ADDRESS...]", 1, 1 + ADDRESSES_MAX,
        "A certificate, and the private authority when there is none yet. A host's own is host:ID.",
        folder_options, certificate_make},
    {"grant-key", "", 0, 0, "The pair of keys by which hosts know the broker's grants.",
        folder_options, certificate_grant_key},
    {0},
};
