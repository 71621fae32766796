/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer target: QEMU, taken over by its guest, answers what it likes. Every command is answered
 * exactly once, whatever comes. */
#include "qvisor/qmp.h"
#include "tests/qvisor/fuzz_stream.h"

#define COMMANDS 3

static struct qmp *qmp;
static unsigned answered[COMMANDS];

static void on_event(void *data, const char *name, JsonObject *payload)
{
	(void)data;
	if (!name || (payload && json_object_get_size(payload) > QMP_MAX_LINE))
		abort();
}

static void on_closed(void *data, const GError *error)
{
	(void)data;
	if (!error)
		abort();
}

static void on_answer(void *data, JsonNode *result, const GError *error)
{
	unsigned *count = data;
	if (++*count != 1 || !result == !error)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct qmp_events events = {on_event, on_closed};
	static const char hello[] = "{\"QMP\":{}}\n{\"return\":{},\"id\":1}\n";
	int pair[2];
	fuzz_pair(pair);
	qmp = qmp_new(pair[1], &events, NULL);
	/* An odd first byte: the greeting is the fuzzer's as well. */
	if (size && !(data[0] & 1) && write(pair[0], hello, sizeof(hello) - 1) < 0)
		abort();
	for (unsigned i = 0; i < COMMANDS; i++) {
		answered[i] = 0;
		qmp_execute(qmp, "query-status", NULL, -1, 1000, on_answer, &answered[i]);
	}
	fuzz_settle();
	fuzz_feed(pair[0], data, size);
	qmp_free(qmp);
	for (unsigned i = 0; i < COMMANDS; i++)
		if (answered[i] != 1)
			abort();
	close(pair[0]);
	fuzz_settle();
	return 0;
}
