/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose phones need a template: in its folder a symbolic link to the state folder of each qvisord
 * that has phones of it. A daemon that runs holds a lock on its templates; the link speaks for
 * phones whose daemon does not run, to other daemons and to deploy/prune-cache. What counts is a
 * record below that folder that names the template. `template_folder` is the template's own. Main
 * thread.
 */
#pragma once

/* A failure is logged: the template is used all the same. */
void template_holder_add(const char *template_folder, const char *state_folder);
/* Unless a phone there still needs it. */
void template_holder_remove(const char *template_folder, const char *state_folder);
/* The state folder of a daemon, this one or another, whose phones need it; NULL: none. Caller
 * frees. */
char *template_holder_find(const char *template_folder);
