/* SPDX-License-Identifier: GPL-2.0-or-later */
/* openapi.yaml, carried in the program. */
#pragma once

extern const char openapi_start[], openapi_end[];
