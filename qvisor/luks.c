/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/luks.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"

#define SALT_SIZE 32
#define DIGEST_SIZE 20
#define HASH_SIZE 32
#define SLOTS 8
#define STRIPES 4000 /* the anti-forensic splitter's, fixed by the specification */
#define MATERIAL_SIZE (STRIPES * LUKS_KEY_SIZE)
#define SLOT_SECTORS 504 /* MATERIAL_SIZE in sectors, to whole pages */
#define FIRST_SLOT 8     /* sector */
#define ITERATIONS 1000
#define SLOT_ENABLED 0x00ac71f3U
#define SLOT_DISABLED 0x0000deadU

/* All numbers big-endian; no padding. */
struct slot {
	uint32_t active, iterations;
	uint8_t salt[SALT_SIZE];
	uint32_t material, stripes;
};
struct header {
	uint8_t magic[LUKS_MAGIC_SIZE];
	uint16_t version;
	char cipher[32], mode[32], hash[32];
	uint32_t payload, key_size;
	uint8_t digest[DIGEST_SIZE], digest_salt[SALT_SIZE];
	uint32_t digest_iterations;
	char uuid[40];
	struct slot slots[SLOTS];
};
_Static_assert(sizeof(struct header) == 592, "as the specification has it");

static bool fail(GError **error)
{
	g_set_error_literal(
	    error, QVMI_ERROR, QVMI_ERROR_FAILED, "OpenSSL cannot make a LUKS volume");
	return false;
}

static bool stretch(const void *secret, size_t n, const uint8_t *salt, uint8_t *out, size_t size)
{
	return PKCS5_PBKDF2_HMAC(
	           secret, (int)n, salt, SALT_SIZE, ITERATIONS, EVP_sha256(), (int)size, out) == 1;
}

bool luks_encrypt(
    const uint8_t key[LUKS_KEY_SIZE], uint64_t sector, uint8_t *bytes, size_t n, GError **error)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	bool good = context && EVP_EncryptInit_ex(context, EVP_aes_256_xts(), NULL, key, NULL) == 1;
	for (size_t at = 0; good && at < n; at += LUKS_SECTOR, sector++) {
		uint64_t plain[2] = {GUINT64_TO_LE(sector), 0}; /* plain64 */
		int written;
		good =
		    EVP_EncryptInit_ex(context, NULL, NULL, NULL, (const uint8_t *)plain) == 1 &&
		    EVP_EncryptUpdate(context, bytes + at, &written, bytes + at, LUKS_SECTOR) == 1;
	}
	EVP_CIPHER_CTX_free(context);
	return good || fail(error);
}

/* H1 of the specification: each block is replaced by the hash of its number and itself. */
static bool diffuse(uint8_t block[LUKS_KEY_SIZE])
{
	for (uint32_t i = 0; i < LUKS_KEY_SIZE / HASH_SIZE; i++) {
		uint8_t input[4 + HASH_SIZE];
		uint32_t number = GUINT32_TO_BE(i);
		memcpy(input, &number, 4);
		memcpy(input + 4, block + (size_t)i * HASH_SIZE, HASH_SIZE);
		if (EVP_Digest(input, sizeof(input), block + (size_t)i * HASH_SIZE, NULL,
		        EVP_sha256(), NULL) != 1)
			return false;
	}
	return true;
}

/* AFsplit: the key can be had from all of the stripes only, so that losing any of them loses it. */
static bool split(const uint8_t key[LUKS_KEY_SIZE], uint8_t *material)
{
	uint8_t sum[LUKS_KEY_SIZE] = {0};
	if (RAND_bytes(material, MATERIAL_SIZE - LUKS_KEY_SIZE) != 1)
		return false;
	for (unsigned i = 0; i < STRIPES - 1; i++) {
		for (unsigned j = 0; j < LUKS_KEY_SIZE; j++)
			sum[j] ^= material[(size_t)i * LUKS_KEY_SIZE + j];
		if (!diffuse(sum))
			return false;
	}
	for (unsigned j = 0; j < LUKS_KEY_SIZE; j++)
		material[MATERIAL_SIZE - LUKS_KEY_SIZE + j] = sum[j] ^ key[j];
	OPENSSL_cleanse(sum, sizeof(sum));
	return true;
}

static bool fill_header(struct header *header, const char *uuid, const uint8_t key[LUKS_KEY_SIZE])
{
	*header = (struct header){.version = GUINT16_TO_BE(1),
	    .cipher = "aes",
	    .mode = "xts-plain64",
	    .hash = "sha256",
	    .payload = GUINT32_TO_BE(LUKS_PAYLOAD / LUKS_SECTOR),
	    .key_size = GUINT32_TO_BE(LUKS_KEY_SIZE),
	    .digest_iterations = GUINT32_TO_BE(ITERATIONS)};
	memcpy(header->magic, LUKS_MAGIC, LUKS_MAGIC_SIZE);
	g_strlcpy(header->uuid, uuid, sizeof(header->uuid));
	for (unsigned i = 0; i < SLOTS; i++)
		header->slots[i] =
		    (struct slot){.active = GUINT32_TO_BE(i ? SLOT_DISABLED : SLOT_ENABLED),
		        .iterations = GUINT32_TO_BE(i ? 0 : ITERATIONS),
		        .material = GUINT32_TO_BE(FIRST_SLOT + i * SLOT_SECTORS),
		        .stripes = GUINT32_TO_BE(STRIPES)};
	return RAND_bytes(header->digest_salt, SALT_SIZE) == 1 &&
	       RAND_bytes(header->slots[0].salt, SALT_SIZE) == 1 &&
	       stretch(key, LUKS_KEY_SIZE, header->digest_salt, header->digest, DIGEST_SIZE);
}

static bool write_at(int fd, const void *bytes, size_t n, off_t at, GError **error)
{
	ssize_t written = pwrite(fd, bytes, n, at);
	if (written == (ssize_t)n)
		return true;
	bool full = written >= 0 || errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
	g_set_error(error, QVMI_ERROR, full ? QVMI_ERROR_EXHAUSTED : QVMI_ERROR_FAILED,
	    "cannot write a volume: %s", full ? g_strerror(ENOSPC) : g_strerror(errno));
	return false;
}

bool luks_format(
    int fd, const char *passphrase, const char *uuid, uint8_t key[LUKS_KEY_SIZE], GError **error)
{
	struct header header;
	uint8_t slot_key[LUKS_KEY_SIZE];
	g_autofree uint8_t *material = g_malloc(MATERIAL_SIZE);
	bool good = (RAND_priv_bytes(key, LUKS_KEY_SIZE) == 1 && fill_header(&header, uuid, key) &&
	                split(key, material) &&
	                stretch(passphrase, strlen(passphrase), header.slots[0].salt, slot_key,
	                    sizeof(slot_key))) ||
	            fail(error);
	good = good && luks_encrypt(slot_key, 0, material, MATERIAL_SIZE, error) &&
	       write_at(fd, material, MATERIAL_SIZE, (off_t)FIRST_SLOT * LUKS_SECTOR, error) &&
	       write_at(fd, &header, sizeof(header), 0, error);
	OPENSSL_cleanse(slot_key, sizeof(slot_key));
	OPENSSL_cleanse(material, MATERIAL_SIZE);
	return good;
}
