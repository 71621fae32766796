/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/admission.h"

#include <glib/gstdio.h>

#include "common/error.h"

#define NOW 1700000000
#define PHONE "11111111-2222-4333-8444-555555555555"
#define SESSION "99999999-2222-4333-8444-555555555555"

struct fixture {
	char *folder;
	struct grant_key *private_key, *strange_key;
	struct grant_key_file *public_keys;
	struct grant_ledger *ledger;
	struct admission admission;
};

static struct grant_key *make_key(
    struct fixture *f, const char *name, struct grant_key_file **public_keys)
{
	g_autofree char *private_file = g_strdup_printf("%s/%s.key", f->folder, name);
	g_autofree char *public_file = g_strdup_printf("%s/%s.pem", f->folder, name);
	g_autoptr(GError) error = NULL;
	g_assert_true(grant_key_generate(private_file, public_file, &error));
	struct grant_key *key = grant_key_load(private_file, true, &error);
	if (public_keys)
		*public_keys = grant_key_file_new(public_file, false, &error);
	g_assert_no_error(error);
	g_unlink(private_file);
	g_unlink(public_file);
	return key;
}

static void set_up(struct fixture *f, gconstpointer data)
{
	(void)data;
	f->folder = g_dir_make_tmp("test-admission-XXXXXX", NULL);
	f->private_key = make_key(f, "broker", &f->public_keys);
	f->strange_key = make_key(f, "strange", NULL);
	f->ledger = grant_ledger_new(16);
	f->admission = (struct admission){.keys = f->public_keys,
	    .ledger = f->ledger,
	    .host = "host-1",
	    .devices = devices_new("390 844 460 5 s test\n", NULL)};
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	grant_key_free(f->private_key);
	grant_key_file_free(f->public_keys);
	grant_key_free(f->strange_key);
	grant_ledger_free(f->ledger);
	devices_free(f->admission.devices);
	g_rmdir(f->folder);
	g_free(f->folder);
}

static char *sign(const struct grant_key *key, const char *host, int64_t expires)
{
	struct grant grant = {.host = (char *)(uintptr_t)host,
	    .user = (char *)(uintptr_t) "alice",
	    .phone = (char *)(uintptr_t)PHONE,
	    .session = (char *)(uintptr_t)SESSION,
	    .role = (char *)(uintptr_t) "user",
	    .not_before = expires - 30,
	    .expires = expires};
	g_autoptr(GError) error = NULL;
	char *token = grant_sign(key, &grant, &error);
	g_assert_no_error(error);
	g_free(grant.id);
	return token;
}

/* Returns the BYE code: MTP_BYE_NORMAL when let in. */
static enum mtp_bye_code knock(
    struct fixture *f, struct mtp_hello hello, const char *token, size_t cut, char **reason)
{
	uint8_t payload[4096];
	struct mtp_writer w = mtp_writer_of(payload, sizeof payload);
	hello.grant = mtp_text_of(token);
	hello.model = mtp_text_of("test");
	mtp_hello_encode(&hello, &w);
	g_assert_false(w.failed);
	g_autofree uint8_t *exact = g_memdup2(payload, w.size - cut);
	struct mtp_frame frame = {.type = MTP_TYPE_HELLO, .payload = exact, .size = w.size - cut};
	struct admitted admitted;
	enum mtp_bye_code code;
	g_autoptr(GError) error = NULL;
	bool in = admission_check(&f->admission, &frame, NOW, &admitted, &code, &error);
	g_assert_cmpint(in, ==, code == MTP_BYE_NORMAL);
	g_assert_cmpint(in, ==, error == NULL);
	if (in) {
		g_assert_cmpstr(admitted.grant->phone, ==, PHONE);
		g_assert_cmpstr(admitted.grant->user, ==, "alice");
		g_assert_cmpuint(admitted.version, ==, 1);
		g_assert_cmpuint(admitted.codecs, ==, hello.codecs);
		g_assert_cmpuint(admitted.terminal.width, ==, 390); /* it tells none */
	} else {
		g_assert_null(admitted.grant);
		if (reason)
			*reason = g_strdup(error->message);
	}
	admitted_clear(&admitted);
	return code;
}

static const struct mtp_hello good = {.version_min = 1, .version_max = 1, .codecs = 31};

static void test_good(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *token = sign(f->private_key, "host-1", NOW + 30);
	g_assert_cmpint(knock(f, good, token, 0, NULL), ==, MTP_BYE_NORMAL);
	/* Once. */
	g_autofree char *reason = NULL;
	g_assert_cmpint(knock(f, good, token, 0, &reason), ==, MTP_BYE_GRANT);
	g_assert_nonnull(strstr(reason, "used"));
	/* A client that speaks newer versions as well. */
	g_autofree char *another = sign(f->private_key, "host-1", NOW + 30);
	struct mtp_hello newer = good;
	newer.version_max = 7;
	g_assert_cmpint(knock(f, newer, another, 0, NULL), ==, MTP_BYE_NORMAL);
}

static void test_grants(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *expired = sign(f->private_key, "host-1", NOW - 1);
	g_autofree char *elsewhere = sign(f->private_key, "host-2", NOW + 30);
	g_autofree char *forged = sign(f->strange_key, "host-1", NOW + 30);
	g_autofree char *changed = sign(f->private_key, "host-1", NOW + 30);
	changed[strlen(changed) / 2] ^= 1;
	const char *const bad[] = {expired, elsewhere, forged, changed, "", "a.b.c"};
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(knock(f, good, bad[i], 0, NULL), ==, MTP_BYE_GRANT);
}

static void test_versions(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *token = sign(f->private_key, "host-1", NOW + 30);
	g_autofree char *newer = NULL, *older = NULL;
	struct mtp_hello hello = good;
	hello.version_min = 2;
	hello.version_max = 9;
	g_assert_cmpint(knock(f, hello, token, 0, &newer), ==, MTP_BYE_VERSION);
	g_assert_nonnull(strstr(newer, "update the host"));
	hello.version_min = hello.version_max = 0;
	g_assert_cmpint(knock(f, hello, token, 0, &older), ==, MTP_BYE_VERSION);
	g_assert_nonnull(strstr(older, "update the client"));
	/* The refusals have not used the grant up. */
	g_assert_cmpint(knock(f, good, token, 0, NULL), ==, MTP_BYE_NORMAL);
}

static void test_malformed(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *token = sign(f->private_key, "host-1", NOW + 30);
	/* The last 23 bytes are fields that an older client does not send. */
	for (size_t cut = 24; cut < 300; cut++)
		g_assert_cmpint(knock(f, good, token, cut, NULL), ==, MTP_BYE_PROTOCOL);
	struct mtp_hello poor = good;
	poor.codecs = 1;
	g_assert_cmpint(knock(f, poor, token, 0, NULL), ==, MTP_BYE_PROTOCOL);
	struct mtp_frame ping = {.type = MTP_TYPE_PING, .payload = (const uint8_t *)"", .size = 0};
	struct admitted admitted;
	enum mtp_bye_code code;
	g_autoptr(GError) error = NULL;
	g_assert_false(admission_check(&f->admission, &ping, NOW, &admitted, &code, &error));
	g_assert_cmpint(code, ==, MTP_BYE_PROTOCOL);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_assert_cmpint(knock(f, good, token, 0, NULL), ==, MTP_BYE_NORMAL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name)                                                                                  \
	g_test_add("/admission/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	ADD(good);
	ADD(grants);
	ADD(versions);
	ADD(malformed);
	return g_test_run();
}
