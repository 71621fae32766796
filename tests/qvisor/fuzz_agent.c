/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer target: a hostile guest at the agent's channel. Every call is answered exactly once,
 * the stage is one of those there are, a hello comes once, and figures that are believed make
 * sense. */
#include "qvisor/agent.h"
#include "qvisor/performance_guest.h"
#include "tests/qvisor/fuzz_stream.h"

#define CALLS 3

static unsigned answered[CALLS], hellos;

static void on_hello(void *data)
{
	(void)data;
	if (++hellos != 1)
		abort();
}

static void on_stage(void *data, enum agent_stage stage)
{
	(void)data;
	if (stage <= AGENT_UNKNOWN || stage > AGENT_READY || !hellos)
		abort();
}

static void on_closed(void *data, const GError *error)
{
	(void)data;
	if (!error)
		abort();
}

static void on_answer(void *data, JsonObject *result, const GError *error)
{
	struct performance_guest_figures figures;
	unsigned *count = data;
	if (++*count != 1 || !result == !error)
		abort();
	if (result && performance_guest_parse(result, &figures) &&
	    (figures.memory_available_kib > figures.memory_kib || figures.load1 < 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct agent_events events = {on_hello, on_stage, on_closed};
	static const char *const methods[CALLS] = {"agent.info", "usage.get", "power.off"};
	int pair[2];
	fuzz_pair(pair);
	hellos = 0;
	struct agent *agent = agent_new(pair[1], &events, NULL);
	for (unsigned i = 0; i < CALLS; i++) {
		answered[i] = 0;
		agent_call(agent, methods[i], NULL, 1000, on_answer, &answered[i]);
	}
	fuzz_feed(pair[0], data, size);
	agent_free(agent);
	for (unsigned i = 0; i < CALLS; i++)
		if (answered[i] != 1)
			abort();
	close(pair[0]);
	fuzz_settle();
	return 0;
}
