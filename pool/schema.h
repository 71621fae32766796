/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records' tables. A change is a new migration at the end, never an edit of an old one. */
#pragma once

/* For database_open(). */
extern const char *const pool_migrations[];
