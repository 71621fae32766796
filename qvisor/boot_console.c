/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/boot_console.h"

#include "common/error.h"
#include "common/file.h"

#define CONSOLE_MAX (256 * 1024)
#define READ_MAX 32768

void boot_console_init(struct boot_console *console)
{
	*console = (struct boot_console){.bytes = g_byte_array_new()};
}

void boot_console_finish(struct boot_console *console)
{
	g_byte_array_unref(console->bytes);
}

static void on_read(void *data, JsonNode *result, const GError *error)
{
	struct boot_console *console = data;
	if (error && g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return;
	console->asked = false;
	if (!result || json_node_get_value_type(result) != G_TYPE_STRING)
		return;
	gsize n;
	g_autofree guchar *bytes = g_base64_decode(json_node_get_string(result), &n);
	/* The beginning is dropped: what came last says where it hangs. */
	if (console->bytes->len + n > CONSOLE_MAX)
		g_byte_array_remove_range(console->bytes, 0,
		    MIN(console->bytes->len, console->bytes->len + n - CONSOLE_MAX));
	g_byte_array_append(console->bytes, bytes, n);
}

void boot_console_read(struct boot_console *console, struct qmp *qmp)
{
	if (console->asked)
		return;
	console->asked = true;
	JsonObject *arguments = qmp_one_member("device", "console");
	json_object_set_int_member(arguments, "size", READ_MAX);
	json_object_set_string_member(arguments, "format", "base64");
	qmp_execute(qmp, "ringbuf-read", arguments, -1, QMP_DEADLINE_MS, on_read, console);
}

void boot_console_store(const struct boot_console *console, const char *path)
{
	if (console->bytes->len)
		file_store(path, console->bytes->data, console->bytes->len, 0600, NULL);
}
