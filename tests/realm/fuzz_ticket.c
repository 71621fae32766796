/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SPNEGO tokens of strangers, as ticket_accept() gets them: as they are, or (first byte odd) as the
 * Kerberos token in a NegTokenInit (RFC 4178 4.2.1), so that what is behind it is reached.
 */
#include <krb5.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/realm/ticket.h"

#define SERVICE "HTTP/fuzz@FUZZ.TEST"

static char keytab[] = "/tmp/qvmi-fuzz-XXXXXX";
static struct realm_options options = {.realm = (char *)"FUZZ.TEST", .service = (char *)SERVICE};

static void remove_keytab(void)
{
	unlink(keytab);
}

static void make_keytab(void)
{
	krb5_context context;
	krb5_keytab file;
	krb5_octet secret[32] = {1};
	krb5_keytab_entry entry = {.vno = 1,
	    .key = {.enctype = ENCTYPE_AES256_CTS_HMAC_SHA1_96,
	        .length = sizeof secret,
	        .contents = secret}};
	int fd = mkstemp(keytab);
	g_assert_cmpint(fd, >=, 0);
	close(fd);
	unlink(keytab);
	g_assert_cmpint(krb5_init_context(&context), ==, 0);
	g_assert_cmpint(krb5_parse_name(context, SERVICE, &entry.principal), ==, 0);
	g_assert_cmpint(krb5_kt_resolve(context, keytab, &file), ==, 0);
	g_assert_cmpint(krb5_kt_add_entry(context, file, &entry), ==, 0);
	krb5_kt_close(context, file);
	krb5_free_principal(context, entry.principal);
	krb5_free_context(context);
	atexit(remove_keytab);
}

/* DER: tag, length in its long form of two octets, content. */
static void prepend(GByteArray *bytes, uint8_t tag)
{
	uint8_t head[] = {tag, 0x82, (uint8_t)(bytes->len >> 8), (uint8_t)bytes->len};
	g_byte_array_prepend(bytes, head, sizeof head);
}

static GBytes *wrap(const uint8_t *data, size_t size)
{
	static const uint8_t spnego[] = {0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02};
	static const uint8_t mechanisms[] = {0xa0, 0x0d, 0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48,
	    0x86, 0xf7, 0x12, 0x01, 0x02, 0x02};
	static const uint8_t krb5[] = {
	    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x01, 0x00};
	GByteArray *bytes = g_byte_array_new();
	g_byte_array_append(bytes, data, (guint)size);
	g_byte_array_prepend(bytes, krb5, sizeof krb5);
	prepend(bytes, 0x60); /* RFC 4121 4.1 */
	prepend(bytes, 0x04);
	prepend(bytes, 0xa2);
	g_byte_array_prepend(bytes, mechanisms, sizeof mechanisms);
	prepend(bytes, 0x30);
	prepend(bytes, 0xa0);
	g_byte_array_prepend(bytes, spnego, sizeof spnego);
	prepend(bytes, 0x60);
	return g_byte_array_free_to_bytes(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!options.keytab) {
		setenv("KRB5RCACHENAME", "none:", 1);
		setenv("KRB5_CONFIG", "/dev/null", 1);
		options.keytab = keytab;
		make_keytab();
	}
	if (size < 1 || size > 16384)
		return 0;
	g_autoptr(GBytes) token =
	    *data & 1 ? wrap(data + 1, size - 1) : g_bytes_new(data + 1, size - 1);
	g_autoptr(GBytes) binding = g_bytes_new_static("tls-server-end-point:", 21);
	AUTO(ticket_service) service = ticket_service_new(&options);
	AUTO(realm_answer) answer = ticket_accept(service, token, binding);
	g_assert_cmpint(answer->outcome, !=, REALM_ADMITTED); /* nobody has the key */
	return 0;
}
