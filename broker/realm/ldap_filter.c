/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/realm/ldap_filter.h"

#include "common/error.h"

void ldap_filter_append_escaped(GString *filter, const char *word)
{
	for (const unsigned char *c = (const unsigned char *)word; *c; c++) {
		if (g_ascii_isalnum(*c))
			g_string_append_c(filter, (char)*c);
		else
			g_string_append_printf(filter, "\\%02x", *c);
	}
}

static const char *word_of(char letter, const struct ldap_filter_words *words)
{
	switch (letter) {
	case 'u':
		return words->user;
	case 'p':
		return words->principal;
	case 'd':
		return words->dn;
	default:
		return NULL;
	}
}

bool ldap_filter_append(
    GString *filter, const char *template, const struct ldap_filter_words *words, GError **error)
{
	for (const char *c = template; *c; c++) {
		const char *word = *c == '%' ? word_of(c[1], words) : NULL;
		if (*c != '%') {
			g_string_append_c(filter, *c);
			continue;
		}
		if (c[1] == '%') {
			g_string_append_c(filter, '%');
		} else if (word) {
			ldap_filter_append_escaped(filter, word);
		} else {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "%%%c cannot be used in the filter %s here", c[1] ? c[1] : ' ',
			    template);
			return false;
		}
		c++;
	}
	return true;
}
