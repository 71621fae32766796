/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/manifest.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/error.h"
#include "common/json.h"

bool manifest_name_valid(const char *name)
{
	size_t n = strlen(name);
	return n >= 1 && n <= 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n &&
	       name[0] != '-' && name[n - 1] != '-';
}

static bool invalid(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool invalid(GError **error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (error)
		*error = g_error_new_valist(QVMI_ERROR, QVMI_ERROR_INVALID, format, arguments);
	va_end(arguments);
	return false;
}

/* `known`: the members' names between blanks. */
static bool check_members(JsonObject *object, const char *where, const char *known, GError **error)
{
	g_auto(GStrv) names = g_strsplit(known, " ", 0);
	g_autoptr(GList) members = json_object_get_members(object);
	for (GList *item = members; item; item = item->next)
		if (!g_strv_contains((const char *const *)names, item->data))
			return invalid(error, "unknown member \"%s%s\"; known are: %s", where,
			    (const char *)item->data, known);
	return true;
}

/* A string that must be one of `choices`, the index of which goes to *choice. */
static bool get_choice(JsonObject *object, const char *where, const char *member,
    const char *const *choices, unsigned *choice, GError **error)
{
	const char *value = json_get_string(object, member, 64, error);
	if (!value) {
		g_prefix_error(error, "%s: ", where);
		return false;
	}
	for (unsigned i = 0; choices[i]; i++)
		if (!strcmp(value, choices[i])) {
			if (choice)
				*choice = i;
			return true;
		}
	g_autofree char *all = g_strjoinv("\", \"", (char **)choices);
	return invalid(error, "%s.%s is \"%s\"; it can be \"%s\"", where, member, value, all);
}

static bool get_unsigned(JsonObject *object, const char *where, const char *member, int64_t min,
    int64_t max, unsigned *out, GError **error)
{
	int64_t value;
	if (!json_get_int(object, member, min, max, &value, error)) {
		g_prefix_error(error, "%s: ", where);
		return false;
	}
	*out = value;
	return true;
}

/* The absolute path of a file that can be read; *out stays NULL when it is optional and absent. */
static bool get_file(JsonObject *image, const char *member, const char *folder, bool optional,
    char **out, GError **error)
{
	if (optional && !json_object_has_member(image, member))
		return true;
	const char *name = json_get_string(image, member, 4096, error);
	if (!name) {
		g_prefix_error(error, "image: ");
		return false;
	}
	g_autofree char *path = g_canonicalize_filename(name, folder);
	struct stat status;
	if (stat(path, &status))
		return invalid(error, "image.%s: %s: %s", member, path, g_strerror(errno));
	if (!S_ISREG(status.st_mode))
		return invalid(error, "image.%s: %s is no regular file", member, path);
	if (status.st_size == 0)
		return invalid(error, "image.%s: %s is empty", member, path);
	*out = g_steal_pointer(&path);
	return true;
}

static const char *const kinds[] = {
    [MANIFEST_LINUX] = "linux", [MANIFEST_ANDROID] = "android", NULL};
static const char *const architectures[] = {
    [MANIFEST_X86_64] = "x86_64", [MANIFEST_AARCH64] = "aarch64", NULL};
/* What follows from the architecture; a manifest says it all the same, for who reads it. */
static const char *const machines[] = {[MANIFEST_X86_64] = "q35", [MANIFEST_AARCH64] = "virt"};
static const char *const gpus[] = {
    [MANIFEST_X86_64] = "virtio-vga", [MANIFEST_AARCH64] = "virtio-gpu"};
static const char *const touches[] = {
    [MANIFEST_TABLET] = "virtio-tablet", [MANIFEST_MULTITOUCH] = "virtio-multitouch", NULL};
static const char *const agents[] = {[MANIFEST_LINUX] = "agent", [MANIFEST_ANDROID] = "adb"};

static bool partition_valid(const char *name)
{
	size_t n = strlen(name);
	return n >= 1 && n <= 20 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static bool parse_system(struct manifest *manifest, const char *partition, JsonObject *system,
    const char *folder, GError **error)
{
	if (!partition_valid(partition))
		return invalid(error,
		    "image.system: \"%s\" is no name of a partition: 1 to 20 of a-z, 0-9 and \"_\"",
		    partition);
	if (manifest->system_count == MANIFEST_SYSTEMS_MAX)
		return invalid(
		    error, "image.system: more than %u partitions", MANIFEST_SYSTEMS_MAX);
	struct manifest_system *next = &manifest->systems[manifest->system_count];
	if (!get_file(system, partition, folder, false, &next->file, error))
		return false;
	next->partition = g_strdup(partition);
	manifest->system_count++;
	return true;
}

/* Android's partitions: {"super": "super.img"}. At least that one is there. */
static bool parse_systems(
    struct manifest *manifest, JsonObject *image, const char *folder, GError **error)
{
	JsonObject *system = json_get_object(image, "system", error);
	if (!system)
		return false;
	g_autoptr(GList) partitions = json_object_get_members(system);
	if (!partitions)
		return invalid(error, "image.system names no partition; name at least \"super\"");
	for (GList *item = partitions; item; item = item->next)
		if (!parse_system(manifest, item->data, system, folder, error))
			return false;
	return true;
}

static bool parse_image(
    struct manifest *manifest, JsonObject *root, const char *folder, GError **error)
{
	bool android = manifest->kind == MANIFEST_ANDROID;
	JsonObject *image = json_get_object(root, "image", error);
	if (!image ||
	    !check_members(image, "image.",
	        android ? "disk kernel initrd cmdline system" : "disk kernel initrd cmdline",
	        error) ||
	    !get_file(image, "disk", folder, true, &manifest->disk, error) ||
	    !get_file(image, "kernel", folder, false, &manifest->kernel, error) ||
	    !get_file(image, "initrd", folder, !android, &manifest->initrd, error) ||
	    (android && !parse_systems(manifest, image, folder, error)))
		return false;
	const char *cmdline = json_get_string(image, "cmdline", 2000, error);
	if (!cmdline) {
		g_prefix_error(error, "image: ");
		return false;
	}
	for (const char *c = cmdline; *c; c++)
		if (*c < ' ' || *c > '~')
			return invalid(
			    error, "image.cmdline holds a character that is not printable ASCII");
	manifest->cmdline = g_strdup(cmdline);
	return true;
}

static bool parse_maxima(struct manifest *manifest, JsonObject *machine, GError **error)
{
	unsigned cpus = manifest->max_cpus = manifest->cpus;
	unsigned memory = manifest->max_memory_mib = manifest->memory_mib;
	if ((json_object_has_member(machine, "max_cpus") &&
	        !get_unsigned(
	            machine, "machine", "max_cpus", cpus, 16, &manifest->max_cpus, error)) ||
	    (json_object_has_member(machine, "max_memory_mib") &&
	        !get_unsigned(machine, "machine", "max_memory_mib", memory, 65536,
	            &manifest->max_memory_mib, error)))
		return false;
	unsigned more = manifest->max_memory_mib - memory;
	if (more % MANIFEST_DIMM_MIB || more / MANIFEST_DIMM_MIB > MANIFEST_DIMMS_MAX)
		return invalid(error,
		    "machine.max_memory_mib is %u; it is memory_mib and up to %u times %u more",
		    manifest->max_memory_mib, MANIFEST_DIMMS_MAX, MANIFEST_DIMM_MIB);
	if ((more || manifest->max_cpus > cpus) && manifest->architecture != MANIFEST_X86_64)
		return invalid(error,
		    "machine.max_cpus and max_memory_mib want a \"q35\"; on this machine nothing "
		    "can be plugged, leave them out");
	return true;
}

static bool parse_machine(struct manifest *manifest, JsonObject *root, GError **error)
{
	JsonObject *machine = json_get_object(root, "machine", error);
	if (!machine || !check_members(machine, "machine.",
	                    "architecture type cpus max_cpus memory_mib max_memory_mib", error))
		return false;
	unsigned architecture = MANIFEST_X86_64;
	if (json_object_has_member(machine, "architecture") &&
	    !get_choice(machine, "machine", "architecture", architectures, &architecture, error))
		return false;
	manifest->architecture = architecture;
	return get_choice(machine, "machine", "type",
	           (const char *[]){machines[architecture], NULL}, NULL, error) &&
	       get_unsigned(machine, "machine", "cpus", 1, 16, &manifest->cpus, error) &&
	       get_unsigned(
	           machine, "machine", "memory_mib", 64, 65536, &manifest->memory_mib, error) &&
	       parse_maxima(manifest, machine, error);
}

static bool parse_devices(struct manifest *manifest, JsonObject *root, GError **error)
{
	JsonObject *devices = json_get_object(root, "devices", error);
	unsigned touch;
	if (!devices || !check_members(devices, "devices.", "gpu touch keyboard", error) ||
	    !get_choice(devices, "devices", "gpu",
	        (const char *[]){gpus[manifest->architecture], NULL}, NULL, error) ||
	    !get_choice(devices, "devices", "keyboard", (const char *[]){"virtio-keyboard", NULL},
	        NULL, error) ||
	    !get_choice(devices, "devices", "touch", touches, &touch, error))
		return false;
	manifest->touch = touch;
	return true;
}

static bool parse_settle(struct manifest *manifest, JsonObject *ready, GError **error)
{
	manifest->settle_s = MANIFEST_SETTLE_S;
	return !json_object_has_member(ready, "settle_s") ||
	       get_unsigned(ready, "ready", "settle_s", 1, 600, &manifest->settle_s, error);
}

static bool parse_rehearsal(struct manifest *manifest, JsonObject *root, GError **error)
{
	if (!json_object_has_member(root, "rehearsal"))
		return true;
	JsonArray *list = json_get_array(root, "rehearsal", GESTURES_MAX, error);
	if (!list || !gestures_parse(list, manifest->rehearsal, &manifest->rehearsal_count, error))
		return false;
	return manifest->touch == MANIFEST_MULTITOUCH ||
	       invalid(error, "rehearsal wants a screen that tells fingers apart, devices.touch "
	                      "\"virtio-multitouch\"");
}

static bool parse(struct manifest *manifest, JsonObject *root, const char *folder, GError **error)
{
	int64_t format;
	if (!json_get_int(root, "format", 1, 1, &format, error) ||
	    !check_members(
	        root, "", "format kind name image machine screen devices ready rehearsal", error))
		return false;
	unsigned kind = MANIFEST_LINUX;
	if (json_object_has_member(root, "kind") &&
	    !get_choice(root, "manifest", "kind", kinds, &kind, error))
		return false;
	manifest->kind = kind;
	const char *name = json_get_string(root, "name", 64, error);
	if (!name)
		return false;
	if (!manifest_name_valid(name))
		return invalid(error,
		    "name is \"%s\"; it is 1 to 32 of a-z, 0-9 and \"-\", no \"-\" at the ends",
		    name);
	manifest->name = g_strdup(name);

	JsonObject *screen, *ready;
	return parse_image(manifest, root, folder, error) && parse_machine(manifest, root, error) &&
	       (screen = json_get_object(root, "screen", error)) &&
	       check_members(screen, "screen.", "width height", error) &&
	       get_unsigned(screen, "screen", "width", 64, 4096, &manifest->width, error) &&
	       get_unsigned(screen, "screen", "height", 64, 4096, &manifest->height, error) &&
	       parse_devices(manifest, root, error) &&
	       (ready = json_get_object(root, "ready", error)) &&
	       check_members(ready, "ready.", "by timeout_s settle_s", error) &&
	       get_choice(
	           ready, "ready", "by", (const char *[]){agents[kind], NULL}, NULL, error) &&
	       get_unsigned(
	           ready, "ready", "timeout_s", 1, 3600, &manifest->ready_timeout_s, error) &&
	       parse_settle(manifest, ready, error) && parse_rehearsal(manifest, root, error);
}

struct manifest *manifest_parse(JsonObject *object, const char *folder, GError **error)
{
	AUTO(manifest) manifest = g_new0(struct manifest, 1);
	return parse(manifest, object, folder, error) ? g_steal_pointer(&manifest) : NULL;
}

struct manifest *manifest_load(const char *path, GError **error)
{
	struct stat status;
	if (stat(path, &status)) {
		invalid(error, "the image manifest %s: %s", path, g_strerror(errno));
		return NULL;
	}
	g_autoptr(JsonNode) node = json_load_file(path, MANIFEST_MAX_SIZE, error);
	if (!node) {
		g_prefix_error(error, "the image manifest ");
		return NULL;
	}
	g_autofree char *folder = g_path_get_dirname(path);
	struct manifest *manifest = manifest_parse(json_node_get_object(node), folder, error);
	if (!manifest)
		g_prefix_error(error, "the image manifest %s: ", path);
	return manifest;
}

static JsonObject *object_of(JsonObject *parent, const char *member)
{
	JsonObject *object = json_object_new();
	json_object_set_object_member(parent, member, object);
	return object;
}

JsonNode *manifest_json(const struct manifest *manifest)
{
	JsonObject *root = json_object_new();
	json_object_set_int_member(root, "format", 1);
	if (manifest->kind != MANIFEST_LINUX)
		json_object_set_string_member(root, "kind", kinds[manifest->kind]);
	json_object_set_string_member(root, "name", manifest->name);
	JsonObject *image = object_of(root, "image");
	if (manifest->disk)
		json_object_set_string_member(image, "disk", manifest->disk);
	json_object_set_string_member(image, "kernel", manifest->kernel);
	if (manifest->initrd)
		json_object_set_string_member(image, "initrd", manifest->initrd);
	json_object_set_string_member(image, "cmdline", manifest->cmdline);
	JsonObject *system = manifest->system_count ? object_of(image, "system") : NULL;
	for (unsigned i = 0; i < manifest->system_count; i++)
		json_object_set_string_member(
		    system, manifest->systems[i].partition, manifest->systems[i].file);
	JsonObject *machine = object_of(root, "machine");
	if (manifest->architecture != MANIFEST_X86_64)
		json_object_set_string_member(
		    machine, "architecture", architectures[manifest->architecture]);
	json_object_set_string_member(machine, "type", machines[manifest->architecture]);
	json_object_set_int_member(machine, "cpus", manifest->cpus);
	if (manifest->max_cpus > manifest->cpus)
		json_object_set_int_member(machine, "max_cpus", manifest->max_cpus);
	json_object_set_int_member(machine, "memory_mib", manifest->memory_mib);
	if (manifest->max_memory_mib > manifest->memory_mib)
		json_object_set_int_member(machine, "max_memory_mib", manifest->max_memory_mib);
	JsonObject *screen = object_of(root, "screen");
	json_object_set_int_member(screen, "width", manifest->width);
	json_object_set_int_member(screen, "height", manifest->height);
	JsonObject *devices = object_of(root, "devices");
	json_object_set_string_member(devices, "gpu", gpus[manifest->architecture]);
	json_object_set_string_member(devices, "touch", touches[manifest->touch]);
	json_object_set_string_member(devices, "keyboard", "virtio-keyboard");
	JsonObject *ready = object_of(root, "ready");
	json_object_set_string_member(ready, "by", agents[manifest->kind]);
	json_object_set_int_member(ready, "timeout_s", manifest->ready_timeout_s);
	if (manifest->settle_s != MANIFEST_SETTLE_S)
		json_object_set_int_member(ready, "settle_s", manifest->settle_s);
	if (manifest->rehearsal_count)
		json_object_set_array_member(root, "rehearsal",
		    gestures_json(manifest->rehearsal, manifest->rehearsal_count));
	return json_node_of(root);
}

const char *manifest_architecture_name(enum manifest_architecture architecture)
{
	return architectures[architecture];
}

unsigned manifest_touch_points(const struct manifest *manifest)
{
	return manifest->touch == MANIFEST_MULTITOUCH ? 10 : 0;
}

void manifest_free(struct manifest *manifest)
{
	if (!manifest)
		return;
	g_free(manifest->name);
	g_free(manifest->disk);
	g_free(manifest->kernel);
	g_free(manifest->initrd);
	g_free(manifest->cmdline);
	for (unsigned i = 0; i < manifest->system_count; i++) {
		g_free(manifest->systems[i].partition);
		g_free(manifest->systems[i].file);
	}
	g_free(manifest);
}
