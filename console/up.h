/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `qvmi up`: the whole of QVMI on one machine, until Ctrl-C. */
#pragma once

#include "console/cli.h"

extern const struct cli_verb up_verbs[];
