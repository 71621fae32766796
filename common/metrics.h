/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters, gauges and histograms, served as Prometheus text (exposition format 0.0.4) by every
 * HTTP server at /metrics. Names carry base units (qvmi_phone_clone_seconds). At most 64 label
 * values a metric: beyond, "other". Main thread only.
 */
#pragma once

#include <glib.h>

struct metric;
/* Registered once, lives as long as the process. `label` may be NULL. */
struct metric *metric_counter(const char *name, const char *help, const char *label);
struct metric *metric_gauge(const char *name, const char *help, const char *label);
struct metric *metric_histogram(
    const char *name, const char *help, const double *bounds, unsigned n_bounds);
void metric_add(struct metric *metric, const char *label_value, double amount);
void metric_set(struct metric *metric, const char *label_value, double value);
void metric_observe(struct metric *metric, double value);
char *metrics_text(void); /* caller frees */

/* Figures that are read when they are asked for, and of which there are more than a label's 64
 * values: `collect` appends whole families, each once. One collector a process; NULL: none. */
typedef void (*metrics_collect_fn)(void *data, GString *text);
void metrics_set_collector(metrics_collect_fn collect, void *data);
/* For a collector: a family's head (`kind` "counter" or "gauge"), and then its samples. `label` may
 * be NULL. */
void metrics_append_family(GString *text, const char *name, const char *help, const char *kind);
void metrics_append_sample(
    GString *text, const char *name, const char *label, const char *label_value, double value);
