/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/grant_ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"

#define ID_MAX 256 /* of a grant: CLAIM_MAX of grant.c */
#define LINE_MAX_SIZE (ID_MAX + 32)

struct grant_ledger {
	GHashTable *used; /* id -> int64_t expires */
	unsigned max;
	char *path; /* NULL: in memory only */
	int fd;     /* appended to; -1: none */
	unsigned lines;
};

struct grant_ledger *grant_ledger_new(unsigned max)
{
	struct grant_ledger *ledger = g_new0(struct grant_ledger, 1);

	ledger->max = max;
	ledger->fd = -1;
	ledger->used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return ledger;
}

void grant_ledger_free(struct grant_ledger *ledger)
{
	if (!ledger)
		return;
	if (ledger->fd >= 0)
		close(ledger->fd);
	g_hash_table_unref(ledger->used);
	g_free(ledger->path);
	g_free(ledger);
}

static void note(struct grant_ledger *ledger, const char *id, int64_t expires)
{
	int64_t *value = g_new(int64_t, 1);
	*value = expires;
	g_hash_table_insert(ledger->used, g_strdup(id), value);
}

static gboolean has_expired(gpointer id, gpointer expires, gpointer now)
{
	(void)id;
	return *(int64_t *)expires <= *(int64_t *)now;
}

/* Only what is still of use, under a temporary name first; appended to from now on. */
static bool rewrite(struct grant_ledger *ledger, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	GHashTableIter iter;
	gpointer id, expires;

	g_hash_table_iter_init(&iter, ledger->used);
	while (g_hash_table_iter_next(&iter, &id, &expires))
		g_string_append_printf(
		    text, "%" G_GINT64_FORMAT " %s\n", *(int64_t *)expires, (char *)id);
	if (!file_store(ledger->path, text->str, text->len, 0600, error))
		return false;
	int fd = open(ledger->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "open %s: %s", ledger->path,
		    g_strerror(errno));
		return false;
	}
	if (ledger->fd >= 0)
		close(ledger->fd);
	ledger->fd = fd;
	ledger->lines = g_hash_table_size(ledger->used);
	return true;
}

/* A last line that was cut by a crash lacks its end: its grant was not let in. */
static void read_lines(struct grant_ledger *ledger, char *text, int64_t now)
{
	char *end;

	for (char *line = text; (end = strchr(line, '\n')); line = end + 1) {
		char *id = NULL;
		*end = '\0';
		int64_t expires = g_ascii_strtoll(line, &id, 10);
		if (expires > now && id && *id == ' ' && strlen(id + 1) <= ID_MAX &&
		    g_hash_table_size(ledger->used) < ledger->max)
			note(ledger, id + 1, expires);
	}
}

struct grant_ledger *grant_ledger_open(unsigned max, const char *path, int64_t now, GError **error)
{
	AUTO(grant_ledger) ledger = grant_ledger_new(max);
	size_t n = 0;

	ledger->path = g_strdup(path);
	if (access(path, F_OK) == 0) {
		/* Twice the entries, as in grant_ledger_use(), and some. */
		g_autofree char *text =
		    file_load(path, (size_t)(2 * max + 16) * LINE_MAX_SIZE, &n, error);
		if (!text)
			return NULL;
		read_lines(ledger, text, now);
	}
	return rewrite(ledger, error) ? g_steal_pointer(&ledger) : NULL;
}

static bool write_down(struct grant_ledger *ledger, const struct grant *grant, GError **error)
{
	if (!ledger->path)
		return true;
	if (ledger->lines >= 2 * ledger->max && !rewrite(ledger, error))
		return false;
	g_autofree char *line =
	    g_strdup_printf("%" G_GINT64_FORMAT " %s\n", grant->expires, grant->id);
	size_t n = strlen(line);
	if (write(ledger->fd, line, n) == (ssize_t)n) {
		ledger->lines++;
		return true;
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
	    "this host cannot note that the grant is used (%s: %s); tell your administrator",
	    ledger->path, g_strerror(errno));
	/* Half a line would take the next one with it. */
	g_autoptr(GError) failure = NULL;
	if (!rewrite(ledger, &failure))
		g_warning("used grants: %s", failure->message);
	return false;
}

bool grant_ledger_use(
    struct grant_ledger *ledger, const struct grant *grant, int64_t now, GError **error)
{
	if (g_hash_table_contains(ledger->used, grant->id)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED,
		    "the grant has been used already; sign in again");
		return false;
	}
	if (g_hash_table_size(ledger->used) >= ledger->max ||
	    (ledger->path && ledger->lines >= 2 * ledger->max))
		g_hash_table_foreach_remove(ledger->used, has_expired, &now);
	if (g_hash_table_size(ledger->used) >= ledger->max) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_RATE_LIMITED,
		    "too many sign-ins at once; try again in a minute");
		return false;
	}
	if (!write_down(ledger, grant, error))
		return false;
	note(ledger, grant->id, grant->expires);
	return true;
}
