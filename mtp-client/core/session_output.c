/* SPDX-License-Identifier: MIT */
#include "mtp-client/core/session_private.h"

bool session_send(struct mtp_session *session, const struct mtp_message *message, size_t reserve)
{
	if (session->output_begin) { /* sent bytes make room */
		memmove(session->output, session->output + session->output_begin,
		    session->output_end - session->output_begin);
		session->output_end -= session->output_begin;
		session->output_begin = 0;
	}

	size_t room = MTP_SESSION_OUTPUT - session->output_end;

	if (room <= reserve)
		return false;

	struct mtp_writer w = mtp_writer_of(session->output + session->output_end, room - reserve);

	mtp_message_encode(message, &w);
	if (w.failed)
		return false;
	session->output_end += w.size;
	return true;
}

const uint8_t *mtp_session_output(const struct mtp_session *session, size_t *n)
{
	*n = session->output_end - session->output_begin;
	return session->output + session->output_begin;
}

void mtp_session_output_sent(struct mtp_session *session, size_t n)
{
	size_t queued = session->output_end - session->output_begin;

	session->output_begin += n < queued ? n : queued;
}

static bool send_live(
    struct mtp_session *session, const struct mtp_message *message, size_t reserve)
{
	return session->state == MTP_SESSION_LIVE && session_send(session, message, reserve);
}

bool mtp_session_pointer(
    struct mtp_session *session, uint16_t x, uint16_t y, uint8_t buttons, int8_t wheel)
{
	const struct mtp_message message = {
	    .type = MTP_TYPE_POINTER, .pointer = {x, y, buttons, wheel}};
	/* POINTER is the whole state, so one that came too late is made good by the next. */
	bool movement = wheel == 0 && buttons == session->buttons;

	if (!send_live(session, &message, movement ? MTP_SESSION_OUTPUT / 2 : OUTPUT_FOR_ACKS))
		return false;
	session->buttons = buttons;
	return true;
}

bool mtp_session_touch(
    struct mtp_session *session, enum mtp_touch_phase phase, uint8_t slot, uint16_t x, uint16_t y)
{
	const struct mtp_message message = {
	    .type = MTP_TYPE_TOUCH, .touch = {(uint8_t)phase, slot, x, y}};

	return slot < session->touch_points &&
	       send_live(session, &message,
	           phase == MTP_TOUCH_MOVE ? MTP_SESSION_OUTPUT / 2 : OUTPUT_FOR_ACKS);
}

bool mtp_session_key(struct mtp_session *session, uint16_t code, bool down)
{
	const struct mtp_message message = {.type = MTP_TYPE_KEY, .key = {code, down}};

	return send_live(session, &message, OUTPUT_FOR_ACKS);
}

bool mtp_session_terminal(struct mtp_session *session, const struct mtp_terminal *terminal)
{
	const struct mtp_message message = {.type = MTP_TYPE_TERMINAL, .terminal = *terminal};

	return send_live(session, &message, OUTPUT_FOR_ACKS);
}

bool mtp_session_refresh(struct mtp_session *session)
{
	const struct mtp_message message = {.type = MTP_TYPE_REFRESH};

	return send_live(session, &message, OUTPUT_FOR_ACKS);
}

bool mtp_session_read(struct mtp_session *session, uint32_t id)
{
	const struct mtp_message message = {.type = MTP_TYPE_READ, .read = {id}};

	return send_live(session, &message, OUTPUT_FOR_ACKS);
}

bool mtp_session_ping(struct mtp_session *session, uint64_t nonce)
{
	const struct mtp_message message = {.type = MTP_TYPE_PING, .ping = {nonce}};

	return send_live(session, &message, OUTPUT_FOR_ACKS);
}

bool mtp_session_bye(struct mtp_session *session, uint16_t code, const char *reason)
{
	const struct mtp_message message = {
	    .type = MTP_TYPE_BYE, .bye = {code, mtp_text_of(reason)}};
	bool sent = send_live(session, &message, 0);

	session_end(session, code, reason, strlen(reason));
	return sent;
}
