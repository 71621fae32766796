/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RDP's keys are those of a PC's keyboard, scan code set 1 (MS-RDPBCGR 2.2.8.1.1.3.1.1.1). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* As Linux names it (evdev); 0: none. `extended`: after the prefix E0. */
uint16_t scancode_to_evdev(uint8_t code, bool extended);
