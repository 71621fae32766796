/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The templates of this host: folders NAME-KEY below template-folder. A name means its newest
 * template; an older one stays as long as phones need its files. Main thread.
 */
#pragma once

#include "qvisor/host.h"
#include "qvisor/template.h"

struct template_store;

/* Reads what is there, deletes what an interrupted build left, and starts to verify. Folders that
 * cannot be read are named in the log and left alone. */
struct template_store *template_store_open(struct host *host, GError **error);
void template_store_free(struct template_store *store);

/* Borrowed; QVMI_ERROR_NOT_FOUND. */
struct template *template_store_find(
    struct template_store *store, const char *name, GError **error);
/* By the last part of its folder's path; NULL if it is not there. */
struct template *template_store_find_folder(struct template_store *store, const char *base);
/* The newest that `fits`; NULL: none does. */
struct template *template_store_find_if(struct template_store *store,
    bool (*fits)(const struct template *template, void *data), void *data);

/* Starts to build what the manifest file says, unless it is there: the operation's result is the
 * template. A build of that name that runs already: QVMI_ERROR_CONFLICT. NULL with error when it
 * cannot even begin. */
struct operation *template_store_build(
    struct template_store *store, const char *manifest_path, bool force, GError **error);
/* Every template of that name. QVMI_ERROR_CONFLICT while phones use one. */
bool template_store_remove(struct template_store *store, const char *name, GError **error);
/* A phone begins or ends to need the template's files; superseded ones go with their last phone. */
void template_store_hold(struct template_store *store, struct template *template);
void template_store_release(struct template_store *store, struct template *template);

/* All, those being built included. Caller unrefs. */
JsonNode *template_store_json(struct template_store *store);

DEFINE_CLEANUP(template_store);
