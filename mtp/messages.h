/* SPDX-License-Identifier: MIT */
/*
 * The messages of MTP 1. The one list below makes, for each message, its number, its struct, its
 * encoder, its decoder, its name and its fuzz target; PROTOCOL.md says what the fields mean.
 *
 * A field is F(kind, name, max):
 *   u8 u16 u32 u64   big-endian, at most `max`
 *   i8               two's complement, `max` unused
 *   text             u16 length, then that many bytes of UTF-8 without NUL, at most `max`
 *   e8 e32 e64       appended later: 0 when the payload ends before it
 *   rest             every byte to the end of the payload; only last
 *   none             nothing on the wire (a message without fields)
 * A decoder refuses what breaks these, and ignores bytes after the last field (an extension).
 */
#pragma once

#include "mtp/frame.h"

#define MTP_VERSION 1
#define MTP_MAX_SIDE 8192          /* pixels, of a screen */
#define MTP_MAX_SCREEN (16u << 20) /* pixels, of a screen */
#define MTP_MAX_SLOTS 10           /* fingers */
#define MTP_MAX_GRANT 2048
#define MTP_MAX_MODEL 64
#define MTP_MAX_SESSION 36
#define MTP_MAX_REASON 256
#define MTP_MAX_WORDS 65536 /* bytes of all words of a screen */

/* clang-format off */
#define MTP_HELLO(F)                    \
	F(u16, version_min, UINT16_MAX) \
	F(u16, version_max, UINT16_MAX) \
	F(text, grant, MTP_MAX_GRANT)   \
	F(text, model, MTP_MAX_MODEL)   \
	F(u16, width, UINT16_MAX)       \
	F(u16, height, UINT16_MAX)      \
	F(u16, dpi, UINT16_MAX)         \
	F(u8, touch_points, UINT8_MAX)  \
	F(u32, codecs, UINT32_MAX)      \
	F(e8, rotation, 3)              \
	F(e8, scaling, MTP_SCALING_EXACT)      \
	F(e64, token, INT64_MAX)        \
	F(e32, sequence, UINT32_MAX)    \
	F(e64, checksum, INT64_MAX)        \
	F(e8, mode, MTP_MODE_TAKE)

#define MTP_ACK(F)                   \
	F(u32, sequence, UINT32_MAX) \
	F(u32, decode_us, UINT32_MAX)

#define MTP_POINTER(F)            \
	F(u16, x, UINT16_MAX)     \
	F(u16, y, UINT16_MAX)     \
	F(u8, buttons, UINT8_MAX) \
	F(i8, wheel, 0)

#define MTP_TOUCH(F)                   \
	F(u8, phase, MTP_TOUCH_CANCEL) \
	F(u8, slot, MTP_MAX_SLOTS - 1) \
	F(u16, x, UINT16_MAX)          \
	F(u16, y, UINT16_MAX)

#define MTP_KEY(F)               \
	F(u16, code, UINT16_MAX) \
	F(u8, down, 1)

#define MTP_REFRESH(F) \
	F(none, empty, 0)

#define MTP_REPAIR(F) \
	F(none, empty, 0)

#define MTP_READ(F) \
	F(u32, id, UINT32_MAX)

#define MTP_PING(F) \
	F(u64, nonce, UINT64_MAX)

#define MTP_PONG(F) \
	F(u64, nonce, UINT64_MAX)

#define MTP_BYE(F)               \
	F(u16, code, UINT16_MAX) \
	F(text, reason, MTP_MAX_REASON)

#define MTP_TERMINAL(F)            \
	F(u16, width, UINT16_MAX)  \
	F(u16, height, UINT16_MAX) \
	F(u16, dpi, UINT16_MAX)    \
	F(u8, rotation, 3)         \
	F(u8, scaling, MTP_SCALING_EXACT) \
	F(e8, mode, MTP_MODE_TAKE)

#define MTP_WELCOME(F)                 \
	F(u16, version, UINT16_MAX)    \
	F(u16, width, MTP_MAX_SIDE)    \
	F(u16, height, MTP_MAX_SIDE)   \
	F(u8, touch_points, UINT8_MAX) \
	F(u32, codecs, UINT32_MAX)     \
	F(text, session, MTP_MAX_SESSION) \
	F(e64, token, INT64_MAX)       \
	F(e8, resumed, 1)

#define MTP_SCREEN(F)               \
	F(u16, width, MTP_MAX_SIDE) \
	F(u16, height, MTP_MAX_SIDE)

/* The tiles are read with mtp/tile.h. */
#define MTP_UPDATE(F)                \
	F(u32, sequence, UINT32_MAX) \
	F(u32, time_ms, UINT32_MAX)  \
	F(u8, flags, UINT8_MAX)      \
	F(u16, count, UINT16_MAX)    \
	F(rest, tiles, MTP_MAX_TO_CLIENT)

/* The words are read with mtp/words.h. */
#define MTP_WORDS(F)              \
	F(u32, id, UINT32_MAX)    \
	F(u8, status, UINT8_MAX)  \
	F(rest, list, MTP_MAX_WORDS)

/* M(number, NAME, name, who sends it, fields) */
#define MTP_MESSAGES(M)                                    \
	M(1, HELLO, hello, MTP_BY_CLIENT, MTP_HELLO)       \
	M(2, ACK, ack, MTP_BY_CLIENT, MTP_ACK)             \
	M(3, POINTER, pointer, MTP_BY_CLIENT, MTP_POINTER) \
	M(4, TOUCH, touch, MTP_BY_CLIENT, MTP_TOUCH)       \
	M(5, KEY, key, MTP_BY_CLIENT, MTP_KEY)             \
	M(6, REFRESH, refresh, MTP_BY_CLIENT, MTP_REFRESH) \
	M(7, PING, ping, MTP_BY_BOTH, MTP_PING)            \
	M(8, PONG, pong, MTP_BY_BOTH, MTP_PONG)            \
	M(9, BYE, bye, MTP_BY_BOTH, MTP_BYE)               \
	M(12, TERMINAL, terminal, MTP_BY_CLIENT, MTP_TERMINAL) \
	M(14, REPAIR, repair, MTP_BY_CLIENT, MTP_REPAIR) \
	M(15, READ, read, MTP_BY_CLIENT, MTP_READ) \
	M(64, WELCOME, welcome, MTP_BY_SERVER, MTP_WELCOME) \
	M(65, SCREEN, screen, MTP_BY_SERVER, MTP_SCREEN)   \
	M(66, UPDATE, update, MTP_BY_SERVER, MTP_UPDATE)   \
	M(67, WORDS, words, MTP_BY_SERVER, MTP_WORDS)

/* Why a stream ends: B(code, NAME, word) */
#define MTP_BYE_CODES(B)                        \
	B(0, NORMAL, "closed")                  \
	B(1, VERSION, "other version")          \
	B(2, GRANT, "not let in")               \
	B(3, PROTOCOL, "protocol error")        \
	B(4, PHONE_GONE, "phone gone")          \
	B(5, ENDED, "replaced or ended")        \
	B(6, OVERLOADED, "overloaded")          \
	B(7, TIMEOUT, "timed out")
/* clang-format on */

enum mtp_sender {
	MTP_BY_CLIENT = 1,
	MTP_BY_SERVER = 2,
	MTP_BY_BOTH = 3,
};

enum mtp_type {
#define MTP_ENUM(number, NAME, name, sender, fields) MTP_TYPE_##NAME = number,
	MTP_MESSAGES(MTP_ENUM)
#undef MTP_ENUM
};

enum mtp_bye_code {
#define MTP_ENUM(code, NAME, word) MTP_BYE_##NAME = code,
	MTP_BYE_CODES(MTP_ENUM)
#undef MTP_ENUM
};

enum mtp_touch_phase {
	MTP_TOUCH_DOWN,
	MTP_TOUCH_MOVE,
	MTP_TOUCH_UP,
	MTP_TOUCH_CANCEL,
};

enum mtp_button { /* bits of pointer.buttons */
	MTP_BUTTON_LEFT = 1,
	MTP_BUTTON_MIDDLE = 2,
	MTP_BUTTON_RIGHT = 4,
};

/* How the picture gets the terminal's size. */
enum mtp_scaling {
	MTP_SCALING_NONE,   /* not: the phone's own pixels, the terminal scales */
	MTP_SCALING_SHRINK, /* smaller by a whole factor, if the terminal is that small */
	MTP_SCALING_EXACT,  /* exactly the terminal's size, with black beside the picture */
};

/* What becomes of the phone's own size. */
enum mtp_mode {
	MTP_MODE_KEEP, /* the terminal shows it as it is */
	MTP_MODE_TAKE, /* the phone takes over the terminal's, if its host lets it */
};

enum mtp_words_status {
	MTP_WORDS_READ,        /* the words are those of the screen when it was read */
	MTP_WORDS_UNAVAILABLE, /* this host cannot read */
	MTP_WORDS_BUSY,        /* too much was asked for; ask again later */
};

enum mtp_update_flag {
	MTP_UPDATE_COMPLETE = 1, /* the picture now is the phone's as of time_ms */
};

/* Where a stream stopped that another one goes on from; token 0: nowhere. */
struct mtp_place {
	uint64_t token, checksum;
	uint32_t sequence;
};

/* UTF-8 without a NUL at the end; borrowed (a decoded one lies in the payload). */
struct mtp_text {
	const char *bytes;
	size_t size;
};

struct mtp_rest {
	const uint8_t *bytes;
	size_t size;
};

static inline struct mtp_text mtp_text_of(const char *string)
{
	return (struct mtp_text){.bytes = string, .size = strlen(string)};
}

#define MTP_MEMBER_u8(name) uint8_t name;
#define MTP_MEMBER_e8(name) uint8_t name;
#define MTP_MEMBER_e32(name) uint32_t name;
#define MTP_MEMBER_e64(name) uint64_t name;
#define MTP_MEMBER_u16(name) uint16_t name;
#define MTP_MEMBER_u32(name) uint32_t name;
#define MTP_MEMBER_u64(name) uint64_t name;
#define MTP_MEMBER_i8(name) int8_t name;
#define MTP_MEMBER_text(name) struct mtp_text name;
#define MTP_MEMBER_rest(name) struct mtp_rest name;
#define MTP_MEMBER_none(name) uint8_t name;
#define MTP_MEMBER(kind, name, max) MTP_MEMBER_##kind(name)
#define MTP_STRUCT(number, NAME, name, sender, fields)                                             \
	struct mtp_##name {                                                                        \
		fields(MTP_MEMBER)                                                                 \
	};
MTP_MESSAGES(MTP_STRUCT)
#undef MTP_STRUCT

/* mtp_hello_encode(), mtp_hello_decode(), and so on. encode writes the payload alone; a value over
 * its bound fails the writer. decode is true when every field was there and within its bound;
 * texts and rest are borrowed from the payload. */
#define MTP_DECLARE(number, NAME, name, sender, fields)                                            \
	void mtp_##name##_encode(const struct mtp_##name *message, struct mtp_writer *w);          \
	bool mtp_##name##_decode(struct mtp_##name *message, const uint8_t *payload, size_t n);
MTP_MESSAGES(MTP_DECLARE)
#undef MTP_DECLARE

/* Any message. */
struct mtp_message {
	enum mtp_type type;
	union {
#define MTP_UNION(number, NAME, name, sender, fields) struct mtp_##name name;
		MTP_MESSAGES(MTP_UNION)
#undef MTP_UNION
	};
};

/* `sender`: who sent the frame. MTP_UNKNOWN for a type that this version does not know;
 * MTP_MALFORMED also for a message that this side may not send. */
enum mtp_result mtp_message_decode(
    struct mtp_message *message, enum mtp_sender sender, const struct mtp_frame *frame);
/* Writes the whole frame, header included. */
void mtp_message_encode(const struct mtp_message *message, struct mtp_writer *w);

const char *mtp_type_name(uint16_t type);     /* "HELLO"; "?" when unknown */
const char *mtp_bye_code_word(uint16_t code); /* for people; "?" when unknown */
/* UTF-8 as the Unicode Standard has it, without NUL. */
bool mtp_text_is_valid(const uint8_t *bytes, size_t n);
/* Both sides at least 1 and within their bounds, and so the area. */
bool mtp_screen_is_valid(uint32_t width, uint32_t height);
