/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvmi-rule SCRIPT: decides for poold, in a process that can do nothing else and may be killed.
 *
 * Reads the script, locks itself in (confine.h), says {"ready":true}, then answers one line with
 * one line: {"id":N,"function":"allocate","input":{...}} with {"id":N,"result":{...}} or
 * {"id":N,"error":"..."}. Ends at end of input, and between two calls when half of its processor
 * time is used (exit 0: the owner starts another).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "rules/confine.h"
#include "rules/sandbox.h"

#define MAX_LINE (1u << 20)
/* The owner kills after 200 ms; should it have gone or hang, we end ourselves. */
#define ALARM_SECONDS 2

struct script {
	char *name, *text;
	gsize n;
};

/* Leaks are of no interest in a process that locks itself in before it ends. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static bool write_line(JsonNode *node)
{
	g_autofree char *text = json_text(node);
	g_autofree char *line = g_strconcat(text, "\n", NULL);
	size_t n = strlen(line), done = 0;

	while (done < n) {
		ssize_t r = write(STDOUT_FILENO, line + done, n - done);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		done += (size_t)r;
	}
	return true;
}

static JsonNode *decide(const struct script *script, JsonObject *request, GError **error)
{
	const char *function = json_get_string(request, "function", 64, error);

	if (!function || !json_get_object(request, "input", error))
		return NULL;
	return sandbox_call(script->name, script->text, script->n, function,
	    json_object_get_member(request, "input"), error);
}

/* false: the reader has gone, or the line is not ours to understand. */
static bool answer(const struct script *script, const char *line, size_t n)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) request = json_parse_object(line, (gssize)n, NULL);
	g_autoptr(JsonNode) out = NULL;
	JsonObject *object = json_object_new();
	JsonNode *result;
	gint64 id;

	out = json_node_of(object);
	if (!request ||
	    !json_get_int(json_node_get_object(request), "id", 0, G_MAXINT64, &id, NULL))
		return false;
	json_object_set_int_member(object, "id", id);
	alarm(ALARM_SECONDS);
	result = decide(script, json_node_get_object(request), &error);
	alarm(0);
	if (result)
		json_object_set_member(object, "result", result);
	else
		json_object_set_string_member(object, "error", error->message);
	return write_line(out);
}

static bool worn_out(void)
{
	struct timespec used;

	return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0 &&
	       used.tv_sec >= CONFINE_CPU_SECONDS / 2;
}

static int serve(const struct script *script)
{
	g_autoptr(GByteArray) buffer = g_byte_array_sized_new(4096);

	for (;;) {
		char chunk[16384];
		ssize_t r = read(STDIN_FILENO, chunk, sizeof chunk);
		char *end;

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r == 0 ? 0 : 1;
		if (buffer->len + (size_t)r > MAX_LINE)
			return 2;
		g_byte_array_append(buffer, (guint8 *)chunk, (guint)r);
		while ((end = memchr(buffer->data, '\n', buffer->len))) {
			size_t n = (size_t)(end - (char *)buffer->data);

			if (!answer(script, (char *)buffer->data, n))
				return 2;
			g_byte_array_remove_range(buffer, 0, (guint)n + 1);
			if (worn_out())
				return 0;
		}
	}
}

static int fail(const char *path, const GError *error)
{
	fprintf(stderr, "qvmi-rule: %s: %s\n", path, error->message);
	return qvmi_error_exit_code(error);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) ready = NULL;
	struct script script;
	int code;

	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: qvmi-rule SCRIPT.lua\n"
		                "Answers poold's questions by the script; see rules/README.md.\n");
		return 2;
	}
	if (!g_file_get_contents(argv[1], &script.text, &script.n, &error))
		return fail(argv[1], error);
	script.name = g_strconcat("@", argv[1], NULL);
	if (!confine(&error))
		return fail(argv[1], error);
	/* After the lock: the script's own text runs from here on. */
	alarm(ALARM_SECONDS);
	if (!sandbox_check(script.name, script.text, script.n, &error))
		return fail(argv[1], error);
	alarm(0);
	ready = json_node_of(json_object_new());
	json_object_set_boolean_member(json_node_get_object(ready), "ready", true);
	code = write_line(ready) ? serve(&script) : 1;
	/* No exit handlers: they may want system calls that are gone. */
	_exit(code);
}
