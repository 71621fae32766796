/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/schema.h"

#include <stddef.h>

const char *const broker_schema[] = {
    /*
     * users: names are compared without case (ASCII), because a phone's keyboard likes to begin
     * with a capital. password: PHC string (password.h).
     * tokens: digest is the SHA-256 of the token; the token itself is nowhere.
     * sessions: no reference to users or packages, since a record of what was outlives both.
     */
    "CREATE TABLE users ("
    "  name TEXT PRIMARY KEY COLLATE NOCASE,"
    "  password TEXT NOT NULL,"
    "  admin INTEGER NOT NULL CHECK (admin IN (0, 1)),"
    "  created INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE packages ("
    "  id TEXT PRIMARY KEY,"
    "  name TEXT NOT NULL,"
    "  kind TEXT NOT NULL CHECK (kind IN ('phone', 'application')),"
    "  pool TEXT NOT NULL,"
    "  application TEXT,"
    "  icon TEXT NOT NULL,"
    "  created INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE package_grants ("
    "  package TEXT NOT NULL REFERENCES packages (id) ON DELETE CASCADE,"
    "  user TEXT NOT NULL COLLATE NOCASE REFERENCES users (name) ON DELETE CASCADE,"
    "  created INTEGER NOT NULL,"
    "  PRIMARY KEY (package, user)"
    ") STRICT;"
    "CREATE INDEX package_grants_user ON package_grants (user);"
    "CREATE TABLE tokens ("
    "  digest TEXT PRIMARY KEY,"
    "  user TEXT NOT NULL COLLATE NOCASE REFERENCES users (name) ON DELETE CASCADE,"
    "  created INTEGER NOT NULL,"
    "  expires INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX tokens_user ON tokens (user, created);"
    "CREATE TABLE sessions ("
    "  id TEXT PRIMARY KEY,"
    "  user TEXT NOT NULL COLLATE NOCASE,"
    "  token TEXT NOT NULL,"
    "  package TEXT NOT NULL,"
    "  terminal_model TEXT,"
    "  terminal_width INTEGER NOT NULL,"
    "  terminal_height INTEGER NOT NULL,"
    "  idempotency_key TEXT,"
    "  state TEXT NOT NULL CHECK (state IN ('allocating', 'open', 'closed', 'failed')),"
    "  reason TEXT,"
    "  lease TEXT,"
    "  phone TEXT,"
    "  host TEXT,"
    "  created INTEGER NOT NULL,"
    "  ended INTEGER,"
    "  UNIQUE (user, idempotency_key)"
    ") STRICT;"
    "CREATE INDEX sessions_user ON sessions (user, created);"
    "CREATE INDEX sessions_state ON sessions (state, created);"
    "CREATE INDEX sessions_token ON sessions (token);",
    /* stream_ended: no stream of a session that has ended goes on, or can begin. */
    "ALTER TABLE sessions ADD COLUMN stream_ended INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX sessions_streaming ON sessions (ended) WHERE NOT stream_ended;",
    /*
     * A user has a password or, with Kerberos, a principal; checked: when the directory was asked.
     * package_holders: who has which package, in person or as one of a group or unit.
     */
    "ALTER TABLE users ADD COLUMN principal TEXT;"
    "ALTER TABLE users ADD COLUMN full_name TEXT;"
    "ALTER TABLE users ADD COLUMN manager TEXT;"
    "ALTER TABLE users ADD COLUMN checked INTEGER NOT NULL DEFAULT 0;"
    "CREATE UNIQUE INDEX users_principal ON users (principal) WHERE principal IS NOT NULL;"
    "CREATE TABLE memberships ("
    "  user TEXT NOT NULL COLLATE NOCASE REFERENCES users (name) ON DELETE CASCADE,"
    "  kind TEXT NOT NULL CHECK (kind IN ('group', 'unit')),"
    "  name TEXT NOT NULL COLLATE NOCASE,"
    "  PRIMARY KEY (user, kind, name)"
    ") STRICT;"
    "CREATE TABLE package_audiences ("
    "  package TEXT NOT NULL REFERENCES packages (id) ON DELETE CASCADE,"
    "  kind TEXT NOT NULL CHECK (kind IN ('group', 'unit')),"
    "  name TEXT NOT NULL COLLATE NOCASE,"
    "  created INTEGER NOT NULL,"
    "  PRIMARY KEY (package, kind, name)"
    ") STRICT;"
    "CREATE VIEW package_holders AS"
    "  SELECT package, user FROM package_grants UNION"
    "  SELECT a.package, m.user FROM package_audiences a"
    "    JOIN memberships m ON m.kind = a.kind AND m.name = a.name;",
    /*
     * client_key: the terminal's public one; resumption: generation of the token that is out;
     * mtp_*, websocket_port: where the phone is, so that who comes back need not wait for the pool.
     */
    "ALTER TABLE sessions ADD COLUMN client_key TEXT;"
    "ALTER TABLE sessions ADD COLUMN resumption INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE sessions ADD COLUMN mtp_address TEXT;"
    "ALTER TABLE sessions ADD COLUMN mtp_port INTEGER;"
    "ALTER TABLE sessions ADD COLUMN websocket_port INTEGER;",
    /*
     * second_factors: secret is sealed (secret_key.h); used: the last step whose code was shown.
     * recovery_codes: mac is an HMAC of salt and code. devices: digest is the SHA-256 of a name.
     */
    "CREATE TABLE second_factors ("
    "  user TEXT PRIMARY KEY COLLATE NOCASE REFERENCES users (name) ON DELETE CASCADE,"
    "  secret BLOB NOT NULL,"
    "  recovery_salt BLOB NOT NULL,"
    "  used INTEGER NOT NULL,"
    "  created INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE recovery_codes ("
    "  user TEXT NOT NULL COLLATE NOCASE REFERENCES second_factors (user) ON DELETE CASCADE,"
    "  mac TEXT NOT NULL,"
    "  PRIMARY KEY (user, mac)"
    ") STRICT;"
    "CREATE TABLE devices ("
    "  digest TEXT PRIMARY KEY,"
    "  user TEXT NOT NULL COLLATE NOCASE REFERENCES users (name) ON DELETE CASCADE,"
    "  used INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX devices_user ON devices (user, used);",
    /* package_policies: a package without a row has what session_policy_load() says. */
    "CREATE TABLE package_policies ("
    "  package TEXT PRIMARY KEY REFERENCES packages (id) ON DELETE CASCADE,"
    "  second_terminal TEXT NOT NULL"
    "    CHECK (second_terminal IN ('share', 'take-over', 'look-on')),"
    "  sessions INTEGER NOT NULL,"
    "  duration_s INTEGER NOT NULL"
    ") STRICT;",
    /*
     * People whom another company vouches for: by (issuer, subject), never by name. assertions:
     * those that were used, until they expire. Packages are subscribed by organisation and plan,
     * too; a plan is held by a person or by a whole organisation.
     */
    "CREATE TABLE identities ("
    "  issuer TEXT NOT NULL,"
    "  subject TEXT NOT NULL,"
    "  organisation TEXT NOT NULL,"
    "  user TEXT NOT NULL UNIQUE COLLATE NOCASE REFERENCES users (name) ON DELETE CASCADE,"
    "  PRIMARY KEY (issuer, subject)"
    ") STRICT;"
    "CREATE INDEX identities_organisation ON identities (organisation);"
    "CREATE TABLE assertions ("
    "  id TEXT PRIMARY KEY,"
    "  expires INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX assertions_expires ON assertions (expires);"
    "CREATE TABLE plan_users ("
    "  plan TEXT NOT NULL COLLATE NOCASE,"
    "  user TEXT NOT NULL COLLATE NOCASE REFERENCES users (name) ON DELETE CASCADE,"
    "  created INTEGER NOT NULL,"
    "  PRIMARY KEY (plan, user)"
    ") STRICT;"
    "CREATE INDEX plan_users_user ON plan_users (user);"
    "CREATE TABLE plan_organisations ("
    "  plan TEXT NOT NULL COLLATE NOCASE,"
    "  organisation TEXT NOT NULL COLLATE NOCASE,"
    "  created INTEGER NOT NULL,"
    "  PRIMARY KEY (plan, organisation)"
    ") STRICT;"
    "DROP VIEW package_holders;"
    "ALTER TABLE package_audiences RENAME TO old_audiences;"
    "CREATE TABLE package_audiences ("
    "  package TEXT NOT NULL REFERENCES packages (id) ON DELETE CASCADE,"
    "  kind TEXT NOT NULL CHECK (kind IN ('group', 'unit', 'organisation', 'plan')),"
    "  name TEXT NOT NULL COLLATE NOCASE,"
    "  created INTEGER NOT NULL,"
    "  PRIMARY KEY (package, kind, name)"
    ") STRICT;"
    "INSERT INTO package_audiences SELECT * FROM old_audiences;"
    "DROP TABLE old_audiences;"
    "CREATE VIEW package_holders AS"
    "  SELECT package, user FROM package_grants UNION"
    "  SELECT a.package, m.user FROM package_audiences a"
    "    JOIN memberships m ON m.kind = a.kind AND m.name = a.name UNION"
    "  SELECT a.package, i.user FROM package_audiences a"
    "    JOIN identities i ON a.kind = 'organisation' AND i.organisation = a.name UNION"
    "  SELECT a.package, p.user FROM package_audiences a"
    "    JOIN plan_users p ON a.kind = 'plan' AND p.plan = a.name UNION"
    "  SELECT a.package, i.user FROM package_audiences a"
    "    JOIN plan_organisations p ON a.kind = 'plan' AND p.plan = a.name"
    "    JOIN identities i ON i.organisation = p.organisation;",
    /* Of many sessions few are live, and those are what is asked for. */
    "CREATE INDEX sessions_live ON sessions (user, created) WHERE state IN ('allocating', 'open');",
    NULL,
};
