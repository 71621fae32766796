/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/metrics.h"

#include <string.h>

#define LABEL_VALUES_MAX 64
#define BOUNDS_MAX 24

enum kind { COUNTER, GAUGE, HISTOGRAM };

struct metric {
	enum kind kind;
	const char *name, *help, *label; /* the caller's, live as long as the process */
	GHashTable *values;              /* label value ("" without label) -> double * */
	double bounds[BOUNDS_MAX], sum;
	guint64 buckets[BOUNDS_MAX + 1], count;
	unsigned n_bounds;
};

/* The one registry of the process, as there is one /metrics. */
static GPtrArray *registry;
static metrics_collect_fn collector;
static void *collector_data;

static struct metric *metric_new(
    enum kind kind, const char *name, const char *help, const char *label)
{
	struct metric *metric = g_new0(struct metric, 1);

	metric->kind = kind;
	metric->name = name;
	metric->help = help;
	metric->label = label;
	metric->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (!registry)
		registry = g_ptr_array_new();
	g_ptr_array_add(registry, metric);
	if (!label && kind != HISTOGRAM)
		g_hash_table_insert(metric->values, g_strdup(""), g_new0(double, 1));
	return metric;
}

struct metric *metric_counter(const char *name, const char *help, const char *label)
{
	return metric_new(COUNTER, name, help, label);
}

struct metric *metric_gauge(const char *name, const char *help, const char *label)
{
	return metric_new(GAUGE, name, help, label);
}

struct metric *metric_histogram(
    const char *name, const char *help, const double *bounds, unsigned n_bounds)
{
	struct metric *metric = metric_new(HISTOGRAM, name, help, NULL);

	metric->n_bounds = MIN(n_bounds, BOUNDS_MAX);
	memcpy(metric->bounds, bounds, metric->n_bounds * sizeof(*bounds));
	return metric;
}

static double *value_of(struct metric *metric, const char *label_value)
{
	const char *key = metric->label && label_value ? label_value : "";
	double *value = g_hash_table_lookup(metric->values, key);

	if (!value && g_hash_table_size(metric->values) >= LABEL_VALUES_MAX) {
		key = "other";
		value = g_hash_table_lookup(metric->values, key);
	}
	if (!value) {
		value = g_new0(double, 1);
		g_hash_table_insert(metric->values, g_strdup(key), value);
	}
	return value;
}

void metric_add(struct metric *metric, const char *label_value, double amount)
{
	*value_of(metric, label_value) += amount;
}

void metric_set(struct metric *metric, const char *label_value, double value)
{
	*value_of(metric, label_value) = value;
}

void metric_observe(struct metric *metric, double value)
{
	unsigned i = 0;

	while (i < metric->n_bounds && value > metric->bounds[i])
		i++;
	metric->buckets[i]++;
	metric->count++;
	metric->sum += value;
}

static void append_number(GString *text, double value)
{
	char number[G_ASCII_DTOSTR_BUF_SIZE]; /* the locale's decimal comma is not wanted */
	g_string_append(text, g_ascii_formatd(number, sizeof(number), "%.15g", value));
	g_string_append_c(text, '\n');
}

void metrics_append_family(GString *text, const char *name, const char *help, const char *kind)
{
	g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

/* Backslash, quote and line break; the rest is UTF-8 as it is. */
static void append_label_value(GString *text, const char *value)
{
	for (; *value; value++)
		if (*value == '\n')
			g_string_append(text, "\\n");
		else if (*value == '"' || *value == '\\')
			g_string_append_printf(text, "\\%c", *value);
		else
			g_string_append_c(text, *value);
}

void metrics_append_sample(
    GString *text, const char *name, const char *label, const char *label_value, double value)
{
	g_string_append(text, name);
	if (label) {
		g_string_append_printf(text, "{%s=\"", label);
		append_label_value(text, label_value);
		g_string_append(text, "\"}");
	}
	g_string_append_c(text, ' ');
	append_number(text, value);
}

static void append_values(GString *text, const struct metric *metric)
{
	g_autoptr(GList) keys =
	    g_list_sort(g_hash_table_get_keys(metric->values), (GCompareFunc)strcmp);

	for (GList *key = keys; key; key = key->next)
		metrics_append_sample(text, metric->name, metric->label, key->data,
		    *(double *)g_hash_table_lookup(metric->values, key->data));
}

static void append_histogram(GString *text, const struct metric *metric)
{
	guint64 below = 0;

	for (unsigned i = 0; i < metric->n_bounds; i++) {
		char bound[G_ASCII_DTOSTR_BUF_SIZE];
		below += metric->buckets[i];
		g_string_append_printf(text, "%s_bucket{le=\"%s\"} %" G_GUINT64_FORMAT "\n",
		    metric->name, g_ascii_formatd(bound, sizeof(bound), "%.15g", metric->bounds[i]),
		    below);
	}
	g_string_append_printf(text, "%s_bucket{le=\"+Inf\"} %" G_GUINT64_FORMAT "\n%s_sum ",
	    metric->name, metric->count, metric->name);
	append_number(text, metric->sum);
	g_string_append_printf(
	    text, "%s_count %" G_GUINT64_FORMAT "\n", metric->name, metric->count);
}

void metrics_set_collector(metrics_collect_fn collect, void *data)
{
	collector = collect;
	collector_data = data;
}

char *metrics_text(void)
{
	static const char *const kinds[] = {"counter", "gauge", "histogram"};
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; registry && i < registry->len; i++) {
		const struct metric *metric = g_ptr_array_index(registry, i);
		metrics_append_family(text, metric->name, metric->help, kinds[metric->kind]);
		if (metric->kind == HISTOGRAM)
			append_histogram(text, metric);
		else
			append_values(text, metric);
	}
	if (collector)
		collector(collector_data, text);
	return g_string_free(text, FALSE);
}
