/* SPDX-License-Identifier: MIT */
/*
 * The checksum by which both sides of a stream notice that their states have become different
 * (PROTOCOL.md, "DRAWN"): each tile folds in a part of every table, and which part moves on, so
 * that all of them are in it in time.
 */
#pragma once

#include "mtp/drawn.h"

/* After each tile. */
void drawn_checksum_fold(struct drawn *drawn);
