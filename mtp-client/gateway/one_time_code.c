/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/gateway/one_time_code.h"

#include <glib.h>
#include <string.h>
#include <sys/random.h>

#define SECOND 1000000

void one_time_code_forget(struct one_time_code *code)
{
	explicit_bzero(code, sizeof *code);
}

void one_time_code_make(struct one_time_code *code, unsigned length, int64_t now_us)
{
	static const char letters[32] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint8_t random[CODE_LENGTH_MAX];

	g_assert(length <= CODE_LENGTH_MAX);
	one_time_code_forget(code);
	if (getrandom(random, sizeof random, 0) != sizeof random)
		g_error("the kernel has no randomness");
	for (unsigned i = 0; i < length; i++)
		code->text[i] = letters[random[i] % 32];
	code->expires_us = now_us + CODE_LIFE_S * SECOND;
	code->tries = CODE_TRIES;
	explicit_bzero(random, sizeof random);
}

bool one_time_code_is_good(const struct one_time_code *code, int64_t now_us)
{
	return *code->text && now_us < code->expires_us;
}

void one_time_code_tried(struct one_time_code *code, bool right)
{
	if (right || code->tries <= 1)
		one_time_code_forget(code);
	else
		code->tries--;
}

bool one_time_code_lend(struct one_time_code *code, char *text, int64_t now_us)
{
	if (!one_time_code_is_good(code, now_us) || !code->tries)
		return false;
	memcpy(text, code->text, sizeof code->text);
	code->tries--;
	return true;
}
