/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/bye.h"

#include <glib.h>

size_t bye_write(enum mtp_bye_code code, const char *reason, uint8_t *bytes)
{
	g_autofree char *valid = g_utf8_make_valid(reason, -1);
	struct mtp_text text = mtp_text_of(valid);
	text.size = MIN(text.size, MTP_MAX_REASON);
	/* Not in the middle of a character. */
	while (text.size && !g_utf8_validate(text.bytes, (gssize)text.size, NULL))
		text.size--;
	struct mtp_writer w = mtp_writer_of(bytes, BYE_SIZE_MAX);
	mtp_message_encode(&(struct mtp_message){.type = MTP_TYPE_BYE,
	                       .bye = {.code = (uint16_t)code, .reason = text}},
	    &w);
	g_assert(!w.failed);
	return w.size;
}
