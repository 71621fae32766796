/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names across companies: an organisation is called by its domain (RFC 1123 2.1, in lower case, of
 * two labels or more), a person of it NAME@DOMAIN. Pure functions.
 */
#pragma once

#include <stdbool.h>

#define ORGANISATION_NAME_MAX 60 /* bytes; so that a person's name fits our records */
#define ORGANISATION_USER_MAX 64

bool organisation_name_is_valid(const char *domain);
/* The organisation of "alice@Company.Example", in lower case; NULL: the text names none. Caller
 * frees. */
char *organisation_name_of_typed(const char *typed);
/* Our user for a person that the organisation calls `username`: "alice", or with its own domain
 * behind. NULL: no such name here, or one of another domain. Caller frees. */
char *organisation_user(const char *domain, const char *username);
