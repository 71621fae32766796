/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VNC's keys are X11 keysyms, characters mostly (RFC 6143, 7.5.4); MTP's are places on a keyboard.
 * A character is typed on the place where a US layout has it, with shift let go or pressed
 * meanwhile when the viewer's own layout has it elsewhere.
 */
#pragma once

#include "mtp-client/sdl/input.h"

struct keysyms {
	struct input *input;
	bool shift[2]; /* held by the viewer: left, right */
};

/* What no key makes is ignored. */
void keysyms_key(struct keysyms *keysyms, uint32_t keysym, bool down);
