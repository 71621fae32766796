/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON written as text, member after member, for answers that are long or asked for often: no tree
 * of nodes is built. Commas come by themselves. `member` is NULL within an array. What is opened
 * must be closed with the other bracket. RFC 8259.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

void json_write_open(GString *text, const char *member, char bracket); /* '{' or '[' */
void json_write_close(GString *text, char bracket);                    /* '}' or ']' */
/* What is no UTF-8 in it becomes U+FFFD; NULL is written as null. */
void json_write_string(GString *text, const char *member, const char *value);
void json_write_int(GString *text, const char *member, int64_t value);
/* With `decimals` digits, at most 9; what is no number is written as null. */
void json_write_number(GString *text, const char *member, double value, unsigned decimals);
void json_write_bool(GString *text, const char *member, bool value);
