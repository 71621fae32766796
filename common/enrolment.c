/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/enrolment.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"

#define NAME_MAX_SIZE 128
#define SECRET_MAX_SIZE 128
#define URI_MAX_SIZE 1024
#define ROWS_MAX 177 /* ISO/IEC 18004, version 40 */
#define CODES_MAX 64
#define CODE_MAX_SIZE 64
#define QUIET 4 /* light modules around a code */

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (!g_ascii_isprint(*text))
			return false;
	return true;
}

static bool nonsense(GError **error)
{
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "the broker's answer about the second factor is not understood");
	return false;
}

const char *enrolment_challenge(JsonObject *answer, GError **error)
{
	return json_get_optional_string(answer, "challenge", NAME_MAX_SIZE, error);
}

/* The rows as strings of equal length, NULL-terminated; NULL with error. Caller frees the array. */
static const char **qr_rows(JsonArray *array, GError **error)
{
	unsigned n = json_array_get_length(array);
	g_autofree const char **rows = g_new0(const char *, n + 1);

	for (unsigned i = 0; i < n && n <= ROWS_MAX; i++) {
		JsonNode *node = json_array_get_element(array, i);

		if (json_node_get_value_type(node) != G_TYPE_STRING)
			break;
		const char *row = json_node_get_string(node);

		if (strlen(row) != n || strspn(row, "01") != n)
			break;
		rows[i] = row;
	}
	if (n && n <= ROWS_MAX && rows[n - 1])
		return g_steal_pointer(&rows);
	nonsense(error);
	return NULL;
}

static bool is_dark(const char **rows, int n, int x, int y)
{
	return x >= 0 && y >= 0 && x < n && y < n && rows[y][x] == '1';
}

/* Two rows of modules a line: dark is the terminal's black, drawn as reverse of white, so that it
 * is right on light and dark terminals. */
static void draw(const char **rows, FILE *out)
{
	static const char *const halves[] = {"█", "▀", "▄", " "}; /* bits: below, above are dark */
	int n = (int)strlen(rows[0]);

	for (int y = -QUIET; y < n + QUIET; y += 2) {
		fputs("\033[97;40m", out);
		for (int x = -QUIET; x < n + QUIET; x++)
			fputs(halves[is_dark(rows, n, x, y) * 2 + is_dark(rows, n, x, y + 1)], out);
		fputs("\033[0m\n", out);
	}
}

bool enrolment_show(JsonObject *challenge, FILE *out, GError **error)
{
	GError *failure = NULL;
	JsonObject *object = json_get_optional_object(challenge, "enrolment", &failure);
	const char *secret =
	    object ? json_get_string(object, "secret", SECRET_MAX_SIZE, &failure) : NULL;
	const char *uri = secret ? json_get_string(object, "uri", URI_MAX_SIZE, &failure) : NULL;
	JsonArray *array = uri ? json_get_array(object, "qr", ROWS_MAX, &failure) : NULL;

	if (failure) {
		g_propagate_error(error, failure);
		return false;
	}
	if (!object)
		return true;
	if (!is_printable(secret) || !is_printable(uri))
		return nonsense(error);
	g_autofree const char **rows = qr_rows(array, error);

	if (!rows)
		return false;
	fputs(
	    "This account needs a second factor. Scan this with an authenticator application:\n\n",
	    out);
	draw(rows, out);
	fprintf(out, "\nor enter its key by hand: %s\n(%s)\n", secret, uri);
	return true;
}

void enrolment_show_recovery(JsonObject *answer, FILE *out)
{
	JsonArray *codes = json_get_array(answer, "recovery_codes", CODES_MAX, NULL);
	unsigned n = codes ? json_array_get_length(codes) : 0;

	if (n)
		fputs("Recovery codes, each good once, for when the application is lost. Keep them "
		      "in a safe place; they are not shown again:\n\n",
		    out);
	for (unsigned i = 0; i < n; i++) {
		JsonNode *node = json_array_get_element(codes, i);
		const char *code = json_node_get_value_type(node) == G_TYPE_STRING
		                       ? json_node_get_string(node)
		                       : "";

		if (strlen(code) <= CODE_MAX_SIZE && is_printable(code))
			fprintf(out, "    %s\n", code);
	}
	if (codes)
		json_object_remove_member(answer, "recovery_codes");
	if (json_object_has_member(answer, "recovery_codes_left"))
		fprintf(out, "That was a recovery code; %" G_GINT64_FORMAT " are left.\n",
		    json_object_get_int_member_with_default(answer, "recovery_codes_left", 0));
}
