/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/surface.h"

#include <sys/mman.h>

#include "common/error.h"

static int memory(size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
	return fd;
}

static void refuse_mapped(
    int fd, uint32_t offset, uint32_t width, uint32_t height, uint32_t stride, uint32_t format)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(surface_new_mapped(fd, offset, width, height, stride, format, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
}

static void test_mapped(void)
{
	AUTO_FD fd = memory(10 * 4 * 20);
	uint32_t pixel = 0x00123456;
	g_assert_cmpint(pwrite(fd, &pixel, 4, 10 * 4 * 20 - 4), ==, 4);
	g_autoptr(GError) error = NULL;
	AUTO(surface)
	surface = surface_new_mapped(fd, 0, 10, 20, 40, SURFACE_X8R8G8B8, &error);
	g_assert_no_error(error);
	const uint32_t *last = (const uint32_t *)(surface->pixels + 19 * surface->stride + 36);
	g_assert_cmphex(*last, ==, pixel);
	/* The last row need not have its whole stride. */
	AUTO(surface)
	tight = surface_new_mapped(fd, 4, 9, 20, 40, SURFACE_A8R8G8B8, &error);
	g_assert_no_error(error);
	g_assert_cmphex(*(const uint32_t *)(tight->pixels + 19 * 40 + 32), ==, pixel);
}

/* Each number that QEMU could lie about. */
static void test_hostile(void)
{
	AUTO_FD fd = memory(10 * 4 * 20);
	refuse_mapped(fd, 0, 10, 21, 40, SURFACE_X8R8G8B8);
	refuse_mapped(fd, 4, 10, 20, 40, SURFACE_X8R8G8B8);
	refuse_mapped(fd, 2, 9, 20, 40, SURFACE_X8R8G8B8);
	refuse_mapped(fd, UINT32_MAX - 3, 10, 20, 40, SURFACE_X8R8G8B8);
	refuse_mapped(fd, 0, 10, 20, 36, SURFACE_X8R8G8B8);
	refuse_mapped(fd, 0, 10, 20, 41, SURFACE_X8R8G8B8);
	refuse_mapped(fd, 0, 10, 2, UINT32_MAX - 3, SURFACE_X8R8G8B8);
	refuse_mapped(fd, 0, 0, 20, 40, SURFACE_X8R8G8B8);
	refuse_mapped(fd, 0, 10, 0, 40, SURFACE_X8R8G8B8);
	refuse_mapped(fd, 0, UINT32_MAX, UINT32_MAX, UINT32_MAX, SURFACE_X8R8G8B8);
	refuse_mapped(fd, 0, 0x40000000, 1, 0, SURFACE_X8R8G8B8);
	refuse_mapped(fd, 0, 10, 20, 40, 0x10020565);
	refuse_mapped(-1, 0, 10, 20, 40, SURFACE_X8R8G8B8);
	int pair[2];
	g_assert_cmpint(pipe(pair), ==, 0);
	refuse_mapped(pair[0], 0, 10, 20, 40, SURFACE_X8R8G8B8);
	close(pair[0]);
	close(pair[1]);
}

static void test_copied(void)
{
	uint32_t bytes[3 * 8] = {0};
	bytes[8] = 7;
	g_autoptr(GError) error = NULL;
	AUTO(surface)
	surface = surface_new_copied(bytes, sizeof bytes, 4, 3, 32, SURFACE_X8R8G8B8, &error);
	g_assert_no_error(error);
	g_assert_cmphex(((const uint32_t *)surface->pixels)[4], ==, 7);

	uint32_t patch[2] = {1, 2};
	g_assert_true(surface_patch(surface, patch, 8, 2, 1, 2, 1, 8, SURFACE_X8R8G8B8, &error));
	g_assert_cmphex(((const uint32_t *)surface->pixels)[7], ==, 2);
	static const int32_t hostile[][4] = {{3, 1, 2, 1}, {-1, 1, 2, 1}, {2, 3, 2, 1},
	    {2, 1, -2, 1}, {2, 1, 2, 0}, {INT32_MAX, 1, INT32_MAX, 1}, {0, 0, 2, 2}};
	for (unsigned i = 0; i < G_N_ELEMENTS(hostile); i++) {
		const int32_t *h = hostile[i];
		g_assert_false(surface_patch(
		    surface, patch, 8, h[0], h[1], h[2], h[3], 8, SURFACE_X8R8G8B8, &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
		g_clear_error(&error);
	}
	g_assert_null(
	    surface_new_copied(bytes, sizeof bytes - 32, 4, 3, 32, SURFACE_X8R8G8B8, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/surface/mapped", test_mapped);
	g_test_add_func("/surface/hostile", test_hostile);
	g_test_add_func("/surface/copied", test_copied);
	return g_test_run();
}
