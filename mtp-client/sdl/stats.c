/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/stats.h"

void stats_init(struct stats *stats)
{
	*stats = (struct stats){.login_ms = -1,
	    .session_ms = -1,
	    .connect_ms = -1,
	    .first_frame_ms = -1,
	    .away_ms = -1,
	    .touches = g_array_new(FALSE, FALSE, sizeof(double)),
	    .marks = json_object_new(),
	    .begin_us = g_get_monotonic_time()};
}

void stats_finish(struct stats *stats)
{
	g_clear_pointer(&stats->touches, g_array_unref);
	g_clear_pointer(&stats->marks, json_object_unref);
}

void stats_touch(struct stats *stats, double ms)
{
	if (stats->touches->len < STATS_MAX_SAMPLES)
		g_array_append_val(stats->touches, ms);
}

void stats_mark(struct stats *stats, const char *name)
{
	if (json_object_get_size(stats->marks) < STATS_MAX_MARKS)
		json_object_set_double_member(
		    stats->marks, name, (double)(g_get_monotonic_time() - stats->begin_us) / 1000);
}

static gint by_value(gconstpointer a, gconstpointer b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double stats_median(const GArray *values)
{
	unsigned n = values->len;

	if (n == 0)
		return -1;
	g_autofree double *sorted = g_memdup2(values->data, n * sizeof(double));

	qsort(sorted, n, sizeof(double), by_value);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* What never happened is null: 0 would read as very fast. */
static void set_ms(JsonObject *object, const char *member, double ms)
{
	if (ms < 0)
		json_object_set_null_member(object, member);
	else
		json_object_set_double_member(object, member, ms);
}

JsonNode *stats_json(const struct stats *stats, const struct mtp_session_counters *counters)
{
	JsonObject *object = json_object_new(), *touches = json_object_new(),
	           *tiles = json_object_new();
	JsonArray *samples = json_array_new();
	JsonNode *node = json_node_new(JSON_NODE_OBJECT);

	set_ms(object, "login_ms", stats->login_ms);
	set_ms(object, "session_ms", stats->session_ms);
	set_ms(object, "connect_ms", stats->connect_ms);
	set_ms(object, "first_frame_ms", stats->first_frame_ms);
	set_ms(object, "away_ms", stats->away_ms);

	for (unsigned i = 0; i < stats->touches->len; i++)
		json_array_add_double_element(samples, g_array_index(stats->touches, double, i));
	set_ms(touches, "median", stats_median(stats->touches));
	json_object_set_array_member(touches, "samples", samples);
	json_object_set_object_member(object, "touch_to_change_ms", touches);

	json_object_set_int_member(object, "frames", (gint64)counters->updates);
	json_object_set_int_member(object, "bytes", (gint64)counters->bytes);
	for (unsigned kind = 0; kind < MTP_TILE_KINDS; kind++)
		json_object_set_int_member(
		    tiles, mtp_session_tile_name(kind), (gint64)counters->tiles[kind]);
	json_object_set_object_member(object, "tiles", tiles);
	json_object_set_int_member(object, "reconnects", stats->reconnects);
	json_object_set_object_member(object, "marks", json_object_ref(stats->marks));
	json_node_take_object(node, object);
	return node;
}
