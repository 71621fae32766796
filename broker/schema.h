/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The broker's records, as migrations for database_open(). Times are seconds since the epoch. */
#pragma once

extern const char *const broker_schema[];
