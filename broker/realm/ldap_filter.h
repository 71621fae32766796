/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Search filters (RFC 4515) from a template of the administrator's and words of strangers: whatever
 * a word holds, it stays one value. Pure functions.
 *
 *   %u  the name without its realm    %p  name@REALM    %d  a DN    %%  a percent sign
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct ldap_filter_words {
	const char *user, *principal, *dn; /* NULL: this template may not use it */
};

/* Appends `word` with everything escaped that is not a plain letter or digit (RFC 4515 section 3
 * lets any octet be written so). */
void ldap_filter_append_escaped(GString *filter, const char *word);
/* Appends the template with its words. QVMI_ERROR_INVALID: a '%' that is none of these. */
bool ldap_filter_append(
    GString *filter, const char *template, const struct ldap_filter_words *words, GError **error);
