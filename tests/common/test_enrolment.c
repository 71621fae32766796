/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a broker says of second factors, shown at a terminal: also when it lies. And known devices.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/enrolment.h"
#include "common/error.h"
#include "common/json.h"
#include "common/known_device.h"

/* What is shown; NULL with error. */
static char *show(const char *answer, GError **error)
{
	char *text = NULL;
	size_t n = 0;
	g_autoptr(JsonNode) node = json_parse_object(answer, -1, NULL);
	FILE *out = open_memstream(&text, &n);
	bool shown = enrolment_show(json_node_get_object(node), out, error);
	fclose(out);
	g_autofree char *copy = g_strdup(text);
	free(text);
	return shown ? g_steal_pointer(&copy) : NULL;
}

#define ENROL(secret, uri, qr)                                                                     \
	"{\"challenge\":\"x\",\"enrolment\":{\"secret\":" secret ",\"uri\":" uri ",\"qr\":" qr "}" \
	"}"

static void test_shows(void)
{
	g_autofree char *text =
	    show(ENROL("\"ABCD2345\"", "\"otpauth://totp/x\"", "[\"10\",\"01\"]"), NULL);
	g_assert_nonnull(strstr(text, "by hand: ABCD2345\n"));
	/* Two rows a line: dark above and light below, then the other way round. */
	g_assert_nonnull(strstr(text, "████▄▀████"));
	g_autofree char *nothing = show("{\"challenge\":\"x\"}", NULL);
	g_assert_cmpstr(nothing, ==, "");
}

static void test_lies(void)
{
	static const char *const answers[] = {
	    "{\"enrolment\":7}",
	    "{\"enrolment\":{}}",
	    ENROL("\"\\u001b[2J\"", "\"u\"", "[\"1\"]"),
	    ENROL("\"A\"", "\"\\u009b2J\"", "[\"1\"]"),
	    ENROL("\"A\"", "\"u\"", "[]"),
	    ENROL("\"A\"", "\"u\"", "[\"1\",\"1\"]"),
	    ENROL("\"A\"", "\"u\"", "[\"11\",\"1\"]"),
	    ENROL("\"A\"", "\"u\"", "[\"1x\",\"11\"]"),
	    ENROL("\"A\"", "\"u\"", "[1]"),
	    ENROL("\"A\"", "\"u\"", "[null,\"10\"]"),
	    ENROL("\"A\"", "\"u\"", "\"1\""),
	};
	for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(show(answers[i], &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	}
	/* A code larger than any. */
	GString *rows = g_string_new("[\"1\"");
	for (unsigned i = 1; i < 178; i++)
		g_string_append(rows, ",\"1\"");
	g_string_append(rows, "]");
	g_autofree char *huge = g_strdup_printf(ENROL("\"A\"", "\"u\"", "%s"), rows->str);
	g_string_free(rows, TRUE);
	g_autoptr(GError) error = NULL;
	g_assert_null(show(huge, &error));
	g_assert_nonnull(error);
}

static void test_recovery(void)
{
	g_autoptr(JsonNode) node = json_parse_object(
	    "{\"recovery_codes\":[\"abcd-efgh\",\"\\u001b[2J\",7],\"recovery_codes_left\":3}", -1,
	    NULL);
	JsonObject *object = json_node_get_object(node);
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	enrolment_show_recovery(object, out);
	fclose(out);
	g_assert_nonnull(strstr(text, "    abcd-efgh\n"));
	g_assert_nonnull(strstr(text, "3 are left"));
	g_assert_null(strchr(text, '\033'));
	g_assert_false(json_object_has_member(object, "recovery_codes"));
	free(text);
}

static void test_challenge(void)
{
	g_autoptr(JsonNode) asked = json_parse_object("{\"challenge\":\"abc\"}", -1, NULL);
	g_autoptr(JsonNode) done = json_parse_object("{\"token\":\"abc\"}", -1, NULL);
	g_autoptr(JsonNode) wrong = json_parse_object("{\"challenge\":[]}", -1, NULL);
	g_autoptr(GError) error = NULL;
	g_assert_cmpstr(enrolment_challenge(json_node_get_object(asked), &error), ==, "abc");
	g_assert_null(enrolment_challenge(json_node_get_object(done), &error));
	g_assert_no_error(error);
	g_assert_null(enrolment_challenge(json_node_get_object(wrong), &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
}

static void test_known_device(void)
{
	g_assert_null(known_device_load("https://a:1", "alice"));
	known_device_save("https://a:1", "alice", "a name");
	known_device_save("https://a:1", "bob", "another");
	g_autofree char *device = known_device_load("https://a:1", "Alice");
	g_assert_cmpstr(device, ==, "a name");
	g_assert_null(known_device_load("https://b:1", "alice"));
	known_device_save("https://a:1", "alice", "a new one");
	g_autofree char *newer = known_device_load("https://a:1", "alice");
	g_assert_cmpstr(newer, ==, "a new one");
	g_autofree char *endless = g_strnfill(1000, 'x');
	known_device_save("https://a:1", "alice", endless);
	g_autofree char *still = known_device_load("https://a:1", "alice");
	g_assert_cmpstr(still, ==, "a new one");
}

int main(int argc, char **argv)
{
	/* GLib asks for the folder once. */
	g_autofree char *folder = g_dir_make_tmp("qvmi-enrolment-XXXXXX", NULL);
	g_setenv("XDG_STATE_HOME", folder, TRUE);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/enrolment/shows", test_shows);
	g_test_add_func("/enrolment/lies", test_lies);
	g_test_add_func("/enrolment/recovery", test_recovery);
	g_test_add_func("/enrolment/challenge", test_challenge);
	g_test_add_func("/enrolment/known-device", test_known_device);
	int failed = g_test_run();
	g_autofree char *devices = g_build_filename(folder, "qvmi/devices", NULL);
	g_autofree char *qvmi = g_build_filename(folder, "qvmi", NULL);
	g_autoptr(GDir) dir = g_dir_open(devices, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(devices, name, NULL);
		g_remove(path);
	}
	g_rmdir(devices);
	g_rmdir(qvmi);
	g_rmdir(folder);
	return failed;
}
