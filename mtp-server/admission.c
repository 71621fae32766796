/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/admission.h"

#include "common/error.h"
#include "mtp/tile.h"

#define CODECS_NEEDED (1u << MTP_TILE_SOLID | 1u << MTP_TILE_ZSTD)

static bool check_hello(
    const struct mtp_frame *frame, struct mtp_hello *hello, enum mtp_bye_code *code, GError **error)
{
	*code = MTP_BYE_PROTOCOL;
	if (frame->type != MTP_TYPE_HELLO) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the first message must be HELLO, not %s", mtp_type_name(frame->type));
		return false;
	}
	/* The versions come first in every version's HELLO, so they can be told even of one whose
	 * other fields are unknown here. */
	struct mtp_reader r = mtp_reader_of(frame->payload, frame->size);
	uint16_t least = mtp_read_u16(&r), most = mtp_read_u16(&r);
	if (!r.failed && (least > MTP_VERSION || most < MTP_VERSION)) {
		*code = MTP_BYE_VERSION;
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "this host speaks MTP %u, the client MTP %u to %u; update the %s", MTP_VERSION,
		    least, most, least > MTP_VERSION ? "host" : "client");
		return false;
	}
	if (!mtp_hello_decode(hello, frame->payload, frame->size)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "HELLO is cut short, or a field of it is out of bounds");
		return false;
	}
	if ((hello->codecs & CODECS_NEEDED) != CODECS_NEEDED) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "a client has to decode at least SOLID and ZSTD tiles");
		return false;
	}
	return true;
}

bool admission_check(const struct admission *admission, const struct mtp_frame *frame, int64_t now,
    struct admitted *admitted, enum mtp_bye_code *code, GError **error)
{
	struct mtp_hello hello;
	*admitted = (struct admitted){0};
	if (!check_hello(frame, &hello, code, error))
		return false;
	*code = MTP_BYE_GRANT;
	AUTO(grant)
	grant = grant_verify(grant_key_file_key(admission->keys), hello.grant.bytes,
	    hello.grant.size, admission->host, now, error);
	if (!grant || !grant_ledger_use(admission->ledger, grant, now, error))
		return false;
	/* What the broker signed is trusted to be from the broker, not to be short. */
	if (!g_uuid_string_is_valid(grant->phone) || strlen(grant->session) > MTP_MAX_SESSION) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the grant names no phone or session; tell your administrator");
		return false;
	}
	*code = MTP_BYE_NORMAL;
	admitted->grant = g_steal_pointer(&grant);
	admitted->model = g_strndup(hello.model.bytes, hello.model.size);
	admitted->version = MTP_VERSION;
	admitted->codecs = hello.codecs;
	admitted->place = (struct mtp_place){hello.token, hello.checksum, hello.sequence};
	admitted->terminal = (struct mtp_terminal){.width = hello.width,
	    .height = hello.height,
	    .dpi = hello.dpi,
	    .rotation = hello.rotation,
	    .scaling = hello.scaling,
	    .mode = hello.mode};
	devices_complete(admission->devices, admitted->model, &admitted->terminal);
	return true;
}

void admitted_clear(struct admitted *admitted)
{
	grant_free(admitted->grant);
	g_free(admitted->model);
	*admitted = (struct admitted){0};
}
