/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer target: the body of a request to make a phone, as api_phone.c reads it. What is taken
 * is within the bounds that the rest relies on: a uuid is a folder's name, a name is a host's. */
#include <stdint.h>
#include <stdlib.h>

/* Its parser is nobody else's business, so it is not in a header. */
#include "qvisor/api_phone.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) node = json_parse_object((const char *)data, (gssize)size, &error);
	struct creation creation = {0};
	if (!node != !!error)
		abort();
	if (!node)
		return 0;
	bool taken = parse_creation(json_node_get_object(node), &creation, &error);
	if (taken != !error)
		abort();
	if (!taken)
		return 0;
	if (strlen(creation.template) > 32 ||
	    (creation.uuid &&
	        (strlen(creation.uuid) != 36 || strpbrk(creation.uuid, "/.ABCDEF"))) ||
	    (creation.name && !manifest_name_valid(creation.name)))
		abort();
	return 0;
}
