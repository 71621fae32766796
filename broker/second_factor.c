/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/second_factor.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "common/error.h"

#define RECOVERY_SIZE 10 /* bytes; 16 characters */
#define RECOVERY_LENGTH 16
#define RECOVERY_GROUP 4
#define SALT_SIZE 16

static char *context_of(const char *what, const char *user)
{
	g_autofree char *folded = g_ascii_strdown(user, -1);

	return g_strconcat(what, " ", folded, NULL);
}

static void fill_random(uint8_t *bytes, int n)
{
	if (RAND_bytes(bytes, n) != 1)
		g_error("OpenSSL has no random numbers");
}

bool second_factor_is_enrolled(
    struct database *database, const char *user, bool *enrolled, GError **error)
{
	GError *failure = NULL;
	AUTO(rows)
	rows = database_query(
	    database, error, "SELECT 1 FROM second_factors WHERE user = ?", "s", user);

	*enrolled = rows && rows_next(rows, &failure);
	if (failure)
		g_propagate_error(error, failure);
	return rows && !failure;
}

/* --- recovery codes --- */

static char *recovery_mac(
    const struct secret_key *key, const char *user, GBytes *salt, const char *code)
{
	g_autofree char *context = context_of("recovery", user);
	g_autoptr(GByteArray) message = g_byte_array_new();
	uint8_t mac[SECRET_MAC_SIZE];
	GString *text = g_string_new(NULL);

	g_byte_array_append(message, g_bytes_get_data(salt, NULL), g_bytes_get_size(salt));
	g_byte_array_append(message, (const guint8 *)code, strlen(code));
	secret_key_mac(key, context, message->data, message->len, mac);
	for (unsigned i = 0; i < sizeof(mac); i++)
		g_string_append_printf(text, "%02x", mac[i]);
	return g_string_free(text, FALSE);
}

static char *in_groups(const char *code)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; code[i]; i++) {
		if (i && i % RECOVERY_GROUP == 0)
			g_string_append_c(text, '-');
		g_string_append_c(text, g_ascii_tolower(code[i]));
	}
	return g_string_free(text, FALSE);
}

static char *add_recovery_code(struct database *database, const struct secret_key *key,
    const char *user, GBytes *salt, GError **error)
{
	uint8_t random[RECOVERY_SIZE];

	fill_random(random, sizeof(random));
	g_autofree char *code = totp_base32(random, sizeof(random));
	g_autofree char *mac = recovery_mac(key, user, salt, code);

	return database_exec(database, error,
	           "INSERT INTO recovery_codes (user, mac) VALUES (?, ?)", "ss", user, mac)
	           ? in_groups(code)
	           : NULL;
}

/* --- enrolment --- */

static bool add_factor(struct database *database, const struct secret_key *key, const char *user,
    const uint8_t *secret, GBytes *salt, uint64_t used, int64_t now, GError **error)
{
	g_autofree char *context = context_of("totp", user);
	g_autoptr(GBytes) sealed = secret_key_seal(key, context, secret, TOTP_SECRET_SIZE);

	if (!database_exec(database, error,
	        "INSERT INTO second_factors (user, secret, recovery_salt, used, created) "
	        "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
	        "sbbii", user, sealed, salt, (int64_t)used, now))
		return false;
	if (database_changes(database) == 1)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "%s has an authenticator application already; sign in again with its code", user);
	return false;
}

char **second_factor_enrol(struct database *database, const struct secret_key *key,
    const char *user, const uint8_t secret[TOTP_SECRET_SIZE], uint64_t used, int64_t now,
    GError **error)
{
	uint8_t random[SALT_SIZE];
	g_auto(GStrv) codes = g_new0(char *, RECOVERY_CODES + 1);

	fill_random(random, sizeof(random));
	g_autoptr(GBytes) salt = g_bytes_new(random, sizeof(random));

	if (!database_begin(database, error))
		return NULL;
	bool done = add_factor(database, key, user, secret, salt, used, now, error);

	for (unsigned i = 0; done && i < RECOVERY_CODES; i++) {
		codes[i] = add_recovery_code(database, key, user, salt, error);
		done = codes[i] != NULL;
	}
	if (done && database_commit(database, error))
		return g_steal_pointer(&codes);
	database_rollback(database);
	return NULL;
}

/* --- codes --- */

struct record {
	GBytes *secret, *salt;
	uint64_t used;
};

static void record_free(struct record *record)
{
	g_bytes_unref(record->secret);
	g_bytes_unref(record->salt);
	g_free(record);
}
DEFINE_CLEANUP(record);

static void *record_from_row(struct rows *rows)
{
	struct record *record = g_new0(struct record, 1);

	record->secret = rows_bytes(rows, 0);
	record->salt = rows_bytes(rows, 1);
	record->used = (uint64_t)rows_int(rows, 2);
	return record;
}

static struct record *record_find(struct database *database, const char *user, GError **error)
{
	struct rows *rows = database_query(database, error,
	    "SELECT secret, recovery_salt, used FROM second_factors WHERE user = ?", "s", user);

	return rows_first(rows, record_from_row, error, "%s has no second factor", user);
}

/* Only the one whose statement changes the row has used the code. */
static bool use_step(struct database *database, const char *user, uint64_t step,
    enum second_factor_outcome *outcome, GError **error)
{
	if (!database_exec(database, error,
	        "UPDATE second_factors SET used = ? WHERE user = ? AND used < ?", "isi",
	        (int64_t)step, user, (int64_t)step))
		return false;
	*outcome = database_changes(database) == 1 ? FACTOR_SHOWN : FACTOR_REFUSED;
	return true;
}

static bool check_application(struct database *database, const struct secret_key *key,
    const char *user, const struct record *record, const char *code, int64_t now,
    enum second_factor_outcome *outcome, GError **error)
{
	uint8_t secret[TOTP_SECRET_SIZE];
	g_autofree char *context = context_of("totp", user);

	if (!secret_key_open(key, context, record->secret, secret, sizeof(secret), error))
		return false;
	uint64_t step = totp_find_step(secret, sizeof(secret), code, now, record->used);

	OPENSSL_cleanse(secret, sizeof(secret));
	return !step || use_step(database, user, step, outcome, error);
}

static bool check_recovery(struct database *database, const struct secret_key *key,
    const char *user, const struct record *record, const char *code,
    enum second_factor_outcome *outcome, GError **error)
{
	g_autofree char *mac = recovery_mac(key, user, record->salt, code);

	if (!database_exec(database, error, "DELETE FROM recovery_codes WHERE user = ? AND mac = ?",
	        "ss", user, mac))
		return false;
	if (database_changes(database) == 1)
		*outcome = FACTOR_RECOVERED;
	return true;
}

/* As people type them. */
static char *normalised(const char *typed)
{
	GString *code = g_string_new(NULL);

	for (; *typed; typed++)
		if (*typed != ' ' && *typed != '-')
			g_string_append_c(code, g_ascii_toupper(*typed));
	return g_string_free(code, FALSE);
}

bool second_factor_check(struct database *database, const struct secret_key *key, const char *user,
    const char *typed, int64_t now, enum second_factor_outcome *outcome, GError **error)
{
	g_autofree char *code = normalised(typed);
	AUTO(record) record = record_find(database, user, error);

	*outcome = FACTOR_REFUSED;
	if (!record)
		return false;
	if (strlen(code) == RECOVERY_LENGTH)
		return check_recovery(database, key, user, record, code, outcome, error);
	return check_application(database, key, user, record, code, now, outcome, error);
}

int second_factor_codes_left(struct database *database, const char *user, GError **error)
{
	GError *failure = NULL;
	AUTO(rows)
	rows = database_query(
	    database, error, "SELECT count(*) FROM recovery_codes WHERE user = ?", "s", user);
	int left = rows && rows_next(rows, &failure) ? (int)rows_int(rows, 0) : -1;

	if (failure)
		g_propagate_error(error, failure);
	return left;
}

bool second_factor_forget(struct database *database, const char *user, GError **error)
{
	if (!database_exec(database, error, "DELETE FROM second_factors WHERE user = ?", "s", user))
		return false;
	if (database_changes(database) == 1)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "%s has no second factor", user);
	return false;
}
