/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/rdp/scancode.h"

#include <linux/input-event-codes.h>

static const uint8_t extended_codes[128] = {
    [0x1c] = KEY_KPENTER,
    [0x1d] = KEY_RIGHTCTRL,
    [0x35] = KEY_KPSLASH,
    [0x37] = KEY_SYSRQ,
    [0x38] = KEY_RIGHTALT,
    [0x47] = KEY_HOME,
    [0x48] = KEY_UP,
    [0x49] = KEY_PAGEUP,
    [0x4b] = KEY_LEFT,
    [0x4d] = KEY_RIGHT,
    [0x4f] = KEY_END,
    [0x50] = KEY_DOWN,
    [0x51] = KEY_PAGEDOWN,
    [0x52] = KEY_INSERT,
    [0x53] = KEY_DELETE,
    [0x5b] = KEY_LEFTMETA,
    [0x5c] = KEY_RIGHTMETA,
    [0x5d] = KEY_COMPOSE,
    [0x20] = KEY_MUTE,
    [0x22] = KEY_PLAYPAUSE,
    [0x2e] = KEY_VOLUMEDOWN,
    [0x30] = KEY_VOLUMEUP,
    [0x32] = KEY_HOMEPAGE,
    [0x5e] = KEY_POWER,
    [0x65] = KEY_SEARCH,
    [0x6a] = KEY_BACK,
};

uint16_t scancode_to_evdev(uint8_t code, bool extended)
{
	if (code >= sizeof extended_codes)
		return 0;
	if (extended)
		return extended_codes[code];
	/* evdev began as just this numbering. */
	return code <= KEY_KPDOT || (code >= KEY_102ND && code <= KEY_F12) ? code : 0;
}
