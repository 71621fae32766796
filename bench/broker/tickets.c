/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/broker/tickets.h"

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gss_OID_desc spnego = {6, (void *)"\x2b\x06\x01\x05\x05\x02"}; /* 1.3.6.1.5.5.2 */

static void demand(OM_uint32 major, const char *what)
{
	if (!GSS_ERROR(major))
		return;
	fprintf(stderr, "bench-broker: %s: GSSAPI says %08x\n", what, major);
	exit(1);
}

static gss_name_t service_of(const char *host)
{
	g_autofree char *text = g_strconcat("HTTP@", host, NULL);
	gss_buffer_desc buffer = {.length = strlen(text), .value = text};
	gss_name_t name = GSS_C_NO_NAME;
	OM_uint32 minor;

	demand(gss_import_name(&minor, &buffer, GSS_C_NT_HOSTBASED_SERVICE, &name), "the service");
	return name;
}

static gss_cred_id_t credential_of(const char *key, const char *path, gss_cred_usage_t usage)
{
	gss_key_value_element_desc element = {key, path};
	gss_key_value_set_desc store = {1, &element};
	gss_OID_set_desc mechanisms = {1, &spnego};
	gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
	OM_uint32 minor;

	demand(gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms, usage,
	           &store, &credential, NULL, NULL),
	    path);
	return credential;
}

static GBytes *make(gss_cred_id_t credential, gss_name_t service)
{
	gss_ctx_id_t context = GSS_C_NO_CONTEXT;
	gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
	OM_uint32 minor;

	demand(gss_init_sec_context(&minor, credential, &context, service, &spnego,
	           GSS_C_MUTUAL_FLAG, 0, GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &token, NULL, NULL),
	    "making a token");
	GBytes *bytes = g_bytes_new(token.value, token.length);

	gss_release_buffer(&minor, &token);
	gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
	return bytes;
}

GPtrArray *tickets_make(const char *host, char **caches, unsigned n)
{
	GPtrArray *tokens = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	unsigned people = g_strv_length(caches);
	g_autofree gss_cred_id_t *credentials = g_new0(gss_cred_id_t, people);
	gss_name_t service = service_of(host);
	OM_uint32 minor;

	for (unsigned i = 0; i < people; i++)
		credentials[i] = credential_of("ccache", caches[i], GSS_C_INITIATE);
	for (unsigned i = 0; i < n; i++)
		g_ptr_array_add(tokens, make(credentials[i % people], service));
	for (unsigned i = 0; i < people; i++)
		gss_release_cred(&minor, &credentials[i]);
	gss_release_name(&minor, &service);
	return tokens;
}

static void take(gss_cred_id_t credential, GBytes *token)
{
	gss_ctx_id_t context = GSS_C_NO_CONTEXT;
	gss_name_t source = GSS_C_NO_NAME;
	gss_buffer_desc output = GSS_C_EMPTY_BUFFER, input;
	OM_uint32 minor;

	input.value = (void *)g_bytes_get_data(token, &input.length);
	demand(gss_accept_sec_context(&minor, &context, credential, &input,
	           GSS_C_NO_CHANNEL_BINDINGS, &source, NULL, &output, NULL, NULL, NULL),
	    "accepting a token");
	gss_release_buffer(&minor, &output);
	gss_release_name(&minor, &source);
	gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
}

double tickets_accept(const char *keytab, const GPtrArray *tokens)
{
	gss_cred_id_t credential = credential_of("keytab", keytab, GSS_C_ACCEPT);
	int64_t begun = g_get_monotonic_time();
	OM_uint32 minor;

	for (unsigned i = 0; i < tokens->len; i++)
		take(credential, tokens->pdata[i]);
	double seconds = (double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;

	gss_release_cred(&minor, &credential);
	return tokens->len / seconds;
}
