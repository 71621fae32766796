/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The formats that are read here, byte by byte; what the corpus does not have or cannot show. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qvisor/probe/bootimg.h"
#include "qvisor/probe/confine.h"
#include "qvisor/probe/partition.h"
#include "qvisor/probe/tree.h"

static void put32(uint8_t *p, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

static struct source *source_of(const void *data, size_t n)
{
	g_autoptr(GBytes) bytes = g_bytes_new(data, n);
	return source_of_bytes(bytes);
}

static void test_bounds(void)
{
	uint8_t byte[4];
	AUTO(source) source = source_of("0123456789", 10);
	AUTO(source) slice = source_slice(source, 4, 100);
	g_assert_cmpuint(slice->size, ==, 6);
	g_assert_true(source_read(slice, 2, byte, 4));
	g_assert_cmpmem(byte, 4, "6789", 4);
	g_assert_false(source_read(slice, 3, byte, 4));
	g_assert_false(source_read(slice, UINT64_MAX, byte, 2));
	g_assert_false(source_read(slice, UINT64_MAX - 1, byte, 4));
	g_assert_null(source_bytes(source, 0, UINT64_MAX));
}

/* A header, "AAAA", three blocks of "xy", one that is nowhere: blocks of 4 bytes. */
static void test_sparse(void)
{
	static const uint8_t image[] = {0x3a, 0xff, 0x26, 0xed, 1, 0, 0, 0, 28, 0, 12, 0, 4, 0, 0,
	    0, 5, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0xc1, 0xca, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0, 'A',
	    'A', 'A', 'A', 0xc2, 0xca, 0, 0, 3, 0, 0, 0, 16, 0, 0, 0, 'x', 'y', 'x', 'y', 0xc3,
	    0xca, 0, 0, 1, 0, 0, 0, 12, 0, 0, 0};
	g_autoptr(GError) error = NULL;
	char text[20];
	AUTO(source) file = source_of(image, sizeof(image));
	AUTO(source) sparse = source_of_sparse(file, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(sparse->size, ==, 20);
	g_assert_true(source_read(sparse, 0, text, 20));
	g_assert_cmpmem(text, 20, "AAAAxyxyxyxyxyxy\0\0\0\0", 20);
	for (size_t cut = 28; cut < sizeof(image); cut++) {
		AUTO(source) half = source_of(image, cut);
		g_assert_null(source_of_sparse(half, &error));
		g_assert_nonnull(error);
		g_clear_error(&error);
	}
}

static void test_boot_v4(void)
{
	static uint8_t image[4096 * 3];
	g_autoptr(GError) error = NULL;
	memcpy(image, "ANDROID!", 8);
	put32(image + 8, 5);
	put32(image + 12, 3);
	put32(image + 20, 1584);
	put32(image + 40, 4);
	strcpy((char *)image + 44, "a=b");
	memcpy(image + 4096, "KERNL", 5);
	memcpy(image + 8192, "RAM", 3);
	AUTO(source) file = source_of(image, sizeof(image));
	AUTO(bootimg) boot = bootimg_read(file, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(boot->version, ==, 4);
	g_assert_cmpstr(boot->cmdline, ==, "a=b");
	char text[5];
	g_assert_true(source_read(boot->kernel, 0, text, 5));
	g_assert_cmpmem(text, 5, "KERNL", 5);
	g_assert_cmpuint(boot->ramdisk->size, ==, 3);
	put32(image + 40, 9);
	AUTO(source) wrong = source_of(image, sizeof(image));
	g_assert_null(bootimg_read(wrong, &error));
	g_assert_nonnull(strstr(error->message, "version 9"));
}

static void test_vendor_boot_v4(void)
{
	static uint8_t image[4096 * 3];
	g_autoptr(GError) error = NULL;
	memcpy(image, "VNDRBOOT", 8);
	put32(image + 8, 4);
	put32(image + 12, 4096);
	put32(image + 24, 6);
	strcpy((char *)image + 28, "vendor");
	put32(image + 2096, 2128);
	put32(image + 2100, 8);
	AUTO(source) file = source_of(image, sizeof(image));
	AUTO(bootimg) boot = bootimg_read(file, &error);
	g_assert_no_error(error);
	g_assert_true(boot->vendor);
	g_assert_null(boot->kernel);
	g_assert_cmpuint(boot->ramdisk->size, ==, 6);
	g_assert_cmpuint(boot->dtb->size, ==, 8);
	/* A size that wraps around. */
	put32(image + 24, UINT32_MAX);
	AUTO(source) wrong = source_of(image, sizeof(image));
	g_assert_null(bootimg_read(wrong, &error));
	g_assert_nonnull(error);
}

static void test_mbr(void)
{
	static uint8_t disk[512 * 8];
	disk[446] = 0x80, disk[450] = 0x83;
	put32(disk + 454, 2);
	put32(disk + 458, 1000); /* more than there is */
	disk[510] = 0x55, disk[511] = 0xaa;
	AUTO(source) file = source_of(disk, sizeof(disk));
	AUTO(partition_table) table = partition_table_read(file);
	g_assert_nonnull(table);
	g_assert_cmpuint(table->count, ==, 1);
	g_assert_cmpuint(table->partitions[0].source->size, ==, 512 * 6);
}

#define NEWC(mode, size, name_size)                                                                \
	"07070100000001" mode "00000000000000000000000100000000" size                              \
	"00000000000000000000000000000000" name_size "00000000"

static void test_cpio(void)
{
	static const char archive[] = NEWC("000041ed", "00000000", "00000004") "etc\0\0\0" NEWC(
	    "000081a4", "00000003", "00000006") "etc/x\0hey\0" NEWC("00000000", "00000000",
	    "0000000b") "TRAILER!!!\0\0\0";
	AUTO(source) file = source_of(archive, sizeof(archive) - 1);
	AUTO(tree) tree = tree_open_cpio(file);
	g_assert_nonnull(tree);
	g_autofree char *text = tree_read_text(tree, "etc/x", 100);
	g_assert_cmpstr(text, ==, "hey");
	g_assert_null(tree_read_text(tree, "etc/x", 2));
	g_assert_null(tree_read_text(tree, "etc", 100));
	g_assert_true(tree_has_folder(tree, "etc"));
	g_assert_false(tree_has_folder(tree, "et"));
}

static void put_fat12(uint8_t *table, unsigned cluster, unsigned next)
{
	uint8_t *entry = table + cluster + cluster / 2;
	unsigned value = (unsigned)(entry[0] | entry[1] << 8);
	value = cluster & 1 ? (value & 0xf) | next << 4 : (value & 0xf000) | next;
	entry[0] = (uint8_t)value, entry[1] = (uint8_t)(value >> 8);
}

static void put_long_name(uint8_t *entry, unsigned number, const char *name, uint8_t checksum)
{
	static const uint8_t places[] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
	size_t n = strlen(name);
	bool last = n - (number - 1) * 13 <= 13;
	entry[0] = (uint8_t)(number | (last ? 0x40 : 0));
	entry[11] = 0x0f, entry[13] = checksum;
	for (unsigned i = 0; i < 13; i++) {
		size_t at = (number - 1) * 13 + i;
		entry[places[i]] = at < n ? (uint8_t)name[at] : at == n ? 0 : 0xff;
		entry[places[i] + 1] = at > n ? 0xff : 0;
	}
}

/* FAT12: sectors of boot, table, root, then clusters from 2. "Read me, please.txt" is in 3 and 5,
 * the folder in 2. */
static void make_fat(uint8_t disk[512 * 16])
{
	static const uint8_t boot[] = {0xeb, 0x3c, 0x90, 'm', 'k', 'f', 's', '.', 'f', 'a', 't', 0,
	    2, 1, 1, 0, 1, 16, 0, 16, 0, 0xf8, 1, 0};
	uint8_t *table = disk + 512, *root = disk + 1024, *folder = disk + 1536, sum = 0;
	memcpy(disk, boot, sizeof(boot));
	disk[510] = 0x55, disk[511] = 0xaa;
	put_fat12(table, 2, 0xfff);
	put_fat12(table, 3, 5);
	put_fat12(table, 5, 0xfff);
	memcpy(root + 64, "README~1TXT\x20", 12);
	for (unsigned i = 64; i < 75; i++)
		sum = (uint8_t)((sum >> 1 | sum << 7) + root[i]);
	put_long_name(root, 2, "Read me, please.txt", sum);
	put_long_name(root + 32, 1, "Read me, please.txt", sum);
	root[64 + 26] = 3;
	put32(root + 64 + 28, 600);
	memcpy(root + 96, "PHONE      \x08", 12);
	memcpy(root + 128, "EFI        \x10", 12);
	root[128 + 26] = 2;
	memcpy(folder, ".          \x10", 12);
	memcpy(folder + 32, "\xe5OLD       \x20", 12);
	memcpy(folder + 64, "BOOT    IMG\x20\x18", 13);
	memset(disk + 512 * 4, 'a', 512);
	memset(disk + 512 * 6, 'b', 512);
}

static void test_fat(void)
{
	static uint8_t disk[512 * 16];
	make_fat(disk);
	AUTO(source) file = source_of(disk, sizeof(disk));
	AUTO(tree) tree = tree_open_fat(file);
	g_assert_nonnull(tree);
	g_autoptr(GPtrArray) names = tree_list(tree, "");
	g_assert_cmpuint(names->len, ==, 2);
	g_assert_cmpstr(g_ptr_array_index(names, 0), ==, "Read me, please.txt");
	g_assert_cmpstr(g_ptr_array_index(names, 1), ==, "EFI");
	g_autoptr(GPtrArray) inside = tree_list(tree, "efi");
	g_assert_cmpuint(inside->len, ==, 1);
	g_assert_cmpstr(g_ptr_array_index(inside, 0), ==, "boot.img");
	g_autofree char *text = tree_read_text(tree, "READ ME, please.txt", 600);
	g_assert_cmpuint(strlen(text), ==, 600);
	g_assert_cmpint(text[511], ==, 'a');
	g_assert_cmpint(text[512], ==, 'b');
	g_assert_null(tree_read_text(tree, "Read me, please.txt", 599));
	g_assert_null(tree_read_text(tree, "EFI", 600));
	g_assert_false(tree_has_folder(tree, "Read me, please.txt"));
	g_autoptr(GBytes) empty = tree_read(tree, "EFI/boot.img", 10);
	g_assert_cmpuint(g_bytes_get_size(empty), ==, 0);
}

/* A chain that goes in circles or out of the disk, a name whose checksum is another's. */
static void test_fat_damaged(void)
{
	static uint8_t disk[512 * 16];
	make_fat(disk);
	put_fat12(disk + 512, 5, 3);
	put32(disk + 1024 + 64 + 28, 512 * 100);
	disk[1024 + 13]++;
	AUTO(source) circle = source_of(disk, sizeof(disk));
	AUTO(tree) tree = tree_open_fat(circle);
	g_autoptr(GPtrArray) names = tree_list(tree, "");
	g_assert_cmpstr(g_ptr_array_index(names, 0), ==, "README~1.TXT");
	g_assert_null(tree_read(tree, "README~1.TXT", 1u << 20));
	make_fat(disk);
	put_fat12(disk + 512, 3, 4000);
	AUTO(source) outside = source_of(disk, sizeof(disk));
	AUTO(tree) other = tree_open_fat(outside);
	g_assert_null(tree_read(other, "Read me, please.txt", 600));
	disk[11] = 1; /* sectors of 513 bytes */
	AUTO(source) odd = source_of(disk, sizeof(disk));
	g_assert_null(tree_open_fat(odd));
}

/* What happens to a process that does `wrong` once it is confined: its exit code, or minus the
 * signal. */
static int confined(void (*wrong)(void))
{
	pid_t pid = fork();
	int status;
	if (pid == 0) {
		if (!confine(NULL))
			_exit(99);
		wrong();
		_exit(7);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void do_nothing(void)
{
	free(g_malloc(1 << 20));
}

static void do_socket(void)
{
	socket(AF_UNIX, SOCK_STREAM, 0);
}

static void do_fork(void)
{
	fork();
}

static void do_open(void)
{
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0)
		_exit(8);
}

static void test_confined(void)
{
	g_assert_cmpint(confined(do_nothing), ==, 7);
	g_assert_cmpint(confined(do_socket), ==, -SIGSYS);
	g_assert_cmpint(confined(do_fork), ==, -SIGSYS);
	g_assert_cmpint(confined(do_open), ==, 8);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/probe/bounds", test_bounds);
	g_test_add_func("/probe/sparse", test_sparse);
	g_test_add_func("/probe/boot_v4", test_boot_v4);
	g_test_add_func("/probe/vendor_boot_v4", test_vendor_boot_v4);
	g_test_add_func("/probe/mbr", test_mbr);
	g_test_add_func("/probe/cpio", test_cpio);
	g_test_add_func("/probe/fat", test_fat);
	g_test_add_func("/probe/fat_damaged", test_fat_damaged);
	g_test_add_func("/probe/confined", test_confined);
	return g_test_run();
}
