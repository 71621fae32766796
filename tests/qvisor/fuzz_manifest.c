/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer target: an image's manifest. One that is taken says the same when it is written out and
 * read again, and makes a command line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "qvisor/manifest.h"
#include "qvisor/qemu_command.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *folder;

/* An image whose files are there: "f". */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	folder = g_dir_make_tmp("qvmi-fuzz-XXXXXX", NULL);
	g_autofree char *file = g_build_filename(folder, "f", NULL);
	return g_file_set_contents(file, "x", 1, NULL) ? 0 : 1;
}

static void check_command(const struct manifest *manifest)
{
	const struct qemu_command command = {.boot = QEMU_BOOT_TEMPLATE,
	    .manifest = manifest,
	    .emulator = {"qemu", "tcg", "max"},
	    .tb_size_mib = 64,
	    .uuid = "u",
	    .memory = "memory",
	    .disk = manifest->disk};
	g_auto(GStrv) argv = qemu_command_build(&command);
	/* What it says never becomes an option of its own. */
	for (unsigned i = 1; argv[i]; i++)
		if (!strcmp(argv[i], manifest->cmdline) && strcmp(argv[i - 1], "-append") &&
		    *manifest->cmdline == '-')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(JsonNode) node = json_parse_object((const char *)data, (gssize)size, NULL);
	AUTO(manifest)
	first = node ? manifest_parse(json_node_get_object(node), folder, NULL) : NULL;
	if (!first)
		return 0;
	g_autoptr(JsonNode) again = manifest_json(first);
	AUTO(manifest) second = manifest_parse(json_node_get_object(again), "/", NULL);
	if (!second)
		abort();
	g_autoptr(JsonNode) twice = manifest_json(second);
	g_autofree char *a = json_text(again), *b = json_text(twice);
	if (strcmp(a, b))
		abort();
	check_command(first);
	return 0;
}
