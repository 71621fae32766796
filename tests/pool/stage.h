/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A manager on records of its own, between two simulated hosts. Included once a test program. */
#pragma once

#include <unistd.h>

#include "pool/manager.h"
#include "pool/record_lease.h"
#include "pool/record_order.h"
#include "pool/record_phone.h"
#include "pool/schema.h"
#include "pool/work.h"
#include "pool/worker.h"
#include "tests/pool/simulated_host.h"

struct stage {
	char *folder, *path;
	struct simulated_host *hosts[3];
	struct manager *m;
};

static void stage_manager(struct stage *s)
{
	g_autoptr(GError) error = NULL;
	struct manager_options options = {.db = database_open(s->path, pool_migrations, &error),
	    .rules = rules_new(NULL, NULL),
	    .world = world_real(),
	    .connect = simulated_connect,
	    .connect_data = s->hosts,
	    .interval_ms = 10};

	g_assert_no_error(error);
	s->m = manager_new(&options, &error);
	g_assert_no_error(error);
}

/* The manager ends as if killed: nothing is finished, nothing undone. */
static inline void stage_restart(struct stage *s)
{
	manager_free(s->m);
	stage_manager(s);
}

static void stage_host(struct stage *s, const char *id)
{
	g_autofree char *text = g_strdup_printf("{\"id\":\"%s\",\"url\":\"unix:/nowhere\","
	                                        "\"mtp\":{\"port\":1,\"websocket_port\":2}}",
	    id);
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) node = json_parse_object(text, -1, &error);
	struct host_record *record = host_record_parse(json_node_get_object(node), &error);

	g_assert_no_error(error);
	g_assert_true(manager_add_host(s->m, record, &error));
}

static void stage_pool(struct stage *s, int ready, int max, bool volatile_phones)
{
	struct pool_record pool = {.name = (char *)"p",
	    .template = (char *)"phone",
	    .ready = ready,
	    .max = max,
	    .volatile_phones = volatile_phones,
	    .rule = (char *)"allocate"};

	g_assert_true(pool_record_save(s->m->db, &pool, NULL));
	worker_soon(s->m);
}

static void stage_up(struct stage *s, int ready, int max, bool volatile_phones)
{
	*s = (struct stage){.folder = g_dir_make_tmp("qvmi-pool-XXXXXX", NULL)};
	s->path = g_build_filename(s->folder, "pool.db", NULL);
	s->hosts[0] = simulated_host_new("host-1");
	s->hosts[1] = simulated_host_new("host-2");
	stage_manager(s);
	stage_host(s, "host-1");
	stage_pool(s, ready, max, volatile_phones);
}

static void stage_down(struct stage *s)
{
	static const char *const files[] = {"pool.db", "pool.db-wal", "pool.db-shm"};

	manager_free(s->m);
	simulated_host_free(s->hosts[0]);
	simulated_host_free(s->hosts[1]);
	for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *file = g_build_filename(s->folder, files[i], NULL);

		unlink(file);
	}
	g_assert_cmpint(rmdir(s->folder), ==, 0);
	g_free(s->folder);
	g_free(s->path);
}

/* Runs the main loop until the condition holds, at most a minute. */
#define run_until(condition)                                                                       \
	do {                                                                                       \
		gint64 end_ = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;                        \
		guint tick_ = g_timeout_add(5, keep_running, NULL);                                \
		while (!(condition)) {                                                             \
			if (g_get_monotonic_time() > end_)                                         \
				g_error("%s:%d: not within a minute: %s", __FILE__, __LINE__,      \
				    #condition);                                                   \
			g_main_context_iteration(NULL, TRUE);                                      \
		}                                                                                  \
		g_source_remove(tick_);                                                            \
	} while (0)

static gboolean keep_running(gpointer data)
{
	(void)data;
	return G_SOURCE_CONTINUE;
}

static gboolean raise_flag(gpointer data)
{
	*(bool *)data = true;
	return G_SOURCE_REMOVE;
}

static inline void run_for(guint ms)
{
	bool over = false;

	g_timeout_add(ms, raise_flag, &over);
	run_until(over);
}

static inline int64_t ask_number(struct stage *s, const char *sql)
{
	g_autoptr(GError) error = NULL;
	AUTO(rows) rows = database_query(s->m->db, &error, sql, "");

	g_assert_no_error(error);
	g_assert_true(rows_next(rows, &error));
	return rows_int(rows, 0);
}

static inline int64_t ready_phones(struct stage *s)
{
	return ask_number(s, "SELECT count(*) FROM phones p WHERE stage = 'present' AND owner IS "
	                     "NULL AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.phone = p.uuid "
	                     "AND l.ended IS NULL)");
}

/* I1, I2 and I6 as far as records and the host can tell; after the dust has settled. */
static inline void check_invariants(struct stage *s)
{
	int64_t truth = 0;

	for (unsigned i = 0; s->hosts[i]; i++)
		truth += g_hash_table_size(s->hosts[i]->phones);
	g_assert_cmpint(ask_number(s, "SELECT count(*) FROM phones"), ==, truth);
	g_assert_cmpint(ask_number(s, "SELECT count(*) FROM (SELECT phone FROM leases WHERE ended "
	                              "IS NULL GROUP BY phone HAVING count(*) > 1)"),
	    ==, 0);
	g_assert_cmpint(
	    ask_number(s, "SELECT count(*) FROM leases l WHERE ended IS NULL AND NOT EXISTS "
	                  "(SELECT 1 FROM phones p WHERE p.uuid = l.phone)"),
	    ==, 0);
	g_assert_cmpint(ask_number(s, "SELECT count(*) FROM orders WHERE done IS NULL"), ==, 0);
	/* Every phone that is gone has its order. */
	g_assert_cmpint(ask_number(s, "SELECT count(DISTINCT phone) FROM orders"), >=,
	    s->hosts[0]->destructions + s->hosts[1]->destructions);
}
