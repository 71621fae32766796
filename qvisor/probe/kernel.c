/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/kernel.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "qvisor/probe/unpack.h"

#define KERNEL_MAX (256u << 20)
#define STREAMS_MAX 16 /* false beginnings of a compressed kernel that are tried */

static const uint8_t *bytes_of(GBytes *bytes, size_t *n)
{
	gsize size = 0;
	const uint8_t *data = g_bytes_get_data(bytes, &size);
	*n = size;
	return data;
}

/* The printable text that begins with `prefix`, up to `size` - 1 characters. */
static bool copy_text(GBytes *bytes, const char *prefix, char *text, size_t size)
{
	size_t n;
	const uint8_t *data = bytes_of(bytes, &n), *at = memmem(data, n, prefix, strlen(prefix));
	size_t i = 0;
	for (; at && at + i < data + n && i + 1 < size && at[i] >= ' ' && at[i] <= '~'; i++)
		text[i] = (char)at[i];
	text[i] = 0;
	return i;
}

/* Linux scripts/extract-ikconfig: gzip between two marks. */
static char *read_config(GBytes *text)
{
	size_t n, m;
	const uint8_t *data = bytes_of(text, &n), *at = memmem(data, n, "IKCFG_ST", 8);
	g_autoptr(GBytes) plain =
	    at ? unpack_bytes(at + 8, (size_t)(data + n - at - 8), 4u << 20) : NULL;
	const uint8_t *config = plain ? bytes_of(plain, &m) : NULL;
	return config && memchr(config, 0, m) == NULL ? g_strndup((const char *)config, m) : NULL;
}

static void set_text(struct kernel *kernel, GBytes *text)
{
	kernel->text = text;
	if (!text)
		return;
	copy_text(text, "Linux version ", kernel->banner, sizeof(kernel->banner));
	if (!*kernel->release && sscanf(kernel->banner, "Linux version %79s", kernel->release) != 1)
		kernel->release[0] = 0;
	kernel->config = read_config(text);
}

/* Linux scripts/extract-vmlinux: the first compressed stream that unpacks to something with a
 * banner. */
static GBytes *unpack_somewhere(GBytes *file, size_t from)
{
	size_t n;
	const uint8_t *data = bytes_of(file, &n);
	unsigned tries = 0;
	for (size_t at = from; at + 8 < n && tries < STREAMS_MAX; at++) {
		const char *method = unpack_method(data + at, n - at);
		if (!method ||
		    (!strcmp(method, "bzip2") && (data[at + 3] < '1' || data[at + 3] > '9')))
			continue;
		tries++;
		g_autoptr(GBytes) plain = unpack_bytes(data + at, n - at, KERNEL_MAX);
		char banner[32];
		if (plain && copy_text(plain, "Linux version ", banner, sizeof(banner)))
			return g_steal_pointer(&plain);
	}
	return NULL;
}

static void set_architecture(struct kernel *kernel, enum manifest_architecture architecture)
{
	kernel->known_architecture = true;
	kernel->architecture = architecture;
}

/* Linux Documentation/arch/x86/boot.rst */
static bool read_bzimage(struct kernel *kernel, GBytes *file)
{
	size_t n;
	const uint8_t *data = bytes_of(file, &n);
	if (n < 0x260 || memcmp(data + 0x202, "HdrS", 4) != 0)
		return false;
	kernel->format = "bzImage";
	set_architecture(kernel, MANIFEST_X86_64);
	size_t version = (size_t)load_le16(data + 0x20e) + 0x200;
	if (version > 0x200 && version + 80 < n)
		for (size_t i = 0; i + 1 < sizeof(kernel->release) && data[version + i] > ' ' &&
		                   data[version + i] <= '~';
		     i++)
			kernel->release[i] = (char)data[version + i];
	size_t setup = data[0x1f1] ? data[0x1f1] : 4;
	set_text(kernel, unpack_somewhere(file, (setup + 1) * 512));
	return true;
}

static bool read_elf(struct kernel *kernel, GBytes *file)
{
	size_t n;
	const uint8_t *data = bytes_of(file, &n);
	if (n < sizeof(Elf64_Ehdr) || memcmp(data, ELFMAG, SELFMAG) != 0 ||
	    !memmem(data, n, "Linux version ", 14))
		return false;
	kernel->format = "vmlinux";
	switch (load_le16(data + 18)) {
	case EM_X86_64:
		set_architecture(kernel, MANIFEST_X86_64);
		break;
	case EM_AARCH64:
		set_architecture(kernel, MANIFEST_AARCH64);
		break;
	default:
		kernel->other_architecture = "another ELF machine";
	}
	set_text(kernel, g_bytes_ref(file));
	return true;
}

/* Linux Documentation/arch/arm64/booting.rst */
static bool read_arm64(struct kernel *kernel, GBytes *file)
{
	size_t n;
	const uint8_t *data = bytes_of(file, &n);
	if (n < 64 || memcmp(data + 56, "ARM\x64", 4) != 0)
		return false;
	kernel->format = "Image";
	set_architecture(kernel, MANIFEST_AARCH64);
	set_text(kernel, g_bytes_ref(file));
	return true;
}

/* What an EFI kernel of arm64 may be packed in: Linux drivers/firmware/efi/libstub/zboot-header.S
 */
static GBytes *unpack_zboot(GBytes *file)
{
	size_t n;
	const uint8_t *data = bytes_of(file, &n);
	if (n < 64 || memcmp(data, "MZ", 2) != 0 || memcmp(data + 4, "zimg", 4) != 0)
		return NULL;
	size_t at = load_le32(data + 8), size = load_le32(data + 12);
	return at < n && size <= n - at ? unpack_bytes(data + at, size, KERNEL_MAX) : NULL;
}

/* 32-bit: Linux arch/arm/boot/compressed/head.S */
static bool read_arm(struct kernel *kernel, GBytes *file)
{
	size_t n;
	const uint8_t *data = bytes_of(file, &n);
	if (n < 64 || load_le32(data + 36) != 0x016f2818)
		return false;
	kernel->format = "zImage";
	kernel->other_architecture = "arm (32 bits)";
	set_text(kernel, unpack_somewhere(file, 64));
	return true;
}

struct kernel *kernel_read(struct source *source)
{
	uint8_t head[64];
	if (source->size > KERNEL_MAX || !source_read(source, 0, head, sizeof(head)))
		return NULL;
	g_autoptr(GBytes) file = source_bytes(source, 0, source->size);
	g_autoptr(GBytes) plain = NULL;
	if (file && unpack_method(head, sizeof(head))) { /* Image.gz */
		plain = unpack_bytes(g_bytes_get_data(file, NULL), source->size, KERNEL_MAX);
		if (!plain)
			return NULL;
	} else if (file) {
		plain = unpack_zboot(file);
	}
	AUTO(kernel) kernel = g_new0(struct kernel, 1);
	GBytes *image = plain ? plain : file;
	return image && (read_bzimage(kernel, image) || read_elf(kernel, image) ||
	                    read_arm64(kernel, image) || read_arm(kernel, image))
	           ? g_steal_pointer(&kernel)
	           : NULL;
}

bool kernel_mentions(const struct kernel *kernel, const char *text)
{
	size_t n = 0;
	size_t length = strlen(text);
	const uint8_t *data = kernel->text ? bytes_of(kernel->text, &n) : NULL;
	if (!data)
		return false;
	const uint8_t *end = data + n, *at = data;
	while ((at = memmem(at, (size_t)(end - at), text, length))) {
		if (at > data && !at[-1] && at + length < end && !at[length])
			return true;
		at++;
	}
	return false;
}

void kernel_free(struct kernel *kernel)
{
	if (!kernel)
		return;
	if (kernel->text)
		g_bytes_unref(kernel->text);
	g_free(kernel->config);
	g_free(kernel);
}
