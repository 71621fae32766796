/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi keys: the keys of grants, and a new one in the place of the old without anybody noticing. On
 * the broker's machine, on the files: the daemons read them again when they change. */
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "common/grant.h"
#include "common/json.h"
#include "console/nouns.h"
#include "console/output.h"
#include "console/up_layout.h"

#define SEEN_S 5 /* a daemon has read a file that has changed */
/* The last grant of the old key is over, and the audit log's head is signed by the new one. */
#define OVER_S (GRANT_MAX_LIFETIME + 90)

struct files {
	char *private_file, *public_file;
	struct grant_key *private_key, *public_key;
};

static void files_clear(struct files *files)
{
	g_free(files->private_file);
	g_free(files->public_file);
	grant_key_free(files->private_key);
	grant_key_free(files->public_key);
}

static bool files_load(const struct cli *cli, struct files *files, GError **error)
{
	const char *folder = cli_option(cli, "folder"), *state = cli_option(cli, "up");
	AUTO(up_layout) layout = up_layout_new(state ? state : g_getenv("QVMI_STATE"), NULL);
	g_autofree char *own = up_layout_state_file(layout, "pki");

	files->private_file = g_build_filename(folder ? folder : own, "grant.key", NULL);
	files->public_file = g_build_filename(folder ? folder : own, "grant.pub", NULL);
	files->private_key = grant_key_load(files->private_file, true, error);
	files->public_key =
	    files->private_key ? grant_key_load(files->public_file, false, error) : NULL;
	return files->public_key != NULL;
}

static bool refuse(GError **error, const char *why)
{
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, why);
	return false;
}

static bool has_rested(const char *file, int seconds, GError **error)
{
	struct stat status;

	if (stat(file, &status) != 0 || time(NULL) - status.st_mtime >= seconds)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "%s has just changed: in %d s", file,
	    seconds - (int)(time(NULL) - status.st_mtime));
	return false;
}

static bool signs(const struct files *files, unsigned nth_public)
{
	return grant_key_count(files->private_key) == 2 &&
	       grant_key_count(files->public_key) == 2 &&
	       g_str_equal(grant_key_id(files->private_key, 0),
	           grant_key_id(files->public_key, nth_public));
}

/* Whose it was it stays: root makes it, the broker's own user reads it. */
static bool store(const struct files *files, bool private_key, GError **error)
{
	const char *file = private_key ? files->private_file : files->public_file;
	struct stat status;
	bool was = stat(file, &status) == 0;

	if (!grant_key_store(files->private_key, private_key, file, error))
		return false;
	if (!was || status.st_uid == geteuid() || chown(file, status.st_uid, status.st_gid) == 0)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED,
	    "%s is written, but not its owner's any more: chown: %s", file, g_strerror(errno));
	return false;
}

static bool announce(struct files *files, GError **error)
{
	if (grant_key_count(files->private_key) != 1)
		return refuse(error, "a new key has been announced already: go on with `use`");
	/* The public one first: a key that signs is known to who verifies. */
	return grant_key_add(files->private_key, error) && store(files, false, error) &&
	       store(files, true, error);
}

static bool use(struct files *files, GError **error)
{
	if (!signs(files, 0))
		return refuse(
		    error, "there is no new key that does not sign yet: `announce` first");
	if (!has_rested(files->public_file, SEEN_S, error))
		return false;
	grant_key_promote(files->private_key);
	return store(files, true, error);
}

static bool retire(struct files *files, GError **error)
{
	if (!signs(files, 1))
		return refuse(error, "there is no old key: `announce` and `use` come first");
	if (!has_rested(files->private_file, OVER_S, error))
		return false;
	grant_key_retire(files->private_key);
	return store(files, true, error) && store(files, false, error);
}

static const struct step {
	const char *name;
	bool (*run)(struct files *files, GError **error);
	const char *next;
} steps[] = {
    {"announce", announce,
        "copy it to grant.pub of every host on another machine; then: qvmi keys rotate use"},
    {"use", use, "the new key signs; in three minutes: qvmi keys rotate retire"},
    {"retire", retire, "the old key is gone; copy it to grant.pub of every host once more"},
};

static bool keys_rotate(struct cli *cli, GError **error)
{
	const char *name = cli_argument(cli, 0);
	struct files files = {0};

	for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
		if (!g_str_equal(steps[i].name, name))
			continue;
		bool done = files_load(cli, &files, error) && steps[i].run(&files, error);
		if (done)
			output_done(cli, NULL, "%s: %s", files.public_file, steps[i].next);
		files_clear(&files);
		return done;
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "the steps of a rotation are announce, use and retire, not \"%s\"", name);
	return false;
}

static bool keys_list(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {{"KEY", "key"}, {"SIGNS", "signs"}, {0}};
	struct files files = {0};
	JsonArray *keys = json_array_new();
	bool loaded = files_load(cli, &files, error);

	for (unsigned i = 0; loaded && i < grant_key_count(files.public_key); i++) {
		const char *id = grant_key_id(files.public_key, i);
		JsonObject *key = json_object_new();
		json_object_set_string_member(key, "key", id);
		json_object_set_boolean_member(
		    key, "signs", g_str_equal(id, grant_key_id(files.private_key, 0)));
		json_array_add_object_element(keys, key);
	}
	files_clear(&files);
	JsonObject *object = json_object_new();
	json_object_set_array_member(object, "keys", keys);
	g_autoptr(JsonNode) node = json_node_of(object);
	if (loaded)
		output_list(cli, node, "keys", columns);
	return loaded;
}

static const struct cli_option options[] = {
    {"folder", "FOLDER", "Where grant.key and grant.pub are (default: of the `qvmi up` here)"},
    {0},
};

const struct cli_verb keys_verbs[] = {
    {"list", "", 0, 0, "The keys by which hosts know the broker's grants.", options, keys_list},
    {"rotate", "announce|use|retire", 1, 1,
        "A new key in three steps, between which nothing stops working.", options, keys_rotate},
    {0},
};
