/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/schema.h"

#include <stddef.h>

const char *const pool_migrations[] = {
    "CREATE TABLE hosts ("
    " id TEXT PRIMARY KEY,"
    " url TEXT NOT NULL,"
    " mtpd_url TEXT,"
    " mtp_address TEXT NOT NULL,"
    " mtp_port INTEGER NOT NULL,"
    " websocket_port INTEGER NOT NULL);"

    "CREATE TABLE pools ("
    " name TEXT PRIMARY KEY,"
    " template TEXT NOT NULL,"
    " ready INTEGER NOT NULL,"
    " max INTEGER NOT NULL,"
    " volatile INTEGER NOT NULL,"
    " rule TEXT NOT NULL);"

    /* stage: creating, present, releasing, destroying (record_phone.h). pool NULL: made by hand. */
    "CREATE TABLE phones ("
    " uuid TEXT PRIMARY KEY,"
    " host TEXT NOT NULL REFERENCES hosts(id),"
    " pool TEXT REFERENCES pools(name),"
    " template TEXT NOT NULL,"
    " stage TEXT NOT NULL,"
    " owner TEXT,"
    " created INTEGER NOT NULL);"
    "CREATE INDEX phones_by_host ON phones(host);"
    "CREATE INDEX phones_by_pool ON phones(pool);"

    /* No reference to phones: a lease that ended outlives its phone. */
    "CREATE TABLE leases ("
    " id TEXT PRIMARY KEY,"
    " user TEXT NOT NULL,"
    " pool TEXT NOT NULL,"
    " slot TEXT NOT NULL,"
    " phone TEXT NOT NULL,"
    " since INTEGER NOT NULL,"
    " ended INTEGER,"
    " end_reason TEXT);"
    /* I2: at most one live lease a phone, and one a user, pool and slot. */
    "CREATE UNIQUE INDEX live_lease_of_phone ON leases(phone) WHERE ended IS NULL;"
    "CREATE UNIQUE INDEX live_lease_of_slot ON leases(user, pool, slot) WHERE ended IS NULL;"
    "CREATE INDEX leases_by_user ON leases(user);"

    /* I6: nothing is destroyed without one of these. */
    "CREATE TABLE orders ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " phone TEXT NOT NULL,"
    " host TEXT NOT NULL,"
    " what TEXT NOT NULL,"
    " why TEXT NOT NULL,"
    " who TEXT NOT NULL,"
    " at INTEGER NOT NULL,"
    " done INTEGER);"
    "CREATE INDEX orders_by_phone ON orders(phone);"
    "CREATE INDEX orders_open ON orders(done) WHERE done IS NULL;"

    /* I3: which lease or phone a request's Idempotency-Key has led to. */
    "CREATE TABLE request_keys ("
    " key TEXT PRIMARY KEY,"
    " digest TEXT NOT NULL,"
    " subject TEXT NOT NULL,"
    " at INTEGER NOT NULL);"
    "CREATE INDEX request_keys_by_time ON request_keys(at);",

    /* The host name that was wished for; NULL: the host makes one. */
    "ALTER TABLE phones ADD COLUMN name TEXT;",

    /* record_host.h */
    "ALTER TABLE hosts ADD COLUMN duty TEXT NOT NULL DEFAULT 'active';",
    /* A user's volume in a pool and slot (record_volume.h); one phone has at most one. */
    "ALTER TABLE pools ADD COLUMN volumes INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE volumes ("
    " id TEXT PRIMARY KEY,"
    " user TEXT NOT NULL,"
    " pool TEXT NOT NULL,"
    " slot TEXT NOT NULL,"
    " host TEXT NOT NULL REFERENCES hosts(id),"
    " phone TEXT,"
    " made INTEGER NOT NULL,"
    " created INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX volume_of_slot ON volumes(user, pool, slot);"
    "CREATE UNIQUE INDEX volume_of_phone ON volumes(phone) WHERE phone IS NOT NULL;",

    /* What its phones may reach (name.h); NULL: as each host has it. */
    "ALTER TABLE pools ADD COLUMN network TEXT;",
    /* The host that it is on its way to (move.h); NULL: it stays. */
    "ALTER TABLE phones ADD COLUMN moving_to TEXT;",
    NULL,
};
