/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib/gstdio.h>
#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/manifest.h"

struct fixture {
	char *folder;
};

static const char good[] =
    "{\"format\":1,\"name\":\"tiny\",\"image\":{\"disk\":\"disk\",\"kernel\":\"kernel\",\"initrd\":"
    "\"initrd\","
    "\"cmdline\":\"quiet\"},\"machine\":{\"type\":\"q35\",\"cpus\":2,\"memory_mib\":128},"
    "\"screen\":{\"width\":360,\"height\":720},\"devices\":{\"gpu\":\"virtio-vga\","
    "\"touch\":\"virtio-multitouch\",\"keyboard\":\"virtio-keyboard\"},"
    "\"ready\":{\"by\":\"agent\",\"timeout_s\":60}}";

static void put(struct fixture *fixture, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void set_up(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->folder = g_dir_make_tmp("qvmi-manifest-XXXXXX", NULL);
	put(fixture, "disk", "d");
	put(fixture, "kernel", "k");
	put(fixture, "initrd", "i");
	put(fixture, "empty", "");
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	static const char *const names[] = {"disk", "kernel", "initrd", "empty", "manifest.json"};
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(fixture->folder, names[i], NULL);
		g_unlink(path);
	}
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_free(fixture->folder);
}

static struct manifest *load(struct fixture *fixture, const char *text, GError **error)
{
	g_autofree char *path = g_build_filename(fixture->folder, "manifest.json", NULL);
	put(fixture, "manifest.json", text);
	return manifest_load(path, error);
}

static void test_good(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	AUTO(manifest) manifest = load(fixture, good, &error);
	g_assert_no_error(error);
	g_autofree char *kernel = g_build_filename(fixture->folder, "kernel", NULL);
	g_assert_cmpstr(manifest->name, ==, "tiny");
	g_assert_cmpstr(manifest->kernel, ==, kernel);
	g_assert_nonnull(manifest->disk);
	g_assert_cmpuint(manifest->cpus, ==, 2);
	g_assert_cmpuint(manifest->memory_mib, ==, 128);
	g_assert_cmpuint(manifest->max_cpus, ==, 2); /* nothing can be plugged */
	g_assert_cmpuint(manifest->max_memory_mib, ==, 128);
	g_assert_cmpuint(manifest->width, ==, 360);
	g_assert_cmpuint(manifest->ready_timeout_s, ==, 60);
	g_assert_cmpuint(manifest->settle_s, ==, MANIFEST_SETTLE_S);
	g_assert_cmpuint(manifest_touch_points(manifest), ==, 10);

	/* What is written is read again, from anywhere. */
	g_autoptr(JsonNode) node = manifest_json(manifest);
	AUTO(manifest) again = manifest_parse(json_node_get_object(node), "/", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(again->initrd, ==, manifest->initrd);
	g_assert_cmpint(again->touch, ==, MANIFEST_MULTITOUCH);
}

static void test_optional(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) text = g_string_new(good);
	g_string_replace(text, "\"disk\":\"disk\",", "", 1);
	g_string_replace(text, "\"initrd\":\"initrd\",", "", 1);
	g_string_replace(text, "virtio-multitouch", "virtio-tablet", 1);
	AUTO(manifest) manifest = load(fixture, text->str, &error);
	g_assert_no_error(error);
	g_assert_null(manifest->disk);
	g_assert_null(manifest->initrd);
	g_assert_cmpuint(manifest_touch_points(manifest), ==, 0);
}

static void test_optional_numbers(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) text = g_string_new(good);
	g_string_replace(
	    text, "\"cpus\":2", "\"cpus\":2,\"max_cpus\":4,\"max_memory_mib\":2176", 1);
	g_string_replace(text, "\"timeout_s\":60}",
	    "\"timeout_s\":60,\"settle_s\":35},\"rehearsal\":[{\"from\":[500,500],\"to\":[500,500],"
	    "\"ms\":80,\"rest_ms\":9000}]",
	    1);
	AUTO(manifest) manifest = load(fixture, text->str, &error);
	g_assert_no_error(error);
	g_autoptr(JsonNode) node = manifest_json(manifest);
	AUTO(manifest) again = manifest_parse(json_node_get_object(node), "/", &error);
	g_assert_no_error(error);
	g_assert_cmpuint(again->max_cpus, ==, 4);
	g_assert_cmpuint(again->settle_s, ==, 35);
	g_assert_cmpuint(again->rehearsal_count, ==, 1);
	g_assert_cmpuint(again->rehearsal[0].rest_ms, ==, 9000);
	g_assert_cmpuint(again->max_memory_mib, ==, 128 + MANIFEST_DIMMS_MAX * MANIFEST_DIMM_MIB);

	/* The same where nothing can be plugged. */
	g_string_replace(
	    text, "\"type\":\"q35\"", "\"architecture\":\"aarch64\",\"type\":\"virt\"", 1);
	g_string_replace(text, "virtio-vga", "virtio-gpu", 1);
	g_assert_null(load(fixture, text->str, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_assert_nonnull(strstr(error->message, "max_cpus"));
}

static void test_aarch64(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) text = g_string_new(good);
	g_string_replace(
	    text, "\"type\":\"q35\"", "\"architecture\":\"aarch64\",\"type\":\"virt\"", 1);
	g_string_replace(text, "virtio-vga", "virtio-gpu", 1);
	AUTO(manifest) manifest = load(fixture, text->str, &error);
	g_assert_no_error(error);
	g_assert_cmpint(manifest->architecture, ==, MANIFEST_AARCH64);
	g_autoptr(JsonNode) node = manifest_json(manifest);
	AUTO(manifest) again = manifest_parse(json_node_get_object(node), "/", &error);
	g_assert_no_error(error);
	g_assert_cmpint(again->architecture, ==, MANIFEST_AARCH64);
}

/* The good one as Android's, with `systems` for its partitions. */
static struct manifest *load_android(struct fixture *fixture, const char *systems, GError **error)
{
	g_autoptr(GString) text = g_string_new(good);
	g_autofree char *cmdline = g_strdup_printf("\"cmdline\":\"quiet\",\"system\":%s", systems);
	g_string_replace(text, "\"format\":1", "\"format\":1,\"kind\":\"android\"", 1);
	g_string_replace(text, "\"by\":\"agent\"", "\"by\":\"adb\"", 1);
	g_string_replace(text, "\"cmdline\":\"quiet\"", cmdline, 1);
	return load(fixture, text->str, error);
}

static void test_android(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	AUTO(manifest)
	manifest = load_android(fixture, "{\"super\":\"disk\",\"vbmeta\":\"kernel\"}", &error);
	g_assert_no_error(error);
	g_assert_cmpint(manifest->kind, ==, MANIFEST_ANDROID);
	g_assert_cmpuint(manifest->system_count, ==, 2);
	g_assert_cmpstr(manifest->systems[0].partition, ==, "super");
	g_autoptr(JsonNode) node = manifest_json(manifest);
	AUTO(manifest) again = manifest_parse(json_node_get_object(node), "/", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(again->systems[1].file, ==, manifest->systems[1].file);

	static const char seven[] = "{\"a\":\"disk\",\"b\":\"disk\",\"c\":\"disk\",\"d\":\"disk\","
	                            "\"e\":\"disk\",\"f\":\"disk\",\"g\":\"disk\"}";
	static const char *const wrong[] = {
	    "{}", "{\"super\":\"nowhere\"}", "{\"su,per\":\"disk\"}", "{\"super\":7}", "[]", seven};
	for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_assert_null(load_android(fixture, wrong[i], &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
		g_clear_error(&error);
	}
}

/* Each replaces a piece of the good one and must be refused by a message that names the culprit. */
static const struct {
	const char *from, *to, *named;
} bad[] = {
    {"\"format\":1", "\"format\":2", "format"},
    {"\"format\":1", "\"formta\":1", "format"},
    {"\"name\":\"tiny\"", "\"name\":\"Tiny Phone\"", "name"},
    {"\"name\":\"tiny\"", "\"name\":\"-x\"", "name"},
    {"\"name\":\"tiny\"", "\"name\":\"../x\"", "name"},
    {"\"name\":\"tiny\"", "\"name\":\"tiny\",\"colour\":1", "colour"},
    {"\"cmdline\":\"quiet\"", "\"cmdline\":\"quiet\",\"bios\":\"x\"", "image.bios"},
    {"\"kernel\":\"kernel\"", "\"kernel\":\"nowhere\"", "image.kernel"},
    {"\"kernel\":\"kernel\"", "\"kernel\":\"empty\"", "image.kernel"},
    {"\"kernel\":\"kernel\"", "\"kernel\":\"/\"", "image.kernel"},
    {"\"kernel\":\"kernel\",", "", "kernel"},
    {"\"disk\":\"disk\"", "\"disk\":7", "disk"},
    {"\"cmdline\":\"quiet\"", "\"cmdline\":\"a\\nb\"", "image.cmdline"},
    {"\"cpus\":2", "\"cpus\":0", "cpus"},
    {"\"cpus\":2", "\"cpus\":\"2\"", "cpus"},
    {"\"cpus\":2", "\"cpus\":2.5", "cpus"},
    {"\"memory_mib\":128", "\"memory_mib\":1e9", "memory_mib"},
    {"\"memory_mib\":128", "\"memory_mib\":-128", "memory_mib"},
    {"\"cpus\":2", "\"cpus\":2,\"max_cpus\":1", "max_cpus"},
    {"\"cpus\":2", "\"cpus\":2,\"max_cpus\":17", "max_cpus"},
    {"\"cpus\":2", "\"cpus\":2,\"max_memory_mib\":64", "max_memory_mib"},
    {"\"cpus\":2", "\"cpus\":2,\"max_memory_mib\":200", "max_memory_mib"},
    {"\"cpus\":2", "\"cpus\":2,\"max_memory_mib\":2304", "max_memory_mib"},
    {"\"type\":\"q35\"", "\"type\":\"pc\"", "machine.type"},
    {"\"width\":360", "\"width\":100000", "width"},
    {"\"height\":720", "\"height\":720,\"depth\":24", "screen.depth"},
    {"virtio-vga", "vga", "devices.gpu"},
    {"virtio-multitouch", "mouse", "devices.touch"},
    {"virtio-keyboard", "usb", "devices.keyboard"},
    {"\"by\":\"agent\"", "\"by\":\"hope\"", "ready.by"},
    {"\"timeout_s\":60", "\"timeout_s\":0", "timeout_s"},
    {"\"timeout_s\":60", "\"timeout_s\":60,\"settle_s\":0", "settle_s"},
    {"\"timeout_s\":60", "\"timeout_s\":60,\"settle_s\":3600", "settle_s"},
    {"\"type\":\"q35\"", "\"type\":\"q35\",\"architecture\":\"mips\"", "machine.architecture"},
    {"\"type\":\"q35\"", "\"type\":\"q35\",\"architecture\":\"aarch64\"", "machine.type"},
    {"\"format\":1", "\"format\":1,\"kind\":\"tizen\"", "kind"},
    /* What belongs to Android is refused elsewhere, and the other way round. */
    {"\"cmdline\":\"quiet\"", "\"cmdline\":\"quiet\",\"system\":{\"super\":\"disk\"}",
        "image.system"},
    {"\"format\":1", "\"format\":1,\"kind\":\"android\"", "system"},
    {",\"ready\":{\"by\":\"agent\",\"timeout_s\":60}", "", "ready"},
};

static void test_bad(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GString) text = g_string_new(good);
		g_assert_cmpuint(g_string_replace(text, bad[i].from, bad[i].to, 1), ==, 1);
		AUTO(manifest) manifest = load(fixture, text->str, &error);
		g_assert_null(manifest);
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
		if (!strstr(error->message, bad[i].named))
			g_error("%s -> %s: \"%s\" does not name %s", bad[i].from, bad[i].to,
			    error->message, bad[i].named);
	}
}

static void test_not_there(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(fixture->folder, "no.json", NULL);
	g_assert_null(manifest_load(path, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_null(load(fixture, "{\"format\":1", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name)                                                                                  \
	g_test_add("/manifest/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	ADD(good);
	ADD(optional);
	ADD(optional_numbers);
	ADD(aarch64);
	ADD(android);
	ADD(bad);
	ADD(not_there);
	return g_test_run();
}
