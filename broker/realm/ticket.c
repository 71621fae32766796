/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/realm/ticket.h"

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <string.h>

struct ticket_service {
	const struct realm_options *options;
	gss_cred_id_t credential; /* acquired at the first ticket; its keytab is read at each */
};

static gss_OID_desc spnego = {6, (void *)"\x2b\x06\x01\x05\x05\x02"}; /* 1.3.6.1.5.5.2 */
static gss_OID_desc krb5 = {9, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};

static gss_buffer_desc buffer_of(GBytes *bytes)
{
	gsize n;
	const void *data = g_bytes_get_data(bytes, &n);
	return (gss_buffer_desc){.length = n, .value = (void *)data};
}

static void append_status(GString *text, OM_uint32 code, int type)
{
	OM_uint32 minor, context = 0;
	do {
		gss_buffer_desc line = GSS_C_EMPTY_BUFFER;
		if (GSS_ERROR(gss_display_status(&minor, code, type, &krb5, &context, &line)))
			return;
		g_string_append_printf(text, "%s%.*s", text->len ? "; " : "", (int)line.length,
		    (const char *)line.value);
		gss_release_buffer(&minor, &line);
	} while (context && text->len < 1024);
}

static struct realm_answer *failed(
    enum realm_outcome outcome, const char *doing, OM_uint32 major, OM_uint32 minor)
{
	g_autoptr(GString) text = g_string_new(doing);
	append_status(text, major, GSS_C_GSS_CODE);
	append_status(text, minor, GSS_C_MECH_CODE);
	return realm_answer_new(outcome, text->str);
}

/* Named, so that a keytab with other services' keys does not let their tickets in. */
static OM_uint32 acquire(
    const struct realm_options *options, gss_cred_id_t *credential, OM_uint32 *minor)
{
	gss_buffer_desc text = {.length = strlen(options->service), .value = options->service};
	gss_key_value_element_desc element = {"keytab", options->keytab};
	gss_key_value_set_desc store = {1, &element};
	gss_OID_set_desc mechanisms = {1, &spnego}, inner = {1, &krb5};
	gss_name_t name = GSS_C_NO_NAME;
	OM_uint32 ignored;
	OM_uint32 major = gss_import_name(minor, &text, (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME, &name);
	if (!GSS_ERROR(major))
		major = gss_acquire_cred_from(minor, name, GSS_C_INDEFINITE, &mechanisms,
		    GSS_C_ACCEPT, &store, credential, NULL, NULL);
	if (!GSS_ERROR(major))
		major = gss_set_neg_mechs(minor, *credential, &inner);
	gss_release_name(&ignored, &name);
	return major;
}

static struct realm_answer *admitted(gss_name_t source, const gss_buffer_desc *output, bool bound)
{
	gss_buffer_desc name = GSS_C_EMPTY_BUFFER;
	gss_OID type;
	OM_uint32 minor;
	OM_uint32 major = gss_display_name(&minor, source, &name, &type);
	if (GSS_ERROR(major))
		return failed(REALM_UNAVAILABLE, "reading the name in a ticket", major, minor);
	g_autofree char *principal = g_strndup(name.value, name.length);
	struct realm_answer *answer = NULL;
	if (!gss_oid_equal(type, (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME) ||
	    strlen(principal) != name.length || name.length > REALM_NAME_MAX ||
	    !g_utf8_validate(principal, -1, NULL)) {
		answer = realm_answer_new(REALM_REFUSED, "a ticket with a strange name");
	} else {
		answer = realm_answer_new(REALM_ADMITTED, "");
		g_free(answer->principal);
		answer->principal = g_steal_pointer(&principal);
		g_bytes_unref(answer->token);
		answer->token = g_bytes_new(output->value, output->length);
		answer->bound = bound;
	}
	gss_release_buffer(&minor, &name);
	return answer;
}

static struct realm_answer *accept_token(gss_cred_id_t credential, GBytes *token, GBytes *binding)
{
	gss_buffer_desc input = buffer_of(token), output = GSS_C_EMPTY_BUFFER;
	struct gss_channel_bindings_struct channel = {.application_data = buffer_of(binding)};
	gss_ctx_id_t context = GSS_C_NO_CONTEXT;
	gss_name_t source = GSS_C_NO_NAME;
	OM_uint32 minor, ignored, flags = 0;
	OM_uint32 major = gss_accept_sec_context(&minor, &context, credential, &input,
	    channel.application_data.length ? &channel : GSS_C_NO_CHANNEL_BINDINGS, &source, NULL,
	    &output, &flags, NULL, NULL);
	struct realm_answer *answer;
	if (GSS_ERROR(major))
		answer = failed(REALM_REFUSED, "", major, minor);
	else if (major & GSS_S_CONTINUE_NEEDED)
		answer = realm_answer_new(REALM_REFUSED,
		    "the client wants to negotiate on: it did not begin with a "
		    "Kerberos ticket (no ticket for this name, or NTLM)");
	else if (flags & GSS_C_ANON_FLAG)
		answer = realm_answer_new(REALM_REFUSED, "an anonymous ticket");
	else
		answer = admitted(source, &output, (flags & GSS_C_CHANNEL_BOUND_FLAG) != 0);
	gss_release_buffer(&ignored, &output);
	gss_release_name(&ignored, &source);
	gss_delete_sec_context(&ignored, &context, GSS_C_NO_BUFFER);
	return answer;
}

struct ticket_service *ticket_service_new(const struct realm_options *options)
{
	struct ticket_service *service = g_new0(struct ticket_service, 1);
	service->options = options;
	service->credential = GSS_C_NO_CREDENTIAL;
	return service;
}

void ticket_service_free(struct ticket_service *service)
{
	OM_uint32 minor;
	if (!service)
		return;
	gss_release_cred(&minor, &service->credential);
	g_free(service);
}

struct realm_answer *ticket_accept(struct ticket_service *service, GBytes *token, GBytes *binding)
{
	if (g_bytes_get_size(token) == 0 || g_bytes_get_size(token) > TICKET_MAX)
		return realm_answer_new(REALM_REFUSED, "a token of a strange size");
	OM_uint32 minor, ignored, major = GSS_S_COMPLETE;
	if (service->credential == GSS_C_NO_CREDENTIAL)
		major = acquire(service->options, &service->credential, &minor);
	if (!GSS_ERROR(major))
		return accept_token(service->credential, token, binding);
	gss_release_cred(&ignored, &service->credential);
	return failed(REALM_UNAVAILABLE, "the key of our service in the keytab", major, minor);
}
