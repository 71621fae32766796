/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/record_order.h"

bool order_record_insert(struct database *db, const struct order_record *o, GError **error)
{
	return database_exec(db, error,
	    "INSERT INTO orders (phone, host, what, why, who, at) VALUES (?, ?, ?, ?, ?, ?)",
	    "sssssi", o->phone, o->host, o->what, o->why, o->who, o->at);
}

bool order_record_done(struct database *db, const char *phone, int64_t now, GError **error)
{
	return database_exec(db, error,
	    "UPDATE orders SET done = ? WHERE phone = ? AND done IS NULL", "is", now, phone);
}

bool order_record_open(struct database *db, const char *phone, bool *open, GError **error)
{
	AUTO(rows)
	rows = database_query(
	    db, error, "SELECT count(*) FROM orders WHERE phone = ? AND done IS NULL", "s", phone);

	if (!rows || !rows_next(rows, error))
		return false;
	*open = rows_int(rows, 0) > 0;
	return true;
}

int order_record_count_open(struct database *db, GError **error)
{
	AUTO(rows)
	rows = database_query(db, error, "SELECT count(*) FROM orders WHERE done IS NULL", "");

	if (!rows || !rows_next(rows, error))
		return -1;
	return (int)rows_int(rows, 0);
}

bool order_record_each(struct database *db, const char *phone, int64_t before, int limit,
    order_record_fn each, void *data, GError **error)
{
	g_autoptr(GError) e = NULL;
	AUTO(rows)
	rows = database_query(db, error,
	    "SELECT id, phone, host, what, why, who, at, done FROM orders"
	    " WHERE (?1 IS NULL OR phone = ?1) AND (?2 = 0 OR id < ?2)"
	    " ORDER BY id DESC LIMIT ?3",
	    "sii", phone, before, (int64_t)limit);

	if (!rows)
		return false;
	while (rows_next(rows, &e)) {
		struct order_record order = {
		    .id = rows_int(rows, 0),
		    .phone = rows_string(rows, 1),
		    .host = rows_string(rows, 2),
		    .what = rows_string(rows, 3),
		    .why = rows_string(rows, 4),
		    .who = rows_string(rows, 5),
		    .at = rows_int(rows, 6),
		    .done = rows_is_null(rows, 7) ? 0 : rows_int(rows, 7),
		};

		each(&order, data);
	}
	if (e) {
		g_propagate_error(error, g_steal_pointer(&e));
		return false;
	}
	return true;
}
