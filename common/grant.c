/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/grant.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <string.h>

#include "common/error.h"
#include "common/file.h"
#include "common/json.h"

#define ISSUER "qvmi-broker"
#define SKEW_S 5
#define SIGNATURE_SIZE 64 /* Ed25519 (RFC 8032) */
#define KEY_FILE_MAX 4096
#define CLAIM_MAX 256

struct grant_key {
	EVP_PKEY *pkey;
};

static bool refuse(GError **error, const char *why)
{
	g_set_error(
	    error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED, "the grant %s; sign in again", why);
	return false;
}

void grant_free(struct grant *grant)
{
	if (!grant)
		return;
	g_free(grant->id);
	g_free(grant->host);
	g_free(grant->user);
	g_free(grant->phone);
	g_free(grant->session);
	g_free(grant->role);
	g_free(grant);
}

/* --- keys --- */

void grant_key_free(struct grant_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	g_free(key);
}

struct grant_key *grant_key_load(const char *pem_file, bool private_key, GError **error)
{
	size_t n = 0;
	g_autofree char *text = file_load(pem_file, KEY_FILE_MAX, &n, error);
	if (!text)
		return NULL;
	BIO *bio = BIO_new_mem_buf(text, (int)n);
	EVP_PKEY *pkey = private_key ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)
	                             : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	BIO_free(bio);
	OPENSSL_cleanse(text, n);
	if (!pkey || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_ED25519) {
		EVP_PKEY_free(pkey);
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "%s holds no %s Ed25519 key in PEM form", pem_file,
		    private_key ? "private" : "public");
		return NULL;
	}
	struct grant_key *key = g_new0(struct grant_key, 1);
	key->pkey = pkey;
	return key;
}

static bool store_pem(const char *file, BIO *bio, int mode, GError **error)
{
	char *bytes;
	long n = BIO_get_mem_data(bio, &bytes);
	bool stored = file_store(file, bytes, n, mode, error);

	OPENSSL_cleanse(bytes, n);
	BIO_free(bio);
	return stored;
}

bool grant_key_generate(const char *private_pem_file, const char *public_pem_file, GError **error)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *private_bio = BIO_new(BIO_s_mem()), *public_bio = BIO_new(BIO_s_mem());

	if (!pkey || !PEM_write_bio_PrivateKey(private_bio, pkey, NULL, NULL, 0, NULL, NULL) ||
	    !PEM_write_bio_PUBKEY(public_bio, pkey)) {
		EVP_PKEY_free(pkey);
		BIO_free(private_bio);
		BIO_free(public_bio);
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot make an Ed25519 key");
		return false;
	}
	EVP_PKEY_free(pkey);
	bool stored = store_pem(private_pem_file, private_bio, 0600, error);
	return store_pem(public_pem_file, public_bio, 0644, stored ? error : NULL) && stored;
}

/* --- base64url without padding (RFC 7515, appendix C) --- */

static char *encode(const void *bytes, size_t n)
{
	char *text = g_base64_encode(bytes, n);

	g_strdelimit(text, "+", '-');
	g_strdelimit(text, "/", '_');
	text[strcspn(text, "=")] = 0;
	return text;
}

static guchar *decode(const char *text, size_t n, size_t *n_out)
{
	/* GLib's decoder skips what it does not know; two texts must not be one token. */
	for (size_t i = 0; i < n; i++)
		if (!g_ascii_isalnum(text[i]) && text[i] != '-' && text[i] != '_')
			return NULL;
	if (n == 0 || n % 4 == 1)
		return NULL;
	g_autofree char *standard = g_strdup_printf("%.*s%s", (int)n, text,
	    n % 4 == 2   ? "=="
	    : n % 4 == 3 ? "="
	                 : "");
	g_strdelimit(standard, "-", '+');
	g_strdelimit(standard, "_", '/');
	return g_base64_decode(standard, n_out);
}

/* --- signing --- */

static char *claims_text(const struct grant *grant)
{
	JsonObject *claims = json_object_new();

	json_object_set_string_member(claims, "iss", ISSUER);
	json_object_set_string_member(claims, "aud", grant->host);
	json_object_set_string_member(claims, "sub", grant->user);
	json_object_set_string_member(claims, "jti", grant->id);
	json_object_set_int_member(claims, "nbf", grant->not_before);
	json_object_set_int_member(claims, "exp", grant->expires);
	json_object_set_string_member(claims, "phone", grant->phone);
	json_object_set_string_member(claims, "session", grant->session);
	json_object_set_string_member(claims, "role", grant->role);
	g_autoptr(JsonNode) node = json_node_of(claims);
	return json_text(node);
}

char *grant_sign(const struct grant_key *key, struct grant *grant, GError **error)
{
	static const char header[] = "{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}";
	guchar random[16], signature[SIGNATURE_SIZE];
	size_t n_signature = sizeof(signature);

	if (grant->expires <= grant->not_before ||
	    grant->expires - grant->not_before > GRANT_MAX_LIFETIME) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "a grant lives at most %d s",
		    GRANT_MAX_LIFETIME);
		return NULL;
	}
	if (RAND_bytes(random, sizeof(random)) != 1) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "no random numbers");
		return NULL;
	}
	g_free(grant->id);
	grant->id = encode(random, sizeof(random));
	g_autofree char *claims = claims_text(grant);
	g_autofree char *first = encode(header, strlen(header));
	g_autofree char *second = encode(claims, strlen(claims));
	g_autofree char *signed_text = g_strconcat(first, ".", second, NULL);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
	            EVP_DigestSign(context, signature, &n_signature, (guchar *)signed_text,
	                strlen(signed_text)) == 1;
	EVP_MD_CTX_free(context);
	g_autofree char *third = encode(signature, sizeof(signature));
	char *token = g_strconcat(signed_text, ".", third, NULL);
	if (good && strlen(token) <= GRANT_MAX_SIZE)
		return token;
	g_free(token);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot sign the grant%s",
	    good ? ": a name in it is too long" : "");
	return NULL;
}

/* --- verifying --- */

static bool signature_fits(
    const struct grant_key *key, const char *text, size_t n, const char *third, size_t n_third)
{
	size_t n_signature = 0;
	g_autofree guchar *signature = decode(third, n_third, &n_signature);

	if (!signature || n_signature != SIGNATURE_SIZE)
		return false;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
	            EVP_DigestVerify(context, signature, n_signature, (const guchar *)text, n) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

static JsonNode *decode_json(const char *text, size_t n)
{
	size_t n_json = 0;
	g_autofree guchar *json = decode(text, n, &n_json);
	return json ? json_parse_object((char *)json, n_json, NULL) : NULL;
}

/* "none" and "HS256" with our public key as the secret are the classic ways in. */
static bool header_fits(const char *text, size_t n)
{
	g_autoptr(JsonNode) node = decode_json(text, n);
	const char *algorithm =
	    node ? json_get_string(json_node_get_object(node), "alg", 16, NULL) : NULL;
	return g_strcmp0(algorithm, "EdDSA") == 0 &&
	       !json_object_has_member(json_node_get_object(node), "crit");
}

static struct grant *read_claims(const char *text, size_t n)
{
	g_autoptr(JsonNode) node = decode_json(text, n);
	AUTO(grant) grant = g_new0(struct grant, 1);
	JsonObject *claims = node ? json_node_get_object(node) : NULL;

	if (!claims || g_strcmp0(json_get_string(claims, "iss", CLAIM_MAX, NULL), ISSUER) != 0 ||
	    !json_get_int(claims, "nbf", 0, G_MAXINT64, &grant->not_before, NULL) ||
	    !json_get_int(claims, "exp", 0, G_MAXINT64, &grant->expires, NULL))
		return NULL;
	grant->id = g_strdup(json_get_string(claims, "jti", CLAIM_MAX, NULL));
	grant->host = g_strdup(json_get_string(claims, "aud", CLAIM_MAX, NULL));
	grant->user = g_strdup(json_get_string(claims, "sub", CLAIM_MAX, NULL));
	grant->phone = g_strdup(json_get_string(claims, "phone", CLAIM_MAX, NULL));
	grant->session = g_strdup(json_get_string(claims, "session", CLAIM_MAX, NULL));
	grant->role = g_strdup(json_get_string(claims, "role", CLAIM_MAX, NULL));
	if (!grant->id || !grant->host || !grant->user || !grant->phone || !grant->session ||
	    !grant->role || !g_uuid_string_is_valid(grant->phone) ||
	    !g_uuid_string_is_valid(grant->session) ||
	    (!g_str_equal(grant->role, "user") && !g_str_equal(grant->role, "viewer")))
		return NULL;
	return g_steal_pointer(&grant);
}

static bool check_time(const struct grant *grant, int64_t now, GError **error)
{
	g_autofree char *why = NULL;

	if (now >= grant->expires)
		why =
		    g_strdup_printf("has expired %" G_GINT64_FORMAT " s ago", now - grant->expires);
	else if (now < grant->not_before - SKEW_S)
		why = g_strdup("is not valid yet: the clocks of broker and host differ");
	else if (grant->expires - grant->not_before > GRANT_MAX_LIFETIME)
		why = g_strdup("lives longer than a grant may");
	return why ? refuse(error, why) : true;
}

struct grant *grant_verify(const struct grant_key *key, const char *token, size_t n,
    const char *host, int64_t now, GError **error)
{
	const char *first_dot = n <= GRANT_MAX_SIZE ? memchr(token, '.', n) : NULL;
	const char *second_dot =
	    first_dot ? memchr(first_dot + 1, '.', token + n - first_dot - 1) : NULL;

	if (!second_dot) {
		refuse(error, "is not a token");
		return NULL;
	}
	/* The signature first: nothing that it does not cover is looked at more than needed. */
	if (!header_fits(token, first_dot - token) ||
	    !signature_fits(
	        key, token, second_dot - token, second_dot + 1, token + n - second_dot - 1)) {
		refuse(error, "is not signed by this broker");
		return NULL;
	}
	AUTO(grant) grant = read_claims(first_dot + 1, second_dot - first_dot - 1);
	if (!grant) {
		refuse(error, "lacks a claim");
		return NULL;
	}
	if (!g_str_equal(grant->host, host)) {
		refuse(error, "is for another host");
		return NULL;
	}
	if (!check_time(grant, now, error))
		return NULL;
	return g_steal_pointer(&grant);
}

/* --- used grants --- */

struct grant_ledger {
	GHashTable *used; /* id -> int64_t expires */
	unsigned max;
};

struct grant_ledger *grant_ledger_new(unsigned max)
{
	struct grant_ledger *ledger = g_new0(struct grant_ledger, 1);

	ledger->max = max;
	ledger->used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return ledger;
}

void grant_ledger_free(struct grant_ledger *ledger)
{
	if (!ledger)
		return;
	g_hash_table_unref(ledger->used);
	g_free(ledger);
}

static gboolean has_expired(gpointer id, gpointer expires, gpointer now)
{
	(void)id;
	return *(int64_t *)expires <= *(int64_t *)now;
}

bool grant_ledger_use(
    struct grant_ledger *ledger, const struct grant *grant, int64_t now, GError **error)
{
	if (g_hash_table_contains(ledger->used, grant->id))
		return refuse(error, "has been used already");
	if (g_hash_table_size(ledger->used) >= ledger->max)
		g_hash_table_foreach_remove(ledger->used, has_expired, &now);
	if (g_hash_table_size(ledger->used) >= ledger->max) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_RATE_LIMITED,
		    "too many sign-ins at once; try again in a minute");
		return false;
	}
	int64_t *expires = g_new(int64_t, 1);
	*expires = grant->expires;
	g_hash_table_insert(ledger->used, g_strdup(grant->id), expires);
	return true;
}
