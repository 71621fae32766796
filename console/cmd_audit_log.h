/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs of `qvmi audit` that are about the audit log, for cmd_audit.c's table. */
#pragma once

#include "console/audit_log.h"
#include "console/cli.h"

bool cmd_audit_log(struct cli *cli, GError **error);
bool cmd_audit_verify(struct cli *cli, GError **error);
/* `own_files`: heads and key of the `qvmi up` here, where there is one, whatever the options. */
struct audit_log_check *cmd_audit_check(struct cli *cli, bool own_files, GError **error);
