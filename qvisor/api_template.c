/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/error.h"
#include "common/json.h"
#include "qvisor/api.h"
#include "qvisor/template_store.h"

void api_template_list(struct http_request *request, void *data)
{
	http_respond_json(request, 200, template_store_json(((struct host *)data)->templates));
}

void api_template_get(struct http_request *request, void *data)
{
	struct host *host = data;
	g_autoptr(GError) error = NULL;
	const struct template *template =
	    template_store_find(host->templates, http_request_parameter(request, "name"), &error);
	if (template)
		http_respond_json(request, 200, template_json(template));
	else
		http_respond_error(request, error);
}

void api_template_build(struct http_request *request, void *data)
{
	struct host *host = data;
	g_autoptr(GError) error = NULL;
	bool force;
	JsonObject *body = http_request_json(request, &error);
	const char *manifest = body ? json_get_string(body, "manifest", 4096, &error) : NULL;
	struct operation *operation = NULL;
	if (manifest && !g_path_is_absolute(manifest))
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "manifest: \"%s\" is not absolute; the daemon runs in another folder than you",
		    manifest);
	else if (manifest && json_get_optional_bool(body, "force", false, &force, &error))
		operation = template_store_build(host->templates, manifest, force, &error);
	if (operation)
		operation_respond(operation, request);
	else
		http_respond_error(request, error);
}

void api_template_remove(struct http_request *request, void *data)
{
	struct host *host = data;
	g_autoptr(GError) error = NULL;
	if (template_store_remove(host->templates, http_request_parameter(request, "name"), &error))
		http_respond_empty(request, 204);
	else
		http_respond_error(request, error);
}
