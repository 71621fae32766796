/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/migration_wire.h"

#include "common/big_endian.h"

#define HEAD_SIZE 16

static bool has_payload(enum wire_kind kind)
{
	return kind == WIRE_NAME || kind == WIRE_DATA || kind == WIRE_TROUBLE;
}

bool wire_write(const struct migration_pipe *pipe, const struct wire_head *head,
    const void *payload, GError **error)
{
	uint8_t bytes[HEAD_SIZE] = {(uint8_t)head->kind, (uint8_t)head->file};
	big_endian_put32(bytes + 4, head->length);
	big_endian_put64(bytes + 8, head->offset);
	return pipe->write(pipe->data, bytes, sizeof(bytes), error) &&
	       (!has_payload(head->kind) || pipe->write(pipe->data, payload, head->length, error));
}

bool wire_read(const struct migration_pipe *pipe, struct wire_head *head, GError **error)
{
	uint8_t bytes[HEAD_SIZE];
	if (!pipe->read(pipe->data, bytes, sizeof(bytes), error))
		return false;
	*head = (struct wire_head){
	    bytes[0], bytes[1], big_endian_get32(bytes + 4), big_endian_get64(bytes + 8)};
	return true;
}
