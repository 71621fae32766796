/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/surface.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "mtp/messages.h"

#define PIXEL 4u /* bytes */

/* Does an image of these numbers fit `available` bytes? 64-bit sums of 32-bit numbers cannot wrap.
 */
static bool check_image(uint32_t width, uint32_t height, uint32_t stride, uint32_t format,
    uint64_t offset, uint64_t available, GError **error)
{
	if (format != SURFACE_X8R8G8B8 && format != SURFACE_A8R8G8B8) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "QEMU shows pixels of format 0x%x; only x8r8g8b8 and a8r8g8b8 are understood",
		    format);
		return false;
	}
	if (width < 1 || height < 1 || stride % PIXEL || stride < (uint64_t)width * PIXEL ||
	    offset % PIXEL ||
	    offset + (uint64_t)stride * (height - 1) + (uint64_t)width * PIXEL > available) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "QEMU shows %ux%u pixels with a stride of %u bytes, but gave %" G_GUINT64_FORMAT
		    " bytes",
		    width, height, stride, available);
		return false;
	}
	return true;
}

static bool check_screen(uint32_t width, uint32_t height, GError **error)
{
	if (mtp_screen_is_valid(width, height))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "QEMU shows a screen of %ux%u pixels; give the phone at most %ux%u and %u Mpixel",
	    width, height, MTP_MAX_SIDE, MTP_MAX_SIDE, MTP_MAX_SCREEN >> 20);
	return false;
}

static struct surface *surface_new(uint32_t width, uint32_t height, size_t stride)
{
	struct surface *surface = g_new0(struct surface, 1);
	surface->width = width;
	surface->height = height;
	surface->stride = stride;
	g_atomic_ref_count_init(&surface->references);
	g_mutex_init(&surface->lock);
	return surface;
}

struct surface *surface_new_mapped(int fd, uint32_t offset, uint32_t width, uint32_t height,
    uint32_t stride, uint32_t format, GError **error)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || st.st_size < 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "QEMU handed over a screen that is no memory: %s", g_strerror(errno));
		return NULL;
	}
	if (!check_screen(width, height, error) ||
	    !check_image(width, height, stride, format, offset, (uint64_t)st.st_size, error))
		return NULL;
	/* mmap() wants an offset at a page's start. */
	size_t slack = offset % (size_t)sysconf(_SC_PAGESIZE);
	size_t size = slack + (size_t)stride * (height - 1) + (size_t)width * PIXEL;
	void *mapping = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, (off_t)(offset - slack));
	if (mapping == MAP_FAILED) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "cannot map the phone's screen: %s", g_strerror(errno));
		return NULL;
	}
	struct surface *surface = surface_new(width, height, stride);
	surface->mapping = mapping;
	surface->mapping_size = size;
	surface->pixels = (const uint8_t *)mapping + slack;
	return surface;
}

static void copy_rows(uint8_t *to, size_t to_stride, const uint8_t *from, size_t from_stride,
    size_t row, unsigned rows)
{
	for (unsigned y = 0; y < rows; y++)
		memcpy(to + y * to_stride, from + y * from_stride, row);
}

struct surface *surface_new_copied(const void *bytes, size_t n, uint32_t width, uint32_t height,
    uint32_t stride, uint32_t format, GError **error)
{
	if (!check_screen(width, height, error) ||
	    !check_image(width, height, stride, format, 0, n, error))
		return NULL;
	struct surface *surface = surface_new(width, height, (size_t)width * PIXEL);
	surface->copy = g_malloc(surface->stride * height);
	surface->pixels = surface->copy;
	copy_rows(surface->copy, surface->stride, bytes, stride, surface->stride, height);
	return surface;
}

bool surface_patch(struct surface *surface, const void *bytes, size_t n, int32_t x, int32_t y,
    int32_t width, int32_t height, uint32_t stride, uint32_t format, GError **error)
{
	if (!surface->copy || x < 0 || y < 0 || width < 1 || height < 1 ||
	    (int64_t)x + width > surface->width || (int64_t)y + height > surface->height) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "QEMU updates %dx%d pixels at %d,%d, which are not on its screen", width,
		    height, x, y);
		return false;
	}
	if (!check_image((uint32_t)width, (uint32_t)height, stride, format, 0, n, error))
		return false;
	surface_lock(surface);
	copy_rows(surface->copy + (size_t)y * surface->stride + (size_t)x * PIXEL, surface->stride,
	    bytes, stride, (size_t)width * PIXEL, (unsigned)height);
	surface_unlock(surface);
	return true;
}

struct surface *surface_ref(struct surface *surface)
{
	g_atomic_ref_count_inc(&surface->references);
	return surface;
}

void surface_free(struct surface *surface)
{
	if (!surface || !g_atomic_ref_count_dec(&surface->references))
		return;
	if (surface->mapping)
		munmap(surface->mapping, surface->mapping_size);
	g_free(surface->copy);
	g_mutex_clear(&surface->lock);
	g_free(surface);
}

void surface_lock(struct surface *surface)
{
	if (surface->copy)
		g_mutex_lock(&surface->lock);
}

void surface_unlock(struct surface *surface)
{
	if (surface->copy)
		g_mutex_unlock(&surface->lock);
}
