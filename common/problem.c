/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/problem.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"

#define DETAIL_MAX 4096

static const struct {
	unsigned status;
	const char *title;
} titles[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {507, "Insufficient Storage"},
};

const char *problem_title(unsigned status)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return status < 400 ? "OK" : "Error";
}

JsonObject *problem_from_error(const GError *error)
{
	JsonObject *problem = json_object_new();
	unsigned status = qvmi_error_http_status(error);
	g_autofree char *type = g_strconcat(PROBLEM_TYPE_PREFIX, qvmi_error_word(error), NULL);
	/* What a guest said may be in the message. */
	g_autofree char *detail = g_utf8_make_valid(error->message, -1);

	json_object_set_string_member(problem, "type", type);
	json_object_set_string_member(problem, "title", problem_title(status));
	json_object_set_int_member(problem, "status", status);
	json_object_set_string_member(problem, "detail", detail);
	return problem;
}

GError *problem_to_error(unsigned status, JsonObject *problem)
{
	const char *type = NULL, *detail = NULL;

	if (problem) {
		type = json_get_optional_string(problem, "type", 256, NULL);
		detail = json_get_optional_string(problem, "detail", DETAIL_MAX, NULL);
	}
	if (type && g_str_has_prefix(type, PROBLEM_TYPE_PREFIX))
		type += strlen(PROBLEM_TYPE_PREFIX);
	return qvmi_error_from_http(status, type, detail);
}
