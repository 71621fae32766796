/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/migration_wire.h"

#include <string.h>

#define HEAD_SIZE 16

static bool has_payload(enum wire_kind kind)
{
	return kind == WIRE_NAME || kind == WIRE_DATA || kind == WIRE_TROUBLE;
}

bool wire_write(const struct migration_pipe *pipe, const struct wire_head *head,
    const void *payload, GError **error)
{
	uint8_t bytes[HEAD_SIZE] = {(uint8_t)head->kind, (uint8_t)head->file};
	uint32_t length = GUINT32_TO_BE(head->length);
	uint64_t offset = GUINT64_TO_BE(head->offset);
	memcpy(bytes + 4, &length, sizeof(length));
	memcpy(bytes + 8, &offset, sizeof(offset));
	return pipe->write(pipe->data, bytes, sizeof(bytes), error) &&
	       (!has_payload(head->kind) || pipe->write(pipe->data, payload, head->length, error));
}

bool wire_read(const struct migration_pipe *pipe, struct wire_head *head, GError **error)
{
	uint8_t bytes[HEAD_SIZE];
	uint32_t length;
	uint64_t offset;
	if (!pipe->read(pipe->data, bytes, sizeof(bytes), error))
		return false;
	memcpy(&length, bytes + 4, sizeof(length));
	memcpy(&offset, bytes + 8, sizeof(offset));
	*head = (struct wire_head){
	    bytes[0], bytes[1], GUINT32_FROM_BE(length), GUINT64_FROM_BE(offset)};
	return true;
}
