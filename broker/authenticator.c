/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/authenticator.h"

#include "common/error.h"

static const struct authenticator *const authenticators[] = {
    &authenticator_local,
    &authenticator_kerberos,
};

const struct authenticator *authenticator_find(const char *name, GError **error)
{
	GString *known = g_string_new(NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(authenticators); i++) {
		if (g_str_equal(authenticators[i]->name, name)) {
			g_string_free(known, TRUE);
			return authenticators[i];
		}
		g_string_append_printf(known, " %s", authenticators[i]->name);
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "there is no sign-in back end \"%s\"; there is:%s", name, known->str);
	g_string_free(known, TRUE);
	return NULL;
}
