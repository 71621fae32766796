/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/password.h"

#include <argon2.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "common/error.h"

#define SALT_SIZE 16 /* RFC 9106 4 */
#define HASH_SIZE 32
#define LANES 1

bool password_acceptable(const char *password, const char *user, GError **error)
{
	size_t n = strlen(password);
	if (n > PASSWORD_MAX_BYTES) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the password is longer than %d bytes; choose a shorter one",
		    PASSWORD_MAX_BYTES);
		return false;
	}
	if (!g_utf8_validate(password, (gssize)n, NULL)) {
		g_set_error_literal(
		    error, QVMI_ERROR, QVMI_ERROR_INVALID, "the password is not valid UTF-8");
		return false;
	}
	if (g_utf8_strlen(password, (gssize)n) < PASSWORD_MIN_CHARACTERS) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the password is shorter than %d characters; choose a longer one, for example "
		    "four words",
		    PASSWORD_MIN_CHARACTERS);
		return false;
	}
	if (g_ascii_strcasecmp(password, user) == 0) {
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the password is the user's name; choose another one");
		return false;
	}
	return true;
}

static bool argon2_failed(int code, GError **error)
{
	bool memory = code == ARGON2_MEMORY_ALLOCATION_ERROR;
	g_set_error(error, QVMI_ERROR, memory ? QVMI_ERROR_EXHAUSTED : QVMI_ERROR_CORRUPT,
	    "Argon2id: %s", argon2_error_message(code));
	return false;
}

char *password_hash(const char *password, const struct password_cost *cost, GError **error)
{
	unsigned char salt[SALT_SIZE];
	if (getrandom(salt, sizeof salt, 0) != (ssize_t)sizeof salt) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_FAILED, "getrandom: %s", g_strerror(errno));
		return NULL;
	}
	size_t size = argon2_encodedlen(
	    cost->passes, cost->memory_kib, LANES, SALT_SIZE, HASH_SIZE, Argon2_id);
	g_autofree char *encoded = g_malloc(size);
	int code = argon2id_hash_encoded(cost->passes, cost->memory_kib, LANES, password,
	    strlen(password), salt, sizeof salt, HASH_SIZE, encoded, size);
	if (code != ARGON2_OK) {
		argon2_failed(code, error);
		return NULL;
	}
	return g_steal_pointer(&encoded);
}

bool password_verify(const char *encoded, const char *password, GError **error)
{
	int code = argon2id_verify(encoded, password, strlen(password));
	if (code == ARGON2_OK)
		return true;
	return code == ARGON2_VERIFY_MISMATCH ? false : argon2_failed(code, error);
}

bool password_is_current(const char *encoded, const struct password_cost *cost)
{
	g_autofree char *prefix = g_strdup_printf("$argon2id$v=%d$m=%u,t=%u,p=%d$",
	    ARGON2_VERSION_NUMBER, cost->memory_kib, cost->passes, LANES);
	return g_str_has_prefix(encoded, prefix);
}

void password_wipe(char *password)
{
	if (!password)
		return;
	explicit_bzero(password, strlen(password));
	g_free(password);
}
