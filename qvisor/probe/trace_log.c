/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/trace_log.h"

#include <stdio.h>
#include <string.h>

static struct trace_place *find_place(struct trace_log *log, uint64_t address, const char *region)
{
	for (unsigned i = 0; i < log->count; i++)
		if (log->places[i].address == address && !strcmp(log->places[i].region, region))
			return &log->places[i];
	if (log->count == TRACE_PLACES_MAX) {
		log->dropped++;
		return NULL;
	}
	struct trace_place *place = &log->places[log->count++];
	*place = (struct trace_place){.address = address};
	g_strlcpy(place->region, region, sizeof(place->region));
	return place;
}

/* QEMU system/memory.c, memory_region_access_valid():
 * "Invalid read at addr 0x1C090018, size 4, region '(null)', reason: rejected" */
void trace_log_line(struct trace_log *log, const char *line)
{
	char kind[8], region[48] = "";
	unsigned long long address;
	unsigned size;
	int n = sscanf(line, "Invalid %7s at addr %llx, size %u, region '%47[^']'", kind, &address,
	    &size, region);
	if (n < 3)
		return;
	struct trace_place *place =
	    find_place(log, address, strcmp(region, "(null)") != 0 ? region : "");
	if (place)
		(*kind == 'w' ? &place->writes : &place->reads)[0]++;
}

/* Linux drivers/base/dd.c, really_probe(): "bound device X to driver Y", and in newer kernels
 * "DRIVER X: bus: 'B': really_probe: bound device to driver Y". */
bool trace_log_bound(const char *line, char device[64], char driver[64])
{
	const char *at = strstr(line, "bound device ");
	if (!at || sscanf(at, "bound device to driver %63s", driver) != 1)
		return at && sscanf(at, "bound device %63s to driver %63s", device, driver) == 2;
	const char *end = strstr(line, ": bus: "), *begin = end;
	while (begin && begin > line && begin[-1] != ' ')
		begin--;
	if (!begin || end > at)
		return false;
	g_strlcpy(device, begin, MIN((size_t)(end - begin) + 1, 64));
	return true;
}

static JsonObject *find_node(JsonArray *nodes, uint64_t address)
{
	JsonObject *best = NULL;
	uint64_t best_size = UINT64_MAX;
	for (unsigned i = 0; nodes && i < json_array_get_length(nodes); i++) {
		JsonNode *element = json_array_get_element(nodes, i);
		if (!JSON_NODE_HOLDS_OBJECT(element))
			continue;
		JsonObject *node = json_node_get_object(element);
		uint64_t base = (uint64_t)json_object_get_int_member_with_default(node, "base", 0);
		uint64_t size = (uint64_t)json_object_get_int_member_with_default(node, "size", 0);
		if (address >= base && address - base < size && size < best_size) {
			best = node;
			best_size = size;
		}
	}
	return best;
}

static void add_place(JsonArray *list, const struct trace_place *place, JsonArray *nodes)
{
	JsonObject *item = json_object_new(), *node = find_node(nodes, place->address);
	const char *becomes =
	    node ? json_object_get_string_member_with_default(node, "becomes", NULL) : NULL;
	g_autofree char *address = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", place->address);
	g_autofree char *region = g_utf8_make_valid(place->region, -1);
	json_array_add_object_element(list, item);
	json_object_set_string_member(item, "address", address);
	json_object_set_int_member(item, "reads", place->reads);
	json_object_set_int_member(item, "writes", place->writes);
	if (*region)
		json_object_set_string_member(item, "in", region);
	json_object_set_string_member(item, "node",
	    node      ? json_object_get_string_member_with_default(node, "node", "?")
	    : *region ? region
	              : "no device of the board");
	g_autofree char *advice =
	    *region
	        ? g_strdup("an odd access to a device that is there; harmless if the guest goes on")
	    : becomes
	        ? g_strdup_printf("replaced by: %s; turn its driver off, or the argument of the "
	                          "command line that names its address",
	              becomes)
	    : node ? g_strdup("the machine has no such device; turn its driver off")
	           : g_strdup("look in the kernel's command line and board code for this address");
	json_object_set_string_member(item, "advice", advice);
}

JsonArray *trace_log_json(const struct trace_log *log, JsonArray *nodes)
{
	JsonArray *list = json_array_new();
	for (unsigned i = 0; i < log->count; i++)
		add_place(list, &log->places[i], nodes);
	return list;
}
