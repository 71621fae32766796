/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer target: another host, taken over, brings a phone: its passport (a first line of JSON)
 * and its files (the rest). Nothing is written but a phone's files, and those stay below the
 * folder. */
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/folder.h"
#include "qvisor/migration_files.h"
#include "qvisor/passport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

static bool take(void *data, void *bytes, size_t n, GError **error)
{
	struct input *input = data;
	if (n > input->left) {
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "the end");
		return false;
	}
	memcpy(bytes, input->at, n);
	input->at += n;
	input->left -= n;
	return true;
}

static bool drop(void *data, const void *bytes, size_t n, GError **error)
{
	(void)data, (void)bytes, (void)n, (void)error;
	return true;
}

static void read_passport(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) node = json_parse_object((const char *)data, (gssize)size, NULL);
	if (!node)
		return;
	AUTO(passport) passport = passport_parse(json_node_get_object(node), &error);
	if (!passport == !error || (passport && (!passport->uuid || strlen(passport->mac) != 17)))
		abort();
}

static void check_folder(const char *folder)
{
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir)))
		if (!migration_files_wanted(name))
			abort();
	if (dir)
		g_dir_close(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *folder, *volume;
	const uint8_t *line = memchr(data, '\n', size);
	size_t passport = line ? (size_t)(line - data) : 0;
	struct input input = {data + passport, size - passport};
	const struct migration_pipe pipe = {drop, take, &input};
	g_autoptr(GError) error = NULL;
	if (!folder && !(folder = g_dir_make_tmp("qvmi-fuzz-XXXXXX", NULL)))
		abort();
	if (!volume)
		volume = g_strconcat(folder, ".volume", NULL);
	if (!folder_make(folder, NULL) || !folder_make(volume, NULL))
		abort();
	const struct migration_receiver receiver = {
	    .folder = folder, .backing = "/base", .format = "raw", .volume = volume};
	read_passport(data, passport);
	if (migration_files_receive(&receiver, &pipe, &error) == !!error)
		abort();
	check_folder(folder);
	if (!folder_delete(folder, NULL) || !folder_delete(volume, NULL))
		abort();
	return 0;
}
