/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The side of migration_files.h that files come to. The other one is a host with a certificate of
 * our authority, which somebody may have broken into: it names the files that a phone has and no
 * others, and fills no disk. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>

#include "common/error.h"
#include "qvisor/folder.h"
#include "qvisor/migration_wire.h"
#include "qvisor/overlay.h"

#define ROOM_EVERY (16U << 20) /* bytes between two looks at what is free */

struct reception {
	const struct migration_receiver *receiver;
	const struct migration_pipe *pipe;
	int fds[MIGRATION_FILES_MAX]; /* -1: not named */
	bool overlay[MIGRATION_FILES_MAX];
	uint64_t since_room;
	uint8_t chunk[MIGRATION_CHUNK];
};

static bool wrong(GError **error, const char *what)
{
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "the other host sends what makes no sense: %s", what);
	return false;
}

static bool take_name(struct reception *r, const struct wire_head *head, GError **error)
{
	char name[256] = "";
	if (head->file >= MIGRATION_FILES_MAX || r->fds[head->file] >= 0 ||
	    head->length >= sizeof(name))
		return wrong(error, "a file's number or name");
	if (!r->pipe->read(r->pipe->data, name, head->length, error))
		return false;
	r->overlay[head->file] = !strcmp(name, "overlay.qcow2");
	g_autofree char *path =
	    migration_files_path(r->receiver->folder, r->receiver->volume, name);
	if (strlen(name) != head->length || !path ||
	    (r->overlay[head->file] && !r->receiver->backing))
		return wrong(error, "a file that phones do not have");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return qvmi_error_set_errno(error, errno, "cannot write %s", path);
	r->fds[head->file] = fd;
	return true;
}

static bool has_room(const struct reception *r, const char *folder, GError **error)
{
	uint64_t room = folder_free_mib(folder);
	if (room >= r->receiver->reserve_mib)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
	    "%s has %" G_GUINT64_FORMAT
	    " MiB of disk free, less than the %u that host.disk-reserve-mib wants; make room",
	    folder, room, r->receiver->reserve_mib);
	return false;
}

static bool check_room(struct reception *r, uint64_t more, GError **error)
{
	const struct migration_receiver *receiver = r->receiver;
	r->since_room += more;
	if (r->since_room < ROOM_EVERY)
		return true;
	r->since_room = 0;
	return has_room(r, receiver->folder, error) &&
	       (!receiver->volume || has_room(r, receiver->volume, error));
}

static bool write_at(int fd, const uint8_t *bytes, size_t n, off_t at, GError **error)
{
	while (n) {
		ssize_t written = pwrite(fd, bytes, n, at);
		if (written < 0 && errno != EINTR)
			return qvmi_error_set_errno(error, errno, "cannot write the phone's files");
		if (written < 0)
			continue;
		bytes += written;
		at += written;
		n -= (size_t)written;
	}
	return true;
}

static bool take_data(struct reception *r, const struct wire_head *head, int fd, GError **error)
{
	const struct migration_receiver *receiver = r->receiver;
	if (head->length > MIGRATION_CHUNK)
		return wrong(error, "a chunk's length");
	if (!check_room(r, head->length, error) ||
	    !r->pipe->read(r->pipe->data, r->chunk, head->length, error))
		return false;
	/* Where the other host has what the overlay lies on is its own affair. */
	if (r->overlay[head->file] && head->offset < MIGRATION_CHUNK &&
	    (head->offset || !overlay_rebase(r->chunk, head->length, receiver->backing,
	                         receiver->format, error)))
		return head->offset ? wrong(error, "a piece of a header") : false;
	return write_at(fd, r->chunk, head->length, (off_t)head->offset, error);
}

static bool take_zero(
    const struct reception *r, const struct wire_head *head, int fd, GError **error)
{
	static const uint8_t zeroes[MIGRATION_CHUNK];
	if (head->length > MIGRATION_CHUNK || (r->overlay[head->file] && !head->offset))
		return wrong(error, "a hole");
	if (!fallocate(
	        fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)head->offset, head->length))
		return true;
	return write_at(fd, zeroes, head->length, (off_t)head->offset, error);
}

static bool take_change(struct reception *r, const struct wire_head *head, GError **error)
{
	int fd = head->file < MIGRATION_FILES_MAX ? r->fds[head->file] : -1;
	if (fd < 0 || head->offset > WIRE_OFFSET_MAX)
		return wrong(error, "a file's number or size");
	if (head->kind == WIRE_DATA)
		return take_data(r, head, fd, error);
	if (head->kind == WIRE_ZERO)
		return take_zero(r, head, fd, error);
	return !ftruncate(fd, (off_t)head->offset) ||
	       qvmi_error_set_errno(error, errno, "cannot size a file of the phone's");
}

static bool sync_files(struct reception *r, const struct wire_head *head, GError **error)
{
	for (unsigned i = 0; head->offset && i < MIGRATION_FILES_MAX; i++)
		if (r->fds[i] >= 0 && fsync(r->fds[i]))
			return qvmi_error_set_errno(error, errno, "cannot write the phone's files");
	return wire_write(r->pipe, &(struct wire_head){WIRE_SYNC, 0, 0, 0}, NULL, error);
}

static bool receive(struct reception *r, GError **error)
{
	struct wire_head head;
	while (wire_read(r->pipe, &head, error)) {
		bool good;
		if (head.kind == WIRE_HAND_OVER)
			return true;
		if (head.kind == WIRE_NAME)
			good = take_name(r, &head, error);
		else if (head.kind == WIRE_DATA || head.kind == WIRE_ZERO || head.kind == WIRE_SIZE)
			good = take_change(r, &head, error);
		else if (head.kind == WIRE_SYNC)
			good = sync_files(r, &head, error);
		else
			good = wrong(error, "an unknown kind of message");
		if (!good)
			return false;
	}
	return false;
}

bool migration_files_receive(
    const struct migration_receiver *receiver, const struct migration_pipe *pipe, GError **error)
{
	g_autofree struct reception *r = g_new0(struct reception, 1);
	r->receiver = receiver;
	r->pipe = pipe;
	memset(r->fds, -1, sizeof(r->fds));
	bool good = receive(r, error);
	for (unsigned i = 0; i < MIGRATION_FILES_MAX; i++)
		if (r->fds[i] >= 0)
			close(r->fds[i]);
	OPENSSL_cleanse(r->chunk, sizeof(r->chunk)); /* keys were in it */
	return good;
}

bool migration_files_answer(
    const struct migration_pipe *pipe, const GError *trouble, GError **error)
{
	struct wire_head head = {WIRE_HAND_OVER, 0, 0, 0};
	if (trouble)
		head = (struct wire_head){
		    WIRE_TROUBLE, 0, (uint32_t)MIN(strlen(trouble->message), WIRE_TEXT_MAX), 0};
	return wire_write(pipe, &head, trouble ? trouble->message : NULL, error);
}
