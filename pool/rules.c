/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/rules.h"

#include <stdbool.h>

#include "common/error.h"
#include "pool/name.h"

struct rules {
	char *program, *folder;
	GHashTable *children; /* name -> struct rule_child * */
	GHashTable *refused;  /* struct refusal * that are about to be told */
};

/* A call that reaches no child; told from the main loop like any other. */
struct refusal {
	struct rules *rules;
	guint source;
	rule_child_fn done;
	void *data;
};

static void refusal_free(struct refusal *r)
{
	if (r->source)
		g_source_remove(r->source);
	g_free(r);
}

struct rules *rules_new(const char *program, const char *folder)
{
	struct rules *rules = g_new0(struct rules, 1);

	rules->program = g_strdup(program);
	rules->folder = g_strdup(folder);
	rules->children =
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)rule_child_free);
	rules->refused = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)refusal_free, NULL);
	return rules;
}

/* Those that were about to be refused hear that we are ending instead. */
static void cancel_refused(struct rules *rules)
{
	g_autoptr(GError) gone =
	    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_CANCELLED, "the rules are being stopped");
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, rules->refused);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		struct refusal *r = key;

		r->done(NULL, gone, r->data);
	}
	g_hash_table_unref(rules->refused);
}

void rules_free(struct rules *rules)
{
	if (!rules)
		return;
	g_hash_table_unref(rules->children);
	cancel_refused(rules);
	g_free(rules->program);
	g_free(rules->folder);
	g_free(rules);
}

static char *script_path(struct rules *rules, const char *name)
{
	return g_strdup_printf("%s/%s.lua", rules->folder, name);
}

/* NULL: there cannot be one. */
static struct rule_child *child_of(struct rules *rules, const char *name)
{
	struct rule_child *child = g_hash_table_lookup(rules->children, name);
	g_autofree char *path = NULL;

	if (child || !rules->program || !name_check(name, "rule", NULL) ||
	    g_hash_table_size(rules->children) >= RULES_MAX)
		return child;
	path = script_path(rules, name);
	child = rule_child_new(rules->program, path);
	g_hash_table_insert(rules->children, g_strdup(name), child);
	return child;
}

void rules_prepare(struct rules *rules, const char *name)
{
	child_of(rules, name);
}

static gboolean is_unused(gpointer name, gpointer child, gpointer names)
{
	(void)child;
	return !g_strv_contains(names, name);
}

void rules_keep(struct rules *rules, const char *const *names)
{
	g_hash_table_foreach_remove(rules->children, is_unused, (gpointer)names);
}

bool rules_check(struct rules *rules, const char *name, GError **error)
{
	g_autofree char *path = NULL;

	if (!name_check(name, "rule", error))
		return false;
	if (!rules->program)
		return true;
	path = script_path(rules, name);
	if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "there is no rule '%s'; it would be the script %s", name, path);
	return false;
}

static gboolean refuse(gpointer data)
{
	struct refusal *r = data;
	g_autoptr(GError) error =
	    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "no rules are in use");
	rule_child_fn done = r->done;
	void *caller = r->data;

	r->source = 0;
	g_hash_table_remove(r->rules->refused, r);
	done(NULL, error, caller);
	return G_SOURCE_REMOVE;
}

void rules_call(struct rules *rules, const char *name, const char *function, JsonNode *input,
    rule_child_fn done, void *data)
{
	struct rule_child *child = child_of(rules, name);
	struct refusal *r;

	if (child) {
		rule_child_call(child, function, input, done, data);
		return;
	}
	json_node_unref(input);
	r = g_new(struct refusal, 1);
	*r = (struct refusal){.rules = rules, .done = done, .data = data};
	r->source = g_idle_add_full(G_PRIORITY_DEFAULT, refuse, r, NULL);
	g_hash_table_add(rules->refused, r);
}

void rules_complain(struct rules *rules, const char *name, const char *problem)
{
	struct rule_child *child = g_hash_table_lookup(rules->children, name);

	if (child)
		rule_child_complain(child, problem);
}

JsonObject *rules_status(struct rules *rules)
{
	JsonObject *status = json_object_new();
	GHashTableIter iter;
	gpointer name, child;

	json_object_set_string_member(status, "state", rules->program ? "ok" : "off");
	g_hash_table_iter_init(&iter, rules->children);
	while (g_hash_table_iter_next(&iter, &name, &child)) {
		const char *problem = rule_child_problem(child);
		g_autofree char *detail = NULL;

		if (!problem)
			continue;
		detail = g_strdup_printf("%s: %s", (char *)name, problem);
		json_object_set_string_member(status, "state", "failing");
		json_object_set_string_member(status, "detail", detail);
	}
	return status;
}
