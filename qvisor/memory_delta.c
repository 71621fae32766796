/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/memory_delta.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/big_endian.h"
#include "common/error.h"
#include "qvisor/secret_memory.h"

#define FILE_MAGIC 0x5145564dU /* "QEVM" */
#define FILE_VERSION 3
#define BUFFER_SIZE ((size_t)1 << 18)
#define NAME_SIZE 256
#define RAM_BLOCK "ram" /* the id of the memory backend: qemu_command.c */
#define CAPABILITIES_MAX 64

enum section {
	SECTION_START = 1,
	SECTION_PART = 2,
	SECTION_END = 3,
	SECTION_SUBSECTION = 5,
	SECTION_CONFIGURATION = 7,
	SECTION_COMMAND = 8,
	SECTION_FOOTER = 0x7e,
};

/* What a page's address is or'ed with. */
enum {
	RECORD_ZERO = 0x02,
	RECORD_MEM_SIZE = 0x04,
	RECORD_PAGE = 0x08,
	RECORD_EOS = 0x10,
	RECORD_CONTINUE = 0x20, /* in the block of the record before */
};
#define RECORD_FLAGS (MEMORY_DELTA_PAGE - 1)

struct filter {
	struct memory_delta *delta;
	uint8_t buffer[BUFFER_SIZE];
	size_t begin, end;
	char block[NAME_SIZE];   /* that the last record read was in */
	char written[NAME_SIZE]; /* that the last record written was in; "": none yet */
};

static bool bad(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool bad(GError **error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (error)
		*error = g_error_new_valist(QVMI_ERROR, QVMI_ERROR_CORRUPT, format, arguments);
	va_end(arguments);
	g_prefix_error(error, "QEMU's migration stream: ");
	return false;
}

/* --- bytes --- */

/* The next `n` bytes, not taken yet; valid until the next call. */
static const uint8_t *look(struct filter *filter, size_t n, GError **error)
{
	if (filter->end - filter->begin < n) {
		memmove(
		    filter->buffer, filter->buffer + filter->begin, filter->end - filter->begin);
		filter->end -= filter->begin;
		filter->begin = 0;
	}
	while (filter->end < filter->begin + n) {
		ssize_t got = read(filter->delta->fd, filter->buffer + filter->end,
		    sizeof(filter->buffer) - filter->end);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			bad(error, got ? "it cannot be read" : "it ends too early");
			return NULL;
		}
		filter->end += (size_t)got;
	}
	return filter->buffer + filter->begin;
}

static bool put(struct filter *filter, const void *bytes, size_t n, GError **error)
{
	return filter->delta->write(filter->delta->data, bytes, n, error);
}

/* Takes bytes without passing them on. */
static const uint8_t *take(struct filter *filter, size_t n, GError **error)
{
	const uint8_t *bytes = look(filter, n, error);
	if (bytes)
		filter->begin += n;
	return bytes;
}

/* Takes bytes and passes them on. */
static const uint8_t *pass(struct filter *filter, size_t n, GError **error)
{
	const uint8_t *bytes = take(filter, n, error);
	return bytes && put(filter, bytes, n, error) ? bytes : NULL;
}

static bool pass32(struct filter *filter, uint32_t *value, GError **error)
{
	const uint8_t *at = pass(filter, 4, error);
	if (at)
		*value = big_endian_get32(at);
	return at;
}

static bool pass64(struct filter *filter, uint64_t *value, GError **error)
{
	const uint8_t *at = pass(filter, 8, error);
	if (at)
		*value = big_endian_get64(at);
	return at;
}

typedef const uint8_t *(*move_fn)(struct filter *filter, size_t n, GError **error);

/* A length of one byte and as many characters. */
static bool move_name(struct filter *filter, char *name, move_fn move, GError **error)
{
	const uint8_t *at = move(filter, 1, error);
	size_t n = at ? *at : 0;
	const uint8_t *text = at ? move(filter, n, error) : NULL;
	if (!text)
		return false;
	memcpy(name, text, n);
	name[n] = 0;
	return strlen(name) == n || bad(error, "a name has a NUL byte");
}

/* --- what comes before memory --- */

static bool pass_subsection(struct filter *filter, GError **error)
{
	char name[NAME_SIZE];
	uint32_t version, n = 0;
	if (!pass(filter, 1, error) || !move_name(filter, name, pass, error) ||
	    !pass32(filter, &version, error))
		return false;
	if (!strcmp(name, "configuration/target-page-bits"))
		return pass32(filter, &n, error);
	if (strcmp(name, "configuration/capabilities") != 0)
		return bad(error, "its configuration has an unknown part \"%.64s\"", name);
	if (!pass32(filter, &n, error))
		return false;
	if (n > CAPABILITIES_MAX)
		return bad(error, "it has %u capabilities", n);
	while (n--)
		if (!move_name(filter, name, pass, error))
			return false;
	return true;
}

static bool pass_configuration(struct filter *filter, GError **error)
{
	uint32_t n;
	const uint8_t *next;
	if (!pass32(filter, &n, error))
		return false;
	if (n >= NAME_SIZE)
		return bad(error, "its machine's name has %u bytes", n);
	if (!pass(filter, n, error))
		return false;
	while ((next = look(filter, 1, error)) && *next == SECTION_SUBSECTION)
		if (!pass_subsection(filter, error))
			return false;
	return next;
}

static bool pass_command(struct filter *filter, GError **error)
{
	const uint8_t *head = pass(filter, 4, error);
	return head && pass(filter, (size_t)head[2] << 8 | head[3], error);
}

/* --- memory --- */

/* The blocks by name and size; ours has to be among them as large as we know it. */
static bool pass_blocks(struct filter *filter, uint64_t total, GError **error)
{
	bool found = false;
	while (total) {
		char name[NAME_SIZE];
		uint64_t size, address;
		if (!move_name(filter, name, pass, error) || !pass64(filter, &size, error) ||
		    !pass64(filter, &address, error))
			return false;
		if (!size || size > total)
			return bad(error, "the block \"%.64s\" has a wrong size", name);
		total -= size;
		if (strcmp(name, RAM_BLOCK) != 0)
			continue;
		found = size == filter->delta->size;
		if (!found)
			return bad(error,
			    "the guest's memory has %" G_GUINT64_FORMAT
			    " bytes, its template's %" G_GUINT64_FORMAT,
			    size, filter->delta->size);
	}
	return found || bad(error, "the guest's memory is not in it");
}

/* A record's head, with its block's name where it is not that of the record written before. */
static bool put_head(struct filter *filter, uint64_t address, unsigned kind, GError **error)
{
	bool same = !strcmp(filter->written, filter->block);
	uint64_t head = GUINT64_TO_BE(address | kind | (same ? RECORD_CONTINUE : 0));
	uint8_t n = (uint8_t)strlen(filter->block);
	if (!put(filter, &head, sizeof(head), error))
		return false;
	if (same)
		return true;
	memcpy(filter->written, filter->block, sizeof(filter->written));
	return put(filter, &n, 1, error) && put(filter, filter->block, n, error);
}

static bool is_shared(const struct memory_delta *delta, uint64_t address, const uint8_t *page)
{
	static const uint8_t zero[MEMORY_DELTA_PAGE];
	const uint8_t *base = delta->base ? delta->base + address : zero;
	return !memcmp(base, page ? page : zero, MEMORY_DELTA_PAGE);
}

/* Whether the other side has a page of its own at this address, which it then has to get anew. */
static bool was_written(const struct memory_delta *delta, uint64_t address)
{
	uint64_t page = address / MEMORY_DELTA_PAGE;
	return delta->written && delta->written[page / 8] & 1U << page % 8;
}

static void note_written(struct memory_delta *delta, uint64_t address)
{
	uint64_t page = address / MEMORY_DELTA_PAGE;
	delta->kept++;
	if (delta->written)
		delta->written[page / 8] |= 1U << page % 8;
}

static bool filter_page(struct filter *filter, uint64_t head, GError **error)
{
	static const uint8_t no_byte;
	struct memory_delta *delta = filter->delta;
	uint64_t address = head & ~(uint64_t)RECORD_FLAGS;
	unsigned kind = head & (RECORD_PAGE | RECORD_ZERO);
	if (!(head & RECORD_CONTINUE) && !move_name(filter, filter->block, take, error))
		return false;
	if (!*filter->block)
		return bad(error, "a page is in no block");
	const uint8_t *page = take(filter, kind == RECORD_PAGE ? MEMORY_DELTA_PAGE : 1, error);
	if (!page)
		return false;
	if (kind == RECORD_ZERO && *page)
		return bad(error, "a page of zeroes is filled with %u", *page);
	if (!strcmp(filter->block, RAM_BLOCK)) {
		if (address > delta->size - MEMORY_DELTA_PAGE)
			return bad(error, "a page lies behind the guest's memory");
		delta->pages++;
		if (!was_written(delta, address) &&
		    is_shared(delta, address, kind == RECORD_PAGE ? page : NULL))
			return true;
		note_written(delta, address);
	}
	return put_head(filter, address, kind, error) &&
	       (kind == RECORD_PAGE ? put(filter, page, MEMORY_DELTA_PAGE, error)
	                            : put(filter, &no_byte, 1, error));
}

/* Records up to the end of this section's. */
static bool filter_records(struct filter *filter, GError **error)
{
	while (true) {
		const uint8_t *at = take(filter, 8, error);
		if (!at)
			return false;
		uint64_t head = big_endian_get64(at), shown = GUINT64_TO_BE(head);
		unsigned kind = head & RECORD_FLAGS & ~RECORD_CONTINUE;
		if (kind == RECORD_PAGE || kind == RECORD_ZERO) {
			if (!filter_page(filter, head, error))
				return false;
			continue;
		}
		if (kind != RECORD_EOS && kind != RECORD_MEM_SIZE)
			return bad(error, "a record of the unknown kind 0x%x", kind);
		if (!put(filter, &shown, sizeof(shown), error))
			return false;
		if (kind == RECORD_EOS)
			return true;
		if (!pass_blocks(filter, head & ~(uint64_t)RECORD_FLAGS, error))
			return false;
	}
}

static bool filter_section(struct filter *filter, enum section kind, GError **error)
{
	char name[NAME_SIZE];
	uint32_t id, instance, version;
	if (!pass32(filter, &id, error))
		return false;
	if (kind == SECTION_START) {
		if (!move_name(filter, name, pass, error) || !pass32(filter, &instance, error) ||
		    !pass32(filter, &version, error))
			return false;
		if (strcmp(name, "ram") != 0)
			return bad(error, "it has the unknown live section \"%.64s\"", name);
	}
	if (!filter_records(filter, error))
		return false;
	const uint8_t *footer = look(filter, 1, error);
	return footer && (*footer != SECTION_FOOTER || pass(filter, 5, error));
}

/* --- */

static bool pass_rest(struct filter *filter, GError **error)
{
	while (true) {
		if (!put(
		        filter, filter->buffer + filter->begin, filter->end - filter->begin, error))
			return false;
		filter->begin = filter->end = 0;
		ssize_t got = read(filter->delta->fd, filter->buffer, sizeof(filter->buffer));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return !got || bad(error, "it cannot be read");
		filter->end = (size_t)got;
	}
}

static bool filter_run(struct filter *filter, GError **error)
{
	const uint8_t *at = pass(filter, 8, error);
	if (!at)
		return false;
	if (big_endian_get32(at) != FILE_MAGIC || big_endian_get32(at + 4) != FILE_VERSION)
		return bad(error, "it does not begin as one");
	while ((at = pass(filter, 1, error))) {
		enum section kind = *at;
		bool good;
		if (kind == SECTION_CONFIGURATION)
			good = pass_configuration(filter, error);
		else if (kind == SECTION_COMMAND)
			good = pass_command(filter, error);
		else if (kind == SECTION_START || kind == SECTION_PART || kind == SECTION_END)
			good = filter_section(filter, kind, error);
		else
			good = bad(error, "it has the unknown section %u", kind);
		if (!good)
			return false;
		if (kind == SECTION_END)
			return pass_rest(filter, error);
	}
	return false;
}

bool memory_delta_filter(struct memory_delta *delta, GError **error)
{
	SECRET struct filter *filter = secret_new(sizeof(*filter)); /* what a guest has in memory */
	filter->delta = delta;
	delta->pages = delta->kept = 0;
	g_assert(delta->size && delta->size % MEMORY_DELTA_PAGE == 0);
	return filter_run(filter, error);
}

size_t memory_delta_written_size(uint64_t memory_size)
{
	return (memory_size / MEMORY_DELTA_PAGE + 7) / 8;
}
