/* SPDX-License-Identifier: MIT */
#include "mtp/messages.h"

#include <glib.h>

/* Encodes, compares byte by byte with the literal, decodes, and encodes again. */
#define HELLO_APPENDED 23 /* bytes */
#define WELCOME_APPENDED 9
#define TERMINAL_APPENDED 1

static void check_bytes(const struct mtp_message *message, enum mtp_sender sender,
    const char *expected, size_t expected_size)
{
	uint8_t bytes[4096];
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	mtp_message_encode(message, &w);
	g_assert_false(w.failed);
	g_assert_cmpmem(bytes, w.size, expected, expected_size);

	struct mtp_frame frame = {.type = (uint16_t)message->type,
	    .payload = bytes + MTP_FRAME_HEADER,
	    .size = w.size - MTP_FRAME_HEADER};
	struct mtp_message back;
	g_assert_cmpint(mtp_message_decode(&back, sender, &frame), ==, MTP_OK);
	uint8_t again[4096];
	struct mtp_writer w2 = mtp_writer_of(again, sizeof again);
	mtp_message_encode(&back, &w2);
	g_assert_cmpmem(again, w2.size, expected, expected_size);

	/* The other side may not send it, unless both may. */
	bool both = message->type == MTP_TYPE_PING || message->type == MTP_TYPE_PONG ||
	            message->type == MTP_TYPE_BYE;
	g_assert_cmpint(mtp_message_decode(&back, MTP_BY_BOTH ^ sender, &frame), ==,
	    both ? MTP_OK : MTP_MALFORMED);

	/* An extension is ignored; each shorter payload is refused (but UPDATE's rest, which may
	 * have any length, and what was appended to others). */
	frame.size++;
	g_assert_cmpint(mtp_message_decode(&back, sender, &frame), ==, MTP_OK);
	size_t fixed = message->type == MTP_TYPE_UPDATE     ? 11
	               : message->type == MTP_TYPE_HELLO    ? frame.size - 1 - HELLO_APPENDED
	               : message->type == MTP_TYPE_WELCOME  ? frame.size - 1 - WELCOME_APPENDED
	               : message->type == MTP_TYPE_TERMINAL ? frame.size - 1 - TERMINAL_APPENDED
	                                                    : frame.size - 1;
	for (size_t n = 0; n < fixed; n++) {
		frame.size = n;
		g_assert_cmpint(mtp_message_decode(&back, sender, &frame), ==, MTP_MALFORMED);
	}
}
#define CHECK(sender, literal, ...)                                                                \
	check_bytes(&(struct mtp_message){__VA_ARGS__}, sender, literal, sizeof literal - 1)

static void test_bytes(void)
{
	CHECK(MTP_BY_CLIENT,
	    "\0\0\0\x2f\0\x01"
	    "\0\x01\0\x02\0\x03"
	    "abc"
	    "\0\x02"
	    "hi"
	    "\x01\x68\x02\xd0\0\x60\x0a\0\0\0\x1f\x03\x02"
	    "\0\0\0\0\0\0\0\x05\0\0\x01\0\x7f\xff\xff\xff\xff\xff\xff\xff\x01",
	    .type = MTP_TYPE_HELLO,
	    .hello = {.version_min = 1,
	        .version_max = 2,
	        .grant = mtp_text_of("abc"),
	        .model = mtp_text_of("hi"),
	        .width = 360,
	        .height = 720,
	        .dpi = 96,
	        .touch_points = 10,
	        .codecs = 31,
	        .rotation = 3,
	        .scaling = MTP_SCALING_EXACT,
	        .token = 5,
	        .sequence = 256,
	        .checksum = INT64_MAX,
	        .mode = MTP_MODE_TAKE});
	CHECK(MTP_BY_CLIENT, "\0\0\0\x08\0\x02\0\0\x01\x02\xff\xff\xff\xff", .type = MTP_TYPE_ACK,
	    .ack = {.sequence = 258, .decode_us = UINT32_MAX});
	CHECK(MTP_BY_CLIENT, "\0\0\0\x06\0\x03\0\x05\x01\0\x07\xff", .type = MTP_TYPE_POINTER,
	    .pointer = {.x = 5, .y = 256, .buttons = 7, .wheel = -1});
	CHECK(MTP_BY_CLIENT, "\0\0\0\x06\0\x04\x03\x09\0\x01\0\x02", .type = MTP_TYPE_TOUCH,
	    .touch = {.phase = MTP_TOUCH_CANCEL, .slot = 9, .x = 1, .y = 2});
	CHECK(MTP_BY_CLIENT, "\0\0\0\x03\0\x05\0\x1e\x01", .type = MTP_TYPE_KEY,
	    .key = {.code = 30, .down = 1});
	CHECK(MTP_BY_CLIENT, "\0\0\0\0\0\x06", .type = MTP_TYPE_REFRESH);
	CHECK(MTP_BY_CLIENT, "\0\0\0\x08\0\x07\x01\x02\x03\x04\x05\x06\x07\x08",
	    .type = MTP_TYPE_PING, .ping = {.nonce = 0x0102030405060708});
	CHECK(MTP_BY_SERVER, "\0\0\0\x08\0\x08\0\0\0\0\0\0\0\x09", .type = MTP_TYPE_PONG,
	    .pong = {.nonce = 9});
	CHECK(MTP_BY_SERVER,
	    "\0\0\0\x07\0\x09\0\x02\0\x03"
	    "\xe2\x82\xac",
	    .type = MTP_TYPE_BYE, .bye = {.code = MTP_BYE_GRANT, .reason = mtp_text_of("€")});
	CHECK(MTP_BY_CLIENT, "\0\0\0\x09\0\x0c\x01\x68\x02\xd0\0\x60\x01\x02\x01",
	    .type = MTP_TYPE_TERMINAL,
	    .terminal = {.width = 360,
	        .height = 720,
	        .dpi = 96,
	        .rotation = 1,
	        .scaling = MTP_SCALING_EXACT,
	        .mode = MTP_MODE_TAKE});
	CHECK(MTP_BY_SERVER,
	    "\0\0\0\x18\0\x40"
	    "\0\x01\x02\xd0\x05\xa0\0\0\0\0\x1f\0\x02"
	    "ab"
	    "\0\0\0\0\0\0\x02\0\x01",
	    .type = MTP_TYPE_WELCOME,
	    .welcome = {.version = 1,
	        .width = 720,
	        .height = 1440,
	        .codecs = 31,
	        .session = mtp_text_of("ab"),
	        .token = 512,
	        .resumed = 1});
	CHECK(MTP_BY_SERVER, "\0\0\0\x04\0\x41\x20\0\0\x01", .type = MTP_TYPE_SCREEN,
	    .screen = {.width = MTP_MAX_SIDE, .height = 1});
	CHECK(MTP_BY_SERVER, "\0\0\0\x0d\0\x42\0\0\0\x01\0\0\0\x02\x01\0\x01xy",
	    .type = MTP_TYPE_UPDATE,
	    .update = {.sequence = 1,
	        .time_ms = 2,
	        .flags = MTP_UPDATE_COMPLETE,
	        .count = 1,
	        .tiles = {(const uint8_t *)"xy", 2}});
}

/* What a client of before says is as good: the fields that it does not know are 0. */
static void test_appended(void)
{
	static const uint8_t payload[] = {
	    0, 1, 0, 1, 0, 0, 0, 0, 1, 0x68, 2, 0xd0, 0, 96, 10, 0, 0, 0, 31, 2, 1};
	struct mtp_hello hello;
	for (size_t n = sizeof payload - 2; n <= sizeof payload; n++) {
		g_assert_true(mtp_hello_decode(&hello, payload, n));
		g_assert_cmpuint(hello.codecs, ==, 31);
		g_assert_cmpuint(hello.rotation, ==, n > sizeof payload - 2 ? 2 : 0);
		g_assert_cmpuint(hello.scaling, ==, n == sizeof payload);
	}
	g_assert_false(mtp_hello_decode(&hello, payload, sizeof payload - 3));
	uint8_t wrong[sizeof payload];
	memcpy(wrong, payload, sizeof payload);
	wrong[sizeof payload - 1] = MTP_SCALING_EXACT + 1;
	g_assert_false(mtp_hello_decode(&hello, wrong, sizeof wrong));
}

static bool encodes(const struct mtp_message *message)
{
	uint8_t bytes[8192];
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	mtp_message_encode(message, &w);
	return !w.failed;
}

static void test_bounds(void)
{
	char long_text[MTP_MAX_GRANT + 2];
	memset(long_text, 'g', sizeof long_text);
	long_text[sizeof long_text - 1] = 0;
	struct mtp_message m = {.type = MTP_TYPE_HELLO,
	    .hello = {.grant = {long_text, MTP_MAX_GRANT}, .model = mtp_text_of("")}};
	g_assert_true(encodes(&m));
	m.hello.grant.size++;
	g_assert_false(encodes(&m));

	/* A grant that claims 2049 bytes, all there. */
	uint8_t payload[4096] = {0, 1, 0, 1, 0x08, 0x01};
	memset(payload + 6, 'g', sizeof payload - 6);
	struct mtp_hello hello;
	g_assert_false(mtp_hello_decode(&hello, payload, sizeof payload));
	/* A length beyond the payload. */
	static const uint8_t lying[] = {0, 1, 0, 1, 0x07, 0xff, 'a'};
	g_assert_false(mtp_hello_decode(&hello, lying, sizeof lying));

	struct mtp_touch touch;
	g_assert_false(mtp_touch_decode(&touch, (const uint8_t *)"\x04\0\0\0\0\0", 6));
	g_assert_false(mtp_touch_decode(&touch, (const uint8_t *)"\0\x0a\0\0\0\0", 6));
	struct mtp_key key;
	g_assert_false(mtp_key_decode(&key, (const uint8_t *)"\0\x01\x02", 3));
	struct mtp_screen screen;
	g_assert_false(mtp_screen_decode(&screen, (const uint8_t *)"\x20\x01\0\x01", 4));

	/* A writer without room. */
	m = (struct mtp_message){.type = MTP_TYPE_PING};
	uint8_t small[13];
	struct mtp_writer w = mtp_writer_of(small, sizeof small);
	mtp_message_encode(&m, &w);
	g_assert_true(w.failed);

	struct mtp_frame unknown = {.type = 99, .payload = small, .size = 3};
	g_assert_cmpint(mtp_message_decode(&m, MTP_BY_CLIENT, &unknown), ==, MTP_UNKNOWN);
}

static bool text_decodes(const char *text, size_t n)
{
	uint8_t payload[64] = {0, 0, 0, (uint8_t)n};
	memcpy(payload + 4, text, n);
	struct mtp_bye bye;
	return mtp_bye_decode(&bye, payload, 4 + n);
}
#define TEXT(literal) text_decodes(literal, sizeof literal - 1)

static void test_text(void)
{
	g_assert_true(TEXT("plain"));
	g_assert_true(TEXT(""));
	g_assert_true(TEXT("\xc2\x80\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
	g_assert_false(TEXT("a\0b"));
	g_assert_false(TEXT("\x80"));
	g_assert_false(TEXT("\xc1\xbf"));         /* overlong */
	g_assert_false(TEXT("\xe0\x9f\xbf"));     /* overlong */
	g_assert_false(TEXT("\xf0\x8f\xbf\xbf")); /* overlong */
	g_assert_false(TEXT("\xed\xa0\x80"));     /* surrogate */
	g_assert_false(TEXT("\xf4\x90\x80\x80")); /* past U+10FFFF */
	g_assert_false(TEXT("\xf5\x80\x80\x80"));
	g_assert_false(TEXT("\xe2\x82")); /* cut */
	g_assert_false(TEXT("\xe2\x82"
	                    "a")); /* cut by another */
}

static void test_names(void)
{
	g_assert_cmpstr(mtp_type_name(MTP_TYPE_HELLO), ==, "HELLO");
	g_assert_cmpstr(mtp_type_name(10), ==, "?");
	g_assert_cmpstr(mtp_bye_code_word(MTP_BYE_GRANT), ==, "not let in");
	g_assert_cmpstr(mtp_bye_code_word(700), ==, "?");
}

static void test_screen(void)
{
	g_assert_true(mtp_screen_is_valid(1, 1));
	g_assert_true(mtp_screen_is_valid(8192, 2048));
	g_assert_false(mtp_screen_is_valid(8192, 2049));
	g_assert_false(mtp_screen_is_valid(8193, 1));
	g_assert_false(mtp_screen_is_valid(0, 1));
	g_assert_false(mtp_screen_is_valid(UINT32_MAX, UINT32_MAX));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mtp/messages/bytes", test_bytes);
	g_test_add_func("/mtp/messages/appended", test_appended);
	g_test_add_func("/mtp/messages/bounds", test_bounds);
	g_test_add_func("/mtp/messages/text", test_text);
	g_test_add_func("/mtp/messages/names", test_names);
	g_test_add_func("/mtp/messages/screen", test_screen);
	return g_test_run();
}
