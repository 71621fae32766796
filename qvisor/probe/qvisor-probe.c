/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvisor-probe: `qvmi template probe`. Reads an image in a confined process and says what it is,
 * what machine it gets, and writes the manifest for `qvmi template build`. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/probe/boot.h"
#include "qvisor/probe/reader.h"
#include "qvisor/probe/report.h"

/* What a host affords a phone: so many should fit. */
#define PHONES 16

static unsigned affordable_mib(void)
{
	uint64_t total = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) >> 20;
	return (unsigned)CLAMP(total / PHONES / 128 * 128, 256, 1536);
}

struct options {
	char *output, *name, *screen, *append;
	int memory_mib;
	int boot; /* seconds; 0: not */
	gboolean json;
	char **images;
};

static bool parse_wish(const struct options *options, struct proposal_wish *wish, GError **error)
{
	*wish = (struct proposal_wish){.name = options->name,
	    .append = options->append,
	    .memory_mib = options->memory_mib ? (unsigned)options->memory_mib : affordable_mib(),
	    .cpus = 1,
	    .width = 720,
	    .height = 1440};
	char end;
	if (options->screen &&
	    (sscanf(options->screen, "%4ux%4u%c", &wish->width, &wish->height, &end) != 2 ||
	        wish->width < 64 || wish->width > 4096 || wish->height < 64 || wish->height > 4096))
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "--screen is \"%s\"; it is WIDTHxHEIGHT, 64 to 4096 each", options->screen);
	else if (options->memory_mib && (options->memory_mib < 64 || options->memory_mib > 65536))
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "--memory-mib is %d; it is 64 to 65536", options->memory_mib);
	else if (options->name && !manifest_name_valid(options->name))
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "--name is \"%s\"; it is 1 to 32 of a-z, 0-9 and \"-\"", options->name);
	else if (options->boot && (!options->output || options->boot < 1 || options->boot > 600))
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "--boot wants 1 to 600 seconds, and --output for the kernel that it boots");
	else
		return true;
	return false;
}

/* The manifest, checked as `template build` will; NULL without error: there is none. */
static struct manifest *parse_manifest(JsonObject *report, const char *folder, GError **error)
{
	return json_object_has_member(report, "manifest")
	           ? manifest_parse(
	                 json_object_get_object_member(report, "manifest"), folder, error)
	           : NULL;
}

static bool store_manifest(JsonObject *report, const char *folder, GError **error)
{
	g_autofree char *path = g_build_filename(folder, "manifest.json", NULL);
	JsonObject *object = json_object_get_object_member(report, "manifest");
	g_autoptr(JsonNode) node = json_node_of(json_object_ref(object));
	if (!json_store_file(path, node, 0644, error))
		return false;
	json_object_set_string_member(report, "manifest_file", path);
	return true;
}

/* Everything that follows from there being a manifest. */
static bool use_manifest(
    const struct options *options, JsonObject *report, const char *folder, GError **error)
{
	g_autoptr(GError) why = NULL;
	AUTO(manifest) manifest = parse_manifest(report, folder, &why);
	if (why) {
		g_propagate_error(error, g_steal_pointer(&why));
		return false;
	}
	if (!manifest)
		return true;
	if (!store_manifest(report, folder, error))
		return false;
	if (!options->boot)
		return true;
	if (manifest->kind == MANIFEST_ANDROID) {
		json_object_set_string_member(
		    report, "boot", "not tried: Android is not run here (docs/decisions/140)");
		return true;
	}
	return boot_trace(manifest, (unsigned)options->boot, report, error);
}

static bool run(const struct options *options, GError **error)
{
	struct proposal_wish wish;
	struct reader reader = {.count = 0};
	g_autoptr(JsonObject) report = NULL;
	g_autofree char *folder =
	    options->output ? g_canonicalize_filename(options->output, NULL) : NULL;
	bool good = parse_wish(options, &wish, error);
	for (unsigned i = 0; good && options->images[i]; i++)
		good = reader_open(&reader, options->images[i], error);
	if (good && folder && g_mkdir_with_parents(folder, 0755)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "%s cannot be made", folder);
		good = false;
	}
	good = good && (report = reader_run(&reader, &wish, folder, error)) &&
	       (!folder || use_manifest(options, report, folder, error));
	reader_finish(&reader);
	if (!good)
		return false;
	json_object_remove_member(report, "nodes");
	g_autoptr(JsonNode) node = json_node_of(json_object_ref(report));
	g_autofree char *text = options->json ? json_to_string(node, TRUE) : report_text(report);
	printf("%s%s", text, options->json ? "\n" : "");
	return true;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	const GOptionEntry entries[] = {
	    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output,
	        "Write manifest.json there, with the kernel and RAM disk that are inside other "
	        "files",
	        "FOLDER"},
	    {"name", 0, 0, G_OPTION_ARG_STRING, &options.name, "The template's name", "NAME"},
	    {"memory-mib", 0, 0, G_OPTION_ARG_INT, &options.memory_mib,
	        "The phone's memory (default: what lets 16 fit on this host)", "N"},
	    {"screen", 0, 0, G_OPTION_ARG_STRING, &options.screen, "Its screen (default 720x1440)",
	        "WxH"},
	    {"append", 0, 0, G_OPTION_ARG_STRING, &options.append,
	        "Add to the kernel's command line", "TEXT"},
	    {"boot", 0, 0, G_OPTION_ARG_INT, &options.boot,
	        "Boot it so long at most, under trace, on a throw-away disk and without a network",
	        "SECONDS"},
	    {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "The report as JSON", NULL},
	    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.images, NULL,
	        "IMAGE..."},
	    {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(GOptionContext) context =
	    g_option_context_new("- what a phone image is, and the machine it gets");
	g_option_context_add_main_entries(context, entries, NULL);
	bool good = g_option_context_parse(context, &argc, &argv, &error);
	if (good && !options.images) {
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "name the image: files, or the folder they are in");
		good = false;
	}
	good = good && run(&options, &error);
	if (!good)
		fprintf(stderr, "qvisor-probe: %s\n", error->message);
	g_strfreev(options.images);
	g_free(options.output);
	g_free(options.name);
	g_free(options.screen);
	g_free(options.append);
	return good ? 0 : 1;
}
