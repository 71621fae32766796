/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What identity.set believes, and the files it writes. */
#include "agent/base64.h"
#include "agent/identity.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define SEED32 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define ID "0123456789abcdef0123456789abcdef"

static bool parse(struct identity *identity, const char *hostname, const char *machine_id,
    const char *seed, const char *time_ns, struct rpc_error *error)
{
	g_autofree char *text = g_strdup_printf(
	    "{\"hostname\":\"%s\",\"machine_id\":\"%s\",\"seed\":\"%s\",\"time_ns\":%s}", hostname,
	    machine_id, seed, time_ns);
	struct json_object *params = json_tokener_parse(text);
	g_assert_nonnull(params);
	bool parsed = identity_parse(identity, params, error);
	json_object_put(params);
	return parsed;
}

static void test_parses(void)
{
	struct identity identity;
	struct rpc_error error;
	g_assert_true(parse(&identity, "phone-0a1b", ID, SEED32, "1763640000123456789", &error));
	g_assert_cmpstr(identity.hostname, ==, "phone-0a1b");
	g_assert_cmpstr(identity.machine_id, ==, ID);
	g_assert_cmpuint(identity.seed_length, ==, 32);
	g_assert_cmpuint(identity.seed[31], ==, 31);
	g_assert_cmpint(identity.time_ns, ==, INT64_C(1763640000123456789));
	g_assert_true(parse(&identity, "p", ID, SEED32, "\"1763640000123456789\"", &error));
	g_assert_cmpint(identity.time_ns, ==, INT64_C(1763640000123456789));
	identity_wipe(&identity);
	for (size_t i = 0; i < sizeof(identity); i++)
		g_assert_cmpuint(((unsigned char *)&identity)[i], ==, 0);
}

static void check_mac(const char *member, bool is_good, const char *wanted)
{
	struct identity identity;
	struct rpc_error error = {0};
	g_autofree char *time = g_strdup_printf("1%s", member);
	g_assert_cmpint(parse(&identity, "p", ID, SEED32, time, &error), ==, is_good);
	if (is_good)
		g_assert_cmpstr(identity.mac, ==, wanted);
	else
		g_assert_cmpint(error.code, ==, RPC_INVALID_PARAMS);
}

static void test_mac(void)
{
	check_mac("", true, "");
	check_mac(",\"mac\":\"02:00:5e:10:00:00\"", true, "02:00:5e:10:00:00");
	check_mac(",\"mac\":\"01:00:5e:10:00:00\"", false, NULL);
	check_mac(",\"mac\":\"\"", false, NULL);
	check_mac(",\"mac\":7", false, NULL);
}

static void test_refuses(void)
{
	g_autofree char *label64 = g_strnfill(64, 'a');
	g_autofree guchar *bytes513 = g_malloc0(513);
	g_autofree char *seed513 = g_base64_encode(bytes513, 513),
	                *seed31 = g_base64_encode(bytes513, 31);
	const struct {
		const char *hostname, *machine_id, *seed, *time_ns;
	} cases[] = {
	    {"", ID, SEED32, "1"},
	    {"-a", ID, SEED32, "1"},
	    {"a-", ID, SEED32, "1"},
	    {"a.b", ID, SEED32, "1"},
	    {"a b", ID, SEED32, "1"},
	    {"a\\nb", ID, SEED32, "1"},
	    {"$(reboot)", ID, SEED32, "1"},
	    {"\xc3\xa9", ID, SEED32, "1"},
	    {label64, ID, SEED32, "1"},
	    {"a", "0123456789abcdef0123456789abcde", SEED32, "1"},
	    {"a", "0123456789ABCDEF0123456789abcdef", SEED32, "1"},
	    {"a", "0123456789abcdef0123456789abcdef\\n", SEED32, "1"},
	    {"a", "00000000000000000000000000000000", SEED32, "1"},
	    {"a", ID, "", "1"},
	    {"a", ID, "AAEC", "1"},
	    {"a", ID, "not base64 at all, not base64 at all!!!!!!!!", "1"},
	    {"a", ID, seed31, "1"},
	    {"a", ID, seed513, "1"},
	    {"a", ID, SEED32, "0"},
	    {"a", ID, SEED32, "-5"},
	    {"a", ID, SEED32, "1.5"},
	    {"a", ID, SEED32, "99999999999999999999"},
	    {"a", ID, SEED32, "\"\""},
	    {"a", ID, SEED32, "\" 12\""},
	    {"a", ID, SEED32, "\"12x\""},
	    {"a", ID, SEED32, "\"99999999999999999999\""},
	    {"a", ID, SEED32, "null"},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct identity identity;
		struct rpc_error error = {0};
		g_test_message("case %" G_GSIZE_FORMAT, i);
		g_assert_false(parse(&identity, cases[i].hostname, cases[i].machine_id,
		    cases[i].seed, cases[i].time_ns, &error));
		g_assert_cmpint(error.code, ==, RPC_INVALID_PARAMS);
		g_assert_cmpuint(strlen(error.message), >, 0);
	}
}

static void test_base64(void)
{
	unsigned char out[4];
	g_assert_cmpint(base64_decode("", out, 4), ==, 0);
	g_assert_cmpint(base64_decode("Zg==", out, 4), ==, 1);
	g_assert_cmpint(base64_decode("Zm8=", out, 4), ==, 2);
	g_assert_cmpint(base64_decode("Zm9v", out, 4), ==, 3);
	g_assert_cmpmem(out, 3, "foo", 3);
	g_assert_cmpint(base64_decode("Zm9vYg==", out, 4), ==, 4);
	g_assert_cmpint(base64_decode("Zm9vYmE=", out, 4), ==, -1); /* five bytes do not fit */
	static const char *const bad[] = {
	    "Z", "Zg", "Zg=", "Zh==", "Zm9=", "=", "====", "Zg==Zg==", "Zm9\n", "Z=g=", "Zm-_"};
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(base64_decode(bad[i], out, 4), ==, -1);
}

static void check_file(const char *root, const char *path, const char *wanted, mode_t mode)
{
	g_autofree char *full = g_build_filename(root, path, NULL), *text = NULL;
	struct stat info;
	g_assert_true(g_file_get_contents(full, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, wanted);
	g_assert_cmpint(stat(full, &info), ==, 0);
	g_assert_cmpuint(info.st_mode & 07777, ==, mode);
	g_unlink(full);
}

static void test_writes_files(void)
{
	g_autofree char *root = g_dir_make_tmp("identity.XXXXXX", NULL),
	                *etc = g_build_filename(root, "etc", NULL);
	g_autofree char *machine_id = g_build_filename(etc, "machine-id", NULL);
	struct identity identity;
	struct rpc_error error;
	g_assert_true(parse(&identity, "clone-7", ID, SEED32, "1", &error));
	g_assert_false(identity_write_files(&identity, root, &error)); /* there is no etc */
	g_assert_cmpint(error.code, ==, RPC_FAILED);
	g_mkdir(etc, 0755);
	g_assert_true(g_file_set_contents(machine_id, "the template's\n", -1, NULL));
	g_assert_true(identity_write_files(&identity, root, &error));
	check_file(root, "etc/hostname", "clone-7\n", 0644);
	check_file(root, "etc/hosts",
	    "127.0.0.1\tlocalhost\n127.0.1.1\tclone-7\n::1\tlocalhost ip6-localhost ip6-loopback\n",
	    0644);
	check_file(root, "etc/machine-id", ID "\n", 0444);
	g_assert_cmpint(g_rmdir(etc), ==, 0); /* nothing half-written is left */
	g_rmdir(root);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/agent/identity/parses", test_parses);
	g_test_add_func("/agent/identity/mac", test_mac);
	g_test_add_func("/agent/identity/refuses", test_refuses);
	g_test_add_func("/agent/identity/base64", test_base64);
	g_test_add_func("/agent/identity/writes-files", test_writes_files);
	return g_test_run();
}
