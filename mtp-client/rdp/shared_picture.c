/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/rdp/shared_picture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.h"
#include "mtp/messages.h"

struct shared_picture {
	int fd;
	uint8_t *pixels;
};

struct shared_picture *shared_picture_new(GError **error)
{
	AUTO(shared_picture) shared = g_new0(struct shared_picture, 1);

	shared->pixels = MAP_FAILED;
	shared->fd = memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (shared->fd >= 0 && ftruncate(shared->fd, (off_t)SHARED_PICTURE_SIZE) == 0)
		shared->pixels = mmap(
		    NULL, SHARED_PICTURE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, shared->fd, 0);
	/* Our mapping stays; nobody gets another that can be written. */
	if (shared->pixels == MAP_FAILED ||
	    fcntl(shared->fd, F_ADD_SEALS,
	        F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "no memory for the picture: %s", g_strerror(errno));
		return NULL;
	}
	return g_steal_pointer(&shared);
}

void shared_picture_free(struct shared_picture *shared)
{
	if (!shared)
		return;
	if (shared->pixels != MAP_FAILED)
		munmap(shared->pixels, SHARED_PICTURE_SIZE);
	if (shared->fd >= 0)
		close(shared->fd);
	g_free(shared);
}

int shared_picture_fd(const struct shared_picture *shared)
{
	return shared->fd;
}

void shared_picture_copy(
    struct shared_picture *shared, const struct picture *picture, const struct rectangle *area)
{
	size_t stride = picture_stride(picture), row = (size_t)area->width * PICTURE_BYTES;
	size_t first = area->y * stride + (size_t)area->x * PICTURE_BYTES;

	for (uint32_t y = 0; y < area->height; y++)
		memcpy(
		    shared->pixels + first + y * stride, picture->pixels + first + y * stride, row);
}
