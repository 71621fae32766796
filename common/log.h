/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line an event on standard error: time (RFC 3339, UTC, ms), level, program, message.
 * Installed as GLib's log writer, so g_message/g_warning/g_info/g_debug are the interface.
 * Control characters in messages are escaped: what a guest or a network peer sent cannot forge a
 * line. QVMI_LOG=debug|info|message|warning sets the least level (default message). Thread-safe.
 */
#pragma once

void log_init(const char *program);
