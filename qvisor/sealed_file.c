/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/sealed_file.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"

#define MAGIC "QVMISEA1"
#define MAGIC_SIZE 8
#define SALT_SIZE 32
#define HEADER_SIZE (MAGIC_SIZE + SALT_SIZE)
#define CHUNK ((size_t)1 << 20)
#define TAG_SIZE 16
#define NONCE_SIZE 12 /* number of the chunk, 8, and whether it is the last, 4 */

struct sealed_writer {
	int fd;
	EVP_CIPHER_CTX *cipher;
	uint64_t chunk;
	size_t n; /* bytes of `plain` */
	uint8_t plain[CHUNK], sealed[CHUNK + TAG_SIZE];
};

struct sealed_reader {
	int fd;
	EVP_CIPHER_CTX *cipher;
	uint64_t chunk, left; /* `left`: bytes of the file */
	bool ended;
	uint8_t plain[CHUNK], sealed[CHUNK + TAG_SIZE];
};

static EVP_CIPHER_CTX *cipher_new(const uint8_t *key, const uint8_t *salt, bool encrypt)
{
	uint8_t own[SEALED_KEY_SIZE];
	unsigned n = sizeof(own);
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	if (!cipher || !HMAC(EVP_sha256(), key, SEALED_KEY_SIZE, salt, SALT_SIZE, own, &n) ||
	    !EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, own, NULL, encrypt))
		g_error("OpenSSL has no AES-256-GCM");
	OPENSSL_cleanse(own, sizeof(own));
	return cipher;
}

static void make_nonce(uint8_t *nonce, uint64_t chunk, bool last)
{
	uint64_t number = GUINT64_TO_BE(chunk);
	uint32_t mark = GUINT32_TO_BE((uint32_t)last);
	memcpy(nonce, &number, sizeof(number));
	memcpy(nonce + sizeof(number), &mark, sizeof(mark));
}

static bool write_all(int fd, const uint8_t *bytes, size_t n, GError **error)
{
	while (n) {
		ssize_t written = write(fd, bytes, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return qvmi_error_set_errno(error, errno, "cannot write");
		bytes += written;
		n -= written;
	}
	return true;
}

struct sealed_writer *sealed_writer_new(int fd, const uint8_t *key, GError **error)
{
	uint8_t header[HEADER_SIZE] = MAGIC;
	if (RAND_bytes(header + MAGIC_SIZE, SALT_SIZE) != 1)
		g_error("OpenSSL has no random numbers");
	if (!write_all(fd, header, sizeof(header), error))
		return NULL;
	struct sealed_writer *writer = g_new0(struct sealed_writer, 1);
	writer->fd = fd;
	writer->cipher = cipher_new(key, header + MAGIC_SIZE, true);
	return writer;
}

static bool flush_chunk(struct sealed_writer *writer, bool last, GError **error)
{
	uint8_t nonce[NONCE_SIZE];
	int n = 0, rest = 0;
	make_nonce(nonce, writer->chunk++, last);
	if (!EVP_EncryptInit_ex(writer->cipher, NULL, NULL, NULL, nonce) ||
	    !EVP_EncryptUpdate(writer->cipher, writer->sealed, &n, writer->plain, (int)writer->n) ||
	    !EVP_EncryptFinal_ex(writer->cipher, writer->sealed + n, &rest) ||
	    !EVP_CIPHER_CTX_ctrl(
	        writer->cipher, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, writer->sealed + writer->n))
		g_error("OpenSSL cannot encrypt");
	size_t size = writer->n + TAG_SIZE;
	writer->n = 0;
	return write_all(writer->fd, writer->sealed, size, error);
}

bool sealed_write(struct sealed_writer *writer, const void *bytes, size_t n, GError **error)
{
	const uint8_t *at = bytes;
	while (n) {
		/* A full chunk goes when more follows: the last one is known by what does not. */
		if (writer->n == CHUNK && !flush_chunk(writer, false, error))
			return false;
		size_t part = MIN(n, CHUNK - writer->n);
		memcpy(writer->plain + writer->n, at, part);
		writer->n += part;
		at += part;
		n -= part;
	}
	return true;
}

bool sealed_writer_finish(struct sealed_writer *writer, GError **error)
{
	if (!flush_chunk(writer, true, error))
		return false;
	return !fsync(writer->fd) || qvmi_error_set_errno(error, errno, "the disk did not take it");
}

void sealed_writer_free(struct sealed_writer *writer)
{
	if (!writer)
		return;
	EVP_CIPHER_CTX_free(writer->cipher);
	OPENSSL_cleanse(writer, sizeof(*writer));
	g_free(writer);
}

/* --- */

/* Fewer only at the end of the file; -1 with errno. */
static ssize_t read_all(int fd, uint8_t *bytes, size_t n)
{
	size_t have = 0;
	while (have < n) {
		ssize_t got = read(fd, bytes + have, n - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			break;
		have += got;
	}
	return (ssize_t)have;
}

struct sealed_reader *sealed_reader_new(int fd, const uint8_t *key, GError **error)
{
	uint8_t header[HEADER_SIZE];
	struct stat status;
	if (fstat(fd, &status) || status.st_size < HEADER_SIZE + TAG_SIZE ||
	    read_all(fd, header, sizeof(header)) != sizeof(header) ||
	    memcmp(header, MAGIC, MAGIC_SIZE) != 0) {
		g_set_error_literal(
		    error, QVMI_ERROR, QVMI_ERROR_CORRUPT, "it is no sealed file, or cut off");
		return NULL;
	}
	struct sealed_reader *reader = g_new0(struct sealed_reader, 1);
	reader->fd = fd;
	reader->left = (uint64_t)status.st_size - HEADER_SIZE;
	reader->cipher = cipher_new(key, header + MAGIC_SIZE, false);
	return reader;
}

static bool open_chunk(struct sealed_reader *reader, size_t n, bool last)
{
	uint8_t nonce[NONCE_SIZE];
	int out = 0, rest = 0;
	make_nonce(nonce, reader->chunk++, last);
	return EVP_DecryptInit_ex(reader->cipher, NULL, NULL, NULL, nonce) &&
	       EVP_DecryptUpdate(reader->cipher, reader->plain, &out, reader->sealed, (int)n) &&
	       EVP_CIPHER_CTX_ctrl(
	           reader->cipher, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, reader->sealed + n) &&
	       EVP_DecryptFinal_ex(reader->cipher, reader->plain + out, &rest) > 0;
}

const uint8_t *sealed_read(struct sealed_reader *reader, size_t *n, GError **error)
{
	*n = 0;
	if (reader->ended)
		return reader->plain;
	size_t size = MIN(reader->left, CHUNK + TAG_SIZE);
	bool last = size == reader->left;
	if (size >= TAG_SIZE && read_all(reader->fd, reader->sealed, size) == (ssize_t)size &&
	    open_chunk(reader, size - TAG_SIZE, last)) {
		reader->left -= size;
		reader->ended = last;
		*n = size - TAG_SIZE;
		return reader->plain;
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
	    "it is not what was written with this phone's key (chunk %" G_GUINT64_FORMAT ")",
	    reader->chunk);
	return NULL;
}

void sealed_reader_free(struct sealed_reader *reader)
{
	if (!reader)
		return;
	EVP_CIPHER_CTX_free(reader->cipher);
	OPENSSL_cleanse(reader, sizeof(*reader));
	g_free(reader);
}
