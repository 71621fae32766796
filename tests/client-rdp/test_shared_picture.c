/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/rdp/shared_picture.h"

#include <glib.h>
#include <sys/mman.h>
#include <unistd.h>

static void test_read_only(void)
{
	g_autoptr(GError) error = NULL;
	AUTO(shared_picture) shared = shared_picture_new(&error);

	g_assert_no_error(error);
	int fd = shared_picture_fd(shared);

	g_assert_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	g_assert_cmpint(ftruncate(fd, 0), ==, -1);
	g_assert_cmpint(write(fd, "x", 1), ==, -1);
}

static void test_copy(void)
{
	g_autoptr(GError) error = NULL;
	AUTO(shared_picture) shared = shared_picture_new(&error);
	uint8_t pixels[4 * 3 * PICTURE_BYTES];
	const struct picture picture = {.pixels = pixels, .width = 4, .height = 3};

	g_assert_no_error(error);
	for (unsigned i = 0; i < sizeof pixels; i++)
		pixels[i] = (uint8_t)(i + 1);
	shared_picture_copy(shared, &picture, &(struct rectangle){1, 1, 2, 2});
	const uint8_t *seen = mmap(NULL, 4096, PROT_READ, MAP_SHARED, shared_picture_fd(shared), 0);

	g_assert_true(seen != MAP_FAILED);
	for (unsigned i = 0; i < sizeof pixels; i++) {
		unsigned x = i / PICTURE_BYTES % 4, y = i / PICTURE_BYTES / 4;
		bool copied = x >= 1 && x < 3 && y >= 1;

		g_assert_cmpuint(seen[i], ==, copied ? i + 1 : 0);
	}
	munmap((void *)seen, 4096);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/shared-picture/read-only", test_read_only);
	g_test_add_func("/shared-picture/copy", test_copy);
	return g_test_run();
}
