/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/http_private.h"

#include <string.h>
#include <sys/stat.h>

#include "common/file.h"

#define FILE_MAX (32 * 1024 * 1024)

static const struct {
	const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".wasm", "application/wasm"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
};

static const char *type_of(const char *path)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_str_has_suffix(path, types[i].ending))
			return types[i].type;
	return "application/octet-stream";
}

/* No segment may be empty or start with a dot: nothing hidden, nothing above the folder. */
static bool is_plain(const char *path)
{
	if (*path != '/' || strchr(path, '\\'))
		return false;
	for (const char *at = path; (at = strchr(at, '/')); at++)
		if (at[1] == '.' || at[1] == '/')
			return false;
	return true;
}

bool http_static_serve(struct http_request *request)
{
	struct stat status;

	if (!is_plain(request->path))
		return false;
	g_autofree char *file = g_strconcat(request->server->folder, request->path,
	    g_str_has_suffix(request->path, "/") ? "index.html" : "", NULL);
	if (stat(file, &status) < 0 || !S_ISREG(status.st_mode))
		return false;

	g_autofree char *tag = g_strdup_printf("\"%llx-%llx\"",
	    (unsigned long long)status.st_mtim.tv_sec * 1000000000ULL +
	        (unsigned long long)status.st_mtim.tv_nsec,
	    (unsigned long long)status.st_size);
	http_request_add_header(request, "etag", tag);
	http_request_add_header(request, "cache-control", "no-cache");
	if (g_strcmp0(http_request_header(request, "if-none-match"), tag) == 0) {
		http_respond_empty(request, 304);
		return true;
	}
	g_autoptr(GError) error = NULL;
	size_t n = 0;
	char *text = file_load(file, FILE_MAX, &n, &error);
	if (!text) {
		http_respond_error(request, error);
		return true;
	}
	if (request->server->content_security_policy)
		http_request_add_header(
		    request, "content-security-policy", request->server->content_security_policy);
	http_request_add_header(request, "referrer-policy", "no-referrer");
	http_request_add_header(request, "cross-origin-resource-policy", "same-origin");
	g_autoptr(GBytes) bytes = g_bytes_new_take(text, n);
	http_respond_bytes(request, 200, type_of(file), bytes);
	return true;
}
