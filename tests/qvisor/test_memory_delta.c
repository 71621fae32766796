/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams as QEMU 10.0 writes them, by hand; what is left of them is compared byte by byte. */
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "qvisor/memory_delta.h"

#define PAGE MEMORY_DELTA_PAGE
#define N_PAGES 4

enum { ZERO = 0x02, MEM_SIZE = 0x04, FULL = 0x08, EOS = 0x10, CONTINUE = 0x20 };

static void add(GByteArray *stream, const void *bytes, size_t n)
{
	g_byte_array_append(stream, bytes, n);
}

static void add8(GByteArray *stream, uint8_t value)
{
	add(stream, &value, 1);
}

static void add32(GByteArray *stream, uint32_t value)
{
	value = GUINT32_TO_BE(value);
	add(stream, &value, sizeof(value));
}

static void add64(GByteArray *stream, uint64_t value)
{
	value = GUINT64_TO_BE(value);
	add(stream, &value, sizeof(value));
}

static void add_name(GByteArray *stream, const char *name)
{
	add8(stream, strlen(name));
	add(stream, name, strlen(name));
}

static void add_page(GByteArray *stream, const char *block, uint64_t address, uint8_t fill)
{
	uint8_t page[PAGE];
	memset(page, fill, sizeof(page));
	add64(stream, address | (fill ? FULL : ZERO) | (block ? 0 : CONTINUE));
	if (block)
		add_name(stream, block);
	add(stream, page, fill ? PAGE : 1);
}

/* Header, configuration, and the list of blocks: guest memory and a picture's. */
static GByteArray *stream_new(uint64_t ram_size)
{
	GByteArray *stream = g_byte_array_new();
	add(stream, "QEVM", 4);
	add32(stream, 3);
	add8(stream, 7);
	add32(stream, 11);
	add(stream, "pc-q35-10.0", 11);
	add8(stream, 5);
	add_name(stream, "configuration/capabilities");
	add32(stream, 1);
	add32(stream, 1);
	add_name(stream, "x-ignore-shared");
	add8(stream, 1);
	add32(stream, 2);
	add_name(stream, "ram");
	add32(stream, 0);
	add32(stream, 4);
	add64(stream, (ram_size + PAGE) | MEM_SIZE);
	add_name(stream, "ram");
	add64(stream, ram_size);
	add64(stream, 0);
	add_name(stream, "vga.vram");
	add64(stream, PAGE);
	add64(stream, 0xfd000000);
	add64(stream, EOS);
	add8(stream, 0x7e);
	add32(stream, 2);
	return stream;
}

static void section(GByteArray *stream, uint8_t kind)
{
	add8(stream, kind);
	add32(stream, 2);
}

static void section_end(GByteArray *stream)
{
	add64(stream, EOS);
	add8(stream, 0x7e);
	add32(stream, 2);
}

static bool collect(void *data, const void *bytes, size_t n, GError **error)
{
	(void)error;
	add(data, bytes, n);
	return true;
}

static GByteArray *filter(
    const GByteArray *stream, size_t n, struct memory_delta *delta, GError **error)
{
	int ends[2];
	g_assert_cmpint(pipe(ends), ==, 0);
	AUTO_FD in = ends[0];
	/* A pipe holds 64 KiB, which is more than any stream here. */
	g_assert_cmpint(write(ends[1], stream->data, n), ==, n);
	close(ends[1]);
	static uint8_t base[N_PAGES * PAGE];
	memset(base, 0, sizeof(base));
	memset(base + PAGE, 'b', PAGE);
	memset(base + 2 * PAGE, 'c', PAGE);
	g_autoptr(GByteArray) out = g_byte_array_new();
	*delta = (struct memory_delta){
	    .fd = in, .base = base, .size = sizeof(base), .write = collect, .data = out};
	if (!memory_delta_filter(delta, error))
		return NULL;
	return g_steal_pointer(&out);
}

static void test_pages(void)
{
	g_autoptr(GByteArray) stream = stream_new(N_PAGES * PAGE);
	section(stream, 2);
	add_page(stream, "ram", 0, 0);         /* as the template's */
	add_page(stream, NULL, PAGE, 'b');     /* as well */
	add_page(stream, NULL, 2 * PAGE, 'x'); /* changed */
	add_page(stream, NULL, 3 * PAGE, 'y'); /* was zero */
	add_page(stream, "vga.vram", 0, 'v');  /* of no interest to us */
	section_end(stream);
	section(stream, 3);
	add_page(stream, "ram", PAGE, 0); /* changed to zero */
	section_end(stream);
	add(stream, "\4devices as they are\0", 21);

	g_autoptr(GByteArray) expected = stream_new(N_PAGES * PAGE);
	section(expected, 2);
	add_page(expected, "ram", 2 * PAGE, 'x');
	add_page(expected, NULL, 3 * PAGE, 'y');
	add_page(expected, "vga.vram", 0, 'v');
	section_end(expected);
	section(expected, 3);
	add_page(expected, "ram", PAGE, 0);
	section_end(expected);
	add(expected, "\4devices as they are\0", 21);

	g_autoptr(GError) error = NULL;
	struct memory_delta delta;
	g_autoptr(GByteArray) out = filter(stream, stream->len, &delta, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(out->data, out->len, expected->data, expected->len);
	g_assert_cmpuint(delta.pages, ==, 5);
	g_assert_cmpuint(delta.kept, ==, 3);
}

/* Of a guest that goes on: a page that is its template's again after it was sent goes once more. */
static void test_live(void)
{
	static uint8_t base[N_PAGES * PAGE];
	uint8_t written[1] = {0};
	int ends[2];
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) stream = stream_new(N_PAGES * PAGE);
	section(stream, 2);
	add_page(stream, "ram", 0, 0);
	add_page(stream, NULL, PAGE, 'x');
	section_end(stream);
	section(stream, 3);
	add_page(stream, "ram", PAGE, 0);
	add_page(stream, NULL, 2 * PAGE, 0);
	section_end(stream);
	g_assert_cmpuint(memory_delta_written_size(sizeof(base)), ==, sizeof(written));
	g_assert_cmpint(pipe(ends), ==, 0);
	AUTO_FD in = ends[0];
	g_assert_cmpint(write(ends[1], stream->data, stream->len), ==, stream->len);
	close(ends[1]);
	g_autoptr(GByteArray) out = g_byte_array_new();
	struct memory_delta delta = {.fd = in,
	    .base = base,
	    .size = sizeof(base),
	    .write = collect,
	    .data = out,
	    .written = written};
	g_assert_true(memory_delta_filter(&delta, &error));
	g_assert_cmpuint(delta.pages, ==, 4);
	g_assert_cmpuint(delta.kept, ==, 2);

	g_autoptr(GByteArray) expected = stream_new(N_PAGES * PAGE);
	section(expected, 2);
	add_page(expected, "ram", PAGE, 'x');
	section_end(expected);
	section(expected, 3);
	add_page(expected, NULL, PAGE, 0);
	section_end(expected);
	g_assert_cmpmem(out->data, out->len, expected->data, expected->len);
}

static void refused(GByteArray *stream, const char *what)
{
	g_autoptr(GError) error = NULL;
	struct memory_delta delta;
	g_assert_null(filter(stream, stream->len, &delta, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT);
	if (!strstr(error->message, what))
		g_error("\"%s\" does not say \"%s\"", error->message, what);
	g_byte_array_unref(stream);
}

static void test_wrong(void)
{
	GByteArray *stream = g_byte_array_new();
	add(stream, "QEVX\0\0\0\3", 8);
	refused(stream, "does not begin");
	refused(stream_new(8 * PAGE), "32768 bytes, its template's 16384");
	stream = stream_new(N_PAGES * PAGE);
	section(stream, 2);
	add_page(stream, "ram", N_PAGES * PAGE, 'x');
	refused(stream, "behind the guest's memory");
	stream = stream_new(N_PAGES * PAGE);
	section(stream, 2);
	add_page(stream, NULL, 0, 'x');
	refused(stream, "in no block");
	stream = stream_new(N_PAGES * PAGE);
	section(stream, 2);
	add64(stream, 0x40);
	refused(stream, "unknown kind 0x40");
	stream = stream_new(N_PAGES * PAGE);
	add8(stream, 1);
	add32(stream, 9);
	add_name(stream, "block");
	add32(stream, 0);
	add32(stream, 1);
	refused(stream, "unknown live section \"block\"");
	stream = stream_new(N_PAGES * PAGE);
	add8(stream, 4);
	refused(stream, "unknown section 4");
}

static void test_cut_off(void)
{
	g_autoptr(GByteArray) stream = stream_new(N_PAGES * PAGE);
	section(stream, 3);
	add_page(stream, "ram", 0, 'x');
	section_end(stream);
	for (size_t n = 0; n < stream->len - 5; n++) {
		g_autoptr(GError) error = NULL;
		struct memory_delta delta;
		g_assert_null(filter(stream, n, &delta, &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/memory-delta/pages", test_pages);
	g_test_add_func("/memory-delta/live", test_live);
	g_test_add_func("/memory-delta/wrong", test_wrong);
	g_test_add_func("/memory-delta/cut-off", test_cut_off);
	return g_test_run();
}
