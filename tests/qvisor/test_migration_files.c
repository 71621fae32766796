/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A phone's files between two hosts, both ends in this process, joined by a socket pair. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/folder.h"
#include "qvisor/migration_wire.h"
#include "qvisor/overlay.h"

#define CHUNK MIGRATION_CHUNK

struct fixture {
	char *here, *there, *base;
	int ends[2];
	GThread *thread;
	struct migration_receiver receiver;
	GError *error; /* the receiver's */
	bool handed_over;
	uint64_t sent;
};

static bool pipe_write(void *data, const void *bytes, size_t n, GError **error)
{
	int fd = *(int *)data;
	ssize_t sent = 0;
	for (size_t at = 0; at < n; at += (size_t)sent) {
		sent = send(fd, (const char *)bytes + at, n - at, MSG_NOSIGNAL);
		if (sent < 0)
			return qvmi_error_set_errno(error, errno, "write");
	}
	return true;
}

static bool pipe_read(void *data, void *bytes, size_t n, GError **error)
{
	ssize_t got = recv(*(int *)data, bytes, n, MSG_WAITALL);
	if (got == (ssize_t)n)
		return true;
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "the end");
	return false;
}

static struct migration_pipe pipe_of(int *fd)
{
	return (struct migration_pipe){pipe_write, pipe_read, fd};
}

static void *receive(void *data)
{
	struct fixture *f = data;
	const struct migration_pipe pipe = pipe_of(&f->ends[1]);
	f->handed_over = migration_files_receive(&f->receiver, &pipe, &f->error);
	migration_files_answer(&pipe, f->error, NULL);
	shutdown(f->ends[1], SHUT_RDWR); /* as the end of a connection: nobody reads any more */
	return NULL;
}

static void set_up(struct fixture *f, gconstpointer data)
{
	f->here = g_dir_make_tmp("qvmi-here-XXXXXX", NULL);
	f->there = g_dir_make_tmp("qvmi-there-XXXXXX", NULL);
	f->base = g_build_filename(f->there, "its base", NULL);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->ends), ==, 0);
	f->receiver = (struct migration_receiver){
	    .folder = f->there, .backing = f->base, .format = "raw", .volume = data};
	f->thread = g_thread_new("receiver", receive, f);
}

static void end_receiver(struct fixture *f)
{
	if (!f->thread)
		return;
	shutdown(f->ends[0], SHUT_WR);
	g_thread_join(g_steal_pointer(&f->thread));
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	end_receiver(f);
	close(f->ends[0]);
	close(f->ends[1]);
	g_assert_true(folder_delete(f->here, NULL));
	g_assert_true(folder_delete(f->there, NULL));
	g_clear_error(&f->error);
	g_free(f->here);
	g_free(f->there);
	g_free(f->base);
}

static void put(const struct fixture *f, const char *name, off_t at, char fill, size_t n)
{
	g_autofree char *path = g_build_filename(f->here, name, NULL);
	g_autofree char *bytes = g_malloc(MAX(n, 1));
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	memset(bytes, fill, n);
	g_assert_cmpint(pwrite(fd, bytes, n, at), ==, n);
	close(fd);
}

static char *contents(const char *folder, const char *name, gsize *n)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	char *text = NULL;
	g_assert_true(g_file_get_contents(path, &text, n, NULL));
	return text;
}

static void assert_same(const struct fixture *f, const char *name)
{
	gsize here, there;
	g_autofree char *one = contents(f->here, name, &here);
	g_autofree char *other = contents(f->there, name, &there);
	g_assert_cmpmem(one, here, other, there);
}

static unsigned pass(struct fixture *f, struct migration_files *files)
{
	g_autoptr(GError) error = NULL;
	const struct migration_pipe pipe = pipe_of(&f->ends[0]);
	unsigned chunks = 0;
	g_assert_true(migration_files_pass(files, &pipe, true, &chunks, &error));
	g_assert_no_error(error);
	return chunks;
}

static void test_passes(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	put(f, "suspended", 0, 'a', 3 * CHUNK + 17);
	put(f, "suspended", (off_t)10 * CHUNK, 'b', 5); /* a hole before it */
	put(f, "key", 0, 'k', 32);
	put(f, "qemu.log", 0, 'l', 10);
	AUTO(migration_files) files = migration_files_open(f->here, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(pass(f, files), ==, 4 + 1 + 1);
	assert_same(f, "suspended");
	assert_same(f, "key");
	g_assert_cmpuint(pass(f, files), ==, 0);
	put(f, "suspended", CHUNK + 1, 'c', 1);             /* changed */
	put(f, "suspended", (off_t)2 * CHUNK, 0, CHUNK);    /* became zeroes */
	put(f, "suspended", (off_t)12 * CHUNK, 'd', CHUNK); /* grew */
	g_assert_cmpuint(pass(f, files), ==, 3 + 1);        /* and what was the short end of it */
	assert_same(f, "suspended");
	g_autofree char *path = g_build_filename(f->here, "suspended", NULL);
	g_assert_cmpint(truncate(path, CHUNK / 2), ==, 0);
	g_assert_cmpuint(pass(f, files), ==, 1);
	assert_same(f, "suspended");
	put(f, "suspended", (off_t)10 * CHUNK, 'b', 5); /* as it once was, and was cut off since */
	g_assert_cmpuint(pass(f, files), ==, 2);
	assert_same(f, "suspended");
	const struct migration_pipe pipe = pipe_of(&f->ends[0]);
	g_assert_true(migration_files_hand_over(&pipe, &error));
	end_receiver(f);
	g_assert_true(f->handed_over);
	g_autofree char *log = g_build_filename(f->there, "qemu.log", NULL);
	g_assert_false(g_file_test(log, G_FILE_TEST_EXISTS));
	struct stat status;
	g_autofree char *key = g_build_filename(f->there, "key", NULL);
	g_assert_cmpint(stat(key, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
}

static void test_overlay(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(f->here, "overlay.qcow2", NULL);
	g_autofree char *wanted = g_build_filename(f->there, "wanted", NULL);
	g_assert_true(overlay_create(
	    path, "/nowhere/another host's/base, much longer", "qcow2", 1 << 20, &error));
	AUTO(migration_files) files = migration_files_open(f->here, NULL, &error);
	g_assert_no_error(error);
	pass(f, files);
	g_assert_true(overlay_create(wanted, f->base, "raw", 1 << 20, &error));
	gsize n, m;
	g_autofree char *one = contents(f->there, "wanted", &n);
	g_autofree char *other = contents(f->there, "overlay.qcow2", &m);
	g_assert_cmpmem(one, n, other, m);
}

/* What the other side says in trouble reaches whoever sends. */
static void expect_trouble(struct fixture *f, const char *what)
{
	g_autoptr(GError) error = NULL;
	const struct migration_pipe pipe = pipe_of(&f->ends[0]);
	g_assert_false(migration_files_hand_over(&pipe, &error));
	end_receiver(f);
	g_assert_false(f->handed_over);
	g_assert_nonnull(strstr(f->error->message, what));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CANCELLED);
	g_assert_cmpstr(error->message, ==, f->error->message);
}

static void say(struct fixture *f, enum wire_kind kind, unsigned file, uint32_t length,
    uint64_t offset, const char *payload)
{
	const struct migration_pipe pipe = pipe_of(&f->ends[0]);
	const struct wire_head head = {kind, file, length, offset};
	g_assert_true(wire_write(&pipe, &head, payload, NULL));
}

static void say_name(struct fixture *f, unsigned file, const char *name)
{
	say(f, WIRE_NAME, file, (uint32_t)strlen(name), 0, name);
}

static void test_name(struct fixture *f, gconstpointer data)
{
	say_name(f, 0, data);
	expect_trouble(f, "makes no sense");
}

static void test_number(struct fixture *f, gconstpointer data)
{
	(void)data;
	say(f, WIRE_SIZE, 3, 0, 7, NULL);
	expect_trouble(f, "a file's number");
}

static void test_size(struct fixture *f, gconstpointer data)
{
	(void)data;
	say_name(f, 0, "key");
	say(f, WIRE_SIZE, 0, 0, WIRE_OFFSET_MAX + 1, NULL);
	expect_trouble(f, "number or size");
}

static void test_length(struct fixture *f, gconstpointer data)
{
	(void)data;
	say_name(f, 0, "key");
	say(f, WIRE_ZERO, 0, CHUNK + 1, 0, NULL);
	expect_trouble(f, "a hole");
}

static void test_header(struct fixture *f, gconstpointer data)
{
	(void)data;
	static char cluster[CHUNK];
	say_name(f, 0, "overlay.qcow2");
	say(f, WIRE_DATA, 0, CHUNK, 0, cluster);
	expect_trouble(f, "not as overlays are made here");
}

static void test_no_room(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	f->receiver.reserve_mib = G_MAXUINT;
	put(f, "suspended", 0, 'a', 20 << 20);
	AUTO(migration_files) files = migration_files_open(f->here, NULL, &error);
	const struct migration_pipe pipe = pipe_of(&f->ends[0]);
	unsigned chunks;
	g_assert_false(migration_files_pass(files, &pipe, false, &chunks, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CANCELLED);
	g_assert_nonnull(strstr(error->message, "make room"));
}

static void test_cut(struct fixture *f, gconstpointer data)
{
	(void)data;
	say_name(f, 0, "key");
	end_receiver(f);
	g_assert_false(f->handed_over);
	g_assert_error(f->error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
}

#define ADD(name, data, test)                                                                      \
	g_test_add("/migration-files/" name, struct fixture, data, set_up, test, tear_down)

/* Its user's volume: another folder here and there, and none where none is expected. */
static void test_volume(struct fixture *f, gconstpointer volume)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *here = g_dir_make_tmp("qvmi-volume-XXXXXX", NULL);
	const struct migration_pipe pipe = pipe_of(&f->ends[0]);
	unsigned chunks;
	put(f, "key", 0, 'p', 32);
	g_assert_false(migration_files_open(f->here, here, &error));
	g_clear_error(&error);
	g_autofree char *disk = g_build_filename(here, "disk.luks", NULL);
	g_autofree char *key = g_build_filename(here, "key", NULL);
	g_assert_true(g_file_set_contents(disk, "a disk", -1, NULL));
	g_assert_true(g_file_set_contents(key, "a key", -1, NULL));
	AUTO(migration_files) files = migration_files_open(f->here, here, &error);
	g_assert_no_error(error);
	if (volume) {
		g_assert_cmpuint(pass(f, files), ==, 3);
		g_autofree char *its_disk = contents(volume, "disk.luks", NULL);
		g_autofree char *its_key = contents(volume, "key", NULL);
		g_assert_cmpstr(its_disk, ==, "a disk");
		g_assert_cmpstr(its_key, ==, "a key");
		assert_same(f, "key");
	} else {
		g_assert_false(migration_files_pass(files, &pipe, true, &chunks, &error));
		end_receiver(f);
		g_assert_error(f->error, QVMI_ERROR, QVMI_ERROR_INVALID);
	}
	g_assert_true(folder_delete(here, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("passes", NULL, test_passes);
	ADD("overlay", NULL, test_overlay);
	ADD("wrong/path", "../key", test_name);
	ADD("wrong/record", "phone.json", test_name);
	ADD("wrong/snapshot", "snapshot-../x.disk", test_name);
	ADD("wrong/number", NULL, test_number);
	ADD("wrong/size", NULL, test_size);
	ADD("wrong/length", NULL, test_length);
	ADD("wrong/header", NULL, test_header);
	ADD("no-room", NULL, test_no_room);
	ADD("cut", NULL, test_cut);
	g_autofree char *volume = g_dir_make_tmp("qvmi-volume-XXXXXX", NULL);
	ADD("volume", volume, test_volume);
	ADD("volume/unexpected", NULL, test_volume);
	int status = g_test_run();
	return folder_delete(volume, NULL) ? status : 1;
}
