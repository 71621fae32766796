/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/http_call.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "common/problem.h"

#define CONNECT_TIMEOUT_MS 10000

static size_t on_bytes(char *bytes, size_t size, size_t n, void *data)
{
	struct call *call = data;
	(void)size; /* 1 */

	if (call->answer->len + n > call->client->max_answer) {
		call->too_large = true;
		return 0;
	}
	g_byte_array_append(call->answer, (const guint8 *)bytes, n);
	return n;
}

static void add_header(struct call *call, const char *name, const char *value)
{
	g_autofree char *line = g_strdup_printf("%s: %s", name, value);
	call->headers = curl_slist_append(call->headers, line);
}

static void set_tls(struct http_client *client, CURL *easy)
{
	if (client->ca_file) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, client->ca_file);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	if (client->certificate_file) {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, client->certificate_file);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, client->key_file);
	}
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
}

struct call *call_new(struct http_client *client, const struct http_call *request)
{
	struct call *call = g_new0(struct call, 1);
	g_autofree char *url = g_strconcat(client->base, request->path, NULL);
	unsigned timeout = request->timeout_ms ? request->timeout_ms : client->timeout_ms;

	call->client = client;
	call->answer = g_byte_array_new();
	call->easy = curl_easy_init();
	curl_easy_setopt(call->easy, CURLOPT_URL, url);
	curl_easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(call->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(call->easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(call->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(call->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)timeout);
	curl_easy_setopt(
	    call->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)MIN(timeout, CONNECT_TIMEOUT_MS));
	curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, call->problem);
	curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
	if (client->unix_path)
		curl_easy_setopt(call->easy, CURLOPT_UNIX_SOCKET_PATH, client->unix_path);
	set_tls(client, call->easy);
	const char *bearer = request->bearer ? request->bearer : client->bearer;
	if (request->negotiate) {
		curl_easy_setopt(call->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_NEGOTIATE);
		curl_easy_setopt(call->easy, CURLOPT_USERPWD, ":"); /* whom the ticket says */
	} else if (request->authorization) {
		add_header(call, "Authorization", request->authorization);
	} else if (bearer) {
		g_autofree char *value = g_strconcat("Bearer ", bearer, NULL);
		add_header(call, "Authorization", value);
	}
	if (request->idempotency_key)
		add_header(call, "Idempotency-Key", request->idempotency_key);
	call->redirect = request->redirect;
	if (request->body || request->form) {
		call->text = request->form ? g_strdup(request->form) : json_text(request->body);
		if (request->body)
			json_node_unref(request->body);
		add_header(call, "Content-Type",
		    request->form ? "application/x-www-form-urlencoded" : "application/json");
		curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(call->text));
		curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, call->text);
	} else if (!g_str_equal(request->method, "GET") &&
	           !g_str_equal(request->method, "DELETE")) {
		curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE, 0L);
		curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, "");
	}
	add_header(call, "Expect", "");
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
	return call;
}

void call_free(struct call *call)
{
	if (call->cancellable) {
		g_cancellable_disconnect(call->cancellable, call->cancel_handler);
		g_object_unref(call->cancellable);
	}
	if (call->finish_source)
		g_source_remove(call->finish_source);
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	if (call->text) /* may hold a password */
		explicit_bzero(call->text, strlen(call->text));
	g_free(call->text);
	g_byte_array_unref(call->answer);
	g_free(call);
}

static GError *transfer_error(const struct call *call, CURLcode result)
{
	const struct http_client *client = call->client;
	const char *detail = *call->problem ? call->problem : curl_easy_strerror(result);

	if (call->too_large)
		return g_error_new(QVMI_ERROR, QVMI_ERROR_TOO_LARGE,
		    "the answer of %s is larger than %zu KiB", client->name,
		    client->max_answer >> 10);
	if (result == CURLE_OPERATION_TIMEDOUT)
		return g_error_new(QVMI_ERROR, QVMI_ERROR_TIMEOUT, "%s did not answer in time (%s)",
		    client->name, detail);
	if (result == CURLE_COULDNT_CONNECT && client->unix_path)
		return g_error_new(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "cannot reach %s at %s; is it running?", client->name, client->unix_path);
	return g_error_new(
	    QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "cannot reach %s: %s", client->name, detail);
}

bool call_read_reply(struct call *call, CURLcode result, struct http_reply *reply, GError **error)
{
	long status = 0;
	char *type = NULL;
	const char *text = (const char *)call->answer->data;

	*reply = (struct http_reply){0};
	if (result != CURLE_OK) {
		g_propagate_error(error, transfer_error(call, result));
		return false;
	}
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(call->easy, CURLINFO_CONTENT_TYPE, &type);
	reply->status = status;
	reply->content_type = type ? type : "";
	bool json = g_str_has_prefix(reply->content_type, "application/json") ||
	            g_str_has_prefix(reply->content_type, "application/problem+json");
	if (json && call->answer->len > 0) {
		reply->json = json_parse_object(text, call->answer->len, error);
		if (!reply->json) {
			g_prefix_error(error, "%s answered: ", call->client->name);
			return false;
		}
	} else {
		reply->bytes = g_bytes_new(text, call->answer->len);
	}
	char *location = NULL;
	curl_easy_getinfo(call->easy, CURLINFO_REDIRECT_URL, &location);
	reply->location = location;
	if ((status >= 200 && status < 300) || (call->redirect && location))
		return true;
	g_propagate_error(error,
	    problem_to_error(status, reply->json ? json_node_get_object(reply->json) : NULL));
	return false;
}

void call_reply_clear(struct http_reply *reply)
{
	g_clear_pointer(&reply->json, json_node_unref);
	g_clear_pointer(&reply->bytes, g_bytes_unref);
}
