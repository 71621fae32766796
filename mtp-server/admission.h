/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is let in: the checks on a HELLO, in the order version, codecs, grant, and whether the grant
 * has been used. No I/O; time is an argument.
 */
#pragma once

#include "common/grant_key_file.h"
#include "common/grant_ledger.h"
#include "mtp-server/devices.h"
#include "mtp/messages.h"

struct admission {
	const struct grant_key_file *keys; /* the broker's public ones */
	struct grant_ledger *ledger;
	const char *host; /* our id: the grant's audience */
	struct devices *devices;
};

struct admitted {
	struct grant *grant; /* owned */
	char *model;         /* owned; of the terminal */
	uint16_t version;
	uint32_t codecs;
	struct mtp_terminal terminal; /* as it told, or as its model is known */
	struct mtp_place place;       /* where it stopped before */
};

/* `frame` is the first of the stream. On success the grant is used up. On failure *code and the
 * error tell the terminal why, in words for its user. */
bool admission_check(const struct admission *admission, const struct mtp_frame *frame, int64_t now,
    struct admitted *admitted, enum mtp_bye_code *code, GError **error);
void admitted_clear(struct admitted *admitted);
