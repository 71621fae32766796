/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How brokerd-realm finds the company's Kerberos and directory: names and paths, no secrets, so
 * they are its command line. All are strings; what is not set is NULL.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/cleanup.h"

struct realm_options {
	char *realm;       /* people of it sign in under their bare names */
	char *service;     /* our principal, "HTTP/broker.example.com" or with "@REALM" */
	char *keytab;      /* path of its keys */
	char *krb5_config; /* krb5.conf(5); NULL: the system's */
	char *replay_cache;
	char *servers;         /* ldap:// and ldaps:// URLs, by preference, with spaces between */
	char *first;           /* the server to begin with, as a number: the last one hung */
	char *ca;              /* PEM */
	char *bind;            /* "gssapi" (by the keytab) or "simple" */
	char *bind_dn;         /* of a simple bind */
	char *bind_password;   /* the file that has its password */
	char *people_base;     /* DN below which people are */
	char *person_filter;   /* RFC 4515, with %u and %p (ldap_filter.h) */
	char *group_base;      /* DN below which groups are; NULL: no groups */
	char *group_filter;    /* with %d */
	char *group_attribute; /* that names a group */
};

/* The command line: `program`, then "--name=value" for each that is set. Caller frees (strv). */
char **realm_options_to_argv(const struct realm_options *options, const char *program);
/* Strings are copied. QVMI_ERROR_INVALID names an argument that is none. */
bool realm_options_from_argv(struct realm_options *options, char **argv, GError **error);
void realm_options_copy(struct realm_options *to, const struct realm_options *from);
void realm_options_clear(struct realm_options *options);
