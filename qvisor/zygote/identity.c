/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/zygote/identity.h"

#include <dlfcn.h>
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define UUID_SIZE 16
#define DEVICE_SCAN 4096 /* how far into a device's object its properties are looked for */
#define ACPI_VMGENID_CHANGE_STATUS 32 /* include/hw/acpi/acpi_dev_interface.h */

/* Of QEMU's own: opaque here. */
struct Object;
typedef struct Object *resolve_type_fn(const char *path, const char *type, bool *ambiguous);
typedef char *get_string_fn(struct Object *object, const char *name, void *error);
typedef void memory_rw_fn(uint64_t address, void *buffer, uint64_t size, bool is_write);
typedef void send_event_fn(struct Object *acpi, int event);

static bool parse(const char *text, uint8_t out[static UUID_SIZE])
{
	unsigned n = 0;
	for (const char *at = text; n < UUID_SIZE && sscanf(at, "%2hhx", &out[n]) == 1; n++)
		at += at[2] == '-' ? 3 : 2;
	return strlen(text) == IDENTITY_UUID_LENGTH && n == UUID_SIZE;
}

static char *arguments, *arguments_end;

void identity_init(int argc, char **argv)
{
	arguments = argv[0];
	arguments_end = argv[argc - 1] + strlen(argv[argc - 1]);
}

/* What /proc/PID/cmdline shows is the process' own memory. */
static void rename_arguments(const char *old, const char *uuid)
{
	char *at = arguments;
	while ((at = memmem(at, (size_t)(arguments_end - at), old, IDENTITY_UUID_LENGTH)))
		memcpy(at, uuid, IDENTITY_UUID_LENGTH);
}

static void format(const uint8_t *uuid, char out[static IDENTITY_UUID_LENGTH + 1])
{
	unsigned n = 0;
	for (unsigned i = 0; i < UUID_SIZE; i++) {
		bool dash = i == 4 || i == 6 || i == 8 || i == 10;
		n += (unsigned)snprintf(out + n, 4, "%s%02x", dash ? "-" : "", uuid[i]);
	}
}

static const char *take_uuid(const char *uuid)
{
	uint8_t *own = dlsym(RTLD_DEFAULT, "qemu_uuid");
	char old[IDENTITY_UUID_LENGTH + 1];
	if (!own)
		return "this QEMU does not export its uuid";
	format(own, old);
	rename_arguments(old, uuid);
	return parse(uuid, own) ? NULL : "the uuid is none";
}

/* As QEMU has it the first three fields are big-endian, as the guest has it little-endian. */
static void swap_fields(const uint8_t in[static UUID_SIZE], uint8_t out[static UUID_SIZE])
{
	static const uint8_t from[UUID_SIZE] = {
	    3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	for (unsigned i = 0; i < UUID_SIZE; i++)
		out[i] = in[from[i]];
}

/* In the device's object: the id, and after it the guest's address where the guest reads it
 * (struct VmGenIdState of QEMU's include/hw/acpi/vmgenid.h). */
static uint8_t *find_generation(struct Object *device, get_string_fn *get_string)
{
	uint8_t now[UUID_SIZE];
	char *text = get_string(device, "guid", NULL);
	bool is_uuid = text && parse(text, now);
	g_free(text);
	return is_uuid ? memmem(device, DEVICE_SCAN, now, UUID_SIZE) : NULL;
}

static const char *take_generation(void)
{
	resolve_type_fn *resolve = dlsym(RTLD_DEFAULT, "object_resolve_path_type");
	get_string_fn *get_string = dlsym(RTLD_DEFAULT, "object_property_get_str");
	memory_rw_fn *memory_rw = dlsym(RTLD_DEFAULT, "cpu_physical_memory_rw");
	send_event_fn *send_event = dlsym(RTLD_DEFAULT, "acpi_send_event");
	uint8_t guest[UUID_SIZE];
	uint64_t address;
	if (!resolve || !get_string || !memory_rw || !send_event)
		return "this QEMU does not export what its generation id needs";
	struct Object *device = resolve("", "vmgenid", NULL);
	struct Object *acpi = resolve("", "acpi-device-interface", NULL);
	if (!device)
		return NULL; /* a machine without */
	uint8_t *id = find_generation(device, get_string);
	if (!acpi || !id || getrandom(id, UUID_SIZE, 0) != UUID_SIZE)
		return "its generation id cannot be changed";
	memcpy(&address, id + UUID_SIZE, sizeof(address));
	if (!address)
		return NULL; /* no driver of the guest's has asked for it */
	swap_fields(id, guest);
	memory_rw(address, guest, UUID_SIZE, true);
	send_event(acpi, ACPI_VMGENID_CHANGE_STATUS);
	return NULL;
}

const char *identity_take(const char *uuid)
{
	const char *wrong = take_uuid(uuid);
	return wrong ? wrong : take_generation();
}
