/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"

#define FDSET 7
#define PATH "/dev/fdset/7"
#define SIZE_MAX_BYTES (64 * 1024 * 1024)

struct take {
	int fd; /* a memfd that QEMU writes to */
	picture_fn taken;
	void *data;
};

static GBytes *read_picture(int fd, GError **error)
{
	struct stat status;
	if (fstat(fd, &status) || status.st_size <= 0 || status.st_size > SIZE_MAX_BYTES) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_FAILED, "QEMU gives no picture of its screen");
		return NULL;
	}
	size_t size = (size_t)status.st_size;
	uint8_t *bytes = g_malloc(size);
	if (pread(fd, bytes, size, 0) == (ssize_t)size)
		return g_bytes_new_take(bytes, size);
	g_free(bytes);
	qvmi_error_set_errno(error, errno, "cannot read a picture");
	return NULL;
}

static void on_taken(void *data, JsonNode *result, const GError *cause)
{
	(void)result;
	g_autofree struct take *take = data;
	AUTO_FD fd = take->fd;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) picture = cause ? NULL : read_picture(fd, &error);
	take->taken(take->data, picture, cause ? cause : error);
}

void picture_take(struct qmp *qmp, picture_fn taken, void *data)
{
	struct take *take = g_new(struct take, 1);
	*take = (struct take){memfd_create("picture", MFD_CLOEXEC), taken, data};
	g_autofree char *self = g_strdup_printf("/proc/self/fd/%d", take->fd);
	/* QEMU takes a descriptor of a set only for what it is open for. */
	int writable = open(self, O_WRONLY | O_CLOEXEC);
	qmp_execute(qmp, "add-fd", qmp_fdset(FDSET), writable, QMP_DEADLINE_MS, NULL, NULL);
	qmp_execute(qmp, "screendump", qmp_one_member("filename", PATH), -1, QMP_DEADLINE_MS,
	    on_taken, take);
	qmp_execute(qmp, "remove-fd", qmp_fdset(FDSET), -1, QMP_DEADLINE_MS, NULL, NULL);
}

unsigned picture_difference(GBytes *a, GBytes *b)
{
	gsize size_a, size_b, differ = 0;
	const uint8_t *bytes_a = g_bytes_get_data(a, &size_a);
	const uint8_t *bytes_b = g_bytes_get_data(b, &size_b);
	if (size_a != size_b || !size_a)
		return 1000;
	for (gsize i = 0; i < size_a; i++)
		differ += bytes_a[i] != bytes_b[i];
	return (unsigned)((differ * 1000 + size_a - 1) / size_a);
}
