/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has to show a second factor, as it is configured: "nobody", "everybody", or some of
 * "administrators" and "group:NAME" with commas between. Groups are the directory's, as recorded
 * at sign-in. Main thread.
 */
#pragma once

#include "broker/account.h"
#include "common/cleanup.h"

struct factor_policy;
/* QVMI_ERROR_INVALID says what may stand there. */
struct factor_policy *factor_policy_parse(const char *text, GError **error);
void factor_policy_free(struct factor_policy *policy);

bool factor_policy_is_nobody(const struct factor_policy *policy);
/* What cannot be found out is an error, not a no. */
bool factor_policy_needs(const struct factor_policy *policy, struct database *database,
    const struct account *account, bool *needs, GError **error);

DEFINE_CLEANUP(factor_policy);
