/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/migration_files.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>

#include "common/error.h"
#include "qvisor/manifest.h"
#include "qvisor/migration_wire.h"
#include "qvisor/user_volume.h"

#define TAG_SIZE 16

/* What a chunk was when it was sent; all zeroes: it is zeroes, or was never sent. */
struct tag {
	uint8_t bytes[TAG_SIZE];
};

struct sent_file {
	char *name;
	int fd;
	GArray *tags; /* of struct tag, one a chunk */
	bool named;   /* to the other side */
};

struct migration_files {
	GPtrArray *files; /* struct sent_file *, in the order of their numbers */
	EVP_MAC_CTX *mac;
	uint8_t chunk[MIGRATION_CHUNK];
};

static bool has_name_between(const char *name, const char *prefix, const char *suffix)
{
	size_t n = strlen(name), before = strlen(prefix), after = strlen(suffix);
	if (n <= before + after || !g_str_has_prefix(name, prefix) ||
	    !g_str_has_suffix(name, suffix))
		return false;
	g_autofree char *middle = g_strndup(name + before, n - before - after);
	return manifest_name_valid(middle);
}

bool migration_files_wanted(const char *name)
{
	return !strcmp(name, "overlay.qcow2") || !strcmp(name, "key") ||
	       !strcmp(name, "suspended") || has_name_between(name, "snapshot-", ".json") ||
	       has_name_between(name, "snapshot-", ".memory") ||
	       has_name_between(name, "snapshot-", ".disk") ||
	       has_name_between(name, "snapshot-", ".volume");
}

/* What is in a volume's folder, and its name on the wire. */
static const struct {
	const char *wire, *file;
} volume_files[] = {{"volume.key", "key"}, {"volume.disk", USER_VOLUME_DISK}};

char *migration_files_path(const char *folder, const char *volume, const char *name)
{
	for (unsigned i = 0; volume && i < G_N_ELEMENTS(volume_files); i++)
		if (!strcmp(name, volume_files[i].wire))
			return g_build_filename(volume, volume_files[i].file, NULL);
	return migration_files_wanted(name) ? g_build_filename(folder, name, NULL) : NULL;
}

static void sent_file_free(void *pointer)
{
	struct sent_file *file = pointer;
	close(file->fd);
	g_array_unref(file->tags);
	g_free(file->name);
	g_free(file);
}

/* The key is this object's own and the checksums never leave it, so one nonce is enough: what is
 * used of GMAC is a universal hash (NIST SP 800-38D). */
static EVP_MAC_CTX *mac_new(void)
{
	uint8_t key[16], nonce[12] = {0};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "GMAC", NULL);
	EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
	OSSL_PARAM parameters[] = {
	    OSSL_PARAM_construct_utf8_string("cipher", (char *)(uintptr_t) "AES-128-GCM", 0),
	    OSSL_PARAM_construct_octet_string("iv", nonce, sizeof(nonce)),
	    OSSL_PARAM_construct_end()};
	if (!context || RAND_bytes(key, sizeof(key)) != 1 ||
	    EVP_MAC_init(context, key, sizeof(key), parameters) != 1)
		g_error("OpenSSL has no GMAC");
	EVP_MAC_free(mac);
	return context;
}

static struct tag tag_of(EVP_MAC_CTX *mac, const uint8_t *bytes, size_t n)
{
	struct tag tag;
	size_t size;
	uint8_t nonce[12] = {0};
	const OSSL_PARAM again[] = {OSSL_PARAM_construct_octet_string("iv", nonce, sizeof(nonce)),
	    OSSL_PARAM_construct_end()};
	if (EVP_MAC_init(mac, NULL, 0, again) != 1 || EVP_MAC_update(mac, bytes, n) != 1 ||
	    EVP_MAC_final(mac, tag.bytes, &size, sizeof(tag.bytes)) != 1)
		g_error("OpenSSL's GMAC fails");
	return tag;
}

static bool add_file(struct migration_files *files, const char *folder, const char *volume,
    const char *name, GError **error)
{
	g_autofree char *path = migration_files_path(folder, volume, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return qvmi_error_set_errno(error, errno, "cannot read %s", path);
	struct sent_file *file = g_new0(struct sent_file, 1);
	file->name = g_strdup(name);
	file->fd = fd;
	file->tags = g_array_new(FALSE, TRUE, sizeof(struct tag));
	g_ptr_array_add(files->files, file);
	return true;
}

struct migration_files *migration_files_open(const char *folder, const char *volume, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, error);
	const char *name;
	if (!dir)
		return NULL;
	AUTO(migration_files) files = g_new0(struct migration_files, 1);
	files->files = g_ptr_array_new_with_free_func(sent_file_free);
	files->mac = mac_new();
	while ((name = g_dir_read_name(dir)))
		if (migration_files_wanted(name) && !add_file(files, folder, NULL, name, error))
			return NULL;
	for (unsigned i = 0; volume && i < G_N_ELEMENTS(volume_files); i++)
		if (!add_file(files, folder, volume, volume_files[i].wire, error))
			return NULL;
	if (files->files->len <= MIGRATION_FILES_MAX)
		return g_steal_pointer(&files);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_TOO_LARGE,
	    "the phone has more than %d files; delete snapshots", MIGRATION_FILES_MAX);
	return NULL;
}

void migration_files_free(struct migration_files *files)
{
	if (!files)
		return;
	g_ptr_array_unref(files->files);
	EVP_MAC_CTX_free(files->mac);
	OPENSSL_cleanse(files->chunk, sizeof(files->chunk)); /* keys were in it */
	g_free(files);
}

/* --- a pass --- */

struct pass {
	struct migration_files *files;
	const struct migration_pipe *pipe;
	struct sent_file *file;
	unsigned number; /* of the file */
	unsigned chunks;
};

static bool is_zero(const uint8_t *bytes, size_t n)
{
	return !n || (!*bytes && !memcmp(bytes, bytes + 1, n - 1));
}

static bool read_chunk(const struct pass *pass, off_t at, size_t *n, GError **error)
{
	*n = 0;
	while (*n < MIGRATION_CHUNK) {
		ssize_t got = pread(
		    pass->file->fd, pass->files->chunk + *n, MIGRATION_CHUNK - *n, at + (off_t)*n);
		if (got < 0 && errno != EINTR)
			return qvmi_error_set_errno(
			    error, errno, "cannot read %s", pass->file->name);
		if (!got)
			return true;
		*n += got > 0 ? (size_t)got : 0;
	}
	return true;
}

static bool send_zero(struct pass *pass, struct tag *tag, off_t at, GError **error)
{
	static const struct tag zero;
	if (!memcmp(tag, &zero, sizeof(zero)))
		return true;
	*tag = zero;
	pass->chunks++;
	const struct wire_head head = {WIRE_ZERO, pass->number, MIGRATION_CHUNK, (uint64_t)at};
	return wire_write(pass->pipe, &head, NULL, error);
}

static bool send_chunk(struct pass *pass, struct tag *tag, off_t at, GError **error)
{
	size_t n;
	if (!read_chunk(pass, at, &n, error))
		return false;
	if (is_zero(pass->files->chunk, n))
		return send_zero(pass, tag, at, error);
	struct tag now = tag_of(pass->files->mac, pass->files->chunk, n);
	if (!memcmp(&now, tag, sizeof(now)))
		return true;
	*tag = now;
	pass->chunks++;
	const struct wire_head head = {WIRE_DATA, pass->number, (uint32_t)n, (uint64_t)at};
	return wire_write(pass->pipe, &head, pass->files->chunk, error);
}

/* lseek(2): SEEK_DATA; the end where nothing is stored from `at` on. */
static off_t next_data(const struct pass *pass, off_t at, off_t end)
{
	off_t data = lseek(pass->file->fd, at, SEEK_DATA);
	return data < 0 || data > end ? end : data;
}

static bool send_chunks(struct pass *pass, off_t end, GError **error)
{
	off_t data = next_data(pass, 0, end);
	for (off_t at = 0; at < end; at += MIGRATION_CHUNK) {
		struct tag *tag =
		    &g_array_index(pass->file->tags, struct tag, at / MIGRATION_CHUNK);
		if (data < at)
			data = next_data(pass, at, end);
		bool hole = data >= at + MIGRATION_CHUNK || data == end;
		if (!(hole ? send_zero(pass, tag, at, error) : send_chunk(pass, tag, at, error)))
			return false;
	}
	return true;
}

static bool send_file(struct pass *pass, GError **error)
{
	struct stat status;
	struct sent_file *file = pass->file;
	struct wire_head head = {WIRE_NAME, pass->number, (uint32_t)strlen(file->name), 0};
	if (!file->named && !wire_write(pass->pipe, &head, file->name, error))
		return false;
	file->named = true;
	if (fstat(file->fd, &status))
		return qvmi_error_set_errno(error, errno, "cannot read %s", file->name);
	g_array_set_size(
	    file->tags, (guint)((status.st_size + MIGRATION_CHUNK - 1) / MIGRATION_CHUNK));
	head = (struct wire_head){WIRE_SIZE, pass->number, 0, (uint64_t)status.st_size};
	return send_chunks(pass, status.st_size, error) &&
	       wire_write(pass->pipe, &head, NULL, error);
}

/* What the other side answers to `wanted`: the same, or what is wrong there. */
static bool await(const struct migration_pipe *pipe, enum wire_kind wanted, GError **error)
{
	struct wire_head head;
	if (!wire_read(pipe, &head, error))
		return false;
	if (head.kind == wanted)
		return true;
	char text[WIRE_TEXT_MAX + 1] = "";
	if (head.kind != WIRE_TROUBLE || head.length > WIRE_TEXT_MAX ||
	    !pipe->read(pipe->data, text, head.length, error)) {
		g_clear_error(error);
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "the other host answers what makes no sense");
		return false;
	}
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CANCELLED, valid);
	return false;
}

/* The answer to all that was sent; `cut`: why not all could be, NULL: it was. Also then the other
 * side may have said what is wrong there, which tells more. Takes `cut`. */
static bool conclude(
    const struct migration_pipe *pipe, enum wire_kind wanted, GError *cut, GError **error)
{
	g_autoptr(GError) answer = NULL;
	bool agreed = await(pipe, wanted, &answer);
	if (agreed && !cut)
		return true;
	if (cut && !g_error_matches(answer, QVMI_ERROR, QVMI_ERROR_CANCELLED)) {
		g_propagate_error(error, cut);
		return false;
	}
	g_clear_error(&cut);
	g_propagate_error(error, g_steal_pointer(&answer));
	return false;
}

bool migration_files_pass(struct migration_files *files, const struct migration_pipe *pipe,
    bool durable, unsigned *chunks, GError **error)
{
	struct pass pass = {.files = files, .pipe = pipe};
	GError *cut = NULL;
	const struct wire_head sync = {WIRE_SYNC, 0, 0, durable};
	bool sent = true;
	for (; sent && pass.number < files->files->len; pass.number++) {
		pass.file = g_ptr_array_index(files->files, pass.number);
		sent = send_file(&pass, &cut);
	}
	if (sent)
		wire_write(pipe, &sync, NULL, &cut);
	*chunks = pass.chunks;
	return conclude(pipe, WIRE_SYNC, cut, error);
}

bool migration_files_hand_over(const struct migration_pipe *pipe, GError **error)
{
	const struct wire_head head = {WIRE_HAND_OVER, 0, 0, 0};
	GError *cut = NULL;
	wire_write(pipe, &head, NULL, &cut);
	return conclude(pipe, WIRE_HAND_OVER, cut, error);
}
