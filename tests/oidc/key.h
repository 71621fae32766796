/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A provider's key in a test, and tokens made with it or in spite of it. */
#pragma once

#include <cjose/cjose.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "broker/oidc/jws.h"
#include "common/base64url.h"
#include "common/json.h"

static inline cjose_jwk_t *test_key(const char *id)
{
	cjose_jwk_t *key = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL);
	g_assert_true(cjose_jwk_set_kid(key, id, strlen(id), NULL));
	return key;
}

static inline char *test_key_json(const cjose_jwk_t *key)
{
	char *text = cjose_jwk_to_json(key, false, NULL);
	char *copy = g_strdup(text);
	cjose_get_dealloc()(text);
	return copy;
}

/* The set of one public key, as its provider publishes it. Caller frees. */
static inline char *test_key_set(const cjose_jwk_t *key)
{
	g_autofree char *json = test_key_json(key);
	return g_strdup_printf("{\"keys\":[%s]}", json);
}

/* Header and claims as they stand, under the algorithm and key that are given, as anybody could. */
static inline char *test_token(const cjose_jwk_t *key, const char *algorithm, const char *claims)
{
	cjose_header_t *header = cjose_header_new(NULL);
	const char *text, *id = cjose_jwk_get_kid(key, NULL);
	g_assert_true(cjose_header_set(header, CJOSE_HDR_ALG, algorithm, NULL));
	g_assert_true(!id || cjose_header_set(header, CJOSE_HDR_KID, id, NULL));
	cjose_jws_t *jws =
	    cjose_jws_sign(key, header, (const uint8_t *)claims, strlen(claims), NULL);
	g_assert_nonnull(jws);
	g_assert_true(cjose_jws_export(jws, &text, NULL));
	char *token = g_strdup(text);
	cjose_jws_release(jws);
	cjose_header_release(header);
	return token;
}

/* The same without a signature that means anything. */
static inline char *test_unsigned(const char *header, const char *claims, const char *signature)
{
	g_autofree char *first = base64url_encode(header, strlen(header));
	g_autofree char *second = base64url_encode(claims, strlen(claims));
	return g_strconcat(first, ".", second, ".", signature, NULL);
}
