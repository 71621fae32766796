/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/screen/simulated_link.h"

#define SEGMENT 1448u /* bytes of the stream in a packet: 1500 less IPv4, TCP and time stamps */
#define HEADERS 52u   /* of IPv4 and TCP */

struct packet {
	int64_t arrives_us;
	GBytes *bytes;
};

struct simulated_link {
	struct simulated_link_options options;
	GRand *random;
	GQueue packets;  /* in the order of the stream */
	int64_t free_us; /* when the line has sent all it was given */
	int64_t last_us; /* arrival of the newest packet */
};

struct simulated_link *simulated_link_new(const struct simulated_link_options *options)
{
	struct simulated_link *link = g_new0(struct simulated_link, 1);
	link->options = *options;
	link->random = g_rand_new_with_seed(options->seed);
	g_queue_init(&link->packets);
	return link;
}

static void free_packet(gpointer data)
{
	struct packet *packet = data;
	g_bytes_unref(packet->bytes);
	g_free(packet);
}

void simulated_link_free(struct simulated_link *link)
{
	if (!link)
		return;
	g_queue_clear_full(&link->packets, free_packet);
	g_rand_free(link->random);
	g_free(link);
}

/* When a packet that is ready now is through, however often it is lost. */
static int64_t transmit(struct simulated_link *link, int64_t now_us, size_t n)
{
	int64_t rtt_us = (int64_t)link->options.rtt_ms * 1000;
	int64_t takes_us =
	    link->options.kbps ? (int64_t)(n + HEADERS) * 8000 / link->options.kbps : 0;
	link->free_us = MAX(now_us, link->free_us) + takes_us;
	int64_t sent_us = link->free_us;
	while (g_rand_double(link->random) < link->options.loss) {
		/* Noticed by the acknowledgements of those behind it, which meanwhile go on. */
		link->free_us += takes_us;
		sent_us += rtt_us + takes_us;
	}
	return sent_us + rtt_us / 2;
}

void simulated_link_send(struct simulated_link *link, int64_t now_us, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;
	while (n) {
		size_t part = MIN(n, SEGMENT);
		struct packet *packet = g_new0(struct packet, 1);
		int64_t through_us = transmit(link, now_us, part);
		packet->arrives_us = MAX(link->last_us, through_us);
		packet->bytes = g_bytes_new(at, part);
		link->last_us = packet->arrives_us;
		g_queue_push_tail(&link->packets, packet);
		at += part;
		n -= part;
	}
}

int64_t simulated_link_due(const struct simulated_link *link)
{
	const struct packet *packet = g_queue_peek_head((GQueue *)&link->packets);
	return packet ? packet->arrives_us : SIMULATED_LINK_NEVER;
}

GBytes *simulated_link_receive(struct simulated_link *link, int64_t now_us)
{
	if (simulated_link_due(link) > now_us)
		return NULL;
	struct packet *packet = g_queue_pop_head(&link->packets);
	GBytes *bytes = g_bytes_ref(packet->bytes);
	free_packet(packet);
	return bytes;
}
