/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/pki.h"

#include <gio/gio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "common/error.h"
#include "common/file.h"

#define DAY_S (24 * 60 * 60L)
#define AUTHORITY_DAYS 3650L
#define CERTIFICATE_DAYS 397L
#define RENEW_DAYS 30L
#define PEM_MAX 65536

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)

static bool fail(GError **error, const char *doing)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	g_set_error(
	    error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot %s: %s", doing, reason ? reason : "?");
	ERR_clear_error();
	return false;
}

/* --- files --- */

static char *file_of(const char *folder, const char *name, const char *ending)
{
	g_autofree char *base = g_strconcat(name, ending, NULL);
	return g_build_filename(folder, base, NULL);
}

static BIO *open_pem(const char *file)
{
	size_t n = 0;
	g_autofree char *text = file_load(file, PEM_MAX, &n, NULL);
	BIO *bio = text ? BIO_new(BIO_s_mem()) : NULL;

	if (bio)
		BIO_write(bio, text, (int)n);
	return bio;
}

static X509 *load_certificate(const char *folder, const char *name)
{
	g_autofree char *file = file_of(folder, name, ".pem");
	BIO *bio = open_pem(file);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return certificate;
}

static EVP_PKEY *load_key(const char *folder, const char *name)
{
	g_autofree char *file = file_of(folder, name, ".key");
	BIO *bio = open_pem(file);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return key;
}

static bool store(BIO *bio, char *file, int mode, GError **error)
{
	g_autofree char *owned = file;
	char *bytes;
	long n = BIO_get_mem_data(bio, &bytes);
	bool stored = file_store(owned, bytes, n, mode, error);

	BIO_free(bio);
	return stored;
}

/* The key first: a certificate without its key would be taken for complete. */
static bool store_pair(
    const char *folder, const char *name, X509 *certificate, EVP_PKEY *key, GError **error)
{
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	if (!store(bio, file_of(folder, name, ".key"), 0600, error))
		return false;
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(bio, certificate);
	return store(bio, file_of(folder, name, ".pem"), 0644, error);
}

/* --- making certificates --- */

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool added = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return added;
}

static bool fill(X509 *certificate, EVP_PKEY *key, const char *name, long days)
{
	guchar serial[16];
	BIGNUM *number = NULL;

	if (RAND_bytes(serial, sizeof(serial)) != 1)
		return false;
	serial[0] &= 0x7f; /* positive (RFC 5280, section 4.1.2.2) */
	number = BN_bin2bn(serial, sizeof(serial), NULL);
	bool good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
	BN_free(number);
	return good && X509_set_version(certificate, X509_VERSION_3) &&
	       /* A day back: clocks of phones and laptops are late at times. */
	       X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S) &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate), days * DAY_S) &&
	       X509_set_pubkey(certificate, key) &&
	       X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
	           (const guchar *)name, -1, -1, 0);
}

/* NULL when `hosts` is empty: no extension. */
static char *alternative_names(const char *const *hosts)
{
	GString *text = g_string_new(NULL);

	for (; hosts && *hosts; hosts++)
		g_string_append_printf(text, "%s%s:%s", text->len ? "," : "",
		    g_hostname_is_ip_address(*hosts) ? "IP" : "DNS", *hosts);
	return g_string_free(text, text->len == 0);
}

static bool check_hosts(const char *const *hosts, GError **error)
{
	for (; hosts && *hosts; hosts++) {
		/* A comma or colon would start another name in OpenSSL's syntax. */
		if (g_hostname_is_ip_address(*hosts) || (**hosts && !strpbrk(*hosts, ",:\n")))
			continue;
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"%s\" is neither a host name nor an IP address", *hosts);
		return false;
	}
	return true;
}

bool pki_ensure_authority(const char *folder, GError **error)
{
	g_autoptr(X509) there = load_certificate(folder, "ca");
	g_autoptr(EVP_PKEY) there_key = load_key(folder, "ca");

	if (there && there_key && X509_check_private_key(there, there_key) == 1)
		return true;
	ERR_clear_error();
	if (!file_make_folder(folder, error))
		return false;
	g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
	g_autoptr(X509) certificate = X509_new();
	/* A name of its own: browsers mix up authorities of the same name. */
	g_autofree char *id = g_uuid_string_random();
	g_autofree char *name = g_strdup_printf("QVMI local authority %.8s", id);
	if (!key || !fill(certificate, key, name, AUTHORITY_DAYS) ||
	    !X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) ||
	    !add_extension(
	        certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
	    !add_extension(
	        certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") ||
	    !add_extension(certificate, certificate, NID_subject_key_identifier, "hash") ||
	    !X509_sign(certificate, key, EVP_sha256()))
		return fail(error, "make the certificate authority");
	return store_pair(folder, "ca", certificate, key, error);
}

/* Still good: ours, for 30 days, with its key, and for the same hosts. */
static bool is_current(const char *folder, const char *name, X509 *authority, const char *wanted)
{
	g_autoptr(X509) certificate = load_certificate(folder, name);
	g_autoptr(EVP_PKEY) key = load_key(folder, name);
	g_autofree char *file = file_of(folder, name, ".hosts");
	g_autofree char *hosts = file_load(file, PEM_MAX, NULL, NULL);
	time_t soon = time(NULL) + RENEW_DAYS * DAY_S;
	bool current = certificate && key && g_strcmp0(hosts, wanted ? wanted : "") == 0 &&
	               X509_check_private_key(certificate, key) == 1 &&
	               X509_verify(certificate, X509_get0_pubkey(authority)) == 1 &&
	               X509_cmp_time(X509_get0_notAfter(certificate), &soon) > 0;
	ERR_clear_error();
	return current;
}

bool pki_ensure_certificate(
    const char *folder, const char *name, const char *const *hosts, GError **error)
{
	g_autoptr(X509) authority = load_certificate(folder, "ca");
	g_autoptr(EVP_PKEY) authority_key = load_key(folder, "ca");
	g_autofree char *names = alternative_names(hosts);
	g_autofree char *hosts_file = file_of(folder, name, ".hosts");

	if (!authority || !authority_key)
		return fail(error, "read the certificate authority");
	if (!check_hosts(hosts, error))
		return false;
	if (is_current(folder, name, authority, names))
		return true;

	g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
	g_autoptr(X509) certificate = X509_new();
	if (!key || !fill(certificate, key, name, CERTIFICATE_DAYS) ||
	    !X509_set_issuer_name(certificate, X509_get_subject_name(authority)) ||
	    !add_extension(certificate, authority, NID_basic_constraints, "critical,CA:FALSE") ||
	    !add_extension(certificate, authority, NID_key_usage, "critical,digitalSignature") ||
	    !add_extension(certificate, authority, NID_ext_key_usage, "serverAuth,clientAuth") ||
	    !add_extension(certificate, authority, NID_subject_key_identifier, "hash") ||
	    !add_extension(certificate, authority, NID_authority_key_identifier, "keyid") ||
	    (names && !add_extension(certificate, authority, NID_subject_alt_name, names)) ||
	    !X509_sign(certificate, authority_key, EVP_sha256()))
		return fail(error, "make a certificate");
	return store_pair(folder, name, certificate, key, error) &&
	       file_store(hosts_file, names ? names : "", names ? strlen(names) : 0, 0644, error);
}
