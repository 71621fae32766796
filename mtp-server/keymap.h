/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux key codes (linux/input-event-codes.h), which MTP carries, to QEMU's key numbers ("qnum":
 * the XT scan code of set 1, with the upper bit set for those that are prefixed by 0xe0).
 */
#pragma once

/* 0: QEMU has no such key, or it is none that a terminal may press. */
unsigned keymap_qnum(unsigned code);
