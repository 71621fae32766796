/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The applications of the phone: what its desktop files offer, and starting one of them in the
 * user's graphical session (freedesktop.org Desktop Entry Specification 1.5).
 */
#pragma once

#include "agent/rpc.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define APPLICATION_ID_MAX 128 /* bytes in an id */
#define APPLICATION_LIST_MAX 200

struct application {
	char id[APPLICATION_ID_MAX + 1]; /* the desktop file's name without ".desktop" */
	char name[96];                   /* its untranslated Name= */
};

/* 1 to APPLICATION_ID_MAX letters, digits, '.', '_' and '-', beginning with a letter or digit. So
 * an id is never an option, a path or a shell word. */
bool application_id_is_valid(const char *id);

/* Reads one desktop file. False when it is none, or not to be shown in a phone's grid. */
bool application_read(
    struct application *application, const char *directory, const char *file_name);

/* The shown applications of directory, by id: an array of {"id","name"}, at most
 * APPLICATION_LIST_MAX. Never NULL. */
struct json_object *application_list(const char *directory);

/* Starts id, which must be in directory, in the graphical session of uid, through that user's
 * service manager, which knows the session's display. Returns once it has been started; RPC_FAILED
 * says why it could not be. */
bool application_launch(const char *directory, const char *id, uid_t uid, struct rpc_error *error);
