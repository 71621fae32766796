/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is built into the program (broker.gresource.xml): the packages' icons and the description of
 * this API. */
#include "broker/api.h"

#include <gio/gio.h>

#include "common/error.h"

#define RESOURCES "/org/qvmi/broker"

/* Generated. Called so that the linker takes the resources out of the archive. */
GResource *broker_resources_get_resource(void);

static GBytes *asset(const char *path)
{
	g_autofree char *name = g_strconcat(RESOURCES, path, NULL);
	return g_resource_lookup_data(
	    broker_resources_get_resource(), name, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

static void respond(struct http_request *request, const char *type, GBytes *bytes)
{
	http_request_add_header(request, "cache-control", "public, max-age=3600");
	/* An SVG opened by itself is a document: it gets to load and run nothing. */
	http_request_add_header(request, "content-security-policy",
	    "default-src 'none'; style-src 'unsafe-inline'; sandbox");
	http_respond_bytes(request, 200, type, bytes);
}

bool api_icon_check(const char *path, GError **error)
{
	g_autoptr(GBytes) bytes = asset(path);
	if (bytes)
		return true;
	g_auto(GStrv) names = g_resource_enumerate_children(broker_resources_get_resource(),
	    RESOURCES "/icons", G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
	g_autofree char *known = g_strjoinv(", ", names);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "package icon: there is no %s; below /icons/ there are %s", path, known);
	return false;
}

void api_icon(struct http_request *request, void *data)
{
	(void)data;
	g_autofree char *path =
	    g_strconcat("/icons/", http_request_parameter(request, "name"), NULL);
	g_autoptr(GBytes) bytes = asset(path);
	if (bytes)
		return respond(request, "image/svg+xml", bytes);
	g_autoptr(GError) error =
	    g_error_new(QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "there is no such icon");
	api_fail(request, error);
}

void api_description(struct http_request *request, void *data)
{
	(void)data;
	g_autoptr(GBytes) bytes = asset("/openapi.yaml");
	respond(request, "application/yaml", bytes);
}
