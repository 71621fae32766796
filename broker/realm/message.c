/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/realm/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/error.h"

#define REQUEST_TYPE "(yussayay)"
#define ANSWER_TYPE "(yssaybsssasas)"

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	g_free(secret);
}

void realm_request_free(struct realm_request *request)
{
	if (!request)
		return;
	g_free(request->principal);
	wipe(request->password);
	g_clear_pointer(&request->token, g_bytes_unref);
	g_clear_pointer(&request->binding, g_bytes_unref);
	g_free(request);
}

struct realm_answer *realm_answer_new(enum realm_outcome outcome, const char *detail)
{
	struct realm_answer *answer = g_new0(struct realm_answer, 1);
	answer->outcome = outcome;
	answer->detail = g_utf8_make_valid(detail, -1);
	answer->principal = g_strdup("");
	answer->token = g_bytes_new(NULL, 0);
	answer->dn = g_strdup("");
	answer->full_name = g_strdup("");
	answer->manager = g_strdup("");
	answer->groups = g_new0(char *, 1);
	answer->units = g_new0(char *, 1);
	return answer;
}

void realm_answer_free(struct realm_answer *answer)
{
	if (!answer)
		return;
	g_free(answer->detail);
	g_free(answer->principal);
	g_clear_pointer(&answer->token, g_bytes_unref);
	g_free(answer->dn);
	g_free(answer->full_name);
	g_free(answer->manager);
	g_strfreev(answer->groups);
	g_strfreev(answer->units);
	g_free(answer);
}

static GVariant *octets(GBytes *bytes)
{
	g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);
	return g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, bytes ? bytes : empty, TRUE);
}

static bool send_variant(int fd, GVariant *variant, GError **error)
{
	g_autoptr(GVariant) message = g_variant_ref_sink(variant);
	if (g_variant_get_size(message) > REALM_MESSAGE_MAX) {
		g_set_error_literal(
		    error, QVMI_ERROR, QVMI_ERROR_TOO_LARGE, "the message is too large");
		return false;
	}
	ssize_t n;
	do
		n = send(
		    fd, g_variant_get_data(message), g_variant_get_size(message), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n >= 0 || qvmi_error_set_errno(error, errno, "send");
}

bool realm_request_send(int fd, const struct realm_request *request, GError **error)
{
	return send_variant(fd,
	    g_variant_new("(yuss@ay@ay)", (guchar)request->task, (guint32)request->timeout_ms,
	        request->principal ? request->principal : "",
	        request->password ? request->password : "", octets(request->token),
	        octets(request->binding)),
	    error);
}

bool realm_answer_send(int fd, const struct realm_answer *answer, GError **error)
{
	return send_variant(fd,
	    g_variant_new("(yss@aybsss^as^as)", (guchar)answer->outcome, answer->detail,
	        answer->principal, octets(answer->token), answer->bound, answer->dn,
	        answer->full_name, answer->manager, answer->groups, answer->units),
	    error);
}

static GBytes *receive(int fd, GError **error)
{
	g_autofree char *buffer = g_malloc(REALM_MESSAGE_MAX + 1);
	ssize_t n;
	do
		n = recv(fd, buffer, REALM_MESSAGE_MAX + 1, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		qvmi_error_set_errno(error, errno, "recv");
	GBytes *bytes = n > 0 ? g_bytes_new(buffer, (gsize)n) : NULL;
	if (n > 0)
		explicit_bzero(buffer, (size_t)n);
	return bytes;
}

static GVariant *parse(GBytes *bytes, const char *type, GError **error)
{
	g_autoptr(GVariant) message =
	    g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(type), bytes, FALSE));
	if (g_bytes_get_size(bytes) <= REALM_MESSAGE_MAX && g_variant_is_normal_form(message))
		return g_steal_pointer(&message);
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID, "not a message of the realm");
	return NULL;
}

static GBytes *take_octets(GVariant *octets)
{
	GBytes *bytes = g_variant_get_data_as_bytes(octets);
	g_variant_unref(octets);
	return bytes;
}

struct realm_request *realm_request_receive(int fd, GError **error)
{
	g_autoptr(GBytes) bytes = receive(fd, error);
	g_autoptr(GVariant) message = bytes ? parse(bytes, REQUEST_TYPE, error) : NULL;
	if (!message)
		return NULL;
	AUTO(realm_request) request = g_new0(struct realm_request, 1);
	GVariant *token, *binding;
	guchar task;
	g_variant_get(message, "(yuss@ay@ay)", &task, &request->timeout_ms, &request->principal,
	    &request->password, &token, &binding);
	request->task = task;
	request->token = take_octets(token);
	request->binding = take_octets(binding);
	return g_steal_pointer(&request);
}

static bool is_bounded(char **names, size_t max)
{
	bool bounded = g_strv_length(names) <= max;
	for (; bounded && *names; names++)
		bounded = **names && strlen(*names) <= REALM_NAME_MAX;
	return bounded;
}

static bool answer_is_valid(const struct realm_answer *answer)
{
	return answer->outcome <= REALM_UNAVAILABLE && strlen(answer->detail) <= 4096 &&
	       strlen(answer->principal) <= REALM_NAME_MAX && strlen(answer->dn) <= 1024 &&
	       strlen(answer->full_name) <= REALM_NAME_MAX && strlen(answer->manager) <= 1024 &&
	       is_bounded(answer->groups, REALM_GROUPS_MAX) &&
	       is_bounded(answer->units, REALM_UNITS_MAX);
}

struct realm_answer *realm_answer_parse(GBytes *bytes, GError **error)
{
	g_autoptr(GVariant) message = parse(bytes, ANSWER_TYPE, error);
	if (!message)
		return NULL;
	AUTO(realm_answer) answer = g_new0(struct realm_answer, 1);
	GVariant *token;
	gboolean bound;
	guchar outcome;
	g_variant_get(message, "(yss@aybsss^as^as)", &outcome, &answer->detail, &answer->principal,
	    &token, &bound, &answer->dn, &answer->full_name, &answer->manager, &answer->groups,
	    &answer->units);
	answer->outcome = outcome;
	answer->bound = bound;
	answer->token = take_octets(token);
	if (answer_is_valid(answer))
		return g_steal_pointer(&answer);
	g_set_error_literal(
	    error, QVMI_ERROR, QVMI_ERROR_INVALID, "an answer of the realm out of its bounds");
	return NULL;
}

struct realm_answer *realm_answer_receive(int fd, GError **error)
{
	g_autoptr(GBytes) bytes = receive(fd, error);
	return bytes ? realm_answer_parse(bytes, error) : NULL;
}
