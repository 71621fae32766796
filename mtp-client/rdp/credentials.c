/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/rdp/credentials.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.h"

/* The one kind of key that every RDP client takes. */
#define KEY_BITS 2048
#define LIFE_S (24L * 3600 * 397)
#define HOUR_S 3600

static X509 *sign_own(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	X509_NAME *name = certificate ? X509_get_subject_name(certificate) : NULL;
	uint64_t serial;

	/* An hour ago: the terminal's clock may be behind. */
	if (name && RAND_bytes((unsigned char *)&serial, sizeof serial) == 1 &&
	    X509_set_version(certificate, 2 /* v3 */) &&
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) &&
	    X509_gmtime_adj(X509_getm_notBefore(certificate), -HOUR_S) &&
	    X509_gmtime_adj(X509_getm_notAfter(certificate), LIFE_S) &&
	    X509_NAME_add_entry_by_txt(
	        name, "CN", MBSTRING_ASC, (const unsigned char *)"mtp-rdp", -1, -1, 0) &&
	    X509_set_issuer_name(certificate, name) && X509_set_pubkey(certificate, key) &&
	    X509_sign(certificate, key, EVP_sha256()))
		return certificate;
	X509_free(certificate);
	return NULL;
}

/* The two in a memory BIO; NULL: OpenSSL would not. */
static BIO *write_pem(void)
{
	EVP_PKEY *key = EVP_RSA_gen(KEY_BITS);
	X509 *certificate = key ? sign_own(key) : NULL;
	BIO *pem = BIO_new(BIO_s_secmem());

	if (!certificate || !pem || !PEM_write_bio_X509(pem, certificate) ||
	    !PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) ||
	    BIO_write(pem, "", 1) != 1) {
		BIO_free(pem);
		pem = NULL;
	}
	X509_free(certificate);
	EVP_PKEY_free(key);
	return pem;
}

int credentials_make(GError **error)
{
	int fd = memfd_create("credentials", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	BIO *pem = write_pem();
	char *bytes = NULL;
	long n = pem ? BIO_get_mem_data(pem, &bytes) : 0;
	bool written =
	    fd >= 0 && n > 0 && n <= CREDENTIALS_MAX && write(fd, bytes, (size_t)n) == n &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0;

	BIO_free(pem);
	if (written)
		return fd;
	if (fd >= 0)
		close(fd);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot make a key for TLS");
	return -1;
}
