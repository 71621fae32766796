/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/tls_binding.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "common/error.h"

#define PREFIX "tls-server-end-point:"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)

static X509 *load(const char *path)
{
	BIO *file = BIO_new_file(path, "r");
	X509 *certificate = file ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL;
	BIO_free(file);
	return certificate;
}

GBytes *tls_binding_of_file(const char *path, GError **error)
{
	unsigned char bytes[sizeof PREFIX - 1 + EVP_MAX_MD_SIZE] = PREFIX;
	unsigned n = 0;
	int hash = NID_undef;
	g_autoptr(X509) certificate = load(path);
	if (!certificate) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s: no certificate in it", path);
		return NULL;
	}
	X509_get_signature_info(certificate, &hash, NULL, NULL, NULL);
	if (hash == NID_md5 || hash == NID_sha1)
		hash = NID_sha256;
	const EVP_MD *digest = hash == NID_undef ? NULL : EVP_get_digestbynid(hash);
	if (!digest || !X509_digest(certificate, digest, bytes + sizeof PREFIX - 1, &n)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "%s: tokens cannot be bound to a certificate with this kind of signature (RFC "
		    "5929); use one with ECDSA or RSA, or kerberos.channel-binding=off",
		    path);
		return NULL;
	}
	return g_bytes_new(bytes, sizeof PREFIX - 1 + n);
}
