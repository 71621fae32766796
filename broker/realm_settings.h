/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups [kerberos] and [directory] of brokerd's configuration. */
#pragma once

#include "broker/realm.h"
#include "common/config.h"

/* Their rows in the table of keys. */
/* clang-format off */
#define REALM_CONFIG_KEYS \
    {"kerberos", "realm", CONFIG_STRING, NULL, 0, 0, "people of this realm sign in under their bare names"}, \
    {"kerberos", "trusted-realms", CONFIG_STRING, NULL, 0, 0, "others, with spaces: users of the name alice@their.realm"}, \
    {"kerberos", "ignore-case", CONFIG_BOOL, "false", 0, 0, "names in lower case, as with Active Directory"}, \
    {"kerberos", "service", CONFIG_STRING, NULL, 0, 0, "our principal, HTTP/name-in-the-browser@REALM"}, \
    {"kerberos", "keytab", CONFIG_PATH, NULL, 0, 0, "its keys"}, \
    {"kerberos", "config", CONFIG_PATH, NULL, 0, 0, "krb5.conf; unset: the system's"}, \
    {"kerberos", "replay-cache", CONFIG_PATH, NULL, 0, 0, "file of used tickets; unset: the library's choice"}, \
    {"kerberos", "channel-binding", CONFIG_STRING, "offered", 0, 0, "tickets bound to TLS: required, offered, off (behind a proxy)"}, \
    {"kerberos", "program", CONFIG_PATH, NULL, 0, 0, "brokerd-realm (default: beside brokerd)"}, \
    {"kerberos", "deadline-ms", CONFIG_INT, "4500", 200, 60000, "who has no answer from KDC and directory by then gets 503"}, \
    {"kerberos", "processes", CONFIG_INT, "4", 1, 64, "that ask at a time, for each of KDC, tickets, directory"}, \
    {"directory", "servers", CONFIG_STRING, NULL, 0, 0, "ldap:// (StartTLS) and ldaps:// by preference; unset: none"}, \
    {"directory", "ca", CONFIG_PATH, NULL, 0, 0, "CA that their certificates must be of; unset: the system's"}, \
    {"directory", "bind", CONFIG_STRING, "gssapi", 0, 0, "gssapi (by the keytab) or simple"}, \
    {"directory", "bind-dn", CONFIG_STRING, NULL, 0, 0, "of a simple bind"}, \
    {"directory", "bind-password-file", CONFIG_PATH, NULL, 0, 0, "its password"}, \
    {"directory", "people-base", CONFIG_STRING, NULL, 0, 0, "DN below which people are"}, \
    {"directory", "person-filter", CONFIG_STRING, "(&(objectClass=person)(uid=%u))", 0, 0, "%u: name, %p: name@REALM; more conditions keep people out"}, \
    {"directory", "group-base", CONFIG_STRING, NULL, 0, 0, "DN below which groups are; unset: no groups"}, \
    {"directory", "group-filter", CONFIG_STRING, "(&(objectClass=groupOfNames)(member=%d))", 0, 0, "groups that hold the DN %d"}, \
    {"directory", "group-attribute", CONFIG_STRING, "cn", 0, 0, "that names a group"}, \
    {"directory", "admin-group", CONFIG_STRING, NULL, 0, 0, "whose people are administrators here; unset: nobody"}, \
    {"directory", "cache-s", CONFIG_INT, "300", 1, 86400, "what the directory said is believed so long"}
/* clang-format on */

/* NULL without error: kerberos.realm is not set. `certificate`: our TLS certificate, PEM. Borrows
 * the configuration. QVMI_ERROR_INVALID names what is missing or unknown. Caller frees. */
struct realm_settings *realm_settings_load(
    const struct config *config, const char *certificate, GError **error);
void realm_settings_free(struct realm_settings *settings);
DEFINE_CLEANUP(realm_settings);
