/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvmi-spnego-token SERVICE [CERTIFICATE]: prints what a client with a ticket would send after
 * "Authorization: Negotiate " to HTTP@SERVICE, bound to the TLS server of that certificate if one
 * is given. For tests, which want tokens that no client sends: used twice, cut, bound to another.
 */
#include <gssapi/gssapi.h>
#include <stdio.h>
#include <string.h>

#include "broker/tls_binding.h"

static gss_OID_desc spnego = {6, (void *)"\x2b\x06\x01\x05\x05\x02"};

static gss_name_t import(const char *service)
{
	g_autofree char *text = g_strconcat("HTTP@", service, NULL);
	gss_buffer_desc buffer = {.length = strlen(text), .value = text};
	gss_name_t name = GSS_C_NO_NAME;
	OM_uint32 minor;
	gss_import_name(&minor, &buffer, GSS_C_NT_HOSTBASED_SERVICE, &name);
	return name;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	if (argc < 2 || argc > 3)
		return 2;
	g_autoptr(GBytes) binding = argc == 3 ? tls_binding_of_file(argv[2], &error) : NULL;
	gsize n = 0;
	const void *bytes = binding ? g_bytes_get_data(binding, &n) : NULL;
	struct gss_channel_bindings_struct channel = {
	    .application_data = {.length = n, .value = (void *)bytes}};
	gss_ctx_id_t context = GSS_C_NO_CONTEXT;
	gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
	gss_name_t name = import(argv[1]);
	OM_uint32 minor;
	OM_uint32 major = gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, &context, name, &spnego,
	    GSS_C_MUTUAL_FLAG, 0, binding ? &channel : GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL,
	    &token, NULL, NULL);
	g_autofree char *text = g_base64_encode(token.value, token.length);
	if (!GSS_ERROR(major) && !error)
		puts(text);
	else
		fprintf(stderr, "no token: %s\n", error ? error->message : "is there a ticket?");
	gss_release_buffer(&minor, &token);
	gss_release_name(&minor, &name);
	gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
	return GSS_ERROR(major) || error ? 1 : 0;
}
