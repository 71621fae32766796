/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every daemon's main() needs: options --config FILE, --help, --help-config, --version; log;
 * signals; readiness.
 *
 *   int main(int argc, char **argv) {
 *           AUTO(daemon) daemon = daemon_new("poold", "data-centre manager", keys, argc, argv); //
 * exits on usage errors
 *           ... build the thing from daemon_config(daemon) ...
 *           return daemon_run(daemon);  // says ready, runs the main loop until SIGTERM or SIGINT
 *   }
 *
 * Readiness is sd_notify(3)'s protocol (READY=1, STOPPING=1 to $NOTIFY_SOCKET), understood by
 * systemd and by `qvmi up`. SIGPIPE is ignored. umask is 077. Core dumps of processes that hold
 * keys are switched off (PR_SET_DUMPABLE) by the caller.
 */
#pragma once

#include "common/config.h"
#include "common/http_server.h"

struct daemon;
struct daemon *daemon_new(
    const char *program, const char *summary, const struct config_key *keys, int argc, char **argv);
const struct config *daemon_config(const struct daemon *daemon);
/* Logs the error with what was being done, and exits with qvmi_error_exit_code(). For start-up
 * only. */
void daemon_fail(const char *doing, const GError *error) G_GNUC_NORETURN;
/* A text without which there is nothing to do: not set, it is named and the program ends. */
const char *daemon_require(const struct config *config, const char *group, const char *key);
/* For a daemon that people's browsers reach: HTTPS at listen.address and listen.port with
 * listen.certificate and listen.key, on loopback too, as a browser keeps a __Host- cookie for
 * nothing less; and the socket listen.unix, where it is set. */
bool daemon_listen(const struct config *config, struct http_server *server, GError **error);
/* Returns the exit code. */
int daemon_run(struct daemon *daemon);
void daemon_quit(struct daemon *daemon, int exit_code); /* ends daemon_run from a callback */
void daemon_free(struct daemon *daemon);
DEFINE_CLEANUP(daemon);
