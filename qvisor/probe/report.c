/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/report.h"

#include <string.h>

/* Absent when there is none. */
static void set_text(JsonObject *object, const char *member, const char *text)
{
	g_autofree char *valid = text ? g_utf8_make_valid(text, -1) : NULL;
	if (valid)
		json_object_set_string_member(object, member, valid);
}

static JsonArray *array_of(JsonObject *parent, const char *member)
{
	JsonArray *array = json_array_new();
	json_object_set_array_member(parent, member, array);
	return array;
}

static JsonObject *item_of(JsonArray *array)
{
	JsonObject *object = json_object_new();
	json_array_add_object_element(array, object);
	return object;
}

static void add_kernel(JsonObject *root, const struct kernel *kernel)
{
	if (!kernel)
		return;
	JsonObject *object = json_object_new();
	json_object_set_object_member(root, "kernel", object);
	set_text(object, "format", kernel->format);
	set_text(object, "architecture",
	    kernel->known_architecture ? manifest_architecture_name(kernel->architecture)
	                               : kernel->other_architecture);
	set_text(object, "release", *kernel->release ? kernel->release : NULL);
}

static void add_drivers(JsonObject *root, const struct findings *findings)
{
	static const char *const states[] = {[DRIVER_MISSING] = "not found",
	    [DRIVER_BUILT_IN] = "built in",
	    [DRIVER_MODULE] = "module"};
	JsonArray *list = array_of(root, "drivers");
	for (unsigned i = 0; i < FINDINGS_DRIVERS; i++) {
		const struct driver *driver = &findings->drivers[i];
		JsonObject *item = item_of(list);
		set_text(item, "device", driver->device);
		set_text(item, "driver", states[driver->state]);
		if (driver->state != DRIVER_MISSING)
			set_text(item, "where", driver->where);
		else
			set_text(item, "without", driver->without);
	}
}

static void add_replacements(JsonObject *root, const struct findings *findings)
{
	JsonArray *list = array_of(root, "replaced");
	for (unsigned i = 0; i < findings->replacements->len; i++) {
		const struct replacement *replacement =
		    &g_array_index(findings->replacements, struct replacement, i);
		JsonObject *item = item_of(list);
		set_text(item, "node", replacement->node->path);
		set_text(item, "is", replacement->is);
		set_text(item, "becomes", replacement->becomes);
	}
}

/* Where the board had its devices, to name an address by: for the trace of a boot. */
static void add_nodes(JsonObject *root, const struct image *image, const struct findings *findings)
{
	JsonArray *list = array_of(root, "nodes");
	const struct devicetree *tree = image->devicetree;
	for (unsigned i = 0; tree && i < tree->count; i++) {
		const struct devicetree_node *node = &tree->nodes[i];
		if (!node->size)
			continue;
		JsonObject *item = item_of(list);
		set_text(item, "node", node->path);
		json_object_set_int_member(item, "base", (gint64)node->base);
		json_object_set_int_member(item, "size", (gint64)node->size);
		for (unsigned j = 0; j < findings->replacements->len; j++) {
			const struct replacement *replacement =
			    &g_array_index(findings->replacements, struct replacement, j);
			if (replacement->node == node)
				set_text(item, "becomes", replacement->becomes);
		}
	}
}

JsonObject *report_make(const struct image *image, const struct findings *findings)
{
	JsonObject *root = json_object_new();
	json_object_set_int_member(root, "format", 1);
	set_text(root, "system", findings->os);
	set_text(root, "shell", findings->shell);
	set_text(root, "openness", openness_name(findings->openness));
	set_text(root, "openness_means", openness_words(findings->openness));
	add_kernel(root, image->kernel);
	if (image->devicetree)
		set_text(root, "board",
		    *image->devicetree->model ? image->devicetree->model
		                              : image->devicetree->compatible);
	JsonArray *files = array_of(root, "files");
	for (unsigned i = 0; i < image->input_count; i++) {
		JsonObject *item = item_of(files);
		set_text(item, "file", image->inputs[i].name);
		set_text(item, "is", image_role_name(image->inputs[i].role));
	}
	JsonArray *evidence = array_of(root, "evidence");
	for (unsigned i = 0; i < findings->evidence->len; i++) {
		const struct evidence *one = g_ptr_array_index(findings->evidence, i);
		JsonObject *item = item_of(evidence);
		set_text(item, "where", one->where);
		set_text(item, "says", one->says);
	}
	add_drivers(root, findings);
	add_replacements(root, findings);
	add_nodes(root, image, findings);
	JsonArray *problems = array_of(root, "problems");
	for (unsigned i = 0; i < image->problems->len; i++) {
		g_autofree char *valid =
		    g_utf8_make_valid(g_ptr_array_index(image->problems, i), -1);
		json_array_add_string_element(problems, valid);
	}
	return root;
}

/* --- for people --- */

/* A report that came through a pipe may lack anything. */
static const char *text_of(JsonObject *object, const char *member)
{
	JsonNode *node = json_object_get_member(object, member);
	return node && json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node)
	                                                               : NULL;
}

static void say(GString *text, JsonObject *report, const char *member, const char *label)
{
	const char *value = text_of(report, member);
	if (value)
		g_string_append_printf(text, "%-10s %s\n", label, value);
}

/* A list of objects, a line each: "FIRST: SECOND". */
static void say_list(GString *text, JsonObject *report, const char *member, const char *title,
    const char *const columns[3])
{
	JsonNode *node = json_object_get_member(report, member);
	JsonArray *list = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
	if (!list || !json_array_get_length(list))
		return;
	g_string_append_printf(text, "\n%s\n", title);
	for (unsigned i = 0; i < json_array_get_length(list); i++) {
		JsonNode *element = json_array_get_element(list, i);
		if (!JSON_NODE_HOLDS_OBJECT(element))
			continue;
		JsonObject *item = json_node_get_object(element);
		const char *first = text_of(item, columns[0]), *second = text_of(item, columns[1]);
		const char *third = columns[2] ? text_of(item, columns[2]) : NULL;
		g_string_append_printf(text, "  %s: %s%s%s\n", first ? first : "?",
		    second ? second : "?", third ? ": " : "", third ? third : "");
	}
}

static void say_problems(GString *text, JsonObject *report)
{
	JsonNode *node = json_object_get_member(report, "problems");
	JsonArray *list = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
	for (unsigned i = 0; list && i < json_array_get_length(list); i++) {
		JsonNode *element = json_array_get_element(list, i);
		if (json_node_get_value_type(element) == G_TYPE_STRING)
			g_string_append_printf(text, "%s%s\n", i ? "  " : "\nProblems\n  ",
			    json_node_get_string(element));
	}
}

char *report_text(JsonObject *report)
{
	GString *text = g_string_new(NULL);
	say(text, report, "system", "system");
	say(text, report, "shell", "shell");
	say(text, report, "openness_means", "openness");
	say(text, report, "board", "board");
	say(text, report, "memory", "memory");
	say(text, report, "manifest_file", "manifest");
	say(text, report, "no_manifest", "manifest");
	say(text, report, "boot", "boot");
	say(text, report, "boot_jail_lacks", "boot jail");
	say_list(
	    text, report, "evidence", "Evidence", (const char *const[]){"where", "says", NULL});
	say_list(text, report, "drivers", "Drivers for the machine it gets",
	    (const char *const[]){"device", "driver", "where"});
	say_list(text, report, "replaced", "The board's devices become",
	    (const char *const[]){"node", "is", "becomes"});
	say_list(text, report, "bound", "Boot: which driver took which device",
	    (const char *const[]){"device", "state", "driver"});
	say_list(text, report, "nowhere", "Boot: accesses that went nowhere",
	    (const char *const[]){"address", "node", "advice"});
	say_problems(text, report);
	return g_string_free(text, FALSE);
}
