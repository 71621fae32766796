/* SPDX-License-Identifier: MIT */
/* What is written on a screen: the words of a WORDS message (PROTOCOL.md, "Words"). */
#pragma once

#include "mtp/messages.h"

#define MTP_WORD_ENDS_LINE 1u
#define MTP_MAX_WORD 1024 /* bytes of one */

struct mtp_word {
	uint8_t flags;                /* MTP_WORD_ENDS_LINE; others are ignored */
	uint16_t x, y, width, height; /* of the framebuffer */
	struct mtp_text text;         /* not empty; borrowed from the payload when read */
};

/* A word that breaks a bound fails the writer. */
void mtp_word_write(const struct mtp_word *word, struct mtp_writer *w);
/* MTP_OK with a word, MTP_AGAIN after the last, MTP_MALFORMED. Its place may lie anywhere. */
enum mtp_result mtp_word_read(struct mtp_reader *r, struct mtp_word *word);
