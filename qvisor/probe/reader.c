/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/probe/confine.h"
#include "qvisor/probe/report.h"

#define ANSWER_MAX (2u << 20)

static bool fail(GError **error, enum qvmi_error_code code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static bool fail(GError **error, enum qvmi_error_code code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (error)
		*error = g_error_new_valist(QVMI_ERROR, (int)code, format, arguments);
	va_end(arguments);
	return false;
}

/* --- files --- */

static bool open_file(struct reader *reader, const char *path, GError **error)
{
	struct stat status;
	if (reader->count == IMAGE_INPUTS_MAX)
		return fail(error, QVMI_ERROR_TOO_LARGE,
		    "more than %d files; name those that belong to the image", IMAGE_INPUTS_MAX);
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) || !S_ISREG(status.st_mode) || !status.st_size) {
		int why = errno;
		bool opened = fd >= 0;
		if (opened)
			close(fd);
		return fail(error, QVMI_ERROR_INVALID, "%s: %s", path,
		    opened ? "is no regular file, or empty" : g_strerror(why));
	}
	reader->files[reader->count++] =
	    (struct reader_file){g_canonicalize_filename(path, NULL), fd, (uint64_t)status.st_size};
	return true;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool reader_open(struct reader *reader, const char *path, GError **error)
{
	if (!g_file_test(path, G_FILE_TEST_IS_DIR))
		return open_file(reader, path, error);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name;
	while (folder && (name = g_dir_read_name(folder)))
		if (*name != '.')
			g_ptr_array_add(names, g_build_filename(path, name, NULL));
	g_ptr_array_sort(names, compare);
	unsigned before = reader->count;
	for (unsigned i = 0; i < names->len; i++) {
		const char *file = g_ptr_array_index(names, i);
		if (g_file_test(file, G_FILE_TEST_IS_REGULAR) && !open_file(reader, file, error))
			return false;
	}
	return reader->count > before ||
	       fail(error, QVMI_ERROR_INVALID, "%s: there is no file in this folder", path);
}

void reader_finish(struct reader *reader)
{
	for (unsigned i = 0; i < reader->count; i++) {
		close(reader->files[i].fd);
		g_free(reader->files[i].path);
	}
}

/* --- the confined process --- */

static JsonObject *look(
    const struct reader *reader, const struct proposal_wish *wish, struct proposal_files *out)
{
	AUTO(image) image = image_new();
	for (unsigned i = 0; i < reader->count; i++) {
		const struct reader_file *file = &reader->files[i];
		const char *slash = strrchr(file->path, '/');
		image_add(image, slash + 1, source_of_file(file->fd, file->size));
	}
	image_finish(image);
	AUTO(findings) findings = findings_new(image);
	g_autoptr(GError) why = NULL;
	JsonObject *report = report_make(image, findings);
	if (image->devicetree && image->devicetree->memory_mib) {
		g_autofree char *memory =
		    g_strdup_printf("%" G_GUINT64_FORMAT " MiB on the board, %u MiB here",
		        image->devicetree->memory_mib, wish->memory_mib);
		json_object_set_string_member(report, "memory", memory);
	}
	JsonObject *manifest = proposal_make(image, findings, wish, out, &why);
	if (manifest)
		json_object_set_object_member(report, "manifest", manifest);
	else
		json_object_set_string_member(report, "no_manifest", why->message);
	return report;
}

static void say(int fd, const char *text)
{
	for (size_t n = strlen(text); n;) {
		ssize_t put = write(fd, text, n);
		if (put <= 0)
			_exit(1);
		text += put, n -= (size_t)put;
	}
}

static void child(const struct reader *reader, const struct proposal_wish *wish,
    struct proposal_files *out, int answer)
{
	g_autoptr(GError) error = NULL;
	if (!confine(&error)) {
		JsonObject *object = json_object_new();
		json_object_set_string_member(object, "error", error->message);
		g_autofree char *text = json_text(json_node_of(object));
		say(answer, text);
		_exit(1);
	}
	g_autofree char *text = json_text(json_node_of(look(reader, wish, out)));
	say(answer, text);
	_exit(0);
}

/* --- ours --- */

static GString *read_answer(int fd)
{
	GString *answer = g_string_new(NULL);
	char piece[65536];
	ssize_t got;
	while ((got = read(fd, piece, sizeof(piece))) > 0 || (got < 0 && errno == EINTR))
		if (got > 0 && answer->len <= ANSWER_MAX)
			g_string_append_len(answer, piece, got);
	return answer;
}

/* A number becomes the path of that file; a name has to be the one that is written. */
static bool resolve(const struct reader *reader, JsonObject *files, const char *member,
    const char *written, GError **error)
{
	JsonNode *node = json_object_get_member(files, member);
	if (!node)
		return true;
	if (json_node_get_value_type(node) == G_TYPE_INT64) {
		int64_t number = json_node_get_int(node);
		if (number >= 0 && number < reader->count) {
			json_object_set_string_member(files, member, reader->files[number].path);
			return true;
		}
	} else if (written && json_node_get_value_type(node) == G_TYPE_STRING &&
	           !strcmp(json_node_get_string(node), written)) {
		return true;
	}
	return fail(error, QVMI_ERROR_CORRUPT,
	    "the process that reads the image gave no answer: \"%s\"", member);
}

static bool resolve_all(const struct reader *reader, JsonObject *report, GError **error)
{
	JsonObject *manifest, *files, *system;
	if (!json_object_has_member(report, "manifest"))
		return true;
	if (!(manifest = json_get_object(report, "manifest", error)) ||
	    !(files = json_get_object(manifest, "image", error)) ||
	    !resolve(reader, files, "disk", NULL, error) ||
	    !resolve(reader, files, "kernel", PROPOSAL_KERNEL, error) ||
	    !resolve(reader, files, "initrd", PROPOSAL_RAMDISK, error))
		return false;
	system = json_get_optional_object(files, "system", NULL);
	return !system || resolve(reader, system, "super", NULL, error);
}

static int create(const char *folder, const char *name, GError **error)
{
	g_autofree char *path =
	    folder ? g_build_filename(folder, name, NULL) : g_strdup("/dev/null");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		fail(error, QVMI_ERROR_FAILED, "%s: %s", path, g_strerror(errno));
	return fd;
}

/* What was made for the child to write to, and did not need. */
static void drop_empty(const char *folder, const char *name)
{
	struct stat status;
	g_autofree char *path = folder ? g_build_filename(folder, name, NULL) : NULL;
	if (path && !stat(path, &status) && !status.st_size)
		unlink(path);
}

static JsonObject *collect(const struct reader *reader, int answer, pid_t pid, GError **error)
{
	g_autoptr(GString) text = NULL;
	int status = 0;
	text = read_answer(answer);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	g_autoptr(JsonNode) node =
	    text->len <= ANSWER_MAX ? json_parse_object(text->str, (gssize)text->len, NULL) : NULL;
	if (!node || !WIFEXITED(status) || WEXITSTATUS(status)) {
		const char *words =
		    node ? json_get_optional_string(json_node_get_object(node), "error", 500, NULL)
		         : NULL;
		fail(error, QVMI_ERROR_FAILED, "the image could not be read: %s%s",
		    words ? words : "its reader was stopped; the image asks for more than ",
		    words ? "" : "memory, time or a system call that reading a phone takes");
		return NULL;
	}
	JsonObject *report = json_object_ref(json_node_get_object(node));
	if (resolve_all(reader, report, error))
		return report;
	json_object_unref(report);
	return NULL;
}

JsonObject *reader_run(const struct reader *reader, const struct proposal_wish *wish,
    const char *folder, GError **error)
{
	int pipes[2];
	AUTO_FD kernel = create(folder, PROPOSAL_KERNEL, error);
	AUTO_FD ramdisk = kernel < 0 ? -1 : create(folder, PROPOSAL_RAMDISK, error);
	if (ramdisk < 0)
		return NULL;
	if (pipe2(pipes, O_CLOEXEC)) {
		fail(error, QVMI_ERROR_FAILED, "pipe: %s", g_strerror(errno));
		return NULL;
	}
	pid_t pid = fork();
	if (pid == 0) {
		struct proposal_files out = {kernel, ramdisk, false, false};
		close(pipes[0]);
		child(reader, wish, &out, pipes[1]);
	}
	close(pipes[1]);
	JsonObject *report = NULL;
	if (pid < 0)
		fail(error, QVMI_ERROR_FAILED, "fork: %s", g_strerror(errno));
	else
		report = collect(reader, pipes[0], pid, error);
	close(pipes[0]);
	drop_empty(folder, PROPOSAL_KERNEL);
	drop_empty(folder, PROPOSAL_RAMDISK);
	return report;
}
