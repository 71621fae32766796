/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can go wrong, in words that both a person and a program can act on.
 *
 * Every fallible function takes a GError **; the domain is QVMI_ERROR for our own failures. Context
 * is added on the way up with g_prefix_error(); the top of a request or a program logs it, once. A
 * code maps to one HTTP status (RFC 9110) and one exit code of the command line.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define QVMI_ERROR (qvmi_error_quark())
GQuark qvmi_error_quark(void);

enum qvmi_error_code {
	QVMI_ERROR_FAILED = 0,      /* 500: none of the others; the message says what */
	QVMI_ERROR_INVALID,         /* 400: the request or file is malformed; says which field */
	QVMI_ERROR_UNAUTHENTICATED, /* 401: sign in (again) */
	QVMI_ERROR_DENIED,          /* 403: signed in, but may not */
	QVMI_ERROR_NOT_FOUND,       /* 404 */
	QVMI_ERROR_CONFLICT,        /* 409: state forbids it now, or the name is taken */
	QVMI_ERROR_TOO_LARGE,       /* 413 */
	QVMI_ERROR_RATE_LIMITED,    /* 429 */
	QVMI_ERROR_CORRUPT,         /* 500: stored data does not verify */
	QVMI_ERROR_UNAVAILABLE,     /* 503: another service is away; try again */
	QVMI_ERROR_TIMEOUT,         /* 504 */
	QVMI_ERROR_EXHAUSTED,       /* 507: disk, memory or a limit is full */
	QVMI_ERROR_CANCELLED,       /* 409, type "cancelled" */
};

/* Of a system call that failed with this errno: "WHAT: its reason". A full disk, and a limit that
 * is reached, are EXHAUSTED, and a full disk says what to do; all else is FAILED. Returns false. */
bool qvmi_error_set_errno(GError **error, int number, const char *what, ...) G_GNUC_PRINTF(3, 4);

/* HTTP status for an error; 500 for foreign domains, but for GIO's cancelled, timed out and no
 * space. */
unsigned qvmi_error_http_status(const GError *error);

/* The code's stable word ("not-found"), used as the last part of problem+json's "type". */
const char *qvmi_error_word(const GError *error);

/* Turns an answer of another daemon back into an error. `word` may be NULL; then `status` decides.
 */
GError *qvmi_error_from_http(unsigned status, const char *word, const char *detail);

/* Exit code of a program that fails with this error: 1 failed, 2 usage/invalid, 3 not found, 4
 * denied or unauthenticated, 5 unavailable or timed out, 6 exhausted, 7 conflict, 8 corrupt. */
int qvmi_error_exit_code(const GError *error);
