/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/findings.h"

static void evidence_free(void *pointer)
{
	struct evidence *evidence = pointer;
	g_free(evidence->where);
	g_free(evidence->says);
	g_free(evidence);
}

void findings_note(struct findings *findings, const char *where, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *says = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	struct evidence *evidence = g_new(struct evidence, 1);
	*evidence = (struct evidence){g_utf8_make_valid(where, -1), g_utf8_make_valid(says, -1)};
	g_ptr_array_add(findings->evidence, evidence);
}

struct findings *findings_new(const struct image *image)
{
	struct findings *findings = g_new0(struct findings, 1);
	findings->evidence = g_ptr_array_new_with_free_func(evidence_free);
	findings->replacements = g_array_new(FALSE, FALSE, sizeof(struct replacement));
	findings_identify(findings, image);
	findings_drivers(findings, image);
	findings_replace(findings, image);
	return findings;
}

void findings_free(struct findings *findings)
{
	if (!findings)
		return;
	g_ptr_array_unref(findings->evidence);
	g_array_unref(findings->replacements);
	g_free(findings->os);
	g_free(findings->os_id);
	g_free(findings->shell);
	g_free(findings);
}

const char *openness_name(enum openness openness)
{
	static const char *const names[OPENNESS_N] = {"closed", "kernel", "sources"};
	return names[openness];
}

const char *openness_words(enum openness openness)
{
	static const char *const words[OPENNESS_N] = {
	    "closed", "kernel and modules only", "sources and build tools"};
	return words[openness];
}
