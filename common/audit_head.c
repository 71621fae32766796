/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/audit_head.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "common/claims.h"

#define TYPE "qvmi-audit-head"

void audit_link(const char *previous, const char *text, char hash[AUDIT_HASH_SIZE])
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

	g_checksum_update(sum, (const guchar *)previous, -1);
	g_checksum_update(sum, (const guchar *)"\n", 1);
	g_checksum_update(sum, (const guchar *)text, -1);
	g_strlcpy(hash, g_checksum_get_string(sum), AUDIT_HASH_SIZE);
}

char *audit_head_sign(const struct grant_key *key, const struct audit_head *head, GError **error)
{
	g_autoptr(JsonObject) object = json_object_new();

	json_object_set_int_member(object, "seq", head->seq);
	json_object_set_string_member(object, "hash", head->hash);
	json_object_set_int_member(object, "time", head->time);
	return claims_sign(key, TYPE, object, error);
}

bool audit_head_read(
    const struct grant_key *key, const char *token, struct audit_head *out, GError **error)
{
	g_autoptr(JsonNode) node = claims_verify(key, TYPE, token, strlen(token));
	JsonObject *object = node ? json_node_get_object(node) : NULL;
	const char *hash =
	    object ? json_get_string(object, "hash", AUDIT_HASH_SIZE - 1, NULL) : NULL;

	if (!hash || !json_get_int(object, "seq", 0, G_MAXINT64, &out->seq, NULL) ||
	    !json_get_int(object, "time", 0, G_MAXINT64, &out->time, NULL)) {
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
		    "a head of the audit log is not signed by any of the keys");
		return false;
	}
	g_strlcpy(out->hash, hash, sizeof(out->hash));
	return true;
}
