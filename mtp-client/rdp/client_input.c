/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/rdp/client_input.h"

#include <sys/socket.h>

#include "mtp-client/rdp/scancode.h"
#include "mtp/messages.h"

bool client_say(const struct client_context *client, const struct link_packet *packet)
{
	return send(client->link, packet, sizeof *packet, MSG_NOSIGNAL) == sizeof *packet;
}

static BOOL on_key(rdpInput *input, UINT16 flags, UINT8 code)
{
	const struct link_packet packet = {.kind = LINK_KEY,
	    .key = {.code = scancode_to_evdev(code, flags & KBD_FLAGS_EXTENDED),
	        .down = !(flags & KBD_FLAGS_RELEASE)}};

	/* Pause alone begins with another prefix, and no phone has it. */
	if (!packet.key.code || flags & KBD_FLAGS_EXTENDED1)
		return TRUE;
	return client_say((struct client_context *)input->context, &packet);
}

static BOOL on_character(rdpInput *input, UINT16 flags, UINT16 code)
{
	const struct link_packet packet = {
	    .kind = LINK_CHARACTER, .key = {.code = code, .down = !(flags & KBD_FLAGS_RELEASE)}};

	return client_say((struct client_context *)input->context, &packet);
}

static uint8_t buttons_of(UINT16 flags)
{
	return (uint8_t)((flags & PTR_FLAGS_BUTTON1 ? MTP_BUTTON_LEFT : 0) |
	                 (flags & PTR_FLAGS_BUTTON2 ? MTP_BUTTON_RIGHT : 0) |
	                 (flags & PTR_FLAGS_BUTTON3 ? MTP_BUTTON_MIDDLE : 0));
}

static BOOL on_mouse(rdpInput *input, UINT16 flags, UINT16 x, UINT16 y)
{
	struct client_context *client = (struct client_context *)input->context;
	struct link_packet packet = {.kind = LINK_POINTER, .pointer = {.x = x, .y = y}};

	if (flags & PTR_FLAGS_WHEEL)
		packet.pointer.wheel = flags & PTR_FLAGS_WHEEL_NEGATIVE ? -1 : 1;
	else if (flags & PTR_FLAGS_DOWN)
		client->buttons |= buttons_of(flags);
	else
		client->buttons &= (uint8_t)~buttons_of(flags);
	packet.pointer.buttons = client->buttons;
	return client_say(client, &packet);
}

/* Further buttons; a phone has none. */
static BOOL on_extended_mouse(rdpInput *input, UINT16 flags, UINT16 x, UINT16 y)
{
	(void)input;
	(void)flags;
	(void)x;
	(void)y;
	return TRUE;
}

/* Which locks are on: the phone has its own. */
static BOOL on_synchronize(rdpInput *input, UINT32 flags)
{
	(void)input;
	(void)flags;
	return TRUE;
}

void client_input_attach(struct client_context *client)
{
	rdpInput *input = client->freerdp.input;

	input->KeyboardEvent = on_key;
	input->UnicodeKeyboardEvent = on_character;
	input->MouseEvent = on_mouse;
	input->ExtendedMouseEvent = on_extended_mouse;
	input->SynchronizeEvent = on_synchronize;
}
