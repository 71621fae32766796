/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The heads between the two sides of migration_files.h. */
#pragma once

#include "qvisor/migration_files.h"

#define WIRE_TEXT_MAX 1024
#define WIRE_OFFSET_MAX ((uint64_t)1 << 44)

enum wire_kind {
	WIRE_NAME = 'N',      /* payload: name of `file` from now on */
	WIRE_DATA = 'D',      /* payload: its bytes at `offset`, a chunk at most */
	WIRE_ZERO = 'Z',      /* its `length` bytes at `offset` are zero */
	WIRE_SIZE = 'T',      /* it ends at `offset` */
	WIRE_SYNC = 'S',      /* end of a pass; answered alike. offset 1: to the disk */
	WIRE_HAND_OVER = 'H', /* answered alike when it is done */
	WIRE_TROUBLE = 'E',   /* an answer: payload in words */
};

struct wire_head {
	enum wire_kind kind;
	unsigned file;
	uint32_t length;
	uint64_t offset;
};

bool wire_write(const struct migration_pipe *pipe, const struct wire_head *head,
    const void *payload, GError **error);
bool wire_read(const struct migration_pipe *pipe, struct wire_head *head, GError **error);
