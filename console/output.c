/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"

#define COLUMNS_MAX 16

static void print_json(JsonNode *node)
{
	/* Pretty for a person's eye, a line for a program. */
	g_autofree char *text = json_to_string(node, isatty(STDOUT_FILENO));
	printf("%s\n", text);
}

static char *scalar_text(JsonNode *node)
{
	GType type = json_node_get_value_type(node);

	if (type == G_TYPE_STRING)
		return g_strdup(json_node_get_string(node));
	if (type == G_TYPE_BOOLEAN)
		return g_strdup(json_node_get_boolean(node) ? "yes" : "no");
	if (type == G_TYPE_INT64)
		return g_strdup_printf("%" G_GINT64_FORMAT, json_node_get_int(node));
	return g_strdup_printf("%.1f", json_node_get_double(node));
}

static char *list_text(JsonArray *array)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < json_array_get_length(array); i++) {
		JsonNode *node = json_array_get_element(array, i);
		g_autofree char *one = JSON_NODE_HOLDS_VALUE(node) ? scalar_text(node) : NULL;
		g_string_append_printf(text, "%s%s", text->len ? ", " : "", one ? one : "...");
	}
	return g_string_free(text, FALSE);
}

/* What a guest or a user chose may hold escape sequences: nothing of that reaches the terminal. */
static char *cell_text(JsonObject *object, const char *member)
{
	g_auto(GStrv) path = g_strsplit(member, ".", -1);
	JsonNode *node = NULL;

	for (char **name = path; *name; name++) {
		node = object ? json_object_get_member(object, *name) : NULL;
		object = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
	}
	if (!node || JSON_NODE_HOLDS_NULL(node) || JSON_NODE_HOLDS_OBJECT(node))
		return g_strdup("-");
	char *text =
	    JSON_NODE_HOLDS_ARRAY(node) ? list_text(json_node_get_array(node)) : scalar_text(node);
	for (char *c = text; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = '?';
	if (*text)
		return text;
	g_free(text);
	return g_strdup("-");
}

static void print_cell(const char *text, size_t width, bool last)
{
	printf("%s", text);
	for (size_t n = (size_t)g_utf8_strlen(text, -1); !last && n < width + 2; n++)
		putchar(' ');
}

static void print_table(JsonArray *array, const struct output_column *columns)
{
	unsigned rows = json_array_get_length(array), n = 0;
	size_t width[COLUMNS_MAX] = {0};
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);

	for (; columns[n].title && n < COLUMNS_MAX; n++)
		width[n] = strlen(columns[n].title);
	for (unsigned i = 0; i < rows * n; i++) {
		JsonObject *row = json_array_get_object_element(array, i / n);
		char *text = cell_text(row, columns[i % n].member);
		g_ptr_array_add(cells, text);
		width[i % n] = MAX(width[i % n], (size_t)g_utf8_strlen(text, -1));
	}
	for (unsigned i = 0; i < n; i++)
		print_cell(columns[i].title, width[i], i == n - 1);
	putchar('\n');
	for (unsigned i = 0; i < rows * n; i++) {
		print_cell(g_ptr_array_index(cells, i), width[i % n], i % n == n - 1);
		if (i % n == n - 1)
			putchar('\n');
	}
}

void output_list(
    const struct cli *cli, JsonNode *node, const char *member, const struct output_column *columns)
{
	JsonArray *array = json_get_array(json_node_get_object(node), member, G_MAXUINT, NULL);
	g_autoptr(JsonArray) objects = json_array_new();

	if (cli_wants_json(cli)) {
		print_json(node);
		return;
	}
	for (unsigned i = 0; array && i < json_array_get_length(array); i++)
		if (JSON_NODE_HOLDS_OBJECT(json_array_get_element(array, i)))
			json_array_add_element(
			    objects, json_node_copy(json_array_get_element(array, i)));
	print_table(objects, columns);
}

void output_object(const struct cli *cli, JsonNode *node, const struct output_column *columns)
{
	if (cli_wants_json(cli)) {
		print_json(node);
		return;
	}
	for (; columns->title; columns++) {
		g_autofree char *text = cell_text(json_node_get_object(node), columns->member);
		printf("%-14s %s\n", columns->title, text);
	}
}

void output_done(const struct cli *cli, JsonNode *node, const char *format, ...)
{
	va_list arguments;

	if (cli_wants_json(cli)) {
		if (node)
			print_json(node);
		return;
	}
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}
