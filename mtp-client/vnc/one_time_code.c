/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/vnc/one_time_code.h"

#include <glib.h>
#include <rfb/rfb.h>
#include <string.h>
#include <sys/random.h>

#define SECOND 1000000

static void forget(struct one_time_code *code)
{
	explicit_bzero(code, sizeof *code);
}

void one_time_code_make(struct one_time_code *code, int64_t now_us)
{
	static const char letters[32] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint8_t random[CODE_LENGTH];

	forget(code);
	if (getrandom(random, sizeof random, 0) != sizeof random)
		g_error("the kernel has no randomness");
	for (unsigned i = 0; i < CODE_LENGTH; i++)
		code->text[i] = letters[random[i] % 32];
	code->expires_us = now_us + CODE_LIFE_S * SECOND;
	code->tries = CODE_TRIES;
	explicit_bzero(random, sizeof random);
}

bool one_time_code_is_good(const struct one_time_code *code, int64_t now_us)
{
	return *code->text && now_us < code->expires_us;
}

bool one_time_code_use(struct one_time_code *code, const uint8_t challenge[CODE_CHALLENGE],
    const uint8_t *response, int size, int64_t now_us)
{
	uint8_t expected[CODE_CHALLENGE], difference = 0;

	if (!one_time_code_is_good(code, now_us) || size != CODE_CHALLENGE)
		return false;
	memcpy(expected, challenge, CODE_CHALLENGE);
	rfbEncryptBytes(expected, code->text);
	for (unsigned i = 0; i < CODE_CHALLENGE; i++)
		difference |= expected[i] ^ response[i];
	explicit_bzero(expected, sizeof expected);
	if (difference == 0 || --code->tries == 0)
		forget(code);
	return difference == 0;
}
