/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs of each noun; cmd_NOUN.c. */
#pragma once

#include "console/cli.h"

extern const struct cli_verb status_verbs[];
extern const struct cli_verb host_verbs[];
extern const struct cli_verb template_verbs[];
extern const struct cli_verb vm_verbs[];
extern const struct cli_verb snapshot_verbs[];
extern const struct cli_verb volume_verbs[];
extern const struct cli_verb pool_verbs[];
extern const struct cli_verb user_verbs[];
extern const struct cli_verb package_verbs[];
extern const struct cli_verb plan_verbs[];
extern const struct cli_verb organisation_verbs[];
extern const struct cli_verb session_verbs[];
extern const struct cli_verb login_verbs[];
extern const struct cli_verb logout_verbs[];
extern const struct cli_verb audit_verbs[];
extern const struct cli_verb certificate_verbs[];
extern const struct cli_verb keys_verbs[];
