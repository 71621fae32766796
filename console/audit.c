/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/audit.h"

struct audit *audit_new(void)
{
	struct audit *audit = g_new0(struct audit, 1);

	for (unsigned i = 1; i <= AUDIT_LAST; i++) {
		audit->broken[i] = g_ptr_array_new_with_free_func(g_free);
		audit->unchecked[i] = g_ptr_array_new_with_free_func(g_free);
	}
	return audit;
}

void audit_free(struct audit *audit)
{
	if (!audit)
		return;
	for (unsigned i = 1; i <= AUDIT_LAST; i++) {
		g_ptr_array_unref(audit->broken[i]);
		g_ptr_array_unref(audit->unchecked[i]);
	}
	g_free(audit);
}

void audit_broken(struct audit *audit, enum audit_invariant invariant, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(audit->broken[invariant], g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

void audit_unchecked(struct audit *audit, enum audit_invariant invariant, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(audit->unchecked[invariant], g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

bool audit_holds(const struct audit *audit)
{
	for (unsigned i = 1; i <= AUDIT_LAST; i++)
		if (audit->broken[i]->len)
			return false;
	return true;
}

void audit_confirm(struct audit *audit, const struct audit *again)
{
	for (unsigned i = 1; i <= AUDIT_LAST; i++)
		for (unsigned k = audit->broken[i]->len; k-- > 0;)
			if (!g_ptr_array_find_with_equal_func(
			        again->broken[i], audit->broken[i]->pdata[k], g_str_equal, NULL))
				g_ptr_array_remove_index(audit->broken[i], k);
}
