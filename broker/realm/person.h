/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the directory says of a person: name, manager, the groups he is in, also by way of other
 * groups (bounded, and cycles end), and the organisational units that hold him.
 */
#pragma once

#include "broker/realm/directory.h"
#include "broker/realm/message.h"

#define PERSON_GROUP_DEPTH 10

/* Caller frees. Refused: nobody, or more than one, matches. */
struct realm_answer *person_look_up(
    struct directory *directory, const struct realm_options *options, const char *principal);

/* The units of a DN (RFC 4514) below `base`, from the top: for ou=Europe,ou=Sales,BASE "Sales" and
 * "Sales/Europe". Caller frees (strv). */
char **person_units(const char *dn, const char *base);
