/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer target: what qvisor-launch is sent, as root. The first byte is the number of
 * descriptors. */
#include <stdlib.h>
#include <string.h>

#include "qvisor/launch_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Inside the message, with its end. */
static void check_word(const char *word, const uint8_t *data, size_t size)
{
	const char *begin = (const char *)data;
	require(
	    word >= begin && word < begin + size && memchr(word, 0, size - (size_t)(word - begin)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct launch_request request;
	if (!size)
		return 0;
	unsigned fds = *data++ % 6;
	size--;
	if (launch_request_parse(&request, (const char *)data, size, fds))
		return 0;
	static const unsigned wanted[] = {[LAUNCH_START] = LAUNCH_START_FDS,
	    [LAUNCH_KILL] = 1,
	    [LAUNCH_PAIR] = LAUNCH_PAIR_FDS,
	    [LAUNCH_ABOUT] = 0};
	require(fds == wanted[request.operation]);
	if (request.operation != LAUNCH_START)
		return 0;
	if (request.folder) {
		check_word(request.folder, data, size);
		require(!strchr(request.folder, '/') && request.folder[0] != '.');
	}
	require(request.memory_mib <= 99999999 && request.cpu_percent <= 99999999);
	check_word(request.uuid, data, size);
	require(strlen(request.uuid) == 36 && !strpbrk(request.uuid, "/."));
	for (unsigned i = 0; i < request.file_count; i++) {
		check_word(request.files[i], data, size);
		require(request.files[i][0] == '/' && !strstr(request.files[i], "/../"));
	}
	for (unsigned i = 0; i < request.argument_count; i++) {
		check_word(request.arguments[i], data, size);
		require(strcmp(request.arguments[i], "-sandbox") &&
		        strcmp(request.arguments[i], "--runas"));
	}
	return 0;
}
