/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/error.h"

#include <errno.h>
#include <gio/gio.h>

G_DEFINE_QUARK(qvmi - error - quark, qvmi_error)

struct row {
	unsigned status;
	int exit_code;
	const char *word;
};

static const struct row table[] = {
    [QVMI_ERROR_FAILED] = {500, 1, "failed"},
    [QVMI_ERROR_INVALID] = {400, 2, "invalid"},
    [QVMI_ERROR_UNAUTHENTICATED] = {401, 4, "unauthenticated"},
    [QVMI_ERROR_DENIED] = {403, 4, "denied"},
    [QVMI_ERROR_NOT_FOUND] = {404, 3, "not-found"},
    [QVMI_ERROR_CONFLICT] = {409, 7, "conflict"},
    [QVMI_ERROR_TOO_LARGE] = {413, 2, "too-large"},
    [QVMI_ERROR_RATE_LIMITED] = {429, 5, "rate-limited"},
    [QVMI_ERROR_CORRUPT] = {500, 8, "corrupt"},
    [QVMI_ERROR_UNAVAILABLE] = {503, 5, "unavailable"},
    [QVMI_ERROR_TIMEOUT] = {504, 5, "timeout"},
    [QVMI_ERROR_EXHAUSTED] = {507, 6, "exhausted"},
    [QVMI_ERROR_CANCELLED] = {409, 1, "cancelled"},
};

static const struct row *row_of(const GError *error)
{
	if (error && error->domain == QVMI_ERROR && error->code >= 0 &&
	    error->code < (int)G_N_ELEMENTS(table))
		return &table[error->code];
	/* The three that GIO reports by itself and that a user can act on. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return &table[QVMI_ERROR_CANCELLED];
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
		return &table[QVMI_ERROR_TIMEOUT];
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE) ||
	    g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC))
		return &table[QVMI_ERROR_EXHAUSTED];
	return &table[QVMI_ERROR_FAILED];
}

bool qvmi_error_set_errno(GError **error, int number, const char *what, ...)
{
	bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
	bool limit = number == EMFILE || number == ENFILE || number == ENOMEM;
	va_list arguments;
	va_start(arguments, what);
	g_autofree char *text = g_strdup_vprintf(what, arguments);
	va_end(arguments);
	g_set_error(error, QVMI_ERROR, full || limit ? QVMI_ERROR_EXHAUSTED : QVMI_ERROR_FAILED,
	    "%s: %s%s", text, g_strerror(number), full ? "; make room in that file system" : "");
	return false;
}

unsigned qvmi_error_http_status(const GError *error)
{
	return row_of(error)->status;
}

const char *qvmi_error_word(const GError *error)
{
	return row_of(error)->word;
}

int qvmi_error_exit_code(const GError *error)
{
	return row_of(error)->exit_code;
}

GError *qvmi_error_from_http(unsigned status, const char *word, const char *detail)
{
	enum qvmi_error_code code = QVMI_ERROR_FAILED;
	bool found = false;

	for (unsigned i = 0; word && i < G_N_ELEMENTS(table) && !found; i++)
		if ((found = g_str_equal(table[i].word, word)))
			code = i;
	for (unsigned i = 0; i < G_N_ELEMENTS(table) && !found; i++)
		if ((found = table[i].status == status))
			code = i;
	/* A status that is none of ours: by its class (RFC 9110, section 15). */
	if (!found && status >= 400 && status < 500)
		code = QVMI_ERROR_INVALID;
	if (!found && (status == 502 || status == 503))
		code = QVMI_ERROR_UNAVAILABLE;
	if (!detail || !*detail)
		return g_error_new(QVMI_ERROR, code, "the server answered %u", status);
	return g_error_new_literal(QVMI_ERROR, code, detail);
}
