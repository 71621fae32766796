/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Typed, checked access to JSON objects that came from outside, and short-hands to make new ones.
 * On json-glib.
 *
 * Getters: a missing or mistyped member is QVMI_ERROR_INVALID that names it. Strings are borrowed
 * from the object, are valid UTF-8, and longer than `max` bytes or empty where not allowed is an
 * error.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

const char *json_get_string(JsonObject *object, const char *member, size_t max, GError **error);
/* NULL without error when absent or null. */
const char *json_get_optional_string(
    JsonObject *object, const char *member, size_t max, GError **error);
bool json_get_int(
    JsonObject *object, const char *member, int64_t min, int64_t max, int64_t *out, GError **error);
bool json_get_optional_int(JsonObject *object, const char *member, int64_t min, int64_t max,
    int64_t fallback, int64_t *out, GError **error);
bool json_get_optional_bool(
    JsonObject *object, const char *member, bool fallback, bool *out, GError **error);
/* Refuses a member whose name is not among `known`, a list between blanks: a misspelt wish is not
 * to pass for none. */
bool json_check_members(JsonObject *object, const char *known, GError **error);
JsonObject *json_get_object(JsonObject *object, const char *member, GError **error); /* borrowed */
JsonObject *json_get_optional_object(JsonObject *object, const char *member, GError **error);
JsonArray *json_get_array(
    JsonObject *object, const char *member, unsigned max_length, GError **error);

/* A root object from text of at most `n` bytes; depth is bounded (32). Caller unrefs. */
JsonNode *json_parse_object(const char *text, gssize n, GError **error);
JsonNode *json_load_file(const char *path, size_t max, GError **error);
/* Pretty-printed, written to a temporary name, synced, renamed. */
bool json_store_file(const char *path, JsonNode *node, int mode, GError **error);

JsonNode *json_node_of(JsonObject *object);     /* takes the object */
JsonNode *json_node_of_array(JsonArray *array); /* takes the array */
char *json_text(JsonNode *node);                /* compact; caller frees */
